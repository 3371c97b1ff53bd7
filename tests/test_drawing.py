"""What of a graph is drawn: each node, each task, what is near one node, and the fold."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkpoint_nb.drawing import EVERYTHING, MOST, MOST_BOXES, Choices, draw, opens, to_dot
from checkpoint_nb.events import NodeInfo


def info(node: str, *upstream: str, task: str = "", kind: str = "function") -> NodeInfo:
    return NodeInfo(node, f"call of {node}", task or node, kind, tuple((u, "v") for u in upstream))


def chain(count: int, tasks: int = 0) -> list[NodeInfo]:
    return [
        info(f"x{i}", *([f"x{i - 1}"] if i else []), task=f"task{i % tasks}" if tasks else "")
        for i in range(count)
    ]


def fan(count: int) -> list[NodeInfo]:
    return [info("top"), *(info(f"x{i}", "top") for i in range(count))]


def labels(drawing) -> list[str]:
    return [shape.label for shape in drawing.shapes]


def test_nodes_up_to_the_limit_are_drawn_one_by_one():
    """Sixty nodes are sixty boxes; one more, and there is one box a task."""
    assert len(draw(chain(MOST, tasks=3)).shapes) == MOST
    assert labels(draw(chain(MOST + 1, tasks=3))) == ["task0", "task1", "task2"]


def test_a_task_of_one_node_is_that_node():
    """A box that stands for one node bears its label and is no group."""
    drawing = draw([*chain(100, tasks=2), info("last", "x99")])
    (last,) = [shape for shape in drawing.shapes if not shape.group]
    assert (last.label, last.members) == ("call of last", (100,))


def test_an_opened_task_is_drawn_node_by_node_among_the_others():
    """Opening one task of many shows its nodes and leaves the other tasks as they are."""
    drawing = draw(chain(90, tasks=3), Choices(opened=frozenset({"task1"})))
    groups = [shape.label for shape in drawing.shapes if shape.group]
    assert groups == ["task0", "task2"]
    assert len(drawing.shapes) == 2 + 30
    assert {(arrow.tail, arrow.head) for arrow in drawing.arrows}


def test_a_task_with_too_many_nodes_does_not_open():
    """What would be more boxes than a person can read is refused before it is drawn."""
    nodes = chain(4 * MOST_BOXES, tasks=2)
    assert not opens(nodes, EVERYTHING, "task0")
    assert opens(chain(400, tasks=4), EVERYTHING, "task0")


def test_more_tasks_than_boxes_are_one_box_a_kind():
    """However many tasks there are, the picture stays a picture."""
    nodes = [info(f"x{i}", kind="cell" if i % 2 else "function") for i in range(3 * MOST_BOXES)]
    assert labels(draw(nodes)) == ["all functions", "all cells"]


@pytest.mark.parametrize(
    ("way", "wanted"), [("upstream", {0, 1, 3}), ("downstream", {3, 4, 5})], ids=["up", "down"]
)
def test_in_focus_is_what_is_upstream_or_downstream(way, wanted):
    """What has nothing to do with the node in focus is left out, arrows too."""
    nodes = [
        info("a"), info("b", "a"), info("z"), info("c", "b"), info("d", "c", "z"), info("e", "d"),
    ]  # fmt: skip
    drawing = draw(nodes, Choices(focus="c", way=way))
    assert {i for shape in drawing.shapes for i in shape.members} == wanted
    assert len(drawing.arrows) == 2


def test_a_focus_that_is_gone_shows_everything():
    """A node that left the notebook hides nothing."""
    assert len(draw(chain(5), Choices(focus="gone", way="upstream")).shapes) == 5


def test_what_was_fresh_is_folded_in_a_large_drawing():
    """Before what runs stands one box for all that was there; it is a source of arrows only."""
    nodes = chain(40)
    drawing = draw(nodes, fresh=range(30))
    fold = drawing.shapes[-1]
    assert (fold.kind, fold.label, fold.members) == ("fold", "30 fresh", tuple(range(30)))
    assert (len(drawing.shapes), drawing.folded) == (11, 30)
    assert fold.id not in {arrow.head for arrow in drawing.arrows}


@pytest.mark.parametrize(
    ("nodes", "fresh", "choices"),
    [
        (chain(20), range(15), EVERYTHING),
        (chain(40), range(4), EVERYTHING),
        (chain(40), range(40), EVERYTHING),
        (chain(40), range(30), Choices(unfolded=True)),
    ],
    ids=["small graph", "few fresh", "all fresh", "unfolded"],
)
def test_nothing_is_folded_where_it_would_not_help(nodes, fresh, choices):
    """A fold appears only where it makes a large picture much smaller, and never against a wish."""
    drawing = draw(nodes, choices, fresh)
    assert (len(drawing.shapes), drawing.folded) == (len(nodes), 0)


@given(st.integers(0, 140), st.integers(1, 12), st.data())
def test_every_node_in_focus_is_in_one_box(count, tasks, data):
    """Whatever is chosen, no node is drawn twice, and all that is not out of focus is drawn."""
    chance = random.Random(count)
    nodes = [
        info(f"x{i}", *{f"x{chance.randrange(i)}" for _ in range(2) if i}, task=f"t{i % tasks}")
        for i in range(count)
    ]
    choices = Choices(
        frozenset(data.draw(st.sets(st.sampled_from([f"t{i}" for i in range(tasks)])))),
        unfolded=data.draw(st.booleans()),
    )
    fresh = data.draw(st.sets(st.integers(0, max(count - 1, 0))))
    drawing = draw(nodes, choices, fresh)
    drawn = sorted(index for shape in drawing.shapes for index in shape.members)
    assert drawn == list(range(count))
    ids = {shape.id for shape in drawing.shapes}
    assert all({arrow.tail, arrow.head} <= ids for arrow in drawing.arrows)
    assert to_dot(drawing).count("width=") == len(ids)


def test_ten_thousand_nodes_are_drawn_in_few_boxes():
    """The drawing of a large graph is as small as its tasks are few."""
    assert len(draw([*chain(9_999, tasks=7), *fan(0)]).shapes) == 8
