"""One run from its graph to its end: plan, schedule, mend what was damaged."""

from __future__ import annotations

import pickle
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from checkpoint_nb import events
from checkpoint_nb.errors import CheckpointError, RunCancelled, TaskFailed, WorkerLost
from checkpoint_nb.events import EventBus
from checkpoint_nb.executors.here import HereExecutor
from checkpoint_nb.executors.interface import Executor
from checkpoint_nb.explaining.details import details_of
from checkpoint_nb.failure import Failure
from checkpoint_nb.flights import Flights
from checkpoint_nb.graph import Graph
from checkpoint_nb.observing.hook import concerned, on_behalf, pass_on
from checkpoint_nb.origins import Origins
from checkpoint_nb.pace import Pace
from checkpoint_nb.plan import Plan, make_plan
from checkpoint_nb.scheduler import Scheduler
from checkpoint_nb.spool import SpoolReader, Spools
from checkpoint_nb.states import State
from checkpoint_nb.stores.interface import Record, Store
from checkpoint_nb.surroundings import Surroundings
from checkpoint_nb.turns import Turns

_MENDINGS = 3
_GLANCE = 0.01
_LOOK = 0.1
"""Seconds between two looks at how far running nodes are."""


@dataclass
class Report:
    """What a run did. ``plan`` is the first one, before anything ran."""

    plan: Plan
    ran: Counter[str] = field(default_factory=Counter)
    reused: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    saved: float = 0.0

    def info(self, generations: bool = False) -> dict[str, object]:
        """The report as plain values; see :class:`checkpoint_nb.task.RunInfo`."""
        info: dict[str, object] = {
            "stats": self.plan.stats(),
            "ran": dict(self.ran),
            "reused": dict(self.reused),
            "seconds": self.seconds,
            "saved": self.saved,
        }
        if generations:
            info["generations"] = list(self.plan.generations())
        return info


class Run:
    """A run under way. Made by :meth:`checkpoint_nb.session.Session.start`.

    - waits its turn: runs that have nodes in common follow each other;
    - plans, schedules, and where a stored payload turns out to be missing or damaged, plans again
      and runs its producer;
    - holds the failure until somebody asks for the result.
    """

    def __init__(
        self,
        graph: Graph,
        store: Store,
        executor: Callable[[], Executor],
        bus: EventBus,
        turns: Turns,
        *,
        forced: Collection[str] = (),
        cleared: Collection[str] = (),
        damaged: Collection[str] = (),
        origins: Origins | None = None,
    ) -> None:
        self.graph = graph
        self.id = uuid.uuid4().hex[:8]
        self.report: Report | None = None
        self.scheduler: Scheduler | None = None
        self._store = store
        self._executor = executor
        self._bus = bus
        self._turns = turns
        self._ticket = turns.ask(graph.number)
        self._forced = forced
        self._cleared = cleared
        self._damaged = damaged
        self._origins = origins or Origins()
        self._surroundings = Surroundings.here()
        self._spools = Spools()
        self._here = HereExecutor()
        self._asking = concerned()
        self.has_work_here = any(recipe.here for recipe in graph.recipes)
        self._over = threading.Event()
        self._stop = threading.Event()
        self._fenced: set[str] = set()
        self._notes: list[str] = []
        self._crash: BaseException | None = None
        self._listeners: list[Callable[[Run], None]] = []

    def start(self) -> Run:
        """Begin; returns at once."""
        threading.Thread(target=self._main, name="checkpoint_nb run", daemon=True).start()
        return self

    def when_over(self, tell: Callable[[Run], None]) -> None:
        """Call ``tell(run)`` when the run has ended, before anybody's wait returns."""
        self._listeners.append(tell)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the run is over; ``False`` when ``timeout`` seconds passed first."""
        return self._over.wait(timeout)

    def work_here(self, timeout: float) -> bool:
        """Do what must run in the calling thread; wait ``timeout`` seconds; whether it is over.

        To be called again and again by the thread that the notebook's code runs in.
        """
        if not self.has_work_here:
            return self.wait(timeout)
        self._here.work(min(timeout, _GLANCE))
        return self.over

    @property
    def over(self) -> bool:
        """Whether the run has ended."""
        return self._over.is_set()

    def cancel(self, node: str | None = None) -> None:
        """Stop one node, or everything: what runs is killed, what finished is kept."""
        if node is None:
            self._stop.set()
        if self.scheduler is not None:
            self.scheduler.cancel(node)

    def fence(self, nodes: set[str]) -> None:
        """Keep results of ``nodes`` that are still being computed out of the store."""
        self._fenced |= nodes
        if self.scheduler is not None:
            self.scheduler.fence(nodes)

    @property
    def failed(self) -> str:
        """Why there is no result, in a line; ``""`` when all went well."""
        if self._crash is not None:
            return f"{type(self._crash).__name__}: {self._crash}"
        assert self.scheduler is not None, "asked before the run was over"
        if self.scheduler.failures:
            return self.scheduler.failures[0].why or "the worker gave no answer"
        return "cancelled" if self.scheduler.cancelled else ""

    @property
    def saved(self) -> float:
        """Seconds of earlier work that this run did not have to do again.

        Cells upstream are left out: each said so itself when it was restored.
        """
        if self.scheduler is None:
            return 0.0
        told = set(self.scheduler.ended_as(State.DONE)) | {
            number
            for number, node in enumerate(self.graph.nodes)
            if node.kind == "cell" and number not in self.graph.targets
        }
        records = (self.scheduler.record(n) for n in range(len(self.graph)) if n not in told)
        return sum(record.seconds for record in records if record is not None)

    @property
    def notes(self) -> list[str]:
        """What should be known of the work done, a line each, none twice."""
        return list(dict.fromkeys(self._notes))

    def record(self, node: str) -> Record | None:
        """The record of a node whose result is there."""
        if self.scheduler is None:
            return None
        return self.scheduler.record(self.graph.number[node])

    def ran(self, node: str) -> bool:
        """Whether ``node`` was computed in this run."""
        number = self.graph.number[node]
        return self.scheduler is not None and self.scheduler.states.get(number) is State.DONE

    def stored(self, node: str) -> bool:
        """Whether the result of ``node`` is in the store, for others to be taken from there."""
        number = self.graph.number[node]
        return self.scheduler is not None and number not in self.scheduler.unstored

    def changed(self, node: str) -> tuple[str, ...]:
        """What the work of ``node`` changed in place in its worker, beside what it gave back."""
        if self.scheduler is None:
            return ()
        return self.scheduler.changed.get(self.graph.number[node], ())

    def acted(self, node: str) -> bool:
        """Whether the work of ``node`` did something in this run that is not to be done twice."""
        return self.scheduler is not None and self.graph.number[node] in self.scheduler.acted

    def shown(self, node: str) -> SpoolReader:
        """Read what the cell ``node`` shows, from the beginning and while it runs."""
        return self._spools.reader(node)

    def log_so_far(self, node: str) -> str:
        """What the work of ``node`` printed, while it runs."""
        return self._spools.log(node)

    def result_of(self, node: str) -> Record:
        """The record of ``node``; raises what kept it from being there.

        Raises
        ------
        Exception
            The first failure's own exception, its task named in a note.
        WorkerLost
            When the process died.
        RunCancelled
            When the run was cancelled first.
        """
        __tracebackhide__ = True
        if self._crash is not None:
            raise self._crash
        assert self.scheduler is not None, "asked before the run was over"
        record = self.record(node)
        if self.scheduler.failures:
            raise _raised(self.graph, self.scheduler.failures)
        if record is None:
            label = self.graph.nodes[self.graph.number[node]].label
            raise RunCancelled(
                f"The run was cancelled before {label} was done.",
                {"kept": f"{len(self.scheduler.ended_as(State.DONE))} finished results"},
                "Run it again: what finished is not done twice.",
            )
        return record

    def _main(self) -> None:
        try:
            with self._turns.had(self._ticket), on_behalf(self._asking):
                self._drive()
        except BaseException as error:  # noqa: BLE001 - the waiter raises it in its own thread
            self._crash = error
        finally:
            self._here.close()
            for tell in self._listeners:
                tell(self)
            self._over.set()

    def _drive(self) -> None:
        forced: Collection[str] = self._forced
        for mending in range(_MENDINGS):
            plan = make_plan(
                self.graph,
                self._store,
                forced=forced,
                cleared=self._cleared,
                damaged=self._damaged,
                verify=mending > 0,
            )
            self._bus.tell(planned(plan, self.id, self._origins))
            self.report = self.report or Report(plan)
            for decision in plan.decisions if self._asking else ():
                pass_on(decision.record.observed if decision.record is not None else {})
            self._schedule(plan)
            assert self.scheduler is not None
            if self.scheduler.cancelled or self.scheduler.failures or self._whole():
                return
            forced = ()
        raise CheckpointError(
            "Stored results keep being damaged while they are read.",
            {"met": "; ".join(self.scheduler.lost_upstream.values()) if self.scheduler else ""},
            "Check the disk of the cache directory.",
        )

    def _keep_details(self, plan: Plan) -> None:
        """Keep what is behind the keys of nodes that will run, so that a later why is a diff."""
        told: set[str] = set()
        for number in plan.left:
            recipe = self.graph.recipes[number]
            code = "" if recipe.code is None else recipe.code.digest
            # The code of a task is the same for all its nodes; what they are given is not.
            texts = details_of(recipe if code not in told else replace(recipe, code=None), told)
            told.update((code, *texts))
            self._store.keep_details(texts)

    def _schedule(self, plan: Plan) -> None:
        self.scheduler = Scheduler(
            plan,
            self._store,
            Flights(self._executor, self._here),
            self._bus,
            self.id,
            self._surroundings,
            spools=self._spools,
        )
        self.scheduler.fence(self._fenced)
        if self._stop.is_set():
            self.scheduler.cancel()
        self.scheduler.start()
        self._keep_details(plan)
        with Pace(self._bus, self.id, self._spools.progress) as pace:
            while not self.scheduler.wait(_LOOK):
                pace.look()
        self._notes += self.scheduler.notes
        if self.scheduler.crash is not None:
            raise self.scheduler.crash
        assert self.report is not None
        for counter, state in ((self.report.ran, State.DONE), (self.report.reused, State.REUSED)):
            counter.update(self.graph.nodes[n].task for n in self.scheduler.ended_as(state))
        self.report.seconds += self.scheduler.seconds
        self.report.saved = self.saved

    def _whole(self) -> bool:
        """Whether nothing read was damaged, and every payload asked for verifies."""
        assert self.scheduler is not None
        if self.scheduler.lost_upstream:
            return False
        records = [self.scheduler.record(number) for number in self.graph.targets]
        intact = self._store.objects.intact
        return all(
            record is not None
            and all(intact(stored, remembered=True) for stored in record.outputs.values())
            for record in records
        )


def planned(plan: Plan, run: str, origins: Origins) -> events.GraphPlanned:
    """Tell a plan as an event."""
    return events.GraphPlanned(
        time.time(),
        run,
        plan.graph.infos(origins),
        tuple(decision.state for decision in plan.decisions),
        tuple(decision.reason for decision in plan.decisions),
        tuple(decision.expected for decision in plan.decisions),
    )


def _raised(graph: Graph, failures: list[Failure]) -> BaseException:
    first, *others = failures
    label = graph.nodes[first.number].label
    error = _own_exception(label, first)
    note = f"while running {label}"
    if first.answer is not None and first.answer.traceback:
        note += f"\nTraceback in the worker:\n{first.answer.traceback.rstrip()}"
    if others:
        labels = ", ".join(graph.nodes[failure.number].label for failure in others[:5])
        note += f"\n{len(others)} more failed in this run: {labels}"
    error.add_note(note)
    return error


def _own_exception(label: str, failure: Failure) -> BaseException:
    answer = failure.answer
    if answer is None:
        return WorkerLost(
            f"{label} got no answer: {failure.why}.",
            {"node": label},
            "Its neighbours went on; run it again to try once more.",
        )
    if answer.pickled:
        try:
            error = pickle.loads(answer.pickled)
        except Exception:  # noqa: BLE001 - then the text below has to do
            error = None
        # An exit or an interrupt raised inside a task must not end the kernel that asked.
        if isinstance(error, Exception):
            return error
    return TaskFailed(f"{label} failed: {answer.kind}: {answer.message}", {"node": label})
