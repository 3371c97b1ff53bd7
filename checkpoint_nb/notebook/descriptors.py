"""What is printed past Python, by C code and other programs, caught at the file descriptors."""

from __future__ import annotations

import codecs
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

_NUMBERS: Final = {"stdout": 1, "stderr": 2}
_MOST: Final = 1 << 20


class Descriptors:
    """Files that stand for descriptors 1 and 2, read as they grow.

    Files and not pipes: C code that prints while it holds the interpreter would fill a pipe that
    nobody can empty, and a program left behind would die of a pipe that was closed.
    """

    def __init__(self) -> None:
        self._files = {name: _file(name) for name in _NUMBERS}
        self._decoders = {
            name: codecs.getincrementaldecoder("utf-8")("replace") for name in _NUMBERS
        }
        self._offsets = dict.fromkeys(_NUMBERS, 0)

    def read(self) -> Iterator[tuple[str, str]]:
        """Give what came since the last time, with the name of its stream."""
        for name, file in self._files.items():
            while data := os.pread(file, _MOST, self._offsets[name]):
                self._offsets[name] += len(data)
                if text := self._decoders[name].decode(data):
                    yield name, text

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let descriptors 1 and 2 be these files."""
        _flush()
        saved = {name: os.dup(number) for name, number in _NUMBERS.items()}
        try:
            for name, number in _NUMBERS.items():
                os.dup2(self._files[name], number)
            yield
        finally:
            _flush()
            for name, number in _NUMBERS.items():
                os.dup2(saved[name], number)
                os.close(saved[name])

    def close(self) -> None:
        """Let go of the files."""
        for file in self._files.values():
            os.close(file)


def _file(name: str) -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create(f"checkpoint_nb {name}")
    with tempfile.TemporaryFile(buffering=0) as file:
        return os.dup(file.fileno())


def _flush() -> None:
    for stream in (sys.__stdout__, sys.__stderr__):
        with suppress(AttributeError, ValueError, OSError):
            stream.flush()  # type: ignore[union-attr]
