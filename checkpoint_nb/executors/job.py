"""One submitted call, from its ticket to its single answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from checkpoint_nb.executors.interface import Lost, Outcome, Returned, Ticket
from checkpoint_nb.executors.mailbox import run_safely


@dataclass(eq=False, slots=True)
class Job:
    """A call that was submitted and will be answered exactly once.

    Examples
    --------
    >>> job = Job(Ticket(1), len, b"abc", lambda ticket, outcome: print(outcome), print)
    >>> job.start(slot=0)
    Ticket(number=1, slot=0)
    >>> job.answer(Returned(3)); job.answer(Returned(3))
    Returned(value=3)
    """

    ticket: Ticket
    function: Callable[[object], object]
    payload: object
    done: Callable[[Ticket, Outcome], None]
    started: Callable[[Ticket], None]
    has_started: bool = False
    is_answered: bool = False
    is_cancelled: bool = False

    def start(self, slot: int) -> None:
        """Say once that this slot has taken the job up."""
        if not (self.has_started or self.is_answered):
            self.has_started = True
            self.ticket = replace(self.ticket, slot=slot)
            run_safely(partial(self.started, self.ticket))

    def answer(self, outcome: Outcome) -> None:
        """Deliver the outcome, unless one was delivered before."""
        if not self.is_answered:
            self.is_answered = True
            run_safely(partial(self.done, self.ticket, outcome))


def describe(error: BaseException) -> str:
    """Type and text of an exception in one line, whatever its ``__str__`` does.

    Examples
    --------
    >>> describe(SystemExit(3))
    'SystemExit: 3'
    """
    try:
        text = " ".join(str(error).split())
    except BaseException:  # noqa: BLE001 - it is the user's code, and only the text is lost
        text = "(its text cannot be shown)"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def outcome_of(function: Callable[[object], object], payload: object) -> Returned | Lost:
    """Call the function; what it raises becomes ``Lost``.

    Examples
    --------
    >>> outcome_of(len, b"abc")
    Returned(value=3)
    """
    try:
        return Returned(function(payload))
    except BaseException as error:  # noqa: BLE001 - functions catch their own; this is the guard
        return Lost(f"the function raised {describe(error)}")


def bytes_outcome_of(function: Callable[[object], object], payload: object) -> Returned | Lost:
    """Call the function in a worker; an answer that is not plain bytes becomes ``Lost``.

    A value that cannot be unpickled would break the pool, and one that can would run its own
    code in the caller's process.

    Examples
    --------
    >>> bytes_outcome_of(bytes.upper, b"abc")
    Returned(value=b'ABC')
    """
    outcome = outcome_of(function, payload)
    if isinstance(outcome, Returned) and type(outcome.value) is not bytes:
        return Lost(f"the answer is of type {type(outcome.value).__name__}; only bytes may cross")
    return outcome
