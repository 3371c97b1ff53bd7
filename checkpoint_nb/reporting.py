"""How far a long task is: the task says so, its worker writes it down, the kernel reads it."""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from checkpoint_nb.errors import ArgumentError

PROGRESS: Final = ".progress"
"""How the name of a file ends in which a task says how far it is."""
_NUMBERS: Final = struct.Struct("<dd")
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class HowFar:
    """How far a task is: ``done`` of ``total``, which is ``None`` where nobody knows.

    Examples
    --------
    >>> HowFar(25, 100, "b").part, HowFar(25).part
    (0.25, None)
    >>> HowFar(25, 100, "b").said, HowFar(25, None, "files").said
    ('b', '25 files')
    """

    done: float
    total: float | None = None
    text: str = ""

    @property
    def part(self) -> float | None:
        """How much of it is done, from 0 to 1, if that is known."""
        return None if not self.total else min(1.0, max(0.0, self.done / self.total))

    @property
    def said(self) -> str:
        """What the task says of itself, in words."""
        number = "" if self.total else f"{self.done:g}"
        return f"{number} {self.text}".strip()


class Reporter:
    """Writes down how far one task is, where it was told to.

    Parameters
    ----------
    path
        The file; made with the first report.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = -1

    def say(self, report: HowFar) -> None:
        """Write ``report`` down, over the last one."""
        total = math.nan if report.total is None else report.total
        text = report.text.encode(errors="replace")[:_LONGEST].ljust(_LONGEST)
        with suppress(OSError):  # a disk that is full does not end the work
            if self._file < 0:
                self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
            os.lseek(self._file, 0, os.SEEK_SET)
            os.write(self._file, _NUMBERS.pack(report.done, total) + text)

    def end(self) -> None:
        """Close the file and take it away: the task is over."""
        if self._file >= 0:
            with suppress(OSError):
                os.close(self._file)
                os.unlink(self._path)
            self._file = -1


_reporter: ContextVar[Reporter | None] = ContextVar("who writes down how far", default=None)


@contextmanager
def reporting(path: str) -> Iterator[None]:
    """Let the work inside ``with`` report to the file at ``path``; to nobody where that is ``""``.

    Examples
    --------
    >>> with reporting(""):
    ...     progress(1, 2)
    """
    reporter = Reporter(path) if path else None
    token = _reporter.set(reporter)
    try:
        yield
    finally:
        with suppress(ValueError):  # a generator that ends elsewhere
            _reporter.reset(token)
        if reporter is not None:
            reporter.end()


def progress(done: float, total: float | None = None, text: str = "") -> None:
    """Say in a task or a checkpointed cell how far it is; the live view shows it.

    Costs a few microseconds, so it can stand in a loop; outside a task it does nothing. Bars of
    tqdm report by themselves.

    Parameters
    ----------
    done, total
        So much of so much, in any unit; without ``total`` only what is done is shown.
    text
        What is being done just now.

    Raises
    ------
    ArgumentError
        When these are no numbers.

    Examples
    --------
    >>> for i in range(3):
    ...     progress(i + 1, 3)
    """
    reporter = _reporter.get()
    try:
        report = HowFar(float(done), None if total is None else float(total), str(text))
    except (TypeError, ValueError):
        raise ArgumentError(
            "progress takes numbers.", {"given": f"{done!r}, {total!r}"}, "progress(3, 10)"
        ) from None
    if reporter is not None:
        reporter.say(report)


def reported(path: str) -> HowFar | None:
    """Return what was last reported to the file at ``path``; ``None``: nothing yet."""
    try:
        with open(path, "rb", buffering=0) as file:
            found = file.read(_NUMBERS.size + _LONGEST)
    except OSError:
        return None
    if len(found) < _NUMBERS.size + _LONGEST:
        return None
    done, total = _NUMBERS.unpack_from(found)
    text = found[_NUMBERS.size :].decode(errors="replace").rstrip()
    return HowFar(done, None if math.isnan(total) else total, text)
