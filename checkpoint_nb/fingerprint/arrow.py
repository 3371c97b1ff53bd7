"""Takes Arrow tables and columns, and frames of polars, apart: schema and what can be seen."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from checkpoint_nb.fingerprint.arrays import array_content
from checkpoint_nb.fingerprint.pieces import Piece, kind
from checkpoint_nb.fingerprint.tokens import content, node, size, text


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
    local = text(_type_text(array.type)) + size(len(array))
    if array.null_count:
        nulls = array.is_null().cast("uint8").to_numpy(zero_copy_only=False)
        local += content(nulls)
    return node(local, _items(array))


def _type_text(of: Any) -> str:
    """Return a type as text, with the parameters of extension types, which may not show them."""
    arrow = sys.modules["pyarrow"]
    if isinstance(of, arrow.BaseExtensionType):
        inside = _type_text(of.storage_type)
        extra = of.__arrow_ext_serialize__() if isinstance(of, arrow.ExtensionType) else b""
        return f"{of.extension_name}({extra!r}){of}<{inside}>"
    below = [of.field(at) for at in range(of.num_fields)]
    if not below:
        return str(of)
    inner = [(one.name, _type_text(one.type), one.nullable, one.metadata) for one in below]
    return f"{of}{inner!r}"


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
    if types.is_union(of):
        # Two fields may hold equal values: which one it is counts too.
        return _fixed(array.type_codes) + _one_by_one(array)
    if types.is_string_view(of) or types.is_binary_view(of):
        array = array.cast("large_string" if types.is_string_view(of) else "large_binary")
        of = array.type
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
    if types.is_primitive(of) or types.is_decimal(of) or types.is_fixed_size_binary(of):
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
    """Return the digests of where each text ends and of all bytes, for text without nulls."""
    numpy = sys.modules["numpy"]
    _, starts, data = array.buffers()
    if starts is None or not len(array):
        return content(b"")
    every = numpy.frombuffer(starts, dtype=offsets)
    bounds = every[array.offset : array.offset + len(array) + 1]
    raw = numpy.frombuffer(data or b"", dtype=numpy.uint8)
    ends = bounds[1:] - bounds[0] if bounds[0] else bounds[1:]
    return array_content(ends) + array_content(raw[bounds[0] : bounds[-1]])


def _one_by_one(array: Any) -> bytes:
    """Return the digest of items of a type without a plain layout: unions, maps, views."""
    from checkpoint_nb.fingerprint.walk import digest

    return bytes.fromhex(digest(array.to_pylist()))


@kind("pyarrow:Array", "pyarrow:ChunkedArray", derived=True)
def column(value: Any) -> Piece:
    """Take an Arrow array apart; how a chunked one is cut does not count."""
    return Piece(text(_family(value, "ChunkedArray")) + column_content(value))


def _family(value: Any, word: str) -> str:
    return f"arrow {word if isinstance(value, getattr(sys.modules['pyarrow'], word)) else 'plain'}"


@kind("pyarrow:Table", "pyarrow:RecordBatch")
def table(value: Any) -> Piece:
    """Take an Arrow table apart: schema with metadata, and its columns."""
    schema = value.schema.to_string(show_schema_metadata=True, truncate_metadata=False)
    columns = b"".join(column_content(one) for one in value.columns)
    local = text(_family(value, "Table")) + text(schema) + size(value.num_rows)
    return Piece(local + columns)


@kind("pyarrow:Scalar", derived=True)
def scalar(value: Any) -> Piece:
    """Take an Arrow scalar apart: type and value."""
    return Piece(b"arrow scalar" + text(_type_text(value.type)), [value.as_py()])


@kind("polars:DataFrame", "polars:Series", derived=True)
def polars(value: Any) -> Piece:
    """Take a frame of polars apart: names, types, and its columns as Arrow."""
    library = sys.modules["polars"]
    family = library.Series if isinstance(value, library.Series) else library.DataFrame
    frame = value.to_frame() if family is library.Series else value
    names = [(name, str(dtype)) for name, dtype in frame.schema.items()]
    piece = Piece(b"polars" + text(family.__name__), [names, frame.height])
    if type(value) is not family:
        own = {name: one for name, one in vars(value).items() if name not in {"_df", "_s"}}
        piece.children += [type(value), own]
    for one in frame.get_columns():
        # Not whether pyarrow is loaded: another process must give the same digest.
        alien = "Object" in str(one.dtype) or "128" in str(one.dtype)
        if alien or find_spec("pyarrow") is None:
            piece.children.append(one.to_list())
        else:
            piece.local += column_content(one.to_arrow())
    return piece
