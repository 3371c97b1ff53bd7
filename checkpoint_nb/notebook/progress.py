"""What a person sees while a cell runs: the live strip, or plain lines where there is none."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from checkpoint_nb.labels import duration
from checkpoint_nb.notebook.summary import ChangingLine, say_run
from checkpoint_nb.notebook.terminal_line import TerminalLine, meter, running
from checkpoint_nb.notebook.view import LiveView
from checkpoint_nb.remaining import remaining
from checkpoint_nb.render import summary

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from checkpoint_nb.board import Board
    from checkpoint_nb.notebook.replay import Replayer
    from checkpoint_nb.notebook.view import Commands
    from checkpoint_nb.run import Run

_PATIENCE = 0.4
"""Seconds before anything is shown: a hit shows its one line and nothing else."""
_PERIOD = 2.0
_BLINK = 0.2
_LONGEST_PERIOD = 60.0


class Progress:
    """Follows one run in the running cell: :meth:`look` often, :meth:`settle` or :meth:`end` once.

    Parameters
    ----------
    shell
        Where the cell runs: a notebook with somebody before it, a headless kernel, or a terminal.
    board, commands, slots
        What a live view needs.
    """

    def __init__(
        self, shell: InteractiveShell, board: Board, commands: Commands, slots: int
    ) -> None:
        self._shell = shell
        self._board = board
        self._commands = commands
        self._slots = slots
        self._began = time.monotonic()
        self._said_at = self._began
        self._period = _PERIOD
        self._line = ChangingLine(in_place=hasattr(shell, "kernel"))
        self._terminal = None if hasattr(shell, "kernel") else TerminalLine()
        self._view: LiveView | None = None
        self._replayer: Replayer | None = None

    def look(self) -> None:
        """Show how far the run is, if it is time to."""
        now = time.monotonic()
        if self._view is not None or now - self._began < _PATIENCE:
            return
        if somebody_watches(self._shell):
            self._view = LiveView(self._board, self._commands)
            self._view.show("compact")
        elif self._terminal is not None and self._terminal.works:
            self._blink(self._terminal, now)
        elif now - self._said_at >= self._period:
            self._said_at, self._period = now, min(2 * self._period, _LONGEST_PERIOD)
            self._line.say(f"checkpoint_nb: {self._said()}")

    def stand_beside(self, replayer: Replayer) -> None:
        """Make room for what the cell itself shows."""
        self._replayer = replayer
        if self._terminal is not None:
            replayer.make_room = self._terminal.end

    def _blink(self, terminal: TerminalLine, now: float) -> None:
        taken = self._replayer is not None and self._replayer.is_mid_line
        if now - self._said_at >= _BLINK and not taken:
            self._said_at = now
            terminal.say(meter(self._board.snapshot(), self._slots, time.time(), terminal.width))

    def _said(self) -> str:
        snapshot, now = self._board.snapshot(), time.time()
        left = remaining(snapshot, self._slots, now)
        also = [f"about {duration(left)} left"] if left else []
        return " · ".join([summary(snapshot, now), *also, *running(snapshot, now)])

    def settle(self) -> None:
        """Leave the last picture in the notebook."""
        if self._terminal is not None:
            self._terminal.end()
        if self._view is not None:
            self._view.settle()
        self._line.end(summary(self._board.snapshot(), time.time()))

    def end(self, run: Run) -> None:
        """Leave the last picture, and one line where the run was worth telling."""
        self.settle()
        if time.monotonic() - self._began >= _PATIENCE or run.saved >= _PATIENCE:
            say_run(run)


def somebody_watches(shell: InteractiveShell) -> bool:
    """Whether the cell was sent by a front end with a person before it.

    nbclient and papermill say that they cannot answer a question; JupyterLab and VS Code can.
    """
    kernel = getattr(shell, "kernel", None)
    return kernel is not None and bool(getattr(kernel, "_allow_stdin", False))
