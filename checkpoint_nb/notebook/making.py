"""Makes again, in the kernel itself, what a cell bound and could not keep."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from checkpoint_nb.notebook.executing import compiled
from checkpoint_nb.notebook.muting import muted
from checkpoint_nb.notebook.needed import names_needed
from checkpoint_nb.notebook.owed import Unkept
from checkpoint_nb.notebook.own_thread import execute_in_notebook
from checkpoint_nb.notebook.summary import say
from checkpoint_nb.notebook.taken import is_definition

if TYPE_CHECKING:
    from checkpoint_nb.notebook.cell import Cell
    from checkpoint_nb.notebook.cells import Cells
    from checkpoint_nb.session import Session


def make_again(session: Session, cells: Cells, cell: Cell, names: list[str]) -> None:
    """Run ``cell`` apart from the notebook's names, and bind ``names`` to what it makes of them.

    What it shows is not shown again.
    """
    debts = {name: cells.owed.get(name) for name in names}
    whys = {f"{n} ({debt.why})" for n, debt in debts.items() if isinstance(debt, Unkept)}
    codes = compiled(cell.source, f"<checkpoint {cell.label}>", "none")
    say(f"{cell.label} runs again, here: what it could not keep is read: {'; '.join(sorted(whys))}")
    needed = names_needed(cell.source, cells.namespace) or ()
    own = {n: cells.namespace[n] for n in needed if n in cells.namespace}
    own = {name: value for name, value in own.items() if not is_definition(value)}
    # Functions find their names in the notebook: what they change there is a copy.
    cells.namespace.update({name: _copied(value) for name, value in own.items()})
    try:
        apart = {**cells.namespace, **_inputs(session, cell)}
        with muted():
            execute_in_notebook(codes, apart)
    finally:
        cells.namespace.update(own)
    for name in names:
        cells.owed.settle(name)
        if name in apart:
            cells.namespace[name] = apart[name]


def _copied(value: object) -> object:
    try:
        return copy.deepcopy(value)
    except Exception:  # noqa: BLE001 - classes of the user decide; then there is but this one
        return value


def _inputs(session: Session, cell: Cell) -> dict[str, object]:
    """Return what the cell took when it ran."""
    run = session.start([cell])
    session.finish(run)
    recipe = run.graph.recipes[run.graph.number[cell.id]]
    stored = {}
    for edge in recipe.upstream:
        record = run.record(edge.node.id)
        if record is not None and edge.output in record.outputs:
            stored[edge.output] = record.outputs[edge.output]
    values = session.store.objects.get_all(list(stored.values()))
    given = {n.removeprefix("input "): _copied(value) for n, value in recipe.values.items()}
    return {**given, **recipe.call.names, **dict(zip(stored, values, strict=True))}
