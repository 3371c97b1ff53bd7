"""Widgets as they look: what is shown of one that does not live in the notebook."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from checkpoint_nb.notebook.condensing import note
from checkpoint_nb.spool import Message

_VIEW: Final = "application/vnd.jupyter.widget-view+json"
_LONGEST: Final = 110
"""Characters of the text of a widget, as ipywidgets cuts it."""
NO_WIDGETS: Final = note(
    "⚠ a widget is shown as it looked: run the cell with --here, or make it in a plain cell, "
    "for one that can be used"
)


@dataclass
class _Seen:
    widget: object
    display_id: str
    text: str


class Widgets:
    """Takes the models out of what a cell displays, and notices when a widget looks different."""

    def __init__(self) -> None:
        self._seen: list[_Seen] = []

    def take(self, kind: str, content: dict[str, object]) -> bool:
        """Make ``content`` static if it shows a widget; say whether it is the first one."""
        data = content.get("data")
        if not isinstance(data, dict) or _VIEW not in data:
            return False
        first = not self._seen
        view = data.pop(_VIEW)
        model = view.get("model_id") if isinstance(view, dict) else None
        transient = content.get("transient")
        display_id = ""
        if kind == "display" and isinstance(transient, dict):
            display_id = str(transient.setdefault("display_id", uuid.uuid4().hex))
        text = str(data.get("text/plain", ""))
        self._seen.append(_Seen(_widget(model), display_id, text))
        return first

    def changed(self, *, bars_only: bool = False) -> Iterator[Message]:
        """Give an update for each widget that looks different by now.

        Parameters
        ----------
        bars_only
            Look at progress bars alone: they can be looked at while the cell runs.
        """
        for seen in list(self._seen):
            if seen.widget is None or not seen.display_id:
                continue
            if bars_only and type(seen.widget).__name__ != "TqdmHBox":
                continue
            text = _text(seen.widget)
            if text and text != seen.text:
                seen.text = text
                transient = {"display_id": seen.display_id}
                content = {"data": {"text/plain": text}, "metadata": {}}
                yield "display", {**content, "transient": transient, "update": True}


def _widget(model: object) -> object:
    module = sys.modules.get("ipywidgets.widgets.widget")
    known = getattr(module, "_instances", None) or getattr(
        getattr(module, "Widget", None), "widgets", {}
    )
    return known.get(model) if isinstance(known, dict) else None


def _text(widget: object) -> str:
    try:
        text = repr(widget)
    except Exception:  # noqa: BLE001 - one that is closed, or changes while it is looked at
        return ""
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
