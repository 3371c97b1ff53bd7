"""What a cell took when it ran: where each name it reads came from, and all that counts."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import BuiltinFunctionType, ModuleType
from typing import TYPE_CHECKING, Final

from checkpoint_nb.fingerprint import Fingerprint
from checkpoint_nb.parts import Part
from checkpoint_nb.settings import RandomState

if TYPE_CHECKING:
    from checkpoint_nb.notebook.cell import Cell


@dataclass(frozen=True)
class Edge:
    """A name is a result of another cell."""

    cell: Cell
    name: str


@dataclass(frozen=True)
class Value:
    """A name is read by the value it has in the notebook.

    Parameters
    ----------
    value
        What it held when it was read.
    remark
        Why it is not the result of the cell that bound it.
    """

    value: object
    remark: str = ""


@dataclass(frozen=True)
class Absent:
    """A name is not there to be read."""


ABSENT: Final = Absent()
Origin = Edge | Value | Absent


@dataclass(frozen=True)
class Taken:
    """What a cell took when its user ran it.

    It holds for the cell while others after it make something else of these names.

    Parameters
    ----------
    since
        The time, in cells that ran.
    reached
        What the code reached through the notebook's functions.
    random
        Where the random generators were that the notebook seeded.
    conditions
        Digests of these and of settings, by marked name.
    """

    since: int
    origins: Mapping[str, Origin]
    parts: Mapping[str, Part]
    uncacheable: str
    code: Fingerprint | None
    reached: Mapping[str, object]
    random: RandomState
    conditions: Mapping[str, str]

    def values(self) -> tuple[dict[str, object], dict[str, object]]:
        """Return what was read by value: definitions, and data."""
        definitions: dict[str, object] = {}
        data: dict[str, object] = {}
        for name, origin in self.origins.items():
            if isinstance(origin, Value):
                (definitions if is_definition(origin.value) else data)[name] = origin.value
        return definitions, data


def is_definition(value: object) -> bool:
    """Return whether a value is code, or a module: it counts by what it does, not as data.

    Examples
    --------
    >>> is_definition(len), is_definition([len])
    (True, False)
    """
    return (
        inspect.isfunction(value)
        or inspect.isclass(value)
        or isinstance(value, ModuleType | BuiltinFunctionType)
        or isinstance(getattr(type(value), "recipe", None), Callable)  # type: ignore[arg-type]
    )
