"""A board as DOT text, as a still picture and as a table: text in, text out, nothing else."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from xml.sax.saxutils import escape

from checkpoint_nb.board import URGENCY, Snapshot
from checkpoint_nb.events import NodeInfo
from checkpoint_nb.states import State

MOST = 60
"""More nodes than this are drawn as one box for each task."""

LONGEST = 34
"""Columns of a label that are drawn; the rest is in the details."""

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)", re.DOTALL)
_DIRECTION_MARKS = dict.fromkeys(
    [0x200E, 0x200F, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)


@dataclass(frozen=True, slots=True)
class Shape:
    """One box of the drawing: a node, or all nodes of a task; ``members`` index the board."""

    id: str
    label: str
    kind: str
    members: tuple[int, ...]
    group: bool

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels; from the label's length, so that no font is asked."""
        room = 62 if self.kind == "function" else 70
        wanted = room + round(7.7 * columns(shorten(self.label)))
        return (max(wanted + 20, 208), 66) if self.group else (max(wanted, 138), 48)


@dataclass(frozen=True, slots=True)
class Arrow:
    """One edge of the drawing: from a shape to another, with the variable's name."""

    tail: str
    head: str
    label: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn, before anybody knows where."""

    shapes: tuple[Shape, ...]
    arrows: tuple[Arrow, ...]


@dataclass(frozen=True, slots=True)
class Box:
    """Where a shape is: its upper left corner and its size, in pixels."""

    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True, slots=True)
class Curve:
    """Where an arrow runs: the points of a cubic spline, and the middle of its label."""

    tail: str
    head: str
    points: tuple[tuple[float, float], ...]
    label: tuple[float, float] | None = None

    @property
    def path(self) -> str:
        """The curve in the words of SVG."""
        first, *rest = (f"{x:.0f} {y:.0f}" for x, y in self.points)
        return f"M{first}C{' '.join(rest)}"


@dataclass(frozen=True, slots=True)
class Picture:
    """Where everything is; ``by`` names what laid it out."""

    width: float
    height: float
    boxes: Mapping[str, Box]
    curves: tuple[Curve, ...]
    by: str


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


def draw(nodes: Sequence[NodeInfo], most: int = MOST) -> Drawing:
    """Decide what is drawn: each node, or, when there are more than ``most``, each task.

    Examples
    --------
    >>> raw = NodeInfo("a1", "raw", "raw", "cell", ())
    >>> model = NodeInfo("b2", "model", "model", "cell", (("a1", "frame"),))
    >>> draw([raw, model]).arrows
    (Arrow(tail='n0', head='n1', label='frame'),)
    """
    grouped = len(nodes) > most
    members: dict[tuple[str, str], list[int]] = {}
    for index, info in enumerate(nodes):
        members.setdefault((info.kind, info.task) if grouped else ("", info.node), []).append(index)
    shapes: list[Shape] = []
    owner: dict[str, str] = {}
    for number, indexes in enumerate(members.values()):
        first = nodes[indexes[0]]
        label = first.task if grouped else first.label
        shapes.append(Shape(f"n{number}", line(label) or "?", first.kind, tuple(indexes), grouped))
        owner.update((nodes[index].node, f"n{number}") for index in indexes)
    labels: dict[tuple[str, str], dict[str, None]] = {}
    for info in nodes:
        for upstream, variable in info.drawn:
            tail, head = owner.get(upstream), owner[info.node]
            if tail is not None and tail != head:
                labels.setdefault((tail, head), {})[line(variable, 24)] = None
    arrows = (
        Arrow(*ends, line(", ".join(filter(None, names)), 24)) for ends, names in labels.items()
    )
    return Drawing(tuple(shapes), tuple(arrows))


def to_dot(drawing: Drawing) -> str:
    r"""Write ``drawing`` in the DOT language, one statement a line, labels last and as plain text.

    Examples
    --------
    >>> print(to_dot(draw([NodeInfo("a1", 'say "hi"', "say", "cell", ())])))  # doctest: +ELLIPSIS
    digraph {
    ...
      n0 [width=1.917, height=0.667, shape=component, label="say \"hi\""];
    }
    """
    rows = [
        "digraph {",
        f"  graph [rankdir={_direction(drawing)}, nodesep=0.3, ranksep=0.55, margin=0];",
        '  node [shape=box, style=rounded, fixedsize=true, fontname="Helvetica", fontsize=12];',
        '  edge [arrowhead=none, fontname="Helvetica", fontsize=11];',
    ]
    for shape in drawing.shapes:
        width, height = (f"{side / 72:.3f}" for side in shape.size)
        kind = "shape=component, " if shape.kind == "cell" else ""
        label = f"{shape.label} ×{len(shape.members)}" if shape.group else shape.label
        rows.append(f"  {shape.id} [width={width}, height={height}, {kind}label={_quote(label)}];")
    rows += [
        f"  {arrow.tail} -> {arrow.head} [label={_quote(arrow.label)}];" for arrow in drawing.arrows
    ]
    return "\n".join([*rows, "}"])


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


def duration(seconds: float) -> str:
    """``seconds`` as people say it: ``0.4 s``, ``2 min 5 s``, ``1 h 20 min``."""
    if seconds < 59.95:
        return f"{seconds * 1000:.0f} ms" if seconds < 0.095 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


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


def _quote(label: str) -> str:
    """``label`` as a DOT string in which nothing is markup."""
    return '"' + label.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _direction(drawing: Drawing) -> str:
    """Left to right or top to bottom: whichever leaves the boxes larger in a notebook's page."""
    ranks: dict[str, int] = {shape.id: 0 for shape in drawing.shapes}
    for _ in range(min(len(ranks), 40)):
        before = dict(ranks)
        for arrow in drawing.arrows:
            ranks[arrow.head] = max(ranks[arrow.head], min(ranks[arrow.tail] + 1, 40))
        if ranks == before:
            break
    deep = max(ranks.values(), default=0) + 1
    wide = max((list(ranks.values()).count(rank) for rank in range(deep)), default=1)
    across = max(deep * 250 / 900, wide * 70 / 520)
    down = max(wide * 200 / 900, deep * 100 / 520)
    return "LR" if across <= down else "TB"
