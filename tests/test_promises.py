"""The promises under faults: killed workers, interrupts, damage, two kernels, depth."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from checkpoint_nb import checkpoint, events, requires, task
from checkpoint_nb.config import Config
from checkpoint_nb.errors import RunCancelled, WorkerLost
from checkpoint_nb.session import Session, use


def of(trace, kind):
    return [event for event in trace if isinstance(event, kind)]


def until(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.005)


@task
def choose(n, k):
    if 0 < k < n:

        @requires([choose(n - 1, k - 1), choose(n - 1, k)])
        def run(previous):
            return sum(previous)

    else:

        def run():
            return 1

    return run


def test_a_killed_worker_fails_its_node_and_nobody_elses(session, trace, tmp_path):
    """SIGKILL in the middle of a task: that node says so, its neighbour finishes, the next run works."""

    @checkpoint
    def dies(folder):
        import os
        import signal
        from pathlib import Path

        if not (Path(folder) / "died").exists():
            (Path(folder) / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return "alive"

    @checkpoint
    def neighbour(n):
        import time

        time.sleep(0.2)
        return n

    @checkpoint
    def both(*parts):
        return parts

    call = both(dies(str(tmp_path)), *[neighbour(n) for n in range(4)])
    with pytest.raises(WorkerLost, match="SIGKILL"):
        call.run()
    assert [event.message for event in of(trace, events.NodeFailed)]
    assert [neighbour(n).get_result() for n in range(4)] == [0, 1, 2, 3]
    result, info = call.run_with_info()
    assert result == ("alive", 0, 1, 2, 3)
    assert info["ran"] == {"dies": 1, "both": 1}


def test_cancel_keeps_what_finished_and_the_next_run_resumes(session, tmp_path):
    """After a cancel, what finished is not done again, and the workers are usable."""

    @checkpoint
    def quick(n):
        return n

    @checkpoint
    def slow(n, folder):
        import time
        from pathlib import Path

        if not (Path(folder) / "go").exists():
            time.sleep(600)
        return n

    @checkpoint
    def both(a, b):
        return a, b

    call = both(quick(1), slow(2, str(tmp_path)))
    run = session.start([call])
    until(lambda: session.board.snapshot().codes.count(events.State.DONE.code) == 1)
    run.cancel()
    assert run.wait(20)
    with pytest.raises(RunCancelled):
        run.result_of(call.id)
    (tmp_path / "go").touch()
    result, info = call.run_with_info()
    assert (result, info["ran"]) == ((1, 2), {"slow": 1, "both": 1})


def test_an_interrupt_keeps_what_finished_and_the_next_run_resumes(session, trace, tmp_path):
    """A real SIGINT in the middle of a run: raised as KeyboardInterrupt, finished nodes stay."""

    @checkpoint
    def quick(n):
        return n

    @checkpoint
    def slow(n, folder):
        import time
        from pathlib import Path

        if not (Path(folder) / "go").exists():
            time.sleep(600)
        return n

    @checkpoint
    def both(parts):
        return sum(parts)

    call = both([*[quick(n) for n in range(20)], slow(100, str(tmp_path))])
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupt():
        until(lambda: len(of(trace, events.NodeFinished)) == 20)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        call.run()
    signal.signal(signal.SIGINT, handler)
    (tmp_path / "go").touch()
    result, info = call.run_with_info()
    assert (result, info["ran"]) == (290, {"slow": 1, "both": 1})


def payload_files(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "cache" / "objects").rglob("*") if path.is_file())


def test_a_flipped_bit_in_every_payload_is_a_miss(session, trace, tmp_path):
    """Every stored payload damaged by one bit: everything is computed again, nothing is wrong."""

    @checkpoint
    def big(n):
        return bytes([n]) * 100_000

    @checkpoint
    def joined(parts):
        return b"".join(parts)

    call = joined([big(n) for n in range(5)])
    expected = call.run()
    files = payload_files(tmp_path)
    assert len(files) == 6
    dice = random.Random(5)
    for path in files:
        content = bytearray(path.read_bytes())
        at = dice.randrange(len(content))
        content[at] ^= 1 << dice.randrange(8)
        path.unlink()
        path.write_bytes(content)
        path.chmod(0o600)
    before = len(of(trace, events.NodeFinished))
    assert call.run() == expected
    assert len(of(trace, events.NodeFinished)) - before == 6
    assert len(of(trace, events.EntryRejected)) >= 1
    _, info = call.run_with_info()
    assert info["ran"] == {}


def test_a_flipped_bit_in_every_row_is_a_miss(session, tmp_path, pool):
    """Small results live in the index: rows damaged by one bit are misses too."""
    import sqlite3

    assert choose(8, 4).run() == 70
    session.store.close()
    (database,) = (tmp_path / "cache" / "index").glob("*.db")
    connection = sqlite3.connect(database)
    rows = connection.execute("SELECT rowid, value FROM Cache WHERE value != x''").fetchall()
    dice = random.Random(8)
    for rowid, value in rows:
        damaged = bytearray(value)
        damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
        connection.execute("UPDATE Cache SET value = ? WHERE rowid = ?", (bytes(damaged), rowid))
    connection.commit()
    connection.close()
    use(Session(session.config, executor=pool))
    result, info = choose(8, 4).run_with_info()
    assert result == 70
    assert info["ran"] == {"choose": 24}


def test_a_missing_payload_runs_its_producer_again(session, tmp_path):
    """Payload files that somebody deleted are misses; what needs them is not disturbed."""

    @checkpoint
    def big(n):
        return bytes([n]) * 100_000

    @checkpoint
    def length(part):
        return len(part)

    assert length(big(1)).run() == 100_000
    for path in payload_files(tmp_path):
        path.unlink()
    result, info = length(big(1)).run_with_info()
    assert (result, info["ran"], info["reused"]) == (100_000, {"big": 1}, {"length": 1})


def test_two_processes_on_one_cache_are_both_right(tmp_path):
    """Two kernels run the same graph on the same directory at the same time."""
    script = tmp_path / "graph.py"
    script.write_text(
        "import sys\n"
        "from checkpoint_nb import checkpoint, configure, requires, task\n"
        "configure(cache_dir=sys.argv[1], key_file=sys.argv[2], slots=1)\n"
        "@task\n"
        "def choose(n, k):\n"
        "    if 0 < k < n:\n"
        "        @requires([choose(n - 1, k - 1), choose(n - 1, k)])\n"
        "        def run(previous): return sum(previous)\n"
        "    else:\n"
        "        def run(): return 1\n"
        "    return run\n"
        "if __name__ == '__main__':\n"
        "    print(choose(16, 8).run())\n"
    )
    words = [sys.executable, str(script), str(tmp_path / "cache"), str(tmp_path / "secret" / "key")]
    both = [
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=120) for process in both]
    assert [answer[0].strip() for answer in answers] == ["12870", "12870"], answers


def test_clearing_while_it_runs_keeps_the_result_out(session, tmp_path):
    """A node cleared while it is computed gives its result to this run, and is not stored."""

    @checkpoint
    def slow(folder):
        import time
        from pathlib import Path

        (Path(folder) / "began").touch()
        while not (Path(folder) / "go").exists():
            time.sleep(0.01)
        return "done"

    call = slow(str(tmp_path))
    run = session.start([call])
    until((tmp_path / "began").exists)
    session.clear([call])
    (tmp_path / "go").touch()
    assert run.wait(30)
    assert run.result_of(call.id).outputs
    assert session.plan([call]).left == (0,)


def test_a_big_graph_runs_cold_and_comes_back_warm(session):
    """2,601 nodes: all of them run, then none."""
    result, info = choose(100, 50).run_with_info()
    assert result == 100891344545564193334812497256
    assert info["ran"] == info["stats"] == {"choose": 2600}
    result, info = choose(100, 50).run_with_info()
    assert info["stats"] == {}


def test_a_chain_of_ten_thousand_nodes_runs(session):
    """No recursion limit stands in the way of a deep graph."""

    @task
    def link(n):
        if n:

            @requires(link(n - 1))
            def run(before):
                return before + 1

        else:

            def run():
                return 0

        return run

    result, info = link(9_999).run_with_info()
    assert (result, info["ran"]) == (9_999, {"link": 10_000})
    result, info = link(9_999).run_with_info()
    assert (result, info["ran"]) == (9_999, {})


def test_events_tell_the_whole_run(session, trace):
    """Planned, started, queued, started, finished, over: a view needs nothing else."""

    @checkpoint
    def one():
        return 1

    one().run()
    kinds = [type(event).__name__ for event in trace]
    assert kinds == [
        "GraphPlanned",
        "RunStarted",
        "NodeQueued",
        "NodeStarted",
        "NodeFinished",
        "RunFinished",
    ]


def test_a_killed_kernel_loses_nothing_that_was_told_as_done(tmp_path):
    """Kill -9 at a random moment: every node told as done is there for the next session."""
    script = tmp_path / "graph.py"
    script.write_text(
        "import sys\n"
        "from checkpoint_nb import checkpoint, configure, events\n"
        "session = configure(cache_dir=sys.argv[1], key_file=sys.argv[2], slots=2)\n"
        "@checkpoint\n"
        "def square(n): return n * n\n"
        "@checkpoint\n"
        "def total(parts): return sum(parts)\n"
        "def tell(event):\n"
        "    if isinstance(event, events.NodeFinished): print('done', flush=True)\n"
        "if __name__ == '__main__':\n"
        "    session.bus.subscribe(tell)\n"
        "    result, info = total([square(n) for n in range(300)]).run_with_info()\n"
        "    print('result', result, sum(info['ran'].values()), flush=True)\n"
    )
    words = [sys.executable, str(script), str(tmp_path / "cache"), str(tmp_path / "secret" / "key")]
    told = 0
    for after in (20, 60, 90):
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        heard = 0
        for line in process.stdout:
            heard += line.startswith("done")
            if heard == after:
                process.kill()
                break
        heard += sum(line.startswith("done") for line in process.stdout)
        process.wait()
        told += heard
    answer = subprocess.run(words, capture_output=True, text=True, timeout=120)
    word, result, ran = answer.stdout.splitlines()[-1].split()
    assert (word, int(result)) == ("result", sum(n * n for n in range(300)))
    assert int(ran) <= 301 - told


def test_unset_configuration_follows_the_environment(tmp_path):
    """``CP_CACHE_DIR`` decides where results live; nothing is made before first use."""
    config = Config.resolve(environ={"CP_CACHE_DIR": str(tmp_path / "here")})
    assert config.cache_dir == tmp_path / "here" / "checkpoint"
    Session(config)
    assert not (tmp_path / "here").exists()
