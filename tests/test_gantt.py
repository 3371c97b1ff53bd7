"""The drawing of a timeline: as a picture, with letters, and as trace events."""

from __future__ import annotations

import json
import re
import time
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given

from checkpoint_nb.errors import DeclarationError
from checkpoint_nb.events import Phases
from checkpoint_nb.gantt import Block, draw, ticks
from checkpoint_nb.labels import columns
from checkpoint_nb.states import State
from checkpoint_nb.timeline import Bar, Timeline
from tests.test_timeline import heard, run_of

HOSTILE = '<script>alert(1)</script>\x1b[31m\u202e\x00 & "quoted" \']]>\n$x$ 日本'


def many(number, slots=4, label="fit({n})"):
    """A timeline with ``number`` bars one behind the other in ``slots`` slots."""
    bars = tuple(
        Bar(f"n{n}", label.format(n=n), "fit", n % slots, 0.0, float(n // slots),
            Phases(0.1, 0.7, 0.1), State.FAILED if n == 5 else State.DONE)
        for n in range(number)
    )  # fmt: skip
    bars = tuple(sorted(bars, key=lambda bar: (bar.slot, bar.start)))
    return Timeline("r", 0.0, number / slots, "done", bars, 0, 0)


@given(heard)
def test_text_fits_eighty_columns(pieces):
    """Whatever ran, and each slot has its row."""
    seen = run_of(pieces)
    lines = seen.text().splitlines()
    assert all(columns(line) <= 80 for line in lines)
    assert sum(line.startswith(("slot ", "here")) for line in lines) == len(seen.slots)


def test_what_failed_is_told_without_colour():
    """The glyph is in the text and in the picture, also among bars thinner than a pixel."""
    for number in (20, 10_000):
        seen = many(number)
        rows = [row for row in seen.text().splitlines() if row.startswith("slot")]
        assert [State.FAILED.glyph in row for row in rows] == [False, True, False, False]
        assert seen.svg().count(f">{State.FAILED.glyph}") >= 1


def test_ten_thousand_bars_stay_small_and_say_so():
    """The picture hardly grows with the number of bars, and is made in a small part of a second each hundred."""
    small, large = many(400), many(10_000)
    picture = draw(large)
    assert len(large.svg()) < 150_000
    assert picture.merged > 9_000
    assert f"{picture.merged:,} bars thinner than a pixel" in large.svg()
    assert "thinner" not in many(40).svg()

    def took(seen):
        begun = time.perf_counter()
        seen.svg()
        return time.perf_counter() - begun

    assert min(took(large) for _ in range(3)) < 100 * min(took(small) for _ in range(3))


def test_labels_are_data():
    """A hostile label is shown as text, on one line, in every form."""
    seen = many(4, 1, HOSTILE)
    root = ET.fromstring(seen.svg())
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert names == {"svg", "style", "defs", "pattern", "rect", "circle", "text", "title"}
    forms = seen.svg(), seen.text(), seen.trace()
    for form in forms:
        assert not set(form) & set("\x1b\u202e\x00")
    assert any(
        "<script>" in (text.text or "") for text in root.iter() if text.tag.endswith("title")
    )


@given(heard)
def test_marks_stay_inside_the_picture(pieces):
    """Blocks have a size and lie within the image."""
    picture = draw(run_of(pieces))
    for mark in picture.marks:
        if isinstance(mark, Block):
            assert mark.w > 0
            assert mark.h > 0
            assert -0.6 <= mark.x
            assert mark.x + mark.w <= picture.width
            assert mark.y + mark.h <= picture.height


@given(heard)
def test_the_trace_is_valid_trace_event_json(pieces):
    """Every event has what its kind needs, times are whole, and slices of a thread nest."""
    seen = run_of(pieces)
    told = json.loads(seen.trace())
    events = told["traceEvents"]
    assert told["displayTimeUnit"] == "ms"
    slices = [event for event in events if event["ph"] == "X"]
    assert sum(event["cat"] == "node" for event in slices) == len(seen.bars)
    threads = {event["tid"] for event in events if event["name"] == "thread_name"}
    assert {event["tid"] for event in slices} == threads
    for event in events:
        assert event["ph"] in "XMCbe"
        assert isinstance(event["name"], str)
        assert isinstance(event["ts"], int)
        assert event["pid"] == 1
        if event["ph"] in "be":
            assert {"id", "cat"} <= event.keys()
    for begun in (event for event in events if event["ph"] == "b"):
        (ended,) = (e for e in events if e["ph"] == "e" and e["id"] == begun["id"])
        assert ended["ts"] >= begun["ts"]
    for thread in threads:
        own = [event for event in slices if event["tid"] == thread]
        open_until = []
        for event in sorted(own, key=lambda event: (event["ts"], -event["dur"])):
            while open_until and open_until[-1] <= event["ts"]:
                open_until.pop()
            assert not open_until or event["ts"] + event["dur"] <= open_until[-1] + 1
            open_until.append(event["ts"] + event["dur"])


@pytest.mark.parametrize("seconds", [0.001, 0.4, 3, 59, 61, 1000, 5000, 90_000, 10**7])
def test_ticks_are_round_and_few(seconds):
    """Never more than nine, and more than one wherever there is time."""
    found = ticks(seconds)
    assert 2 <= len(found) <= 9
    assert found[0] == 0
    assert found[-1] <= seconds


def test_a_timeline_is_written_in_the_format_that_the_name_says(tmp_path):
    """SVG, PNG and trace events by suffix; another one is refused with those there are."""
    seen = many(12)
    for name in ("a.svg", "a.PNG", "a.json"):
        seen.save(tmp_path / name)
    assert ET.fromstring((tmp_path / "a.svg").read_text()).tag.endswith("svg")
    assert (tmp_path / "a.PNG").read_bytes().startswith(b"\x89PNG")
    assert json.loads((tmp_path / "a.json").read_text())["traceEvents"]
    with pytest.raises(DeclarationError, match=r"\.svg, \.png, \.json"):
        seen.save(tmp_path / "a.pdf")
    with pytest.raises(DeclarationError, match="could not be written"):
        seen.save(tmp_path / "no" / "such" / "a.svg")


def test_an_empty_timeline_can_be_drawn():
    """It says that nothing ran."""
    empty = Timeline("", 0.0, 0.0, "", (), 0, 0)
    assert empty.text() == "nothing ran yet"
    assert "nothing ran yet" in empty.svg()
    assert re.search(r'"traceEvents":\[', empty.trace())
