"""Which cells touched which names of the notebook, and whether one of them did so again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class _Span(NamedTuple):
    first: int
    last: int


class Touches:
    """What the cells that are no checkpoints did, cell by cell.

    A value that a cell read stays what it was for that cell, whatever cells after it make of the
    name: that is how a notebook reads from top to bottom. When a cell that came *before* runs
    again, the reader has to look again.

    Examples
    --------
    >>> touches = Touches()
    >>> touches.ran("a", "In [1]", ["n"])
    >>> read = touches.serial
    >>> touches.ran("b", "In [3]", ["n"])
    >>> touches.again("n", read)
    False
    >>> touches.ran("a", "In [4]", ["n"])
    >>> touches.again("n", read), touches.since("n", read)
    (True, ['In [3]', 'In [4]'])
    """

    def __init__(self) -> None:
        self.serial = 0
        self._spans: dict[str, dict[str, _Span]] = {}
        self._everything: dict[str, _Span] = {}
        self._words: dict[str, str] = {}

    def ran(self, place: str, words: str, names: Iterable[str] | None) -> None:
        """Note that the cell at ``place`` ran and may have touched ``names``; ``None``: any."""
        self.serial += 1
        self._words[place] = words
        if names is None:
            self._note(self._everything, place)
            return
        for name in names:
            self._note(self._spans.setdefault(name, {}), place)

    def _note(self, spans: dict[str, _Span], place: str) -> None:
        before = spans.get(place)
        spans[place] = _Span(before.first if before else self.serial, self.serial)

    def again(self, name: str, since: int) -> bool:
        """Whether a cell that had touched ``name`` by the time ``since`` ran again after it.

        Where nobody is known to have made what was read, any cell may have.
        """
        spans = self._of(name).values()
        before = [span for span in spans if span.first <= since]
        return any(span.last > since for span in before or spans)

    def since(self, name: str, since: int) -> list[str]:
        """Name the cells that may have touched ``name`` after the time ``since``."""
        later = [(span.last, place) for place, span in self._of(name).items() if span.last > since]
        return [self._words[place] for _, place in sorted(later)]

    def _of(self, name: str) -> dict[str, _Span]:
        return {**self._everything, **self._spans.get(name, {})}
