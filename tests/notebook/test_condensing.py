"""What is kept of the messages of a cell."""

from __future__ import annotations

import pytest

from checkpoint_nb.notebook.condensing import Condensed
from checkpoint_nb.notebook.overwriting import overwritten


def text(words, name="stdout"):
    return ("stream", {"name": name, "text": words})


def display(words, display_id="", update=False):
    transient = {"display_id": display_id} if display_id else {}
    content = {"data": {"text/plain": words}, "metadata": {}}
    return ("display", {**content, "transient": transient, "update": update})


def clear(wait):
    return ("clear", {"wait": wait})


def kept(*messages, **limits):
    condensed = Condensed(**limits)
    for message in messages:
        condensed.add(message)
    return [
        (kind, content.get("text") or content["data"]["text/plain"])
        for kind, content in condensed.messages()
    ]


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("10%\r20%\r30%\n", "30%\n"),
        ("long line\rab\n", "abng line\n"),
        ("step 1\rstep 2\r", "step 2\r"),
        ("a\r\nb\r\n", "a\r\nb\r\n"),
        ("12\b3\n", "13\n"),
        ("gone\r\x1b[Khere\n", "here\n"),
        ("one\n\rtwo\x1b[A\rONE\n", "ONE\ntwo\r"),
        ("\r\x1b[31mred\x1b[0m\r\x1b[32mok\x1b[0m\n", "\x1b[32mok\x1b[0m\n"),
    ],
)
def test_text_that_moves_back_is_what_a_terminal_shows(raw, shown):
    """Written over is gone; and to condense once more changes nothing."""
    assert overwritten(raw) == shown
    assert overwritten(shown) == shown


def test_a_bar_of_ten_thousand_steps_is_one_line():
    """The last state of a progress bar is all that is kept, whichever way it was cut."""
    steps = [text(f"\r{n:5d}/10000 [{'#' * (n // 200):50s}]", "stderr") for n in range(10_001)]
    assert kept(*steps, text("\n", "stderr")) == [("stream", f"10000/10000 [{'#' * 50}]\n")]


def test_lines_before_a_bar_stay():
    """Only the last line can be written over."""
    many = "".join(f"line {n}\n" for n in range(20_000))
    assert kept(text(many), text("10%"), text("\r20%")) == [("stream", many + "20%")]


def test_order_across_streams_and_displays_is_kept():
    """Only text of one stream in a row is joined."""
    messages = [text("a"), text("b"), text("c", "stderr"), display("d"), text("e")]
    assert [one[1] for one in kept(*messages)] == ["ab", "c", "d", "e"]


def test_an_update_changes_every_display_with_its_id():
    """As in the notebook file; one for a display of another cell stays an update."""
    messages = [display("1", "x"), text("-"), display("1", "x"), display("2", "x", update=True)]
    assert [one[1] for one in kept(*messages)] == ["2", "-", "2"]
    other = Condensed()
    other.add(display("new", "elsewhere", update=True))
    assert other.messages()[0][1]["update"] is True


def test_clears_are_carried_out():
    """Cleared at once, or with the next output; a clear that waits for nothing clears nothing."""
    assert kept(text("a"), clear(False), text("b")) == [("stream", "b")]
    assert kept(text("a"), clear(True), text("b")) == [("stream", "b")]
    assert kept(text("a"), clear(True)) == [("stream", "a")]


def test_long_text_loses_its_middle_and_says_so():
    """Beginning and end are kept, within the limit, and a note stands between them."""
    lines = [text(f"line {n}\n") for n in range(100_000)]
    head, note, tail = kept(*lines, most_text=10_000)
    assert len(head[1]) + len(tail[1]) == 10_000
    assert head[1].startswith("line 0\n")
    assert tail[1].endswith("line 99999\n")
    whole = sum(len(one[1]["text"]) for one in lines)
    assert f"{whole - 10_000:,} characters" in note[1]


def test_too_many_displays_are_left_out_and_counted():
    """What still fits is kept; the note says how many and how much did not."""
    messages = [display(str(n) * 400) for n in range(9)]
    shown = kept(*messages, display("x"), most_displayed=1000)
    assert [one[1][:1] for one in shown] == ["0", "1", "⚠", "x"]
    assert "7 displays, 2,800 characters" in shown[2][1]
