"""Takes Arrow tables and columns, and frames of polars, apart: schema and what can be seen."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from checkpoint_nb.fingerprint.arrays import array_content
from checkpoint_nb.fingerprint.pieces import Piece, kind
from checkpoint_nb.fingerprint.tokens import content, node, size, text

_WIDTHS: Final = {8: "int8", 16: "int16", 32: "int32", 64: "int64"}


def column_content(column: Any) -> bytes:
    """Return the digest of an Arrow column; chunks, slices and bytes under nulls do not count.

    Examples
    --------
    >>> import pyarrow
    >>> parts = pyarrow.chunked_array([["a"], ["b", None]])
    >>> column_content(parts) == column_content(pyarrow.array(["a", "b", None]))
    True
    """
    arrow = sys.modules["pyarrow"]
    if isinstance(column, arrow.ChunkedArray):
        chunks = column.chunks or [arrow.array([], column.type)]
        if arrow.types.is_dictionary(column.type):
            chunks = column.unify_dictionaries().chunks or chunks
        column = chunks[0] if len(chunks) == 1 else arrow.concat_arrays(chunks)
    return _array(column)


def _array(array: Any) -> bytes:
    """Return the digest of one array: type, length, nulls, items."""
    local = text(str(array.type)) + size(len(array))
    if array.null_count:
        nulls = array.is_null().cast("uint8").to_numpy(zero_copy_only=False)
        local += content(nulls)
    return node(local, _items(array))


def _items(array: Any) -> bytes:
    """Return the digests of the items that are not null."""
    arrow = sys.modules["pyarrow"]
    types, of = arrow.types, array.type
    if types.is_null(of):
        return b""
    if isinstance(array, arrow.ExtensionArray):
        return _array(array.storage)
    if types.is_dictionary(of):
        return _array(array.indices) + _array(array.dictionary)
    if types.is_struct(of):
        return b"".join(map(_array, array.flatten()))
    full = array.drop_null() if array.null_count else array
    if types.is_boolean(of):
        return content(full.cast("uint8").to_numpy(zero_copy_only=False))
    if types.is_string(of) or types.is_binary(of):
        return _strings(full, "int32")
    if types.is_large_string(of) or types.is_large_binary(of):
        return _strings(full, "int64")
    if types.is_list(of) or types.is_large_list(of) or types.is_fixed_size_list(of):
        lengths = import_module("pyarrow.compute").list_value_length(full)
        return _fixed(lengths.cast("int64")) + _array(full.flatten())
    if types.is_primitive(of) and of.bit_width in _WIDTHS:
        return _fixed(full)
    return _one_by_one(full)


def _fixed(array: Any) -> bytes:
    """Return the digest of an array of numbers, dates or times without nulls."""
    numpy = sys.modules["numpy"]
    width = array.type.bit_width // 8
    _, data = array.buffers()
    if data is None:
        return content(b"")
    raw = numpy.frombuffer(data, dtype=numpy.uint8)
    return array_content(raw[array.offset * width : (array.offset + len(array)) * width])


def _strings(array: Any, offsets: str) -> bytes:
    """Return the digests of lengths and bytes of text without nulls."""
    numpy = sys.modules["numpy"]
    _, starts, data = array.buffers()
    if starts is None or not len(array):
        return content(b"")
    every = numpy.frombuffer(starts, dtype=offsets)
    bounds = every[array.offset : array.offset + len(array) + 1]
    raw = numpy.frombuffer(data or b"", dtype=numpy.uint8)
    lengths = array_content(numpy.diff(bounds))
    return lengths + array_content(numpy.ascontiguousarray(raw[bounds[0] : bounds[-1]]))


def _one_by_one(array: Any) -> bytes:
    """Return the digest of items of a type without a plain layout: unions, maps, views."""
    from checkpoint_nb.fingerprint.walk import digest

    return bytes.fromhex(digest(array.to_pylist()))


@kind("pyarrow:Array", "pyarrow:ChunkedArray", derived=True)
def column(value: Any) -> Piece:
    """Take an Arrow array apart; one in chunks is the same as one combined."""
    return Piece(b"arrow array" + column_content(value))


@kind("pyarrow:Table", "pyarrow:RecordBatch")
def table(value: Any) -> Piece:
    """Take an Arrow table apart: schema with metadata, and its columns."""
    schema = value.schema.to_string(show_schema_metadata=True, truncate_metadata=False)
    columns = b"".join(column_content(one) for one in value.columns)
    return Piece(b"arrow table" + text(schema) + size(value.num_rows) + columns)


@kind("pyarrow:Scalar", derived=True)
def scalar(value: Any) -> Piece:
    """Take an Arrow scalar apart: type and value."""
    return Piece(b"arrow scalar" + text(str(value.type)), [value.as_py()])


@kind("polars:DataFrame", "polars:Series")
def polars(value: Any) -> Piece:
    """Take a frame of polars apart: names, types, and its columns as Arrow."""
    frame = value.to_frame() if type(value).__name__ == "Series" else value
    names = [(name, str(dtype)) for name, dtype in frame.schema.items()]
    piece = Piece(b"polars" + text(type(value).__name__), [names, frame.height])
    for one in frame.get_columns():
        # Not whether pyarrow is loaded: another process must give the same digest.
        if "Object" in str(one.dtype) or find_spec("pyarrow") is None:
            piece.children.append(one.to_list())
        else:
            piece.local += column_content(one.to_arrow())
    return piece
