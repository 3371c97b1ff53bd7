"""The one thread that touches the database: questions in turn, waiting commits together."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, TypeVar

from checkpoint_nb.errors import StoreUnavailable

Item = TypeVar("Item")
Answer = TypeVar("Answer")


_PATIENCE_AT_THE_END = 60
_PATIENCE_WITH_A_FUTURE = 1


@dataclass(frozen=True, slots=True)
class _Post(Generic[Item]):
    items: Sequence[Item]
    done: Future[None]


class _Question(Generic[Answer]):
    """A call and its answer.

    Not a Future: an interrupt can hit the one who waits for a Future just when it took the lock
    of that Future, and the store thread would then wait for that lock for good.
    """

    def __init__(self, ask: Callable[[], Answer]) -> None:
        self.ask = ask
        self._result: list[Answer] = []
        self._error: BaseException | None = None
        self._open = threading.Lock()
        self._open.acquire()

    def run(self) -> None:
        try:
            self._result.append(self.ask())
        except BaseException as error:  # noqa: BLE001  it belongs to the one who waits
            self._error = error
        finally:
            self._open.release()

    def answer(self) -> Answer:
        self._open.acquire()
        if self._error is not None:
            raise self._error
        return self._result.pop()


_Work = _Post[Item] | _Question[Any] | None


class StoreThread(Generic[Item]):
    """Runs questions one at a time and writes what was posted in the meantime in one go.

    Python delivers an interrupt to the main thread, and this thread blocks the signal too, so a
    transaction is never cut in the middle.

    Parameters
    ----------
    write
        Called in the thread with all items that waited.

    Examples
    --------
    >>> thread = StoreThread[str](lambda items: print(sorted(items)))
    >>> thread.post(["a", "b"]).result()
    ['a', 'b']
    >>> thread.ask(lambda: 42)
    42
    >>> thread.close(lambda: print("closed"))
    closed
    """

    def __init__(self, write: Callable[[Sequence[Item]], None]) -> None:
        self._write = write
        self._waiting: queue.SimpleQueue[_Work[Item]] = queue.SimpleQueue()
        self._process = os.getpid()
        self._closed = self._ended = False
        # A daemon, since a store that nobody closed must not keep the kernel from ending; the
        # owner closes it at exit, before daemons are stopped.
        self._thread = threading.Thread(target=self._work, name="checkpoint_nb-store", daemon=True)
        self._thread.start()

    def ask(self, question: Callable[[], Answer]) -> Answer:
        """Run ``question`` in the thread and return its answer."""
        if threading.current_thread() is self._thread:
            return question()
        asked = _Question(question)
        self._put(asked)
        return asked.answer()

    def post(self, items: Sequence[Item]) -> Future[None]:
        """Write ``items`` soon; the future is done when they are written."""
        post = _Post(items, Future())
        self._put(post)
        return post.done

    def close(self, last: Callable[[], None]) -> None:
        """Finish what waits, run ``last`` in the thread and end it; again is harmless."""
        if self._process != os.getpid():
            return
        if not self._closed:
            self._closed = True
            self._waiting.put(_Question(last))
            self._waiting.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join(_PATIENCE_AT_THE_END)

    def _put(self, work: _Post[Item] | _Question[Answer]) -> None:
        if self._process != os.getpid():
            raise StoreUnavailable(
                "This store was opened in another process.", hint="Open a store of your own here."
            )
        if self._closed:
            raise _closed()
        self._waiting.put(work)
        if self._ended:
            self._refuse_the_rest()

    def _refuse_the_rest(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                work = self._waiting.get_nowait()
                if isinstance(work, _Question):
                    work.ask = _refuse
                    work.run()
                elif work is not None:
                    _settle(work.done, _closed())

    def _work(self) -> None:
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        work = self._waiting.get()
        while work is not None:
            if isinstance(work, _Post):
                work = self._write_together(work)
            else:
                work.run()
                work = self._waiting.get()
        self._ended = True
        self._refuse_the_rest()

    def _write_together(self, first: _Post[Item]) -> _Work[Item]:
        """Write all that waits up to the next question; return what comes after."""
        posts = [first]
        try:
            while isinstance(after := self._waiting.get_nowait(), _Post):
                posts.append(after)
        except queue.Empty:
            self._write_posts(posts)
            return self._waiting.get()
        self._write_posts(posts)
        return after

    def _write_posts(self, posts: list[_Post[Item]]) -> None:
        error: BaseException | None = None
        try:
            self._write([item for post in posts for item in post.items])
        except BaseException as caught:  # noqa: BLE001  it belongs to those who wait
            error = caught
        for post in posts:
            _settle(post.done, error)


def _settle(done: Future[None], error: BaseException | None) -> None:
    # Whoever was interrupted while it held the lock of the future waits no more, and keeps it.
    if not done._condition.acquire(timeout=_PATIENCE_WITH_A_FUTURE):
        return
    done._condition.release()
    if not done.set_running_or_notify_cancel():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)


def _closed() -> StoreUnavailable:
    return StoreUnavailable("The store is closed.", hint="Open it again.")


def _refuse() -> NoReturn:
    raise _closed()
