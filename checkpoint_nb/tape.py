"""Keeps the events of the last few runs, for a timeline to be drawn from."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Final

from checkpoint_nb.events import (
    Event,
    GraphPlanned,
    NodeFailed,
    NodeProgress,
    NodeQueued,
    RunFinished,
    RunStarted,
)
from checkpoint_nb.timeline import Timeline, timeline

_PLANS: Final = 4
"""Plans whose runs have not begun: several at once where runs wait for each other."""
_RUNS: Final = 20
_EVENTS: Final = 100_000
"""Older runs go when there are more than this; the last one is kept whole."""


class Tape:
    """Hears events and keeps those of the last runs in which anything ran.

    Examples
    --------
    >>> tape = Tape()
    >>> tape.hear(RunStarted(1.0, "r1", 3))
    >>> tape.timeline().run, tape.timeline(2).run
    ('r1', '')
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._plans: dict[str, GraphPlanned] = {}
        self._runs: dict[str, list[Event]] = {}

    def hear(self, event: Event) -> None:
        """Keep ``event``, if a timeline needs it."""
        run = getattr(event, "run", "")
        with self._lock:
            match event:
                case NodeQueued() | NodeProgress():
                    return
                case GraphPlanned():
                    # Of a look at the plan there is no run, and so nothing to be kept.
                    self._plans[run] = replace(event, states=(), reasons=(), seconds=())
                    self._plans = dict(list(self._plans.items())[-_PLANS:])
                case RunStarted() if event.queued:
                    plan = self._plans.pop(run, None)
                    kept = self._runs.setdefault(run, [])
                    kept += [event] if plan is None else [plan, event]
                case NodeFailed() if run in self._runs:
                    self._runs[run].append(replace(event, traceback=""))
                case _ if run in self._runs:
                    self._runs[run].append(event)
            if isinstance(event, RunStarted | RunFinished):
                self._forget()

    def timeline(self, back: int = 1) -> Timeline:
        """Return what the last run did, or the one ``back`` runs ago; an empty one if none did."""
        with self._lock:
            runs = list(self._runs)
            run = runs[-back] if 0 < back <= len(runs) else ""
            events = tuple(self._runs.get(run, ()))
        return timeline(events, run, time.time())

    def _forget(self) -> None:
        size = sum(map(len, self._runs.values()))
        for run in list(self._runs)[:-1]:
            if len(self._runs) <= _RUNS and size <= _EVENTS:
                return
            size -= len(self._runs.pop(run))
