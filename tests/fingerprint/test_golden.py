"""Digests of fixed values are what they were: on every Python, machine and library version."""

import array
import collections
import datetime as dt
import decimal
import fractions
import json
import pathlib
import uuid
import zoneinfo
from pathlib import Path

import pytest

from checkpoint_nb.fingerprint import digest

GOLDEN = json.loads(Path(__file__).with_name("golden.json").read_text())


NOON = dt.datetime(2026, 1, 2, 12, 30, 15, 99, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))

PLAIN = {
    "none": None,
    "true": True,
    "int": 12345678901234567890123,
    "negative": -1,
    "float": 0.1,
    "nan": float("nan"),
    "text": "ä\ud800",
    "nested": [1, (2.5, "x"), {"k": {b"v", None}, 2: [..., -0.0]}],
    "long tuple": tuple(range(40)),
    "frozen": frozenset({frozenset({1, 2}), frozenset({"a"})}),
    "range": range(1, 10, 2),
    "slice": slice(1, None, 2),
    "complex": 1 + 2j,
    "long bytes": bytes(range(256)) * 400,
    "bytearray": bytearray(b"ab"),
    "memoryview": memoryview(b"abcd")[::2],
    "array": array.array("d", [1.5, -2.0]),
    "long list": ["a", "bc", None, 1, 2.5, True, b"x", 1 << 70, float("nan")] * 20,
    "long texts": ["ä", "\0", "\ud800"] * 30,
    "long ints": list(range(-50, 50)),
    "long floats": [at / 8 for at in range(100)],
    "long set": set(map(str, range(100))),
    "long dict": {str(at): at for at in range(100)},
    "records": [{"id": at, "tags": ["a"], "at": {"x": (at, 1.5)}} for at in range(3)],
    "deep": [[[[[[1]]]]]],
    "date": dt.date(2026, 1, 2),
    "datetime": NOON,
    "naive": NOON.replace(tzinfo=None),
    "time": dt.time(1, 2, 3, 4, fold=1),
    "duration": dt.timedelta(days=-1, seconds=2, microseconds=3),
    "fixed zone": dt.timezone(dt.timedelta(hours=5, minutes=30)),
    "decimal": decimal.Decimal("1.50"),
    "fraction": fractions.Fraction(-1, 3),
    "uuid": uuid.UUID(int=5),
    "path": pathlib.PurePosixPath("a/b"),
    "deque": collections.deque([1, 2], 3),
    "counter": collections.Counter("aab"),
    "ordered": collections.OrderedDict(a=1, b=[2]),
    "exception": ValueError("no", 1),
}

ARRAYS = {
    "bool array": "np.array([True, False])",
    "int array": "np.arange(6, dtype='i4').reshape(2, 3)",
    "big-endian array": "np.arange(6, dtype='>i4').reshape(2, 3)",
    "transposed array": "np.arange(6.0).reshape(2, 3).T",
    "half array": "np.array([0.5, -0.0], 'f2')",
    "complex array": "np.array([1 + 2j])",
    "text array": "np.array(['a', 'ä'])",
    "bytes array": "np.array([b'a', b'bc'])",
    "time array": "np.array(['2026-01-02', 'NaT'], 'M8[s]')",
    "duration array": "np.array([1, 2], 'm8[ms]')",
    "structured array": "np.array([(1, 2.5)], [('a', 'i1'), ('b', 'f8')])",
    "padded array": "np.zeros(2, np.dtype([('a', 'i1'), ('b', 'i8')], align=True))",
    "object array": "np.array([['a', None], [1, 2.5]], dtype=object)",
    "empty array": "np.zeros((0, 3))",
    "no dimension": "np.array(1.5)",
    "numpy scalar": "np.float64(1.5)",
    "numpy dtype": "np.dtype('>f8')",
    "frame": "pd.DataFrame({'a': [1, 2], 'b': [0.5, 1.5]}, index=pd.Index(['x', 'y'], dtype=object))",
    "column of objects": "pd.Series(['a', None], dtype=object, name='n')",
    "column of categories": "pd.Series(pd.Categorical.from_codes([0, -1], [1, 2]))",
    "column with gaps": "pd.Series([1, None], dtype='Int64')",
    "column of times": "pd.Series(np.array(['2026-01-02'], 'M8[ns]'))",
    "column of zoned times": "pd.Series(pd.DatetimeIndex(['2026-01-02'], dtype='M8[ns, UTC]'))",
    "column of texts": "pd.Series(['a', None], dtype=pd.StringDtype('pyarrow'))",
    "arrow column": "pa.array(['a', None])",
    "arrow lists": "pa.array([[1], None, []])",
    "arrow structs": "pa.array([{'a': 1, 'b': 'x'}, None])",
}


@pytest.mark.parametrize("name", PLAIN)
def test_digests_of_plain_values_are_what_they_were(name):
    """A changed digest makes every stored result unknown: raise FORMAT then."""
    assert digest(PLAIN[name]) == GOLDEN[name]


@pytest.mark.parametrize("name", ARRAYS)
def test_digests_of_arrays_and_frames_are_what_they_were(name):
    """They hold nothing of the version of the library that made them."""
    names = {"np": pytest.importorskip("numpy")}
    for library, short in (("pandas", "pd"), ("pyarrow", "pa")):
        if f"{short}." in ARRAYS[name]:
            names[short] = pytest.importorskip(library)
    assert digest(eval(ARRAYS[name], names)) == GOLDEN[name]


def test_every_digest_is_another():
    """No two of these values are the same but those that only differ in byte order."""
    assert len(set(GOLDEN.values())) == len(GOLDEN) - 1
    assert GOLDEN["int array"] == GOLDEN["big-endian array"]
