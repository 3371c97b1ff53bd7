"""Why a node runs is told as a diff that can be read: what changed, from what to what."""

import time
import types

import pytest

from checkpoint_nb.explaining import why
from checkpoint_nb.explaining.details import details_of
from checkpoint_nb.explaining.matched import matched
from checkpoint_nb.fingerprint import Fingerprint, Place, describe, digest, fingerprint
from checkpoint_nb.parts import HIDDEN, Part
from checkpoint_nb.stores.interface import Record
from checkpoint_nb.work import Call, Recipe

SCALE = "def scale(x):\n    y = x + 1\n    return y\n"


def parts(**shown):
    """Parts by label; the value is what is shown, and decides the digest."""
    return {label.replace("_", " "): Part(digest(words), words) for label, words in shown.items()}


def code(**texts):
    """Parts of code by label, and their texts by digest."""
    made = {label.replace("_", " "): Part(digest(text)) for label, text in texts.items()}
    return made, {digest(text): text for text in texts.values()}


def values(label, *several):
    """Parts of several values under one label, and their outlines by digest."""
    made = [Part(digest(repr(value)), describe(value)) for value in several]
    recipes = [
        Recipe(None, {label: part}, (), Call(print), values={label: value})
        for part, value in zip(made, several, strict=True)
    ]
    texts = {}
    for recipe in recipes:
        texts |= details_of(recipe)
    return [{label: part} for part in made], texts


def record(label, kept, created=0.0):
    return Record(label, "clean", label, label, {}, kept, 0.1, created)


# What changed


def test_equal_parts_have_no_difference():
    """Words that are shown decide nothing, digests do."""
    assert why.differences({"argument n": Part("a", "1")}, {"argument n": Part("a", "one")}) == []
    assert why.explain({}, {}) == []


def test_a_change_says_from_what_to_what():
    """Arguments, packages and Python; a file and an upstream have nothing to show."""
    before = parts(argument_n="10", numpy="2.3", python="3.11") | {"file a.csv": Part("1")}
    now = parts(argument_n="20", numpy="2.4", python="3.12") | {"file a.csv": Part("2")}
    assert why.differences(before, now) == [
        "argument n changed: 10 → 20",
        "numpy changed: 2.3 → 2.4",
        "python changed: 3.11 → 3.12",
        "file a.csv changed",
    ]


def test_what_is_new_or_gone_comes_last():
    """First what changed, then what there was not, then what there is no more."""
    before = {"argument a": Part("1"), "helper f": Part("2"), "argument n": Part("3")}
    now = {"argument b": Part("4"), "helper g": Part("5"), "argument n": Part("6")}
    assert why.differences(before, now) == [
        "argument n changed",
        "argument b is new",
        "helper g is new",
        "argument a is gone",
        "helper f is gone",
    ]


def test_a_renamed_helper_is_no_change():
    """The same code under another name is left out; the same value of another argument is not."""
    before = {"helper a": Part("1"), "global p": Part("2"), "argument x": Part("3")}
    now = {"helper b": Part("1"), "global q": Part("2"), "argument y": Part("3")}
    assert why.differences(before, now) == ["argument y is new", "argument x is gone"]


def test_two_that_changed_places_are_two_changes():
    """Helpers that exchanged their code, and results in another order."""
    before = {name: Part(at) for name, at in [("helper a", "1"), ("helper b", "2")]}
    assert why.differences(before, {"helper a": Part("2"), "helper b": Part("1")}) == [
        "helper a changed",
        "helper b changed",
    ]
    before = {"upstream load": Part("1"), "upstream load (2)": Part("2")}
    assert why.differences(
        before, {"upstream load": Part("2"), "upstream load (2)": Part("1")}
    ) == [
        "upstream load changed",
        "upstream load (2) changed",
    ]


def test_numbered_labels_are_matched_by_what_they_stand_for():
    """Of three of one name, the one that changed is told, whatever numbers they have."""
    before = {"helper f": Part("1"), "helper f (2)": Part("2"), "helper f (3)": Part("3")}
    now = {"helper f": Part("2"), "helper f (2)": Part("9"), "helper f (3)": Part("1")}
    assert why.differences(before, now) == ["helper f (2) changed"]
    del now["helper f (2)"]
    assert why.differences(before, now) == ["helper f (3) is gone"]


def test_names_of_packages_are_told_only_when_nothing_else_is():
    """That a helper now calls ``abs`` is seen in the helper."""
    one, two = fingerprint(lambda x: x).parts, fingerprint(lambda x: abs(x)).parts
    told = why.differences(one, two)
    assert len(told) == 1
    assert told[0].startswith("code of")
    only = {label: part for label, part in two.items() if label.startswith("global")}
    assert why.differences({}, only) == ["global abs is new"]


# Lines of code


def test_changed_code_shows_its_lines():
    """The headline counts them, one line around each shows where it is."""
    before, texts = code(helper_scale=SCALE)
    now, more = code(helper_scale=SCALE.replace("+ 1", "+ 2"))
    assert why.explain(before, now, texts | more) == [
        "helper scale changed (1 line)",
        "      def scale(x):",
        "    -     y = x + 1",
        "    +     y = x + 2",
    ]
    assert why.differences(before, now, texts | more) == ["helper scale changed (1 line)"]
    assert why.differences(before, now, texts) == ["helper scale changed"]


def test_comments_and_empty_lines_are_no_lines_of_code():
    """They are not what made the task run."""
    now = SCALE.replace("+ 1", "+ 2  # two").replace("    return", "\n    # ready\n    return")
    one, texts = code(helper_scale=SCALE)
    two, more = code(helper_scale=now)
    assert why.differences(one, two, texts | more) == ["helper scale changed (1 line)"]


def test_many_lines_are_cut():
    """Twelve are enough to see what it is about."""
    one, texts = code(code_of_f="\n".join(f"a{n}" for n in range(30)))
    two, more = code(code_of_f="\n".join(f"b{n}" for n in range(30)))
    told = why.explain(one, two, texts | more)
    assert told[0] == "code of f changed (30 lines)"
    assert len(told) == 14
    assert told[-1] == "    … 48 more lines"


def test_a_listing_is_not_compared_with_a_text():
    """Where one side has no source, that is said."""
    made = {}
    exec("def scale(x): return x + 1", made)
    one, texts = code(helper_scale=SCALE)
    two = {"helper scale": Part("2")}
    unseen = details_of(
        Recipe(Fingerprint("", two, {"helper scale": made["scale"]}), {}, (), Call(print))
    )
    assert why.explain(one, two, texts | unseen) == [
        "helper scale changed",
        "    (its source is not available on both sides)",
    ]


# Values


@pytest.mark.parametrize(
    ("one", "two", "told"),
    [
        ({"n": 10, "p": 1}, {"n": 20, "p": 1}, ["global cfg changed: ['n'] 10 → 20"]),
        ({"n": 10}, {"n": 10, "p": "x"}, ["global cfg changed: ['p'] = 'x' is new"]),
        ({"n": 10, "p": "x"}, {"n": 10}, ["global cfg changed: ['p'] = 'x' is gone"]),
        ({"s": {"a"}}, {"s": {"b"}}, ["global cfg changed: ['s']{'b'} is new, ['s']{'a'} is gone"]),
        (
            {"a": "x" * 20, "b": "y" * 20, "c": 1},
            {"a": "z" * 20, "b": "w" * 20, "c": 1},
            [
                "global cfg changed (2 differences)",
                f"    ['a']: '{'x' * 20}' → '{'z' * 20}'",
                f"    ['b']: '{'y' * 20}' → '{'w' * 20}'",
            ],
        ),
        (
            "select *\nfrom a",
            "select *\nfrom b",
            ["global cfg changed (1 line)", "      select *", "    - from a", "    + from b"],
        ),
        (list(range(500)), list(range(501)), ["global cfg changed: length 500 → 501"]),
        (1, 2, ["global cfg changed: 1 → 2"]),
        ([1], {"a": 1}, ["global cfg changed: ['a'] = 1 is new, [0] = 1 is gone"]),
    ],
)
def test_a_changed_value_says_what_in_it_changed(one, two, told):
    """Leaf by leaf; on one line where there is room."""
    (before, now), texts = values("global cfg", one, two)
    assert why.explain(before, now, texts) == told


def test_a_changed_column_is_named():
    """A frame is compared by its columns."""
    pd = pytest.importorskip("pandas")
    one = pd.DataFrame({"a": ["x", "y"], "b": [1, 2]})
    (before, now), texts = values("argument df", one, one.astype({"b": "float64"}))
    told = why.explain(before, now, texts)
    assert any("column b: int64 → float64" in line for line in told)
    assert not any("column a" in line for line in told)


def test_what_was_cut_off_is_not_said_to_be_new():
    """An outline that ends early says nothing of what comes after."""
    many = {f"k{n}": "x" * 30 for n in range(200)}
    (before, now), texts = values("global cfg", many, {"k0": "x" * 30, "z": 1})
    told = why.explain(before, now, texts)
    assert told[0] == "global cfg changed: dict of 200 → dict of 2"
    assert all(line.startswith("    -") or "more lines" in line for line in told[1:])


# Secrets


def test_a_secret_is_named_and_never_shown():
    """No digest, no outline, whatever the details hold."""
    old, new = Part("a" * 64, HIDDEN), Part("b" * 64, HIDDEN)
    told = why.explain(
        {"argument token": old, "environment TOKEN": old, "salt": old},
        {"argument token": new, "environment TOKEN": new, "salt": new},
        {"a" * 64: ".x = geheim", "b" * 64: ".x = geheimer"},
    )
    assert told == ["argument token changed (secret)", "environment TOKEN changed", "salt changed"]
    told = why.explain({"environment T": Part("1", "not set")}, {"environment T": new})
    assert told == ["environment T changed: not set → set"]


def test_a_secret_has_no_details():
    """Not under its own label, nor where the same value is met under another."""
    value = {"password": "geheim"}
    shown, hidden = Part(digest(value), "dict of 1"), Part(digest(value), HIDDEN)
    recipe = Recipe(
        None,
        {"argument a": shown, "argument b": hidden},
        (),
        Call(print),
        values={"argument a": value, "argument b": value},
    )
    assert details_of(recipe) == {}


# Details


def helper(x):
    return x + len(LIMITS)


LIMITS = {"low": 1}


def test_details_have_the_text_of_code_and_the_outline_of_data():
    """By part digest; what is known, scalar or gone has none."""
    kept = {
        "helper helper": Part("c1"),
        "global LIMITS": Part("d1", "dict of 1"),
        "global GONE": Part("d2", "dict of 1"),
    }
    places = tuple(
        Place(f"global {name}", helper, "global", name) for name in ("LIMITS", "GONE", "OTHER")
    )
    seen = Fingerprint("f", kept, {"helper helper": helper, "helper other": helper}, places)
    inputs = {"argument n": Part("v1", "3"), "argument m": Part("v2", "list of 1")}
    recipe = Recipe(
        seen,
        inputs,
        (),
        Call(print),
        values={"argument n": 3, "argument m": [7], "argument x": [8]},
    )
    assert details_of(recipe) == {
        "c1": "def helper(x):\n    return x + len(LIMITS)\n",
        "d1": "['low'] = 1",
        "v2": "[0] = 7",
    }
    assert details_of(recipe, known={"c1", "v2"}) == {"d1": "['low'] = 1"}


# Never ran, and fresh


def test_the_nearest_record_differs_least_and_is_the_newest():
    """Fewest parts first, then time; nothing to compare with is None."""
    now = parts(argument_n="3", argument_k="1", python="3.11")
    far = record("far", parts(argument_n="1", argument_k="2", python="3.11"), 9.0)
    old = record("old", parts(argument_n="1", argument_k="1", python="3.11"), 1.0)
    new = record("new", parts(argument_n="2", argument_k="1", python="3.11"), 2.0)
    assert why.nearest(now, [far, old, new]) is new
    assert why.nearest(now, [far, old]) is old
    assert why.nearest(now, []) is None


def test_a_node_that_never_ran_is_told_by_the_closest_that_did():
    """With the time of day it ran, or the date when that was not today."""
    told = why.never_ran(
        parts(argument_n="20"), [record("clean(10)", parts(argument_n="10"), time.time())]
    )
    clock = time.strftime("%H:")
    assert len(told) == 1
    assert told[0].startswith(f"never ran with these arguments; closest is clean(10) of {clock}")
    assert told[0].endswith(": argument n changed: 10 → 20")
    several = why.never_ran(
        parts(argument_n="20", numpy="2"), [record("f", parts(argument_n="10", numpy="1"), 0.0)]
    )
    assert several[0].startswith("never ran with these arguments; closest is f of 19")
    assert several[1:] == ["    argument n changed: 10 → 20", "    numpy changed: 1 → 2"]
    assert why.never_ran(parts(argument_n="20"), []) == [why.NEVER_RAN]


def test_a_hit_says_what_it_was_matched_on():
    """A line for each kind; names of packages and of Python only by version, secrets by name."""
    source = "import json\ndef g(x): return abs(x)\ndef f(x): return json.dumps([g(x), RATE])"
    module = types.ModuleType("of_the_user")
    exec(source, vars(module) | {"RATE": 0.5}, space := vars(module))
    space |= {"RATE": 0.5}
    live = types.FunctionType(space["f"].__code__, space)
    space["g"] = types.FunctionType(space["g"].__code__, space)
    kept = {
        **fingerprint(live).parts,
        "argument n": Part("1", "10"),
        "argument token": Part("2", HIDDEN),
        "input df": Part("3", "DataFrame 3 x 2"),
        "upstream load": Part("4"),
        "numpy": Part("5", "2.4"),
        "file a.csv": Part("6", "3 kB"),
        "environment TOKEN": Part("7", HIDDEN),
        "environment HOME": Part("8", "not set"),
        "salt": Part("9", HIDDEN),
        "version": Part("0", "2"),
        "python": Part("1", "3.11"),
        "task": Part("2", "f"),
    }
    assert matched(record("f", kept)) == [
        "code: f, g",
        "globals: RATE = 0.5",
        "arguments: n = 10, token (secret)",
        "inputs: df = DataFrame 3 x 2",
        "upstream: load",
        "files: a.csv",
        "environment: TOKEN set, HOME not set",
        "version: 2",
        "salt: set",
        "python: 3.11",
        "packages: numpy 2.4",
    ]
    many = {f"argument a{n}": Part(str(n), str(n)) for n in range(20)}
    assert matched(record("f", many))[0].endswith("a11 = 11 and 8 more")
