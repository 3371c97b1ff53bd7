"""Takes arrays, tensors and sparse matrices apart: type, shape and content in C order."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, Final

from blake3 import blake3

from checkpoint_nb.fingerprint.pieces import Piece, kind
from checkpoint_nb.fingerprint.tokens import content, size, text

_BLOCK: Final = 1 << 24


def dtype_text(dtype: Any) -> str:
    """Return a dtype as text: little-endian, structured ones by field, offsets left out.

    Examples
    --------
    >>> import numpy
    >>> dtype_text(numpy.dtype(">i4"))
    '<i4'
    """
    if dtype.names is not None:
        fields = (f"{name!r}:{dtype_text(dtype[name])}" for name in dtype.names)
        return "{" + ",".join(fields) + "}"
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return f"{dtype_text(base)}{shape}"
    if dtype.kind == "T":
        return str(dtype)
    plain: str = dtype.newbyteorder("<").str
    return plain


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
    """Yield an array in parts along its first axis, so that copies stay small."""
    if array.ndim == 0 or array.size == 0:
        yield array.reshape(-1)
        return
    rows = max(1, _BLOCK // max(1, array.nbytes // len(array)))
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
        items = array.reshape(-1).tolist() if dtype.names else list(array.reshape(-1))
        return Piece(local, [items])
    return Piece(local + array_content(array))


@kind("numpy:ndarray", "numpy:memmap")
def ndarray(value: Any) -> Piece:
    """Take an array apart; a memory map is an array."""
    return array_piece(b"ndarray", value)


@kind("numpy:generic", derived=True)
def scalar(value: Any) -> Piece:
    """Take a scalar of numpy apart; it is not the same as Python's."""
    numpy = sys.modules["numpy"]
    if type(value) is numpy.void and value.dtype.hasobject:
        return Piece(b"numpy void" + text(dtype_text(value.dtype)), [value.item()])
    return array_piece(b"numpy scalar", numpy.asarray(value))


@kind("numpy:dtype", derived=True)
def dtype_(value: Any) -> Piece:
    """Take a dtype apart; here byte order counts."""
    return Piece(b"dtype" + text(repr(value.descr) if value.kind != "T" else str(value)))


@kind("numpy:MaskedArray", "numpy:ma.MaskedArray")
def masked(value: Any) -> Piece:
    """Take a masked array apart: mask and items; what lies under the mask does not count."""
    numpy = sys.modules["numpy"]
    mask = numpy.ma.getmaskarray(value)
    items = numpy.array(value.data, copy=True)
    items[mask] = numpy.zeros((), dtype=items.dtype)
    return Piece(b"masked array", [mask, items, value.fill_value])


@kind("scipy:_spbase", derived=True)
def sparse(value: Any) -> Piece:
    """Take a sparse matrix apart: format, and the entries of a canonical row-wise copy."""
    rows = value.tocsr(copy=True) if value.ndim == 2 else value.tocoo(copy=True)
    rows.sum_duplicates()
    if value.ndim == 2:
        rows.sort_indices()
        where = (rows.indptr, rows.indices)
    else:
        where = rows.coords
    places = [one.astype("<i8") for one in where]
    return Piece(b"sparse" + text(type(value).__name__), [value.shape, rows.data, places])


@kind("torch:Tensor", "torch:Parameter", derived=True)
def tensor(value: Any) -> Piece:
    """Take a tensor apart: type, shape, items; the device and the strides do not count."""
    torch = sys.modules["torch"]
    name = "parameter" if isinstance(value, torch.nn.Parameter) else "tensor"
    plain = value.detach()
    if plain.layout is not torch.strided:
        plain = plain.coalesce() if plain.layout is torch.sparse_coo else plain.to_sparse_coo()
        return Piece(
            text(name) + text(str(value.layout)) + bytes((value.requires_grad,)),
            [tuple(value.shape), plain.indices(), plain.values()],
        )
    if plain.is_quantized:
        return Piece(b"quantized", [plain.int_repr(), str(plain.dtype), plain.dequantize()])
    flat = plain.cpu().resolve_conj().resolve_neg().contiguous().reshape(-1)
    local = text(name) + text(str(value.dtype)) + text(repr(tuple(value.shape)))
    raw = flat.view(torch.uint8).numpy() if flat.numel() else b""
    return Piece(local + bytes((value.requires_grad,)) + content(raw))
