"""Refuses iterators of every kind by type, before anything is read from them."""

from __future__ import annotations

from types import FunctionType
from typing import Final

from checkpoint_nb.fingerprint.boundary import owner
from checkpoint_nb.fingerprint.pieces import refuse

_USED_UP: Final = "Reading it would use it up."


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
