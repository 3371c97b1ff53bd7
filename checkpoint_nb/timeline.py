"""Who ran what, and when: the events of a run, folded into bars that never overlap."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from checkpoint_nb.events import (
    HERE,
    Event,
    GraphPlanned,
    NodeBlocked,
    NodeCancelled,
    NodeEvent,
    NodeFailed,
    NodeFinished,
    NodeInfo,
    NodeReused,
    NodeStarted,
    Phases,
    RunFinished,
    RunStarted,
)
from checkpoint_nb.states import State


@dataclass(frozen=True, slots=True)
class Bar:
    """One node in one slot; times are seconds since the run began.

    Parameters
    ----------
    node, label, task
        As in the picture of the graph.
    slot
        Who ran it: a number, or `events.HERE`.
    ready
        When nothing that it needs was missing any more: from then to ``start`` it waited.
    start
        When the slot began it.
    phases
        How long it loaded, computed and stored; of one that did not finish all is computing.
    state
        How it ended, or running.
    """

    node: str
    label: str
    task: str
    slot: int
    ready: float
    start: float
    phases: Phases
    state: State

    @property
    def end(self) -> float:
        """When the slot was done with it."""
        return self.start + self.phases.total

    @property
    def waited(self) -> float:
        """Seconds from ready to start."""
        return max(0.0, self.start - self.ready)


@dataclass(frozen=True, slots=True)
class Timeline:
    """What ran in one run: in which slot, from when to when, and in which phases.

    Parameters
    ----------
    run
        Name of the run; ``""`` where there was none.
    started
        When it began, seconds since the epoch.
    seconds
        From there to its end, or to now.
    outcome
        ``"running"``, or how it ended.
    bars
        What ran, by slot and then by time.
    reused, blocked
        How many nodes did not run, as their upstream came out the same, or failed.

    Examples
    --------
    >>> drawn = Timeline("r1", 0.0, 2.0, "done", (), 0, 0)
    >>> drawn.slots, drawn.busy
    ((), 0.0)
    """

    run: str
    started: float
    seconds: float
    outcome: str
    bars: tuple[Bar, ...]
    reused: int
    blocked: int

    @property
    def slots(self) -> tuple[int, ...]:
        """Who ran something, in order; the notebook itself is last."""
        found = {bar.slot for bar in self.bars}
        return (*sorted(found - {HERE}), *({HERE} & found))

    @property
    def busy(self) -> float:
        """The part of the time, 0 to 1, in which these slots had something to do."""
        room = self.seconds * len(self.slots)
        return min(1.0, sum(bar.phases.total for bar in self.bars) / room) if room else 0.0

    def waiting(self) -> list[tuple[float, int]]:
        """How many nodes were ready and had no slot: from each time on, until the next."""
        changes: Counter[float] = Counter()
        for bar in self.bars:
            if bar.start > bar.ready:
                changes[bar.ready] += 1
                changes[bar.start] -= 1
        number, steps = 0, []
        for at in sorted(changes):
            number += changes[at]
            steps.append((at, number))
        return steps

    def text(self, width: int = 80) -> str:
        """Draw it with letters, ``width`` columns wide."""
        from checkpoint_nb.gantt_text import to_text

        return to_text(self, width)

    def svg(self) -> str:
        """Draw it as an SVG image: no scripts, no links, no fonts."""
        from checkpoint_nb.gantt import to_svg

        return to_svg(self)

    def trace(self) -> str:
        """Return it in the trace event format, as Perfetto and chrome://tracing open it."""
        from checkpoint_nb.gantt_files import to_trace

        return to_trace(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file that ends in ``.svg``, ``.png`` or ``.json`` (trace events).

        Raises
        ------
        DeclarationError
            When the name ends in something else, or the file cannot be written, or nobody is
            there to draw a PNG.
        """
        from checkpoint_nb.gantt_files import save

        save(self, path)


def timeline(events: Iterable[Event], run: str, now: float) -> Timeline:
    """Fold the events of one run; those of other runs are left out.

    Parameters
    ----------
    events
        In the order in which they were told.
    run
        Whose.
    now
        Seconds since the epoch: the end of what still runs.

    Examples
    --------
    >>> told = [
    ...     GraphPlanned(9.0, "r", (NodeInfo("a", "a()", "a", "function", ()),), (), (), ()),
    ...     RunStarted(10.0, "r", 1),
    ...     NodeStarted(11.0, "r", "a", 0),
    ...     NodeFinished(14.0, "r", "a", 2.0, 5, Phases(0.5, 2.0, 0.25)),
    ...     RunFinished(14.0, "r", "done", 4.0, 0.0),
    ... ]
    >>> (bar,) = timeline(told, "r", 20.0).bars
    >>> bar.label, bar.waited, bar.start, bar.end
    ('a()', 1.0, 1.0, 3.75)
    """
    fold = _Fold(run)
    for event in events:
        fold.hear(event)
    return fold.result(now)


class _Fold:
    """What is known of a run while its events are read."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._infos: dict[str, NodeInfo] = {}
        self._began: float | None = None
        self._over: RunFinished | None = None
        self._running: dict[str, NodeStarted] = {}
        self._settled: dict[str, float] = {}
        self._ran: list[tuple[NodeStarted, Phases, State]] = []
        self._counts: Counter[State] = Counter()

    def hear(self, event: Event) -> None:
        if getattr(event, "run", "") != self._run:
            return
        match event:
            case GraphPlanned():
                self._infos.update((info.node, info) for info in event.nodes)
            case RunStarted():
                # A damaged result makes a run begin once more.
                self._began = event.at if self._began is None else self._began
                self._over = None
            case RunFinished():
                self._over = event
            case NodeStarted():
                self._running[event.node] = event
            case NodeFinished(phases=phases) if event.node in self._running:
                begun = self._running.pop(event.node)
                self._settled[event.node] = begun.at + phases.total
                self._ran.append((begun, phases, State.DONE))
            case NodeFailed():
                self._cut(event, State.FAILED)
            case NodeCancelled():
                self._cut(event, State.CANCELLED)
            case NodeReused():
                self._settled[event.node] = event.at
                self._counts[State.REUSED] += 1
            case NodeBlocked():
                self._counts[State.BLOCKED] += 1

    def _cut(self, event: NodeEvent, state: State) -> None:
        begun = self._running.pop(event.node, None)
        if begun is not None:
            self._ran.append((begun, Phases(computing=max(0.0, event.at - begun.at)), state))

    def result(self, now: float) -> Timeline:
        began = self._began or 0.0
        over = self._over
        end = over.at if over is not None else now
        running = [
            (begun, Phases(computing=max(0.0, end - begun.at)), State.RUNNING)
            for begun in self._running.values()
        ]
        bars = _apart([self._bar(*one, began) for one in (*self._ran, *running)])
        last = max((bar.end for bar in bars), default=0.0)
        return Timeline(
            self._run if self._began is not None else "",
            began,
            max(end - began, last) if self._began is not None else 0.0,
            "running" if over is None else over.outcome,
            bars,
            self._counts[State.REUSED],
            self._counts[State.BLOCKED],
        )

    def _bar(self, begun: NodeStarted, phases: Phases, state: State, began: float) -> Bar:
        info = self._infos.get(begun.node) or NodeInfo(begun.node, begun.node, "", "", ())
        above = (self._settled.get(node, began) for node, _ in info.upstream)
        ready = max((*above, began)) - began
        start = max(0.0, begun.at - began)
        return Bar(
            info.node, info.label, info.task, begun.slot, min(ready, start), start, phases, state
        )


def _apart(bars: Iterable[Bar]) -> tuple[Bar, ...]:
    """Put each bar behind the one before: a start is heard of a moment later than it is."""
    found: list[Bar] = []
    for bar in sorted(bars, key=lambda bar: (bar.slot == HERE, bar.slot, bar.start)):
        before = found[-1] if found and found[-1].slot == bar.slot else None
        late = before is not None and before.end > bar.start
        found.append(replace(bar, start=before.end) if before is not None and late else bar)
    return tuple(found)
