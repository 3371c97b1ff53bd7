"""Which cell of the notebook a text is, also where the front end does not say so."""

from __future__ import annotations

import ast
import difflib
from typing import Final

from checkpoint_nb.notebook.names import names_of

_ALIKE: Final = 0.6
"""Share of a text that an edit leaves as it was."""


class Places:
    """Gives every cell a place that it keeps when it is run again or edited.

    Examples
    --------
    >>> places = Places()
    >>> places.of("n = 10", "id-7", edits=False)
    'id-7'
    >>> places.of("n = 10", "", edits=True) == places.of("n = 20", "", edits=True)
    True
    >>> places.of("k = 10", "", edits=False) == places.of("k = 20", "", edits=False)
    False
    """

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._by_text: dict[str, str] = {}

    def of(self, source: str, cell_id: str, *, edits: bool) -> str:
        """Return the place of the cell with this text.

        Parameters
        ----------
        source
            Its text, after IPython's transformation.
        cell_id
            What the front end calls it, or ``""``.
        edits
            Somebody writes the cells while they run: a text much like one before, that binds the
            same names, is that one edited. Where a notebook is run through, it is another cell.
        """
        if cell_id:
            return cell_id
        place = self._by_text.get(source) or (self._edited(source) if edits else "")
        if not place:
            place = f"text {len(self._texts) + 1}"
        self._texts[place] = source
        self._by_text[source] = place
        return place

    def _edited(self, source: str) -> str:
        binds = _binds(source)
        best, found = _ALIKE, ""
        for place, text in self._texts.items():
            if binds and _binds(text) == binds:
                ratio = difflib.SequenceMatcher(None, text, source, autojunk=False).ratio()
                if ratio >= best:
                    best, found = ratio, place
        return found


def _binds(source: str) -> frozenset[str]:
    try:
        return frozenset(names_of(ast.parse(source)).binds)
    except SyntaxError:
        return frozenset()
