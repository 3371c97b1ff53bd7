"""How two values differ is said in words that help."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import pandas as pd
import polars as pl
import pytest

from checkpoint_nb.comparing import difference


@dataclass
class Point:
    x: int
    y: list


ARRAY = np.arange(6.0).reshape(2, 3)
NEAR = ARRAY.copy()
NEAR[1, 2] += 0.25
FRAME = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})


@pytest.mark.parametrize(
    ("one", "two", "said"),
    [
        (1, 2, "1 -> 2"),
        (1, "1", "1 -> '1'"),
        ([1, 2, 3], [1, 2], "3 -> 2 items"),
        ((1, (2, 3)), (1, (2, 4)), "at 1: at 1: 3 -> 4"),
        ({"a": 1}, {"b": 1}, "'a' is gone; 'b' is new"),
        (ARRAY, NEAR, "1 of 6 values differ, by up to 0.25"),
        (ARRAY, ARRAY.T, "shape (2, 3) -> (3, 2)"),
        (ARRAY, ARRAY.astype("float32"), "dtype float64 -> float32"),
        (FRAME, FRAME.assign(a=[1, 3]), "column a: 1 of 2 values differ, by up to 1"),
        (FRAME, FRAME.iloc[:1], "shape (2, 2) -> (1, 2)"),
        (FRAME, FRAME.rename(columns={"b": "c"}), "'b' -> 'c'"),
        (FRAME["a"], FRAME["a"] + 1, "2 of 2 values differ, by up to 1"),
        (pl.DataFrame({"a": [1, 2]}), pl.DataFrame({"a": [1, 5]}), "by up to 3"),
        (Point(1, [1]), Point(1, [2]), "at 'y': at 0: 1 -> 2"),
        ({1, 2}, {1, 3}, "{1, 2} -> {1, 3}"),
        (np.array([True, False]), np.array([True, True]), "1 of 2 values differ"),
        (np.array(["a", "b"]), np.array(["a", "c"]), "1 of 2 values differ"),
        (np.array([1, "a"], object), np.array([1, "b"], object), "1 of 2 values differ"),
        (FRAME, FRAME.set_index("b"), "shape (2, 2) -> (2, 1)"),
        (FRAME, FRAME.set_axis([5, 6]), "->"),
    ],
    ids=str,
)
def test_a_difference_is_named(one, two, said):
    """What is there on one side only, or where the first differences are."""
    assert said in difference(one, two)
    assert len(difference(one, two)) < 400


@pytest.mark.parametrize("value", [1, [1], ARRAY, FRAME, Point(1, []), float("nan")], ids=str)
def test_equal_values_do_not_differ(value):
    """Nothing is said; NaN is NaN."""
    assert difference(value, value) == ""


def test_long_and_deep_values_are_told_briefly():
    """The first few differences, and how many more."""
    one = {f"k{n}": n for n in range(100)}
    two = {f"k{n}": n + 1 for n in range(100)}
    assert "and 97 more" in difference(one, two)
    deep_one, deep_two = 1, 2
    for _ in range(50):
        deep_one, deep_two = [deep_one], [deep_two]
    assert 0 < len(difference(deep_one, deep_two)) < 400
    assert sys.getrecursionlimit() > 50
