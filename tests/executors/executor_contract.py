"""What every executor promises; a test module subclasses it and gives an ``executor``."""

import os
import threading
import time
from pathlib import Path

import executor_jobs as jobs
import pytest

from checkpoint_nb.executors.interface import Cancelled, Lost, Returned


def until(condition, seconds=20.0):
    """Poll until the condition holds; fail loudly if it never does."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.005)
    pytest.fail(f"not within {seconds} s")


class Answers:
    """Submits jobs and collects what comes back; holds a lock while it submits."""

    def __init__(self, executor):
        self.executor = executor
        self.lock = threading.Lock()
        self.tickets = []
        self.started = []
        self.log = []
        self.outcomes = {}
        self.problems = []

    def submit(self, function, payload=b""):
        with self.lock:
            me = threading.get_ident()
            ticket = self.executor.submit(
                function,
                payload,
                lambda ticket, outcome: self.on_done(me, ticket, outcome),
                lambda ticket: self.on_started(me, ticket),
            )
            self.tickets.append(ticket)
        return ticket

    def on_started(self, submitter, ticket):
        if threading.get_ident() == submitter:
            self.problems.append("started within submit")
        with self.lock:
            self.started.append(ticket)
            self.log.append(("started", ticket))

    def on_done(self, submitter, ticket, outcome):
        if threading.get_ident() == submitter:
            self.problems.append("done within submit")
        with self.lock:
            if ticket not in self.tickets:
                self.problems.append("done before submit returned")
            if ticket in self.outcomes:
                self.problems.append("answered twice")
            self.outcomes[ticket] = outcome
            self.log.append(("done", ticket))

    def wait(self, *tickets, seconds=20.0):
        """Outcomes of these tickets, or of all."""
        wanted = tickets or tuple(self.tickets)
        until(lambda: all(ticket in self.outcomes for ticket in wanted), seconds)
        assert not self.problems
        return [self.outcomes[ticket] for ticket in wanted]

    def ask(self, function, payload=b"", seconds=20.0):
        """One job and its outcome."""
        return self.wait(self.submit(function, payload), seconds=seconds)[0]


class ExecutorContract:
    """Tests that hold for every executor."""

    @pytest.fixture
    def executor(self):
        raise NotImplementedError

    @pytest.fixture
    def answers(self, executor):
        return Answers(executor)

    @pytest.fixture
    def gate(self, tmp_path):
        """A file that lets waiting jobs go; it is always there in the end."""
        path = tmp_path / "gate"
        yield path
        path.touch()

    def occupy(self, answers, gate):
        """Fill every slot with a job that waits for the gate."""
        held = [
            answers.submit(jobs.wait_for_file, os.fsencode(gate))
            for _ in range(answers.executor.slots)
        ]
        until(lambda: len(answers.started) == len(held))
        return held

    def test_returns_what_the_function_returned(self, answers):
        """A payload goes there and its value comes back."""
        assert answers.ask(jobs.echo, b"\x00value") == Returned(b"\x00value")

    def test_200_jobs_are_answered_exactly_once_each(self, answers):
        """No answer is lost, doubled or swapped, and none comes before submit returned."""
        tickets = [answers.submit(jobs.echo, b"%d" % number) for number in range(200)]
        assert answers.wait(seconds=60) == [Returned(b"%d" % number) for number in range(200)]
        assert len(set(tickets)) == 200

    def test_started_is_told_once_and_before_done(self, answers):
        """Every answered job was started exactly once, in a slot that exists."""
        for number in range(20):
            answers.submit(jobs.echo, b"%d" % number)
        answers.wait()
        for ticket in answers.tickets:
            assert answers.log.count(("started", ticket)) == 1
            assert answers.log.index(("started", ticket)) < answers.log.index(("done", ticket))
        assert {ticket.slot for ticket in answers.started} <= set(range(answers.executor.slots))

    @pytest.mark.parametrize(
        ("function", "words"),
        [(jobs.raise_value_error, "ValueError: no good"), (jobs.exit_by_system_exit, "SystemExit")],
    )
    def test_an_exception_of_the_function_is_lost_with_its_text(self, answers, function, words):
        """What should not happen is reported, and the next job runs."""
        outcome = answers.ask(function)
        assert isinstance(outcome, Lost)
        assert words in outcome.why
        assert answers.ask(jobs.echo, b"next") == Returned(b"next")

    def test_a_job_runs_only_when_a_slot_is_free(self, answers, gate):
        """With all slots held, one more job is not started."""
        held = self.occupy(answers, gate)
        extra = answers.submit(jobs.echo, b"extra")
        assert extra not in answers.started
        gate.touch()
        assert answers.wait(*held, extra)[-1] == Returned(b"extra")

    def test_a_cancelled_waiting_job_is_answered_and_the_rest_is_not_touched(self, answers, gate):
        """Cancelling what waits costs nobody else anything."""
        held = self.occupy(answers, gate)
        extra = [answers.submit(jobs.echo, b"extra") for _ in range(answers.executor.slots + 2)]
        answers.executor.cancel(extra[-1])
        gate.touch()
        outcomes = answers.wait(*held, *extra)
        assert outcomes[-1] == Cancelled()
        assert outcomes[:-1] == [Returned(b"released")] * len(held) + [Returned(b"extra")] * (
            len(extra) - 1
        )

    def test_cancelling_an_answered_job_does_nothing(self, answers):
        """A cancel that comes too late is harmless."""
        ticket = answers.submit(jobs.echo, b"x")
        answers.wait()
        answers.executor.cancel(ticket)
        assert answers.ask(jobs.echo, b"next") == Returned(b"next")
        assert answers.outcomes[ticket] == Returned(b"x")

    def test_callbacks_that_raise_do_not_wedge_it(self, answers, caplog):
        """Errors of the caller's callbacks are logged, and the next job is answered."""

        def bad(*arguments):
            raise RuntimeError("bad callback")

        for _ in range(answers.executor.slots + 1):
            answers.executor.submit(jobs.echo, b"", bad, bad)
        assert answers.ask(jobs.echo, b"next") == Returned(b"next")
        until(lambda: "bad callback" in caplog.text)

    def test_jobs_can_be_submitted_from_a_callback(self, answers):
        """A scheduler may hand out the next job when one is done."""
        executor, ends = answers.executor, []

        def again(ticket, outcome):
            ends.append(outcome)
            if len(ends) < 10:
                executor.submit(jobs.echo, b"", again, lambda ticket: None)

        executor.submit(jobs.echo, b"", again, lambda ticket: None)
        until(lambda: len(ends) == 10)

    def test_close_answers_everything_and_refuses_more(self, answers, gate):
        """After close each job has its answer, a second close is fine, and submit raises."""
        self.occupy(answers, gate)
        for _ in range(answers.executor.slots + 2):
            answers.submit(jobs.echo, b"")
        answers.executor.close()
        gate.touch()
        answers.wait()
        answers.executor.close()
        with pytest.raises(RuntimeError, match="closed"):
            answers.executor.submit(jobs.echo, b"", print, print)


def is_alive(pid):
    """Whether that process runs (a zombie does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
