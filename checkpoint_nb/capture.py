"""What a task prints, caught at the file descriptors."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

_KEPT = 64 * 1024
_LOG = ".log"


class Log:
    """Text a task printed; the end of it, where it was long."""

    def __init__(self) -> None:
        self.text = ""


@contextmanager
def captured(live: str = "") -> Iterator[Log]:
    """Catch stdout and stderr of this process, of C code and of children too.

    Only for a process that does one thing at a time. Keeps the last 64 KiB.

    Parameters
    ----------
    live
        How the name of the file begins in which it can be read meanwhile; ``""``: nobody will.
    """
    log = Log()
    with _file(live) as file:
        _flush()
        saved = [os.dup(1), os.dup(2)]
        try:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
            yield log
        finally:
            _flush()
            for number, copy in zip((1, 2), saved, strict=True):
                os.dup2(copy, number)
                os.close(copy)
            log.text = _tail(file.fileno())


def log_so_far(live: str) -> str:
    """Return the end of what was caught by now; ``live`` as in :func:`captured`."""
    try:
        with open(live + _LOG, "rb", buffering=0) as file:
            return _tail(file.fileno())
    except OSError:
        return ""


@contextmanager
def _file(live: str) -> Iterator[IO[bytes]]:
    if not live:
        with tempfile.TemporaryFile(buffering=0) as file:
            yield file
        return
    with open(live + _LOG, "w+b", buffering=0) as named:
        try:
            yield named
        finally:
            with suppress(OSError):
                os.unlink(live + _LOG)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError, OSError):
            stream.flush()


def _tail(descriptor: int) -> str:
    size = os.lseek(descriptor, 0, os.SEEK_END)
    start = max(0, size - _KEPT)
    text = os.pread(descriptor, _KEPT, start).decode("utf-8", "replace")
    return text if start == 0 else f"… {start:,} bytes before this were dropped …\n{text}"
