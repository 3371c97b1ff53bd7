"""The one audit hook of the process, and which of the watches that are on an event counts for."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from checkpoint_nb.observing.environ import hear, leave
from checkpoint_nb.observing.noting import EVENTS, Notes
from checkpoint_nb.observing.threads import is_apart

_lock: Final = threading.Lock()
_installed = False
_on: tuple[Notes, ...] = ()


class _Here(threading.local):
    """What is known of the current thread."""

    notes: tuple[Notes, ...] = ()
    """Of the tasks that it runs, the innermost last."""
    is_apart: bool | None = None
    """Whether it does nothing for a task without a watch of its own; ``None``: not asked yet."""
    is_noting = False
    """Whether it is writing something down: what that opens or imports is nobody's."""


_here: Final = _Here()


def begin(notes: Notes, within: tuple[Notes, ...]) -> tuple[Notes, ...]:
    """Let what this thread does count for ``notes`` and ``within``; return what did before.

    Examples
    --------
    >>> notes = Notes()
    >>> before = begin(notes, ())
    >>> concerned() == (*before, notes)
    True
    >>> end(notes, before)
    """
    global _installed, _on
    before = _here.notes
    with _lock:
        if not _installed:
            sys.addaudithook(_hook)
            _installed = True
        if not _on:
            hear(concerned)
        _on = (*_on, notes)
    _here.notes = (*before, *(one for one in within if one not in before), notes)
    return before


def end(notes: Notes, before: tuple[Notes, ...]) -> None:
    """Stop noting; ``before`` is what :func:`begin` returned."""
    global _on
    _here.notes = before
    with _lock:
        _on = tuple([other for other in _on if other is not notes])
        if not _on:
            leave()


def concerned() -> tuple[Notes, ...]:
    """Return for which watches it counts what the current thread does now.

    A thread that runs tasks counts for these. Threads that do something else for sure count for
    none, unless the process is there for one task. Any other thread may work for each task that
    is running, also when it is older: it counts for all.
    """
    on, here = _on, _here
    if not on:
        return ()
    if here.notes:
        return here.notes
    if here.is_apart is None:
        here.is_apart = is_apart()
    return tuple([notes for notes in on if notes.is_alone]) if here.is_apart else on


@contextmanager
def aside() -> Iterator[None]:
    """Let what this thread does inside ``with``, and outside of any watch, count for no task.

    Examples
    --------
    >>> with aside():
    ...     concerned()
    ()
    """
    before = _here.is_apart
    _here.is_apart = True
    try:
        yield
    finally:
        _here.is_apart = before


@contextmanager
def on_behalf(asking: tuple[Notes, ...]) -> Iterator[None]:
    """Let what this thread does inside ``with`` count for those who asked another thread for it.

    Parameters
    ----------
    asking
        What :func:`concerned` returned in the thread that asked.

    Examples
    --------
    >>> notes = Notes()
    >>> with on_behalf((notes,)):
    ...     pass
    """
    before = _here.notes
    _here.notes = asking
    try:
        yield
    finally:
        _here.notes = before


def pass_on(observed: Mapping[str, str]) -> None:
    """Note for a task that asks for another one's result what that one read.

    Examples
    --------
    >>> pass_on({"data.csv": "abc"})
    """
    for notes in concerned() if _on else ():
        notes.passed.update(observed)


def _hook(event: str, args: tuple[object, ...]) -> None:
    if not _on:
        return
    note = EVENTS.get(event)
    if note is None:
        return
    if _here.is_noting:
        return
    _here.is_noting = True
    try:
        for notes in concerned():
            note(notes, args)
    except Exception:  # noqa: BLE001, S110 - what raises here would stop what the user does
        pass
    finally:
        _here.is_noting = False
