"""The magics: they parse words, and delegate."""

from __future__ import annotations

import asyncio
import shlex
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class

from checkpoint_nb.commands import Commands
from checkpoint_nb.errors import CheckpointError, MagicUsageError
from checkpoint_nb.notebook.awaiting import AWAITED
from checkpoint_nb.notebook.binding import bind_outputs
from checkpoint_nb.notebook.cells import Cell, Cells
from checkpoint_nb.notebook.options import USAGE, cell_options
from checkpoint_nb.notebook.progress import Progress, somebody_watches
from checkpoint_nb.notebook.replay import replay
from checkpoint_nb.notebook.summary import definitions_line, say, say_run, table
from checkpoint_nb.notebook.view import LiveView
from checkpoint_nb.session import Session, current_session

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from checkpoint_nb.run import Run
    from checkpoint_nb.work import Node

_SLICE = 0.05


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
        self._begun: list[Run] = []
        self.commands = Commands(self._session, self._begun.append)
        self._views: list[LiveView] = []
        self._session.onlooker = self.progress

    def progress(self) -> Progress:
        """Follow a run in the cell that is running."""
        return Progress(self._shell, self.session.board, self.commands)

    def before_cell(self, _: object = None) -> None:
        """Bind what buttons had computed meanwhile: here, between cells, on the main thread."""
        if threading.current_thread() is not threading.main_thread():
            return
        for run in [run for run in self._begun if run.over]:
            self._begun.remove(run)
            bind_outputs(self.session, self.cells, run, asked=False)

    def after_cell(self, _: object = None) -> None:
        """Let an open graph notice what the cell changed: a helper, a value."""
        if self._views:
            self.commands.look()

    @property
    def session(self) -> Session:
        """The current session; a new one after ``configure`` gets its own commands."""
        if (now := current_session()) is not self._session:
            self._session, self.commands = now, Commands(now, self._begun.append)
            now.onlooker = self.progress
        return self._session

    @line_cell_magic
    def checkpoint(self, line: str = "", cell: str | None = None) -> Awaitable[None] | None:
        """Remember this cell; or ask: status, run, clear, graph, why, cancel."""
        __tracebackhide__ = True
        words = shlex.split(line, comments=True)
        awaited = AWAITED in words
        words = [word for word in words if word != AWAITED]
        try:
            if cell is not None:
                answer = self._run_cell(words, cell, awaited)
            else:
                answer = self._ask(words, awaited)
            return _nothing() if answer is None and awaited else answer
        except MagicUsageError as error:
            raise UsageError(str(error)) from None

    # -- %%checkpoint ----------------------------------------------------------------------------

    def _run_cell(self, words: list[str], body: str, awaited: bool) -> Awaitable[None] | None:
        __tracebackhide__ = True
        name, declared = cell_options(words)
        source: str = self._shell.transform_cell(body)  # type: ignore[no-untyped-call]
        compile(source, "<cell>", "exec", flags=0x2000, dont_inherit=True)
        place = _place(self._shell)
        gone = {cell.id for cell in self.cells.at(place)}
        cell = self.cells.register(source, name, place, declared)
        for node in gone - {cell.id}:
            self.session.forget(node)
        if cell.only_defines:
            cell.define()
            say(definitions_line(cell))
            return None
        run = self.session.start([cell])
        return self._follow(run, awaited, partial(self._show, run, cell))

    def _show(self, run: Run, cell: Cell) -> None:
        __tracebackhide__ = True
        try:
            run.result_of(cell.id)
        except CheckpointError:
            raise
        except Exception:
            self._print_log(run, cell)
            raise
        cell.define()
        messages = bind_outputs(self.session, self.cells, run)
        replay(self._shell, messages.get(cell.id, ()))
        say_run(run)

    def _print_log(self, run: Run, cell: Cell) -> None:
        """What the cell printed before it failed is the cell's own output."""
        assert run.scheduler is not None
        for failure in run.scheduler.failures:
            if run.graph.nodes[failure.number].id == cell.id and failure.answer is not None:
                print(failure.answer.log, end="")  # noqa: T201

    # -- waiting ---------------------------------------------------------------------------------

    def _follow(self, run: Run, awaited: bool, after: Callable[[], None]) -> Awaitable[None] | None:
        __tracebackhide__ = True
        progress = self.progress()
        if awaited:
            return self._await(run, progress, after)
        try:
            while not run.wait(_SLICE):
                progress.look()
        except KeyboardInterrupt:
            self._interrupted(run, progress)
            raise
        progress.settle()
        after()
        return None

    async def _await(self, run: Run, progress: Progress, after: Callable[[], None]) -> None:
        __tracebackhide__ = True
        try:
            while not run.over:
                await asyncio.sleep(_SLICE)
                progress.look()
        except (asyncio.CancelledError, KeyboardInterrupt):
            # The kernel turns an interrupt into a cancelled future; the user pressed interrupt.
            self._interrupted(run, progress)
            raise KeyboardInterrupt from None
        progress.settle()
        after()

    def _interrupted(self, run: Run, progress: Progress) -> None:
        run.cancel()
        run.wait()
        progress.settle()
        say_run(run)

    # -- %checkpoint -----------------------------------------------------------------------------

    def _ask(self, words: list[str], awaited: bool) -> Awaitable[None] | None:
        __tracebackhide__ = True
        verb, *names = words or ["status"]
        if verb == "run":
            return self._run(names, awaited)
        asked = {
            "status": self._status,
            "clear": self._clear,
            "graph": self._graph,
            "why": self._why,
            "cancel": self._cancel,
        }.get(verb)
        if asked is None:
            raise MagicUsageError(f"%checkpoint does not know {verb!r}.", {}, USAGE)
        asked(names)
        return None

    def _run(self, names: list[str], awaited: bool) -> Awaitable[None] | None:
        __tracebackhide__ = True
        nodes = self._nodes(names) or self.session.nodes
        if not nodes:
            say("nothing to run yet: run a cell with %%checkpoint, or a task, first")
            return None
        run = self.session.start(nodes)

        def after() -> None:
            __tracebackhide__ = True
            for node in nodes:
                run.result_of(node.id)
            bind_outputs(self.session, self.cells, run)
            say_run(run)

        return self._follow(run, awaited, after)

    def _status(self, names: list[str]) -> None:
        plan = self.session.plan()
        table(plan, self._nodes(names))

    def _clear(self, names: list[str]) -> None:
        nodes = self._nodes(names) or list(self.session.graph().nodes)
        freed = self.session.clear(nodes)
        say(f"cleared {freed.entries} stored results, {freed.size:,} bytes freed")

    def _graph(self, names: list[str]) -> None:
        if names:
            raise MagicUsageError("%checkpoint graph takes no names.", {}, USAGE)
        if self.session.nodes and self.session.active is None:
            self.session.plan()
        view = LiveView(self.session.board, self.commands)
        live = somebody_watches(self._shell)
        view.show("graph", live=live)
        if live:
            view.settle()
        self._views.append(view)

    def _why(self, names: list[str]) -> None:
        if not names:
            raise MagicUsageError("%checkpoint why takes the name of a node.", {}, USAGE)
        for node in self._nodes(names):
            for line in self.session.why(node):
                say(line)

    def _cancel(self, names: list[str]) -> None:
        if not names:
            say(self.commands.cancel())
        for node in self._nodes(names):
            say(self.commands.cancel(node.id))

    def _nodes(self, names: list[str]) -> list[Node]:
        """Nodes by label, by task, or by how the label begins."""
        if not names:
            return []
        known = self.session.graph().nodes
        chosen: list[Node] = []
        for name in names:
            found = (
                [node for node in known if node.label == name]
                or [node for node in known if node.task == name]
                or [node for node in known if node.label.startswith(name)]
            )
            if not found:
                labels = ", ".join(node.label for node in known[:8]) or "none yet"
                raise MagicUsageError(f"No node is called {name!r}.", {"nodes": labels})
            chosen += found
        return chosen

    def close(self) -> None:
        """Let go of the views."""
        for view in self._views:
            view.close()


async def _nothing() -> None:
    """Stand for an answer where one is awaited."""


def _place(shell: InteractiveShell) -> str:
    """Which cell of the notebook runs, where the front end says so."""
    get_parent = getattr(shell, "get_parent", None)
    if get_parent is None:
        return ""
    metadata = get_parent().get("metadata", {})
    return str(metadata.get("cellId", ""))
