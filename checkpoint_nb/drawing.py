"""What of a graph is drawn: nodes, tasks or a fold of what was there already; and as DOT text."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from checkpoint_nb.events import NodeInfo
from checkpoint_nb.labels import columns, line, shorten

MOST: Final = 60
"""More nodes than this are drawn as one box for each task."""
MOST_BOXES: Final = 300
"""More boxes than this are never drawn."""
_FOLD_FROM: Final = 24
_LEAST_FOLDED: Final = 6


@dataclass(frozen=True, slots=True)
class Shape:
    """One box: a node, all nodes of a task, or a fold; ``members`` are places on the board."""

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
        return (max(wanted + 20, 224), 80) if self.group else (max(wanted, 138), 48)


@dataclass(frozen=True, slots=True)
class Arrow:
    """One edge of the drawing: from a shape to another, with the variable's name."""

    tail: str
    head: str
    label: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn, before anybody knows where; ``folded`` nodes are in one box."""

    shapes: tuple[Shape, ...]
    arrows: tuple[Arrow, ...]
    folded: int = 0


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


@dataclass(frozen=True, slots=True)
class Choices:
    """What somebody chose to see; the default is everything, many nodes by task.

    Parameters
    ----------
    opened
        Tasks whose nodes are drawn one by one, though there are many.
    focus, way
        A node, and ``"upstream"`` or ``"downstream"``: what has nothing to do with it is left out.
    unfolded
        Draw also one by one what was fresh before the run.
    """

    opened: frozenset[str] = frozenset()
    focus: str = ""
    way: str = ""
    unfolded: bool = False


EVERYTHING: Final = Choices()


def draw(
    nodes: Sequence[NodeInfo],
    choices: Choices = EVERYTHING,
    fresh: Collection[int] = (),
    most: int = MOST,
) -> Drawing:
    """Decide what is drawn: each node, or, when there are more than ``most``, each task.

    In a large drawing the boxes of nodes that are all in ``fresh`` (places in ``nodes``) are folded
    into one, so that what runs is in front.

    Examples
    --------
    >>> raw = NodeInfo("a1", "raw", "raw", "cell", ())
    >>> model = NodeInfo("b2", "model", "model", "cell", (("a1", "frame"),))
    >>> draw([raw, model]).arrows
    (Arrow(tail='n0', head='n1', label='frame'),)
    """
    chosen = _in_focus(nodes, choices)
    members = _grouped(nodes, chosen, choices, most)
    folded = _folded(list(members.values()), choices, frozenset(fresh))
    shapes: list[Shape] = []
    for (kind, label, _), indexes in members.items():
        if indexes[0] not in folded:
            shapes.append(
                Shape(f"n{len(shapes)}", line(label) or "?", kind, tuple(indexes), len(indexes) > 1)
            )
    if folded:
        inside = tuple(
            index for indexes in members.values() for index in indexes if index in folded
        )
        shapes.append(Shape(f"n{len(shapes)}", f"{len(inside)} fresh", "fold", inside, group=True))
    owner = {nodes[index].node: shape.id for shape in shapes for index in shape.members}
    labels: dict[tuple[str, str], dict[str, None]] = {}
    for index in chosen:
        info = nodes[index]
        for upstream, variable in info.drawn:
            tail, head = owner.get(upstream), owner[info.node]
            if tail is not None and tail != head:
                labels.setdefault((tail, head), {})[line(variable, 24)] = None
    arrows = (
        Arrow(*ends, line(", ".join(filter(None, names)), 24)) for ends, names in labels.items()
    )
    return Drawing(tuple(shapes), tuple(arrows), len(folded))


def opens(nodes: Sequence[NodeInfo], choices: Choices, task: str) -> bool:
    """Whether drawing the nodes of ``task`` one by one, too, leaves a picture one can read."""
    more = Choices(choices.opened | {task}, choices.focus, choices.way, choices.unfolded)
    chosen = _in_focus(nodes, more)
    alone = sum(nodes[index].task in more.opened for index in chosen)
    return alone + len({nodes[index].task for index in chosen}) <= MOST_BOXES


def _in_focus(nodes: Sequence[NodeInfo], choices: Choices) -> Sequence[int]:
    """Pick the places of what is upstream or downstream of the node in focus."""
    place = {info.node: index for index, info in enumerate(nodes)}
    if choices.focus not in place:
        return range(len(nodes))
    near: dict[str, list[str]] = {}
    for info in nodes:
        for upstream, _ in info.drawn:
            ends = (info.node, upstream) if choices.way == "upstream" else (upstream, info.node)
            near.setdefault(ends[0], []).append(ends[1])
    seen, todo = {choices.focus}, [choices.focus]
    while todo:
        found = [each for each in near.get(todo.pop(), ()) if each not in seen and each in place]
        seen.update(found)
        todo += found
    return sorted(place[node] for node in seen)


def _grouped(
    nodes: Sequence[NodeInfo], chosen: Sequence[int], choices: Choices, most: int
) -> dict[tuple[str, str, str], list[int]]:
    """Sort the places into boxes, by kind, label, and the node where it stands alone."""

    def sorted_by(tasks: bool) -> dict[tuple[str, str, str], list[int]]:
        boxes: dict[tuple[str, str, str], list[int]] = {}
        for index in chosen:
            info = nodes[index]
            if tasks and info.task in choices.opened:
                key = info.kind, info.label, info.node
            else:
                key = info.kind, info.task if tasks else f"all {info.kind}s", ""
            boxes.setdefault(key, []).append(index)
        return boxes

    if len(chosen) <= most:
        return {
            (nodes[index].kind, nodes[index].label, nodes[index].node): [index] for index in chosen
        }
    by_task = sorted_by(tasks=True)
    boxes = by_task if len(by_task) <= MOST_BOXES else sorted_by(tasks=False)
    return {
        key if len(indexes) > 1 else (key[0], nodes[indexes[0]].label, key[2]): indexes
        for key, indexes in boxes.items()
    }


def _folded(boxes: list[list[int]], choices: Choices, fresh: Collection[int]) -> frozenset[int]:
    """Pick the places that go into the fold: none, unless it makes a large drawing much smaller."""
    if choices.unfolded or len(boxes) <= _FOLD_FROM:
        return frozenset()
    inside = [indexes for indexes in boxes if all(index in fresh for index in indexes)]
    if len(inside) < _LEAST_FOLDED or len(inside) == len(boxes):
        return frozenset()
    return frozenset(index for indexes in inside for index in indexes)


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
