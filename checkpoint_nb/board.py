"""What the events add up to: every known node, its state and how the run goes."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace

from checkpoint_nb.events import (
    LOOK,
    CommandRefused,
    EntryRejected,
    Event,
    GraphPlanned,
    NodeBlocked,
    NodeCancelled,
    NodeEvent,
    NodeFailed,
    NodeFinished,
    NodeInfo,
    NodeProgress,
    NodeQueued,
    NodeReused,
    NodeStarted,
    ResultsCleared,
    RunFinished,
    RunStarted,
)
from checkpoint_nb.reporting import HowFar
from checkpoint_nb.states import State

URGENCY = (
    State.RUNNING,
    State.FAILED,
    State.BLOCKED,
    State.QUEUED,
    State.CANCELLED,
    State.STALE,
    State.PENDING,
    State.DONE,
    State.REUSED,
    State.FRESH,
)
"""Which state stands for a group of nodes: the first of these that one of them is in."""

_ACTIVE = frozenset({State.QUEUED, State.RUNNING})


@dataclass(frozen=True, slots=True)
class Status:
    """How one node is at the moment.

    Parameters
    ----------
    state
        The state it is in.
    reason
        Why, as the plan or the run said it.
    started
        When it began to run, in seconds since the epoch; 0 if it did not.
    seconds
        How long it took, this time or, before it ran, the last time; 0 when unknown.
    message, traceback
        What went wrong, if it failed.
    progress
        How much is done of what runs, from 0 to 1, if it says so.
    doing
        What it says that it does.
    """

    state: State
    reason: str = ""
    started: float = 0.0
    seconds: float = 0.0
    message: str = ""
    traceback: str = ""
    progress: float | None = None
    doing: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The board at one moment; never changes.

    ``nodes``, ``statuses`` and ``codes`` (one byte a node, `State.code`) go together by index.
    ``outcome`` is ``""`` before any run, ``"running"``, or what the last run ended as;
    ``before`` are the codes at its start, of the nodes that there were.
    """

    structure: int
    version: int
    nodes: tuple[NodeInfo, ...]
    statuses: tuple[Status, ...]
    codes: bytes
    outcome: str
    started: float
    seconds: float
    saved: float
    note: str
    before: bytes = b""

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self.outcome == "running"

    def counts(self) -> dict[State, int]:
        """How many nodes are in each state, in the order of the states; none is left out."""
        return {state: self.codes.count(state.code) for state in State}

    def elapsed(self, now: float) -> float:
        """Seconds the run has taken at ``now``, or took."""
        return max(0.0, now - self.started) if self.running else self.seconds


class Board:
    """Folds events into what a view shows; safe to use from any thread.

    Nodes stay on the board until `forget`; a new plan adds to them and renews those it names. The
    board depends on nothing but the events: the same events give the same board.

    Examples
    --------
    >>> board = Board()
    >>> raw = NodeInfo("a1", "raw", "raw", "cell", ())
    >>> board.hear(GraphPlanned(0.0, "r1", (raw,), (State.STALE,), ("never ran",), (0.0,)))
    >>> board.hear(RunStarted(0.0, "r1", 1))
    >>> board.hear(NodeFinished(2.0, "r1", "a1", seconds=2.0, size=10))
    >>> board.snapshot().statuses[0].state.word
    'done'
    """

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.RLock())
        self._structure = 0
        self._version = 0
        self._nodes: tuple[NodeInfo, ...] = ()
        self._index: dict[str, int] = {}
        self._statuses: list[Status] = []
        self._codes = bytearray()
        self._before = b""
        self._downstream: dict[str, list[str]] | None = None
        self._owner: dict[str, str] = {}
        self._runs: dict[str, float] = {}
        self._outcome = ""
        self._started = self._seconds = self._saved = 0.0
        self._note = ""

    @property
    def structure(self) -> int:
        """Changes only when the nodes or their edges do."""
        return self._structure

    @property
    def version(self) -> int:
        """Changes with every event."""
        return self._version

    def hear(self, event: Event) -> None:
        """Fold ``event`` in and wake whoever waits for a change."""
        with self._changed:
            match event:
                case NodeEvent():
                    self._hear_node(event)
                case GraphPlanned():
                    self._plan(event)
                case RunStarted():
                    self._runs[event.run] = event.at
                    self._outcome, self._note = "running", ""
                    self._before = bytes(self._codes)
                    self._started, self._saved = min(self._runs.values()), 0.0
                case RunFinished():
                    self._finish(event)
                case ResultsCleared():
                    self._clear(event.nodes)
                case CommandRefused():
                    self._note = f"{event.command}: {event.why}"
                case EntryRejected():
                    self._note = f"{event.what}: {event.why}"
                case _:
                    return
            self._touch()

    def forget(self, nodes: Iterable[str]) -> None:
        """Take ``nodes`` off the board."""
        gone = set(nodes)
        with self._changed:
            kept = [i for i, info in enumerate(self._nodes) if info.node not in gone]
            if len(kept) == len(self._nodes):
                return
            self._statuses = [self._statuses[i] for i in kept]
            self._codes = bytearray(self._codes[i] for i in kept)
            self._before = bytes(self._before[i] for i in kept if i < len(self._before))
            self._restructure(tuple(self._nodes[i] for i in kept))
            self._touch()

    def downstream(self, node: str) -> set[str]:
        """Find ``node`` and everything that the picture draws below it."""
        with self._changed:
            below: dict[str, list[str]] = {}
            for info in self._nodes:
                for upstream, _ in info.drawn:
                    below.setdefault(upstream, []).append(info.node)
            seen, todo = {node}, [node]
            while todo:
                found = [each for each in below.get(todo.pop(), ()) if each not in seen]
                seen.update(found)
                todo += found
            return seen

    def snapshot(self) -> Snapshot:
        """Copy everything, as it is now."""
        with self._changed:
            return Snapshot(
                structure=self._structure,
                version=self._version,
                nodes=self._nodes,
                statuses=tuple(self._statuses),
                codes=bytes(self._codes),
                outcome=self._outcome,
                started=self._started,
                seconds=self._seconds,
                saved=self._saved,
                note=self._note,
                before=self._before,
            )

    def wait(self, version: int, timeout: float) -> bool:
        """Wait until the board is no longer at ``version``; whether it came to that in time."""
        with self._changed:
            if self._version == version:
                self._changed.wait(timeout)
            return self._version != version

    def wake(self) -> None:
        """End every `wait` now, as a view does that closes."""
        with self._changed:
            self._changed.notify_all()

    def _touch(self) -> None:
        self._version += 1
        self._changed.notify_all()

    def _restructure(self, nodes: tuple[NodeInfo, ...]) -> None:
        self._nodes = nodes
        self._index = {info.node: i for i, info in enumerate(nodes)}
        self._downstream = None
        self._structure += 1

    def _set(self, node: str, status: Status) -> None:
        index = self._index[node]
        self._statuses[index] = status
        self._codes[index] = status.state.code

    def _busy(self, node: str, besides: str = "") -> bool:
        """Whether a run that is under way, other than ``besides``, has the node in hand."""
        owner = self._owner.get(node, "")
        active = self._statuses[self._index[node]].state in _ACTIVE
        return active and owner in self._runs and owner != besides

    def _plan(self, event: GraphPlanned) -> None:
        nodes = list(self._nodes)
        index = dict(self._index)
        for info in event.nodes:
            if info.node not in index:
                index[info.node] = len(nodes)
                nodes.append(info)
                self._statuses.append(Status(State.PENDING))
                self._codes.append(State.PENDING.code)
            else:
                nodes[index[info.node]] = info
        if tuple(nodes) != self._nodes:
            self._restructure(tuple(nodes))
        for info, state, reason, seconds in zip(
            event.nodes, event.states, event.reasons, event.seconds, strict=True
        ):
            # A look nobody asked for leaves what the last run did: done is fresh, and says more.
            before = self._statuses[self._index[info.node]].state
            said_more = event.run == LOOK and state is State.FRESH and before.settled
            if not said_more and not self._busy(info.node, besides=event.run):
                self._set(info.node, Status(state, reason, seconds=seconds))

    def _hear_node(self, event: NodeEvent) -> None:
        if event.node not in self._index:
            return
        self._owner[event.node] = event.run
        status = self._statuses[self._index[event.node]]
        match event:
            case NodeQueued():
                status = replace(status, state=State.QUEUED)
            case NodeStarted():
                status = replace(status, state=State.RUNNING, started=event.at)
            case NodeProgress():
                how_far = HowFar(event.done, event.total, event.text)
                status = replace(status, progress=how_far.part, doing=how_far.said)
            case NodeFinished():
                status = Status(State.DONE, status.reason, status.started, event.seconds)
            case NodeReused():
                status = replace(status, state=State.REUSED, reason="upstream came out the same")
            case NodeFailed():
                took = event.at - status.started if status.started else 0.0
                status = Status(
                    State.FAILED,
                    status.reason,
                    status.started,
                    max(0.0, took),
                    event.message,
                    event.traceback,
                )
            case NodeBlocked():
                by = self._index.get(event.by)
                label = event.by if by is None else self._nodes[by].label
                status = replace(status, state=State.BLOCKED, reason=f"{label} failed")
            case NodeCancelled():
                status = replace(status, state=State.CANCELLED)
        self._set(event.node, status)

    def _finish(self, event: RunFinished) -> None:
        for info in self._nodes:
            if self._owner.get(info.node) == event.run and self._busy(info.node):
                status = self._statuses[self._index[info.node]]
                self._set(info.node, replace(status, state=State.CANCELLED))
        self._runs.pop(event.run, None)
        self._outcome = "running" if self._runs else event.outcome
        self._seconds, self._saved = event.seconds, event.saved

    def _clear(self, nodes: tuple[str, ...]) -> None:
        known = [node for node in nodes if node in self._index and not self._busy(node)]
        for node in known:
            status = self._statuses[self._index[node]]
            self._set(node, Status(State.STALE, "cleared", seconds=status.seconds))
        seen, todo = set(known), list(known)
        while todo:
            for node in self._below().get(todo.pop(), ()):
                if node in seen:
                    continue
                seen.add(node)
                todo.append(node)
                status = self._statuses[self._index[node]]
                if status.state is not State.STALE and not self._busy(node):
                    why = "something upstream was cleared"
                    self._set(node, Status(State.PENDING, why, seconds=status.seconds))

    def _below(self) -> dict[str, list[str]]:
        if self._downstream is None:
            self._downstream = {}
            for info in self._nodes:
                for upstream, _ in info.upstream:
                    self._downstream.setdefault(upstream, []).append(info.node)
        return self._downstream
