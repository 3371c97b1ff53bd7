"""The session: everything that may be asked of one kernel's work, in Python as in magics."""

from __future__ import annotations

import atexit
import itertools
import os
import threading
import time
from collections.abc import Iterable

from checkpoint_nb import clearing, events
from checkpoint_nb.collecting import Collected, collect
from checkpoint_nb.config import Config
from checkpoint_nb.executors.interface import Executor
from checkpoint_nb.graph import build
from checkpoint_nb.holdings import Holdings, current_keys, holdings
from checkpoint_nb.journal import NodeLog
from checkpoint_nb.measures import size_of, span_of
from checkpoint_nb.naming import find
from checkpoint_nb.plan import make_plan
from checkpoint_nb.reasons import reasons
from checkpoint_nb.run import Report
from checkpoint_nb.standing import Forecast, Row, forecast, rows
from checkpoint_nb.stores.interface import Freed, Store
from checkpoint_nb.tape import Tape
from checkpoint_nb.timeline import Timeline
from checkpoint_nb.verifying import Verification, Verified
from checkpoint_nb.waiting import Waiting
from checkpoint_nb.wiring import Wiring
from checkpoint_nb.work import Node

_SLICE = 0.1


class Session(Wiring):
    """One kernel's work, and everything that may be asked of it.

    A node is named as people read it (``"features"``, ``"choose(6, 3)"``), by its task, by how its
    name begins, or by the node itself.

    Parameters
    ----------
    config
        Settings; by default from the environment.
    store, executor
        Instead of the ones the settings would open; an executor given here is closed with it.

    Examples
    --------
    >>> from checkpoint_nb import checkpoint
    >>> from checkpoint_nb.stores.memory import MemoryStore
    >>> session = Session(store=MemoryStore())
    >>> session.status(), session.du().entries, session.cancel()
    ([], 0, False)
    """

    def __init__(
        self,
        config: Config | None = None,
        *,
        store: Store | None = None,
        executor: Executor | None = None,
    ) -> None:
        super().__init__(config, store=store, executor=executor)
        self._tape = Tape()
        self.bus.subscribe(self._tape.hear)

    # -- ask -------------------------------------------------------------------------------------

    def find(self, *wanted: Node | str) -> list[Node]:
        """Return the nodes of the picture that are meant: by label, task, or how a label begins.

        Raises
        ------
        DeclarationError
            When nobody is called that; it names who comes close.
        """
        by_name = any(isinstance(node, str) for node in wanted)
        return find(wanted, self.graph().nodes if by_name else ())

    def status(self, *wanted: Node | str) -> list[Row]:
        """Say how each node stands (or only ``wanted``), in the order of the graph."""
        plan = self.plan()
        found = rows(plan, self.board.snapshot(), self.journal.errors(plan), time.time())
        chosen = {node.id for node in self.find(*wanted)}
        return [row for row in found if not chosen or row.node in chosen]

    def forecast(self, *wanted: Node | str) -> Forecast:
        """Say what :meth:`run` would do, and run nothing."""
        plan = self.plan(self.find(*wanted) or None)
        found = rows(plan, self.board.snapshot(), {}, time.time())
        return forecast(plan, found, self.config.slots)

    def run(self, *wanted: Node | str) -> Report:
        """Run what is stale (of ``wanted``), wait, and say what was done; raises what failed."""
        __tracebackhide__ = True
        run = self.start(self.find(*wanted) or self.nodes)
        self.finish(run)
        for number in run.graph.targets:
            run.result_of(run.graph.nodes[number].id)
        assert run.report is not None
        return run.report

    def why(self, node: Node | str) -> list[str]:
        """Say why ``node`` is fresh, stale or pending: a headline, then what is behind it."""
        chosen = self.find(node)
        plan = make_plan(build(chosen), self.store, cleared=self.cleared, damaged=self._damaged)
        return [
            line for one in chosen for line in reasons(plan, plan.graph.number[one.id], self.store)
        ]

    def log(self, node: Node | str) -> list[NodeLog]:
        """What ``node`` printed when it last ran, and how that went; nothing if it never ran."""
        plan = self.plan(self.find(node), why=events.LOOK)
        return self.journal.logs(plan, plan.graph.targets)

    def timeline(self, run: int = 1) -> Timeline:
        """Return who ran what and when, in the last run in which anything ran.

        Parameters
        ----------
        run
            Which one: 1 the last, 2 the one before that, and so on.

        Examples
        --------
        >>> from checkpoint_nb.stores.memory import MemoryStore
        >>> print(Session(store=MemoryStore()).timeline().text())
        nothing ran yet
        """
        return self._tape.timeline(run)

    def cancel(self, node: Node | str | None = None) -> bool:
        """Stop what runs, or one node of it; whether anything ran. Does not wait for the end."""
        chosen = [None] if node is None else [one.id for one in self.find(node)]
        for run, each in itertools.product(self.running, chosen):
            run.cancel(each)
        return bool(self.running)

    def wait(self, *wanted: Node | str) -> None:
        """Wait until nothing runs (until ``wanted`` do not); raises what failed meanwhile."""
        __tracebackhide__ = True
        waiting = Waiting(self, self.find(*wanted))
        while not waiting.is_over():
            time.sleep(_SLICE)
        waiting.settle()

    def verify(self, node: Node | str) -> list[Verified]:
        """Run ``node`` again beside its stored result, compare the two, and keep the stored one."""
        __tracebackhide__ = True
        verified = []
        for one in self.find(node):
            verification = Verification(self, one)
            self.finish(verification.run)
            verified.append(verification.outcome())
        return verified

    # -- what is stored --------------------------------------------------------------------------

    def clear(self, nodes: Iterable[Node | str], *, down: bool = False) -> Freed:
        """Forget every stored result of ``nodes`` (and of all ``down`` from them)."""
        chosen = self.find(*nodes)
        return clearing.clear(self, clearing.downstream(self, chosen) if down else chosen)

    def clear_task(self, task: str) -> Freed:
        """Forget every stored result of a task, of any arguments and any version."""
        return clearing.clear_task(self, task)

    def clear_old(self, *wanted: Node | str) -> Freed:
        """Forget results that no known node (of ``wanted``) would use as things are now."""
        return clearing.clear_old(self, self.find(*wanted) or list(self.graph().nodes))

    def clear_everything(self) -> Freed:
        """Forget everything in the store, also what other notebooks put there."""
        return clearing.clear_everything(self)

    def du(self) -> Holdings:
        """Say what is stored, by task, and how much of it no known node would use."""
        return holdings(self.store, current_keys(self.plan(why=events.LOOK)))

    def gc(self, max_size: int | str | None = None, older: float | str | None = None) -> Collected:
        """Remove results by age, then by seconds of work for each byte, until all fits.

        Parameters
        ----------
        max_size
            Bytes that all results may take together: a number, or ``"5G"``.
        older
            What was computed longer ago goes: seconds, or ``"30d"``. Never what is fresh.
        """
        plan = self.plan(why=events.LOOK)
        return collect(
            self.store,
            most=size_of(max_size) if isinstance(max_size, str) else max_size,
            older=span_of(older) if isinstance(older, str) else older,
            fresh={d.record.key for d in plan.decisions if d.record is not None},
        )


_current: Session | None = None
_making = threading.Lock()


def current_session() -> Session:
    """Return the session of this process, made at first use."""
    global _current
    with _making:
        if _current is None:
            _current = Session()
            atexit.register(_current.close)
        return _current


def configure(
    *,
    cache_dir: str | os.PathLike[str] | None = None,
    key_file: str | os.PathLike[str] | None = None,
    slots: int | None = None,
    background: bool | None = None,
) -> Session:
    """End the current session and begin one with other settings; what is stored stays.

    Parameters
    ----------
    cache_dir
        Where results are kept.
    key_file
        Secret that seals stored entries.
    slots
        Number of worker processes.
    background
        Cells are begun and not waited for, until a cell reads what they bind.
    """
    settings = Config.resolve(
        cache_dir=cache_dir, key_file=key_file, slots=slots, background=background
    )
    return use(Session(settings))


def use(session: Session) -> Session:
    """Make ``session`` the current one; the one before is closed."""
    global _current
    with _making:
        before, _current = _current, session
    if before is not None:
        before.close()
    atexit.register(session.close)
    return session
