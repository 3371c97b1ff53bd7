"""Pairs of values of plain Python: number in the specification, what they are, two makers, equal?"""

import collections
import copy
import datetime as dt
import decimal
import enum
import fractions
import functools
import operator
import pathlib
import re
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
    """Instances that hold each other in sets."""
    made = [Group() for _ in numbers]
    for group, number in zip(made, numbers, strict=True):
        group.number = number
        group.others = {id(one): one for one in made}.values()
        group.others = list(group.others)
    return made[0]


def deep(bottom, depth=10_000):
    made = [bottom]
    for _ in range(depth):
        made = [made]
    return made


x = [1, 2]
BERLIN, TOKYO = zoneinfo.ZoneInfo("Europe/Berlin"), zoneinfo.ZoneInfo("Asia/Tokyo")
NOON = dt.datetime(2026, 1, 1, 12, tzinfo=BERLIN)

PAIRS = [
    (110, "1 and True", 1, True, False),
    (110, "1 and 1.0", 1, 1.0, False),
    (110, "1 and text", 1, "1", False),
    (110, "text and bytes", "1", b"1", False),
    (110, "None and text", None, "None", False),
    (111, "nan and nan", float("nan"), float("inf") - float("inf"), True),
    (111, "nested nan", [(float("nan"),)], [(-float("nan"),)], True),
    (112, "zeros", 0.0, -0.0, False),
    (112, "complex zeros", 0j, complex(0, -0.0), False),
    (113, "list and tuple", [1, 2], (1, 2), False),
    (113, "list and range", [0, 1], range(2), False),
    (114, "nested true", ((1,),), ((True,),), False),
    (114, "nesting", [[1], 2], [[1, 2]], False),
    (114, "cut elsewhere", ["ab", "c"], ["a", "bc"], False),
    (115, "dict order", {"a": 1, "b": 2}, {"b": 2, "a": 1}, False),
    (115, "dict and pairs", {"a": 1}, [("a", 1)], False),
    (116, "set order", {"a", "b", "c"}, {"c", "b", "a"}, True),
    (116, "set of frozensets", {frozenset("ab"), frozenset("cd")}, {frozenset("dc"), frozenset("ba")}, True),
    (116, "set and frozenset", {1}, frozenset({1}), False),
    (116, "mixed set", {1, "a", (1, (2,)), None}, {None, (1, (2,)), "a", 1}, True),
    (116, "sets that differ", {1, (1, (2,))}, {1, (1, (3,))}, False),
    (117, "mixed keys", {1: "a", "1": 2, None: 3, (1,): 4}, {1: "a", "1": 2, None: 3, (1,): 4}, True),
    (118, "shared and copied", [x, x], [x, [1, 2]], True),
    (118, "shared and copied instances", [p := Point(1), p], [Point(1), Point(1)], True),
    (119, "equal texts", "ab" * 50, "".join(["a", "b"] * 50), True),
    (138, "deep", deep(1), deep(1), True),
    (138, "deep and different", deep(1), deep(2), False),
    (138, "depth", deep(1, 20), deep(1, 21), False),
    (139, "rings", ring(1), ring(1), True),
    (139, "rings that differ", ring(1), ring(2), False),
    (139, "instances in a circle", pair(1, 2), pair(1, 2), True),
    (139, "instances in another circle", pair(1, 2), pair(1, 3), False),
    (139, "sets in a circle", web(1, 2, 3), web(1, 2, 3), True),
    (139, "sets in another circle", web(1, 2, 3), web(1, 2, 4), False),
    (140, "long ints", 1 << 70, 1 << 70, True),
    (140, "long ints that differ", 1 << 70, (1 << 70) + 1, False),
    (140, "sign", 255, -1, False),
    (141, "bytes and bytearray", b"a", bytearray(b"a"), False),
    (141, "long bytes", bytes(70_000), bytearray(70_000), False),
    (141, "memoryview", memoryview(b"abc"), memoryview(b"abd"), False),
    (142, "partial", functools.partial(pow, 2), functools.partial(pow, 3), False),
    (142, "equal partials", functools.partial(pow, 2), functools.partial(pow, 2), True),
    (142, "functions", operator.attrgetter("a"), operator.attrgetter("b"), False),
    (142, "method callers", operator.methodcaller("a", k=1), operator.methodcaller("a", k=2), False),
    (142, "library functions", len, abs, False),
    (144, "classes", Bag, Group, False),
    (146, "bound methods of equal instances", Point(1).norm, Point(1).norm, True),
    (146, "bound methods of others", Point(1).norm, Point(2).norm, False),
    (143, "instances", Point(1, [2]), Point(1, [2]), True),
    (143, "instance state", Point(1, [2]), Point(1, [3]), False),
    (143, "named tuples", Row(1, 2), Row(1, 2), True),
    (143, "named tuple and tuple", Row(1, 2), (1, 2), False),
    (143, "derived dict", Bag(a=1), {"a": 1}, False),
    (143, "derived dicts", Bag(a=1), Bag(a=2), False),
    (143, "derived sets", Group("ab"), Group("ba"), True),
    (143, "derived set and set", Group("ab"), set("ab"), False),
    (143, "enum members", Colour.RED, Colour.BLUE, False),
    (143, "same member", Colour.RED, copy.deepcopy(Colour.RED), True),
    (143, "member and value", Colour.RED, 1, False),
    (143, "ordered dicts", collections.OrderedDict(a=1), {"a": 1}, False),
    (143, "default dicts", collections.defaultdict(list, a=[1]), collections.defaultdict(list, a=[1]), True),
    (143, "default factory", collections.defaultdict(list), collections.defaultdict(set), False),
    (143, "counters", collections.Counter("aab"), collections.Counter("abb"), False),
    (143, "deques", collections.deque([1], 3), collections.deque([1], 4), False),
    (143, "decimals", decimal.Decimal("1.0"), decimal.Decimal("1.00"), False),
    (143, "fractions", fractions.Fraction(1, 2), fractions.Fraction(2, 4), True),
    (143, "uuids", uuid.UUID(int=1), uuid.UUID(int=2), False),
    (143, "paths", pathlib.PurePosixPath("a/b"), pathlib.PurePosixPath("a//b"), True),
    (143, "path families", pathlib.PurePosixPath("a"), pathlib.PureWindowsPath("a"), False),
    (143, "path and text", pathlib.PurePosixPath("a"), "a", False),
    (143, "dates", dt.date(2026, 1, 1), dt.datetime(2026, 1, 1), False),
    (143, "durations", dt.timedelta(days=1), dt.timedelta(hours=24), True),
    (143, "zones", NOON, NOON.astimezone(TOKYO), False),
    (143, "naive and aware", NOON, NOON.replace(tzinfo=None), False),
    (143, "fold", dt.time(1), dt.time(1, fold=1), False),
    (143, "slices", slice(1, 2), slice(1, 3), False),
    (143, "patterns", re.compile("a"), re.compile("a", re.I), False),
    (143, "exceptions", ValueError("a"), ValueError("b"), False),
    (143, "exception types", ValueError("a"), KeyError("a"), False),
    (143, "ellipsis", ..., NotImplemented, False),
]  # fmt: skip
