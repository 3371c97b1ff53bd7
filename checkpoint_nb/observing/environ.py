"""Which environment variables the user's own code reads while a task runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from checkpoint_nb.fingerprint import digest, owner

_BETWEEN: Final = frozenset({"os", "_collections_abc", "collections.abc", __name__})


class _Reading:
    """What was read so far, and what the task set itself."""

    def __init__(self) -> None:
        self.read: dict[str, str] = {}
        self.own: set[str] = set()


_now: _Reading | None = None


class _Watched(os._Environ):  # type: ignore[type-arg]  # as the standard library has it
    """The environment, noting which names the user's code asks for."""

    def __getitem__(self, name: str) -> str:
        reading = _now
        if reading is not None and name not in reading.own and _asked_by_user():
            reading.read.setdefault(name, variable_digest(name))
        value: str = super().__getitem__(name)
        return value

    def __setitem__(self, name: str, value: str) -> None:
        if _now is not None:
            _now.own.add(name)
        super().__setitem__(name, value)

    def __delitem__(self, name: str) -> None:
        if _now is not None:
            _now.own.add(name)
        super().__delitem__(name)


def _asked_by_user() -> bool:
    """Return whether code that is no library's asks: what libraries read is theirs."""
    frame = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__") in _BETWEEN:
        if frame.f_back is None:
            return False
        frame = frame.f_back
    return owner(frame.f_globals.get("__name__")) is None


def variable_digest(name: str) -> str:
    """Return the digest of an environment variable's value now.

    Examples
    --------
    >>> variable_digest("no such variable") == variable_digest("nor this one")
    True
    """
    value = os.environ._data.get(os.environ.encodekey(name))  # type: ignore[attr-defined]
    return digest(("variable", value))


@contextmanager
def variables_read() -> Iterator[dict[str, str]]:
    """Note the variables that are read inside ``with``, each with the digest of its value.

    For a process in which one task runs at a time.

    Examples
    --------
    >>> with variables_read() as read:
    ...     pass
    >>> read
    {}
    """
    global _now
    if type(os.environ) is not _Watched:
        os.environ.__class__ = _Watched
    _now = reading = _Reading()
    try:
        yield reading.read
    finally:
        _now = None
