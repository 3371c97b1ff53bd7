"""The settings of a process as a whole: taken in the notebook, put in force where it works."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from checkpoint_nb.settings.arrays import Arrays
from checkpoint_nb.settings.decimals import Decimals
from checkpoint_nb.settings.drawing import Drawing
from checkpoint_nb.settings.figures import Figures
from checkpoint_nb.settings.filters import Filters
from checkpoint_nb.settings.formatting import Formatting
from checkpoint_nb.settings.frames import Pandas, Polars
from checkpoint_nb.settings.kind import NOTHING, Kind, Part
from checkpoint_nb.settings.process import Directory, Environ, Limits, Locale
from checkpoint_nb.settings.search_path import SearchPath

_drawing: Final = Drawing()
_figures: Final = Figures()
_formatting: Final = Formatting()
# Polars before the environment, which holds most of its options, and the filters of warnings
# last, so that what another kind does there is gone.
_KINDS: Final[tuple[Kind, ...]] = (
    Polars(),
    Environ(),
    Directory(),
    SearchPath(),
    Locale(),
    Limits(),
    Decimals(),
    Arrays(),
    Pandas(),
    _drawing,
    _figures,
    _formatting,
    Filters(),
)

Difference = dict[str, dict[str, object]]
"""What changed, by kind, as plain data; empty when nothing did."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the process has set, in Python and in the libraries it has imported.

    Parameters
    ----------
    packed
        What differs from a fresh process, by kind, pickled: it is sent with every job.

    Examples
    --------
    >>> before = Settings.here()
    >>> Settings.here() is before
    True
    """

    packed: bytes

    @classmethod
    def here(cls) -> Settings:
        """Return those of this process now; the same object while nothing changed."""
        global _last
        parts = [kind.read() for kind in _KINDS]
        if _last is None or any(a is not b for a, b in zip(parts, _last[0], strict=True)):
            found = {kind.name: part for kind, part in zip(_KINDS, parts, strict=True) if part}
            _last = parts, cls(pickle.dumps(found))
        return _last[1]

    @property
    def parts(self) -> Mapping[str, Part]:
        """What differs from a fresh process, by kind; a kind that does not is left out."""
        return _unpacked(self.packed)

    def enter(self) -> None:
        """Put them in force, for good: the next job brings its own.

        What the job before left behind is gone: settings, open figures, warnings already shown.
        """
        parts = self.parts
        for kind in _KINDS:
            kind.put(parts.get(kind.name, NOTHING))


_last: tuple[list[Part], Settings] | None = None


@lru_cache(maxsize=4)
def _unpacked(packed: bytes) -> Mapping[str, Part]:
    parts: Mapping[str, Part] = pickle.loads(packed)
    return parts


def changed(before: Settings) -> Difference:
    """Return what was changed in this process since ``before`` was taken here.

    Examples
    --------
    >>> import decimal
    >>> before = Settings.here()
    >>> decimal.getcontext().prec = 50
    >>> changed(before)
    {'decimal': {'set': {'prec': 50}}}
    >>> decimal.getcontext().prec = 28
    >>> changed(before)
    {}
    """
    if Settings.here() is before:
        return {}
    parts = before.parts
    found = {}
    for kind in _KINDS:
        difference = kind.difference(parts.get(kind.name, NOTHING), kind.read())
        if difference:
            found[kind.name] = dict(difference)
    return found


def apply(difference: Mapping[str, object]) -> None:
    """Put in force here what was changed elsewhere, and leave everything else as it is.

    Examples
    --------
    >>> import decimal
    >>> apply({"decimal": {"set": {"prec": 50}}})
    >>> decimal.getcontext().prec
    50
    >>> apply({"decimal": {"reset": ["prec"]}})
    """
    for kind in _KINDS:
        part = difference.get(kind.name)
        if isinstance(part, Mapping):
            kind.apply(part)


def connect_shell() -> None:
    """Show values and figures as the notebook does, through this process's IPython.

    To be called where a worker's IPython has just been made: the inline backend looks for it only
    when it is imported, which work without IPython may have done.
    """
    _formatting.arrived()
    inline = sys.modules.get("matplotlib_inline.backend_inline")
    connect = getattr(inline, "_enable_matplotlib_integration", None)
    if connect is not None and not _figures.loaded():
        connect()
        _drawing.put_again()
        _figures.arrived()
