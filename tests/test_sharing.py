"""Names are stored together if, and only if, something that can change is in both."""

from __future__ import annotations

import datetime
import decimal
import enum
import functools
import logging
import pathlib
import threading
import time

import numpy as np
import pandas as pd
import pytest

from checkpoint_nb import sharing
from checkpoint_nb.fingerprint import digest
from checkpoint_nb.sharing import shared_with, units
from checkpoint_nb.stores.memory import MemoryObjects


class Thing:
    def __init__(self, **words):
        self.__dict__.update(words)


class Slim:
    __slots__ = ("part",)


class Colour(enum.Enum):
    RED = bytearray(b"red")


def named(x):
    return x


def counter():
    n = 0

    def more():
        nonlocal n
        n += 1

    def get():
        return n

    return more, get


def slim(part):
    made = Slim()
    made.part = part
    return made


def linked(part):
    ring = [part]
    ring.append((ring,))
    return ring


ROWS = [1, 2]
ARRAY = np.arange(12.0)
FRAME = pd.DataFrame({"a": [1, 2]})
OBJECTS = np.array([ROWS, None], dtype=object)
MORE, GET = counter()
with_rows = lambda: 0  # noqa: E731
with_rows.rows = ROWS
TIED = {
    "an alias": (ROWS, ROWS),
    "in a container": (ROWS, {"x": (1, [ROWS])}),
    "in a frozen set": (named_one := (lambda: 0), frozenset([named_one])),
    "as a default": (ROWS, lambda x=ROWS: x),
    "in an instance": (Thing(a=ROWS), Thing(b=ROWS)),
    "in slots": (ROWS, slim(ROWS)),
    "in a partial": (ROWS, functools.partial(named, ROWS)),
    "a method": (ROWS, ROWS.append),
    "a variable of two functions": (MORE, GET),
    "in an attribute of a function": (ROWS, with_rows),
    "in a cycle": (linked(ROWS), linked(ROWS)),
    "in what cannot be stored": (ROWS, [threading.Lock(), ROWS]),
    "an array": (ARRAY, [ARRAY]),
    "a view": (ARRAY, ARRAY[3:5]),
    "two views": (ARRAY[:8], ARRAY[6:].reshape(2, 3)),
    "in an array of objects": (OBJECTS, ROWS),
    "a masked array": (ARRAY, np.ma.MaskedArray(ARRAY, mask=ARRAY > 3)),
    "a frame": (FRAME, {"frame": FRAME}),
    "a bytearray": (data := bytearray(b"x"), memoryview(data)),
    "an error": (ROWS, ValueError(ROWS)),
}


@pytest.mark.parametrize("kind", TIED)
def test_what_shares_something_that_can_change_is_one_unit(kind):
    """Whichever of the two is met first, and whatever else there is."""
    one, other = TIED[kind]
    assert units({"a": one, "n": [0], "b": other}) == (("a", "b"), ("n",))
    assert units({"b": other, "a": one}) == (("b", "a"),)


TABLE = np.zeros((3, 4))
TUPLE = (1, ("a", 2.0))
LOG = logging.getLogger("x")
APART = {
    "equal values": ([1], [1]),
    "a tuple that cannot change": ([TUPLE], [TUPLE]),
    "text": (["long text"], ["long text"]),
    "a function with a name": (functools.partial(named, 1), functools.partial(named, 2)),
    "a class": ([Thing], Thing(x=Thing)),
    "instances of one class": (Thing(), Thing()),
    "a module": (Thing(m=np), Thing(m=np)),
    "a member of an enum": ([Colour.RED], [Colour.RED]),
    "a logger": (Thing(log=LOG), Thing(log=LOG)),
    "dates, paths, numbers": (
        [day := datetime.date(2020, 1, 1), here := pathlib.Path("x"), ten := decimal.Decimal(10)],
        [day, here, ten],
    ),
    "a dtype": ([ARRAY.dtype], [ARRAY.dtype]),
    "columns side by side": (TABLE[:, 0], TABLE[:, 1]),
    "halves": (ARRAY[:6], ARRAY[6:]),
    "frames that copy on write": (FRAME, FRAME[["a"]]),
    "the index of frames": ([FRAME.index], [FRAME.index]),
    "missing values": ([pd.NA, pd.NaT, np.nan], [pd.NA, pd.NaT, np.nan]),
    "the notebook's names": (Thing(names=globals()), Thing(names=globals())),
}


@pytest.mark.parametrize("kind", APART)
def test_what_cannot_change_ties_nothing_together(kind):
    """Each name is a unit of its own."""
    one, other = APART[kind]
    assert units({"a": one, "b": other}) == (("a",), ("b",))


def test_errors_with_a_traceback_do_not_tie_all_the_names():
    """A traceback leads to every name there is, and is not stored."""

    def caught(rows):
        try:
            raise ValueError(len(rows))
        except ValueError as error:
            return error

    assert units({"e": caught(ROWS), "rows": ROWS}) == (("e",), ("rows",))


def test_units_hang_together_over_a_third():
    """What shares with something that shares is in the unit too; order is kept."""
    a, b = [1], [2]
    values = {"x": [a], "n": 1, "y": {"b": b}, "z": (a, b), "m": []}
    assert units(values) == (("x", "y", "z"), ("n",), ("m",))
    assert units({}) == ()
    assert units({"x": a}) == (("x",),)


def test_a_figure_and_its_axes_are_one_unit():
    """As ``fig, ax = plt.subplots()`` leaves them."""
    figure = pytest.importorskip("matplotlib.figure").Figure()
    axes = figure.subplots()
    assert units({"fig": figure, "ax": axes, "n": [1]}) == (("fig", "ax"), ("n",))


def test_inputs_that_share_an_object_with_an_output_are_found():
    """By identity, over others if need be; memory of arrays alone does not count."""
    inner = [3]
    others = {"rows": [inner], "more": {"deep": (inner,)}, "alone": [3], "part": ARRAY[:3]}
    assert shared_with({"out": inner, "array": ARRAY}, others) == ("rows", "more")
    assert shared_with({"rows": inner}, {"rows": inner}) == ()
    assert shared_with({}, others) == ()


def test_what_is_too_big_to_be_looked_through_counts_as_tied(monkeypatch):
    """When unsure, together: nothing that was one object becomes two."""
    monkeypatch.setattr(sharing, "_MOST_OBJECTS", 2000)
    big = [[n] for n in range(5000)]
    assert units({"x": [1], "big": big, "y": [2], "n": 3}) == (("x", "big", "y"), ("n",))


def test_many_views_of_one_array_are_one_unit():
    """However many there are, and at once."""
    table = np.zeros((5000, 10))
    windows = [table[n : n + 50] for n in range(4000)]
    values = {"table": table, "windows": windows, "last": windows[-1], "own": table.copy()}
    assert units(values) == (("table", "windows", "last"), ("own",))


class Rude:
    """Refuses to be asked anything."""

    def __getattribute__(self, name):
        raise RuntimeError(name)

    def __reduce_ex__(self, protocol):
        raise RuntimeError

    __hash__ = None


def test_no_value_makes_looking_fail():
    """No code of the user runs."""
    rude = Rude()
    assert units({"a": rude, "b": [rude], "c": (n for n in ROWS), "d": open}) == (
        ("a", "b"),
        ("c",),
        ("d",),
    )


def test_looking_takes_a_fraction_of_storing():
    """Half at most, for a million numbers; a part of that for arrays and frames."""
    objects = MemoryObjects()
    makers = {
        "numbers": (lambda: list(range(10**6)), 0.6),
        "texts": (lambda: [str(n) for n in range(10**5)], 0.6),
        "array": (lambda: np.zeros(10**7), 0.1),
        "frame": (lambda: pd.DataFrame({"a": np.arange(10**6), "b": "text"}), 0.3),
    }
    for kind, (make, share) in makers.items():
        values = {"a": make(), "b": make()}

        def store(values=values):
            for value in values.values():
                objects.put(value, digest(value), "", 0)

        assert least(lambda: units(values)) < share * least(store), kind


def least(work):
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return min(taken)
