"""Where the data that code reads lives, so that somebody can look again."""

from __future__ import annotations

from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Final, Literal

_GONE: Final = object()


@dataclass(frozen=True, slots=True)
class Place:
    """A global of a function, a cell it closes over, or an attribute of a module or class.

    Parameters
    ----------
    label
        As in the parts of the fingerprint: ``global cfg``.
    holder
        The function, module or class that has it.
    kind
        How the holder has it.
    name
        The bare name.

    Examples
    --------
    >>> step = 2
    >>> def double(n): return n * step
    >>> Place("global step", double, "global", "step").read()
    2
    """

    label: str
    holder: FunctionType | ModuleType | type
    kind: Literal["global", "closure", "attribute"]
    name: str

    def read(self) -> object:
        """Return what is there now; raise LookupError when nothing is."""
        if self.kind == "attribute":
            found = vars(self.holder).get(self.name, _GONE)
        else:
            assert isinstance(self.holder, FunctionType)
            if self.kind == "global":
                found = self.holder.__globals__.get(self.name, _GONE)
            else:
                found = _in_cell(self.holder, self.name)
        if found is _GONE:
            raise LookupError(self.label)
        return found


def _in_cell(function: FunctionType, name: str) -> object:
    at = function.__code__.co_freevars.index(name)
    try:
        return (function.__closure__ or ())[at].cell_contents
    except ValueError:
        return _GONE
