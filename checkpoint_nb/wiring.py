"""Ties one kernel's registry, store, executor and bus."""

from __future__ import annotations

import logging
import threading
import time
import warnings
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Executor as AnyExecutor
from typing import Protocol

from checkpoint_nb import events
from checkpoint_nb.board import Board
from checkpoint_nb.config import Config
from checkpoint_nb.errors import CheckpointWarning, MissingEntry
from checkpoint_nb.events import EventBus
from checkpoint_nb.executors.interface import Executor
from checkpoint_nb.graph import Graph, build
from checkpoint_nb.journal import Journal
from checkpoint_nb.origins import Origins
from checkpoint_nb.plan import Plan, make_plan
from checkpoint_nb.run import Report, Run, planned
from checkpoint_nb.states import State
from checkpoint_nb.stores.interface import Store
from checkpoint_nb.turns import Turns
from checkpoint_nb.work import RETURNED, Node

_log = logging.getLogger("checkpoint_nb")
_SLICE = 0.1
"""Seconds between looks at an interrupt while waiting."""


class Onlooker(Protocol):
    """Somebody who watches a run that is waited for."""

    def look(self) -> None:
        """Called often while the run is waited for."""

    def end(self, run: Run) -> None:
        """Called once when it is over."""


class Wiring:
    """One kernel's work: what is known, where results are, who runs, who is told.

    Parameters
    ----------
    config
        Settings; by default from the environment.
    store, executor
        Instead of the ones the settings would open; an executor given here is closed with it.

    Examples
    --------
    >>> from checkpoint_nb.stores.memory import MemoryStore
    >>> Wiring(store=MemoryStore()).nodes
    []
    """

    def __init__(
        self,
        config: Config | None = None,
        *,
        store: Store | None = None,
        executor: Executor | None = None,
    ) -> None:
        self.config = config or Config.resolve()
        self.bus = EventBus()
        self.board = Board()
        self.bus.subscribe(self.board.hear)
        self._store = store
        self._executor = executor
        self._opening = threading.RLock()
        self._turns = Turns()
        self._known: dict[str, Node] = {}
        self.cleared: set[str] = set()
        self._damaged: set[str] = set()
        self._origins = Origins()
        self.journal = Journal()
        self.running: list[Run] = []
        self.onlooker: Callable[[], Onlooker] | None = None
        if store is not None:
            store.listen(self._rejected)

    # -- the parts -------------------------------------------------------------------------------

    @property
    def store(self) -> Store:
        """Where results are kept; opened at first use."""
        with self._opening:
            if self._store is None:
                from checkpoint_nb.stores.disk import DiskStore

                self._store = DiskStore(self.config.cache_dir, self.config.key_file)
                self._store.listen(self._rejected)
            return self._store

    def slots(self) -> Executor:
        """The session's own worker processes; started at first use, they outlive runs."""
        with self._opening:
            if self._executor is None:
                from checkpoint_nb.executors.slots import SlotExecutor

                self._executor = SlotExecutor(self.config.slots)
            return self._executor

    def close(self) -> None:
        """Cancel what runs, end the workers, let go of the store."""
        for run in list(self.running):
            run.cancel()
        with self._opening:
            if self._executor is not None:
                self._executor.close()
                self._executor = None
            if self._store is not None:
                self._store.close()
                self._store = None

    # -- what is known ---------------------------------------------------------------------------

    @property
    def nodes(self) -> list[Node]:
        """The nodes asked for so far, cells among them, in the order they were first asked for."""
        return list(self._known.values())

    def remember(self, node: Node) -> None:
        """Make ``node`` part of the picture; a newer one with the same id takes its place."""
        self._known[node.id] = node

    def forget(self, node: str) -> None:
        """Take a node out of the picture; its stored results stay."""
        self._known.pop(node, None)
        self.journal.forget(node)
        self.board.forget([node])

    def graph(self) -> Graph:
        """Build the graph of everything known."""
        return build(self.nodes)

    def plan(self, targets: Sequence[Node] | None = None, *, why: str = "") -> Plan:
        """Compare ``targets`` (everything known) with the store, and tell the bus.

        ``why`` is :data:`events.LOOK` when nobody asked.
        """
        graph = self.graph() if targets is None else build(targets)
        plan = make_plan(graph, self.store, cleared=self.cleared, damaged=self._damaged)
        self.bus.tell(planned(plan, why, self._origins))
        return plan

    # -- run -------------------------------------------------------------------------------------

    @property
    def active(self) -> Run | None:
        """The run under way, if there is one."""
        return next(iter(self.running), None)

    def start(
        self,
        targets: Iterable[Node],
        *,
        executor: AnyExecutor | None = None,
        forced: Collection[str] = (),
        store: Store | None = None,
    ) -> Run:
        """Build the graph of ``targets`` here and now, and begin to run what is stale of it.

        Parameters
        ----------
        executor
            Instead of the session's own worker processes.
        forced
            Ids of nodes to run whatever is stored.
        store
            Instead of the session's own.

        Raises
        ------
        CycleError, DeclarationError
            What is wrong with the graph, before anything runs.
        """
        wanted = list(targets)
        for node in wanted:
            self.remember(node)
        run = Run(
            build(wanted),
            store or self.store,
            self.slots if executor is None else lambda: _adapted(executor),
            self.bus,
            self._turns,
            forced=forced,
            cleared=frozenset(self.cleared),
            damaged=self._damaged,
            origins=self._origins,
        )
        self.running.append(run)
        run.when_over(self._ended)
        return run.start()

    def _ended(self, run: Run) -> None:
        self.running.remove(run)
        self.journal.note(run)
        if run.scheduler is not None:
            done = run.scheduler.ended_as(State.DONE, State.REUSED)
            self.cleared -= {run.graph.nodes[number].id for number in done}
            kept = (run.scheduler.record(number) for number in done)
            self._damaged -= {record.key for record in kept if record is not None}
        for number in run.graph.targets:
            node = run.graph.nodes[number].id
            record = run.record(node)
            if record is not None:
                above = (info.drawn for info in self.board.snapshot().nodes if info.node == node)
                self._origins.add(node, record.outputs, (edge[0] for e in above for edge in e))

    def finish(self, run: Run) -> None:
        """Wait for ``run`` so that an interrupt cancels it and is raised again."""
        watched = (
            self.onlooker is not None and threading.current_thread() is threading.main_thread()
        )
        onlooker = self.onlooker() if watched and self.onlooker else None
        try:
            while not run.wait(_SLICE):
                if onlooker is not None:
                    onlooker.look()
        except KeyboardInterrupt:
            run.cancel()
            run.wait()
            raise
        finally:
            if onlooker is not None:
                onlooker.end(run)

    def bring(self, node: Node, *, executor: AnyExecutor | None = None) -> tuple[object, Report]:
        """Run what is stale of ``node`` and load its result; see :meth:`Task.run`."""
        __tracebackhide__ = True
        run = self.start([node], executor=executor)
        self.finish(run)
        for note in run.notes:
            warnings.warn(note, CheckpointWarning, stacklevel=3)
        record = run.result_of(node.id)
        assert run.report is not None
        return self.store.objects.get(record.outputs[RETURNED]), run.report

    def load(self, node: Node) -> object:
        """Load the stored result of ``node`` without running; raises MissingEntry."""
        plan = self.plan([node])
        decision = plan.decisions[plan.graph.number[node.id]]
        if decision.record is None:
            raise MissingEntry(
                f"{node.label} has no fresh result.",
                {"state": decision.state.word, "because": decision.reason},
                "Call .run() to compute it.",
            )
        return self.store.objects.get(decision.record.outputs[RETURNED])

    def _rejected(self, what: str, why: str) -> None:
        self._damaged.add(what)
        _log.warning("a stored entry counts as missing: %s: %s", what, why)
        self.bus.tell(events.EntryRejected(time.time(), what, why))


def _adapted(executor: AnyExecutor) -> Executor:
    from checkpoint_nb.executors.futures import FuturesExecutor

    return FuturesExecutor(executor)
