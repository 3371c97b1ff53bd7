"""The exception of a cell that failed elsewhere, as if it had been raised in the notebook."""

from __future__ import annotations

import pickle
import re
import sys
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Final

from checkpoint_nb.errors import TaskFailed, WorkerLost

if TYPE_CHECKING:
    from checkpoint_nb.job import Failed
    from checkpoint_nb.run import Run

_HEADLINE: Final = "Traceback (most recent call last):"
_FRAME: Final = re.compile(r'^  File "(.+)", line (\d+), in (.+)$', re.MULTILINE)
_NOTE: Final = "\nTraceback in the worker:\n"
_DEEPEST: Final = 50


def as_raised_here(run: Run, node: str, error: BaseException) -> BaseException:
    """Return the exception to raise for ``error``, which kept ``node`` from being done.

    An exit and an interrupt that the cell raised are themselves again, and the traceback has the
    lines of the cell.

    Parameters
    ----------
    run
        The run that failed.
    node
        Id of the cell that was asked for.
    error
        What ``run.result_of(node)`` raised.
    """
    failed = _answer(run, node)
    if failed is None or isinstance(error, WorkerLost):
        return error
    if isinstance(error, TaskFailed) and failed.kind in ("SystemExit", "KeyboardInterrupt"):
        error = _loaded(failed) or error
    return _with_lines(error, failed.traceback)


def _answer(run: Run, node: str) -> Failed | None:
    """Return how the first failure of the run was told, if that is the cell's own."""
    failures = run.scheduler.failures if run.scheduler is not None else []
    if not failures or run.graph.nodes[failures[0].number].id != node:
        return None
    return failures[0].answer


def _loaded(failed: Failed) -> BaseException | None:
    try:
        error = pickle.loads(failed.pickled)
    except Exception:  # noqa: BLE001 - then what tells of it has to do
        return None
    return error if isinstance(error, BaseException) else None


def _with_lines(error: BaseException, text: str) -> BaseException:
    """Give ``error`` a traceback made of the lines that its text names."""
    frames = _FRAME.findall(text.rpartition(_HEADLINE)[2])
    if not frames or len(frames) > _DEEPEST:
        return error
    traceback: TracebackType | None = None
    for file, line, name in reversed(frames):
        frame = _frame(file, int(line), name)
        traceback = TracebackType(traceback, frame, frame.f_lasti, int(line))
    if text.count(_HEADLINE) == 1 and hasattr(error, "__notes__"):
        # The traceback says it now; what led to an exception, only its text does.
        error.__notes__ = [one for one in error.__notes__ if _NOTE not in one]
    return error.with_traceback(traceback)


def _frame(file: str, line: int, name: str) -> FrameType:
    """Return a frame that stands at a line of a file."""
    code = compile("\n" * (line - 1) + "stop()", file, "exec")
    code = code.replace(co_name=name, co_qualname=name)
    found: list[FrameType] = []
    exec(  # noqa: S102 - the line above
        code, {"stop": lambda: found.append(sys._getframe(1)), "__name__": "__main__"}
    )
    return found[0]
