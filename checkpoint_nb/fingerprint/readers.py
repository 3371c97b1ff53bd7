"""Whether code reads annotations when it runs; only then do they count."""

from __future__ import annotations

from types import FunctionType
from typing import Final

from checkpoint_nb.fingerprint.pieces import CLASS, LIBRARY
from checkpoint_nb.fingerprint.walk import Graph, undecorated

_NAMES: Final = frozenset(
    {
        "__annotations__",
        "__dataclass_fields__",
        "fields",
        "get_annotations",
        "get_type_hints",
        "getfullargspec",
        "signature",
    }
)
_ALWAYS: Final = frozenset({"__annotations__", "__dataclass_fields__"})
_PACKAGES: Final = frozenset(
    {
        "beartype",
        "cattrs",
        "fastapi",
        "fire",
        "jaxtyping",
        "marshmallow",
        "msgspec",
        "multipledispatch",
        "pandera",
        "plum-dispatch",
        "pydantic",
        "sqlmodel",
        "typeguard",
        "typer",
    }
)
"""Packages that decide by the annotations of what they are given."""


def read_annotations(graph: Graph) -> list[object]:
    """Return all annotations in a graph when something in it reads annotations, else nothing.

    Examples
    --------
    >>> names = {"__name__": "__main__"}
    >>> exec("def f(n: int): return f.__annotations__", names)
    >>> graph = Graph()
    >>> graph.reach(names["f"], by_code=True)
    >>> len(read_annotations(graph))
    1
    """
    found: list[object] = []
    is_read = False
    for number, piece in enumerate(graph.pieces):
        form = piece.form
        if form is not None:
            function = undecorated(graph.objects[number])
            if isinstance(function, FunctionType):
                # Other objects have fields and signatures too, so these names alone say nothing.
                telling = _NAMES if form.imports else _ALWAYS
                is_read = is_read or not telling.isdisjoint(form.names)
                if function.__annotations__:
                    found.append(function.__annotations__)
                if form.notes:
                    found.append(form.notes)
        elif piece.kind == CLASS:
            notes = vars(graph.objects[number]).get("__annotations__")
            if notes:
                found.append(notes)
        elif piece.kind == LIBRARY:
            is_read = is_read or piece.label in _PACKAGES or _reads(graph.objects[number])
    return found if is_read else []


def _reads(value: object) -> bool:
    return isinstance(value, FunctionType) and value.__name__ in _NAMES
