"""Values become bytes and come back the same, their buffers uncopied."""

import collections
import datetime
import enum
import io
import pickle
import sys
import types

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkpoint_nb.stores import classes
from checkpoint_nb.stores.payload import ALIGN, decode, encode

Pair = collections.namedtuple("Pair", "a b")

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


@settings(max_examples=60, deadline=None, database=None)
@given(value=PLAIN, level=st.integers(-1, 9))
def test_plain_values_round_trip_at_any_level(value, level):
    """What goes in comes out."""
    assert decode(encode(value, level).join()) == value


@pytest.mark.parametrize(
    "array",
    [
        np.arange(10_000.0),
        np.asfortranarray(np.arange(10_000.0).reshape(100, 100)),
        np.arange(10_000)[::3],
        np.array(["a", None, 3], dtype=object),
        np.zeros((0, 5)),
        np.array(7, dtype="int8"),
        np.rec.fromarrays([np.arange(2000), np.ones(2000)], names="a,b"),
        np.arange(5000).astype("datetime64[s]"),
    ],
    ids=["plain", "fortran", "strided", "object", "empty", "scalar", "records", "times"],
)
@pytest.mark.parametrize("level", [0, 1])
def test_arrays_round_trip(array, level):
    """Values, type, shape and the right to write are kept."""
    back = decode(bytearray(encode(array, level).join()))
    assert back.dtype == array.dtype
    assert back.flags.f_contiguous == array.flags.f_contiguous or back.size < 2 or array.ndim > 0
    np.testing.assert_array_equal(back, array)
    assert back.flags.writeable


def test_frames_round_trip():
    """A data frame with text, times and numbers comes back equal and can be changed."""
    frame = pd.DataFrame(
        {
            "n": np.arange(3000),
            "text": [str(i) for i in range(3000)],
            "when": pd.date_range("2020", periods=3000, freq="h"),
            "kind": pd.Categorical(["a", "b", "c"] * 1000),
        }
    )
    back = decode(bytearray(encode(frame).join()))
    pd.testing.assert_frame_equal(back, frame)
    back.loc[0, "n"] = 9


def test_large_buffers_are_neither_copied_nor_misaligned():
    """Encoding holds views of the array; decoding slices the frame at multiples of 64."""
    arrays = [np.arange(10_000.0), np.arange(777, dtype="int32")]
    payload = encode(arrays)
    views = [chunk for chunk in payload.chunks if isinstance(chunk, memoryview)]
    assert [np.shares_memory(np.frombuffer(v, "u1"), a) for v, a in zip(views, arrays)] == [
        True
    ] * 2
    frame = np.zeros(payload.size + ALIGN, "u1")
    start = -frame.ctypes.data % ALIGN
    frame = frame[start : start + payload.size]
    frame[:] = np.frombuffer(payload.join(), "u1")
    for back in decode(memoryview(frame)):
        assert np.shares_memory(back, frame)
        assert back.ctypes.data % ALIGN == 0


def test_a_read_only_array_stays_read_only():
    """What could not be written to cannot be afterwards."""
    array = np.arange(5000.0)
    array.flags.writeable = False
    assert not decode(bytearray(encode(array).join())).flags.writeable


def test_compression_makes_it_smaller():
    """Zeros shrink."""
    zeros = np.zeros(100_000)
    assert encode(zeros, -1).size < encode(zeros).size / 100


def test_garbage_is_a_value_error():
    """Wrong magic, version, lengths and streams are refused before unpickling."""
    good = encode({"a": np.arange(1000)}).join()
    packed = encode({"a": np.arange(1000)}, 5).join()
    for bad in (b"", b"CKPL", b"X" + good[1:], good[:4] + b"\7" + good[5:], good[:-1], good + b"x"):
        with pytest.raises(ValueError, match="payload"):
            decode(bad)
    with pytest.raises(ValueError, match="payload"):
        decode(packed[:28] + b"?" * (len(packed) - 28))
    with pytest.raises(ValueError, match="payload"):
        decode(packed[:20] + (10**6).to_bytes(8, "little") + packed[28:])


SCRIPT_OF_CLASSES = """
import dataclasses, enum, collections
class Base:
    def hello(self): return Friend.__name__
@dataclasses.dataclass
class Point(Base):
    x: int
    class Inner: pass
class Friend:
    def make(self): return Point(1)
class Colour(enum.Enum):
    RED = 1
    BLUE = 2
Pair = collections.namedtuple("Pair", "a b")
"""


@pytest.fixture
def notebook(monkeypatch):
    """A stand-in for a notebook: a module that is no file, in the place of ``__main__``."""

    def define():
        module = types.ModuleType("__main__")
        monkeypatch.setitem(sys.modules, "__main__", module)
        exec(SCRIPT_OF_CLASSES, module.__dict__)
        return module

    return define


def test_an_instance_is_of_the_class_that_the_notebook_defines(notebook):
    """Also after the class was defined again: it is found by name."""
    first = notebook()
    frames = [
        encode(value).join()
        for value in (first.Point(3), first.Colour.RED, first.Pair(1, 2), first.Point.Inner())
    ]
    second = notebook()
    point, red, pair, inner = map(decode, frames)
    assert type(point) is second.Point
    assert point.x == 3
    assert red is second.Colour.RED
    assert type(pair) is second.Pair
    assert type(inner) is second.Point.Inner


def test_an_instance_loads_where_the_class_is_unknown(notebook, python):
    """Another process rebuilds it by value, with bases, cycles between classes, and enums."""
    module = notebook()
    value = [module.Point(3), module.Friend(), module.Colour.BLUE, module.Pair(1, 2), module.Point]
    process = python(
        "import sys\n"
        "from checkpoint_nb.stores.payload import decode\n"
        "point, friend, blue, pair, cls = decode(bytes.fromhex(sys.stdin.read()))\n"
        "assert type(point) is cls and point.x == 3 and point.hello() == 'Friend'\n"
        "assert type(friend.make()).__name__ == 'Point'\n"
        "assert blue is type(blue).BLUE and blue.value == 2 and pair.b == 2\n"
        "print('fine')\n".replace("sys.stdin.read()", repr(encode(value).join().hex()))
    )
    out, err = process.communicate(timeout=60)
    assert out.strip() == "fine", err


def test_two_rebuilt_instances_share_their_class(notebook, monkeypatch):
    """Where the notebook's class is gone, two results still agree on one class."""
    module = notebook()
    one, two = encode(module.Point(1)).join(), encode(module.Point(2)).join()
    monkeypatch.setitem(sys.modules, "__main__", types.ModuleType("__main__"))
    assert type(decode(one)) is type(decode(two))


def test_a_class_of_a_users_module_loads_without_the_module(tmp_path, monkeypatch, python):
    """By name where the module can be imported, by value where it is not there."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "users_module.py").write_text(SCRIPT_OF_CLASSES)
    monkeypatch.syspath_prepend(str(tmp_path / "mine"))
    import users_module

    file = tmp_path / "payload"
    file.write_bytes(frame := encode([users_module.Point(5), users_module.Colour.RED]).join())
    point, red = decode(frame)
    assert type(point) is users_module.Point
    assert red is users_module.Colour.RED
    for place, answer in ((str(tmp_path / "mine"), "True"), (str(tmp_path), "False")):
        process = python(
            "import sys\n"
            f"sys.path.insert(0, {place!r})\n"
            "from checkpoint_nb.stores.payload import decode\n"
            f"point, red = decode(open({str(file)!r}, 'rb').read())\n"
            "assert point.x == 5 and red.value == 1\n"
            "print('users_module' in sys.modules)\n"
        )
        out, err = process.communicate(timeout=60)
        assert out.strip() == answer, err


def test_a_class_that_cannot_travel_by_value_travels_by_name(notebook):
    """A lock in a class body keeps it from being written; the name still works."""
    module = notebook()
    exec("import threading\nclass Locked:\n    lock = threading.Lock()", module.__dict__)
    back = decode(encode(module.Locked()).join())
    assert type(back) is module.Locked


def test_installed_and_local_classes_are_left_to_cloudpickle():
    """The standard library and packages go by name alone, local classes by value."""

    class Local:
        pass

    for cls in (datetime.date, np.ndarray, pd.DataFrame, enum.Enum, Local, int):
        assert not classes._is_of_user(cls)
    assert classes._is_of_user(Pair)
    sink = io.BytesIO()
    classes.ResultPickler(sink, protocol=5).dump(datetime.date(2020, 1, 1))
    assert len(sink.getvalue()) < 100
    assert type(pickle.loads(encode(Local()).join()[28:])).__name__ == "Local"
