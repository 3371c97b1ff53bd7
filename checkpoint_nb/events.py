"""What happened, as frozen records, and the bus."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from checkpoint_nb.states import State

_log = logging.getLogger("checkpoint_nb")


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """What a view must know of a node once: its place in the graph, never its state.

    Parameters
    ----------
    node
        Identity of the node, a hex digest.
    label
        What people read: ``choose(6, 3)``, or a cell's name.
    task
        Name of the task it is a call of.
    kind
        ``"function"`` or ``"cell"``.
    upstream
        ``(node, variable)`` for each dependency; the variable is ``""`` for a returned value.
    handed
        The same for results that were handed on by value: drawn, but no dependency.
    """

    node: str
    label: str
    task: str
    kind: str
    upstream: tuple[tuple[str, str], ...]
    handed: tuple[tuple[str, str], ...] = ()

    @property
    def drawn(self) -> tuple[tuple[str, str], ...]:
        """Every edge that a picture shows."""
        return tuple(dict.fromkeys((*self.upstream, *self.handed)))


@dataclass(frozen=True, slots=True)
class Event:
    """Root of all events; ``at`` is seconds since the epoch, for display only."""

    at: float


LOOK = "look"
"""In place of a run: nobody asked, the plan was made to see what changed."""


@dataclass(frozen=True, slots=True)
class GraphPlanned(Event):
    """A graph was built and compared with the store: every node, its state and the reason."""

    run: str
    nodes: tuple[NodeInfo, ...]
    states: tuple[State, ...]
    reasons: tuple[str, ...]
    seconds: tuple[float, ...]
    """Seconds each node took when it last ran; 0 where it never did."""


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """Work starts; ``queued`` nodes were left after trimming."""

    run: str
    queued: int


@dataclass(frozen=True, slots=True)
class NodeEvent(Event):
    """Root of what happens to one node in one run."""

    run: str
    node: str


@dataclass(frozen=True, slots=True)
class NodeQueued(NodeEvent):
    """The node waits for its upstream or for a slot."""


HERE = -1
"""In place of a slot's number: the notebook's own thread."""


@dataclass(frozen=True, slots=True)
class NodeStarted(NodeEvent):
    """A slot (or the notebook itself: `HERE`) began the node."""

    slot: int


@dataclass(frozen=True, slots=True)
class Phases:
    """Where the seconds of a node went, as its worker measured them.

    Parameters
    ----------
    loading
        Until the work itself began: taking over names and settings, reading upstream results.
    computing
        The work itself.
    storing
        Writing what it gave.
    """

    loading: float = 0.0
    computing: float = 0.0
    storing: float = 0.0

    @property
    def total(self) -> float:
        """All of it."""
        return self.loading + self.computing + self.storing


UNTIMED = Phases()
"""Of what nobody measured."""


@dataclass(frozen=True, slots=True)
class NodeProgress(NodeEvent):
    """The node says how far it is: ``done`` of ``total``, which is ``None`` if nobody knows."""

    done: float
    total: float | None
    text: str


@dataclass(frozen=True, slots=True)
class NodeFinished(NodeEvent):
    """The node ran and its result is durable."""

    seconds: float
    size: int
    phases: Phases = UNTIMED


@dataclass(frozen=True, slots=True)
class NodeReused(NodeEvent):
    """Upstream finished unchanged, so the stored result stands (early cut-off)."""

    saved: float


@dataclass(frozen=True, slots=True)
class NodeFailed(NodeEvent):
    """The node's own work failed; ``message`` is one line, ``traceback`` the worker's."""

    message: str
    traceback: str


@dataclass(frozen=True, slots=True)
class NodeBlocked(NodeEvent):
    """Something upstream failed, so the node cannot run."""

    by: str


@dataclass(frozen=True, slots=True)
class NodeCancelled(NodeEvent):
    """The node was cancelled before it finished."""


@dataclass(frozen=True, slots=True)
class RunFinished(Event):
    """The run is over; ``saved`` seconds of earlier work did not have to be done again."""

    run: str
    outcome: str
    """``"done"``, ``"failed"`` or ``"cancelled"``."""
    seconds: float
    saved: float


@dataclass(frozen=True, slots=True)
class ResultsCleared(Event):
    """Stored results of ``nodes`` were removed."""

    nodes: tuple[str, ...]
    entries: int
    size: int


@dataclass(frozen=True, slots=True)
class EntryRejected(Event):
    """A stored entry was damaged or foreign: moved aside, and a miss."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class CommandRefused(Event):
    """Somebody asked for what cannot be done; ``why`` says why."""

    command: str
    why: str


Listener = Callable[[Event], None]


class EventBus:
    """Tells every listener every event, in order; a listener that raises is logged and goes on.

    Examples
    --------
    >>> bus, heard = EventBus(), []
    >>> forget = bus.subscribe(heard.append)
    >>> bus.tell(CommandRefused(0.0, "clear", "it runs"))
    >>> heard[0].why
    'it runs'
    >>> forget()
    """

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._lock = threading.RLock()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with every event from now on; the answer, called, ends that."""
        with self._lock:
            self._listeners.append(listener)

        def forget() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return forget

    def tell(self, event: Event) -> None:
        """Hand ``event`` to every listener."""
        with self._lock:
            for listener in tuple(self._listeners):
                try:
                    listener(event)
                except Exception:  # noqa: BLE001 - a broken view must not stop the work
                    _log.exception("a listener failed on %s", type(event).__name__)
