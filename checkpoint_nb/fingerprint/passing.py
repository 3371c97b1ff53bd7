"""Refuses iterators and handles of every kind by type, before anything is read from them."""

from __future__ import annotations

import weakref
from types import FunctionType
from typing import Final

from checkpoint_nb.fingerprint.boundary import owner
from checkpoint_nb.fingerprint.pieces import Piece, kind, refuse

_USED_UP: Final = "Reading it would use it up."
_ELSEWHERE: Final = "What it leads to is kept elsewhere and can change at any time."
_HANDLES: Final[dict[type | str, tuple[str, str]]] = {
    "_csv:reader": (_USED_UP, "Pass a list of its rows, or the path."),
    "_csv:writer": (_ELSEWHERE, "Pass the path."),
    "sqlite3:Connection": (_ELSEWHERE, "Pass the path, or register it with content_of."),
    "sqlite3:Cursor": (_USED_UP, "Pass a list of its rows."),
    "posix:ScandirIterator": (_USED_UP, "Pass a list of paths."),
    "posix:DirEntry": (_ELSEWHERE, "Pass its path."),
    "mmap:mmap": (_ELSEWHERE, "Pass the path, or bytes."),
    "re:Match": ("It cannot be sent to another process.", "Pass its groups."),
    "fileinput:FileInput": (_USED_UP, "Pass the paths."),
    "select:epoll": (_ELSEWHERE, "Pass what is needed to make it."),
    weakref.ProxyType: ("It does not hold what it points to.", "Pass the object itself."),
    weakref.CallableProxyType: ("It does not hold what it points to.", "Pass the object itself."),
    "pyarrow:RecordBatchReader": (_USED_UP, "Pass the table."),
    "pyarrow:NativeFile": (_USED_UP, "Pass the path, or bytes."),
    "pandas:HDFStore": (_ELSEWHERE, "Pass the path."),
}


@kind(*_HANDLES, derived=True)
def handle(value: object) -> Piece:
    """Refuse a handle: what it leads to is not in it."""
    for cls in type(value).__mro__:
        found = _HANDLES.get(cls) or _HANDLES.get(
            f"{cls.__module__.partition('.')[0]}:{cls.__qualname__}"
        )
        if found is not None:
            raise refuse(value, *found)
    raise AssertionError(type(value))


def check_not_passing(value: object) -> None:
    """Raise FingerprintError for an iterator, unless its class is the user's own Python.

    Examples
    --------
    >>> check_not_passing([1])
    >>> check_not_passing(iter([1]))
    Traceback (most recent call last):
    checkpoint_nb.errors.FingerprintError: A list_iterator cannot be fingerprinted. Reading it ...
      type: builtins.list_iterator
    Hint: Pass a list of its items.
    """
    for cls in type(value).__mro__:
        step = vars(cls).get("__next__")
        if step is None:
            continue
        # The state of a user's own iterator is all there is to it, and is taken apart unread.
        if not isinstance(step, FunctionType) or owner(cls.__module__) is not None:
            raise refuse(value, _USED_UP, "Pass a list of its items.")
        return
