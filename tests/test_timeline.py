"""The timeline: what the events of a run say about who ran what, and when."""

from __future__ import annotations

import concurrent.futures
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkpoint_nb import Session, checkpoint
from checkpoint_nb.config import Config
from checkpoint_nb.events import (
    HERE,
    UNTIMED,
    GraphPlanned,
    NodeBlocked,
    NodeCancelled,
    NodeFailed,
    NodeFinished,
    NodeInfo,
    NodeReused,
    NodeStarted,
    Phases,
    RunFinished,
    RunStarted,
)
from checkpoint_nb.states import State
from checkpoint_nb.stores.memory import MemoryStore
from checkpoint_nb.tape import Tape
from checkpoint_nb.timeline import timeline


def info(node: str, *upstream: str) -> NodeInfo:
    return NodeInfo(node, f"{node}()", node, "function", tuple((up, "") for up in upstream))


def plan(*infos: NodeInfo, run: str = "r") -> GraphPlanned:
    return GraphPlanned(9.0, run, infos, (), (), ())


def test_a_bar_lasts_as_long_as_its_phases():
    """From the start in a slot, loading, computing and storing; the commit afterwards is no part."""
    told = [
        plan(info("a"), info("b", "a")),
        RunStarted(10.0, "r", 2),
        NodeStarted(11.0, "r", "a", 0),
        NodeFinished(19.0, "r", "a", 2.0, 1, Phases(0.5, 2.0, 0.25)),
        NodeStarted(15.0, "r", "b", 1),
        NodeFinished(19.0, "r", "b", 1.0, 1, Phases(0.0, 1.0, 0.0)),
        RunFinished(20.0, "r", "done", 10.0, 0.0),
    ]
    a, b = timeline(told, "r", 99.0).bars
    assert (a.start, a.end, a.waited, a.state) == (1.0, 3.75, 1.0, State.DONE)
    assert (b.ready, b.start, b.end) == (3.75, 5.0, 6.0)
    assert timeline(told, "r", 99.0).seconds == 10.0


def test_how_nodes_ended_is_told():
    """Failed and cancelled bars end when that was heard, running ones now; the rest is counted."""
    told = [
        plan(*map(info, "abcdef")),
        RunStarted(10.0, "r", 6),
        *(NodeStarted(10.0, "r", node, slot) for slot, node in enumerate("abc")),
        NodeFailed(12.0, "r", "a", "no", "trace"),
        NodeCancelled(13.0, "r", "b"),
        NodeCancelled(13.0, "r", "f"),
        NodeBlocked(12.0, "r", "d", "a"),
        NodeReused(12.0, "r", "e", 1.0),
    ]
    seen = timeline(told, "r", 14.0)
    assert [(bar.state.word, bar.end) for bar in seen.bars] == [
        ("failed", 2.0), ("cancelled", 3.0), ("running", 4.0),
    ]  # fmt: skip
    assert (seen.reused, seen.blocked, seen.outcome) == (1, 1, "running")


def test_the_notebook_itself_is_a_row_of_its_own():
    """What ran there is not in the first slot, and its row is the last."""
    told = [plan(info("a"), info("b")), RunStarted(0.0, "r", 2)]
    for node, slot in (("a", HERE), ("b", 0)):
        told += [NodeStarted(1.0, "r", node, slot), NodeFinished(3.0, "r", node, 1.0, 1, UNTIMED)]
    assert timeline(told, "r", 9.0).slots == (0, HERE)


def test_other_runs_are_left_out():
    """Events of a run that went on at the same time belong to that one."""
    told = [plan(info("a")), RunStarted(1.0, "r", 1), RunStarted(1.0, "s", 1)]
    told += [NodeStarted(2.0, "s", "a", 0)]
    assert timeline(told, "r", 3.0).bars == ()
    assert len(timeline(told, "s", 3.0).bars) == 1


heard = st.lists(
    st.tuples(
        st.integers(-1, 3),
        st.floats(0, 50),
        st.tuples(*[st.floats(0, 5)] * 3),
        st.sampled_from("done failed cancelled running".split()),
    ),
    max_size=30,
)


def run_of(pieces):
    """A timeline from (slot, start, phases, end) in any order, late and overlapping."""
    told = [plan(*(info(f"n{n}") for n in range(len(pieces)))), RunStarted(0.0, "r", 1)]
    for n, (slot, start, phases, end) in enumerate(pieces):
        node, given_phases = f"n{n}", Phases(*phases)
        told.append(NodeStarted(start, "r", node, slot))
        over = start + given_phases.total
        if end == "done":
            told.append(NodeFinished(over, "r", node, 0.0, 1, given_phases))
        elif end == "failed":
            told.append(NodeFailed(over, "r", node, "", ""))
        elif end == "cancelled":
            told.append(NodeCancelled(over, "r", node))
    return timeline(told, "r", 60.0)


@given(heard)
def test_bars_of_one_slot_never_overlap(pieces):
    """Whatever was heard when; each is as long as its phases, and none is lost."""
    seen = run_of(pieces)
    assert len(seen.bars) == len(pieces)
    for one, other in zip(seen.bars, seen.bars[1:], strict=False):
        assert one.slot != other.slot or one.end <= other.start
    for bar in seen.bars:
        assert bar.end - bar.start == pytest.approx(bar.phases.total)
        assert 0 <= bar.ready <= bar.start
        assert bar.end <= seen.seconds
    assert all(number >= 0 for _, number in seen.waiting())


def test_the_tape_keeps_the_last_runs_only():
    """A run in which nothing ran is none; old ones go when there are too many events."""
    tape = Tape()
    for n in range(60):
        tape.hear(RunStarted(float(n), f"r{n}", 1))
        tape.hear(NodeStarted(n + 0.5, f"r{n}", "a", 0))
        tape.hear(RunFinished(n + 1.0, f"r{n}", "done", 1.0, 0.0))
    tape.hear(RunStarted(99.0, "fresh", 0))
    tape.hear(RunFinished(99.0, "fresh", "done", 0.0, 0.0))
    assert tape.timeline().run == "r59"
    assert tape.timeline(2).run == "r58"
    assert tape.timeline(60).run == tape.timeline(0).run == ""
    tape.hear(RunStarted(100.0, "long", 1))
    for n in range(120_000):
        tape.hear(NodeStarted(100.0, "long", f"n{n}", 0))
    tape.hear(RunFinished(101.0, "long", "done", 1.0, 0.0))
    assert tape.timeline().run == "long"
    assert tape.timeline(2).run == ""


@checkpoint
def slow_part(n):
    time.sleep(0.2)
    return bytes(n)


@checkpoint
def slow_whole(parts):
    time.sleep(0.3)
    if len(parts) > 2:
        raise ValueError("too many")
    return sum(map(len, parts))


def check_run(seen):
    done = [bar for bar in seen.bars if bar.state is State.DONE]
    whole = next(bar for bar in seen.bars if bar.task == "slow_whole")
    assert all(bar.phases.computing >= 0.19 for bar in done)
    assert all(bar.end <= whole.start + 0.05 for bar in done if bar is not whole)
    return done, whole


def test_a_real_run_in_worker_processes(tmp_path):
    """Slots as they were, phases measured in the worker, the failed node among the bars."""
    session = Session(Config.resolve(cache_dir=tmp_path, slots=2))
    try:
        run = session.start([slow_whole([slow_part(n) for n in (1, 2)])])
        session.finish(run)
        done, whole = check_run(session.timeline())
        assert len(done) == 3
        assert {bar.slot for bar in done} <= {0, 1}
        assert all(bar.phases.storing > 0 for bar in done)
        assert whole.ready > 0
        run = session.start([slow_whole([slow_part(n) for n in (1, 2, 3)])])
        session.finish(run)
        failed = session.timeline()
        assert [bar.state.word for bar in failed.bars].count("failed") == 1
        assert failed.outcome == "failed"
        assert len(session.timeline(2).bars) == 3
    finally:
        session.close()


def test_a_real_run_in_a_thread_pool():
    """The same from an executor that the user made."""
    session = Session(store=MemoryStore())
    try:
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            run = session.start([slow_whole([slow_part(n) for n in (1, 2)])], executor=pool)
            session.finish(run)
        done, _ = check_run(session.timeline())
        assert len(done) == 3
    finally:
        session.close()
