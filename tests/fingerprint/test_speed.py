"""Large values are read at the speed of memory, and without copies of them."""

import pickle
import subprocess
import sys
import time

import pytest
from blake3 import blake3

from checkpoint_nb.fingerprint import digest

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")


def ratio(work, measure, times=5):
    """Return how much longer ``work`` takes than ``measure``: the best of several, in turns."""
    best = [float("inf"), float("inf")]
    for _ in range(times):
        for at, one in enumerate((work, measure)):
            start = time.perf_counter()
            one()
            best[at] = min(best[at], time.perf_counter() - start)
    return best[0] / best[1]


def hashed(array):
    raw = np.ascontiguousarray(array).reshape(-1).view("u1")
    return blake3(raw, max_threads=blake3.AUTO).digest()


SQUARE = np.ones((4000, 6500))
"""208 MB."""


@pytest.mark.parametrize(
    ("array", "limit"),
    [(SQUARE, 1.3), (SQUARE.T, 1.5), (SQUARE[:, ::2], 1.5), (SQUARE.reshape(1, -1)[:, ::2], 1.5)],
    ids=["C", "F", "strided", "one row"],
)
def test_large_arrays_take_what_their_bytes_take(array, limit):
    """An array takes little more than blake3 itself takes for the same bytes in one block."""
    assert ratio(lambda: digest(array), lambda: hashed(array)) <= limit


PEAK = """
import sys
import numpy as np
from checkpoint_nb.fingerprint import digest
def peak():
    try:
        lines = open("/proc/self/status").read().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024
    except OSError:
        import resource
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
digest(np.ones((2000, 2000)).T)
array = eval(sys.argv[1])
before = peak()
digest(array)
print((peak() - before) / array.nbytes)
"""


@pytest.mark.parametrize(
    "array",
    [
        "np.ones(40_000_000)",
        "np.ones((8000, 5000)).T",
        "np.ones((1, 80_000_000))[:, ::2]",
        "np.ma.array(np.ones(40_000_000), mask=False)",
        "np.ones(40_000_000).view(np.recarray)",
    ],
)
def test_digests_need_no_copy(array):
    """In a fresh process the peak of memory grows by less than a tenth of the array."""
    there = subprocess.run(
        [sys.executable, "-c", PEAK, array], capture_output=True, text=True, check=True
    )
    assert float(there.stdout) < 0.1


@pytest.fixture(scope="module")
def frame():
    """One million rows of ten columns: numbers, times and text of pandas' own type."""
    count = 1_000_000
    numbers = np.arange(count)
    words = [f"word {at % 5000}" for at in range(count)]
    plain = {
        "i": numbers, "j": numbers % 7, "b": numbers % 2 == 0, "f": numbers / 3, "g": numbers / 7,
        "t": pd.date_range("2020", periods=count, freq="s"),
    }  # fmt: skip
    return pd.DataFrame({**plain, **{f"text {at}": words for at in range(4)}})


@pytest.mark.parametrize("kind", ["str", "object"])
def test_frames_take_less_than_three_conversions(frame, kind):
    """Text as objects takes at most three times its conversion to Arrow; Arrow's own as its bytes."""
    pa = pytest.importorskip("pyarrow")
    texts = [name for name in frame if name.startswith("text")]
    made = frame.astype(dict.fromkeys(texts, kind))

    def convert():
        table = pa.Table.from_pandas(made)
        if kind == "str":  # nothing is converted: what remains is to read the bytes
            for column in table.columns:
                for buffer in (one for chunk in column.chunks for one in chunk.buffers() if one):
                    blake3(buffer, max_threads=blake3.AUTO).digest()

    assert ratio(lambda: digest(made), convert, 4) <= 3


MANY = 300_000
LARGE = {
    # what it is: (how it is made, how many times a pickle of it takes)
    "floats": (lambda: [at / 7 for at in range(MANY)], 10),
    "ints": (lambda: list(range(MANY)), 15),
    "texts": (lambda: [f"text {at}" for at in range(MANY)], 4),
    "texts and nothing": (lambda: [f"{at}" if at % 3 else None for at in range(MANY)], 15),
    "a set of texts": (lambda: {f"text {at}" for at in range(MANY // 3)}, 15),
    "arrays": (lambda: {at: np.arange(10.0) for at in range(5_000)}, 20),
    "records": (lambda: [{"id": at, "at": {"x": [at, 1.5]}} for at in range(20_000)], 60),
}


@pytest.mark.parametrize("name", LARGE)
def test_many_small_things_take_a_few_pickles(name):
    """Long lists, sets and dictionaries take a small multiple of their pickle."""
    make, limit = LARGE[name]
    value = make()
    assert ratio(lambda: digest(value), lambda: pickle.dumps(value, 5), 3) <= limit
