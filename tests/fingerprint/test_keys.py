"""Recipe keys: everything counts, and every part has a label."""

import sys
import time

import pytest

from checkpoint_nb.fingerprint import Fingerprint, Part, recipe_key

CODE = Fingerprint("c0de", {"code of fit": Part("aa"), "numpy": Part("bb", "2.4.6")})
BASE = (
    "fit",
    CODE,
    {"n": Part("cc", "10")},
    [("clean", "dd"), ("load", "ee")],
    {"salt": Part("ff")},
)


def changed(at, value):
    return (*BASE[:at], value, *BASE[at + 1 :])


@pytest.mark.parametrize(
    "other",
    [
        changed(0, "predict"),
        changed(1, Fingerprint("beef", CODE.parts)),
        changed(2, {"n": Part("c1")}),
        changed(2, {"m": Part("cc")}),
        changed(2, {}),
        changed(3, [("load", "ee"), ("clean", "dd")]),
        changed(3, [("clean", "dd")]),
        changed(4, {"salt": Part("f1")}),
        changed(4, {}),
        (*BASE[:2], {}, [("n", "cc"), *BASE[3]], BASE[4]),
    ],
    ids=str,
)
def test_each_part_counts(other):
    """Another task, code, argument, upstream result, order or extra is another key."""
    assert recipe_key(*other).digest != recipe_key(*BASE).digest


def test_what_is_shown_does_not_count():
    """Words for people are no part of the key."""
    assert recipe_key(*changed(2, {"n": Part("cc", "ten")})).digest == recipe_key(*BASE).digest


def test_parts_have_labels():
    """The parts are those of the code, and one for each other thing."""
    key = recipe_key("fit", CODE, {"argument n": Part("cc")}, [("clean", "dd"), ("clean", "ee")])
    assert set(key.parts) == {
        "task", "python", "code of fit", "numpy", "argument n", "upstream clean", "upstream clean (2)",
    }  # fmt: skip
    assert key.parts["python"].shown == f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert key.parts["upstream clean (2)"].digest == "ee"


def test_ten_thousand_keys_are_quick():
    """A key of a node takes microseconds, whatever the code is."""
    code = Fingerprint("c0de", {f"helper {i}": Part("aa") for i in range(30)})
    start = time.perf_counter()
    for _ in range(10_000):
        recipe_key("fit", code, BASE[2], BASE[3])
    assert time.perf_counter() - start < 1
