"""The pool: slots with one worker process each, and the jobs that wait for one."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import count

from checkpoint_nb.executors.interface import Cancelled, Outcome, Ticket
from checkpoint_nb.executors.job import Job
from checkpoint_nb.executors.mailbox import Mailbox
from checkpoint_nb.executors.slot import Slot
from checkpoint_nb.executors.worker import Worker, exit_has_begun

RETIRE_SECONDS = 1.0
CLOSE_SECONDS = 5.0


class SlotExecutor:
    """Runs importable functions on bytes in a fixed number of worker processes.

    A worker that dies, hangs or is cancelled takes nobody with it. Workers start when they are
    first needed, stay for later runs, ignore interrupts and die with this process. Function and
    payload are pickled; the value that comes back must be bytes.

    Parameters
    ----------
    slots
        How many jobs run at one time.

    Examples
    --------
    >>> answered = threading.Event()
    >>> executor = SlotExecutor(slots=1)
    >>> def show(ticket, outcome):
    ...     print(outcome)
    ...     answered.set()
    >>> ticket = executor.submit(bytes.upper, b"abc", show, started=lambda ticket: None)
    >>> answered.wait(30)
    Returned(value=b'ABC')
    True
    >>> executor.close()
    """

    def __init__(self, slots: int) -> None:
        if slots < 1:
            raise ValueError(f"slots must be 1 or more, not {slots}")
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._is_closed = False
        self._numbers = count(1)
        self._waiting: deque[Job] = deque()
        self._count = slots
        self._mailbox = mailbox = Mailbox("checkpoint slots", pulse=self._check)
        self._slots = [Slot(number, mailbox, slots, self._freed) for number in range(slots)]
        # So that the thread is not stopped dead in the midst of giving semaphores back.
        atexit.register(self.close)
        mailbox.start()

    @property
    def slots(self) -> int:
        """How many jobs can run at one time."""
        return self._count

    @property
    def in_process(self) -> bool:
        """False: only bytes cross."""
        return False

    @property
    def worker_pids(self) -> list[int]:
        """Process ids of the workers that are up or starting."""
        workers = [slot.worker for slot in self._slots]
        return [worker.pid for worker in workers if worker is not None and worker.pid is not None]

    def warm(self) -> None:
        """Start the workers of all slots in the background."""
        self._mailbox.post(self._warm)

    def submit(
        self,
        function: Callable[[object], object],
        payload: object,
        done: Callable[[Ticket, Outcome], None],
        started: Callable[[Ticket], None],
    ) -> Ticket:
        """Queue ``function(payload)``; callbacks come from the executor's own thread."""
        with self._lock:
            if self._is_closed:
                raise RuntimeError("the executor is closed")
            job = Job(Ticket(next(self._numbers)), function, payload, done, started)
            self._mailbox.post(partial(self._take, job))
        return job.ticket

    def cancel(self, ticket: Ticket) -> None:
        """Answer a waiting job as cancelled at once; kill the worker of a running one."""
        self._mailbox.post(partial(self._cancel, ticket))

    def close(self) -> None:
        """End all workers, killing those that are at work; jobs in flight are Cancelled."""
        if self._pid != os.getpid():
            return  # a fork of the kernel: the workers are its parent's
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                self._mailbox.post(self._end)
        self._mailbox.join(CLOSE_SECONDS)
        atexit.unregister(self.close)

    def _take(self, job: Job) -> None:
        self._waiting.append(job)
        self._feed()

    def _feed(self) -> None:
        while self._waiting:
            free = [slot for slot in self._slots if slot.is_free]
            if not free or self._is_closed:
                return
            slot = max(free, key=lambda slot: slot.is_warm)
            slot.give(self._waiting.popleft())

    def _freed(self) -> None:
        # Posted, not called: a chain of jobs that fail at once must not become a deep recursion.
        self._mailbox.post(self._feed)

    def _warm(self) -> None:
        for slot in self._slots:
            slot.advance()

    def _cancel(self, ticket: Ticket) -> None:
        for job in self._waiting:
            if job.ticket == ticket:
                self._waiting.remove(job)
                job.answer(Cancelled())
                return
        for slot in self._slots:
            if slot.job is not None and slot.job.ticket == ticket:
                slot.cancel()

    def _check(self) -> None:
        if exit_has_begun():
            # Looked at from here, as no hook would do: atexit comes after loky has waited for the
            # jobs that run, and loky puts its own hook before ours with every new worker.
            self._is_closed = True
            self._end()
            return
        for slot in self._slots:
            slot.check()

    def _end(self) -> None:
        ending = [worker for slot in self._slots for worker in slot.end()]
        while self._waiting:
            self._waiting.popleft().answer(Cancelled())
        _bury(ending)
        self._mailbox.stop()


def _bury(workers: list[Worker]) -> None:
    deadline = time.monotonic() + RETIRE_SECONDS
    while any(not worker.is_buried for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.01)
    for worker in workers:
        if not worker.is_buried:
            worker.kill()
            worker.cut()
