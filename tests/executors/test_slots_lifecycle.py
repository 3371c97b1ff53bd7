"""The slot executor and the life of its process: interrupts, forks, exits and kill -9."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from executor_contract import is_alive, until

pytestmark = pytest.mark.timeout(120)

HEADER = """
import os, signal, sys, threading, time
# A shell in the background may have left the signal ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
import executor_jobs as jobs
from executor_contract import Answers, until
from checkpoint_nb.executors.interface import Cancelled, Lost, Returned
from checkpoint_nb.executors.slots import SlotExecutor
"""


def start(script, *arguments):
    """Run a script in a session and process group of its own, as Jupyter starts a kernel."""
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-c", HEADER + textwrap.dedent(script), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process, seconds=60):
    """Output of a script that must end well, in time and without noise."""
    try:
        output, errors = process.communicate(timeout=seconds)
    finally:
        process.kill()
    assert (process.returncode, errors) == (0, ""), output + errors
    return output


@pytest.mark.parametrize("seed", range(4))
def test_an_interrupt_at_any_moment_leaves_the_pool_usable(seed):
    """SIGINT to the whole group, also while workers start: nothing is lost, all goes on."""
    script = """
    import random
    random.seed(int(sys.argv[1]))
    executor, hits = None, 0
    for moment in range(10):
        delay = random.uniform(0, 0.35 if moment % 2 == 0 else 0.05)
        before = []
        timer = threading.Timer(delay, os.killpg, (os.getpgrp(), signal.SIGINT))
        timer.daemon = True
        try:
            timer.start()
            if moment % 2 == 0:
                executor = None
                executor = SlotExecutor(slots=2)
            before = executor.worker_pids
            answers = Answers(executor)
            while True:
                for _ in range(3):
                    answers.submit(jobs.echo, b"x")
                answers.wait()
        except KeyboardInterrupt:
            hits += 1
        executor = executor or SlotExecutor(slots=2)
        after = Answers(executor)
        for _ in range(4):
            after.submit(jobs.echo, b"after")
        assert after.wait() == [Returned(b"after")] * 4
        assert not [o for o in answers.outcomes.values() if o != Returned(b"x")], answers.outcomes
        assert set(before) <= set(executor.worker_pids), (before, executor.worker_pids)
    print(hits)
    """
    assert finish(start(script, seed)).split() == ["10"]


def test_workers_are_gone_two_seconds_after_the_kernel_was_killed(tmp_path):
    """A kill -9 of the parent ends idle and busy workers and what they started."""
    script = """
    executor = SlotExecutor(slots=3)
    answers = Answers(executor)
    executor.warm()
    answers.submit(jobs.spin_with_a_child, sys.argv[1].encode())
    answers.submit(jobs.spin, sys.argv[2].encode())
    until(lambda: os.path.exists(sys.argv[1]) and os.path.exists(sys.argv[2]))
    until(lambda: len(executor.worker_pids) == 3)
    print(*executor.worker_pids, flush=True)
    time.sleep(60)
    """
    process = start(script, tmp_path / "child", tmp_path / "spinning")
    pids = [int(word) for word in process.stdout.readline().split()]
    pids.append(int((tmp_path / "child").read_text()))
    assert all(map(is_alive, pids))
    process.kill()
    process.wait()
    until(lambda: not any(map(is_alive, pids)), seconds=2)
    process.stdout.close()
    process.stderr.close()


ENDINGS = {
    "idle": "answers.ask(jobs.echo)",
    "warming": "executor.warm()",
    "mid-job": """
        answers.submit(jobs.spin, sys.argv[1].encode()); answers.submit(jobs.echo)
        until(lambda: os.path.exists(sys.argv[1]))""",
    "after half an answer": "print(answers.ask(jobs.die_while_answering))",
    "after a kill": "print(answers.ask(jobs.kill_myself))",
    "after a cancel": """
        ticket = answers.submit(jobs.spin, sys.argv[1].encode())
        until(lambda: os.path.exists(sys.argv[1])); executor.cancel(ticket); answers.wait()""",
    "closed": "answers.ask(jobs.echo); executor.close()",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_interpreter_exits_quickly_and_quietly(ending, tmp_path):
    """Without close, in any state, the process ends in time, says nothing and leaves nobody."""
    script = textwrap.dedent(
        """
        executor = SlotExecutor(slots=2)
        answers = Answers(executor)
        {ending}
        print("pids", *executor.worker_pids, flush=True)
        """
    ).replace("{ending}", textwrap.dedent(ENDINGS[ending]))
    process = start(script, tmp_path / "pid")
    lines = [process.stdout.readline()]
    while not lines[-1].startswith("pids"):
        lines.append(process.stdout.readline())
    begin = time.monotonic()
    finish(process, seconds=10)
    assert time.monotonic() - begin < 5
    until(lambda: not any(is_alive(int(pid)) for pid in lines[-1].split()[1:]), seconds=2)


def test_it_never_forks():
    """The kernel has many threads; workers are started by fork and exec in one step."""
    script = """
    def hook(event, arguments):
        if event in ("os.fork", "os.forkpty"):
            os.write(2, event.encode())
    sys.addaudithook(hook)
    executor = SlotExecutor(slots=2)
    answers = Answers(executor)
    answers.ask(jobs.echo); answers.ask(jobs.kill_myself); answers.ask(jobs.echo)
    executor.close()
    """
    finish(start(script))


def test_a_fork_of_the_kernel_leaves_the_workers_alone():
    """A library that forks and exits does not take the pool with it."""
    script = """
    executor = SlotExecutor(slots=1)
    answers = Answers(executor)
    first = answers.ask(jobs.process_id)
    import warnings
    warnings.simplefilter("ignore", DeprecationWarning)  # the fork is the point
    child = os.fork()
    if child == 0:
        executor.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert answers.ask(jobs.process_id) == first
    """
    finish(start(script))


def test_a_task_can_interrupt_what_it_starts():
    """The mask that shields the start of workers is not passed on to their children."""
    script = """
    executor = SlotExecutor(slots=1)
    print(Answers(executor).ask(jobs.blocked_signals))
    """
    assert finish(start(script)).strip() == "Returned(value=b'set()')"


def test_jupyter_like_termination_reaches_the_workers(tmp_path):
    """They stay in the kernel's process group, so killing the group ends them too."""
    script = """
    executor = SlotExecutor(slots=1)
    Answers(executor).ask(jobs.echo)
    print(*executor.worker_pids, flush=True)
    time.sleep(60)
    """
    process = start(script)
    pid = int(process.stdout.readline())
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    until(lambda: not is_alive(pid), seconds=1)
