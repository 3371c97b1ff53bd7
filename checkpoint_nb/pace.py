"""Reads what running tasks report, and tells it as events."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from checkpoint_nb.events import Event, EventBus, NodeEvent, NodeProgress, NodeStarted
from checkpoint_nb.reporting import HowFar, reported


class Pace:
    """Knows which nodes of one run are running, and looks how far they are.

    Parameters
    ----------
    bus
        Where events come from and go to.
    run
        Which run's.
    path
        Where the node with an id reports to.

    Examples
    --------
    >>> bus = EventBus()
    >>> with Pace(bus, "r1", lambda node: f"/nowhere/{node}") as pace:
    ...     pace.look()
    """

    def __init__(self, bus: EventBus, run: str, path: Callable[[str], str]) -> None:
        self._bus = bus
        self._run = run
        self._path = path
        self._lock = threading.Lock()
        self._running: dict[str, HowFar | None] = {}

    def __enter__(self) -> Pace:
        self._forget = self._bus.subscribe(self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        self._forget()

    def _hear(self, event: Event) -> None:
        if not isinstance(event, NodeEvent) or event.run != self._run:
            return
        with self._lock:
            if isinstance(event, NodeStarted):
                self._running[event.node] = None
            elif not isinstance(event, NodeProgress):
                self._running.pop(event.node, None)

    def look(self) -> None:
        """Tell what is new."""
        with self._lock:
            running = list(self._running.items())
        for node, seen in running:
            report = reported(self._path(node))
            if report is None or report == seen:
                continue
            with self._lock:
                if node not in self._running:
                    continue
                self._running[node] = report
            told = NodeProgress(
                time.time(), self._run, node, report.done, report.total, report.text
            )
            self._bus.tell(told)
