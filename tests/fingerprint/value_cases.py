"""Pairs of values of plain Python: number in the specification, title, two expressions, equal?

The expressions are text, so that the same row can be evaluated in this process, in a cell of a
notebook and in another process, each time after PREAMBLE was run.
"""

from typing import NamedTuple


class Pair(NamedTuple):
    """Two values, and whether they are the same for a task.

    ``needs`` names the libraries without which the row is left out; ``setup`` is run before the
    two expressions, in the namespace of the preamble.
    """

    number: int
    title: str
    one: str
    two: str
    equal: bool
    needs: tuple[str, ...] = ()
    setup: str = ""

    @property
    def id(self) -> str:
        return f"{self.number}-{self.title.replace(' ', '-')}"


PREAMBLE = '''
import array
import collections
import copy
import datetime as dt
import decimal
import enum
import fractions
import functools
import ipaddress
import operator
import pathlib
import random
import re
import types
import uuid
import zoneinfo
from dataclasses import dataclass, field


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


@dataclass
class Point:
    x: int = 0
    tags: list = field(default_factory=list)

    def norm(self):
        return abs(self.x)


class Bag(dict):
    pass


class Group(set):
    pass


Row = collections.namedtuple("Row", "a b")


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


class Word(str):
    pass


class Count(int):
    pass


class Pairs(tuple):
    pass


class Items(list):
    def __init__(self, items, note):
        super().__init__(items)
        self.note = note


class Hiding(list):
    def __iter__(self):
        return iter(())

    def __len__(self):
        return 0


class Veiled(dict):
    def items(self):
        return {}.items()


class Slim:
    __slots__ = ("a", "b")


def slim(**values):
    made = Slim()
    for name, value in values.items():
        setattr(made, name, value)
    return made


class Stated:
    def __init__(self, state):
        self.given = state
        self.left_out = iter(())

    def __getstate__(self):
        return self.given


class Circle:
    def __init__(self, r):
        self.r = r

    @functools.cached_property
    def area(self):
        return 3 * self.r**2


def circle(r, looked=False):
    made = Circle(r)
    if looked:
        made.area
    return made


class Single:
    def __init__(self, n):
        self.n = n

    def __reduce__(self):
        return "SINGLE"


class Hostile:
    def __init__(self, n):
        self.n = n

    def __eq__(self, other):
        raise RuntimeError

    __hash__ = __len__ = __bool__ = __iter__ = __repr__ = __str__ = __eq__

    def __getattr__(self, name):
        raise RuntimeError(name)


class Steps:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        raise RuntimeError("was read")


def failed(note="", cause=None):
    try:
        raise ValueError("no") from cause
    except ValueError as error:
        error.add_note(note)
        return error


def moved(name):
    made = collections.OrderedDict(a=1, b=2, c=3)
    made.move_to_end(name)
    return made


def ring(*items):
    made = list(items)
    made.append(made)
    return made


def pair(a, b):
    one, two = Point(a), Point(b)
    one.tags.append(two)
    two.tags.append(one)
    return one


def web(*numbers):
    """Instances that hold each other."""
    made = [Group() for _ in numbers]
    for group, number in zip(made, numbers):
        group.number = number
        group.others = list(made)
    return made[0]


def deep(bottom, depth=10_000):
    made = [bottom]
    for _ in range(depth):
        made = [made]
    return made


def deep_tuple(bottom, depth=10_000):
    made = (bottom,)
    for _ in range(depth):
        made = (made,)
    return made


def chain(bottom, length=10_000):
    made = Point(bottom)
    for _ in range(length):
        made = Point(0, made)
    return made


def defined(text, name):
    """What a text of Python calls ``name``, as if a cell had defined it."""
    names = {"__name__": "__main__"}
    exec(text, names)
    return names[name]


x = [1, 2]
BERLIN, TOKYO = zoneinfo.ZoneInfo("Europe/Berlin"), zoneinfo.ZoneInfo("Asia/Tokyo")
NOON = dt.datetime(2026, 1, 1, 12, tzinfo=BERLIN)
CALLS = "def helper(x): return x + 1\\ndef f(x): return helper(x) * 2"
TALLY = "class Tally:\\n    def __init__(self): self.n = 1\\n    def more(self): return self.n + 1\\none = Tally()"
'''


PAIRS = [Pair(*row) for row in [
    (110, "1 and True", "1", "True", False),
    (110, "1 and 1.0", "1", "1.0", False),
    (110, "1 and text", "1", '"1"', False),
    (110, "text and bytes", '"1"', 'b"1"', False),
    (110, "None and text", "None", '"None"', False),
    (111, "nan and nan", 'float("nan")', 'float("inf") - float("inf")', True),
    (111, "nested nan", '[(float("nan"),)]', '[(-float("nan"),)]', True),
    (112, "zeros", "0.0", "-0.0", False),
    (112, "complex zeros", "0j", "complex(0, -0.0)", False),
    (113, "list and tuple", "[1, 2]", "(1, 2)", False),
    (113, "list and range", "[0, 1]", "range(2)", False),
    (114, "nested true", "((1,),)", "((True,),)", False),
    (114, "nesting", "[[1], 2]", "[[1, 2]]", False),
    (114, "cut elsewhere", '["ab", "c"]', '["a", "bc"]', False),
    (115, "dict order", '{"a": 1, "b": 2}', '{"b": 2, "a": 1}', False),
    (115, "dict and pairs", '{"a": 1}', '[("a", 1)]', False),
    (116, "set order", '{"a", "b", "c"}', '{"c", "b", "a"}', True),
    (116, "set of frozensets", '{frozenset("ab"), frozenset("cd")}', '{frozenset("dc"), frozenset("ba")}', True),
    (116, "set and frozenset", "{1}", "frozenset({1})", False),
    (116, "mixed set", '{1, "a", (1, (2,)), None}', '{None, (1, (2,)), "a", 1}', True),
    (116, "sets that differ", "{1, (1, (2,))}", "{1, (1, (3,))}", False),
    (117, "mixed keys", '{1: "a", "1": 2, None: 3, (1,): 4}', '{1: "a", "1": 2, None: 3, (1,): 4}', True),
    (118, "shared and copied", "[x, x]", "[x, [1, 2]]", True),
    (118, "shared and copied instances", "[p := Point(1), p]", "[Point(1), Point(1)]", True),
    (119, "equal texts", '"ab" * 50', '"".join(["a", "b"] * 50)', True),
    (138, "deep", "deep(1)", "deep(1)", True),
    (138, "deep and different", "deep(1)", "deep(2)", False),
    (138, "depth", "deep(1, 20)", "deep(1, 21)", False),
    (139, "rings", "ring(1)", "ring(1)", True),
    (139, "rings that differ", "ring(1)", "ring(2)", False),
    (139, "instances in a circle", "pair(1, 2)", "pair(1, 2)", True),
    (139, "instances in another circle", "pair(1, 2)", "pair(1, 3)", False),
    (139, "sets in a circle", "web(1, 2, 3)", "web(1, 2, 3)", True),
    (139, "sets in another circle", "web(1, 2, 3)", "web(1, 2, 4)", False),
    (140, "long ints", "1 << 70", "1 << 70", True),
    (140, "long ints that differ", "1 << 70", "(1 << 70) + 1", False),
    (140, "sign", "255", "-1", False),
    (141, "bytes and bytearray", 'b"a"', 'bytearray(b"a")', False),
    (141, "long bytes", "bytes(70_000)", "bytearray(70_000)", False),
    (141, "memoryview", 'memoryview(b"abc")', 'memoryview(b"abd")', False),
    (142, "partial", "functools.partial(pow, 2)", "functools.partial(pow, 3)", False),
    (142, "equal partials", "functools.partial(pow, 2)", "functools.partial(pow, 2)", True),
    (142, "functions", 'operator.attrgetter("a")', 'operator.attrgetter("b")', False),
    (142, "method callers", 'operator.methodcaller("a", k=1)', 'operator.methodcaller("a", k=2)', False),
    (142, "library functions", "len", "abs", False),
    (144, "classes", "Bag", "Group", False),
    (146, "bound methods of equal instances", "Point(1).norm", "Point(1).norm", True),
    (146, "bound methods of others", "Point(1).norm", "Point(2).norm", False),
    (143, "instances", "Point(1, [2])", "Point(1, [2])", True),
    (143, "instance state", "Point(1, [2])", "Point(1, [3])", False),
    (143, "named tuples", "Row(1, 2)", "Row(1, 2)", True),
    (143, "named tuple and tuple", "Row(1, 2)", "(1, 2)", False),
    (143, "derived dict", "Bag(a=1)", '{"a": 1}', False),
    (143, "derived dicts", "Bag(a=1)", "Bag(a=2)", False),
    (143, "derived sets", 'Group("ab")', 'Group("ba")', True),
    (143, "derived set and set", 'Group("ab")', 'set("ab")', False),
    (143, "enum members", "Colour.RED", "Colour.BLUE", False),
    (143, "same member", "Colour.RED", "copy.deepcopy(Colour.RED)", True),
    (143, "member and value", "Colour.RED", "1", False),
    (143, "ordered dicts", "collections.OrderedDict(a=1)", '{"a": 1}', False),
    (143, "default dicts", "collections.defaultdict(list, a=[1])", "collections.defaultdict(list, a=[1])", True),
    (143, "default factory", "collections.defaultdict(list)", "collections.defaultdict(set)", False),
    (143, "counters", 'collections.Counter("aab")', 'collections.Counter("abb")', False),
    (143, "deques", "collections.deque([1], 3)", "collections.deque([1], 4)", False),
    (143, "decimals", 'decimal.Decimal("1.0")', 'decimal.Decimal("1.00")', False),
    (143, "fractions", "fractions.Fraction(1, 2)", "fractions.Fraction(2, 4)", True),
    (143, "uuids", "uuid.UUID(int=1)", "uuid.UUID(int=2)", False),
    (143, "paths", 'pathlib.PurePosixPath("a/b")', 'pathlib.PurePosixPath("a//b")', True),
    (143, "path families", 'pathlib.PurePosixPath("a")', 'pathlib.PureWindowsPath("a")', False),
    (143, "path and text", 'pathlib.PurePosixPath("a")', '"a"', False),
    (143, "dates", "dt.date(2026, 1, 1)", "dt.datetime(2026, 1, 1)", False),
    (143, "durations", "dt.timedelta(days=1)", "dt.timedelta(hours=24)", True),
    (143, "zones", "NOON", "NOON.astimezone(TOKYO)", False),
    (143, "naive and aware", "NOON", "NOON.replace(tzinfo=None)", False),
    (143, "fold", "dt.time(1)", "dt.time(1, fold=1)", False),
    (143, "slices", "slice(1, 2)", "slice(1, 3)", False),
    (143, "patterns", 're.compile("a")', 're.compile("a", re.I)', False),
    (143, "exceptions", 'ValueError("a")', 'ValueError("b")', False),
    (143, "exception types", 'ValueError("a")', 'KeyError("a")', False),
    (143, "ellipsis", "...", "NotImplemented", False),
    (142, "functions as arguments", "defined(CALLS, 'f')", "defined(CALLS, 'f')", True),
    (142, "function edited", "defined(CALLS, 'f')", "defined(CALLS.replace('* 2', '* 3'), 'f')", False),
    (142, "helper edited", "defined(CALLS, 'f')", "defined(CALLS.replace('+ 1', '+ 2'), 'f')", False),
    (142, "partial of an edited function", "functools.partial(defined(CALLS, 'f'), 1)", "functools.partial(defined(CALLS.replace('+ 1', '+ 2'), 'f'), 1)", False),
    (143, "method of the class edited", "defined(TALLY, 'one')", "defined(TALLY.replace('+ 1', '+ 2'), 'one')", False),
    (143, "class defined again unchanged", "defined(TALLY, 'one')", "defined(TALLY, 'one')", True),
    (144, "class edited", "defined(TALLY, 'Tally')", "defined(TALLY.replace('+ 1', '+ 2'), 'Tally')", False),
    (144, "same class", "defined(TALLY, 'Tally')", "defined(TALLY, 'Tally')", True),
    (146, "bound method edited", "defined(TALLY, 'one').more", "defined(TALLY.replace('+ 1', '+ 2'), 'one').more", False),
    (143, "flags", "Rights.READ | Rights.WRITE", "Rights.READ", False),
    (143, "equal flags", "Rights.READ | Rights.WRITE", "Rights.WRITE | Rights.READ", True),
    (143, "ordered dict that was moved in", "moved('a')", "moved('b')", False),
    (143, "chain maps", "collections.ChainMap({1: 2}, {3: 4})", "collections.ChainMap({1: 2, 3: 4})", False),
    (143, "default factory that is a lambda", "collections.defaultdict(lambda: 1)", "collections.defaultdict(lambda: 2)", False),
    (143, "namespaces", "types.SimpleNamespace(a=1)", "types.SimpleNamespace(a=2)", False),
    (143, "mapping proxies", "types.MappingProxyType({1: 2})", "types.MappingProxyType({1: 3})", False),
    (143, "arrays", "array.array('d', [1])", "array.array('f', [1])", False),
    (143, "strided views", "memoryview(b'abcdef')[::2]", "memoryview(b'ace')", True),
    (143, "addresses", "ipaddress.ip_address('1.2.3.4')", "ipaddress.ip_address('1.2.3.5')", False),
    (143, "fixed zones", "dt.timezone(dt.timedelta(hours=1))", "dt.timezone(dt.timedelta(hours=1), 'X')", False),
    (143, "safe uuids", "uuid.UUID(int=1)", "uuid.UUID(int=1, is_safe=uuid.SafeUUID.safe)", False),
    (143, "notes of exceptions", "failed(note='a')", "failed(note='b')", False),
    (143, "causes of exceptions", "failed(cause=KeyError(1))", "failed(cause=KeyError(2))", False),
    (143, "equal exceptions", "failed(cause=KeyError(1))", "failed(cause=KeyError(1))", True),
    (143, "groups of exceptions", "ExceptionGroup('a', [ValueError(1)])", "ExceptionGroup('a', [ValueError(2)])", False),
    (143, "derived texts", "Word('a')", "'a'", False),
    (143, "derived numbers", "Count(1)", "1", False),
    (143, "attributes of derived lists", "Items([1], note=1)", "Items([1], note=2)", False),
    (143, "lists that hide their items", "Hiding([1])", "Hiding([2])", False),
    (143, "dicts that hide their items", "Veiled(a=1)", "Veiled(a=2)", False),
    (143, "derived tuples", "Pairs((1, 2))", "Pairs((1, 3))", False),
    (143, "slots", "slim(a=1)", "slim(b=1)", False),
    (143, "equal slots", "slim(a=1, b=[])", "slim(a=1, b=[])", True),
    (143, "states of two parts", "Stated(({'a': 1}, {'b': 2}))", "Stated(({}, {'a': 1, 'b': 2}))", False),
    (143, "state that a class leaves out", "Stated((1, {}))", "Stated((1, {}))", True),
    (143, "cached properties", "circle(1)", "circle(1, looked=True)", True),
    (143, "singletons that hold state", "Single(1)", "Single(2)", False),
    (143, "objects that raise", "Hostile(1)", "Hostile(2)", False),
    (143, "equal objects that raise", "Hostile(1)", "Hostile(1)", True),
    (143, "iterators of the user", "Steps(1)", "Steps(2)", False),
    (143, "random generators", "random.Random(1)", "random.Random(2)", False),
    (143, "numbers of long lists", "[0.5] * 100 + [1]", "[0.5] * 100 + [1.0]", False),
    (143, "long texts cut elsewhere", "['ab', 'c'] * 50", "['a', 'bc'] * 50", False),
    (143, "long texts with nulls inside", "['a\\0b', 'c'] * 50", "['a', 'b\\0c'] * 50", False),
    (143, "long lists of wide numbers", "[1 << 70] * 99", "[1 << 71] * 99", False),
    (143, "long lists and tuples", "[1] * 99", "(1,) * 99", False),
    (143, "order of kinds in long lists", "[1, 'a'] * 50", "['a', 1] * 50", False),
    (143, "bools and ints in long lists", "[True] * 99", "[1] * 99", False),
    (143, "zeros in long lists", "[0.0] * 99", "[-0.0] * 99", False),
    (143, "long dicts", "dict.fromkeys(range(99))", "dict.fromkeys(range(98, -1, -1))", False),
    (143, "records", "[{'a': [1, {'b': 2}]}]", "[{'a': [1, {'b': 3}]}]", False),
    (143, "nesting of records", "[{'a': [1], 'b': []}]", "[{'a': [], 'b': [1]}]", False),
    (143, "shared records", "[y := {'a': [1]}, y]", "[{'a': [1]}, {'a': [1]}]", True),
    (111, "nan in long lists", "[float('nan')] * 99", "[-float('nan')] * 99", True),
    (116, "long sets", "set(map(str, range(99)))", "set(map(str, range(98, -1, -1)))", True),
    (116, "long sets that differ", "set(map(str, range(99)))", "set(map(str, range(1, 100)))", False),
    (116, "long mixed sets", "{*range(99), 'a', (1, (2,))}", "{(1, (2,)), 'a', *range(98, -1, -1)}", True),
    (119, "lone surrogates", "'\\ud800'", "'\\ud801'", False),
    (119, "halves and whole", "['\\ud83d', '\\ude00'] * 50", "['\\ud83d\\ude00', ''] * 50", False),
    (138, "deep tuples", "deep_tuple(1)", "deep_tuple(2)", False),
    (138, "chains of instances", "chain(1)", "chain(2)", False),
    (138, "depths around what stands inside", "deep(1, 3)", "deep(1, 4)", False),
]]  # fmt: skip


def values_of(row: Pair, preamble: str = PREAMBLE) -> tuple[object, object]:
    """Return the two values of a row, made in a namespace of their own."""
    names: dict[str, object] = {"__name__": "cases"}
    exec(preamble + row.setup, names)
    return eval(row.one, names), eval(row.two, names)
