"""What travels between the view and the browser: the widget, its traits, the drawing once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Protocol

from checkpoint_nb.board import URGENCY, Snapshot
from checkpoint_nb.drawing import Drawing, Picture
from checkpoint_nb.labels import line, shorten
from checkpoint_nb.states import State

STATIC = Path(__file__).parent / "static"


class Widget(Protocol):
    """What the view needs of the widget in the browser."""

    model_id: str
    structure: dict[str, object]

    def hold_sync(self) -> AbstractContextManager[None]:
        """Hold back what is set, and send it as one message."""
        ...

    def send(self, content: Mapping[str, object]) -> None:
        """Send one message to every copy of the widget."""

    def on_msg(self, callback: Callable[[object, object, object], None]) -> None:
        """Call back with what the browser sends."""

    def close(self) -> None:
        """Take the widget off the page."""


@cache
def widget_class() -> Callable[..., Widget]:
    """Make the widget's class; here, so that the view can do without anywidget."""
    import anywidget
    import traitlets

    class LiveWidget(anywidget.AnyWidget):
        """What travels: the drawing once, then a byte a node and a few facts."""

        _esm = STATIC / "view.js"
        _css = STATIC / "view.css"
        legend: object = traitlets.List().tag(sync=True)
        structure = traitlets.Dict().tag(sync=True)
        states = traitlets.Bytes().tag(sync=True)
        seconds = traitlets.Bytes().tag(sync=True)
        facts = traitlets.Dict().tag(sync=True)

    return LiveWidget


def legend() -> list[dict[str, object]]:
    """List word, glyph, colour and urgency of each state; the place in the list is its code."""
    return [
        {
            "word": state.word,
            "glyph": state.glyph,
            "colour": state.colour,
            "settled": state.settled,
            "urgency": URGENCY.index(state),
        }
        for state in State
    ]


def structure(snapshot: Snapshot, drawing: Drawing, picture: Picture) -> dict[str, object]:
    """List what the browser needs once to draw the graph."""
    labels = {(arrow.tail, arrow.head): arrow.label for arrow in drawing.arrows}
    at = {shape.id: number for number, shape in enumerate(drawing.shapes)}
    return {
        "id": snapshot.structure,
        "width": picture.width,
        "height": picture.height,
        "by": picture.by,
        "nodes": [line(info.label) or "?" for info in snapshot.nodes],
        "boxes": [
            {
                "label": shape.label,
                "short": shorten(shape.label),
                "kind": shape.kind,
                "group": shape.group,
                "members": shape.members,
                "box": [getattr(picture.boxes[shape.id], side) for side in "xywh"],
            }
            for shape in drawing.shapes
        ],
        "edges": [
            {
                "tail": at[curve.tail],
                "head": at[curve.head],
                "path": curve.path,
                "label": labels.get((curve.tail, curve.head), ""),
                "at": curve.label,
            }
            for curve in picture.curves
        ],
    }
