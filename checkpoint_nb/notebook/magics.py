"""The magics: they parse words, and delegate."""

from __future__ import annotations

import asyncio
import re
import shlex
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class

from checkpoint_nb.commands import Commands
from checkpoint_nb.errors import MagicUsageError
from checkpoint_nb.notebook.asking import Asking
from checkpoint_nb.notebook.awaiting import AWAITED, inside_a_cell
from checkpoint_nb.notebook.background import Background
from checkpoint_nb.notebook.binding import (
    bind_outputs,
    bind_unfinished,
    define,
    last_value,
    messages,
)
from checkpoint_nb.notebook.cell import Cell
from checkpoint_nb.notebook.cells import Cells
from checkpoint_nb.notebook.comment import CommentForm
from checkpoint_nb.notebook.failing import as_raised_here
from checkpoint_nb.notebook.fetching import fetch
from checkpoint_nb.notebook.guide import GUIDE
from checkpoint_nb.notebook.making import make_again
from checkpoint_nb.notebook.needed import names_needed
from checkpoint_nb.notebook.options import CellOptions, cell_options
from checkpoint_nb.notebook.owed import Unkept
from checkpoint_nb.notebook.progress import Progress
from checkpoint_nb.notebook.repeating import left_behind, repeat
from checkpoint_nb.notebook.replay import Replayer, restore_results
from checkpoint_nb.notebook.summary import definitions_line, say, say_run
from checkpoint_nb.notebook.watching import Watcher
from checkpoint_nb.session import Session, current_session
from checkpoint_nb.settings import count_on, seeded_by

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell
    from tornado.ioloop import IOLoop

    from checkpoint_nb.notebook.cellrun import Message
    from checkpoint_nb.run import Run

_SLICE = 0.05
_SHORTEST = 0.002
_OURS = re.compile(r"\s*(%%?checkpoint\b|#\|\s*checkpoint\b)")


@magics_class
class CheckpointMagics(Magics):
    """``%%checkpoint`` and ``%checkpoint``.

    Parameters
    ----------
    shell
        The notebook's shell.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._shell = shell
        self._session = current_session()
        self.cells = Cells(shell.user_ns)
        self.comment_form = CommentForm()
        self.watcher = Watcher(shell, self.cells)
        self.background = Background(self)
        self._stays: dict[str, str] = {}
        self._begun: list[Run] = []
        self.commands = Commands(self._session, self._began)
        self._asking = Asking(self)
        self._session.onlooker = self.progress

    def progress(self) -> Progress:
        """Follow a run in the cell that is running."""
        slots = self.session.config.slots
        return Progress(self._shell, self.session.board, self.commands, slots)

    # -- between cells ---------------------------------------------------------------------------

    def _began(self, run: Run) -> None:
        """Take note of a run that a button began; let the kernel do what must be done here."""
        self._begun.append(run)
        kernel = getattr(self._shell, "kernel", None)
        if run.has_work_here and kernel is not None:
            kernel.io_loop.add_callback(self._work_here, run, kernel.io_loop)

    def _work_here(self, run: Run, loop: IOLoop) -> None:
        if not run.work_here(0):
            loop.call_later(_SLICE, self._work_here, run, loop)

    def before_cell(self, info: object = None) -> None:
        """Bind what was computed meanwhile, and what the cell names; on the main thread only."""
        if threading.current_thread() is not threading.main_thread():
            return
        for run in [run for run in self._begun if run.over]:
            self._begun.remove(run)
            bind_outputs(self.session, self.cells, run, asked=False)
        self.background.collect()
        if not inside_a_cell():
            self.cells.lasting.begin()
            self.watcher.cell_begins()
        raw = str(getattr(info, "raw_cell", "") or "")
        count_on(seeded_by(self._transformed(raw)))
        restore_results(self._shell, raw)
        if self.cells.owed and not _OURS.match(raw):
            fetch(self, names_needed(self._transformed(raw), self._shell.user_ns))

    def after_cell(self, result: object = None) -> None:
        """Note what the cell touched, and let an open graph notice what it changed."""
        if threading.current_thread() is threading.main_thread():
            raw = str(getattr(getattr(result, "info", None), "raw_cell", "") or "")
            count = getattr(result, "execution_count", None) or self._shell.execution_count - 1
            self.watcher.cell_ran(self._transformed(raw), _cell_id(self._shell), count)
        if self._asking.watched:
            self.commands.look()

    def _transformed(self, raw: str) -> str:
        try:
            source: str = self._shell.transform_cell(raw)  # type: ignore[no-untyped-call]
        except Exception:  # noqa: BLE001 - IPython says what is wrong with it when it runs it
            return raw
        return source

    @property
    def session(self) -> Session:
        """The current session; a new one after ``configure`` gets its own commands."""
        if (now := current_session()) is not self._session:
            self._session, self.commands = now, Commands(now, self._began)
            now.onlooker = self.progress
        return self._session

    @property
    def notebook(self) -> InteractiveShell:
        """The shell that the magics belong to."""
        return self._shell

    def switch(self, on: bool) -> None:
        """Let ``%%checkpoint`` remember, or (off) run its cells as plain ones."""
        self.comment_form.off = not on

    @line_cell_magic
    def checkpoint(self, line: str = "", cell: str | None = None) -> Awaitable[None] | None:
        """Remember this cell; or ask: status, run, clear, graph, why, cancel."""
        __tracebackhide__ = True
        try:
            given = _words(line)
            awaited = AWAITED in given
            words = [word for word in given if word != AWAITED]
            if cell is not None:
                answer = self._run_cell(words, cell, awaited)
            else:
                answer = self._asking.answer(words, awaited)
            return _told(answer) if awaited else answer
        except MagicUsageError as error:
            raise UsageError(str(error)) from None

    checkpoint.__doc__ = GUIDE

    # -- %%checkpoint ----------------------------------------------------------------------------

    def _run_cell(self, words: list[str], body: str, awaited: bool) -> Awaitable[None] | None:
        __tracebackhide__ = True
        if self.comment_form.off:
            self._shell.run_cell(body).raise_error()  # type: ignore[no-untyped-call]
            return None
        options = cell_options(words)
        cell = self._registered(options, body)
        if cell.only_defines:
            cell.define()
            say(definitions_line(cell))
            return None
        if cell.names.stars:
            cell.import_stars()
        fetch(self, [n for n in cell.names.reads if isinstance(self.cells.owed.get(n), Unkept)])
        cell.take()
        if cell.beyond and not options.here:
            ignored = " ".join(f"--ignore {name}" for name in cell.beyond)
            say(
                f"{cell.label} runs in the notebook itself, each time: {cell.why_not_kept} "
                f"With --here {ignored} it is remembered."
            )
        if cell.names.looks_up:
            ways = ", ".join(cell.names.looks_up)
            say(f"{cell.label} uses {ways}: every name of the notebook counts as read")
        if options.lazy and self.background.may:
            self.session.remember(cell)
            self.background.sleep(cell)
            return None
        run = self.session.start([cell])
        if (options.background or self.background.always) and self.background.may:
            self.background.go(run, cell, options.quiet)
            return None
        replayer = Replayer(self._shell, run.shown(cell.id), quiet=options.quiet)
        return self.follow(run, awaited, partial(self._show, run, cell, replayer), replayer)

    def _registered(self, options: CellOptions, body: str) -> Cell:
        source: str = self._shell.transform_cell(body)  # type: ignore[no-untyped-call]
        compile(source, "<cell>", "exec", flags=0x2000, dont_inherit=True)
        place = self.watcher.place_of(source, _cell_id(self._shell), options.name)
        known = {cell.id for cell in self.cells}
        cell = self.cells.register(
            source,
            options.name,
            place,
            options.declared,
            here=options.here or self._stays.get(place) == source,
        )
        for node in known - {cell.id for cell in self.cells}:
            self.session.forget(node)
        return cell

    def _show(self, run: Run, cell: Cell, replayer: Replayer) -> None:
        __tracebackhide__ = True
        try:
            run.result_of(cell.id)
        except BaseException as error:  # noqa: BLE001 - raised again, with the cell's own lines
            replayer.end()
            if not replayer.has_shown:
                self._print_log(run, cell)
            bind_unfinished(self.session, self.cells, run, cell)
            raise as_raised_here(run, cell.id, error) from None
        missing = left_behind(self.session, self.cells, run, cell)
        repeated = bool(missing) and not run.acted(cell.id)
        if repeated:
            repeat(self.cells, cell)
        if not (repeated or (cell.here and run.ran(cell.id))):
            define(self.session, self.cells, cell, run.result_of(cell.id))
        messages = bind_outputs(
            self.session, self.cells, run, besides={cell.id} if repeated else set()
        )
        if missing and not run.stored(cell.id):
            self._stays[cell.place] = cell.source
        replayer.end(messages.get(cell.id, ()), last_value(self.session, run.result_of(cell.id)))
        say_run(run)
        for line in self.cells.rebound(cell):
            say(line)
        if missing:
            say(_said_of(cell, missing, repeated))

    def _print_log(self, run: Run, cell: Cell) -> None:
        """What the cell printed before it failed is the cell's own output."""
        assert run.scheduler is not None
        for failure in run.scheduler.failures:
            if run.graph.nodes[failure.number].id == cell.id and failure.answer is not None:
                print(failure.answer.log, end="")  # noqa: T201

    # -- waiting ---------------------------------------------------------------------------------

    def follow(
        self,
        run: Run,
        awaited: bool,
        after: Callable[[], None],
        replayer: Replayer | None = None,
    ) -> Awaitable[None] | None:
        """Show how ``run`` goes, and what the cell shows, until it is over; then do ``after``."""
        __tracebackhide__ = True
        progress = self.progress()
        if replayer is not None:
            progress.stand_beside(replayer)
        if awaited:
            return self._await(run, progress, after, replayer)
        try:
            while not run.work_here(_SLICE):
                progress.look()
                if replayer is not None:
                    replayer.look()
        except KeyboardInterrupt:
            self._interrupted(run, progress, replayer)
            raise
        progress.settle()
        after()
        return None

    async def _await(
        self,
        run: Run,
        progress: Progress,
        after: Callable[[], None],
        replayer: Replayer | None,
    ) -> None:
        __tracebackhide__ = True
        try:
            pause = _SHORTEST
            while not run.over:
                await asyncio.sleep(pause)
                pause = _SHORTEST if run.has_work_here else min(2 * pause, _SLICE)
                run.work_here(0)
                progress.look()
                if replayer is not None:
                    replayer.look()
        except (asyncio.CancelledError, KeyboardInterrupt):
            # The kernel turns an interrupt into a cancelled future; the user pressed interrupt.
            self._interrupted(run, progress, replayer)
            raise KeyboardInterrupt from None
        progress.settle()
        after()

    def _interrupted(self, run: Run, progress: Progress, replayer: Replayer | None) -> None:
        run.cancel()
        run.wait()
        if replayer is not None:
            replayer.end()
        progress.settle()
        say_run(run)

    def wait_for(self, run: Run) -> None:
        """Wait for ``run`` and show how it goes; an interrupt cancels it."""
        self.follow(run, False, lambda: None)

    def finish_background(self, run: Run, cell: Cell) -> None:
        """Bind what a cell left in the background, and show what it showed."""
        self.background.finish(run, cell)

    def messages_of(self, run: Run, cell: Cell) -> Sequence[Message]:
        """Return what a cell showed, as far as it is stored."""
        record = run.record(cell.id)
        return [] if record is None else messages(self.session, record)

    def make_again(self, cell: Cell, names: Iterable[str]) -> None:
        """Run a cell in the kernel itself, to have ``names``."""
        make_again(self.session, self.cells, cell, list(names))

    def bind(self, run: Run) -> None:
        """Bind what the cells of a run gave."""
        bind_outputs(self.session, self.cells, run)

    def close(self) -> None:
        """Let go of the views."""
        self._asking.close()


def _said_of(cell: Cell, missing: list[str], repeated: bool) -> str:
    what = ", ".join(missing)
    if repeated:
        return f"{cell.label} ran in the notebook itself too: it changes {what}"
    return (
        f"⚠ {cell.label} changed {what} in its worker only. It also added to a file, asked the "
        "network or started a program, so it was not run a second time: "
        "run it with --here, or in a plain cell."
    )


async def _told(answer: Awaitable[None] | None) -> None:
    """Await an answer, if there is one to be awaited; wrong words are told as IPython does."""
    __tracebackhide__ = True
    try:
        if answer is not None:
            await answer
    except MagicUsageError as error:
        raise UsageError(str(error)) from None


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError as error:
        raise MagicUsageError(
            f"%checkpoint cannot read its words: {error}.", {"words": line}
        ) from None


def _cell_id(shell: InteractiveShell) -> str:
    """Which cell of the notebook runs, where the front end says so."""
    get_parent = getattr(shell, "get_parent", None)
    if get_parent is None:
        return ""
    metadata = get_parent().get("metadata", {})
    return str(metadata.get("cellId", ""))
