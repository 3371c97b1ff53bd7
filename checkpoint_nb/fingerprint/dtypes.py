"""Writes dtypes of numpy as text that means the same on every machine."""

from __future__ import annotations

import sys
from typing import Any, Final

_texts: Final[dict[Any, str]] = {}


def dtype_text(dtype: Any) -> str:
    """Return a dtype as text: little-endian, structured ones by field.

    Examples
    --------
    >>> import numpy
    >>> dtype_text(numpy.dtype(">i4")), dtype_text(numpy.dtype("i1,f8"))
    ('<i4', "{'f0':|i1,'f1':<f8}")
    """
    if dtype.names is not None:
        return _fields(dtype)
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return f"{dtype_text(base)}{shape}"
    if dtype.kind == "T":
        return str(dtype)
    if dtype.isbuiltin != 1:
        plain: str = dtype.newbyteorder("<").str
        return plain
    known = _texts.get(dtype)
    if known is None:
        known = _texts[dtype] = dtype.newbyteorder("<").str
    return known


def _fields(dtype: Any) -> str:
    """Return the fields of a structured dtype; offsets where it is not packed, type if special."""
    words, end = [], 0
    for name in dtype.names:
        field, offset, *title = dtype.fields[name]
        place = "" if offset == end else f"@{offset}"
        words.append(f"{name!r}:{dtype_text(field)}{place}{title if title else ''}")
        end = offset + field.itemsize
    gap = "" if end == dtype.itemsize else f"@{dtype.itemsize}"
    special = "" if dtype.type.__name__ == "void" else dtype.type.__qualname__
    return f"{special}{{{','.join(words)}{gap}}}"


def dtype_order(dtype: Any) -> str:
    """Return the byte order of a dtype and of its fields, native ones by their real name.

    Examples
    --------
    >>> import numpy
    >>> dtype_order(numpy.dtype(">i4")), dtype_order(numpy.dtype("i1,>f8"))
    ('>', '{|>}')
    """
    if dtype.names is not None:
        return "{" + "".join(dtype_order(dtype.fields[name][0]) for name in dtype.names) + "}"
    if dtype.subdtype is not None:
        return dtype_order(dtype.subdtype[0])
    order: str = dtype.byteorder
    return order if order != "=" else "<" if sys.byteorder == "little" else ">"


def dtype_notes(dtype: Any) -> list[object]:
    """Return the metadata that a dtype and its fields carry, mostly none.

    Examples
    --------
    >>> import numpy
    >>> dtype_notes(numpy.dtype("i4"))
    []
    """
    notes: list[object] = [] if dtype.metadata is None else [dict(dtype.metadata)]
    if dtype.subdtype is not None:
        return notes + dtype_notes(dtype.subdtype[0])
    for name in dtype.names or ():
        below = dtype_notes(dtype.fields[name][0])
        if below:
            notes += [name, below]
    return notes
