"""The messages of a cell as they are kept: what is left to see of them at the end, bounded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Final, cast

from checkpoint_nb.notebook.overwriting import moves_back, overwritten
from checkpoint_nb.spool import Message

MOST_TEXT: Final = 1 << 20
MOST_DISPLAYED: Final = 20 << 20
_WAITS: Final = 1 << 16
_SLACK: Final = 1 << 18
_LINES_BACK: Final = 100


def note(text: str) -> Message:
    """Return a message of the extension's own: a remark that is no output of the cell."""
    html = f'<div style="font-size:12px;opacity:.8">{escape(text)}</div>'
    content = {
        "data": {"text/plain": text, "text/html": html},
        "metadata": {"checkpoint_nb": {"kind": "note", "note": True}},
        "transient": {},
        "update": False,
    }
    return ("display", content)


class Condensed:
    r"""Takes the messages of a cell one by one, and keeps what they leave to see.

    As a notebook file would have it: text that was written over is gone, and so is what was
    cleared; a display that was updated has its last content. Of text that is too long the middle
    is dropped, of displays that are too many the later ones, and a note says so in their place.

    Parameters
    ----------
    most_text, most_displayed
        How much is kept, in characters.

    Examples
    --------
    >>> kept = Condensed()
    >>> kept.add(("stream", {"name": "stdout", "text": "1 %\r"}))
    >>> kept.add(("stream", {"name": "stdout", "text": "2 %\n"}))
    >>> kept.messages()
    [('stream', {'name': 'stdout', 'text': '2 %\n'})]
    """

    def __init__(self, most_text: int = MOST_TEXT, most_displayed: int = MOST_DISPLAYED) -> None:
        self._most_text = most_text
        self._most_displayed = most_displayed
        self._wipe()

    def _wipe(self) -> None:
        self._kept: list[Message] = []
        self._waiting: list[str] = []
        self._waiting_size = 0
        self._text_size = 0
        self._displayed = 0
        self._cut = 0
        self._left_out: list[int] = []
        self._notes: dict[str, Message] = {}
        self._clears = False

    def add(self, message: Message) -> None:
        """Take one more message."""
        kind, content = message
        if kind == "clear":
            self._clears = bool(content["wait"])
            if not self._clears:
                self._wipe()
            return
        if self._clears:
            self._wipe()
        if kind == "stream":
            self._text(str(content["name"]), str(content["text"]))
        elif kind == "display" and content.get("update") and _display_id(content):
            self._update(content)
        else:
            self._append(kind, content)

    def messages(self) -> list[Message]:
        """Return what is kept so far."""
        self._settle()
        if self._text_size > self._most_text:
            self._trim()
        return list(self._kept)

    # -- text ------------------------------------------------------------------------------------

    def _text(self, name: str, text: str) -> None:
        last = self._kept[-1] if self._kept else None
        if last is None or last[0] != "stream" or last[1]["name"] != name:
            self._settle()
            self._kept.append(("stream", {"name": name, "text": ""}))
        self._waiting.append(text)
        self._waiting_size += len(text)
        if self._waiting_size > _WAITS:
            self._settle()

    def _settle(self) -> None:
        """Put the text that waits where it belongs."""
        if not self._waiting:
            return
        content = self._kept[-1][1]
        before, new = str(content["text"]), "".join(self._waiting)
        self._waiting, self._waiting_size = [], 0
        start = _where_it_may_change(before, new)
        if moves_back(before[start:] + new):
            new = overwritten(before[start:] + new)
        else:
            start = len(before)
        content["text"] = before[:start] + new
        self._text_size += start + len(new) - len(before)
        if self._text_size > self._most_text + _SLACK:
            self._trim()

    def _trim(self) -> None:
        """Drop the middle of all text."""
        half, total = self._most_text // 2, self._text_size
        kept: list[Message] = []
        place = 0
        for kind, content in self._kept:
            if kind != "stream":
                kept.append((kind, content))
                continue
            text = str(content["text"])
            before = max(0, min(len(text), half - place))
            after = max(before, min(len(text), total - half - place))
            place += len(text)
            if before:
                kept.append((kind, {**content, "text": text[:before]}))
            if before < after and "text" not in self._notes:
                kept.append(self._noted("text"))
            if after < len(text):
                kept.append((kind, {**content, "text": text[after:]}))
            self._cut += after - before
        self._kept = kept
        self._text_size = total - max(0, total - 2 * half)
        self._say("text", f"{self._cut:,} characters of text in the middle")

    # -- displays --------------------------------------------------------------------------------

    def _append(self, kind: str, content: dict[str, object]) -> None:
        self._settle()
        size = _size(content["data"])
        if self._displayed + size > self._most_displayed:
            self._left_out.append(size)
            if "displays" not in self._notes:
                self._kept.append(self._noted("displays"))
            many = "display" if len(self._left_out) == 1 else "displays"
            self._say(
                "displays", f"{len(self._left_out):,} {many}, {sum(self._left_out):,} characters"
            )
            return
        self._displayed += size
        self._kept.append((kind, dict(content)))

    def _update(self, content: dict[str, object]) -> None:
        same = [
            other
            for kind, other in self._kept
            if kind == "display" and _display_id(other) == _display_id(content)
        ]
        for other in same:
            more = _size(content["data"]) - _size(other["data"])
            if self._displayed + more <= self._most_displayed:
                self._displayed += more
                other.update(data=content["data"], metadata=content["metadata"])
        if not same:
            self._append("display", content)

    def _noted(self, what: str) -> Message:
        self._notes[what] = note("")
        return self._notes[what]

    def _say(self, what: str, dropped: str) -> None:
        text = f"⚠ too long to be kept: {dropped}, shown only while the cell ran"
        self._notes[what][1].update(note(text)[1])


def _display_id(content: Mapping[str, object]) -> object:
    transient = cast("Mapping[str, object]", content.get("transient") or {})
    return transient.get("display_id")


def _size(data: object) -> int:
    values = data.values() if isinstance(data, Mapping) else (data,)
    return sum(len(v) if isinstance(v, str) else len(json.dumps(v)) for v in values)


def _where_it_may_change(before: str, new: str) -> int:
    """Return from where on ``new`` may write over ``before``: its last line, or some lines up."""
    place = before.rfind("\n") + 1
    if "\x1b[" in new or "\x1b[" in before[place:]:
        for _ in range(_LINES_BACK):
            if place == 0:
                break
            place = before.rfind("\n", 0, place - 1) + 1
    return place
