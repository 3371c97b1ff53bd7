"""Keeps settings that Python holds for each task, where a cell that is awaited is a task."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Mapping
from contextvars import Context, ContextVar
from typing import Final

from checkpoint_nb.settings import apply

_KINDS: Final = ("numpy", "decimal")
_cell: Final[ContextVar[int]] = ContextVar("checkpoint_nb cell", default=0)


class Lasting:
    """What awaited cells set that ends with them, to be set in the notebook too.

    numpy and decimal keep their options in a context, and a cell that is awaited has a copy of
    the notebook's. What is set in there is lost when it ends. Where the notebook's own cannot be
    reached, it is set again when the next cell begins.

    Examples
    --------
    >>> import contextvars, decimal
    >>> lasting = Lasting()
    >>> contextvars.copy_context().run(lasting.begin)
    >>> lasting.note({"decimal": {"set": {"prec": 5}}})
    >>> lasting.begin()
    >>> decimal.getcontext().prec
    5
    >>> apply({"decimal": {"reset": ["prec"]}})
    """

    def __init__(self) -> None:
        self._number = 0
        self._pending: list[Mapping[str, object]] = []
        self._home = _context_of_task()

    def begin(self) -> None:
        """Begin a cell: set again what was lost with the one before."""
        if _cell.get() == self._number:
            self._pending.clear()
        for difference in self._pending:
            apply(difference)
        self._number += 1
        _cell.set(self._number)

    def note(self, difference: Mapping[str, object]) -> None:
        """Note what this cell set, as ``settings.changed`` gives it."""
        if kept := {kind: difference[kind] for kind in _KINDS if kind in difference}:
            try:
                if self._home is not None:
                    self._home.run(apply, kept)
            except RuntimeError:
                return  # the cell runs in it
            self._pending.append(kept)


def _context_of_task() -> Context | None:
    """Return where the task that runs keeps its settings: when loaded, the notebook's own."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return None
    held = () if task is None else gc.get_referents(task)  # 3.12 can ask it
    return next((one for one in held if isinstance(one, Context)), None)
