"""What an executor is: slots that call a function and always answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Returned:
    """The function returned ``value`` (bytes, where it crossed a process)."""

    value: object


@dataclass(frozen=True, slots=True)
class Lost:
    """The worker died or broke before it answered; ``why`` says how, in one line."""

    why: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The job was cancelled before it answered."""


Outcome = Returned | Lost | Cancelled


@dataclass(frozen=True, slots=True)
class Ticket:
    """A job in flight: its number, unique within the executor, and the slot that has it.

    The slot is -1 while the job waits, as in the ticket that ``submit`` returns; ``started`` and
    ``done`` are given an equal ticket that names the slot.
    """

    number: int
    slot: int = field(default=-1, compare=False)


class Executor(Protocol):
    """Runs functions in slots. Each submit is answered by exactly one call of ``done``.

    ``done`` may be called from any thread and must return quickly; it is never called before
    ``submit`` returned, nor from within ``cancel``'s caller while it holds a lock.

    Attributes
    ----------
    slots
        How many jobs can run at one time.
    in_process
        Whether jobs see the caller's objects (threads); otherwise function must be importable and
        payload and return value are bytes.
    """

    @property
    def slots(self) -> int:
        """How many jobs can run at one time."""

    @property
    def in_process(self) -> bool:
        """Whether jobs see the caller's objects."""

    def submit(
        self,
        function: Callable[[object], object],
        payload: object,
        done: Callable[[Ticket, Outcome], None],
        started: Callable[[Ticket], None],
    ) -> Ticket:
        """Queue ``function(payload)``; ``started`` is called once when a slot takes it up."""

    def cancel(self, ticket: Ticket) -> None:
        """Stop that job, killing its worker if it must; others are not touched."""

    def close(self) -> None:
        """End the workers that this executor started."""
