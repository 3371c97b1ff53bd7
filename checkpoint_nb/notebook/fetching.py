"""Brings what the notebook owes before a cell that names it runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol, TypeVar

from checkpoint_nb.notebook.binding import load
from checkpoint_nb.notebook.cell import Cell
from checkpoint_nb.notebook.cells import Cells
from checkpoint_nb.notebook.owed import Asleep, Running, Stays, Unkept

if TYPE_CHECKING:
    from checkpoint_nb.run import Run
    from checkpoint_nb.session import Session


_Kind = TypeVar("_Kind", Running, Asleep, Stays, Unkept)


class Host(Protocol):
    """What fetching needs of the magics."""

    cells: Cells

    @property
    def session(self) -> Session:
        """The current session."""

    def wait_for(self, run: Run) -> None:
        """Wait for ``run`` and show how it goes."""

    def finish_background(self, run: Run, cell: Cell) -> None:
        """Bind what a cell left in the background, and show what it showed."""

    def make_again(self, cell: Cell, names: Iterable[str]) -> None:
        """Run a cell in the kernel itself, to have ``names``."""


def fetch(host: Host, names: Iterable[str] | None) -> None:
    """Bind what is owed of ``names`` (of every name, for ``None``): wait, run, load.

    Names of cells that fail stay unbound.
    """
    owed = host.cells.owed
    asleep = {debt.cell.place: debt.cell for _, debt in _are(host, names, Asleep)}
    if asleep:
        wake(host, list(asleep.values()))
    for name, running in _are(host, names, Running):
        if owed.get(name) is running:
            host.wait_for(running.run)
            host.finish_background(running.run, running.cell)
    load(host.session, host.cells, dict(_are(host, names, Stays)))
    unkept: dict[str, tuple[Cell, list[str]]] = {}
    for name, debt in _are(host, names, Unkept):
        unkept.setdefault(debt.cell.place, (debt.cell, []))[1].append(name)
    for cell, missing in unkept.values():
        host.make_again(cell, missing)


def wake(host: Host, cells: list[Cell]) -> None:
    """Run cells that were only registered, all at once, and wait for them."""
    run = host.session.start(cells)
    for cell in cells:
        for name in host.cells.owed.of(cell):
            host.cells.owed.put(name, Running(cell, run))
    host.wait_for(run)
    for cell in cells:
        host.finish_background(run, cell)


def _are(host: Host, names: Iterable[str] | None, kind: type[_Kind]) -> list[tuple[str, _Kind]]:
    return [(n, debt) for n, debt in host.cells.owed.among(names) if isinstance(debt, kind)]
