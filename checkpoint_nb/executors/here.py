"""Runs jobs in the thread that asks for it: the notebook's own."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from itertools import count

from checkpoint_nb.executors.interface import Cancelled, Outcome, Ticket
from checkpoint_nb.executors.job import Job, outcome_of


class HereExecutor:
    """Keeps jobs until a thread calls :meth:`work`; they see that thread's objects.

    A running job cannot be stopped but by an interrupt of its thread, which it then raises.

    Examples
    --------
    >>> executor = HereExecutor()
    >>> ticket = executor.submit(len, [1, 2], lambda _, outcome: print(outcome), lambda _: None)
    >>> executor.work()
    Returned(value=2)
    >>> executor.close()
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._numbers = count(1)
        self._waiting: deque[Job] = deque()
        self._is_closed = False

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
        """Queue ``function(payload)``; callbacks come from the thread that works."""
        job = Job(Ticket(next(self._numbers)), function, payload, done, started)
        with self._changed:
            if self._is_closed:
                raise RuntimeError("the executor is closed")
            self._waiting.append(job)
            self._changed.notify_all()
        return job.ticket

    def cancel(self, ticket: Ticket) -> None:
        """Keep a waiting job from running; a running one is left alone."""
        with self._changed:
            found = next((job for job in self._waiting if job.ticket == ticket), None)
            if found is not None:
                self._waiting.remove(found)
        if found is not None:
            _answer_cancelled([found])

    def work(self, timeout: float = 0.0) -> None:
        """Do what waits, and wait ``timeout`` seconds for more where nothing does."""
        with self._changed:
            if not self._waiting:
                self._changed.wait(timeout)
        while True:
            with self._changed:
                if not self._waiting:
                    return
                job = self._waiting.popleft()
            job.start(slot=0)
            job.answer(outcome_of(job.function, job.payload))

    def close(self) -> None:
        """Cancel what waits."""
        with self._changed:
            left, self._waiting = self._waiting, deque()
            self._is_closed = True
        _answer_cancelled(left)


def _answer_cancelled(jobs: Iterable[Job]) -> None:
    """Answer from threads of their own: nobody may work again, and the caller may hold a lock."""
    for job in jobs:
        threading.Thread(target=job.answer, args=(Cancelled(),), daemon=True).start()
