"""Planning and run states: word, glyph, colour."""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """What a node is in; each state has one word, one glyph and one colour, used everywhere.

    The colours are told apart by people who do not see red and green (after Okabe and Ito,
    "Color universal design", 2008), and none of them is needed:
    the glyph and the word say the same.

    Examples
    --------
    >>> State.FRESH.word, State.FRESH.glyph
    ('fresh', '✓')
    """

    FRESH = ("fresh", "✓", "#009e73")
    STALE = ("stale", "○", "#e69f00")
    PENDING = ("pending", "◌", "#b8a04a")
    QUEUED = ("queued", "⋯", "#7f8fa6")
    RUNNING = ("running", "▶", "#0072b2")
    DONE = ("done", "●", "#00795a")
    REUSED = ("reused", "↺", "#56b4e9")
    FAILED = ("failed", "✗", "#d55e00")
    BLOCKED = ("blocked", "⊘", "#a0522d")
    CANCELLED = ("cancelled", "◻", "#999999")

    def __init__(self, word: str, glyph: str, colour: str) -> None:
        self.word = word
        self.glyph = glyph
        self.colour = colour

    @property
    def code(self) -> int:
        """The state as one byte, for the wire to the view."""
        return _CODES[self]

    @property
    def settled(self) -> bool:
        """Whether the result is there and right."""
        return self in _SETTLED


_CODES = {state: code for code, state in enumerate(State)}
_SETTLED = frozenset({State.FRESH, State.DONE, State.REUSED})
