"""One private thread that runs errands in the order in which they were posted."""

from __future__ import annotations

import logging
import queue
import signal
import threading
import time
from collections.abc import Callable

PULSE_SECONDS = 0.5

_log = logging.getLogger(__name__)


def block_interrupts() -> None:
    """Keep SIGINT away from this thread and from whatever it starts.

    Examples
    --------
    >>> thread = threading.Thread(target=block_interrupts)
    >>> thread.start(); thread.join()
    """
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


class Mailbox:
    """Runs errands one after the other in a thread of its own, and outlives their errors.

    What only the errands touch needs no lock, and no KeyboardInterrupt can leave it half done:
    Python raises that in the main thread alone, which does nothing but post.

    Parameters
    ----------
    name
        Name of the thread.
    pulse
        Called about every half second between errands.

    Examples
    --------
    >>> mailbox = Mailbox("example")
    >>> mailbox.start()
    >>> mailbox.post(lambda: print("hello"))
    >>> mailbox.stop()
    >>> mailbox.join(5)
    hello
    """

    def __init__(self, name: str, pulse: Callable[[], None] | None = None) -> None:
        self._errands: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._pulse = pulse
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread; the last thing in its owner's ``__init__``.

        An interrupt may end that ``__init__`` anywhere, and the pulse needs a whole owner.
        """
        self._thread.start()

    def post(self, errand: Callable[[], None]) -> None:
        """Have ``errand()`` called by the thread; errands posted after ``stop`` are dropped."""
        self._errands.put(errand)

    def stop(self) -> None:
        """End the thread once what was posted before is done."""
        self._errands.put(None)

    def join(self, seconds: float) -> None:
        """Wait for the thread to end, unless this is that thread."""
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(seconds)

    def _run(self) -> None:
        block_interrupts()
        if self._pulse is None:
            while (errand := self._errands.get()) is not None:
                run_safely(errand)
            return
        due = time.monotonic() + PULSE_SECONDS
        while True:
            try:
                next_errand = self._errands.get(timeout=max(0.0, due - time.monotonic()))
            except queue.Empty:
                pass
            else:
                if next_errand is None:
                    return
                run_safely(next_errand)
            if time.monotonic() >= due:
                run_safely(self._pulse)
                due = time.monotonic() + PULSE_SECONDS


def run_safely(errand: Callable[[], None]) -> None:
    """Call ``errand()`` and log what it raises: one bad callback must not stop the others.

    Examples
    --------
    >>> run_safely(lambda: print("done"))
    done
    """
    try:
        errand()
    except BaseException:  # noqa: BLE001 - even SystemExit in a callback must not end the thread
        _log.exception("An executor's callback raised")
