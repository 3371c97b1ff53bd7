"""How long a run still takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkpoint_nb.board import Board
from checkpoint_nb.events import (
    GraphPlanned,
    NodeFinished,
    NodeInfo,
    NodeProgress,
    NodeQueued,
    NodeStarted,
    RunStarted,
)
from checkpoint_nb.remaining import remaining, slowest
from checkpoint_nb.states import State


def board(*past: float, task: str = "fit") -> Board:
    """A board with a queued node for each duration of the last time; 0: it never ran."""
    board = Board()
    infos = tuple(NodeInfo(f"n{i}", f"n{i}", task, "function", ()) for i in range(len(past)))
    words = ("never ran",) * len(past)
    board.hear(GraphPlanned(0.0, "r", infos, (State.STALE,) * len(past), words, past))
    board.hear(RunStarted(0.0, "r", len(past)))
    for info in infos:
        board.hear(NodeQueued(0.0, "r", info.node))
    return board


def test_past_durations_are_shared_among_the_slots():
    """Four nodes of two seconds in two slots take four."""
    assert remaining(board(2, 2, 2, 2).snapshot(), 2, 0.0) == 4.0


def test_nobody_knows_before_the_first_of_a_new_kind_is_done():
    """Then the others of its task are taken to be like it."""
    fresh = board(0, 0, 0)
    fresh.hear(NodeStarted(0.0, "r", "n0", 0))
    assert remaining(fresh.snapshot(), 1, 1.0) is None
    fresh.hear(NodeFinished(3.0, "r", "n0", 3.0, 1))
    assert remaining(fresh.snapshot(), 1, 3.0) == 6.0


def test_progress_says_more_than_the_past():
    """A node that is half done after five seconds takes five more."""
    told = board(60.0)
    told.hear(NodeStarted(10.0, "r", "n0", 0))
    assert remaining(told.snapshot(), 1, 15.0) == 55.0
    told.hear(NodeProgress(15.0, "r", "n0", 50, 100, ""))
    assert remaining(told.snapshot(), 1, 15.0) == 5.0


def test_no_run_ends_before_its_longest_node():
    """Many slots do not make one node faster."""
    long = board(9, 1)
    for node in ("n0", "n1"):
        long.hear(NodeStarted(0.0, "r", node, 0))
    assert remaining(long.snapshot(), 8, 0.0) == 9.0


def test_the_slowest_are_those_that_run_for_longest():
    """At most as many as were asked for, the first the one that began first."""
    some = board(1, 1, 1, 1)
    for node, at in (("n1", 3.0), ("n3", 1.0), ("n2", 2.0)):
        some.hear(NodeStarted(at, "r", node, 0))
    assert slowest(some.snapshot(), 5.0) == [3, 2]


@given(st.lists(st.floats(0.01, 1e4), min_size=1, max_size=20), st.integers(1, 8))
def test_it_is_a_fair_share_and_no_less_than_the_longest(past, slots):
    """However long they took, and however many run at once."""
    left = remaining(board(*past).snapshot(), slots, 0.0)
    assert left == pytest.approx(max(max(past), sum(past) / slots))
