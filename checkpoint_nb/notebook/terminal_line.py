"""One line in a terminal that shows how far a run is, as tqdm's users know it."""

from __future__ import annotations

import os
import sys
from typing import Final

from checkpoint_nb.board import Snapshot
from checkpoint_nb.labels import columns, duration, line, shorten
from checkpoint_nb.remaining import remaining, slowest

_BACK: Final = "\r\x1b[2K"
_PARTS: Final = " ▏▎▍▌▋▊▉█"
_NARROW: Final = 10


def meter(snapshot: Snapshot, slots: int, now: float, width: int = 79) -> str:
    """Return ``44%|████▍     | 7/16 [12 s<15 s] fit(2) 3.1 s`` in at most ``width`` columns.

    Parameters
    ----------
    slots
        How many nodes run at once.
    now
        Seconds since the epoch.

    Examples
    --------
    >>> from checkpoint_nb.board import Board
    >>> meter(Board().snapshot(), 2, 0.0)
    '0%|          | 0/0 [0 ms<0 ms]'
    """
    settled = sum(number for state, number in snapshot.counts().items() if state.settled)
    whole = max(1, len(snapshot.nodes))
    left = remaining(snapshot, slots, now)
    text = (
        f"{settled / whole:.0%}|{_bar(settled / whole)}| {settled}/{len(snapshot.nodes)} "
        f"[{duration(snapshot.elapsed(now))}<{'?' if left is None else duration(left)}]"
    )
    for said in running(snapshot, now):
        if columns(text) + columns(said) + 2 <= width:
            text += f" {said}" if text.endswith("]") else f", {said}"
    return text


def running(snapshot: Snapshot, now: float) -> list[str]:
    """Return what runs for longest, each with how far it is or for how long it runs."""
    said = []
    for index in slowest(snapshot, now):
        status = snapshot.statuses[index]
        how_far = "" if status.progress is None else f"{status.progress:.0%} "
        since = duration(max(0.0, now - status.started))
        said.append(f"{shorten(line(snapshot.nodes[index].label))} {how_far}{since}")
    return said


def _bar(part: float) -> str:
    eighths = round(part * _NARROW * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_PARTS[rest] if rest else "")).ljust(_NARROW)


class TerminalLine:
    """Writes a line over the last one on the terminal; does nothing where there is none."""

    def __init__(self) -> None:
        self.works = sys.stderr.isatty()
        self._shown = False

    @property
    def width(self) -> int:
        """How many columns fit."""
        try:
            return os.get_terminal_size(sys.stderr.fileno()).columns - 1
        except (OSError, ValueError):
            return 79

    def say(self, text: str) -> None:
        """Show ``text`` in place of what was there."""
        self._shown = True
        _write(_BACK + text)

    def end(self) -> None:
        """Take the line away."""
        if self._shown:
            self._shown = False
            _write(_BACK)


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
