"""Arrays that share memory go on sharing it: one is written, the others as views of it."""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

Reduction = tuple[object, ...]
Array = Any  # numpy is never imported for its types alone

_PATIENCE: Final = 1000
_SPARSE: Final = 8
"""More than so many times what arrays hold is not written so that they share it."""


@dataclass(frozen=True, slots=True)
class View:
    """How an array lies in another one: ``start`` bytes after its first byte."""

    cover: Array
    start: int

    def reduction(self, array: Array) -> Reduction:
        """Return how ``array`` travels: what it is a view of, and how."""
        layout = (array.dtype, array.shape, array.strides, self.start, array.flags.writeable)
        return _view, (self.cover, *layout)


def is_array(value: object) -> bool:
    """Return whether a value is an array of numpy itself, not of a class derived from it.

    Examples
    --------
    >>> import numpy
    >>> is_array(numpy.zeros(2)), is_array([0.0])
    (True, False)
    """
    numpy: Any = sys.modules.get("numpy")
    return numpy is not None and type(value) is getattr(numpy, "ndarray", None)


def bounds(array: Array) -> tuple[int, int]:
    """Return the addresses where the memory of an array begins and ends.

    Examples
    --------
    >>> import numpy
    >>> begin, end = bounds(numpy.zeros(4)[::-1])
    >>> end - begin
    32
    """
    numpy: Any = sys.modules["numpy"]
    place = getattr(getattr(numpy.lib, "array_utils", None), "byte_bounds", None)
    begin, end = (place or numpy.byte_bounds)(array)
    return int(begin), int(end)


def views_among(arrays: list[Array]) -> dict[int, View]:
    """Return for each array that shares memory with another how to write it, by identity.

    Examples
    --------
    >>> import numpy
    >>> whole = numpy.arange(4.0)
    >>> part, alone = whole[1:3], numpy.ones(3)
    >>> found = views_among([part, alone, whole])
    >>> list(found) == [id(part)], found[id(part)].cover is whole, found[id(part)].start
    (True, True, 8)
    """
    found: dict[int, View] = {}
    placed = sorted(((*bounds(a), n) for n, a in enumerate(arrays) if a.size), key=lambda p: p[:2])
    end, several = 0, list[Array]()
    for begin, stop, number in placed:
        if begin >= end:
            _relate(several, found)
            several = []
        several.append(arrays[number])
        end = max(end, stop)
    _relate(several, found)
    return found


def _relate(arrays: list[Array], found: dict[int, View]) -> None:
    numpy: Any = sys.modules["numpy"]
    several = list({id(array): array for array in arrays}.values())
    if len(several) < 2 or not _any_shared(several, numpy):
        return
    places = [bounds(array) for array in several]
    begin, end = min(place[0] for place in places), max(place[1] for place in places)
    whole = [a for a, place in zip(several, places, strict=True) if place == (begin, end)]
    whole = [array for array in whole if array.flags.forc]
    # Rather the one that the others were taken from than a copy of its place.
    whole.sort(key=lambda array: (array.base is not None, not array.flags.writeable))
    if any(array.dtype.hasobject for array in several):
        if not (whole and len({array.dtype for array in several}) == 1):
            return
    elif not whole and end - begin > _SPARSE * sum(array.nbytes for array in several):
        return
    cover = whole[0] if whole else _memory(begin, end, numpy)
    for array in several:
        if array is not cover:
            found[id(array)] = View(cover, array.__array_interface__["data"][0] - begin)


def _any_shared(arrays: list[Array], numpy: Any) -> bool:
    """Return whether two of some arrays whose places overlap have a byte in common."""
    widest = arrays[0]
    for before, array in pairwise(arrays):
        if shares(array, before, numpy) or shares(array, widest, numpy):
            return True
        if bounds(array)[1] > bounds(widest)[1]:
            widest = array
    return False


def shares(one: Array, other: Array, numpy: Any) -> bool:
    """Return whether two arrays have a byte in common; yes where that is hard to tell.

    Examples
    --------
    >>> import numpy
    >>> table = numpy.zeros((3, 2))
    >>> shares(table[:, 0], table[:, 1], numpy), shares(table[:, 0], table[1], numpy)
    (False, True)
    """
    try:
        return bool(numpy.shares_memory(one, other, max_work=_PATIENCE))
    except Exception:  # noqa: BLE001  numpy gave up
        return True


def _memory(begin: int, end: int, numpy: Any) -> Array:
    """Return the bytes from one address to another as an array, while what is there lives."""
    return numpy.frombuffer((ctypes.c_char * (end - begin)).from_address(begin), numpy.uint8)


def _view(
    cover: Array,
    dtype: Any,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    start: int,
    writeable: bool,
) -> Array:
    numpy: Any = sys.modules["numpy"]
    flat = cover if cover.flags.c_contiguous else cover.T
    if dtype.hasobject:
        from numpy.lib.stride_tricks import as_strided

        made = as_strided(flat.reshape(-1)[start // dtype.itemsize :], shape, strides)
    else:
        made = numpy.ndarray(shape, dtype, flat, start, strides)
    if not writeable:
        made.flags.writeable = False
    return made
