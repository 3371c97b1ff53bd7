"""Cases 110 to 147 for plain Python: equal values are equal everywhere, others are not."""

import collections
import copy
import gc
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from live import loaded
from value_cases import PAIRS, Pair, values_of

from checkpoint_nb.errors import FingerprintError
from checkpoint_nb.fingerprint import describe, digest, pieces, tokens


@pytest.mark.parametrize("row", PAIRS, ids=lambda row: row.id)
def test_two_values_are_the_same_or_not(row: Pair):
    """Each pair of the specification has the expected answer, alone and inside others."""
    one, two = values_of(row)
    assert (digest(one) == digest(two)) == row.equal
    assert (digest([one]) == digest([two])) == row.equal
    assert (digest({"k": (0, one)}) == digest({"k": (0, two)})) == row.equal


@pytest.mark.parametrize("row", PAIRS, ids=lambda row: row.id)
def test_a_value_made_again_is_the_same(row: Pair):
    """What a cell makes when it is run again unchanged is equal, its classes included."""
    assert [digest(one) for one in values_of(row)] == [digest(one) for one in values_of(row)]


def test_digests_are_hex_of_32_bytes():
    """A digest is 64 hexadecimal digits."""
    assert len(bytes.fromhex(digest([1, []]))) == 32


def test_the_hash_seed_does_not_matter():
    """Case 116: another process with another hash seed gives the same digests."""
    program = """
from checkpoint_nb.fingerprint import digest, fingerprint
class A:
    def __init__(self): self.s = {"x", "y", ("z", 1.5, None)}
    def m(self, v): return v in {"one", "two", "three"}
def f(v): return A().m(v) or v in {"p", "q", frozenset({"r", "s"})}
import collections
print(digest([{"a", "b", frozenset("cd"), ("e", ("f", ("g", [].__len__())))}, A()]), fingerprint(f).digest)
"""
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("0", "1", "77")
    }  # fmt: skip
    assert len(found) == 1


Row = collections.namedtuple("Row", "a b")
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=8)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | st.frozensets(st.integers() | st.text(max_size=3), max_size=3)
        | st.builds(Row, inner, inner)
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(values)
def test_copies_are_equal(value):
    """A deep copy has the digest of the original."""
    assert digest(copy.deepcopy(value)) == digest(value)


@settings(max_examples=150, deadline=None)
@given(st.lists(values, min_size=1, max_size=4), st.data())
def test_one_changed_item_is_seen(value, data):
    """Another item anywhere gives another digest."""
    at = data.draw(st.integers(0, len(value) - 1))
    changed = copy.deepcopy(value)
    changed[at] = [changed[at]]
    assert digest(changed) != digest(value)


CLASSES = """
def h(x): return x + 1
def f(x): return h(x)
class A:
    def m(self): return h(2)
one = A()
"""


@pytest.mark.parametrize("name", ["f", "A", "one"])
@pytest.mark.parametrize("edit", [("x + 1", "x + 2"), ("h(2)", "h(3)")])
def test_code_inside_values_counts(name, edit):
    """Cases 142 to 144: functions, classes and instances count with all their code."""
    with loaded(CLASSES) as names:
        before = digest(names[name])
    with loaded(CLASSES.replace(*edit)) as names:
        after = digest(names[name])
    assert (before == after) == (name == "f" and edit[0] == "h(2)")


def test_a_value_that_travelled_with_its_class_is_the_same():
    """A worker that got classes by value gives the digests of this process."""
    cloudpickle = pytest.importorskip("cloudpickle")
    program = """
import pickle, sys
from checkpoint_nb.fingerprint import digest
for value in pickle.loads(sys.stdin.buffer.read()): print(digest(value))
"""
    text = """
import dataclasses, enum, typing
K = 3
def helper(x): return x + K
class Slim:
    __slots__ = ("a", "__dict__")
    def __init__(self): self.a = helper(1)
@dataclasses.dataclass(slots=True, frozen=True)
class Point:
    x: int = 1
    y: list = dataclasses.field(default_factory=list)
class Colour(enum.Enum):
    RED = 1
    def shade(self): return helper(2)
class Row(typing.NamedTuple):
    a: int = 1
values = [helper, Slim, Slim(), Point, Point(), Colour, Colour.RED, Row, Row(), {"a": {Row(2)}}]
"""
    with loaded(text.replace("K = 3", "__name__ = '__main__'; K = 3")) as names:
        values = names["values"]
        there = subprocess.run(
            [sys.executable, "-c", program],
            input=cloudpickle.dumps(values),
            capture_output=True,
            check=True,
        )
        assert there.stdout.decode().split() == [digest(value) for value in values]


def test_generators_are_refused_unread():
    """Case 145: what is used up by reading is refused and still whole."""
    made = (i for i in range(3))
    with pytest.raises(FingerprintError) as caught:
        digest({"a": [0, made]})
    assert list(made) == [0, 1, 2]
    assert caught.value.facts["path"] == "dict['a'][1]"
    assert caught.value.facts["type"] == "builtins.generator"


ITERATORS = [
    "iter({1: 2})", "reversed({1: 2})", "iter([1, 2])", "iter((1, 2))", "iter('ab')", "iter({1})",
    "iter(range(2))", "iter(range(1 << 70, 2 + (1 << 70)))", "iter(memoryview(b'ab'))",
    "iter(collections.deque('ab'))", "iter(collections.OrderedDict(a=1).items())",
    "iter(array.array('d', [1]))", "enumerate('ab')", "map(str, [1])", "filter(None, [1])",
    "zip('ab')", "reversed([1])", "(one for one in [1])", "iter([1, 2].pop, 1)",
    "itertools.accumulate([1, 2])", "itertools.batched('abc', 2)", "itertools.chain('ab')",
    "itertools.chain.from_iterable(['ab'])", "itertools.combinations('ab', 2)",
    "itertools.combinations_with_replacement('ab', 2)", "itertools.compress('ab', [1, 0])",
    "itertools.dropwhile(bool, [1, 0])", "itertools.filterfalse(bool, [1, 0])",
    "itertools.groupby('aab', str.upper)", "itertools.islice('abc', 2)", "itertools.pairwise('abc')",
    "itertools.permutations('ab')", "itertools.product('ab', 'c')", "itertools.repeat(1, 2)",
    "itertools.starmap(pow, [(1, 2)])", "itertools.takewhile(bool, [1, 0])",
    "itertools.tee('ab')[0]", "itertools.zip_longest('ab', 'c')", "csv.reader(['a,b'])",
    "csv.DictReader(io.StringIO('a\\n1'))", "re.finditer('a', 'aa')", "os.scandir(EMPTY)",
    "sqlite3.connect(':memory:').execute('select 1')", "struct.iter_unpack('b', b'ab')",
    "fileinput.input(EMPTY + '/no')", "glob.iglob(EMPTY)", "open(__file__)", "open(__file__, 'rb')",
    "np.nditer(np.arange(2))", "np.arange(2).flat", "np.ndenumerate(np.arange(2))",
    "iter(np.arange(2))", "np.ndindex(2)", "iter(pd.DataFrame({'a': [1]}).groupby('a'))",
    "pd.DataFrame({'a': [1]}).iterrows()", "pd.read_csv(io.StringIO('a\\n1'), chunksize=1)",
]  # fmt: skip


@pytest.mark.parametrize("made", ITERATORS)
def test_no_iterator_is_a_value_and_none_is_read(made, tmp_path):
    """Case 145: iterators of every kind are refused by type, and give all they had afterwards."""
    names = {name: __import__(name) for name in (
        "array", "collections", "csv", "fileinput", "glob", "io", "itertools", "os", "re", "sqlite3",
        "struct",
    )}  # fmt: skip
    names |= {"EMPTY": str(tmp_path), "__file__": __file__}
    if made.startswith("itertools.batched") and sys.version_info < (3, 12):
        pytest.skip("newer than this Python")
    for library, short in (("numpy", "np"), ("pandas", "pd")):
        if f"{short}." in made:
            names[short] = pytest.importorskip(library)
    one, fresh = eval(made, names), eval(made, names)
    with pytest.raises(FingerprintError) as caught:
        digest({"a": [one]})
    assert caught.value.hint
    assert caught.value.facts["path"].startswith("dict['a'][0]")
    if "/no" not in made:
        assert str(list(map(_shown, one))) == str(list(map(_shown, fresh)))


def _shown(item):
    return type(item).__name__ if "object at" in repr(item) else item


@pytest.mark.parametrize("name", ["Match", "Connection", "mmap", "DirEntry", "weakproxy"])
def test_a_handle_is_refused_with_a_hint(name, tmp_path):
    """What leads elsewhere is no value; the hint says what to pass."""
    import mmap
    import os
    import re
    import sqlite3
    import weakref

    (tmp_path / "a").touch()
    made = {
        "Match": re.match("a", "a"),
        "Connection": sqlite3.connect(":memory:"),
        "mmap": mmap.mmap(-1, 8),
        "DirEntry": next(os.scandir(tmp_path)),
        "weakproxy": weakref.proxy(coroutine),
    }[name]
    with pytest.raises(FingerprintError, match="Pass"):
        digest([made])


async def coroutine():
    """Do nothing."""


def refused_values():
    yield iter([1])
    yield map(abs, [1])
    yield zip([1], strict=True)
    yield reversed([1])
    yield open("/dev/null")
    yield open("/dev/null", "rb", buffering=0)
    yield threading.Lock()
    yield threading.RLock()
    yield threading.Thread()
    yield threading.local()
    yield sys.stdout
    import socket

    yield socket.socket()


@pytest.mark.parametrize("value", list(refused_values()), ids=lambda value: type(value).__name__)
def test_what_has_no_lasting_content_is_refused(value):
    """Case 109: open files, sockets, locks, threads and iterators are no values."""
    with pytest.raises(FingerprintError):
        digest([value])


def test_a_coroutine_is_refused():
    """Case 109: a coroutine is no value."""
    made = coroutine()
    with pytest.raises(FingerprintError):
        digest(made)
    made.close()


def test_a_broken_reduce_is_an_error_with_its_path():
    """An object that cannot be pickled is named; no constant stands for it."""

    class Bad:
        def __reduce_ex__(self, protocol):
            raise RuntimeError("no")

    with pytest.raises(FingerprintError, match="no") as caught:
        digest([1, Bad()])
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_shared_parts_do_not_multiply():
    """A structure with 2**60 paths is walked once."""
    made = [0]
    for _ in range(60):
        made = [made, made]
    assert len(digest(made)) == 64


def test_many_ways_into_a_cycle_do_not_multiply():
    """A list of all members of a ring is linear."""
    ring = [[] for _ in range(5000)]
    for at, one in enumerate(ring):
        one += [at, ring[at - 1]]
    assert digest(list(ring)) == digest(copy.copy(ring))


class Hostile:
    """Raises from everything a careless description would call."""

    def __repr__(self):
        raise RuntimeError

    __str__ = __len__ = __repr__

    def __getattr__(self, name):
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (10, "10"),
        (None, "None"),
        (1.5, "1.5"),
        ("abc", "'abc'"),
        ("a" * 100, "'" + "a" * 40 + "…'"),
        ([1] * 5, "list of 5"),
        ((6, 3), "(6, 3)"),
        ((6,), "(6,)"),
        ({}, "dict of 0"),
        (b"abc", "bytes of 3"),
        (Hostile(), "Hostile"),
        (Hostile, "class Hostile"),
        (json, "module json"),
        (10**5000, "int"),
    ],
    ids=range(14),
)
def test_descriptions_are_short_and_safe(value, words):
    """A description says what a value is and runs nothing of the user's."""
    assert describe(value) == words


def test_a_type_that_took_the_place_of_a_dead_one_is_not_taken_for_it():
    """How a type is taken apart is forgotten with the type."""
    known = len(pieces._found)
    seen = {}
    for turn in range(60):
        base = (dict, list, int)[turn % 3]
        made = type("Made", (base,), {"__module__": "__main__"})
        found = digest(made())
        assert seen.setdefault(base, found) == found
        del made
        gc.collect()
    assert len(set(seen.values())) == 3
    assert len(pieces._found) < known + 20


@pytest.mark.parametrize("edge", [0, 127, 128, 255, 256, -1, -128, 2**64])
def test_whole_numbers_are_written_alike_whatever_their_size(edge: int):
    """The bytes of small numbers are made ahead; they are those of any number."""
    count = edge.bit_length() // 8 + 1
    written = edge.to_bytes(count, "little", signed=True)
    assert tokens.leaf(edge) == b"i" + count.to_bytes(8, "little") + written
