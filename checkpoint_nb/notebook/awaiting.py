"""Makes the checkpoint magics awaited, so that buttons work while a cell runs."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

AWAITED = "--awaited"
"""Said to a magic whose answer will be awaited; users never write it."""

_CELL = re.compile(r"\Aget_ipython\(\)\.run_cell_magic\('checkpoint', '")
_LINE = re.compile(r"\Aget_ipython\(\)\.run_line_magic\('checkpoint', '(run|wait|verify)\b")
_RUNNING = frozenset({"run_code", "run_cell_magic", "run_line_magic"})


class AwaitMagics:
    """An ``input_transformers_post`` hook that puts ``await`` before a checkpoint magic.

    A transformation made *inside* a running cell (``%%time`` around it, ``run_cell`` from code)
    must not get it: there the magic blocks instead.

    Parameters
    ----------
    shell
        The shell whose cells are transformed.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell

    def __call__(self, lines: list[str]) -> list[str]:
        """Transform the lines of one cell."""
        if not lines or not self._can_await() or inside_a_cell():
            return lines
        if _CELL.match(lines[0]):
            first = _CELL.sub(lambda found: f"await {found[0]}{AWAITED} ", lines[0])
        elif _LINE.match(lines[0]):
            first = _LINE.sub(
                lambda found: f"await {found[0].removesuffix(found[1])}{AWAITED} {found[1]}",
                lines[0],
            )
        else:
            return lines
        return [first, *lines[1:]]

    def _can_await(self) -> bool:
        # Only a kernel has an event loop of its own on which comm messages are handled too.
        return hasattr(self._shell, "kernel") and bool(self._shell.autoawait)


def inside_a_cell() -> bool:
    """Whether the code of a cell runs now, and has called us.

    Examples
    --------
    >>> inside_a_cell()
    False
    """
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name in _RUNNING:
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False
