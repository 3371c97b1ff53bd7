"""``%checkpoint``: takes what is asked, and delegates."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol

from checkpoint_nb import clearing
from checkpoint_nb.errors import DeclarationError, MagicUsageError
from checkpoint_nb.measures import counted, said_size
from checkpoint_nb.notebook.completion import Completion
from checkpoint_nb.notebook.guide import GUIDE
from checkpoint_nb.notebook.progress import somebody_watches
from checkpoint_nb.notebook.stills import show_timeline
from checkpoint_nb.notebook.summary import say, say_run
from checkpoint_nb.notebook.tables import show_lines, show_table
from checkpoint_nb.notebook.verbs import VERBS, Asked, asked
from checkpoint_nb.notebook.view import LiveView
from checkpoint_nb.stores.interface import Freed
from checkpoint_nb.tabling import collected_line, holdings_table, log_text, status_table
from checkpoint_nb.verifying import Verification
from checkpoint_nb.waiting import Waiting

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from checkpoint_nb.commands import Commands
    from checkpoint_nb.run import Run
    from checkpoint_nb.session import Session
    from checkpoint_nb.work import Node

Answer = Awaitable[None] | None
_NOTHING_YET = "nothing yet: run a cell with %%checkpoint, or a task"
_SLICE = 0.05


class Host(Protocol):
    """What the answers need of the magics."""

    commands: Commands

    @property
    def session(self) -> Session:
        """The current session."""

    @property
    def notebook(self) -> InteractiveShell:
        """Where the question was asked."""

    def follow(self, run: Run, awaited: bool, after: Callable[[], None]) -> Answer:
        """Show how ``run`` goes until it is over, then do ``after``."""

    def bind(self, run: Run) -> None:
        """Bind what the cells of a run gave."""

    def switch(self, on: bool) -> None:
        """Let ``%%checkpoint`` remember, or run its cells as plain ones."""


class Asking:
    """Answers what is asked with ``%checkpoint``.

    Parameters
    ----------
    host
        The magics of one shell.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._views: list[LiveView] = []
        self._completion = Completion(host.notebook, lambda: host.session.board)

    @property
    def watched(self) -> bool:
        """Whether a graph is open."""
        return bool(self._views)

    @property
    def _session(self) -> Session:
        return self._host.session

    def close(self) -> None:
        """Let go of the views, and of the tab key."""
        self._completion.remove()
        for view in self._views:
            view.close()

    def answer(self, words: Sequence[str], awaited: bool) -> Answer:
        """Do what ``words`` ask; what it gives must be awaited where ``awaited`` says so."""
        __tracebackhide__ = True
        what = asked(words)
        match what.verb:
            case "run" if "dry" not in what.switches:
                return self._run(self._nodes(what), awaited)
            case "wait":
                return self._wait(self._nodes(what), awaited)
            case "verify":
                steps = [partial(self._verify, node, awaited) for node in self._nodes(what)]
                return _in_turn(steps, awaited)
        told: dict[str, Callable[[Asked], None]] = {
            "status": self._status,
            "run": self._forecast,
            "why": self._why,
            "clear": self._clear,
            "graph": self._graph,
            "log": self._log,
            "timeline": self._timeline,
            "cancel": self._cancel,
            "du": self._du,
            "gc": self._gc,
            "forget": self._forget,
            "off": self._switch,
            "on": self._switch,
            "help": self._help,
        }
        told[what.verb](what)
        return None

    def _nodes(self, what: Asked) -> list[Node]:
        try:
            return self._session.find(*what.names)
        except DeclarationError as error:
            raise MagicUsageError(error.headline, error.facts, error.hint) from None

    # -- what takes its time ---------------------------------------------------------------------

    def _run(self, chosen: list[Node], awaited: bool) -> Answer:
        __tracebackhide__ = True
        nodes = chosen or self._session.nodes
        if not nodes:
            say("nothing to run yet: run a cell with %%checkpoint, or a task, first")
            return None
        run = self._session.start(nodes)

        def after() -> None:
            __tracebackhide__ = True
            for node in nodes:
                run.result_of(node.id)
            self._host.bind(run)
            say_run(run)

        return self._host.follow(run, awaited, after)

    def _verify(self, node: Node, awaited: bool) -> Answer:
        __tracebackhide__ = True
        try:
            verification = Verification(self._session, node)
        except DeclarationError as error:
            raise MagicUsageError(error.headline, error.facts, error.hint) from None

        def after() -> None:
            __tracebackhide__ = True
            show_lines(verification.outcome().lines())

        return self._host.follow(verification.run, awaited, after)

    def _wait(self, nodes: list[Node], awaited: bool) -> Answer:
        __tracebackhide__ = True
        waiting = Waiting(self._session, nodes)
        if waiting.is_over():
            say("nothing runs")
        if awaited:
            return _wait_awaited(waiting)
        while not waiting.is_over():
            time.sleep(_SLICE)
        waiting.settle()
        return None

    # -- what is told at once --------------------------------------------------------------------

    def _status(self, what: Asked) -> None:
        rows = self._session.status(*self._nodes(what))
        show_table(status_table(rows, time.time()), _NOTHING_YET)

    def _forecast(self, what: Asked) -> None:
        seen = self._session.forecast(*self._nodes(what))
        if seen.rows:
            show_table(status_table(seen.rows, time.time()), _NOTHING_YET)
        say(str(seen) if seen.nodes else _NOTHING_YET)

    def _why(self, what: Asked) -> None:
        show_lines(line for node in self._nodes(what) for line in self._session.why(node))

    def _log(self, what: Asked) -> None:
        for node in self._nodes(what):
            logs = self._session.log(node)
            show_lines([log_text(log, time.time()) for log in logs] or [f"{node.label} never ran"])

    def _timeline(self, what: Asked) -> None:
        run, path = what.values.get("run", "1"), what.values.get("save", "")
        if not run.isdecimal() or int(run) < 1:
            raise MagicUsageError("--run takes a number.", {"given": run}, "1 is the last run.")
        drawn = self._session.timeline(int(run))
        if not drawn.run:
            say("nothing ran yet" if int(run) == 1 else f"there are no {run} runs to look at")
        elif path:
            try:
                drawn.save(path)
            except DeclarationError as error:
                raise MagicUsageError(error.headline, error.facts, error.hint) from None
            say(f"timeline of {counted(len(drawn.bars), 'node')} written to {path}")
        else:
            show_timeline(drawn)

    def _graph(self, _: Asked) -> None:
        session = self._session
        if session.nodes and session.active is None:
            session.plan()
        view = LiveView(session.board, self._host.commands)
        live = somebody_watches(self._host.notebook)
        view.show("graph", live=live)
        if live:
            view.settle()
        self._views.append(view)

    def _cancel(self, what: Asked) -> None:
        ids: list[str | None] = [node.id for node in self._nodes(what)]
        for node in ids or [None]:
            say(self._host.commands.cancel(node))

    def _forget(self, what: Asked) -> None:
        nodes = self._nodes(what)
        for node in nodes:
            self._session.forget(node.id)
        still = {node.id for node in self._session.graph().nodes}
        for node in nodes:
            if node.id in still:
                say(f"{node.label} stays in the picture: something there reads it")
            else:
                say(f"{node.label} is out of the picture; its stored results stay")

    def _switch(self, what: Asked) -> None:
        self._host.switch(what.verb == "on")
        if what.verb == "on":
            say("on: %%checkpoint cells are remembered")
        else:
            say("off: %%checkpoint cells run as plain ones, until %checkpoint on")

    def _help(self, _: Asked) -> None:
        show_lines([GUIDE.rstrip()])

    # -- what is stored --------------------------------------------------------------------------

    def _clear(self, what: Asked) -> None:
        nodes, switches = self._nodes(what), what.switches
        if "all" in switches and (nodes or len(switches - {"dry"}) > 1):
            raise _refused("--all is everything in the store: it takes nothing beside it.")
        if "down" in switches and not nodes:
            raise _refused("--down takes the name of a node.")
        old, dry = "stale" in switches, "dry" in switches
        if "all" in switches:
            freed, whose = self._clear_all(dry), "of everything in the store"
        else:
            whose = "" if nodes else "of all that this notebook knows"
            if "down" in switches:
                nodes = clearing.downstream(self._session, nodes)
            freed = self._cleared(nodes or list(self._session.graph().nodes), old=old, dry=dry)
        results = counted(freed.entries, "old result" if old else "stored result")
        said = f"{'would clear' if dry else 'cleared'} {results} {whose}".rstrip()
        say(f"{said}, {said_size(freed.size)} {'to be freed' if dry else 'freed'}")

    def _clear_all(self, dry: bool) -> Freed:
        if not dry:
            return self._session.clear_everything()
        held = self._session.du()
        return Freed(held.entries, held.size)

    def _cleared(self, nodes: list[Node], *, old: bool, dry: bool) -> Freed:
        if dry:
            return clearing.would_clear(self._session, nodes, old=old)
        return self._session.clear_old(*nodes) if old else self._session.clear(nodes)

    def _du(self, _: Asked) -> None:
        show_table(holdings_table(self._session.du()), "nothing is stored")

    def _gc(self, what: Asked) -> None:
        if not what.values:
            raise MagicUsageError("%checkpoint gc takes a limit.", {}, VERBS["gc"].shown)
        try:
            done = self._session.gc(what.values.get("max"), what.values.get("older"))
        except DeclarationError as error:
            raise MagicUsageError(error.headline, error.facts, error.hint) from None
        say(collected_line(done))


def _refused(headline: str) -> MagicUsageError:
    return MagicUsageError(headline, {}, VERBS["clear"].shown)


def _in_turn(steps: Sequence[Callable[[], Answer]], awaited: bool) -> Answer:
    __tracebackhide__ = True
    if awaited:
        return _in_turn_awaited(steps)
    for step in steps:
        step()
    return None


async def _in_turn_awaited(steps: Sequence[Callable[[], Answer]]) -> None:
    __tracebackhide__ = True
    for step in steps:
        if (answer := step()) is not None:
            await answer


async def _wait_awaited(waiting: Waiting) -> None:
    __tracebackhide__ = True
    try:
        while not waiting.is_over():
            await asyncio.sleep(_SLICE)
    except asyncio.CancelledError:
        # The kernel turns an interrupt into a cancelled future. Only the waiting ends.
        raise KeyboardInterrupt from None
    waiting.settle()
