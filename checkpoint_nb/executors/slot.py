"""One slot: at most one job, and the worker process that runs it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from functools import partial

from checkpoint_nb.executors.interface import Cancelled, Lost, Outcome, Returned
from checkpoint_nb.executors.job import Job, describe
from checkpoint_nb.executors.mailbox import Mailbox
from checkpoint_nb.executors.worker import Worker, death_text

MOST_FAILED_STARTS = 3


class Slot:
    """Starts a worker when it is needed, gives it one job at a time, and replaces it if it dies.

    Everything here runs in the mailbox's thread. A job is sent only when the worker has said that
    it is up and alive, so that a death costs the job that runs and no other.

    Parameters
    ----------
    number
        Which slot this is, from 0.
    mailbox
        Where messages of the worker's threads are posted.
    slots
        How many slots share the cores.
    freed
        Called when the slot can take another job.

    Examples
    --------
    >>> mailbox = Mailbox("example")
    >>> slot = Slot(0, mailbox, 1, lambda: None)
    >>> slot.is_free, slot.is_warm
    (True, False)
    """

    def __init__(
        self,
        number: int,
        mailbox: Mailbox,
        slots: int,
        freed: Callable[[], None],
    ) -> None:
        self.number = number
        self.job: Job | None = None
        self.worker: Worker | None = None
        self._mailbox = mailbox
        self._slots = slots
        self._freed = freed
        self._is_ready = False
        self._is_sent = False
        self._starts = 0
        self._failed_starts = 0
        self._was_seen_dead = False
        # A worker is among the first for a whole pulse, so that loky's thread can end by itself.
        self._fresh: list[Worker] = []
        self._dropped: list[Worker] = []

    @property
    def is_free(self) -> bool:
        """Whether the slot has no job."""
        return self.job is None

    @property
    def is_warm(self) -> bool:
        """Whether there is a worker, up or starting."""
        return self.worker is not None

    def give(self, job: Job) -> None:
        """Take a job up: now, or as soon as the worker is up."""
        self.job = job
        self._is_sent = False
        self.advance()

    def advance(self) -> None:
        """Do what can be done now: start a worker, or send it the job."""
        if self._is_ready and self.worker is not None and self.worker.exit_code is not None:
            self._drop_worker()  # died while it had nothing to do
        if self.worker is None:
            self._start_worker()
        elif self._is_ready and self.job is not None and not self._is_sent:
            self._send(self.worker, self.job)

    def cancel(self) -> None:
        """Stop the job by killing the worker, which may as well hang in its start."""
        self._drop_worker()
        self._finish(Cancelled())

    def check(self) -> None:
        """Notice a death that loky does not: a forked grandchild holds its sentinel pipe open."""
        for dropped in self._dropped:
            if not dropped.is_buried:
                dropped.cut()
        self._dropped, self._fresh = self._fresh, []
        worker = self.worker
        if worker is None or worker.exit_code is None:
            self._was_seen_dead = False
        elif not self._was_seen_dead:
            self._was_seen_dead = True  # an answer or loky's own report may be on its way
        elif self._is_sent or not self._is_ready:
            self._died(death_text(worker.exit_code))

    def end(self) -> list[Worker]:
        """Answer the job as cancelled; returns workers that were told to end and perhaps have not.

        An idle one is asked, so that what it wants to do at its exit is done; others are killed.
        """
        if self.worker is not None and self._is_ready and self.job is None:
            self.worker.retire()
            self._fresh.append(self.worker)
            self.worker = None
        self._drop_worker()
        if self.job is not None:
            self.job.answer(Cancelled())
            self.job = None
        return [*self._dropped, *self._fresh]

    def _start_worker(self) -> None:
        self._is_ready = False
        self._starts += 1
        ready = partial(self._post_ready, self._starts)
        try:
            self.worker = Worker(self._slots, ready)
        except Exception as error:  # noqa: BLE001 - no memory, no processes, no semaphores left
            self._start_failed(describe(error))

    def _post_ready(self, start: int, why: str) -> None:
        self._mailbox.post(partial(self._heard_ready, start, why))

    def _heard_ready(self, start: int, why: str) -> None:
        if start != self._starts or self.worker is None or self._is_ready:
            return  # of a worker that was dropped since
        if why:
            self._died(why)
        else:
            self._is_ready = True
            self._failed_starts = 0
            self.advance()

    def _send(self, worker: Worker, job: Job) -> None:
        def heard(future: Future[Returned | Lost]) -> None:
            self._mailbox.post(partial(self._heard_answer, worker, job, future))

        self._is_sent = True
        try:
            worker.call(job.function, job.payload, heard)
        except Exception as error:  # noqa: BLE001 - loky found it broken since we looked
            self._is_sent = False
            self._drop_worker()
            self._start_failed(describe(error))
        else:
            job.start(self.number)

    def _heard_answer(self, worker: Worker, job: Job, future: Future[Returned | Lost]) -> None:
        if worker is not self.worker or job is not self.job:
            return
        outcome = worker.outcome(future)
        if isinstance(future.exception(), BrokenExecutor):
            self._drop_worker()
        self._finish(outcome)

    def _died(self, why: str) -> None:
        was_sent = self._is_sent
        self._drop_worker()
        if was_sent:
            self._finish(Lost(why))
        else:
            self._start_failed(why)

    def _start_failed(self, why: str) -> None:
        self._failed_starts += 1
        if self.job is None:
            return  # warmed up for nothing: the next job tries again
        if self._failed_starts >= MOST_FAILED_STARTS:
            text = f"the worker did not come up in {self._failed_starts} attempts: {why}"
            self._finish(Lost(text))
        else:
            self._mailbox.post(self.advance)

    def _finish(self, outcome: Outcome) -> None:
        job, self.job = self.job, None
        self._is_sent = False
        if job is not None:
            job.answer(outcome)
        self._freed()

    def _drop_worker(self) -> None:
        worker, self.worker = self.worker, None
        self._is_ready = self._was_seen_dead = False
        if worker is not None:
            worker.kill()
            self._fresh.append(worker)
