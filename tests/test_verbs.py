"""Everything that magics ask, asked in Python."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from checkpoint_nb import checkpoint, task
from checkpoint_nb.errors import DeclarationError, RunCancelled
from checkpoint_nb.states import State

pytestmark = pytest.mark.filterwarnings("ignore::checkpoint_nb.CheckpointWarning")


@checkpoint
def load(n):
    print("loading", n)
    return [n] * n


@checkpoint
def double(values, factor=2):
    return [value * factor for value in values]


@checkpoint
def breaks(n):
    print("nearly")
    raise ValueError(f"no {n}")


@checkpoint
def slow(path, seconds):
    Path(path).write_text("began")
    time.sleep(seconds)
    return path


@checkpoint
def drifts(n):
    return {"same": n, "token": os.urandom(4).hex()}


@checkpoint
def steady(n):
    return list(range(n))


def finish(session):
    while session.active is not None:
        session.active.wait(10)


def test_nodes_are_found_by_label_task_and_beginning(session):
    """Spaces and quotes do not count, a whole label wins, and who is not there is told closely."""
    session.start([double(load(3)), load(30)])
    finish(session)
    assert session.find("load(3)") == [load(3)]
    assert {node.id for node in session.find("load")} == {load(3).id, load(30).id}
    assert session.find("load(30") == [load(30)]
    assert len(session.find("load(3)", load(3), "load( 3 )")) == 1
    assert session.find("double(load(…),", "2)") == session.find("double")
    with pytest.raises(DeclarationError, match="load"):
        session.find("laod(3)")


def test_status_says_how_each_node_stands(session):
    """State, reason, time, size and when, in the order of the graph; names narrow it."""
    node = double(load(3))
    assert session.status() == []
    session.remember(node)
    assert [row.state for row in session.status()] == [State.STALE, State.PENDING]
    session.run()
    rows = session.status()
    assert [row.label for row in rows] == [load(3).label, node.label]
    assert all(row.state is State.FRESH and row.size and row.created for row in rows)
    assert [row.label for row in session.status("double")] == [node.label]


def test_a_failed_node_is_failed_until_it_is_another(session):
    """Status and log tell the failure; the node that was edited, or ran well, is not failed."""
    with pytest.raises(ValueError, match="no 1"):
        breaks(1).run()
    (row,) = session.status()
    assert (row.state, row.reason) == (State.FAILED, "ValueError: no 1")
    (log,) = session.log("breaks")
    assert log.printed == "nearly\n"
    assert log.traceback.rstrip().endswith("ValueError: no 1")
    session.forget(breaks(1).id)
    session.remember(breaks(1))
    assert [row.state for row in session.status()] == [State.STALE]


def test_log_says_what_was_printed_when(session):
    """From the stored result, also where it is old by now; nothing of a node that never ran."""
    load(3).run()
    (log,) = session.log(load(3))
    assert (log.printed, log.error) == ("loading 3\n", "")
    assert abs(time.time() - log.ended) < 600
    session.remember(load(4))
    assert session.log(load(4)) == []


def test_forecast_says_what_would_run_and_runs_nothing(session):
    """What is left with the reasons; the time of work done before, at least the longest chain."""
    node = double(load(3))
    node.run()
    assert str(session.forecast()).startswith("nothing would run")
    session.clear([load(3)])
    seen = session.forecast()
    assert [row.state for row in seen.rows] == [State.STALE, State.PENDING]
    assert seen.unknown == 1
    assert seen.work >= seen.wall > 0
    assert len(session.plan([node]).left) == 2


def test_run_runs_what_is_named(session):
    """And what it needs; nothing else."""
    session.remember(double(load(3)))
    session.remember(load(9))
    report = session.run("double")
    assert sum(report.ran.values()) == 2
    assert len(session.plan().left) == 1
    assert sum(session.run().ran.values()) == 1


def test_clear_down_takes_everything_below(session):
    """``down`` follows the picture."""
    double(load(3)).run()
    assert session.clear(["load(3)"], down=True).entries == 2
    assert session.store.usage().entries == 0


def test_clear_everything_takes_what_nobody_knows(session):
    """The whole store, and every known node is stale because it was cleared."""
    double(load(3)).run()
    session.forget(double(load(3)).id)
    assert session.clear_everything().entries == 2
    with pytest.raises(DeclarationError):
        session.find("double")


def test_verify_finds_what_comes_out_the_same(session):
    """Truthy, and the store is as it was."""
    steady(5).run()
    before = list(session.store.records())
    (verified,) = session.verify("steady")
    assert verified
    assert verified.different == {}
    assert list(session.store.records()) == before
    assert [row.state for row in session.status()] == [State.FRESH]


def test_verify_says_what_differs_and_keeps_the_stored_result(session):
    """Each output that differs, and how; the stored one stays, whatever came out."""
    stored = drifts(1).run()
    (verified,) = session.verify(drifts(1))
    assert not verified
    (how,) = verified.different.values()
    assert "'token'" in how
    assert "same" not in how
    assert drifts(1).get_result() == stored
    assert session.store.usage().entries == 1


def test_verify_finds_a_hidden_input(session, tmp_path, monkeypatch):
    """What a task reads past every watch shows as a difference."""
    loads = leaky(str(tmp_path), "dden")
    (tmp_path / "hidden").write_text("1")
    loads.run()
    (tmp_path / "hidden").write_text("2")
    assert session.plan([loads]).left == (), session.why(loads)
    assert not session.verify(loads)[0]


@checkpoint
def leaky(folder, name):
    return os.popen(f"cd {folder}; cat *{name}").read()


def test_verify_reads_its_inputs_from_the_store(session):
    """Only the node itself runs again, not what is upstream of it."""
    double(load(3)).run()
    (verified,) = session.verify("double")
    assert verified
    assert session.store.usage().entries == 2


def test_verify_of_what_is_not_fresh_says_so(session):
    """There is nothing to compare with."""
    session.remember(load(3))
    with pytest.raises(DeclarationError, match="no fresh result"):
        session.verify("load")


def test_verify_of_what_now_fails_raises_and_keeps(session, tmp_path):
    """The task's own exception; the stored result stays."""
    flag = tmp_path / "flag"
    flag.write_text("")
    node = only_once(str(tmp_path))
    assert node.run() == 1
    with pytest.raises(RuntimeError, match="twice"):
        session.verify(node)
    assert node.get_result() == 1
    assert [row.state for row in session.status()] == [State.FRESH]


@task
def only_once(folder):
    def run():
        # Through a program, as a file read by Python would count.
        if os.system(f"mkdir {folder}/done 2>/dev/null"):
            raise RuntimeError("twice")
        return 1

    return run


def test_cancel_and_wait(session, tmp_path):
    """Cancel stops what runs, wait raises it; nothing running is no error."""
    assert not session.cancel()
    session.wait()
    path = tmp_path / "began"
    session.start([slow(str(path), 60)])
    while not path.exists():
        time.sleep(0.02)
    assert session.cancel("slow")
    with pytest.raises(RunCancelled):
        session.wait()
    assert session.active is None


def test_wait_for_one_node_does_not_wait_for_others(session, tmp_path):
    """It comes back while the rest still runs."""
    path = tmp_path / "began"
    session.start([slow(str(path), 60), load(2)])
    session.wait("load")
    assert session.active is not None
    assert session.plan([load(2)]).left == ()
    session.cancel()
    finish(session)


def test_wait_raises_what_failed_meanwhile(session):
    """The task's own exception."""
    session.start([breaks(7)])
    with pytest.raises(ValueError, match="no 7"):
        session.wait()
