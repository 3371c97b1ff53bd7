"""Takes frames, series and indexes of pandas apart: what can be seen, not the block layout."""

from __future__ import annotations

import sys
from typing import Any

from checkpoint_nb.fingerprint import labelled
from checkpoint_nb.fingerprint.arrays import array_piece
from checkpoint_nb.fingerprint.arrow import column_content
from checkpoint_nb.fingerprint.instances import instance
from checkpoint_nb.fingerprint.pieces import Piece, kind
from checkpoint_nb.fingerprint.tokens import text

_ = labelled  # imported for the ways to take objects apart that it registers


class _Column:
    """One column on its way into the graph: a name for values of any pandas dtype."""

    def __init__(self, values: Any) -> None:
        self.values = values


@kind("pandas:DataFrame", derived=True)
def frame(value: Any) -> Piece:
    """Take a frame apart: column names, index, columns, attributes."""
    columns: list[object] = [_Column(value.iloc[:, at]) for at in range(value.shape[1])]
    piece = Piece(b"frame", [value.columns, value.index, columns, dict(value.attrs)])
    return _with_rest(piece, value)


@kind("pandas:Series", derived=True)
def series(value: Any) -> Piece:
    """Take a series apart: name, index, values, attributes."""
    piece = Piece(b"series", [value.name, value.index, _Column(value), dict(value.attrs)])
    return _with_rest(piece, value)


def _with_rest(piece: Piece, value: Any) -> Piece:
    """Add flags, what else was set as an attribute, and the class when it is a derived one."""
    piece.local += bytes((value.flags.allows_duplicate_labels,))
    known = type(value)._accessors  # an older pandas remembers those that were used
    shown = {name for name in vars(value) if not name.startswith("_")} - known
    own = {name: vars(value)[name] for name in shown}
    own |= {name: getattr(value, name, None) for name in value._metadata if name != "_name"}
    if own:
        piece.children.append({name: own[name] for name in sorted(own)})
    if type(value).__module__.partition(".")[0] != "pandas":
        piece.children.append(type(value))
    return piece


@kind("pandas:Index", derived=True)
def index(value: Any) -> Piece:
    """Take an index apart: names and values; a range is the same as its numbers."""
    if value.nlevels > 1:
        levels: list[object] = [
            value.get_level_values(level).rename(None) for level in range(value.nlevels)
        ]
        return Piece(b"multi index", [list(value.names), levels])
    every = getattr(value, "freqstr", None)
    return Piece(b"index", [value.name, every, _Column(value)])


@kind("pandas:ExtensionArray", derived=True)
def extension(value: Any) -> Piece:
    """Take an array of pandas apart."""
    return column(_Column(value))


@kind(_Column)
def column(value: _Column) -> Piece:
    """Take a column apart: its dtype, and its values in the form that dtype has."""
    values: Any = value.values
    dtype = values.dtype
    name = type(dtype).__name__
    numpy = sys.modules["numpy"]
    if isinstance(dtype, numpy.dtype):
        return array_piece(b"column", values.to_numpy())
    array: Any = getattr(values, "array", values)
    local = b"column" + text(str(dtype))
    if name == "CategoricalDtype":
        return Piece(local, [bool(dtype.ordered), dtype.categories, numpy.asarray(array.codes)])
    if name in {"DatetimeTZDtype", "PeriodDtype"}:
        return Piece(local, [array.asi8, getattr(dtype, "tz", None)])
    if name == "IntervalDtype":
        return Piece(local, [array.left, array.right])
    if name == "SparseDtype":
        return Piece(local, [array.fill_value, array.sp_values, array.sp_index.indices])
    if name in {"StringDtype", "ArrowDtype"} and hasattr(array, "_pa_array"):
        missing = getattr(dtype, "na_value", None)
        return Piece(local + column_content(array.__arrow_array__()), [str(missing)])
    if hasattr(dtype, "numpy_dtype") and hasattr(array, "isna"):
        # What lies under a missing value is garbage.
        filled = array.to_numpy(dtype=dtype.numpy_dtype, na_value=dtype.numpy_dtype.type(0))
        return Piece(local, [array.isna(), filled])
    if name == "StringDtype":
        return Piece(local, [array.to_numpy(dtype=object)])
    # Of another library: how it would be pickled holds all there is to it.
    return Piece(local, [dtype, *instance(array).children])
