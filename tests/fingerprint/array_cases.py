"""Pairs of arrays, frames and columns: as in value_cases, with the libraries each row needs."""

from value_cases import Pair

ARRAY_PREAMBLE = """
import copy
import datetime as dt
import tempfile
import zoneinfo
from decimal import Decimal as D

import numpy as np
import pandas as pd

A = np.arange(6.0).reshape(2, 3)
BIG = np.zeros(600_000)
CHANGED = BIG.copy()
CHANGED[300_001] = 1
READ_ONLY = A.copy()
READ_ONLY.flags.writeable = False
PADDED = np.dtype([("a", "i1"), ("b", "i8")], align=True)


def padded(garbage):
    made = np.frombuffer(bytes([garbage]) * 32, dtype=PADDED).copy()
    made["a"], made["b"] = 1, 2
    return made


def long_double(garbage):
    made = np.frombuffer(bytes([garbage]) * 32, dtype="g").copy()
    made[:] = 1.5
    return made


class Noted(np.ndarray):
    def __array_finalize__(self, other):
        self.note = getattr(other, "note", None)


def noted(note):
    made = np.arange(3).view(Noted)
    made.note = note
    return made


def objects(one):
    made = np.zeros(2, np.dtype([("a", "i4"), ("b", "O"), ("c", "f8", (2,))]))
    made["b"] = [one, None]
    return made


def spawned():
    made = np.random.default_rng(1)
    made.spawn(1)
    return made


F = pd.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"], "c": [0.5, np.nan, 1.5]})
BLOCKS = pd.DataFrame({"a": [1, 2, 3]}).assign(b=["x", None, "z"], c=[0.5, np.nan, 1.5])
NOTED = F.copy()
NOTED.attrs["unit"] = "m"
TIMES = pd.date_range("2026", periods=2, tz="UTC")


class Measured(pd.DataFrame):
    _metadata = ["unit"]

    @property
    def _constructor(self):
        return Measured


def measured(unit):
    made = Measured({"a": [1]})
    made["b"] = [2]
    made.unit = unit
    return made


def used(frame):
    frame.groupby("a").sum()
    frame.loc[1], frame["a"], frame.index.is_unique, frame.index.get_indexer([1])
    return frame


def long_objects(last):
    return pd.Series(["some", None, 1, 2.5, np.nan, b"x", True] * 50 + [last], dtype=object)


def cats(*categories, ordered=False):
    return pd.Series(pd.Categorical(["a", "b"], categories, ordered=ordered))
"""

MAPPED = """
file = tempfile.NamedTemporaryFile()
mapped = np.memmap(file, dtype="f8", mode="w+", shape=(2, 3))
mapped[:] = A
"""

ARROW = """
import pyarrow as pa

words = pa.array(["a", "b", None, "d"])
numbers = pa.array([1, 2, None, 4])
# The same nulls over other bytes.
over = pa.Array.from_buffers(
    pa.int64(), 4, [numbers.buffers()[0], pa.array([1, 2, 9, 4]).buffers()[1]]
)
lists = pa.array([[1], [], None, [2, 3]])
structs = pa.array([{"a": 1}, None, {"a": 3}])
halves = [pa.table({"a": [1]}), pa.table({"a": [2]})]
LONGER = ["a", None, "more than twelve bytes"]


class Unit(pa.ExtensionType):
    def __init__(self, unit):
        self.unit = unit
        super().__init__(pa.int64(), "unit")

    def __arrow_ext_serialize__(self):
        return self.unit.encode()

    @classmethod
    def __arrow_ext_deserialize__(cls, storage, data):
        return cls(data.decode())


def extended(unit):
    return pa.ExtensionArray.from_storage(Unit(unit), pa.array([1, None]))


def union(at):
    return pa.UnionArray.from_sparse(pa.array([at], pa.int8()), [pa.array([1]), pa.array([1])])
"""

SPARSE = """
from scipy import sparse

one = sparse.coo_array(([1, 2, 3], ([0, 1, 1], [0, 0, 1])), shape=(2, 2))
other_order = sparse.coo_array(([3, 2, 1], ([1, 1, 0], [1, 0, 0])), shape=(2, 2))
"""

POLARS = """
import polars as pl

frame = pl.DataFrame({"a": [1, None], "b": ["x", "y"]})
"""

TORCH = """
import torch

tensor = torch.arange(6.0).reshape(2, 3)


def with_gradient(by):
    made = torch.ones(2, requires_grad=True)
    (made * by).sum().backward()
    return made


def with_note(note):
    made = torch.ones(2)
    made.note = note
    return made


def layer(seed):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))


def trained(steps):
    made = layer(0)
    optimizer = torch.optim.Adam(made.parameters(), lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        made(tensor).square().sum().backward()
        optimizer.step()
    return optimizer
"""


def _rows(needs: tuple[str, ...], setup: str, *rows: tuple[int, str, str, str, bool]) -> list[Pair]:
    return [Pair(*row, needs=needs, setup=setup) for row in rows]


ARRAYS = _rows(
    ("numpy",), "",
    (120, "transposed", "A", "A.T", False),
    (120, "square transposed", "np.arange(4).reshape(2, 2)", "np.arange(4).reshape(2, 2).T", False),
    (121, "C and F order", "A", "np.asfortranarray(A)", True),
    (122, "view and copy", "A[:, 1:]", "A[:, 1:].copy()", True),
    (122, "reversed view", "A[::-1]", "A[::-1].copy()", True),
    (122, "broadcast", "np.broadcast_to(np.arange(3), (2, 3))", "np.array([[0, 1, 2]] * 2)", True),
    (123, "shapes", "np.zeros((2, 3))", "np.zeros((3, 2))", False),
    (123, "empty shapes", "np.zeros((0, 3))", "np.zeros((3, 0))", False),
    (123, "no dimension", "np.array(1)", "np.array([1])", False),
    (124, "types of zeros", 'np.zeros(3, "i4")', 'np.zeros(3, "f4")', False),
    (124, "signs", 'np.zeros(3, "i4")', 'np.zeros(3, "u4")', False),
    (125, "byte order", 'np.arange(3, dtype="<i4")', 'np.arange(3, dtype=">i4")', True),
    (126, "read only", "A.copy()", "READ_ONLY", True),
    (127, "one of many", "BIG", "CHANGED", False),
    (127, "one of many, other order", "BIG.reshape(2, -1).T", "CHANGED.reshape(2, -1).T", False),
    (128, "objects", 'np.array(["a", None, 1], object)', 'np.array(["a", None, 1], object)', True),
    (128, "other objects", 'np.array(["a", None], object)', 'np.array(["b", None], object)', False),
    (128, "objects in other order", 'np.array([["a", 1], [2, 3]], object)', 'np.array([["a", 1], [2, 3]], object, order="F")', True),
    (128, "objects and shapes", 'np.array([["a", 1]], object)', 'np.array([["a"], [1]], object)', False),
    (129, "numpy and python scalar", "np.float64(1)", "1.0", False),
    (129, "scalar and array", "np.float64(1)", "np.array(1.0)", False),
    (129, "scalar types", "np.float64(1)", "np.float32(1)", False),
    (129, "scalars", "np.float64(1)", "np.float64(1)", True),
    (129, "text scalars", 'np.str_("a")', '"a"', False),
    (130, "datetime units", 'np.array(["2026"], "M8[ns]")', 'np.array(["2026"], "M8[s]")', False),
    (130, "datetimes", 'np.array(["2026"], "M8[s]")', 'np.array(["2026"], "M8[s]")', True),
    (130, "texts", 'np.array(["ab", "c"])', 'np.array(["ab", "d"])', False),
    (130, "structured padding", "padded(1)", "padded(2)", True),
    (130, "structured names", 'np.zeros(2, "i4,i4")', 'np.zeros(2, [("a", "i4"), ("b", "i4")])', False),
    (130, "structured byte order", 'np.ones(2, "<i4,<i4")', 'np.ones(2, ">i4,>i4")', True),
    (130, "masked", "np.ma.array([1, 2], mask=[0, 1])", "np.ma.array([1, 2], mask=[0, 1])", True),
    (130, "data under the mask, which ma.data shows", "np.ma.array([1, 2], mask=[0, 1])", "np.ma.array([1, 3], mask=[0, 1])", False),
    (130, "hard masks", "np.ma.array([1, 2], hard_mask=True)", "np.ma.array([1, 2])", False),
    (130, "structured masks", "np.ma.array([(1, 2.0)], mask=[(1, 0)], dtype='i4,f8')", "np.ma.array([(1, 2.0)], mask=[(0, 0)], dtype='i4,f8')", False),
    (130, "masked constants", "np.ma.masked", "np.ma.masked", True),
    (130, "long double padding", "long_double(1)", "long_double(7)", True),
    (130, "long double scalars", "long_double(1)[0]", "long_double(7)[0]", True),
    (130, "attributes of a derived array", "noted(1)", "noted(2)", False),
    (130, "derived arrays", "noted(1)", "noted(1)[::-1][::-1]", True),
    (130, "derived array and array", "noted(1)", "np.arange(3)", False),
    (130, "records and structures", "np.rec.array([(1, 2.0)], dtype='i4,f8')[0]", "np.array([(1, 2.0)], dtype='i4,f8')[0]", False),
    (130, "titles of fields", "np.zeros(1, [(('t', 'a'), 'i4')])", "np.zeros(1, [('a', 'i4')])", False),
    (130, "metadata of a dtype", "np.zeros(1, np.dtype('i4', metadata={'a': 1}))", "np.zeros(1, 'i4')", False),
    (130, "offsets of fields", "np.zeros(1, PADDED)", "np.zeros(1, [('a', 'i1'), ('b', 'i8')])", False),
    (130, "dtypes that overlap", "np.dtype({'names': ['a', 'b'], 'formats': ['i4', 'i4'], 'offsets': [0, 0]})", "np.dtype('i4,i4')", False),
    (130, "numbers of texts", "np.array(['ab', 'c'], np.dtypes.StringDType())", "np.array(['a', 'bc'], np.dtypes.StringDType())", False),
    (130, "missing texts", "np.array(['a', None], np.dtypes.StringDType(na_object=None))", "np.array(['a', ''], np.dtypes.StringDType(na_object=None))", False),
    (130, "structured objects", "objects('a')", "objects('b')", False),
    (130, "equal structured objects", "objects('a')", "objects('a')", True),
    (130, "matrix and array", "np.matrix([[1]])", "np.array([[1]])", False),
    (130, "generators that spawned", "spawned()", "np.random.default_rng(1)", False),
    (130, "methods of generators", "np.random.default_rng(1).normal", "np.random.default_rng(2).normal", False),
    (130, "long list of arrays", "[np.arange(3)] * 100", "[np.arange(3)] * 99 + [np.arange(1, 4)]", False),
    (130, "masks", "np.ma.array([1, 2], mask=[0, 1])", "np.ma.array([1, 2], mask=[0, 0])", False),
    (130, "dtypes", 'np.dtype("i4")', 'np.dtype("i8")', False),
    (130, "generators", "np.random.default_rng(1)", "np.random.default_rng(1)", True),
    (130, "other generators", "np.random.default_rng(1)", "np.random.default_rng(2)", False),
    (130, "random state", "np.random.RandomState(1)", "np.random.RandomState(2)", False),
    (130, "long doubles", 'np.ones(3, "g")', 'np.ones(3, "g")[::-1]', True),
    (130, "functions", "np.mean", "np.sum", False),
    (130, "ufuncs", "np.add", "np.subtract", False),
    (130, "long doubles that differ", "np.ones(3, 'g')", "np.ones(3, 'g') + np.finfo('g').eps", False),
)  # fmt: skip

_MAPPED = _rows(
    ("numpy",), MAPPED,
    (126, "memory map", "mapped", "A.copy()", True),
)  # fmt: skip

FRAMES = _rows(
    ("pandas",), "",
    (131, "copies", "F", "F.copy()", True),
    (131, "block layout", "F", "BLOCKS", True),
    (131, "renamed column", "F", 'F.rename(columns={"a": "z"})', False),
    (131, "dtype", "F", 'F.astype({"a": "int32"})', False),
    (131, "value", "F", 'F.assign(b=["x", None, "y"])', False),
    (131, "null and text", "F", 'F.assign(b=["x", "", "z"])', False),
    (131, "index", "F", "F.set_axis([1, 2, 3])", False),
    (131, "index name", "F", 'F.rename_axis("i")', False),
    (131, "duplicate index", "F.set_axis([1, 1, 2])", "F.assign(a=[1, 9, 3]).set_axis([1, 1, 2])", False),
    (131, "attrs", "F", "NOTED", False),
    (131, "drop_duplicates", "F", "F.drop_duplicates()", True),
    (131, "range and numbers", "F", "F.set_axis(pd.Index([0, 1, 2]))", True),
    (131, "rows", "F", "F.iloc[:2]", False),
    (131, "slice and copy", "F.iloc[1:]", "F.iloc[1:].copy()", True),
    (131, "column order", "F", 'F[["b", "a", "c"]]', False),
    (131, "duplicate columns", 'F[["a", "a"]]', 'F[["a"]]', False),
    (131, "frame and series", 'F[["a"]]', 'F["a"]', False),
    (131, "multi index", 'F.set_index(["a", "b"])', 'F.set_index(["a", "b"]).copy()', True),
    (131, "multi index levels", 'F.set_index(["a", "b"]).iloc[1:]', 'F.iloc[1:].set_index(["a", "b"])', True),
    (131, "empty", "pd.DataFrame()", 'pd.DataFrame({"a": []})', False),
    (132, "series name", 'F["a"]', 'F["a"].rename("z")', False),
    (133, "order of categories", 'cats("a", "b")', 'cats("b", "a")', False),
    (133, "ordered categories", 'cats("a", "b")', 'cats("a", "b", ordered=True)', False),
    (133, "equal categories", 'cats("a", "b")', 'cats("a", "b")', True),
    (134, "aware and naive", "TIMES", "TIMES.tz_localize(None)", False),
    (134, "zones", "TIMES", 'TIMES.tz_convert("Asia/Tokyo")', False),
    (134, "zones of series", "TIMES.to_series()", 'TIMES.tz_convert("Asia/Tokyo").to_series()', False),
    (134, "periods", 'TIMES.tz_localize(None).to_period("D")', 'TIMES.tz_localize(None).to_period("M")', False),
    (134, "intervals", "pd.interval_range(0, 3)", 'pd.interval_range(0, 3, closed="left")', False),
    (134, "masked ints", 'pd.array([1, None], "Int64")', 'pd.array([1, None], "Int64")', True),
    (134, "masked ints that differ", 'pd.array([1, None], "Int64")', 'pd.array([1, 0], "Int64")', False),
    (134, "masked bools", 'pd.array([True, None], "boolean")', 'pd.array([True, False], "boolean")', False),
    (134, "sparse", 'pd.Series([0, 1], dtype="Sparse[int]")', 'pd.Series([0, 2], dtype="Sparse[int]")', False),
    (134, "kinds of UTC", "TIMES.tz_convert(dt.timezone.utc)", "TIMES.tz_convert(zoneinfo.ZoneInfo('UTC'))", False),
    (131, "attributes of a derived frame", "measured(1)", "measured(2)", False),
    (131, "derived frames of another layout", "measured(1)[['a', 'b']]", "measured(1).copy()", True),
    (131, "derived frame and frame", "measured(1)", "pd.DataFrame(measured(1))", False),
    (131, "frame that was used", "F", "used(F.copy())", True),
    (131, "names of columns", "pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([('a', 1), ('a', 2)]))", "pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([('a', 1), ('b', 2)]))", False),
    (131, "duplicate labels allowed", "F.copy().set_flags(allows_duplicate_labels=False)", "F", False),
    (131, "kinds of missing", "pd.Series([None], dtype=object)", "pd.Series([np.nan], dtype=object)", False),
    (131, "NA and NaT", "pd.Series([pd.NA], dtype=object)", "pd.Series([pd.NaT], dtype=object)", False),
    (131, "grouped frames", "F.groupby('a')", "F.groupby('c')", False),
    (134, "frequency", "TIMES", "pd.DatetimeIndex(list(TIMES))", False),
    (134, "storage of text", "pd.Series(['a'], dtype=pd.StringDtype('python'))", "pd.Series(['a'], dtype='str')", False),
    (134, "long column of objects", "long_objects(0)", "long_objects(1)", False),
    (134, "equal long columns of objects", "long_objects(0)", "long_objects(0)", True),
    (134, "timestamps", 'pd.Timestamp("2026")', 'pd.Timestamp("2027")', False),
    (134, "objects", "pd.Series([{1}, [2]])", "pd.Series([{1}, [3]])", False),
    (135, "sliced text", 'pd.Series(["a", "b", None])[1:].reset_index(drop=True)', 'pd.Series(["b", None])', True),
    (135, "joined text", 'pd.concat([pd.Series(["a"]), pd.Series(["b"])], ignore_index=True)', 'pd.Series(["a", "b"])', True),
    (135, "text", 'pd.Series(["apple", "x"])', 'pd.Series(["pearl", "x"])', False),
    (135, "text cut elsewhere", 'pd.Series(["ab", "c"])', 'pd.Series(["a", "bc"])', False),
    (135, "text and objects", 'pd.Series(["a"])', 'pd.Series(["a"], dtype=object)', False),
)  # fmt: skip

_ARROW = _rows(
    ("pyarrow",), ARROW,
    (135, "chunked text", 'pa.chunked_array([["a"], ["b", None, "d"]])', "pa.chunked_array([words])", True),
    (135, "sliced text", "words[1:]", 'pa.array(["b", None, "d"])', True),
    (135, "sliced numbers", "numbers[1:]", "pa.array([2, None, 4])", True),
    (135, "sliced lists", "lists[1:]", "pa.array([[], None, [2, 3]])", True),
    (135, "sliced structs", "structs[1:]", 'pa.array([None, {"a": 3}])', True),
    (135, "sliced bools", "pa.array([True, False, None])[1:]", "pa.array([False, None])", True),
    (135, "under nulls", "over", "numbers", True),
    (135, "null and zero", "numbers", "pa.array([1, 2, 0, 4])", False),
    (135, "null and empty", "words", 'pa.array(["a", "b", "", "d"])', False),
    (135, "lists", "lists", "pa.array([[1], None, [], [2, 3]])", False),
    (135, "list borders", "pa.array([[1, 2], [3]])", "pa.array([[1], [2, 3]])", False),
    (135, "dictionaries", 'pa.array(["a", "b"]).dictionary_encode()', 'pa.array(["b", "a"]).dictionary_encode()', False),
    (135, "decimals", "pa.array([D(1)])", "pa.array([D(2)])", False),
    (135, "tables of chunks", 'pa.table({"a": [1, 2]})', "pa.concat_tables(halves)", True),
    (135, "nested chunks", 'pa.chunked_array([[{"a": ["x"]}], [None]])', 'pa.chunked_array([[{"a": ["x"]}, None]])', True),
    (135, "chunked and plain", "pa.chunked_array([words])", "words", False),
    (135, "batches and tables", "pa.table({'a': [1]})", "pa.record_batch({'a': [1]})", False),
    (135, "views of text", "pa.array(LONGER, pa.string_view())", "pa.array(['x', *LONGER], pa.string_view())[1:]", True),
    (135, "other views of text", "pa.array(LONGER, pa.string_view())", "pa.array(LONGER[::-1], pa.string_view())", False),
    (135, "parameters of extension types", "extended('a')", "extended('b')", False),
    (135, "extension types", "extended('a')", "extended('a')", True),
    (135, "fields of unions", "union(0)", "union(1)", False),
    (135, "run ends", "pa.RunEndEncodedArray.from_arrays([2, 4], ['a', 'b'])[1:3]", "pa.RunEndEncodedArray.from_arrays([1, 2], ['a', 'b'])", True),
    (135, "maps", "pa.array([[('a', 1)], None], pa.map_(pa.string(), pa.int64()))", "pa.array([[('a', 2)], None], pa.map_(pa.string(), pa.int64()))", False),
    (135, "scalars", "pa.scalar(1)", "pa.scalar(1, pa.int32())", False),
    (135, "metadata", "pa.table({'a': [1]}).replace_schema_metadata({'k': 'v'})", "pa.table({'a': [1]})", False),
    (135, "dictionaries in chunks", "pa.chunked_array([pa.array(['a', 'b']).dictionary_encode(), pa.array(['b', 'a']).dictionary_encode()])", "pa.chunked_array([pa.array(['a', 'b', 'b', 'a']).dictionary_encode()])", True),
    (135, "tables", 'pa.table({"a": [1, 2]})', 'pa.table({"a": [1, 3]})', False),
    (135, "table names", 'pa.table({"a": [1, 2]})', 'pa.table({"b": [1, 2]})', False),
    (135, "table types", 'pa.table({"a": pa.array([1], "int32")})', 'pa.table({"a": pa.array([1], "int64")})', False),
)  # fmt: skip

_SPARSE = _rows(
    ("scipy",), SPARSE,
    (130, "sparse entries in another order", "one", "other_order", True),
    (130, "sparse indices in another order", "sparse.csr_array(([1.0, 2], [1, 0], [0, 2]), shape=(1, 2))", "sparse.csr_array(([2, 1.0], [0, 1], [0, 2]), shape=(1, 2))", True),
    (130, "sparse zeros that are stored", "sparse.csr_array(([1.0, 0], [0, 1], [0, 2]), shape=(1, 2))", "sparse.csr_array(([1.0], [0], [0, 1]), shape=(1, 2))", False),
    (130, "sparse entries for one place", "sparse.coo_array(([1, 2], ([0, 0], [0, 0])), shape=(1, 1))", "sparse.coo_array(([3], ([0], [0])), shape=(1, 1))", False),
    (130, "sparse blocks", "sparse.bsr_array(np.eye(2))", "sparse.bsr_array(np.eye(2) * 2)", False),
    (130, "sparse rows of lists", "sparse.lil_array(np.eye(2))", "sparse.lil_array(np.eye(2))", True),
    (130, "sparse and one-dimensional", "sparse.coo_array(np.array([1, 0, 2]))", "sparse.coo_array(np.array([1, 2, 0]))", False),
    (130, "sparse matrices and arrays", "sparse.csr_array(np.eye(2))", "sparse.csr_matrix(np.eye(2))", False),
    (130, "sparse entries", "one", "one * 2", False),
    (130, "sparse formats", "one", "one.tocsr()", False),
)  # fmt: skip

_POLARS = _rows(
    ("polars",), POLARS,
    (136, "copies", "frame", "frame.clone()", True),
    (136, "chunks", "frame", "pl.concat([frame[:1], frame[1:]])", True),
    (136, "renamed column", "frame", 'frame.rename({"a": "z"})', False),
    (136, "dtype", "frame", 'frame.cast({"a": pl.Int32})', False),
    (136, "wide numbers", "pl.Series([1 << 100, None], dtype=pl.Int128)", "pl.Series([1 << 101, None], dtype=pl.Int128)", False),
    (136, "order of an enumeration", 'pl.Series(["a"], dtype=pl.Enum(["a", "b"]))', 'pl.Series(["a"], dtype=pl.Enum(["b", "a"]))', False),
    (136, "scale of decimals", "pl.Series([D('1.5')])", "pl.Series([D('1.5')], dtype=pl.Decimal(10, 2))", False),
    (136, "nested", "pl.Series([{'a': [1]}, None])", "pl.Series([{'a': [2]}, None])", False),
    (136, "nested slices", "pl.Series([{'a': [0]}, {'a': [1]}, None])[1:]", "pl.Series([{'a': [1]}, None])", True),
    (136, "plans", "frame.lazy().select('a')", "frame.lazy().select('b')", False),
    (136, "expressions", "pl.col('a') + 1", "pl.col('a') + 2", False),
    (136, "frame and series", "frame.select('a')", "frame['a']", False),
    (136, "value", 'frame["b"]', 'frame["b"].reverse()', False),
)  # fmt: skip

_TORCH = _rows(
    ("torch",), TORCH,
    (137, "strided", "tensor.T", "tensor.T.contiguous()", True),
    (137, "transposed", "tensor", "tensor.T", False),
    (137, "bfloat16", "tensor.bfloat16()", "tensor.half()", False),
    (137, "parameter and tensor", "torch.nn.Parameter(tensor.clone(), requires_grad=False)", "tensor", False),
    (137, "gradients", "with_gradient(1)", "with_gradient(2)", False),
    (137, "attributes", "with_note(1)", "with_note(2)", False),
    (137, "sparse in another order", "torch.sparse_coo_tensor([[1, 0]], [1.0, 2.0], (2,))", "torch.sparse_coo_tensor([[0, 1]], [2.0, 1.0], (2,))", True),
    (137, "sparse layouts", "tensor.to_sparse_csr()", "tensor.to_sparse_csc()", False),
    (137, "without data", "torch.empty(2, device='meta')", "torch.empty(3, device='meta')", False),
    (137, "nested", "torch.nested.nested_tensor([tensor[0], tensor[1][:2]])", "torch.nested.nested_tensor([tensor[0], tensor[1][:1]])", False),
    (137, "quantized", "torch.quantize_per_tensor(tensor, 0.1, 0, torch.qint8)", "torch.quantize_per_tensor(tensor, 0.2, 0, torch.qint8)", False),
    (137, "layers", "layer(0)", "layer(1)", False),
    (137, "equal layers", "layer(0)", "layer(0)", True),
    (137, "modes of layers", "layer(0)", "layer(0).eval()", False),
    (137, "optimizers", "trained(2)", "trained(3)", False),
    (137, "equal optimizers", "trained(2)", "trained(2)", True),
    (137, "expanded", "torch.ones(1).expand(3)", "torch.ones(3)", True),
    (137, "requires grad", "tensor", "tensor.clone().requires_grad_()", False),
)  # fmt: skip

ARRAY_PAIRS = [*ARRAYS, *_MAPPED, *FRAMES, *_ARROW, *_SPARSE, *_POLARS, *_TORCH]
