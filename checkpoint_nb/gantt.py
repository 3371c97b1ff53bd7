"""Draws a timeline: a row for each slot, a bar for each node; as marks, and these as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from checkpoint_nb.events import HERE
from checkpoint_nb.labels import columns, line
from checkpoint_nb.measures import said_span
from checkpoint_nb.states import State
from checkpoint_nb.timeline import Bar, Timeline

WIDTH: Final = 720
"""Pixels; small enough to be read where it is shown 600 wide."""
LOADING: Final = "loading"
STORING: Final = "storing"
_LEFT, _RIGHT, _HEAD, _FOOT = 66, 22, 56, 30
_STRIP: Final = 26
_LETTER: Final = 6.7
_THIN: Final = 1.0
"""Bars thinner than this are drawn together with their neighbours."""
_STEPS: Final = tuple(
    step * unit
    for unit, steps in (
        *((10.0**n, (1, 2, 5)) for n in range(-4, 1)),
        (10.0, (1, 2, 3)),
        (60.0, (1, 2, 5, 10, 20, 30)),
        (3600.0, (1, 2, 4, 8, 12, 24)),
    )
    for step in steps
)
_INK, _FAINT, _GRID, _WAIT = "#1f2328", "#57606a", "#e4e8ec", State.QUEUED.colour
_ENDS: Final = {
    State.DONE: "computing",
    State.FAILED: "failed",
    State.CANCELLED: "cancelled",
    State.RUNNING: "still running",
}


@dataclass(frozen=True, slots=True)
class Block:
    """A filled rectangle; ``pattern`` lies over its colour, ``title`` is shown under the mouse."""

    x: float
    y: float
    w: float
    h: float
    colour: str
    pattern: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """One line of text; ``anchor`` is where ``x`` is: start, middle or end."""

    x: float
    y: float
    text: str
    colour: str = _INK
    anchor: str = "start"
    size: int = 12


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture as marks, the first of them undermost.

    Parameters
    ----------
    merged
        How many bars were too thin to be drawn on their own.
    """

    width: float
    height: float
    marks: tuple[Block | Words, ...]
    merged: int


def ticks(seconds: float, most: int = 8) -> list[float]:
    """Return round times from 0 to ``seconds``, at most ``most`` steps of one length.

    Examples
    --------
    >>> ticks(9.0), ticks(200.0)
    ([0.0, 2.0, 4.0, 6.0, 8.0], [0.0, 30.0, 60.0, 90.0, 120.0, 150.0, 180.0])
    """
    if seconds <= 0:
        return [0.0]
    days = 86400.0 * (seconds // (86400.0 * most) + 1)
    step = next((step for step in _STEPS if seconds / step <= most), days)
    return [round(step * n, 6) for n in range(int(seconds / step + 1e-9) + 1)]


def tick_name(at: float) -> str:
    """Return what stands at a tick.

    Examples
    --------
    >>> tick_name(0.0), tick_name(2.0), tick_name(0.5), tick_name(90.0)
    ('0', '2 s', '0.5 s', '1 m 30 s')
    """
    return said_span(at).replace(".0 ", " ") if at else "0"


def row_name(slot: int) -> str:
    """Return what a row is called.

    Examples
    --------
    >>> row_name(0), row_name(HERE)
    ('slot 0', 'here')
    """
    return "here" if slot == HERE else f"slot {slot}"


def headline(drawn: Timeline) -> str:
    """Say in a line what is drawn: how many nodes, how long, how busy.

    Examples
    --------
    >>> headline(Timeline("", 0.0, 0.0, "", (), 0, 0))
    'nothing ran yet'
    """
    if not drawn.bars:
        return "nothing ran" if drawn.run else "nothing ran yet"
    number, rows = len(drawn.bars), len(drawn.slots)
    parts = [
        f"{number:,} {'node' if number == 1 else 'nodes'} in {said_span(drawn.seconds)}",
        f"{rows} {'slot' if rows == 1 else 'slots'}, {drawn.busy:.0%} busy",
    ]
    for state in (State.FAILED, State.CANCELLED, State.RUNNING):
        some = sum(bar.state is state for bar in drawn.bars)
        parts += [f"{some:,} {state.word}"] if some else []
    parts += [f"{drawn.reused:,} reused"] if drawn.reused else []
    parts += [f"{drawn.blocked:,} blocked"] if drawn.blocked else []
    return " · ".join(parts)


def draw(drawn: Timeline) -> Drawn:
    """Lay a timeline out."""
    high = 28 if len(drawn.slots) <= 12 else 18 if len(drawn.slots) <= 32 else 9
    scale = (WIDTH - _LEFT - _RIGHT) / max(drawn.seconds, 1e-9)
    top = _HEAD + (_STRIP + 8 if drawn.waiting() else 0)
    bottom = top + high * max(1, len(drawn.slots))
    marks: list[Block | Words] = [Words(16, 22, headline(drawn), size=13)]
    marks += _legend(drawn)
    for at in ticks(drawn.seconds):
        x = _LEFT + at * scale
        marks.append(Block(x - 0.5, _HEAD, 1, bottom - _HEAD + 4, _GRID))
        marks.append(Words(x, bottom + 18, tick_name(at), _FAINT, "middle", 11))
    marks += _strip(drawn, scale)
    merged = 0
    for row, slot in enumerate(drawn.slots):
        y = top + row * high
        if high > 9 or not row % 5:
            name = Words(_LEFT - 8, y + high / 2 + 4, row_name(slot), _FAINT, "end", 11)
            marks.append(name)
        found, thin = _row([bar for bar in drawn.bars if bar.slot == slot], scale, y, high)
        marks += found
        merged += thin
    if merged:
        said = f"{merged:,} bars thinner than a pixel are drawn together with their neighbours"
        marks.append(Words(_LEFT, bottom + 36, said, _FAINT, size=11))
    return Drawn(WIDTH, bottom + _FOOT + (16 if merged else 0), tuple(marks), merged)


def _legend(drawn: Timeline) -> Iterator[Block | Words]:
    x, y = 16.0, 33
    states = {bar.state for bar in drawn.bars}
    items = [(State.DONE.colour, LOADING, LOADING)] if State.DONE in states else []
    items += [(s.colour, "", f"{_ENDS[s]}") for s in _ENDS if s in states]
    items += [(State.DONE.colour, STORING, STORING)] if State.DONE in states else []
    items += [(_WAIT, "", "waiting: ready, no slot free")] if drawn.waiting() else []
    for colour, pattern, word in items:
        thin = colour == _WAIT
        yield Block(x, y + (5 if thin else 0), 18, 2 if thin else 12, colour, pattern)
        state = next((s for s in states if s is not State.DONE and _ENDS[s] == word), None)
        text = f"{state.glyph} {word}" if state is not None else word
        yield Words(x + 23, y + 10, text, _FAINT, size=11)
        x += 23 + columns(text) * 6.2 + 16


def _strip(drawn: Timeline, scale: float) -> Iterator[Block | Words]:
    """How many wait, as an area above the rows, no finer than a pixel."""
    steps = drawn.waiting()
    if not steps:
        return
    most = max(number for _, number in steps)
    yield Words(_LEFT - 8, _HEAD + 10, "waiting", _FAINT, "end", 11)
    yield Words(_LEFT - 8, _HEAD + 23, f"≤ {most:,}", _FAINT, "end", 10)
    ends = [at for at, _ in steps[1:]]
    begun, peak = steps[0][0], 0
    for (_, number), end in zip(steps, ends, strict=False):
        peak = max(peak, number)
        if (end - begun) * scale >= _THIN:
            if peak:
                h = _STRIP * peak / most
                x = _LEFT + begun * scale
                yield Block(x, _HEAD + _STRIP - h, (end - begun) * scale, h, "#c9d1da")
            begun, peak = end, 0


def _row(bars: list[Bar], scale: float, y: float, high: int) -> tuple[list[Block | Words], int]:
    marks: list[Block | Words] = []
    merged, free = 0, 0.0
    for group in _groups(bars, scale):
        first, last = group[0], group[-1]
        if (first.start - max(first.ready, free)) * scale >= 2:
            x = _LEFT + max(first.ready, free) * scale
            w = _LEFT + first.start * scale - x
            marks.append(Block(x, y + high / 2 - 1, w, 2, _WAIT))
        free = last.end
        if len(group) == 1:
            marks += _bar(first, scale, y + 2, high - 4)
        else:
            merged += len(group)
            x = _LEFT + first.start * scale
            w = max(_THIN, (last.end - first.start) * scale)
            marks.append(Block(x, y + 2, w, high - 4, State.DONE.colour))
            marks += _unfinished(group, scale, y, high)
    return marks, merged


def _unfinished(group: Iterable[Bar], scale: float, y: float, high: int) -> Iterator[Block | Words]:
    """What did not finish among bars that are drawn as one: on top, one mark a glyph's width."""
    free = 0.0
    for bar in group:
        x = _LEFT + bar.start * scale
        if bar.state is not State.DONE and x >= free:
            yield Block(x, y + 2, 12, high - 4, bar.state.colour)
            if high >= 16:
                ink = _ink(bar.state)
                yield Words(x + 6, y + high / 2 + 4, bar.state.glyph, ink, "middle", 11)
            free = x + 12


def _ink(state: State) -> str:
    return _INK if state is State.CANCELLED else "#ffffff"


def _groups(bars: Iterable[Bar], scale: float) -> Iterator[list[Bar]]:
    """Bars that are drawn as one: neighbours thinner than a pixel, less than one apart."""
    group: list[Bar] = []
    for bar in bars:
        thin = bar.phases.total * scale < _THIN
        near = group and (bar.start - group[-1].end) * scale < _THIN
        if group and not (thin and near and group[-1].phases.total * scale < _THIN):
            yield group
            group = []
        group.append(bar)
    if group:
        yield group


def _bar(bar: Bar, scale: float, y: float, high: float) -> Iterator[Block | Words]:
    x, w = _LEFT + bar.start * scale, max(_THIN, bar.phases.total * scale)
    gap = 0.8 if w > 3 else 0.0
    label = line(bar.label)
    title = _title(bar, label) if w >= 3 else ""
    yield Block(x, y, w - gap, high, bar.state.colour, "", title)
    loading, storing = bar.phases.loading * scale, bar.phases.storing * scale
    if loading >= _THIN:
        yield Block(x, y, min(loading, w - gap), high, bar.state.colour, LOADING, title)
    if storing - gap >= _THIN:
        yield Block(x + w - storing, y, storing - gap, high, bar.state.colour, STORING, title)
    glyph = "" if bar.state is State.DONE else f"{bar.state.glyph} "
    begin = x + (loading if loading >= _THIN else 0.0)
    room = w - (begin - x) - (storing if storing >= _THIN else 0.0) - 6
    text = _fitting(glyph, label, int(room / _LETTER))
    if text and high >= 12:
        yield Words(begin + 4, y + high / 2 + 4, text, _ink(bar.state), size=11)
    elif glyph and high >= 12:
        # Where there is no room in the bar, beside it: a failure must not be told by colour alone.
        yield Words(x + w + 1, y + high / 2 + 4, glyph.strip(), bar.state.colour, size=11)


def _fitting(glyph: str, label: str, room: int) -> str:
    room -= columns(glyph)
    if columns(label) <= room:
        return glyph + label
    if room < 4:
        return glyph.strip() if glyph and room >= 0 else ""
    return f"{glyph}{label[: (room if label.isascii() else room // 2) - 1]}…"


def _title(bar: Bar, label: str) -> str:
    parts = [f"{bar.state.glyph} {label}: {said_span(bar.phases.total)}"]
    if bar.state is State.DONE:
        phases = (LOADING, bar.phases.loading), (STORING, bar.phases.storing)
        parts += [f"{word} {said_span(seconds)}" for word, seconds in phases]
    if bar.waited:
        parts.append(f"waited {said_span(bar.waited)}")
    return ", ".join(parts)


_STYLE: Final = "text{font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace}"
_PATTERNS: Final = (
    f'<pattern id="{LOADING}" width="6" height="6" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect width="6" height="6" fill="#fff" fill-opacity=".62"/>'
    '<rect width="2" height="6" fill="#fff" fill-opacity=".5"/></pattern>'
    f'<pattern id="{STORING}" width="5" height="5" patternUnits="userSpaceOnUse">'
    '<rect width="5" height="5" fill="#fff" fill-opacity=".38"/>'
    '<circle cx="2.5" cy="2.5" r="1.2" fill="#fff" fill-opacity=".85"/></pattern>'
)


def to_svg(drawn: Timeline) -> str:
    """Draw a timeline as an SVG image: no scripts, no links, no fonts."""
    picture = draw(drawn)
    w, h = f"{picture.width:.0f}", f"{picture.height:.0f}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}">',
        f"<style>{_STYLE}</style><defs>{_PATTERNS}</defs>",
        f'<rect width="{w}" height="{h}" rx="8" fill="#fff"/>',
        *(_block(mark) if isinstance(mark, Block) else _words(mark) for mark in picture.marks),
        "</svg>",
    ]
    return "".join(parts)


def _block(mark: Block) -> str:
    place = f'x="{mark.x:.1f}" y="{mark.y:.1f}" width="{mark.w:.1f}" height="{mark.h:.1f}"'
    fill = f"url(#{mark.pattern})" if mark.pattern else mark.colour
    # In the legend a pattern has no bar below it.
    base = f'<rect {place} fill="{mark.colour}"/>' if mark.pattern and not mark.title else ""
    title = f"<title>{escape(mark.title)}</title>" if mark.title else ""
    return f"{base}<rect {place} fill={quoteattr(fill)}" + (f">{title}</rect>" if title else "/>")


def _words(mark: Words) -> str:
    anchor = "" if mark.anchor == "start" else f' text-anchor="{mark.anchor}"'
    place = f'x="{mark.x:.1f}" y="{mark.y:.1f}" font-size="{mark.size}" fill="{mark.colour}"'
    return f"<text {place}{anchor}>{escape(mark.text)}</text>"
