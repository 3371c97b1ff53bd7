"""Functions of the notebook come home to its names, whatever process they were made in."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from itertools import chain
from typing import Final

from cloudpickle import cloudpickle as _cloudpickle

Reduction = tuple[object, ...]

_NOTEBOOK: Final = "__main__"
_KEPT: Final = (
    "__name__",
    "__qualname__",
    "__annotations__",
    "__kwdefaults__",
    "__defaults__",
    "__module__",
    "__doc__",
)


def names_of_notebook() -> dict[str, object]:
    """Return the names of the notebook in this process: those of ``__main__``.

    Examples
    --------
    >>> names_of_notebook()["__name__"]
    '__main__'
    """
    return vars(sys.modules[_NOTEBOOK])


def is_of_notebook(function: types.FunctionType) -> bool:
    """Return whether what a function finds under a name is what the notebook has there.

    A worker gets the notebook's functions with a copy of the names they use; they count as long
    as none of these was bound anew.
    """
    used, home = function.__globals__, names_of_notebook()
    if used is home:
        return True
    if used.get("__name__") != _NOTEBOOK:
        return False
    return all(home.get(name, thing) is thing for name, thing in _used_by(function).items())


def reduced(function: types.FunctionType, held: set[int]) -> Reduction:
    """Return how a function of the notebook travels: what it is, without the names around it.

    Parameters
    ----------
    function
        The function.
    held
        Identities of cells whose content travels with a function; its own are added.

    Examples
    --------
    >>> make, args, state, *_, fill = reduced(lambda x: x + 1, set())
    >>> made = make(*args)
    >>> fill(made, state)
    >>> made(1), made.__globals__ is names_of_notebook()
    (2, True)
    """
    # A cell is made empty and filled afterwards, since a function may be in its own closure; and
    # it is one object to the pickler, so two functions that share a variable go on sharing it.
    cells = function.__closure__
    held.update(map(id, cells or ()))
    used = _used_by(function)
    contents = [_content(cell) for cell in cells or ()]
    submodules = _cloudpickle._find_imported_submodules(
        function.__code__, chain(used.values(), contents)
    )
    known = {name: getattr(function, name) for name in _KEPT}
    state = (known, dict(function.__dict__), used, contents, submodules)
    return _made, (function.__code__, cells), state, None, None, _filled


def cell_reduced(cell: types.CellType, held: set[int]) -> Reduction:
    """Return how a cell of a closure travels: its content once, with the function or with it."""
    if id(cell) in held:
        return _empty, ()
    content = _content(cell)
    return _empty, (), (content,), None, None, _fill_cell


def _used_by(function: types.FunctionType) -> dict[str, object]:
    around = function.__globals__
    names = _cloudpickle._extract_code_globals(function.__code__)
    return {name: around[name] for name in names if name in around}


class _Unset:
    """Stands for the content of a cell that has none yet."""

    def __reduce__(self) -> str:
        return "_UNSET"


_UNSET: Final = _Unset()


def _content(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:
        return _UNSET


def _empty() -> types.CellType:
    return types.CellType()


def _made(code: types.CodeType, cells: tuple[types.CellType, ...] | None) -> Callable[..., object]:
    names = names_of_notebook()
    names.setdefault("__builtins__", __builtins__)
    return types.FunctionType(code, names, None, None, cells)


def _filled(
    function: types.FunctionType,
    state: tuple[
        dict[str, object], dict[str, object], dict[str, object], list[object], list[object]
    ],
) -> None:
    known, attributes, used, contents, _ = state
    function.__dict__.update(attributes)
    for name, thing in known.items():
        setattr(function, name, thing)
    for cell, content in zip(function.__closure__ or (), contents, strict=True):
        _fill_cell(cell, (content,))
    names = names_of_notebook()
    for name, thing in used.items():
        names.setdefault(name, thing)


def _fill_cell(cell: types.CellType, content: tuple[object]) -> None:
    if content[0] is not _UNSET:
        cell.cell_contents = content[0]
