"""Adapter that lets any ``concurrent.futures`` executor run the jobs."""

from __future__ import annotations

import concurrent.futures
import os
import threading
from collections.abc import Callable
from functools import partial
from itertools import count

from checkpoint_nb.executors.interface import Cancelled, Lost, Outcome, Returned, Ticket
from checkpoint_nb.executors.job import Job, bytes_outcome_of, describe
from checkpoint_nb.executors.mailbox import Mailbox


class FuturesExecutor:
    """Hands jobs to an executor that the user made and that stays the user's.

    It is never shut down from here. What it has begun cannot be stopped: a cancelled job that
    already runs goes on to its end, and its answer is then Cancelled. A process pool should be
    made with ``mp_context=multiprocessing.get_context("spawn")``: a kernel has many threads, and
    forking it can deadlock.

    Parameters
    ----------
    executor
        A ThreadPoolExecutor (jobs then see the caller's objects), or any other one, to which
        importable functions and bytes are given. The number of slots is its ``_max_workers`` if
        it has that, otherwise the number of cores.

    Examples
    --------
    >>> answered = threading.Event()
    >>> def show(ticket, outcome):
    ...     print(outcome)
    ...     answered.set()
    >>> with concurrent.futures.ThreadPoolExecutor(2) as pool:
    ...     executor = FuturesExecutor(pool)
    ...     ticket = executor.submit(len, [1, 2], show, started=lambda ticket: None)
    ...     _ = answered.wait(5)
    ...     executor.close()
    Returned(value=2)
    """

    def __init__(self, executor: concurrent.futures.Executor) -> None:
        self._executor = executor
        self._in_process = isinstance(executor, concurrent.futures.ThreadPoolExecutor)
        workers: object = getattr(executor, "_max_workers", None)
        self._slots = workers if isinstance(workers, int) else os.cpu_count() or 1
        self._lock = threading.Lock()
        self._is_closed = False
        self._numbers = count(1)
        # Touched by the mailbox's thread alone, in the order of submission.
        self._in_flight: dict[Job, concurrent.futures.Future[object]] = {}
        self._mailbox = Mailbox("checkpoint futures")
        self._mailbox.start()

    @property
    def slots(self) -> int:
        """How many jobs can run at one time, as far as can be seen from outside."""
        return self._slots

    @property
    def in_process(self) -> bool:
        """Whether it is a thread pool."""
        return self._in_process

    def submit(
        self,
        function: Callable[[object], object],
        payload: object,
        done: Callable[[Ticket, Outcome], None],
        started: Callable[[Ticket], None],
    ) -> Ticket:
        """Queue ``function(payload)``; callbacks come from a thread of the adapter."""
        with self._lock:
            if self._is_closed:
                raise RuntimeError("the executor is closed")
            job = Job(Ticket(next(self._numbers)), function, payload, done, started)
            self._mailbox.post(partial(self._send, job))
        return job.ticket

    def cancel(self, ticket: Ticket) -> None:
        """Cancel the future if it has not begun; otherwise its answer will be Cancelled."""
        self._mailbox.post(partial(self._cancel, ticket))

    def close(self) -> None:
        """Cancel what has not begun, and leave the executor to its owner."""
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                self._mailbox.post(self._end)

    def _send(self, job: Job) -> None:
        try:
            if self._in_process:
                future = self._executor.submit(job.function, job.payload)
            else:
                future = self._executor.submit(bytes_outcome_of, job.function, job.payload)
        except Exception as error:  # noqa: BLE001 - whatever the executor says when it is broken
            job.answer(Lost(f"the executor did not take the job: {describe(error)}"))
            return
        self._in_flight[job] = future
        future.add_done_callback(lambda _: self._mailbox.post(partial(self._heard, job)))
        self._say_who_started()

    def _say_who_started(self) -> None:
        # Futures do not tell when they begin; an executor takes them in order, so the oldest do.
        taken = {job.ticket.slot for job in self._in_flight if job.has_started}
        free = [slot for slot in range(self._slots) if slot not in taken]
        for job in self._in_flight:
            if not free:
                return
            if not job.has_started:
                job.start(free.pop(0))

    def _cancel(self, ticket: Ticket) -> None:
        for job, future in self._in_flight.items():
            if job.ticket == ticket:
                job.is_cancelled = True
                future.cancel()

    def _heard(self, job: Job) -> None:
        future = self._in_flight.pop(job)
        job.answer(Cancelled() if job.is_cancelled else _read(future))
        self._say_who_started()
        self._stop_if_over()

    def _end(self) -> None:
        for job, future in self._in_flight.items():
            if future.cancel():
                job.is_cancelled = True
        self._stop_if_over()

    def _stop_if_over(self) -> None:
        if self._is_closed and not self._in_flight:
            self._mailbox.stop()


def _read(future: concurrent.futures.Future[object]) -> Outcome:
    if future.cancelled():
        return Cancelled()
    error = future.exception()
    if isinstance(error, concurrent.futures.BrokenExecutor):
        return Lost(f"the executor broke: {describe(error)}")
    if error is not None:
        return Lost(f"the function raised {describe(error)}")
    value = future.result()
    return value if isinstance(value, Returned | Lost) else Returned(value)
