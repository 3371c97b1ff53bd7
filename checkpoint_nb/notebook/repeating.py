"""Runs a cell again in the notebook itself, where a worker's results are not all that it did."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from types import FunctionType
from typing import TYPE_CHECKING, cast

from checkpoint_nb.job import UNKEPT
from checkpoint_nb.mutation import ARGUMENT
from checkpoint_nb.notebook.cell import Cell
from checkpoint_nb.notebook.cellrun import EFFECTS
from checkpoint_nb.notebook.cells import Cells
from checkpoint_nb.notebook.executing import compiled
from checkpoint_nb.notebook.held import Path, held_at
from checkpoint_nb.notebook.muting import muted
from checkpoint_nb.notebook.own_thread import execute_in_notebook
from checkpoint_nb.notebook.taken import Value
from checkpoint_nb.sharing import units
from checkpoint_nb.work import HELD

if TYPE_CHECKING:
    from checkpoint_nb.run import Run
    from checkpoint_nb.session import Session
    from checkpoint_nb.stores.interface import Record


def left_behind(session: Session, cells: Cells, run: Run, cell: Cell) -> list[str]:
    """Return what the cell did in its worker that its results do not bring to the notebook.

    - A change in what modules hold, or in what functions and classes hold, where that cannot be
      stored.
    - A change in place of an object that another name of the notebook holds too.
    """
    record = run.record(cell.id)
    if record is None or cell.here:
        return []
    found = [
        words
        for label in run.changed(cell.id)
        if not label.startswith(ARGUMENT)
        and (words := label.partition(" ")[2])
        and words not in record.outputs
    ]
    stored = record.outputs.get(EFFECTS)
    effects = {} if stored is None else session.store.objects.get(stored)
    for name in cast("Mapping[str, list[str]]", effects).get("changed", ()):
        if name in cells.namespace:
            others = _others(cells, name, cells.namespace[name], record.outputs)
            found += [f"{name} (also {other})" for other in others]
    unkept = record.outputs.get(UNKEPT)
    if unkept is not None and HELD in cast("Mapping[str, str]", session.store.objects.get(unkept)):
        found.append("what functions and classes hold")
    return found + _held_by_others(session, cells, record)


def _held_by_others(session: Session, cells: Cells, record: Record) -> list[str]:
    """Return what functions and classes held that a name of the notebook has too."""
    stored = record.outputs.get(HELD)
    if stored is None:
        return []
    changed = cast("Mapping[str, Mapping[Path, object]]", session.store.objects.get(stored))
    found = []
    for path in changed["set"]:
        others = _others(cells, path[0], held_at(cells.namespace, path), record.outputs)
        found += [f"{'.'.join(path)} (also {other})" for other in others]
    return found


def _others(cells: Cells, name: str, value: object, given: Mapping[str, object]) -> list[str]:
    """Return other names of the notebook that share objects or memory with ``value``."""
    names, hidden = cells.namespace, _shells_own()
    around = {
        other: _held_in(value)
        for other, value in names.items()
        if not (other in given or other == name or other in hidden or other.startswith("_"))
    }
    groups = units({name: value, **around})
    return [other for group in groups if name in group for other in group if other != name]


def _held_in(value: object) -> object:
    """Return what a function or class of the notebook holds; any other value is that itself."""
    if getattr(value, "__module__", "") != "__main__":
        return value
    if isinstance(value, FunctionType):
        held = (value.__closure__, value.__defaults__, value.__kwdefaults__, value.__dict__)
        return list(held)
    return dict(vars(value)) if isinstance(value, type) else value


def _shells_own() -> Collection[str]:
    """Return names that IPython puts into the notebook: they reach everything."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return () if shell is None else shell.user_ns_hidden


def repeat(cells: Cells, cell: Cell) -> None:
    """Run ``cell`` in the notebook; what it shows was shown."""
    codes = compiled(cell.source, f"<checkpoint {cell.label}>")
    for name in (*cell.names.reads, *cell.names.may_read):
        taken = cell.took(name)
        if isinstance(taken, Value):
            cells.namespace[name] = taken.value
    with muted():
        execute_in_notebook(codes, cells.namespace)
        _close_figures()
    for name in cell.names.binds:
        cells.release(name)


def _close_figures() -> None:
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")
