"""What a worker process does at its start, before any job."""

from __future__ import annotations

import os
import signal
import threading
import time

import psutil

WATCH_SECONDS = 0.5


def prepare_worker(parent: int) -> None:
    """Ignore interrupts and die with the parent; the initializer of every worker.

    Parameters
    ----------
    parent
        Process id of the parent; passed, as it may be gone before the worker can ask.

    Examples
    --------
    >>> prepare_worker(os.getppid())  # doctest: +SKIP
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        # The mask did its work while the handler was not there yet. Left on, it would be passed
        # to programs that a task starts and may want to interrupt.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_watch, args=(parent,), name="parent watch", daemon=True).start()


def _watch(parent: int) -> None:
    # Not PR_SET_PDEATHSIG: it fires when the *thread* that spawned us ends, and exists on Linux
    # only. A task that holds the GIL for good in native code does keep this thread from looking.
    while not _is_gone(parent):
        time.sleep(WATCH_SECONDS)
    kill_tree(os.getpid())


def _is_gone(parent: int) -> bool:
    if os.name == "posix":
        return os.getppid() != parent
    return not psutil.pid_exists(parent)


def kill_tree(pid: int) -> None:
    """Kill a process and all its descendants.

    Examples
    --------
    >>> import subprocess
    >>> sleeper = subprocess.Popen(["sleep", "60"])
    >>> kill_tree(sleeper.pid)
    >>> sleeper.wait()
    -9
    """
    try:
        root = psutil.Process(pid)
        if pid != os.getpid():
            root.suspend()  # so that it starts no further child after we looked
        family = [*root.children(recursive=True), root]
    except psutil.Error:
        return
    for process in family:
        try:
            process.kill()
        except psutil.Error:
            continue


def say_ready() -> int:
    """Answer with the worker's process id: the first call shows that the worker came up.

    Examples
    --------
    >>> say_ready() == os.getpid()
    True
    """
    return os.getpid()
