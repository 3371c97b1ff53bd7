"""Boards as DOT text, as still pictures and as tables."""

from __future__ import annotations

import random
import re
from xml.etree import ElementTree

import pytest

from checkpoint_nb.board import Board
from checkpoint_nb.drawing import draw, to_dot
from checkpoint_nb.events import GraphPlanned, NodeInfo, RunStarted
from checkpoint_nb.labels import LONGEST, clean, columns, duration, line, shorten
from checkpoint_nb.layout import lay_out_plainly
from checkpoint_nb.render import summary, to_strip, to_svg, to_text, urgent
from checkpoint_nb.states import State

HOSTILE = [
    'say "hi"',
    "back\\slash\\",
    "\\N \\G \\l \\n",
    '"]; evil [URL="javascript:alert(1)',
    "<b>bold</b>",
    "<<table><tr><td>x</td></tr></table>>",
    "<script>alert(1)</script>",
    "<svg onload=alert(1)>",
    "javascript:alert(1)",
    "]]> &amp; &#x3c;script&#x3e;",
    "two\nlines",
    "tab\there",
    "\x1b[31mred\x1b[0m",
    "\x1b]8;;http://x\x07link\x1b]8;;\x07",
    "nul\x00 bell\x07",
    "\u202egnp.exe",
    "🎉 party 🧑‍🔬",
    "数据 清洗(深度=3)",
    "lone \ud800 surrogate",
    "\ufffe\uffff",
    "",
    " ",
    "x" * 10_000,
    "n0 -> n1",
    "}",
    "$(rm -rf /)",
]


def info(node: str, *upstream: tuple[str, str], label="", task="", kind="function") -> NodeInfo:
    return NodeInfo(node, label or node, task or node, kind, upstream)


def snapshot(nodes, states=None, run=False):
    board = Board()
    states = states or (State.STALE,) * len(nodes)
    board.hear(
        GraphPlanned(0.0, "r", tuple(nodes), tuple(states), ("",) * len(nodes), (1.5,) * len(nodes))
    )
    if run:
        board.hear(RunStarted(0.0, "r", 1))
    return board.snapshot()


def test_a_drawing_has_a_box_for_each_node_and_an_arrow_for_each_edge():
    nodes = [info("a", kind="cell"), info("b", ("a", "x"), ("a", "y")), info("c", ("gone", "z"))]
    drawing = draw(nodes)
    assert [(shape.id, shape.label, shape.kind) for shape in drawing.shapes] == [
        ("n0", "a", "cell"),
        ("n1", "b", "function"),
        ("n2", "c", "function"),
    ]
    assert [(arrow.tail, arrow.head, arrow.label) for arrow in drawing.arrows] == [
        ("n0", "n1", "x, y")
    ]


def test_dot_has_one_line_a_statement_and_cells_look_different():
    dot = to_dot(draw([info("a", kind="cell"), info("b", ("a", "frame"))]))
    assert 'n0 [width=1.917, height=0.667, shape=component, label="a"];' in dot
    assert 'n1 [width=1.917, height=0.667, label="b"];' in dot
    assert 'n0 -> n1 [label="frame"];' in dot


@pytest.mark.parametrize("label", HOSTILE, ids=lambda label: ascii(label)[:30])
def test_hostile_labels_stay_inside_their_quotes(label):
    nodes = [info("a", label=label, task=label), info("b", ("a", label), label="end")]
    drawing = draw(nodes)
    dot = to_dot(drawing)
    assert len(dot.splitlines()) == 4 + 2 + 1 + 1
    for row in dot.splitlines()[4:-1]:
        assert re.fullmatch(
            r'  n\d+( -> n\d+)? \[(width=[\d.]+, height=[\d.]+, )?label="([^"\\]|\\\\|\\")*"\];',
            row,
        )
    dot.encode()


@pytest.mark.parametrize("label", HOSTILE, ids=lambda label: ascii(label)[:30])
def test_hostile_labels_are_text_in_the_still_picture(label):
    nodes = [info("a", label=label, task=label, kind="cell"), info("b", ("a", label), label="end")]
    for most in (60, 1):
        drawing = draw(nodes, most=most)
        svg = to_svg(drawing, lay_out_plainly(to_dot(drawing)), snapshot(nodes), 0.0)
        tree = ElementTree.fromstring(svg.encode())
        tags = {element.tag.rpartition("}")[2] for element in tree.iter()}
        assert tags <= {
            "svg",
            "style",
            "defs",
            "marker",
            "path",
            "rect",
            "g",
            "circle",
            "text",
            "tspan",
        }
        names = {name.rpartition("}")[2] for element in tree.iter() for name in element.attrib}
        assert not {name for name in names if name.startswith("on") or "href" in name}
        assert len(tree.findall(".//{*}circle")) == 2
    to_text(snapshot(nodes), 0.0).encode()


def test_many_nodes_are_drawn_by_task():
    chance = random.Random(7)
    nodes = [
        info(
            f"x{i}",
            *((f"x{chance.randrange(i)}", "") for _ in range(2) if i),
            label=f"step({i})",
            task=f"task{i % 10}",
        )
        for i in range(1000)
    ]
    drawing = draw(nodes)
    assert [shape.label for shape in drawing.shapes] == [f"task{i}" for i in range(10)]
    assert sorted(i for shape in drawing.shapes for i in shape.members) == list(range(1000))
    assert len(drawing.arrows) <= 90
    assert all(arrow.tail != arrow.head for arrow in drawing.arrows)
    assert "task3 ×100" in to_dot(drawing)
    states = [State.FAILED if i == 3 else State.FRESH for i in range(1000)]
    svg = to_svg(drawing, lay_out_plainly(to_dot(drawing)), snapshot(nodes, states), 0.0)
    assert "1 failed, 99 fresh" in svg
    assert len(svg) < 20_000


def test_cells_and_functions_of_one_name_are_two_groups():
    nodes = [info(f"x{i}", task="t", kind="cell" if i % 2 else "function") for i in range(100)]
    assert [shape.kind for shape in draw(nodes).shapes] == ["function", "cell"]


def test_sixty_nodes_make_a_small_picture():
    nodes = [
        info(
            f"x{i}", *([(f"x{i - 1}", "frame")] if i else []), label=f"transform(frame, depth={i})"
        )
        for i in range(60)
    ]
    drawing = draw(nodes)
    states = [list(State)[i % 10] for i in range(60)]
    svg = to_svg(drawing, lay_out_plainly(to_dot(drawing)), snapshot(nodes, states), 0.0)
    assert len(svg) * 4 / 3 < 50_000


def test_the_picture_says_state_by_colour_glyph_and_word():
    nodes = [info(state.word) for state in State]
    drawing = draw(nodes)
    svg = to_svg(drawing, lay_out_plainly(to_dot(drawing)), snapshot(nodes, list(State)), 0.0)
    for state in State:
        assert state.colour in svg
        assert state.glyph in svg
        assert f"1 {state.word}" in svg


def test_summary_and_table():
    nodes = [info("a"), info("bb", ("a", "")), info("c")]
    seen = snapshot(nodes, [State.FRESH, State.RUNNING, State.STALE], run=True)
    assert summary(seen, 8.4) == "1 of 3 done · 1 running · 1 stale · 8.4 s"
    assert summary(seen, None) == "1 of 3 done · 1 running · 1 stale"
    assert to_text(seen, 8.4).splitlines()[1:] == [
        "  ✓ a   fresh      1.5 s",
        "  ▶ bb  running",
        "  ○ c   stale",
    ]
    assert to_text(seen, 8.4, most=1).splitlines()[-1] == "  … and 2 more"
    assert summary(Board().snapshot(), 0.0) == "0 of 0 done"
    ElementTree.fromstring(to_strip(seen, 8.4))
    ElementTree.fromstring(to_strip(Board().snapshot(), 0.0))


def test_an_empty_board_can_be_drawn():
    drawing = draw([])
    svg = to_svg(drawing, lay_out_plainly(to_dot(drawing)), Board().snapshot(), 0.0)
    ElementTree.fromstring(svg)


def test_the_most_urgent_state_stands_for_a_group():
    nodes = [info(state.word) for state in State]
    seen = snapshot(nodes, list(State))
    assert urgent(seen, range(10)) is State.RUNNING
    assert urgent(seen, [State.FRESH.code, State.STALE.code]) is State.STALE


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.0, "0 ms"),
        (0.0123, "12 ms"),
        (0.4, "0.4 s"),
        (59.96, "1 min 0 s"),
        (125, "2 min 5 s"),
        (4800, "1 h 20 min"),
    ],
)
def test_durations(seconds, said):
    assert duration(seconds) == said


def test_labels_are_cleaned_and_shortened():
    assert clean("a\x1b[1mb\u202ec\x00") == "abc"
    assert line("a\n  b\tc") == "a b c"
    assert columns("数a") == 3
    assert shorten("short") == "short"
    assert columns(shorten("x" * 100)) <= LONGEST
    assert columns(shorten("数" * 100)) <= LONGEST
    assert shorten("f(" + "x" * 100 + ", end=1)").endswith("end=1)")
