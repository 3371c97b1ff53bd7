"""Equal values are equal in every process and under every hash seed; any single change is seen."""

import math
import os
import pickle
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapes import Frozen, Point, Row

from checkpoint_nb.fingerprint import digest

CHILD = """
import pickle, struct, sys
from checkpoint_nb.fingerprint import digest
while head := sys.stdin.buffer.read(8):
    value = pickle.loads(sys.stdin.buffer.read(*struct.unpack("<q", head)))
    print(digest(value), flush=True)
"""


class Elsewhere:
    """A process that digests what it is sent, under a hash seed of its own."""

    def __init__(self, seed):
        here = Path(__file__).parent
        paths = os.pathsep.join([str(here), str(here.parents[1])])
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": paths},
        )

    def digest(self, value):
        data = pickle.dumps(value)
        self.process.stdin.write(struct.pack("<q", len(data)) + data)
        self.process.stdin.flush()
        return self.process.stdout.readline().decode().strip()

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


@pytest.fixture(scope="module")
def others():
    started = [Elsewhere("1"), Elsewhere("4242")]
    yield started
    for one in started:
        one.close()


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=5)
    | st.dates()
    | st.decimals(allow_nan=False)
)
hashable = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.binary(max_size=4),
    lambda inner: (
        st.frozensets(inner, max_size=4) | st.tuples(inner, inner) | st.builds(Frozen, inner)
    ),
    max_leaves=6,
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=4)
        | st.sets(hashable, max_size=5)
        | st.builds(Point, inner, st.lists(inner, max_size=2))
        | st.builds(Row, inner, inner)
        | st.lists(st.text(max_size=3) | st.none() | st.integers(), min_size=64, max_size=70)
    ),
    max_leaves=10,
)
unhurried = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@unhurried
@given(value=values)
def test_other_processes_agree(others, value):
    """A value that travelled has the digest it had, under two other hash seeds."""
    assert [one.digest(value) for one in others] == [digest(value)] * 2


@settings(unhurried, max_examples=60)
@given(data=st.data())
def test_other_processes_agree_on_arrays_and_frames(others, data):
    """Arrays of many types and shapes, and frames of many columns, travel unchanged."""
    np, pd = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    shape = data.draw(st.sampled_from([(), (0,), (3,), (2, 3), (3, 0), (2, 1, 2)]))
    kinds = ["?", "i1", "u8", "f2", "f4", ">f8", "c16", "S3", "U2", "M8[s]", "m8[ns]", "i4,f8", "O"]
    array = np.zeros(shape, data.draw(st.sampled_from(kinds)))
    if data.draw(st.booleans()):
        array = np.asfortranarray(array)
    texts = st.lists(st.text(max_size=3) | st.none(), min_size=3, max_size=3)
    columns = {
        "text": pd.Series(data.draw(texts), dtype="str"),
        "any": pd.Series(data.draw(texts), dtype=object),
        "kind": pd.Series(data.draw(texts), dtype=object).astype("category"),
        "number": data.draw(st.lists(st.floats(), min_size=3, max_size=3)),
        "maybe": pd.array(
            data.draw(st.lists(st.integers(0, 9) | st.none(), min_size=3, max_size=3)), "Int64"
        ),
    }
    frame = pd.DataFrame(
        {name: columns[name] for name in data.draw(st.permutations(list(columns)))}
    )
    value = [array, frame, frame.iloc[::-1]]
    assert [one.digest(value) for one in others] == [digest(value)] * 2


def neighbour(value):
    """Return a scalar that is as near to the given one as can be, and another."""
    if value is None or isinstance(value, bool):
        return 0 if value is None else not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return math.nextafter(value, math.inf) if math.isfinite(value) else 0.0
    if isinstance(value, str):
        return value + "\0"
    if isinstance(value, bytes):
        return value + b"\0"
    return (value,)


def changed(value, draw):
    """Return a copy of a value with one thing changed, somewhere in it."""
    if isinstance(value, Point):
        if draw(st.booleans()):
            return Point(changed(value.x, draw), value.tags)
        return Point(value.x, changed(value.tags, draw))
    if isinstance(value, Row):
        return Row(changed(value.a, draw), value.b)
    if isinstance(value, set):
        return value - {next(iter(value))} if value else {0}
    if isinstance(value, dict) and value:
        at = draw(st.sampled_from(list(value)))
        return {key: changed(one, draw) if key == at else one for key, one in value.items()}
    if isinstance(value, list | tuple) and value:
        at = draw(st.integers(0, len(value) - 1))
        if draw(st.booleans()):
            return [*value[:at], changed(value[at], draw), *value[at + 1 :]]
        return type(value)([*value[:at], changed(value[at], draw), *value[at + 1 :]])
    if isinstance(value, list | dict | tuple):
        return [value]
    return neighbour(value)


@unhurried
@given(values, st.data())
def test_a_single_change_anywhere_is_seen(value, data):
    """One scalar, one item, one attribute that is another gives another digest."""
    other = changed(value, data.draw)
    if type(other) is type(value) and repr(other) == repr(value):
        return  # a list became the list it was
    assert digest(other) != digest(value)


@unhurried
@given(st.lists(hashable, unique=True, max_size=100), st.randoms(use_true_random=False))
def test_the_order_of_insertion_into_a_set_does_not_count(items, chance):
    """A set filled in another order is the same set."""
    one = set(items)
    chance.shuffle(items)
    other = set()
    for item in [*items, *range(1000, 1100)]:
        other.add(item)  # grown and shrunk again, its table has another size
    other -= set(range(1000, 1100)) - one
    assert digest(one) == digest(other)
    assert digest(frozenset(one)) == digest(frozenset(other))
