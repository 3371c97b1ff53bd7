"""The random generators that a whole process shares: where they are can be left out."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_apart: Final[ContextVar[bool]] = ContextVar("shared generators apart", default=False)


@contextmanager
def generators_apart() -> Iterator[None]:
    """Let shared generators count as what they are, and not by where they are.

    For code whose draws are accounted for in another way.

    Examples
    --------
    >>> import random
    >>> with generators_apart():
    ...     left_out(random.random.__self__)
    True
    >>> left_out(random.random.__self__)
    False
    """
    token = _apart.set(True)
    try:
        yield
    finally:
        _apart.reset(token)


def left_out(value: object) -> bool:
    """Return whether ``value`` is a shared generator that counts by its type alone now."""
    if not _apart.get():
        return False
    shared = getattr(sys.modules.get("numpy.random.mtrand"), "_rand", None)
    return value is random.random.__self__ or value is shared  # type: ignore[attr-defined]
