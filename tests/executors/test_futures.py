"""The adapter for foreign executors: the contract over threads and over processes."""

import multiprocessing
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor

import executor_jobs as jobs
import pytest
from executor_contract import Answers, ExecutorContract

from checkpoint_nb.executors.futures import FuturesExecutor
from checkpoint_nb.executors.interface import Cancelled, Lost, Returned

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def spawned_pool():
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


class TestThreads(ExecutorContract):
    """FuturesExecutor keeps the contract over a thread pool."""

    @pytest.fixture
    def pool(self):
        with ThreadPoolExecutor(2) as pool:
            yield pool

    @pytest.fixture
    def executor(self, pool, gate):
        executor = FuturesExecutor(pool)
        yield executor
        executor.close()
        gate.touch()

    def test_it_knows_the_pool(self, executor):
        """Slots are the pool's workers, and threads see the caller's objects."""
        assert (executor.slots, executor.in_process) == (2, True)

    def test_a_cancelled_running_job_is_answered_as_cancelled_when_it_ends(self, answers, gate):
        """It cannot be stopped, so only its answer is dropped."""
        held = self.occupy(answers, gate)
        answers.executor.cancel(held[0])
        gate.touch()
        assert answers.wait(*held) == [Cancelled(), Returned(b"released")]

    def test_close_leaves_the_pool_running(self, executor, pool):
        """The pool belongs to who made it."""
        executor.close()
        assert pool.submit(jobs.echo, b"still here").result(10) == b"still here"

    def test_a_pool_that_was_shut_down_loses_the_job(self, answers, pool):
        """Its refusal becomes an answer."""
        pool.shutdown()
        outcome = answers.ask(jobs.echo, b"")
        assert isinstance(outcome, Lost)
        assert "did not take the job" in outcome.why


class TestProcesses(ExecutorContract):
    """FuturesExecutor keeps the contract over a process pool."""

    @pytest.fixture
    def executor(self, spawned_pool, gate):
        executor = FuturesExecutor(spawned_pool)
        yield executor
        executor.close()
        gate.touch()

    def test_only_bytes_come_back(self, answers):
        """An answer that cannot be pickled is lost with its type."""
        outcome = answers.ask(jobs.answer_a_lock)
        assert isinstance(outcome, Lost)
        assert "lock" in outcome.why
        assert not answers.executor.in_process

    def test_a_broken_pool_loses_the_job(self):
        """The pool's own error becomes the reason."""
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            executor = FuturesExecutor(pool)
            outcome = Answers(executor).ask(jobs.exit_at_once, b"3")
            executor.close()
        assert isinstance(outcome, Lost)
        assert "broke" in outcome.why


class Immediate(Executor):
    """Runs the function within submit, as some do."""

    def submit(self, function, /, *arguments, **options):
        future = Future()
        future.set_result(function(*arguments, **options))
        return future


def test_an_executor_that_runs_within_submit_still_answers_later():
    """Callbacks never come from within the caller's submit."""
    executor = FuturesExecutor(Immediate())
    answers = Answers(executor)
    assert answers.ask(jobs.echo, b"now") == Returned(b"now")
    executor.close()
