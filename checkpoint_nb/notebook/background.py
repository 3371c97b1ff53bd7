"""Cells that go on while the notebook does: begun, waited for when read, bound when done."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from checkpoint_nb.notebook.binding import bind_awaited, define
from checkpoint_nb.notebook.cell import Cell
from checkpoint_nb.notebook.cells import Cells
from checkpoint_nb.notebook.owed import Asleep, Running
from checkpoint_nb.notebook.pages import page
from checkpoint_nb.notebook.progress import somebody_watches
from checkpoint_nb.notebook.replay import replay
from checkpoint_nb.notebook.summary import ChangingLine, run_line, say
from checkpoint_nb.states import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from IPython.core.interactiveshell import InteractiveShell

    from checkpoint_nb.notebook.cellrun import Message
    from checkpoint_nb.run import Run
    from checkpoint_nb.session import Session


class Host(Protocol):
    """What the background needs of the magics."""

    cells: Cells

    @property
    def session(self) -> Session:
        """The current session."""

    @property
    def notebook(self) -> InteractiveShell:
        """Where the cells are."""

    def messages_of(self, run: Run, cell: Cell) -> Sequence[Message]:
        """Return what a cell showed, as far as it is stored."""


@dataclass(frozen=True)
class _Begun:
    run: Run
    cell: Cell
    line: ChangingLine
    quiet: bool
    before: dict[str, object]


class Background:
    """The cells of one notebook that were begun and not waited for.

    Parameters
    ----------
    host
        The magics of the notebook.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._begun: list[_Begun] = []

    @property
    def always(self) -> bool:
        """Whether every cell is begun and not waited for."""
        return self._host.session.config.background

    @property
    def may(self) -> bool:
        """Whether cells may go on behind: nobody looks after a notebook that is run through."""
        shell = self._host.notebook
        if os.environ.get("CHECKPOINT_NB_WAIT"):
            return False
        return somebody_watches(shell) or not hasattr(shell, "kernel")

    def sleep(self, cell: Cell) -> None:
        """Register a cell that runs when somebody asks."""
        for name in cell.names.outputs:
            self._host.cells.owe(cell, name)
            self._host.cells.owed.put(name, Asleep(cell))
        names = ", ".join(cell.names.outputs) or "its names"
        self._line().say(
            f"{State.QUEUED.glyph} {cell.label} — not run yet: it will when a cell reads {names}, "
            "or with %checkpoint run"
        )

    def go(self, run: Run, cell: Cell, quiet: bool = False) -> None:
        """Let ``run`` of ``cell`` go on; its names are unbound until they are there."""
        cells, line = self._host.cells, self._line()
        before = {n: cells.namespace[n] for n in cell.names.outputs if n in cells.namespace}
        for name in cell.names.outputs:
            cells.owe(cell, name)
            cells.owed.put(name, Running(cell, run))
        line.say(f"{State.RUNNING.glyph} {cell.label} — running in the background")
        self._begun.append(_Begun(run, cell, line, quiet, before))
        run.when_over(lambda run: self._tell(run, cell, line))

    def collect(self) -> None:
        """Bind what is done; to be called between cells."""
        for begun in [begun for begun in self._begun if begun.run.over]:
            self.finish(begun.run, begun.cell)

    def finish(self, run: Run, cell: Cell) -> None:
        """Bind what ``cell`` left in ``run``, which is over, and show what it showed."""
        host = self._host
        begun = next((one for one in self._begun if one.run is run and one.cell is cell), None)
        if begun is not None:
            self._begun.remove(begun)
        owed = [n for n in host.cells.owed.of(cell) if isinstance(host.cells.owed.get(n), Running)]
        try:
            run.result_of(cell.id)
        except BaseException as error:  # noqa: BLE001 - it is the cell's, and shown where it is missed
            for name in owed:
                host.cells.owed.settle(name)
            if begun is not None:
                begun.line.say(f"{State.FAILED.glyph} {cell.label} — {_words(error)}")
            return
        record = run.record(cell.id)
        assert record is not None
        define(host.session, host.cells, cell, record)
        others = bind_awaited(host.session, host.cells, run, cell)
        if others:
            names = ", ".join(others)
            say(f"{cell.label}: {names} stays what you made it since; the result is kept")
        for name in owed:
            if isinstance(host.cells.owed.get(name), Running):
                self._was_not_bound(begun, name)
        if begun is not None:
            shown = () if begun.quiet else host.messages_of(run, cell)
            if not begun.line.in_place:
                replay(host.notebook, shown)
            begun.line.say(run_line(run), page(shown))

    def _was_not_bound(self, begun: _Begun | None, name: str) -> None:
        """Give a name back that the cell binds on another path only."""
        cells = self._host.cells
        cells.owed.settle(name)
        if begun is not None and name in begun.before:
            cells.namespace.setdefault(name, begun.before[name])

    def _tell(self, run: Run, cell: Cell, line: ChangingLine) -> None:
        # From the run's own thread: an update by its id reaches the cell that it belongs to.
        if not line.in_place:
            return
        failed = run.failed
        word = f"{State.FAILED.glyph} {cell.label} — {failed}" if failed else run_line(run)
        line.say(word)

    def _line(self) -> ChangingLine:
        return ChangingLine(in_place=hasattr(self._host.notebook, "kernel"))


def _words(error: BaseException) -> str:
    return f"{State.FAILED.word}: {type(error).__name__}: {error}"
