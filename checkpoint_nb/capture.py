"""What a task prints, caught at the file descriptors."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_KEPT = 64 * 1024


class Log:
    """Text a task printed; the end of it, where it was long."""

    def __init__(self) -> None:
        self.text = ""


@contextmanager
def captured() -> Iterator[Log]:
    """Catch stdout and stderr of this process, of C code and of children too.

    Only for a process that does one thing at a time. Keeps the last 64 KiB.
    """
    log = Log()
    with tempfile.TemporaryFile(buffering=0) as file:
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


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError, OSError):
            stream.flush()


def _tail(descriptor: int) -> str:
    size = os.lseek(descriptor, 0, os.SEEK_END)
    start = max(0, size - _KEPT)
    text = os.pread(descriptor, _KEPT, start).decode("utf-8", "replace")
    return text if start == 0 else f"… {start:,} bytes before this were dropped …\n{text}"
