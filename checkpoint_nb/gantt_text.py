"""Draws a timeline with letters, for a terminal."""

from __future__ import annotations

from typing import Final

from checkpoint_nb.gantt import LOADING, STORING, headline, row_name, tick_name, ticks
from checkpoint_nb.labels import columns, line
from checkpoint_nb.measures import said_span
from checkpoint_nb.states import State
from checkpoint_nb.timeline import Bar, Timeline

_PHASES: Final = {LOADING: "░", "computing": "█", STORING: "▒"}
_WAITING, _IDLE = "·", " "
_LONGEST: Final = 3


def to_text(drawn: Timeline, width: int = 80) -> str:
    """Draw ``drawn``, at most ``width`` columns wide.

    Examples
    --------
    >>> print(to_text(Timeline("", 0.0, 0.0, "", (), 0, 0)))
    nothing ran yet
    """
    if not drawn.bars:
        return headline(drawn)
    names = {slot: row_name(slot) for slot in drawn.slots}
    left = max(map(len, names.values())) + 2
    room = max(10, width - left - 1)
    scale = room / max(drawn.seconds, 1e-9)
    lines = [_cut(headline(drawn), width)]
    for slot, name in names.items():
        row = _row([bar for bar in drawn.bars if bar.slot == slot], scale, room)
        lines.append(f"{name:<{left}}{row}".rstrip())
    lines += [" " * left + _axis(drawn.seconds, scale, room)]
    lines += [_cut(_legend(drawn), width)]
    narrow = sum(bar.phases.total * scale < 1 for bar in drawn.bars)
    if narrow > 1:
        lines.append(f"{narrow:,} bars are narrower than a letter and share one")
    lines += _longest(drawn, width)
    return "\n".join(lines)


def _row(bars: list[Bar], scale: float, room: int) -> str:
    cells, free = [_IDLE] * (room + 1), 0
    glyphs: dict[int, str] = {}
    for bar in bars:
        first = min(room - 1, int(bar.start * scale))
        last = min(room, max(first + 1, int(bar.end * scale)))
        ready = max(free, int(bar.ready * scale))
        cells[ready:first] = [_WAITING] * max(0, first - ready)
        _fill(cells, bar, first, last)
        free = last
        if bar.state is not State.DONE:
            glyphs[last - 1] = bar.state.glyph
    # Last of all: what comes after a short one would hide how that ended.
    for place, glyph in glyphs.items():
        cells[place] = glyph
    return "".join(cells).rstrip()


def _fill(cells: list[str], bar: Bar, first: int, last: int) -> None:
    total = bar.phases.total or 1.0
    whole = last - first
    loading = round(whole * bar.phases.loading / total)
    storing = round(whole * bar.phases.storing / total)
    middle = max(0, whole - loading - storing)
    cells[first:last] = [
        *(_PHASES[LOADING] * loading + _PHASES["computing"] * middle + _PHASES[STORING] * storing)
    ][:whole]
    label = line(bar.label)
    begin = first + loading + 1
    if columns(label) == len(label) and len(label) + 4 <= middle:
        cells[begin : begin + len(label) + 2] = f" {label} "


def _axis(seconds: float, scale: float, room: int) -> str:
    axis = [" "] * (room + 1)
    free = 0
    for at in ticks(seconds, 6):
        said, place = tick_name(at), int(at * scale)
        if place >= free and place + len(said) <= len(axis):
            axis[place : place + len(said)] = said
            free = place + len(said) + 1
    return "".join(axis).rstrip()


def _legend(drawn: Timeline) -> str:
    parts = [f"{letter} {word}" for word, letter in _PHASES.items()]
    parts += [f"{_WAITING} waiting"]
    states = {bar.state for bar in drawn.bars} - {State.DONE}
    parts += [f"{state.glyph} {state.word}" for state in State if state in states]
    return "  ".join(parts)


def _longest(drawn: Timeline, width: int) -> list[str]:
    found = sorted(drawn.bars, key=lambda bar: -bar.phases.total)[:_LONGEST]
    lines = []
    for bar in found:
        took = f"{said_span(bar.phases.total):>9}"
        where = f"  {bar.state.word} in {row_name(bar.slot)}"
        waited = f", waited {said_span(bar.waited)}" if bar.waited >= 0.05 else ""
        label = _cut(line(bar.label), max(8, width - len(took) - len(where) - len(waited) - 2))
        lines.append(f"{took}  {label}{where}{waited}")
    return ["longest:", *lines] if len(drawn.bars) > 1 else []


def _cut(text: str, most: int) -> str:
    while columns(text) > most:
        text = text[:-2] + "…"
    return text
