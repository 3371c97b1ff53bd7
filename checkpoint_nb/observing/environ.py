"""Which environment variables the user's own code reads while a task runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from checkpoint_nb.fingerprint import digest, is_users
from checkpoint_nb.observing.noting import Notes

_BETWEEN: Final = frozenset(
    ("os", "_collections_abc", "collections.abc", "concurrent.futures.thread", "threading")
)
"""Modules that only pass on what somebody else asks."""
_Plain: Final = os._Environ
_WORKERS_OWN: Final = ("_NUM_THREADS", "_MAXIMUM_THREADS")
"""Ends of names that are set in workers, whatever the kernel has."""
_OF_THE_PROCESS: Final = frozenset({"_", "JPY_PARENT_PID"})
"""Other in each kernel, and nobody's data."""
NAMES: Final = ""
"""Stands for which variables there are: no variable has this name."""

_concerned: Callable[[], tuple[Notes, ...]] = tuple
_heard: list[os._Environ] = []  # type: ignore[type-arg]  # as the standard library has it


class _Watched(os._Environ):  # type: ignore[type-arg]  # as the standard library has it
    """The environment, noting which names the user's code asks for.

    It calls the plain class by name, for it may become plain again while another thread is here.
    """

    def __getitem__(self, name: str) -> str:
        try:
            value: str = _Plain.__getitem__(self, name)
        except KeyError:
            _read(self, name, None)
            raise
        _read(self, name, value)
        return value

    def __iter__(self) -> Iterator[str]:
        _read(self, NAMES, None)
        return iter(tuple(_Plain.__iter__(self)))

    def __setitem__(self, name: str, value: str) -> None:
        _set(self, name)
        _Plain.__setitem__(self, name, value)

    def __delitem__(self, name: str) -> None:
        _set(self, name)
        _Plain.__delitem__(self, name)

    def __reduce_ex__(self, protocol: object) -> tuple[object, ...]:
        return object.__new__, (_Plain,), self.__dict__


def _read(environ: _Watched, name: str | bytes, value: str | bytes | None) -> None:
    notes = _concerned() if _is_the_process_s(environ) else ()
    known = os.fsdecode(name)
    if not notes or known in _OF_THE_PROCESS or not _asked_by_user():
        return
    for one in notes:
        if known in one.variables_set or (one.is_alone and known.endswith(_WORKERS_OWN)):
            continue
        raw = None if value is None else os.fsencode(value)
        if known == NAMES:
            raw = _names(_Plain.__iter__(environ), one.variables_set)
        if one.variables.setdefault(known, raw) != raw:
            one.variables_changed[known] = None


def _set(environ: _Watched, name: str | bytes) -> None:
    if isinstance(name, str | bytes) and _is_the_process_s(environ):
        for one in _concerned():
            was_there = environ.encodekey(name) in environ._data  # type: ignore[attr-defined]
            one.variables_set.setdefault(os.fsdecode(name), was_there)


def _names(names: Iterable[str | bytes], own: Mapping[str, bool]) -> bytes:
    """Return which variables there are, as if those that the task set or deleted were as before."""
    before = {os.fsdecode(name) for name in names} - own.keys()
    before |= {name for name, was_there in own.items() if was_there}
    counted = (name for name in before - _OF_THE_PROCESS if not name.endswith(_WORKERS_OWN))
    return b"\0".join(sorted(map(os.fsencode, counted)))


def _is_the_process_s(environ: _Watched) -> bool:
    return environ is os.environ or environ is getattr(os, "environb", None)


def _asked_by_user() -> bool:
    """Return whether code that is no library's asks: what libraries read is theirs."""
    frame = sys._getframe(3)
    while frame.f_globals.get("__name__") in _BETWEEN:
        if frame.f_back is None:
            return True
        frame = frame.f_back
    return is_users(frame.f_globals.get("__name__"))


def variable_digest(name: str) -> str:
    """Return the digest of an environment variable's value now.

    Examples
    --------
    >>> variable_digest("no such variable") == variable_digest("nor this one")
    True
    """
    if name == NAMES:
        return value_digest(_names(os.environ, {}))
    value = os.environ.get(name)
    return value_digest(None if value is None else os.fsencode(value))


def value_digest(value: bytes | None) -> str:
    """Return the digest of a value that a variable had; ``None``: there was no such variable.

    Examples
    --------
    >>> value_digest(None) == variable_digest("no such variable")
    True
    """
    return digest(("variable", value))


def hear(concerned: Callable[[], tuple[Notes, ...]]) -> None:
    """Note what is read from now on, for those that ``concerned`` returns then.

    Examples
    --------
    >>> hear(tuple)
    >>> leave()
    >>> type(os.environ).__name__
    '_Environ'
    """
    global _concerned
    _concerned = concerned
    for environ in (os.environ, getattr(os, "environb", None)):
        # Somebody may have put a dict or a class of their own there: then nothing is seen.
        if type(environ) is _Plain:
            environ.__class__ = _Watched
            _heard.append(environ)


def leave() -> None:
    """Give the environment back as it was."""
    while _heard:
        _heard.pop().__class__ = _Plain
