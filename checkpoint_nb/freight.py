"""Large buffers of work, in a file that the worker maps: they go down no pipe."""

from __future__ import annotations

import mmap
import os
import pickle
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NamedTuple

LARGE: Final = 1 << 16
"""Bytes from which on a buffer is worth a place of its own."""
_ALIGNED: Final = 64


class Freight(NamedTuple):
    """Where buffers are, and how long each is."""

    path: str = ""
    sizes: tuple[int, ...] = ()


NO_FREIGHT: Final = Freight()


def loaded(buffers: Sequence[pickle.PickleBuffer], path: str) -> Freight:
    """Write ``buffers`` to a new file at ``path``.

    Examples
    --------
    >>> import tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "freight")
    >>> freight = loaded([pickle.PickleBuffer(b"abc"), pickle.PickleBuffer(b"de")], path)
    >>> [bytes(one) for one in unloaded(freight)], os.path.exists(path)
    ([b'abc', b'de'], False)
    """
    views = [buffer.raw() for buffer in buffers]
    with open(path, "xb") as file:
        for view in views:
            file.write(view)
            file.write(bytes(-view.nbytes % _ALIGNED))
    return Freight(path, tuple(view.nbytes for view in views))


def unloaded(freight: Freight) -> list[memoryview]:
    """Map the buffers into memory, to be written to at will; the file goes.

    Nothing is copied but the pages that are written to.
    """
    if not freight.sizes:
        return []
    with open(freight.path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        whole = memoryview(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY))
    with suppress(OSError):  # where a mapped file cannot be removed, its folder is later
        os.remove(freight.path)
    found, start = [], 0
    for length in freight.sizes:
        found.append(whole[start : start + length])
        start += length + -length % _ALIGNED
    return found
