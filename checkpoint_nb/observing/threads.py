"""Which threads of a process surely do nothing for a task."""

from __future__ import annotations

import threading
from typing import Final

_APART: Final = frozenset({"checkpoint_nb", "ipykernel", "IPython"})
"""Packages whose threads run a kernel, or cells: never a part of what a task does."""


def is_apart() -> bool:
    """Return whether the current thread does nothing for a task.

    That is so for the main thread, which runs cells, and for the threads of the kernel and of this
    package. They are known by what they were made for: a name can be anybody's.

    Examples
    --------
    >>> is_apart()
    True
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor(1) as pool:
    ...     pool.submit(is_apart).result()
    False
    """
    me = threading.get_ident()
    if me == threading.main_thread().ident:
        return True
    # ``current_thread`` would enter a thread that C code started into Python's list for good.
    return any(one.ident == me and _package(one) in _APART for one in threading.enumerate())


def _package(thread: threading.Thread) -> str:
    """Return the top of the module whose code the thread was made for."""
    target = getattr(thread, "_target", None)
    module = getattr(type(thread) if target is None else target, "__module__", None)
    return module.partition(".")[0] if isinstance(module, str) else ""
