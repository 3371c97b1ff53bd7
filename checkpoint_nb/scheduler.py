"""ready -> submit -> commit -> tell."""

from __future__ import annotations

import pickle
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from queue import SimpleQueue

from checkpoint_nb import events
from checkpoint_nb.errors import CheckpointError, DeclarationError
from checkpoint_nb.events import EventBus, Phases
from checkpoint_nb.executors.interface import Cancelled, Lost, Outcome, Returned
from checkpoint_nb.failure import Failure
from checkpoint_nb.fingerprint import Key
from checkpoint_nb.flights import Flights
from checkpoint_nb.job import Answer, Failed, Finished, UpstreamLost, refused
from checkpoint_nb.keeping import objections, record_of, remarks
from checkpoint_nb.observing.content import edited
from checkpoint_nb.observing.hook import concerned, on_behalf, pass_on
from checkpoint_nb.plan import Plan, key_of, results_of
from checkpoint_nb.priority import remaining_path
from checkpoint_nb.ready import Ready
from checkpoint_nb.sending import job_of
from checkpoint_nb.spool import Spools
from checkpoint_nb.states import State
from checkpoint_nb.stores.interface import Record, Store
from checkpoint_nb.surroundings import Surroundings


class Scheduler:
    """Runs what a plan left, in its own thread, and tells the bus; one object for one run.

    - hands ready nodes to slots, longest remaining path first;
    - decides pending nodes when their upstream is done (early cut-off);
    - shows a node as done only when its record is durable;
    - blocks what is downstream of a failure and goes on with the rest.
    """

    def __init__(
        self,
        plan: Plan,
        store: Store,
        flights: Flights,
        bus: EventBus,
        run: str,
        surroundings: Surroundings,
        *,
        spools: Spools | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.plan = plan
        self.run = run
        self.failures: list[Failure] = []
        self.lost_upstream: dict[str, str] = {}
        self.unkept: dict[str, str] = {}
        self.notes: list[str] = []
        self.unstored: set[int] = set()
        self.changed: dict[int, tuple[str, ...]] = {}
        self.acted: set[int] = set()
        self.cancelled = False
        self.crash: BaseException | None = None
        self.seconds = 0.0
        self._graph = plan.graph
        self._store = store
        self._tell = bus.tell
        self._clock = clock
        self._surroundings = surroundings
        self._spools = spools
        self._asking = concerned()
        self._inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._over = threading.Event()
        self._fence = threading.Lock()
        self._fenced: set[str] = set()
        self._records: dict[int, Record] = {
            n: d.record for n, d in enumerate(plan.decisions) if d.record is not None
        }
        self.states: dict[int, State] = dict.fromkeys(plan.left, State.QUEUED)
        self._keys: dict[int, Key | None] = {n: plan.decisions[n].key for n in plan.left}
        self._waiting = {
            n: sum(above in self.states for above in set(self._graph.upstream[n]))
            for n in plan.left
        }
        self._ready = Ready(plan.graph, remaining_path(plan))
        self._flights = flights
        self._decidable: list[int] = []
        self._committing = 0
        self._stopping = False

    def start(self) -> None:
        """Begin; returns at once."""
        threading.Thread(target=self._main, name="checkpoint_nb scheduler", daemon=True).start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the run is over; ``False`` when ``timeout`` seconds passed first."""
        return self._over.wait(timeout)

    def cancel(self, node: str | None = None) -> None:
        """Stop one node, or everything: what runs is killed, what finished is kept."""
        self._inbox.put(self._cancel_all if node is None else partial(self._cancel_one, node))

    def fence(self, nodes: set[str]) -> None:
        """Keep the results of ``nodes`` out of the store from now on: somebody cleared them."""
        with self._fence:
            self._fenced |= nodes

    def record(self, number: int) -> Record | None:
        """The record of a node whose result is there."""
        return self._records.get(number)

    def ended_as(self, *states: State) -> list[int]:
        """Numbers of the planned nodes that ended in one of ``states``."""
        return [number for number, state in self.states.items() if state in states]

    @property
    def outcome(self) -> str:
        """``"done"``, ``"failed"`` or ``"cancelled"``."""
        if self.cancelled:
            return "cancelled"
        return "failed" if self.failures or self.lost_upstream or self.crash else "done"

    # -- the thread ------------------------------------------------------------------------------

    def _main(self) -> None:
        with on_behalf(self._asking):
            self._work()

    def _work(self) -> None:
        started = time.perf_counter()
        try:
            self._tell(events.RunStarted(self._clock(), self.run, len(self.plan.left)))
            for number in self.plan.left:
                self._node_event(events.NodeQueued, number)
                if not self._waiting[number]:
                    self._ready.push(number)
            self._turn()
            while self._ready or self._decidable or self._flights or self._committing:
                self._inbox.get()()
                while not self._inbox.empty():
                    self._inbox.get()()
                self._turn()
        except BaseException as error:  # noqa: BLE001 - a hang would be worse: the waiter is told
            self.crash = error
            self._flights.cancel_all()
        finally:
            self.seconds = time.perf_counter() - started
            self._tell(
                events.RunFinished(
                    self._clock(), self.run, self.outcome, self.seconds, self.plan.saved
                )
            )
            self._over.set()

    def _turn(self) -> None:
        self._decide()
        if self._stopping or not self._ready:
            return
        while self._flights.has_room and (number := self._ready.pop()) is not None:
            self._submit(number)

    # -- ready -----------------------------------------------------------------------------------

    def _upstream_settled(self, number: int) -> None:
        for below in self._graph.downstream[number]:
            if below not in self._waiting:
                continue
            self._waiting[below] -= 1
            if not self._waiting[below] and self.states[below] is State.QUEUED:
                self._decidable.append(below)

    def _decide(self) -> None:
        """Compare nodes whose upstream is now known with the store, all in one read."""
        while self._decidable:
            numbers, self._decidable = self._decidable, []
            undecided: dict[str, list[int]] = defaultdict(list)
            for number in numbers:
                if self.plan.decisions[number].state is State.STALE:
                    self._ready.push(number)
                    continue
                if not self._has_inputs(number):
                    continue
                try:
                    key = self._keys[number] = key_of(
                        self._graph, number, self._records.__getitem__
                    )
                except DeclarationError as error:
                    self._fail(number, refused(error), error.headline)
                    continue
                if key is None or self._cannot_be_known(number):
                    self._ready.push(number)
                else:
                    undecided[key.digest].append(number)
            known = self._store.lookup(list(undecided)) if undecided else {}
            for digest, several in undecided.items():
                for number in several:
                    self._reuse_or_run(number, known.get(digest))

    def _cannot_be_known(self, number: int) -> bool:
        """Whether a question to the store, behind the commits that wait, would be for nothing."""
        node = self._graph.nodes[number]
        return node.kind == "function" and node.task not in self.plan.recorded

    def _has_inputs(self, number: int) -> bool:
        recipe = self._graph.recipes[number]
        for above, edge in zip(self._graph.upstream[number], recipe.upstream, strict=True):
            if edge.output not in self._records[above].outputs:
                self._fail(number, None, f"{edge.node.label} gave no {edge.output} to read")
                return False
        return True

    def _reuse_or_run(self, number: int, record: Record | None) -> None:
        node = self._graph.nodes[number]
        holds = self._store.objects.holds
        if (
            record is None
            or node.id in self._fenced
            or not all(holds(stored) for stored in record.outputs.values())
            or edited(record.observed, self._graph.recipes[number].conditions)
        ):
            self._ready.push(number)
            return
        self._records[number] = record
        self.states[number] = State.REUSED
        self._node_event(events.NodeReused, number, record.seconds)
        self._upstream_settled(number)

    # -- submit ----------------------------------------------------------------------------------

    def _submit(self, number: int) -> None:
        recipe = self._graph.recipes[number]
        try:
            if not recipe.uncacheable and (self._keys[number] is None or recipe.extras is not dict):
                self._keys[number] = key_of(self._graph, number, self._records.__getitem__)
            function, payload = self._job(number)
            recipe.unchanged()
        except CheckpointError as error:
            self._ready.done(number)
            self._fail(number, refused(error), error.headline)
            return
        self._flights.send(
            number,
            recipe,
            function,
            payload,
            lambda outcome: self._inbox.put(partial(self._answered, number, outcome)),
            lambda slot: self._inbox.put(partial(self._started, number, slot)),
        )

    def _job(self, number: int) -> tuple[Callable[[object], object], object]:
        recipe, around = self._graph.recipes[number], self._surroundings
        if recipe.random is not None:
            around = replace(around, random=recipe.random)
        return job_of(
            self._graph.nodes[number],
            recipe,
            tuple(results_of(self._graph, number, self._records.__getitem__)),
            self._store.objects,
            None if self._flights.in_process(recipe) else around,
            self._spools,
        )

    def _started(self, number: int, slot: int) -> None:
        if number in self._flights:
            self.states[number] = State.RUNNING
            self._node_event(events.NodeStarted, number, slot)

    # -- answered --------------------------------------------------------------------------------

    def _answered(self, number: int, outcome: Outcome) -> None:
        self._flights.landed(number)
        self._ready.done(number)
        match outcome:
            case Returned(value):
                answer: Answer = pickle.loads(value) if isinstance(value, bytes) else value  # type: ignore[assignment]
                self._take(number, answer)
            case Lost(why):
                self._fail(number, None, why)
            case Cancelled():
                self._settle_cancelled(number)

    def _take(self, number: int, answer: Answer) -> None:
        match answer:
            case Finished():
                self._finish(number, answer)
            case Failed():
                self._fail(number, answer, f"{answer.kind}: {answer.message}")
            case UpstreamLost(digest, why):
                self.lost_upstream[digest] = why
                self._stopping = True
                self._settle_cancelled(number)
                self._cancel_waiting()

    def _finish(self, number: int, answer: Finished) -> None:
        pass_on(answer.observed)
        node, key = self._graph.nodes[number], self._keys[number]
        record = record_of(node, key, answer, self._clock())
        self._records[number] = record
        self.unkept.update(answer.unkept)
        kept = key is not None and self._may_keep(number, key, answer)
        with self._fence:
            keep = kept and node.id not in self._fenced
            committed: Future[None] = self._store.commit([record]) if keep else Future()
        self.changed[number] = answer.changed
        self.acted |= {number} if answer.acts else set()
        if not keep:
            self.unstored.add(number)
            committed.set_result(None)
        self._committing += 1
        committed.add_done_callback(
            lambda done: self._inbox.put(partial(self._committed, number, answer.phases, done))
        )
        self._upstream_settled(number)

    def _may_keep(self, number: int, key: Key, answer: Finished) -> bool:
        node, recipe = self._graph.nodes[number], self._graph.recipes[number]
        in_process = self._flights.in_process(recipe)
        why_not = objections(node.label, recipe, key, answer, in_process)
        self.notes += remarks(node, recipe, answer)
        if why_not:
            if not answer.changed:
                self.notes.append(f"{why_not}: not kept")
            self._tell(events.EntryRejected(self._clock(), node.label, f"not kept: {why_not}"))
        return not why_not

    def _committed(self, number: int, phases: Phases, done: Future[None]) -> None:
        self._committing -= 1
        error = done.exception()
        node = self._graph.nodes[number]
        if error is not None:
            why = f"used in this run, but not kept: {error}"
            self._tell(events.EntryRejected(self._clock(), node.label, why))
        self.states[number] = State.DONE
        record = self._records[number]
        self._node_event(events.NodeFinished, number, record.seconds, record.size, phases)

    # -- failure and cancel ----------------------------------------------------------------------

    def _fail(self, number: int, answer: Failed | None, why: str) -> None:
        self.failures.append(Failure(number, answer, why))
        self.states[number] = State.FAILED
        text = answer.traceback if answer is not None else ""
        self._node_event(events.NodeFailed, number, why, text)
        label = self._graph.nodes[number].label
        waiting = list(self._graph.downstream[number])
        while waiting:
            below = waiting.pop()
            if self.states.get(below) is State.QUEUED and self._waiting[below]:
                self.states[below] = State.BLOCKED
                self._node_event(events.NodeBlocked, below, label)
                waiting += self._graph.downstream[below]

    def _cancel_all(self) -> None:
        self.cancelled = self._stopping = True
        self._cancel_waiting()
        self._flights.cancel_all()

    def _cancel_waiting(self) -> None:
        self._ready.clear()
        self._decidable.clear()
        for number, state in self.states.items():
            if (
                state is State.QUEUED
                and number not in self._flights
                and number not in self._records
            ):
                self._settle_cancelled(number)

    def _cancel_one(self, node: str) -> None:
        number = self._graph.number.get(node)
        if number is None or number not in self.states:
            return
        if number in self._flights:
            self._flights.cancel(number)
        elif self.states[number] is State.QUEUED and number not in self._records:
            self._ready.remove(number)
            self._settle_cancelled(number)
        self._cancel_below(number)

    def _cancel_below(self, number: int) -> None:
        waiting = list(self._graph.downstream[number])
        while waiting:
            below = waiting.pop()
            if self.states.get(below) is State.QUEUED and self._waiting[below]:
                self.cancelled = True
                self._settle_cancelled(below)
                waiting += self._graph.downstream[below]

    def _settle_cancelled(self, number: int) -> None:
        self.cancelled = self.cancelled or not self.lost_upstream
        self.states[number] = State.CANCELLED
        self._node_event(events.NodeCancelled, number)

    def _node_event(self, kind: Callable[..., events.Event], number: int, *rest: object) -> None:
        self._tell(kind(self._clock(), self.run, self._graph.nodes[number].id, *rest))
