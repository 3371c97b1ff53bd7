"""Jobs in flight: which executor has each, and how many more may go up."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property

from checkpoint_nb.events import HERE
from checkpoint_nb.executors.here import HereExecutor
from checkpoint_nb.executors.interface import Executor, Outcome, Ticket
from checkpoint_nb.work import Recipe

_AHEAD = 1.2
"""Jobs in flight for each slot: a slot that finishes finds the next one waiting (dask's
worker-saturation, found by measuring, is 1.1 to 1.2)."""


class Flights:
    """The jobs of one run that are with an executor.

    Parameters
    ----------
    executor
        Opens the executor; asked with the first job, so that a run that finds everything fresh
        starts no process.
    here
        Who has the jobs that must run in the notebook itself.
    """

    def __init__(self, executor: Callable[[], Executor], here: HereExecutor) -> None:
        self._open = executor
        self._here = here
        self._up: dict[int, tuple[Executor, Ticket]] = {}

    def __len__(self) -> int:
        return len(self._up)

    def __contains__(self, number: int) -> bool:
        return number in self._up

    @cached_property
    def _executor(self) -> Executor:
        return self._open()

    @property
    def has_room(self) -> bool:
        """Whether another job may go up."""
        slots = self._executor.slots
        return len(self._up) < max(slots + 1, math.ceil(slots * _AHEAD))

    def in_process(self, recipe: Recipe) -> bool:
        """Whether the work sees this process's objects."""
        return recipe.here or self._executor.in_process

    def send(
        self,
        number: int,
        recipe: Recipe,
        function: Callable[[object], object],
        payload: object,
        done: Callable[[Outcome], None],
        started: Callable[[int], None],
    ) -> None:
        """Give ``function(payload)`` to the executor that the work belongs to."""
        executor = self._here if recipe.here else self._executor
        ticket = executor.submit(
            function,
            payload,
            lambda _, outcome: done(outcome),
            lambda one: started(HERE if recipe.here else one.slot),
        )
        self._up[number] = (executor, ticket)

    def landed(self, number: int) -> None:
        """Note that a job was answered."""
        del self._up[number]

    def cancel(self, number: int) -> None:
        """Stop one job."""
        executor, ticket = self._up[number]
        executor.cancel(ticket)

    def cancel_all(self) -> None:
        """Stop every job."""
        for number in list(self._up):
            self.cancel(number)
