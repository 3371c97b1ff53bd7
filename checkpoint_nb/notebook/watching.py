"""Watches the plain cells of the notebook: which names each of them touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkpoint_nb.notebook.cells import Cells
from checkpoint_nb.notebook.needed import names_needed
from checkpoint_nb.notebook.places import Places
from checkpoint_nb.notebook.progress import somebody_watches

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


class Watcher:
    """Tells the registry what happened to names between checkpointed cells.

    Parameters
    ----------
    shell
        The notebook's shell.
    cells
        The checkpointed cells.
    """

    def __init__(self, shell: InteractiveShell, cells: Cells) -> None:
        self._shell = shell
        self._cells = cells
        self._places = Places()
        self._held = self._look()
        self._given: dict[str, int] = {}

    def cell_begins(self) -> None:
        """Note that another cell of the notebook begins."""
        self._given.clear()

    def place_of(self, source: str, cell_id: str, name: str) -> str:
        """Return the place of a checkpointed cell; a second one in the same cell has its own."""
        place = cell_id or (f"name {name}" if name else "")
        place = self._places.of(source, place, edits=self._is_edited())
        number = self._given[place] = self._given.get(place, 0) + 1
        return place if number == 1 else f"{place} ({number})"

    def cell_ran(self, source: str, cell_id: str, count: int) -> None:
        """Note which names the cell that just ran, as ``In [count]``, may have touched."""
        now = self._look()
        bound = {name for name, held in now.items() if self._held.get(name) != held}
        bound |= self._held.keys() - now.keys()
        self._held = now
        for name in [name for name in bound if name in self._cells.owed and name in now]:
            self._cells.owed.settle(name)
        bound -= self._cells.lately_bound()
        place = self._places.of(source, cell_id, edits=self._is_edited())
        touched: frozenset[str] | None = frozenset()
        if not self._is_checkpoint(source):
            touched = names_needed(source, self._shell.user_ns)
        words = f"In [{count}]"
        self._cells.touches.ran(place, words, None if touched is None else touched | bound)

    def _look(self) -> dict[str, int]:
        """Return what each name holds, by identity."""
        return {name: id(value) for name, value in self._shell.user_ns.items() if name[:1] != "_"}

    def _is_edited(self) -> bool:
        # Where a notebook is run through, each cell runs once, and none is an edit of another.
        return not hasattr(self._shell, "kernel") or somebody_watches(self._shell)

    def _is_checkpoint(self, source: str) -> bool:
        return "run_cell_magic('checkpoint'" in source or "run_line_magic('checkpoint'" in source
