"""The slot executor: the contract, and what happens when workers die."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import executor_jobs as jobs
import pytest
from executor_contract import Answers, ExecutorContract, is_alive, until

from checkpoint_nb.executors.interface import Cancelled, Lost, Returned
from checkpoint_nb.executors.slots import SlotExecutor

pytestmark = pytest.mark.timeout(90)


@pytest.fixture(scope="module")
def shared():
    executor = SlotExecutor(slots=2)
    yield executor
    executor.close()


class TestContract(ExecutorContract):
    """SlotExecutor keeps the contract."""

    @pytest.fixture
    def executor(self):
        executor = SlotExecutor(slots=2)
        yield executor
        executor.close()


class TestFaults(ExecutorContract):
    """One executor goes through every fault, and keeps the contract in between."""

    @pytest.fixture
    def executor(self, shared):
        return shared

    test_close_answers_everything_and_refuses_more = None

    @pytest.mark.parametrize(
        ("function", "payload", "words"),
        [
            (jobs.kill_myself, b"", "killed by signal 9 (SIGKILL), perhaps out of memory"),
            (jobs.segfault, b"", "killed by signal 11 (SIGSEGV)"),
            (jobs.exit_at_once, b"3", "exited with code 3 before it answered"),
            (jobs.exit_at_once, b"0", "exited with code 0 before it answered"),
            (jobs.answer_a_lock, b"", "the answer is of type lock"),
        ],
    )
    def test_a_death_is_told_and_costs_only_its_own_job(
        self, answers, gate, function, payload, words
    ):
        """The neighbour's answer arrives, jobs behind run, and the slot works again."""
        neighbour = answers.submit(jobs.wait_for_file, os.fsencode(gate))
        until(lambda: answers.started)
        victim = answers.submit(function, payload)
        behind = [answers.submit(jobs.echo, b"behind") for _ in range(3)]
        (outcome,) = answers.wait(victim)
        assert isinstance(outcome, Lost)
        assert words in outcome.why
        assert answers.wait(*behind) == [Returned(b"behind")] * 3
        gate.touch()
        assert answers.wait(neighbour) == [Returned(b"released")]
        assert answers.ask(jobs.echo, b"after") == Returned(b"after")

    def test_a_worker_killed_in_the_midst_of_its_answer_is_noticed(self, answers):
        """Half an answer in the pipe does not make anybody wait for the rest."""
        outcome = answers.ask(jobs.die_while_answering)
        assert isinstance(outcome, Lost)
        assert "SIGKILL" in outcome.why
        assert answers.ask(jobs.echo, b"after") == Returned(b"after")

    def test_a_death_is_noticed_while_a_forked_child_lives_on(self, answers, tmp_path):
        """The child holds the pipe that loky watches open; the exit code tells all the same."""
        note = tmp_path / "child"
        try:
            outcome = answers.ask(jobs.die_leaving_a_forked_child, os.fsencode(note), seconds=8)
        finally:
            os.kill(int(note.read_text()), signal.SIGKILL)
        assert outcome == Lost("exited with code 7 before it answered")

    def test_a_function_that_cannot_be_imported_there_is_lost(self, answers, monkeypatch):
        """The reason names the import error."""
        missing = type(sys)("module_that_is_not_there")
        exec("def function(payload): return payload", missing.__dict__)
        missing.function.__module__ = missing.__name__
        monkeypatch.setitem(sys.modules, missing.__name__, missing)
        outcome = answers.ask(missing.function)
        assert isinstance(outcome, Lost)
        assert "No module named 'module_that_is_not_there'" in outcome.why

    def test_an_idle_worker_that_died_is_replaced(self, answers):
        """The next job does not pay for a death between jobs."""
        answers.ask(jobs.echo)
        pids = answers.executor.worker_pids
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
        assert answers.ask(jobs.echo, b"fine") == Returned(b"fine")

    def test_cancel_stops_an_endless_loop(self, answers, gate, tmp_path):
        """Its worker is gone within a second, the neighbour's is not, and the slot works."""
        neighbour = answers.submit(jobs.wait_for_file, os.fsencode(gate))
        note = tmp_path / "pid"
        looping = answers.submit(jobs.spin, os.fsencode(note))
        behind = answers.submit(jobs.echo, b"behind")
        until(lambda: note.exists() and note.read_text())
        answers.executor.cancel(looping)
        assert answers.wait(looping, seconds=1) == [Cancelled()]
        until(lambda: not is_alive(int(note.read_text())), seconds=1)
        assert answers.wait(behind) == [Returned(b"behind")]
        gate.touch()
        assert answers.wait(neighbour) == [Returned(b"released")]

    def test_cancel_kills_what_the_job_started(self, answers, tmp_path):
        """Programs started by the job go with it."""
        note = tmp_path / "pid"
        ticket = answers.submit(jobs.spin_with_a_child, os.fsencode(note))
        until(note.exists)
        answers.executor.cancel(ticket)
        assert answers.wait(ticket) == [Cancelled()]
        until(lambda: not is_alive(int(note.read_text())), seconds=1)

    def test_a_waiting_job_is_cancelled_at_once(self, answers, gate):
        """It does not wait for the slots to become free."""
        self.occupy(answers, gate)
        ticket = answers.submit(jobs.echo)
        answers.executor.cancel(ticket)
        assert answers.wait(ticket, seconds=1) == [Cancelled()]

    def test_workers_outlive_runs(self, answers):
        """Several rounds are answered by the same processes."""
        rounds = []
        for _ in range(4):
            for _ in range(8):
                answers.submit(jobs.process_id)
            rounds.append({outcome.value for outcome in answers.wait()})
        assert set().union(*rounds) <= {b"%d" % pid for pid in answers.executor.worker_pids}


def test_slots_start_only_when_they_are_needed():
    """One job after the other needs one worker; warm starts the rest."""
    executor = SlotExecutor(slots=2)
    answers = Answers(executor)
    assert executor.worker_pids == []
    for _ in range(3):
        answers.ask(jobs.echo)
    assert len(executor.worker_pids) == 1
    executor.warm()
    until(lambda: len(executor.worker_pids) == 2)
    executor.close()


def test_close_ends_workers_within_two_seconds(tmp_path):
    """Idle or at work, they are gone."""
    executor = SlotExecutor(slots=2)
    answers = Answers(executor)
    executor.warm()
    note = tmp_path / "pid"
    answers.submit(jobs.spin, os.fsencode(note))
    until(lambda: note.exists() and len(executor.worker_pids) == 2)
    pids = executor.worker_pids
    begin = time.monotonic()
    executor.close()
    assert time.monotonic() - begin < 2
    until(lambda: not any(map(is_alive, pids)), seconds=1)
    assert answers.wait() == [Cancelled()]


def test_thread_hints_leave_what_the_user_set(monkeypatch):
    """A variable that is set reaches the workers as it is, an unset one gets a share."""
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    executor = SlotExecutor(slots=64)
    answers = Answers(executor)
    assert answers.ask(jobs.environment, b"OMP_NUM_THREADS") == Returned(b"7")
    assert answers.ask(jobs.environment, b"MKL_NUM_THREADS") == Returned(b"1")
    executor.close()


def test_a_worker_that_cannot_start_is_given_up_after_three_attempts(tmp_path):
    """A crash at start loses the job with a reason instead of going on for ever."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\n"
        "if any('popen_loky' in word for word in sys.orig_argv):\n"
        f"    open({str(tmp_path / 'starts')!r}, 'a').write('x')\n"
        "    os._exit(5)\n"
    )
    script = (
        "from executor_contract import Answers; import executor_jobs as jobs\n"
        "from checkpoint_nb.executors.slots import SlotExecutor\n"
        "executor = SlotExecutor(slots=1)\n"
        "print(Answers(executor).ask(jobs.echo))\n"
    )
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parent)])
    run = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert "did not come up in 3 attempts: exited with code 5" in run.stdout, run.stderr
    assert (tmp_path / "starts").read_text() == "xxx"
