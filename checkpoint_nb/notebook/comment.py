"""The comment form: ``#| checkpoint: NAME`` on a cell's first line is ``%%checkpoint NAME``."""

from __future__ import annotations

import re
from typing import Final

_COMMENT: Final = re.compile(r"#\|\s*checkpoint\b\s*:?[ \t]*(.*)")
_MAGIC: Final = re.compile(r"%%checkpoint\b")


class CommentForm:
    r"""An ``input_transformers_cleanup`` hook; a cell keeps its lines and their numbers.

    A cell with the comment is plain Python to everybody else: linters, formatters, jupytext, a
    colleague without the extension. Quarto writes its options the same way.

    Attributes
    ----------
    off
        Checkpoints are switched off: both spellings are taken for plain cells.

    Examples
    --------
    >>> form = CommentForm()
    >>> form(["#| checkpoint: model --file a.csv\n", "m = 1\n"])
    ['%%checkpoint model --file a.csv\n', 'm = 1\n']
    >>> form.off = True
    >>> form(["%%checkpoint model\n", "m = 1\n"])
    ['# %%checkpoint model\n', 'm = 1\n']
    """

    def __init__(self) -> None:
        self.off = False

    def __call__(self, lines: list[str]) -> list[str]:
        """Transform the lines of one cell."""
        first = next((at for at, line in enumerate(lines) if line.strip()), None)
        if first is None:
            return lines
        if self.off:
            if not _MAGIC.match(lines[first]):
                return lines
            return [*lines[:first], f"# {lines[first]}", *lines[first + 1 :]]
        found = _COMMENT.match(lines[first])
        if found is None or first + 1 == len(lines):
            return lines
        words = found[1].strip().strip("\"'")
        # A cell magic must stand on the first line: what was blank before it goes below.
        return [f"%%checkpoint {words}".rstrip() + "\n", *lines[:first], *lines[first + 1 :]]
