"""What a terminal would show of text that moves back: progress bars, counters."""

from __future__ import annotations

import re
from typing import Final

_MOVES: Final = re.compile(r"\r(?!\n)|\x08|\x1b\[\d*A|\x1b\[[02]?K")
_PIECES: Final = re.compile(r"(\r?\n|\r|\x08|\x1b\[\d*A|\x1b\[[02]?K)")


def moves_back(text: str) -> bool:
    r"""Whether some of ``text`` is written over what stands before it.

    Examples
    --------
    >>> moves_back("10%\r20%"), moves_back("a line\r\n")
    (True, False)
    """
    return _MOVES.search(text) is not None


def overwritten(text: str) -> str:
    r"""Return the least text that leaves the same on a screen, and the cursor where it was.

    Examples
    --------
    >>> overwritten("10%\r20%\r30%\n")
    '30%\n'
    >>> overwritten("step 9\rabc\r")
    'abcp 9\r'
    """
    if not moves_back(text):
        return text
    screen = _Screen()
    for piece in _PIECES.split(text):
        screen.take(piece)
    return screen.text()


class _Screen:
    """Lines of text and a cursor."""

    def __init__(self) -> None:
        self._lines = [""]
        self._row = 0
        self._column = 0

    def take(self, piece: str) -> None:
        """Write a piece of text, or do what a control sequence says."""
        if piece == "\r":
            self._column = 0
        elif piece in ("\n", "\r\n"):
            self._row, self._column = self._row + 1, 0
            if self._row == len(self._lines):
                self._lines.append("")
        elif piece == "\x08":
            self._column = max(0, self._column - 1)
        elif piece.startswith("\x1b[") and piece.endswith("A"):
            self._row = max(0, self._row - int(piece[2:-1] or 1))
        elif piece.startswith("\x1b[") and piece.endswith("K") and len(piece) <= 4:
            self._erase(piece)
        elif piece:
            self._write(piece)

    def _write(self, piece: str) -> None:
        line = self._lines[self._row].ljust(self._column)
        end = self._column + len(piece)
        # With colours in it the width is not the length: what is written replaces the line.
        rest = "" if "\x1b" in piece or "\x1b" in line else line[end:]
        self._lines[self._row] = line[: self._column] + piece + rest
        self._column = end

    def _erase(self, piece: str) -> None:
        line = self._lines[self._row]
        self._lines[self._row] = "" if piece == "\x1b[2K" else line[: self._column]

    def text(self) -> str:
        """Return the lines, then what brings the cursor to its place."""
        up = len(self._lines) - 1 - self._row
        here = self._column == 0 and (up or self._lines[self._row])
        return "\n".join(self._lines) + (f"\x1b[{up}A" if up else "") + ("\r" if here else "")
