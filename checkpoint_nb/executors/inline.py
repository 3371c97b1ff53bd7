"""Runs jobs here, one after the other, in one private thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from itertools import count

from checkpoint_nb.executors.interface import Cancelled, Outcome, Ticket
from checkpoint_nb.executors.job import Job, outcome_of
from checkpoint_nb.executors.mailbox import Mailbox


class InlineExecutor:
    """Runs one job at a time in this process; jobs see the caller's objects.

    A running job cannot be stopped: it is answered when it ends, whatever was asked meanwhile. A
    waiting one that is cancelled never runs, and is answered when its turn comes.

    Examples
    --------
    >>> executor = InlineExecutor()
    >>> answered = threading.Event()
    >>> def show(ticket, outcome):
    ...     print(outcome)
    ...     answered.set()
    >>> ticket = executor.submit(len, [1, 2], show, started=lambda ticket: None)
    >>> answered.wait(5)
    Returned(value=2)
    True
    >>> executor.close()
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_closed = False
        self._numbers = count(1)
        self._waiting: dict[int, Job] = {}
        self._mailbox = Mailbox("checkpoint inline")
        self._mailbox.start()

    @property
    def slots(self) -> int:
        """How many jobs can run at one time: one."""
        return 1

    @property
    def in_process(self) -> bool:
        """True: nothing is pickled."""
        return True

    def submit(
        self,
        function: Callable[[object], object],
        payload: object,
        done: Callable[[Ticket, Outcome], None],
        started: Callable[[Ticket], None],
    ) -> Ticket:
        """Queue ``function(payload)``; callbacks come from the thread that runs it."""
        with self._lock:
            if self._is_closed:
                raise RuntimeError("the executor is closed")
            job = Job(Ticket(next(self._numbers)), function, payload, done, started)
            self._waiting[job.ticket.number] = job
            self._mailbox.post(partial(self._run, job))
        return job.ticket

    def cancel(self, ticket: Ticket) -> None:
        """Keep a waiting job from running; a running one is left alone."""
        job = self._waiting.get(ticket.number)
        if job is not None:
            job.is_cancelled = True

    def close(self) -> None:
        """Cancel what waits; the thread ends with the job that runs, which is not waited for."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            for job in self._waiting.values():
                job.is_cancelled = True
            self._mailbox.stop()

    def _run(self, job: Job) -> None:
        with self._lock:
            del self._waiting[job.ticket.number]
        if job.is_cancelled:
            job.answer(Cancelled())
            return
        job.start(slot=0)
        job.answer(outcome_of(job.function, job.payload))
