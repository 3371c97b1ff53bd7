"""One worker process, seen from its parent; the only file that knows loky."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from multiprocessing import resource_tracker
from typing import Protocol

from checkpoint_nb.executors.interface import Lost, Outcome, Returned
from checkpoint_nb.executors.job import bytes_outcome_of, describe
from checkpoint_nb.executors.mailbox import block_interrupts
from checkpoint_nb.executors.worker_process import kill_tree, prepare_worker, say_ready

DIAGNOSIS_SECONDS = 1.0


class _Process(Protocol):
    @property
    def pid(self) -> int: ...

    @property
    def exitcode(self) -> int | None: ...


class Worker:
    """A process that runs one call at a time, in a loky pool of its own.

    loky fails all jobs of a pool when one worker dies, so a pool has one worker. To be made in a
    thread where SIGINT is blocked: the process and loky's threads inherit that mask.

    Parameters
    ----------
    slots
        How many such workers share the cores.
    ready
        Called with "" when the process is up, or with the reason why it is not; from any thread.

    Examples
    --------
    >>> import threading
    >>> up = threading.Event()
    >>> workers = []
    >>> def start():
    ...     workers.append(Worker(1, lambda why: up.set()))
    >>> threading.Thread(target=start).start()
    >>> up.wait(10)
    True
    >>> workers[0].kill()
    """

    def __init__(self, slots: int, ready: Callable[[str], None]) -> None:
        from loky.backend.context import get_context
        from loky.process_executor import ProcessPoolExecutor

        # CPython 3.11 unblocks SIGINT after it started its resource tracker, which loky does just
        # before it starts a process: let the tracker run first, then set the mask.
        resource_tracker.ensure_running()
        block_interrupts()
        self._pool = ProcessPoolExecutor(
            max_workers=1,
            context=get_context("loky"),
            timeout=None,
            initializer=prepare_worker,
            initargs=(os.getpid(),),
            env=thread_hints(slots),
        )
        self._process: _Process | None = None
        self._answer_writer = self._pool._result_queue._writer
        hello = self._pool.submit(say_ready)
        self._manager: threading.Thread = self._pool._executor_manager_thread
        self._remember_process()
        hello.add_done_callback(lambda future: ready(self._why_not_ready(future)))

    @property
    def pid(self) -> int | None:
        """Process id."""
        return self._process.pid if self._process else None

    @property
    def exit_code(self) -> int | None:
        """How the process ended (negative: by a signal), None while it runs."""
        return self._process.exitcode if self._process else None

    def call(
        self,
        function: Callable[[object], object],
        payload: object,
        heard: Callable[[Future[Returned | Lost]], None],
    ) -> None:
        """Send a job; ``heard`` is called from any thread with the finished future."""
        future = self._pool.submit(bytes_outcome_of, function, payload)
        self._remember_process()
        future.add_done_callback(heard)

    def outcome(self, future: Future[Returned | Lost]) -> Outcome:
        """Read an answer: what the function returned, or why there is none."""
        error = future.exception()
        if error is None:
            return future.result()
        if isinstance(error, BrokenExecutor):
            return Lost(self.why_it_died(error))
        return Lost(f"the job could not be sent: {describe(error)}")

    def why_it_died(self, error: BaseException | None = None) -> str:
        """One line on the end of this process."""
        if error is not None and "task has failed to un-serialize" in str(error):
            cause = str(error.__cause__).strip('" \n').splitlines()
            return f"the worker could not read the job: {cause[-1]}"
        # The pool reports the death before anybody has collected the exit code.
        deadline = time.monotonic() + DIAGNOSIS_SECONDS
        while self.exit_code is None and time.monotonic() < deadline:
            time.sleep(0.002)
        return death_text(self.exit_code)

    def kill(self) -> None:
        """End the process and its descendants now, and the pool's threads with it."""
        if self._process is not None and self._process.exitcode is None:
            kill_tree(self._process.pid)
        self._pool.shutdown(wait=False, kill_workers=True)

    def retire(self) -> None:
        """Ask an idle process to end; does not wait."""
        self._pool.shutdown(wait=False)

    @property
    def is_buried(self) -> bool:
        """Whether loky's thread for this process has ended."""
        return not self._manager.is_alive()

    def cut(self) -> None:
        """End loky's thread where it waits for the rest of an answer that a death cut short.

        To be done only when it had time to end by itself, as it then closes the same pipe.
        """
        # Nobody but us can still write, so it reads the end of the file once we close. That wakes
        # it to close the pipe too: take the handle away first, for a descriptor that is closed
        # twice may by then belong to somebody else.
        writer = self._answer_writer
        handle, writer._handle = writer._handle, None
        if handle is not None:
            type(writer)(handle).close()

    def _remember_process(self) -> None:
        # loky forgets the process as soon as it is dead, and replaces one that has grown a lot.
        self._process = next(iter(list(self._pool._processes.values())), self._process)

    def _why_not_ready(self, future: Future[int]) -> str:
        error = future.exception()
        if error is None:
            return ""
        return self.why_it_died(error) if isinstance(error, BrokenExecutor) else describe(error)


def death_text(exit_code: int | None) -> str:
    """Say how a process ended.

    Examples
    --------
    >>> death_text(-9)
    'killed by signal 9 (SIGKILL), perhaps out of memory'
    >>> death_text(3)
    'exited with code 3 before it answered'
    """
    if exit_code is None:
        return "ended before it answered, nobody knows how"
    if exit_code >= 0:
        return f"exited with code {exit_code} before it answered"
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = "unknown"
    hints = {"SIGKILL": ", perhaps out of memory", "SIGSEGV": ", a crash in native code"}
    return f"killed by signal {-exit_code} ({name}){hints.get(name, '')}"


def thread_hints(slots: int) -> dict[str, str]:
    """Let each worker's native libraries use its share of the cores; what the user set stays.

    Examples
    --------
    >>> "OMP_NUM_THREADS" in thread_hints(2) or "OMP_NUM_THREADS" in os.environ
    True
    """
    from loky import cpu_count

    names = ("OMP", "OPENBLAS", "MKL", "BLIS", "VECLIB", "NUMEXPR")
    share = str(max(1, cpu_count() // slots))
    variables = [f"{name}_NUM_THREADS" for name in names]
    variables[variables.index("VECLIB_NUM_THREADS")] = "VECLIB_MAXIMUM_THREADS"
    return {name: share for name in variables if name not in os.environ}


def exit_has_begun() -> bool:
    """Whether the interpreter is shutting down and loky waits for the jobs that run.

    Examples
    --------
    >>> exit_has_begun()
    False
    """
    # Not imported from here: that fails when the interpreter is shutting down.
    module = sys.modules.get("loky.process_executor")
    return bool(getattr(module, "_global_shutdown", False))
