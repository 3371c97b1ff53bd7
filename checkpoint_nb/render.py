"""A board as a still picture and as a table: text out, nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from xml.sax.saxutils import escape

from checkpoint_nb.board import URGENCY, Snapshot
from checkpoint_nb.drawing import Box, Drawing, Picture, Shape
from checkpoint_nb.labels import columns, duration, line, shorten
from checkpoint_nb.states import State


def summary(snapshot: Snapshot, now: float | None) -> str:
    """Say how it stands: ``3 of 12 done · 2 running``, and with ``now`` also ``8.4 s``."""
    counts = snapshot.counts()
    settled = sum(number for state, number in counts.items() if state.settled)
    parts = [f"{settled} of {len(snapshot.nodes)} done"]
    parts += [
        f"{counts[state]} {state.word}" for state in URGENCY if counts[state] and not state.settled
    ]
    if snapshot.outcome and now is not None:
        parts.append(duration(snapshot.elapsed(now)))
    return " · ".join(parts)


def to_text(snapshot: Snapshot, now: float, most: int = 40) -> str:
    """Write a table of at most ``most`` nodes, for a terminal and for search."""
    rows = [summary(snapshot, now)]
    shown = list(zip(snapshot.nodes, snapshot.statuses, strict=True))[:most]
    width = max((columns(shorten(line(info.label))) for info, _ in shown), default=0)
    for info, status in shown:
        label = shorten(line(info.label))
        took = duration(status.seconds) if status.state.settled and status.seconds else ""
        what = took or line(status.message or status.reason, 80)
        pad = " " * (width - columns(label))
        rows.append(f"  {status.state.glyph} {label}{pad}  {status.state.word:<9}  {what}".rstrip())
    if len(snapshot.nodes) > most:
        rows.append(f"  … and {len(snapshot.nodes) - most} more")
    return "\n".join(rows)


_STYLE = (
    "text{font:13px ui-monospace,Menlo,Consolas,monospace;fill:#1f2328}"
    "text.s{font:11px system-ui,sans-serif;fill:#57606a}text.g{fill:#fff;text-anchor:middle}"
    "path{fill:none;stroke:#8c959f;stroke-width:1.3}"
    "text.e{font:11px system-ui,sans-serif;fill:#57606a;text-anchor:middle;"
    "stroke:#fff;stroke-width:4px;paint-order:stroke}"
)

_MARKER = (
    '<defs><marker id="a" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
    'orient="auto"><path d="M0 .5L8 4 0 7.5z" style="fill:#8c959f;stroke:none"/></marker></defs>'
)


def to_svg(drawing: Drawing, picture: Picture, snapshot: Snapshot, now: float) -> str:
    """Draw the still picture that is kept in the notebook: no scripts, no links, no fonts."""
    margin, head = 16, 58
    width = max(picture.width + 2 * margin, 560)
    height = picture.height + head + margin
    used = {status.state for status in snapshot.statuses}
    colours = "".join(
        f".{s.word} .b{{fill:{_tint(s.colour)};stroke:{s.colour}}}.{s.word} .c{{fill:{s.colour}}}"
        for s in State
        if s in used
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}">',
        f"<style>{_STYLE}{colours}</style>",
        _MARKER,
        f'<rect x=".5" y=".5" width="{width - 1:.0f}" height="{height - 1:.0f}" rx="8" '
        'fill="#fff" stroke="#d0d7de"/>',
        f'<text x="{margin}" y="25">{escape(summary(snapshot, now))}</text>',
        _legend(snapshot, margin, 44),
        f'<g transform="translate({(width - picture.width) / 2:.0f} {head})">',
    ]
    labels = {(arrow.tail, arrow.head): arrow.label for arrow in drawing.arrows}
    for curve in picture.curves:
        parts.append(f'<path d="{curve.path}" marker-end="url(#a)"/>')
        label = labels.get((curve.tail, curve.head), "")
        if label and curve.label is not None:
            x, y = curve.label
            parts.append(f'<text class="e" x="{x:.0f}" y="{y + 4:.0f}">{escape(label)}</text>')
    parts += [_shape(shape, picture.boxes[shape.id], snapshot) for shape in drawing.shapes]
    return "".join([*parts, "</g></svg>"])


def to_strip(snapshot: Snapshot, now: float) -> str:
    """Draw the one-line picture that is kept under a cell."""
    text = escape(summary(snapshot, now))
    bar = _stack(snapshot, tuple(range(len(snapshot.nodes))), 1, 8, 150, 8)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="720" height="24">'
        f'<style>{_STYLE}</style><rect width="720" height="24" rx="4" fill="#fff"/>{bar}'
        f'<text class="s" x="162" y="16">{text}</text></svg>'
    )


def urgent(snapshot: Snapshot, members: Sequence[int]) -> State:
    """Pick the state that stands for ``members``."""
    present = {snapshot.codes[index] for index in members}
    return next(state for state in URGENCY if state.code in present)


def _shape(shape: Shape, box: Box, snapshot: Snapshot) -> str:
    state = urgent(snapshot, shape.members)
    status = snapshot.statuses[shape.members[0]]
    word = state.word
    if shape.group:
        codes = bytes(snapshot.codes[index] for index in shape.members)
        word = ", ".join(f"{codes.count(s.code)} {s.word}" for s in URGENCY if s.code in codes)
    elif state.settled and status.seconds:
        word += f" · {duration(status.seconds)}"
    cell = shape.kind == "cell"
    parts = [
        f'<g class="{state.word}" transform="translate({box.x:.0f} {box.y:.0f})">'
        f'<rect class="b" width="{box.w:.0f}" height="{box.h:.0f}" rx="{3 if cell else 12}"/>'
    ]
    if cell:
        parts.append(f'<rect class="c" width="7" height="{box.h:.0f}"/>')
    left = 26 if cell else 22
    label = shorten(shape.label) + (f" ×{len(shape.members)}" if shape.group else "")
    parts.append(
        f'<circle class="c" cx="{left}" cy="24" r="10"/>'
        f'<text class="g" x="{left}" y="28.5">{state.glyph}</text>'
        f'<text x="{left + 18}" y="21">{escape(label)}</text>'
        f'<text class="s" x="{left + 18}" y="37">{escape(word)}</text>'
    )
    if shape.group:
        parts.append(_stack(snapshot, shape.members, left + 18, 47, box.w - left - 34, 7))
    return "".join([*parts, "</g>"])


def _stack(
    snapshot: Snapshot, members: tuple[int, ...], x: float, y: float, w: float, h: float
) -> str:
    codes = sorted(
        (snapshot.statuses[index].state for index in members), key=lambda s: -URGENCY.index(s)
    )
    parts = []
    for state, same in groupby(codes):
        wide = w * len(list(same)) / len(codes)
        parts.append(
            f'<rect x="{x:.1f}" y="{y}" width="{wide:.1f}" height="{h}" fill="{state.colour}"/>'
        )
        x += wide
    return "".join(parts)


def _legend(snapshot: Snapshot, x: float, y: float) -> str:
    used = [(state, number) for state, number in snapshot.counts().items() if number]
    spans = [
        f'<tspan fill="{state.colour}" dx="{9 if at else 0}">{state.glyph}</tspan> '
        f"{number} {state.word}"
        for at, (state, number) in enumerate(used)
    ]
    return f'<text class="s" x="{x}" y="{y}">{"".join(spans)}</text>'


def _tint(colour: str) -> str:
    """``colour`` at one part in ten on white."""
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(255 - (255 - part) * 0.1):02x}" for part in parts)
