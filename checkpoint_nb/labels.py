"""Labels as people read them: without what is not for reading, on one line, cut to fit."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 34
"""Columns of a label that are drawn; the rest is in the details."""

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)", re.DOTALL)
_DIRECTION_MARKS = dict.fromkeys(
    [0x200E, 0x200F, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)


def clean(text: str) -> str:
    r"""Take out of ``text`` what is not for reading: escape sequences, controls, direction marks.

    Examples
    --------
    >>> clean("\x1b[31mred\x1b[0m\a line")
    'red line'
    """
    text = _ANSI.sub("", text).translate(_DIRECTION_MARKS)
    return "".join(
        c if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs", "Co", "Cn"} else ""
        for c in text
    ).replace("\ufffe", "")


def line(text: str, most: int = 200) -> str:
    """``text`` cleaned and on one line of at most ``most`` characters."""
    text = " ".join(clean(text[: 4 * most]).split())
    return text if len(text) <= most else text[: most - 1] + "…"


def columns(text: str) -> int:
    """How many columns ``text`` takes where each letter has the same width."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def shorten(label: str) -> str:
    """``label`` as it is drawn: at most `LONGEST` columns, with the middle left out."""
    if columns(label) <= LONGEST:
        return label
    half = LONGEST // (2 if label.isascii() else 4)
    return f"{label[:half]}…{label[1 - half :]}"


def duration(seconds: float) -> str:
    """``seconds`` as people say it: ``0.4 s``, ``2 min 5 s``, ``1 h 20 min``."""
    if seconds < 59.95:
        return f"{seconds * 1000:.0f} ms" if seconds < 0.095 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
