"""Where the boxes go, with graphviz and without."""

from __future__ import annotations

import os
import stat
import time

import pytest

from checkpoint_nb import layout
from checkpoint_nb.drawing import draw, to_dot
from checkpoint_nb.events import NodeInfo
from checkpoint_nb.layout import lay_out, lay_out_plainly, programs

LABELS = ['q"\\', "<b>x</b>", "javascript:alert(1)", "a\nb", "🎉", "\\N", "x" * 500]


def dot_of(count: int, fan: int = 2, label=lambda i: f"step({i})", most: int = 10**6) -> str:
    nodes = [
        NodeInfo(
            f"x{i}",
            label(i),
            f"t{i}",
            "cell" if i % 3 == 0 else "function",
            tuple((f"x{max(0, i - 1 - back)}", "v") for back in range(fan) if i),
        )
        for i in range(count)
    ]
    return to_dot(draw(nodes, most=most))


@pytest.fixture(autouse=True)
def nothing_kept():
    lay_out.cache_clear()
    yield
    lay_out.cache_clear()


def program(folder, text: str) -> str:
    path = folder / "dot"
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def check(picture, count):
    assert sorted(picture.boxes, key=lambda name: int(name[1:])) == [f"n{i}" for i in range(count)]
    boxes = list(picture.boxes.values())
    for box in boxes:
        assert min(box.x, box.y) >= -1
        assert box.x + box.w <= picture.width + 1
        assert box.y + box.h <= picture.height + 1
    for at, a in enumerate(boxes):
        for b in boxes[at + 1 :]:
            apart = a.x + a.w <= b.x or b.x + b.w <= a.x or a.y + a.h <= b.y or b.y + b.h <= a.y
            assert apart, (a, b)
    for curve in picture.curves:
        assert len(curve.points) % 3 == 1
        assert curve.path.startswith("M")


@pytest.mark.parametrize("how", [lay_out, lay_out_plainly])
@pytest.mark.parametrize("count", [0, 1, 2, 12, 60])
def test_boxes_are_inside_and_apart(how, count):
    picture = how(dot_of(count))
    check(picture, count)
    assert len(picture.curves) >= count - 1


def test_graphviz_is_found_beside_python():
    assert lay_out(dot_of(5)).by in {"graphviz-pure", "dot"}


def test_boxes_are_as_large_as_asked():
    dot = dot_of(3, label=lambda i: "x" * 10 * i)
    by_graphviz, plain = lay_out(dot), lay_out_plainly(dot)
    for name, box in plain.boxes.items():
        assert by_graphviz.boxes[name].w == pytest.approx(box.w, abs=0.2)
        assert by_graphviz.boxes[name].h == pytest.approx(box.h, abs=0.2)


@pytest.mark.parametrize("label", LABELS, ids=lambda label: ascii(label)[:20])
def test_hostile_labels_change_nothing(label):
    picture = lay_out(dot_of(3, label=lambda i: f"{i}{label}"))
    assert picture.by != "built-in"
    check(picture, 3)


def test_a_program_that_hangs_is_ended_and_replaced(tmp_path, monkeypatch):
    slow = program(tmp_path, "exec sleep 60\n")
    monkeypatch.setattr(layout, "programs", lambda: [slow])
    began = time.monotonic()
    picture = lay_out(dot_of(4), timeout=0.3)
    assert time.monotonic() - began < 5
    assert picture.by == "built-in"
    check(picture, 4)


@pytest.mark.parametrize(
    "text",
    [
        "exit 1\n",
        "echo rubbish\n",
        "echo '{}'\n",
        "echo '[]'\n",
        'echo \'{"bb": "0,0,9,9", "objects": []}\'\n',
    ],
)
def test_a_program_that_fails_is_replaced(tmp_path, monkeypatch, text):
    bad = program(tmp_path, text)
    monkeypatch.setattr(layout, "programs", lambda: [bad, str(tmp_path / "absent")])
    assert lay_out(dot_of(4)).by == "built-in"


def test_without_a_program_the_built_in_layout_serves(monkeypatch):
    monkeypatch.setattr(layout, "programs", list)
    assert lay_out(dot_of(4)).by == "built-in"


def test_the_current_folder_is_never_searched(tmp_path, monkeypatch):
    program(tmp_path, "exit 0\n")
    (tmp_path / "graphviz-pure").symlink_to(tmp_path / "dot")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join(["", ".", str(tmp_path)]))
    assert not [found for found in programs() if found.startswith(str(tmp_path))]


def test_groups_that_wait_for_each_other_can_be_laid_out():
    nodes = [
        NodeInfo(f"x{i}", f"f({i})", f"t{i % 2}", "function", ((f"x{i - 1}", ""),) if i else ())
        for i in range(100)
    ]
    dot = to_dot(draw(nodes))
    assert dot.count("->") == 2
    check(lay_out(dot), 2)
    check(lay_out_plainly(dot), 2)


def test_the_answer_is_kept():
    assert lay_out(dot_of(6)) is lay_out(dot_of(6))


def test_a_thousand_boxes_plainly_in_good_time():
    dot = dot_of(1000)
    began = time.perf_counter()
    picture = lay_out_plainly(dot)
    assert time.perf_counter() - began < 5
    assert len(picture.boxes) == 1000
