"""Takes arrays and scalars of numpy apart: type, shape and content in C order."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pickle import whichmodule  # type: ignore[attr-defined]
from typing import Any, Final

from blake3 import blake3

from checkpoint_nb.fingerprint import tensors
from checkpoint_nb.fingerprint.boundary import owner
from checkpoint_nb.fingerprint.dtypes import dtype_notes, dtype_order, dtype_text
from checkpoint_nb.fingerprint.functions import library
from checkpoint_nb.fingerprint.pieces import Piece, kind, refuse
from checkpoint_nb.fingerprint.tokens import content, size, text

_BLOCK: Final = 1 << 23
_MAPPED: Final = frozenset({"_mmap", "filename", "offset", "mode"})
_MASKED: Final = frozenset(
    {"_mask", "_fill_value", "_hardmask", "_sharedmask", "_isfield", "_baseclass", "_basedict"}
)
_UFUNCS: Final = ("numpy", "scipy.special")
_ = tensors  # imported for the ways to take objects apart that it registers


def array_content(array: Any) -> bytes:
    """Return the digest of an array's items in C order; strides and byte order do not count.

    Examples
    --------
    >>> import numpy
    >>> square = numpy.arange(6).reshape(2, 3)
    >>> array_content(square) == array_content(numpy.asfortranarray(square))
    True
    """
    dtype = array.dtype
    if dtype.names is not None:
        return content(b"".join(array_content(array[name]) for name in dtype.names))
    numpy = sys.modules["numpy"]
    if array.flags.c_contiguous and dtype == dtype.newbyteorder("<") and dtype.char not in "gG":
        return content(array.reshape(-1).view(numpy.uint8)) if array.nbytes else content(b"")
    hasher = blake3(max_threads=blake3.AUTO)
    for block in _blocks(array):
        plain = numpy.ascontiguousarray(block, dtype=dtype.newbyteorder("<"))
        raw = plain.reshape(-1).view(numpy.uint8)
        if dtype.char in "gG" and numpy.finfo(dtype).nmant == 63:
            # Ten bytes of a long double are the number; the rest is never set.
            raw = numpy.ascontiguousarray(raw.reshape(-1, 16)[:, :10]).reshape(-1)
        hasher.update(raw)
    return hasher.digest()


def _blocks(array: Any) -> Iterator[Any]:
    """Yield an array in parts, in C order, so that copies stay small."""
    if array.ndim == 0 or array.size == 0:
        yield array.reshape(-1)
        return
    one = array.nbytes // len(array)
    if one > _BLOCK and array.ndim > 1:
        for part in array:
            yield from _blocks(part)
        return
    rows = max(1, _BLOCK // max(1, one))
    for start in range(0, len(array), rows):
        yield array[start : start + rows]


def array_piece(tag: bytes, array: Any) -> Piece:
    """Return the piece of an array: objects one by one, all else as bytes.

    Examples
    --------
    >>> import numpy
    >>> array_piece(b"ndarray", numpy.array([[], 1], dtype=object)).children
    [[[], 1]]
    """
    dtype = array.dtype
    local = tag + text(dtype_text(dtype)) + b"".join(map(size, (array.ndim, *array.shape)))
    if dtype.hasobject or dtype.kind == "T":
        plain = dtype.names is not None or dtype.char == "O"
        piece = Piece(local, [array.reshape(-1).tolist() if plain else list(array.reshape(-1))])
    else:
        piece = Piece(local + array_content(array))
    notes = dtype_notes(dtype)
    if notes:
        piece.children.append(notes)
    return piece


@kind("numpy:ndarray", derived=True)
def derived(value: Any) -> Piece:
    """Take an array of a derived class apart: class, attributes, items."""
    numpy = sys.modules["numpy"]
    plain = numpy.ndarray.view(value, numpy.ndarray)
    return Piece(b"derived array", [type(value), _attributes(value, _MAPPED), plain])


@kind("numpy:ndarray", "numpy:memmap")
def ndarray(value: Any) -> Piece:
    """Take an array apart; a memory map is an array."""
    return array_piece(b"ndarray", value)


@kind("numpy:MaskedConstant")
def masked_constant(_: Any) -> Piece:
    """Take ``numpy.ma.masked`` apart: there is one."""
    return Piece(b"masked constant")


def _attributes(value: Any, but: frozenset[str]) -> dict[str, object] | None:
    """Return what an instance holds beside its items, sorted by name."""
    found = dict(getattr(value, "__dict__", {}))
    for cls in type(value).__mro__:
        slots = vars(cls).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in {"__dict__", "__weakref__"} and hasattr(value, name):
                found[name] = getattr(value, name)
    return {name: found[name] for name in sorted(found) if name not in but} or None


@kind("numpy:generic", derived=True)
def scalar(value: Any) -> Piece:
    """Take a scalar of numpy apart; it is not the same as Python's."""
    numpy = sys.modules["numpy"]
    if type(value) is not value.dtype.type:
        plain = numpy.asarray(value)[()]
        return Piece(b"derived scalar", [type(value), _attributes(value, frozenset()), plain])
    if value.dtype.names is not None and value.dtype.hasobject:
        return Piece(b"numpy void" + text(dtype_text(value.dtype)), [value.item()])
    return array_piece(b"numpy scalar", numpy.asarray(value))


@kind("numpy:dtype", derived=True)
def dtype_(value: Any) -> Piece:
    """Take a dtype apart; here byte order counts."""
    local = text(dtype_text(value)) + text(dtype_order(value)) + bytes((value.isalignedstruct,))
    return Piece(b"dtype" + local, [dtype_notes(value)])


@kind("numpy:ufunc")
def ufunc(value: Any) -> Piece:
    """Take a universal function apart: the installed module that has it, and its name."""
    home = next((one for one in _UFUNCS if _has(one, value)), None) or whichmodule(
        value, value.__name__
    )
    if _has(home, value):
        found = owner(home)
        if found is not None:
            return library(found, home, value.__name__)
        return Piece(b"ufunc" + text(value.__name__), [sys.modules[home]])
    raise refuse(value, "What it computes cannot be seen.", "Pass the function it was made from.")


def _has(home: str, value: Any) -> bool:
    return getattr(sys.modules.get(home), value.__name__, None) is value


@kind("numpy:MaskedArray", "numpy:ma.MaskedArray", derived=True)
def masked(value: Any) -> Piece:
    """Take a masked array apart: mask, items (those under the mask too, as ``data`` shows them)."""
    numpy = sys.modules["numpy"]
    own = (numpy.ma.getmaskarray(value), numpy.ndarray.view(value, numpy.ndarray))
    local = b"masked array" + bytes((bool(value.hardmask),))
    return Piece(local, [type(value), *own, value.fill_value, _attributes(value, _MASKED)])
