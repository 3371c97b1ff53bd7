"""The board: what the events add up to."""

from __future__ import annotations

import random
import threading
import time

import pytest

from checkpoint_nb.board import Board, Status
from checkpoint_nb.events import (
    LOOK,
    CommandRefused,
    Event,
    GraphPlanned,
    NodeBlocked,
    NodeCancelled,
    NodeFailed,
    NodeFinished,
    NodeInfo,
    NodeQueued,
    NodeReused,
    NodeStarted,
    ResultsCleared,
    RunFinished,
    RunStarted,
)
from checkpoint_nb.states import State


def info(node: str, *upstream: str, label: str = "") -> NodeInfo:
    return NodeInfo(node, label or node, node, "function", tuple((up, up) for up in upstream))


CHAIN = (info("a"), info("b", "a"), info("c", "b"), info("d"))


def planned(*states: State, run: str = "r", nodes: tuple[NodeInfo, ...] = CHAIN) -> GraphPlanned:
    states = states or (State.STALE,) * len(nodes)
    return GraphPlanned(1.0, run, nodes, states, ("why",) * len(nodes), (2.5,) * len(nodes))


def board(*events: Event) -> Board:
    board = Board()
    for event in events:
        board.hear(event)
    return board


def words(board: Board) -> str:
    snapshot = board.snapshot()
    pairs = zip(snapshot.nodes, snapshot.statuses, strict=True)
    return " ".join(f"{node.node}:{status.state.word}" for node, status in pairs)


def test_a_plan_puts_its_nodes_on_the_board_in_order():
    snapshot = board(planned()).snapshot()
    assert [node.node for node in snapshot.nodes] == ["a", "b", "c", "d"]
    assert snapshot.statuses[0] == Status(State.STALE, "why", seconds=2.5)
    assert snapshot.codes == bytes([State.STALE.code] * 4)
    assert snapshot.counts()[State.STALE] == 4
    assert snapshot.outcome == ""


def test_a_run_from_start_to_end():
    seen = board(planned(), RunStarted(10.0, "r", 4))
    seen.hear(NodeQueued(10.0, "r", "b"))
    seen.hear(NodeStarted(11.0, "r", "a", 0))
    assert words(seen) == "a:running b:queued c:stale d:stale"
    assert seen.snapshot().running
    assert seen.snapshot().elapsed(14.0) == 4.0
    seen.hear(NodeFinished(13.0, "r", "a", 2.0, 5))
    seen.hear(NodeReused(13.0, "r", "b", 1.0))
    seen.hear(NodeStarted(13.0, "r", "c", 0))
    seen.hear(NodeFailed(15.0, "r", "c", "ValueError: no", "Traceback"))
    seen.hear(NodeBlocked(15.0, "r", "d", "c"))
    seen.hear(RunFinished(15.0, "r", "failed", 5.0, 1.0))
    assert words(seen) == "a:done b:reused c:failed d:blocked"
    a, _, c, d = seen.snapshot().statuses
    assert a.seconds == 2.0
    assert (c.message, c.traceback, c.seconds) == ("ValueError: no", "Traceback", 2.0)
    assert d.reason == "c failed"
    assert (seen.snapshot().outcome, seen.snapshot().elapsed(99.0)) == ("failed", 5.0)


def test_what_was_left_when_a_run_ends_is_cancelled():
    seen = board(planned(), RunStarted(1.0, "r", 2), NodeQueued(1.0, "r", "a"))
    seen.hear(NodeStarted(1.0, "r", "b", 0))
    seen.hear(NodeCancelled(1.5, "r", "b"))
    seen.hear(RunFinished(2.0, "r", "cancelled", 1.0, 0.0))
    assert words(seen) == "a:cancelled b:cancelled c:stale d:stale"


def test_a_plan_adds_to_the_board():
    seen = board(planned(State.FRESH, State.FRESH, State.FRESH, State.FRESH))
    structure = seen.structure
    seen.hear(planned(State.STALE, nodes=CHAIN[:1]))
    assert words(seen) == "a:stale b:fresh c:fresh d:fresh"
    assert seen.structure == structure
    seen.hear(planned(State.PENDING, nodes=(info("e", "a"),)))
    assert words(seen).endswith("d:fresh e:pending")
    assert seen.structure == structure + 1
    seen.hear(planned(State.PENDING, nodes=(info("e", "b"),)))
    assert seen.structure == structure + 2


def test_a_plan_does_not_hide_what_another_run_is_doing():
    seen = board(planned(), RunStarted(1.0, "r", 1), NodeStarted(1.0, "r", "a", 0))
    seen.hear(planned(run="other"))
    assert words(seen).startswith("a:running b:stale")


def test_two_runs_at_once():
    seen = board(planned(), RunStarted(1.0, "r", 1), RunStarted(2.0, "s", 1))
    seen.hear(NodeStarted(2.0, "s", "d", 0))
    seen.hear(RunFinished(3.0, "r", "done", 2.0, 0.0))
    assert seen.snapshot().running
    assert words(seen).endswith("d:running")
    seen.hear(RunFinished(4.0, "s", "done", 2.0, 0.0))
    assert seen.snapshot().outcome == "done"


def test_clearing_makes_stale_and_what_is_downstream_pending():
    seen = board(planned(State.FRESH, State.FRESH, State.FRESH, State.FRESH))
    seen.hear(ResultsCleared(5.0, ("a",), 1, 10))
    assert words(seen) == "a:stale b:pending c:pending d:fresh"
    seen = board(planned(State.FRESH, State.STALE, State.FRESH, State.FRESH))
    seen.hear(ResultsCleared(5.0, ("a", "unknown"), 1, 10))
    assert words(seen) == "a:stale b:stale c:pending d:fresh"


def test_forget_takes_nodes_away():
    seen = board(planned())
    structure, version = seen.structure, seen.version
    seen.forget(["nobody"])
    assert (seen.structure, seen.version) == (structure, version)
    seen.forget(["b"])
    assert words(seen) == "a:stale c:stale d:stale"
    assert seen.structure == structure + 1
    seen.hear(NodeStarted(1.0, "r", "b", 0))
    seen.hear(NodeStarted(1.0, "r", "c", 0))
    assert words(seen) == "a:stale c:running d:stale"


def test_states_change_the_version_and_not_the_structure():
    seen = board(planned())
    structure, version = seen.structure, seen.version
    seen.hear(NodeQueued(1.0, "r", "a"))
    assert seen.structure == structure
    assert seen.version == version + 1


def test_a_refused_command_is_noted_until_the_next_run():
    seen = board(planned(), CommandRefused(1.0, "clear", "a runs"))
    assert seen.snapshot().note == "clear: a runs"
    seen.hear(RunStarted(2.0, "r", 1))
    assert seen.snapshot().note == ""


def test_a_snapshot_does_not_change():
    seen = board(planned())
    before = seen.snapshot()
    seen.hear(NodeQueued(1.0, "r", "a"))
    assert before.statuses[0].state is State.STALE
    assert before.codes[0] == State.STALE.code


@pytest.mark.parametrize("seed", range(20))
def test_the_same_events_give_the_same_board(seed):
    chance = random.Random(seed)
    makers = [
        lambda at, node: NodeQueued(at, "r", node),
        lambda at, node: NodeStarted(at, "r", node, 0),
        lambda at, node: NodeFinished(at, "r", node, 1.0, 1),
        lambda at, node: NodeReused(at, "r", node, 1.0),
        lambda at, node: NodeFailed(at, "r", node, "m", "t"),
        lambda at, node: NodeBlocked(at, "r", node, "a"),
        lambda at, node: NodeCancelled(at, "r", node),
        lambda at, node: ResultsCleared(at, (node,), 1, 1),
        lambda at, node: RunStarted(at, "r", 3),
        lambda at, node: RunFinished(at, "r", "done", 1.0, 0.0),
        lambda at, node: planned(*(chance.choice(list(State)) for _ in CHAIN)),
        lambda at, node: planned(State.STALE, nodes=(info(f"x{chance.randrange(3)}", "a"),)),
    ]
    events = [planned()]
    events += [chance.choice(makers)(float(at), chance.choice("abcd?")) for at in range(200)]
    first = board(*events)
    assert first.snapshot() == board(*events).snapshot()
    snapshot = first.snapshot()
    assert snapshot.codes == bytes(status.state.code for status in snapshot.statuses)
    assert sum(snapshot.counts().values()) == len(snapshot.nodes)


def test_wait_ends_with_a_change_a_wake_or_the_time():
    seen = board(planned())
    assert not seen.wait(seen.version, 0.01)
    assert seen.wait(seen.version - 1, 10.0)
    threading.Timer(0.05, seen.hear, [NodeQueued(1.0, "r", "a")]).start()
    assert seen.wait(seen.version, 10.0)
    threading.Timer(0.05, seen.wake).start()
    began = time.monotonic()
    assert not seen.wait(seen.version, 10.0)
    assert time.monotonic() - began < 5


def test_many_threads():
    nodes = tuple(info(f"n{i}") for i in range(200))
    seen = board(planned(nodes=nodes), RunStarted(0.0, "r", 200))

    def work(part: int) -> None:
        for node in nodes[part::4]:
            seen.hear(NodeStarted(1.0, "r", node.node, 0))
            seen.snapshot()
            seen.hear(NodeFinished(2.0, "r", node.node, 1.0, 1))

    threads = [threading.Thread(target=work, args=[part]) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen.snapshot().counts()[State.DONE] == 200
    assert seen.version == 402


def test_ten_thousand_nodes_are_folded_in_good_time():
    nodes = tuple(info(f"n{i}", *([f"n{i - 1}"] if i else [])) for i in range(10_000))
    began = time.perf_counter()
    seen = board(planned(nodes=nodes))
    for node in nodes:
        seen.hear(NodeStarted(1.0, "r", node.node, 0))
        seen.hear(NodeFinished(2.0, "r", node.node, 1.0, 1))
    seen.hear(ResultsCleared(3.0, ("n0",), 1, 1))
    assert time.perf_counter() - began < 5
    began = time.perf_counter()
    snapshot = seen.snapshot()
    snapshot.counts()
    assert time.perf_counter() - began < 0.1
    assert snapshot.counts()[State.PENDING] == 9_999


def test_a_look_between_runs_leaves_what_the_last_run_did():
    """A node that ran stays done on the board until the next run plans it."""
    board = Board()
    info = NodeInfo("a", "a", "a", "cell", ())
    board.hear(GraphPlanned(0.0, "r", (info,), (State.STALE,), ("never ran",), (0.0,)))
    board.hear(NodeFinished(1.0, "r", "a", 1.0, 10))
    board.hear(RunFinished(2.0, "r", "done", 2.0, 0.0))
    board.hear(GraphPlanned(3.0, LOOK, (info,), (State.FRESH,), ("",), (1.0,)))
    assert board.snapshot().statuses[0].state is State.DONE
    board.hear(GraphPlanned(4.0, LOOK, (info,), (State.STALE,), ("helper changed",), (1.0,)))
    assert board.snapshot().statuses[0].state is State.STALE
    board.hear(GraphPlanned(5.0, LOOK, (info,), (State.FRESH,), ("",), (1.0,)))
    assert board.snapshot().statuses[0].state is State.FRESH
