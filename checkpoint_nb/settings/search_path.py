"""Where Python looks for modules: ``sys.path``."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterable
from typing import Final

from checkpoint_nb.settings.kind import NOTHING, Part
from checkpoint_nb.settings.sequences import Sequence, entries

_AT_START: Final = tuple(sys.path)
_INSTALLED: Final = tuple({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})


class SearchPath(Sequence):
    """``sys.path``; what this process had at its start, or got from libraries, comes last."""

    name = "path"

    def __init__(self) -> None:
        self._last: list[str] = []
        self._part: Part = NOTHING

    def read(self) -> Part:
        """Return the entries that are text; Python ignores others."""
        if self._last != sys.path:
            self._last = list(sys.path)
            self._part = {"entries": [entry for entry in sys.path if isinstance(entry, str)]}
        return self._part

    def put(self, wanted: Part) -> None:
        """Let the path be this one, and after it what is this process's own."""
        path = entries(wanted)
        own = [entry for entry in sys.path if entry not in path and _is_own(entry)]
        self.replace([*path, *own])

    def replace(self, entries: Iterable[object]) -> None:
        """Let the path hold just these."""
        path = [str(entry) for entry in entries]
        if path != sys.path:
            sys.path[:] = path


def _is_own(entry: str) -> bool:
    return entry in _AT_START or entry.startswith(_INSTALLED)
