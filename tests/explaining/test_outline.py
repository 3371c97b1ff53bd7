"""What is in a value is told in a few safe lines."""

import argparse
import collections
import dataclasses
import datetime
import enum
import pathlib
import types

import numpy as np
import pandas as pd
import pytest

from checkpoint_nb.explaining.outline import outline_of


@dataclasses.dataclass
class Config:
    n: int = 10
    paths: tuple = ("a.csv", "b.csv", "c.csv", "d.csv", "e.csv")


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self):
        self.a = {"deep": [1]}


class Colour(enum.Enum):
    RED = 1


Point = collections.namedtuple("Point", "x y")


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        (Config(), [".n = 10", *(f".paths[{n}] = '{c}.csv'" for n, c in enumerate("abcde"))]),
        (Slotted(), [".a['deep'][0] = 1"]),
        (Point(1, [2]), [".x = 1", ".y[0] = 2"]),
        ({"a": {"b": None}, 3: "x"}, ["['a']['b'] = None", "[3] = 'x'"]),
        ({"set": {"b", "a"}}, ["['set']{'a'}", "['set']{'b'}"]),
        ([{}, (), Colour.RED], ["[0] = dict of 0", "[1] = tuple of 0", "[2] = Colour.RED"]),
        ({"where": pathlib.PurePosixPath("a/b")}, ["['where'] = a/b"]),
        ({"day": datetime.date(2020, 1, 2)}, ["['day'] = 2020-01-02"]),
        (types.SimpleNamespace(a=1), [".a = 1"]),
        (argparse.Namespace(a=1), [".a = 1"]),
        ({"f": len, "c": Config}, ["['f'] = builtin_function_or_method", "['c'] = class Config"]),
        ("select *\nfrom a", ["| select *", "| from a"]),
        ({"w": np.array([1.5, 2])}, ["['w'] = ndarray (2,) float64: 1.5, 2.0"]),
        (np.array([[1, 2]]), ["dtype = int64", "shape = (1, 2)", "items = 1, 2"]),
        (
            np.arange(100.0),
            ["dtype = float64", "shape = (100,)", "min = 0", "max = 99", "mean = 49.5"],
        ),
        (np.arange(20) > 4, ["dtype = bool", "shape = (20,)", "true = 15 of 20"]),
        (
            pd.DataFrame({"a": range(20), "b": ["x"] * 20}),
            [
                "rows = 20",
                "index = RangeIndex int64, 0 to 19",
                "column a = int64",
                f"column b = {pd.Series(['x']).dtype}",
                "mean of a = 9.5",
            ],
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_thing_in_a_value_has_its_line(value, lines):
    """Attributes, items, keys, members; columns of a frame; figures of an array."""
    assert outline_of(value).splitlines() == lines


@pytest.mark.parametrize(
    "value", [10, 1.5, 2j, True, None, "short", b"bytes", Config, len, Colour.RED, [], {}]
)
def test_what_a_few_words_say_has_no_outline(value):
    """``Part.shown`` tells all of it."""
    assert outline_of(value) == ""


def test_an_array_with_gaps_says_how_many():
    """The figures are those of the numbers that are there; no warning is told."""
    values = np.array([1.0, np.nan, np.inf] * 10)
    assert "mean = 1" in outline_of(values)
    assert "not finite = 20" in outline_of(values)
    assert "not finite = 20" in outline_of(np.full(20, np.nan))


@pytest.mark.parametrize(
    "value",
    [
        list(range(10**6)),
        dict.fromkeys(range(10**5), "x" * 30),
        set(range(10**6)),
        "line\n" * 10**6,
    ],
)
def test_a_large_value_is_cut(value):
    """At most sixty lines and one that says there is more, and some 2,000 characters."""
    outline = outline_of(value)
    assert 0 < len(outline) < 2_050
    assert len(outline.splitlines()) <= 61


def test_a_cycle_ends():
    """A list in itself is named, not followed."""
    value = [1]
    value.append({"again": value})
    assert outline_of(value).splitlines() == ["[0] = 1", "[1]['again'] = list of 2, which it is in"]
    deep = []
    for _ in range(100_000):
        deep = [deep]
    assert outline_of(deep) == "[0][0][0][0][0][0] = list of 1"


def test_nothing_of_the_users_runs():
    """No repr, property, comparison, length or attribute look-up of a class is called."""
    ran = []

    def trap(name):
        def method(self, *args):
            ran.append(name)
            raise SystemExit(name)

        return method

    names = "__repr__ __str__ __getattribute__ __getattr__ __iter__ __len__ __eq__ __bool__".split()
    traps = {name: trap(name) for name in names} | {"__class__": property(trap("__class__"))}
    plain = type("Plain", (), traps)()
    object.__setattr__(plain, "x", 1)
    mapping = type("Mapping", (dict,), traps | {"items": trap("items"), "keys": trap("keys")})(a=1)
    listing = type("Listing", (list,), traps)([1])
    number = type("Number", (int,), traps)(3)
    value = {"p": plain, "m": mapping, "l": listing, "n": number}
    ran.clear()
    assert outline_of(value).splitlines() == [
        "['p'].x = 1",
        "['m']['a'] = 1",
        "['l'][0] = 1",
        "['n'] = Number",
    ]
    assert ran == []


def test_the_same_content_has_the_same_outline():
    """Whatever the order in which a set was filled."""
    one, two = {f"k{n}" for n in range(30)}, {f"k{n}" for n in reversed(range(30))}
    assert outline_of(one) == outline_of(two)
