"""The executor of the notebook's own thread: the contract, with a thread that works."""

import threading

import pytest
from executor_contract import ExecutorContract

from checkpoint_nb.executors.here import HereExecutor
from checkpoint_nb.executors.interface import Returned

pytestmark = pytest.mark.timeout(60)


class TestHere(ExecutorContract):
    """HereExecutor keeps the contract."""

    @pytest.fixture
    def executor(self):
        executor, over = HereExecutor(), threading.Event()

        def work():
            while not over.is_set():
                executor.work(0.01)

        worker = threading.Thread(target=work, name="the notebook's own")
        worker.start()
        yield executor
        executor.close()
        over.set()
        worker.join(10)

    def test_jobs_run_on_the_thread_that_works(self, answers):
        """No thread of its own: what runs belongs to who asked for it."""
        outcome = answers.ask(lambda _: threading.current_thread().name, None)
        assert outcome == Returned("the notebook's own")

    def test_nothing_runs_until_somebody_works(self):
        """A job waits for its thread, however long that takes."""
        executor, ran = HereExecutor(), []
        executor.submit(ran.append, 1, lambda *_: None, lambda _: None)
        assert ran == []
        executor.work()
        assert ran == [1]

    def test_cancelling_a_running_job_waits_for_its_answer(self, answers, gate):
        """A thread cannot be stopped: the answer is what the function returned."""
        (held,) = self.occupy(answers, gate)
        answers.executor.cancel(held)
        gate.touch()
        assert answers.wait(held) == [Returned(b"released")]
