"""Where the boxes go: graphviz where there is one, else a plain layered layout."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

from checkpoint_nb.drawing import Box, Curve, Picture

_NODE = re.compile(r"^  (n\d+) \[width=([\d.]+), height=([\d.]+)", re.MULTILINE)
_EDGE = re.compile(r"^  (n\d+) -> (n\d+) \[", re.MULTILINE)
_LONGEST_OUTPUT = 64 << 20


@lru_cache(maxsize=64)
def lay_out(dot: str, *, timeout: float = 3.0) -> Picture:
    r"""Give every box of ``dot``, as `checkpoint_nb.drawing.to_dot` writes it, a place.

    Graphviz runs as a process of its own and is ended after ``timeout`` seconds; without it, or
    when it fails, a plain layout is made here. The answer is kept for the same text.

    Examples
    --------
    >>> picture = lay_out('digraph {\n  n0 [width=1, height=0.5, label="a"];\n}')
    >>> picture.boxes["n0"].w
    72.0
    """
    for program in programs():
        try:
            return _by_graphviz(program, dot, timeout)
        except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError, IndexError):
            continue
    return lay_out_plainly(dot)


def programs() -> list[str]:
    """List the graphviz executables: ours, then the system's; never the current folder's."""
    beside = Path(sys.executable).parent
    here = Path.cwd()
    folders = [
        folder
        for folder in os.environ.get("PATH", os.defpath).split(os.pathsep)
        if folder and Path(folder).is_absolute() and Path(folder) != here
    ]
    path = os.pathsep.join(folders)
    found = (
        shutil.which("graphviz-pure", path=str(beside)),
        shutil.which("graphviz-pure", path=path),
        shutil.which("dot", path=path),
    )
    return list(dict.fromkeys(program for program in found if program))


def _by_graphviz(program: str, dot: str, timeout: float) -> Picture:
    answer = subprocess.run(  # noqa: S603 - a found program, fixed words, the text on stdin
        [program, "-Tjson"],
        input=dot.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=timeout,
        check=True,
        start_new_session=True,
    )
    if len(answer.stdout) > _LONGEST_OUTPUT:
        raise ValueError("too much output")
    graph = json.loads(answer.stdout)
    _, _, width, height = (float(part) for part in graph["bb"].split(","))

    def flip(text: str) -> tuple[float, float]:
        x, y = text.split(",")
        return round(float(x), 1), round(height - float(y), 1)

    boxes: dict[str, Box] = {}
    names: dict[int, str] = {}
    for node in graph.get("objects", ()):
        (x, y), w, h = flip(node["pos"]), float(node["width"]) * 72, float(node["height"]) * 72
        names[node["_gvid"]] = node["name"]
        boxes[node["name"]] = Box(
            round(x - w / 2, 1), round(y - h / 2, 1), round(w, 1), round(h, 1)
        )
    curves = tuple(
        Curve(
            names[edge["tail"]],
            names[edge["head"]],
            tuple(flip(point) for point in edge["pos"].split()),
            flip(edge["lp"]) if "lp" in edge else None,
        )
        for edge in graph.get("edges", ())
    )
    if set(boxes) != {name for name, _, _ in _NODE.findall(dot)}:
        raise ValueError("not the graph that was asked for")
    return Picture(width, height, boxes, curves, Path(program).stem)


def lay_out_plainly(dot: str) -> Picture:
    """Lay out in layers by the longest way from a start, each ordered once by its neighbours."""
    sizes = {name: (float(w) * 72, float(h) * 72) for name, w, h in _NODE.findall(dot)}
    ends = [(tail, head) for tail, head in _EDGE.findall(dot) if {tail, head} <= sizes.keys()]
    across = "rankdir=LR" in dot.partition("];")[0]
    layers = _layers(list(sizes), ends)
    # along: the way the arrows go; over: within a layer
    along = [max(sizes[name][0 if across else 1] for name in layer) for layer in layers]
    spans = [sum(sizes[name][1 if across else 0] + 24 for name in layer) - 24 for layer in layers]
    broad = max(spans, default=0.0)
    boxes: dict[str, Box] = {}
    at = 0.0
    for layer, depth, span in zip(layers, along, spans, strict=True):
        over = (broad - span) / 2
        for name in layer:
            w, h = sizes[name]
            x, y = (at, over) if across else (over, at)
            boxes[name] = Box(round(x, 1), round(y, 1), round(w, 1), round(h, 1))
            over += (h if across else w) + 24
        at += depth + 64
    length = max(at - 64, 0.0)
    rank = {name: number for number, layer in enumerate(layers) for name in layer}
    swing = max((box.h if across else box.w for box in boxes.values()), default=0.0) * 0.67 + 40
    curves = tuple(
        _curve(boxes, tail, head, across, swing if abs(rank[head] - rank[tail]) > 1 else 0.0)
        for tail, head in ends
    )
    outmost = [y if across else x for curve in curves for x, y in [curve.label or (0.0, 0.0)]]
    reach = max([broad, *(side + 24 for side in outmost)])
    width, height = (length, reach) if across else (reach, length)
    return Picture(width, height, boxes, curves, "built-in")


def _layers(names: list[str], ends: list[tuple[str, str]]) -> list[list[str]]:
    rank = dict.fromkeys(names, 0)
    upstream: dict[str, list[str]] = {name: [] for name in names}
    for tail, head in ends:
        upstream[head].append(tail)
    for _ in names:  # tasks drawn as groups may wait for each other, so the rounds are counted
        changed = False
        for head, tails in upstream.items():
            for tail in tails:
                if rank[head] <= rank[tail] < len(names) - 1:
                    rank[head], changed = rank[tail] + 1, True
        if not changed:
            break
    used = sorted(set(rank.values()))
    layers = [[name for name in names if rank[name] == value] for value in used]
    place: dict[str, float] = {}
    for number, layer in enumerate(layers):
        middles: dict[str, float] = {}
        for at, name in enumerate(layer):
            above = [place[tail] for tail in upstream[name] if tail in place]
            middles[name] = sum(above) / len(above) if above else (at + 0.5) / len(layer)
        layers[number] = sorted(layer, key=middles.__getitem__)
        place.update((name, (at + 0.5) / len(layer)) for at, name in enumerate(layers[number]))
    return layers


def _curve(boxes: dict[str, Box], tail: str, head: str, across: bool, swing: float) -> Curve:
    """Draw from side to side; ``swing`` keeps an arrow past other layers from hiding there."""
    a, b = boxes[tail], boxes[head]
    if across:
        x1, y1, x2, y2 = a.x + a.w, a.y + a.h / 2, b.x, b.y + b.h / 2
        bend = max(abs(x2 - x1) / 2, 24)
        points = ((x1, y1), (x1 + bend, y1 + swing), (x2 - bend, y2 + swing), (x2, y2))
        middle = ((x1 + x2) / 2, (y1 + y2) / 2 + 0.75 * swing)
    else:
        x1, y1, x2, y2 = a.x + a.w / 2, a.y + a.h, b.x + b.w / 2, b.y
        bend = max(abs(y2 - y1) / 2, 24)
        points = ((x1, y1), (x1 + swing, y1 + bend), (x2 + swing, y2 - bend), (x2, y2))
        middle = ((x1 + x2) / 2 + 0.75 * swing, (y1 + y2) / 2)
    return Curve(tail, head, points, middle)
