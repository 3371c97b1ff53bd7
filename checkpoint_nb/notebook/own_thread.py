"""Runs the code of a cell on the notebook's own thread, where an interrupt ends it."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from types import CodeType

from checkpoint_nb.notebook.executing import execute, waits


def execute_in_notebook(codes: list[CodeType], namespace: MutableMapping[str, object]) -> None:
    """Run ``codes`` at once, also from within a cell that is awaited.

    A kernel that awaits a cell turns an interrupt into a cancelled future, which nobody would look
    at before this code ends: here it is raised, as in a plain cell.

    Examples
    --------
    >>> names = {}
    >>> execute_in_notebook([compile("n = 1", "<cell>", "exec")], names)
    >>> names["n"]
    1
    """
    with _no_loop(codes), _interruptible():
        execute(codes, namespace)


@contextmanager
def _no_loop(codes: list[CodeType]) -> Iterator[None]:
    """Let a cell that awaits have a loop of its own: the notebook's waits for this very call."""
    running = asyncio._get_running_loop() if waits(codes) else None
    if running is None:
        yield
        return
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(running)


@contextmanager
def _interruptible() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
