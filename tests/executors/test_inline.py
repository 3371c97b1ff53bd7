"""The inline executor: the contract, and what is special about running here."""

import threading

import executor_jobs as jobs
import pytest
from executor_contract import ExecutorContract

from checkpoint_nb.executors.inline import InlineExecutor
from checkpoint_nb.executors.interface import Returned

pytestmark = pytest.mark.timeout(60)


class TestInline(ExecutorContract):
    """InlineExecutor keeps the contract."""

    @pytest.fixture
    def executor(self):
        executor = InlineExecutor()
        yield executor
        executor.close()

    def test_jobs_see_the_callers_objects(self, answers):
        """Nothing is copied or pickled on the way."""
        lock = threading.Lock()
        outcome = answers.ask(jobs.echo, lock)
        assert isinstance(outcome, Returned)
        assert outcome.value is lock
        assert answers.executor.in_process
        assert answers.executor.slots == 1

    def test_cancelling_a_running_job_waits_for_its_answer(self, answers, gate):
        """A thread cannot be stopped: the answer is what the function returned."""
        (held,) = self.occupy(answers, gate)
        answers.executor.cancel(held)
        gate.touch()
        assert answers.wait(held) == [Returned(b"released")]
