"""Brings results of cells into the notebook's names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from checkpoint_nb.notebook.cellrun import SHOWN, Message
from checkpoint_nb.notebook.cells import Cell, Cells
from checkpoint_nb.run import Run
from checkpoint_nb.session import Session


def bind_outputs(
    session: Session, cells: Cells, run: Run, *, asked: bool = True
) -> dict[str, Sequence[Message]]:
    """Bind what the cells of ``run`` left; return what each of the asked-for cells showed.

    A cell upstream that ran again is bound only where the notebook still holds what a checkpointed
    cell had put there: what the user rebound since stays. Without ``asked`` (a button began the
    run, no cell waits for it) that goes for every cell.
    """
    shown: dict[str, Sequence[Message]] = {}
    targets = {run.graph.nodes[number].id for number in run.graph.targets} if asked else set()
    for node in run.graph.nodes:
        record = run.record(node.id)
        if not isinstance(node, Cell) or record is None:
            continue
        for name, stored in record.outputs.items():
            if name == SHOWN:
                if node.id in targets:
                    shown[node.id] = cast("list[Message]", session.store.objects.get(stored))
            elif node.id in targets or cells.follows(node, name, stored.digest):
                value = session.store.objects.get(stored)
                cells.bind(node, name, value, stored.digest)
    return shown
