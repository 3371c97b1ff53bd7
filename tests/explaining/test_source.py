"""The text of live code is its own, or there is an honest listing instead."""

import importlib
import os
import subprocess
import sys
import time
import types
import warnings

import pytest

from checkpoint_nb.explaining import source
from checkpoint_nb.explaining.source import UNAVAILABLE, source_of

MODULE = '''
import dataclasses
import enum
import functools
from typing import NamedTuple


def plain(x):
    """Says what it does."""
    return x + 1  # one more


def outer(k):
    def inner(x):
        return x * k

    return inner


def twice(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(function(*args))

    return wrapper


@twice
def decorated(x):
    return x - 1


pair = [lambda r: r[0], lambda r: r[1], lambda r: (lambda s: s + r)]


async def later(x, *, y=2):
    return x


class Model:
    depth = 3

    def fit(self, x):
        return x

    @property
    def size(self):
        return 1

    @size.setter
    def size(self, value):
        self.value = value

    @classmethod
    def make(cls):
        return cls()

    @staticmethod
    def half(x):
        return x / 2

    @functools.cached_property
    def heavy(self):
        return 7

    class Inner:
        n = 1


class Bare:
    n = 10
    words = ["a"]


@dataclasses.dataclass(slots=True)
class Config:
    n: int = 10
    path: str = "a.csv"


class Kind(enum.Enum):
    A = 1
    B = "two"


class Point(NamedTuple):
    x: int
    y: int = 0
'''


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a module, or write it over; the file is seen to be another one."""
    monkeypatch.syspath_prepend(str(tmp_path))
    names = []

    def write(text, name="subject"):
        file = tmp_path / f"{name}.py"
        file.write_text(text)
        # Two writes within one tick of the clock look alike.
        moment = time.time() + 10 * len(names)
        os.utime(file, (moment, moment))
        names.append(name)

    yield write
    for name in names:
        sys.modules.pop(name, None)


@pytest.fixture
def module(write):
    write(MODULE)
    return importlib.import_module("subject")


def closing(function):
    return function.__closure__[0].cell_contents


@pytest.mark.parametrize(
    ("find", "first"),
    [
        (lambda m: m.plain, "def plain(x):"),
        (lambda m: m.outer, "def outer(k):"),
        (lambda m: m.outer(3), "def inner(x):"),
        (lambda m: m.decorated, "@functools.wraps(function)"),
        (lambda m: m.decorated.__wrapped__, "@twice"),
        (lambda m: m.later, "async def later(x, *, y=2):"),
        (lambda m: m.Model, "class Model:"),
        (lambda m: m.Model.fit, "def fit(self, x):"),
        (lambda m: m.Model.size.fset, "@size.setter"),
        (lambda m: m.Model.make.__func__, "@classmethod"),
        (lambda m: m.Model.Inner, "class Inner:"),
        (lambda m: m.Bare, "class Bare:"),
        (lambda m: m.Config, "@dataclasses.dataclass(slots=True)"),
        (lambda m: m.Kind, "class Kind(enum.Enum):"),
        (lambda m: m.Point, "class Point(NamedTuple):"),
        (lambda m: m.pair[0], "lambda r: r[0]"),
        (lambda m: m.pair[1], "lambda r: r[1]"),
        (lambda m: m.pair[2], "lambda r: (lambda s: s + r)"),
        (lambda m: m.pair[2](1), "lambda s: s + r"),
    ],
)
def test_the_text_of_every_kind_of_live_code_is_found(module, find, first):
    """Functions, nested ones, methods, wrappers, lambdas of one line, classes of any make."""
    text = source_of(find(module))
    assert text.splitlines()[0] == first
    assert "set later" not in text
    assert text.rstrip() in MODULE or all(line.strip() in MODULE for line in text.splitlines())


def test_it_ends_where_the_definition_ends(module):
    """Comments inside belong to it, what follows does not."""
    assert source_of(module.plain) == (
        'def plain(x):\n    """Says what it does."""\n    return x + 1  # one more\n'
    )
    assert source_of(module.Model.half) == "@staticmethod\ndef half(x):\n    return x / 2\n"


@pytest.mark.parametrize(
    ("old", "new", "find"),
    [
        ("return x + 1", "return x + 2", lambda m: m.plain),
        ("return x + 1", "return abs(x)", lambda m: m.plain),
        ("return x * k", "return x / k", lambda m: m.outer(3)),
        ("lambda r: r[1]", "lambda r: r[9]", lambda m: m.pair[1]),
        ("y=2", "y=3", lambda m: m.later),
        ("return x\n\n    @prop", "return -x\n\n    @prop", lambda m: m.Model),
        ("return 1", "return 2", lambda m: m.Model),
        ("self.value = value", "self.value = -value", lambda m: m.Model),
        ("return 7", "return 8", lambda m: m.Model),
        ("def half", "def third", lambda m: m.Model),
        ("    path: str", "    other: int = 1\n    path: str", lambda m: m.Config),
    ],
)
def test_a_file_edited_after_its_import_is_not_believed(module, write, old, new, find):
    """What the file says now is another code than the live one: a listing of that is given."""
    live = find(module)
    assert not source_of(live).startswith(UNAVAILABLE)
    assert MODULE.count(old) >= 1
    write(MODULE.replace(old, new, 1))
    assert source_of(live).startswith(UNAVAILABLE)


def test_a_name_that_leads_elsewhere_is_another_code(module, write):
    """Two functions that differ only in the global they call are told apart."""
    write("def f(x):\n    return abs(x)\n", "other")
    live = importlib.import_module("other").f
    assert "abs" in source_of(live)
    write("def f(x):\n    return len(x)\n", "other")
    text = source_of(live)
    assert text.startswith(UNAVAILABLE)
    assert "abs" in text


def test_an_edit_elsewhere_in_the_file_changes_nothing(module, write):
    """Code that moved down, and code with new comments, is still the live one."""
    before = source_of(module.Model)
    write("# a new first line\n\n\n" + MODULE.replace("return x + 1", "return x + 2"))
    assert source_of(module.Model) == before
    assert source_of(module.outer(1)).startswith("def inner(x):")
    assert source_of(module.plain).startswith(UNAVAILABLE)


@pytest.mark.parametrize(
    ("change", "find"),
    [
        (lambda m: setattr(m.plain, "__code__", (lambda x: x + 99).__code__), lambda m: m.plain),
        (lambda m: setattr(m.plain, "__defaults__", (1,)), lambda m: m.plain),
        (lambda m: setattr(m.Model, "fit", lambda self, x: -x), lambda m: m.Model),
        (lambda m: delattr(m.Model, "fit"), lambda m: m.Model),
    ],
)
def test_live_code_that_was_exchanged_is_not_told_from_its_file(module, change, find):
    """What is live counts, whoever put it there."""
    assert source_of(find(module)) in MODULE
    change(module)
    assert source_of(find(module)) not in MODULE


def test_what_was_put_into_a_class_later_is_added_to_its_text(module):
    """The text is right, and not the whole truth."""
    module.Bare.n = 11
    module.Bare.extra = "x"
    assert source_of(module.Bare) == (
        "class Bare:\n    n = 10\n    words = [\"a\"]\n# set later: n = 11\n# set later: extra = 'x'\n"
    )


def test_a_default_that_was_changed_in_place_leaves_the_text_as_it_is(write):
    """The list is another one, the text of the function is not."""
    write("def f(x, seen=[]):\n    seen.append(x)\n    return seen\n", "grows")
    live = importlib.import_module("grows").f
    live(1)
    assert source_of(live).startswith("def f(x, seen=[]):")


def test_code_without_any_text_is_listed_the_same_in_every_process():
    """No addresses, no lines, no order by chance; constants, names and steps are there."""
    script = """if True:
        from checkpoint_nb.explaining.source import source_of
        space = {}
        exec('''
def f(x, *, deep=3):
    for one in x:
        if one in {"b", "a", "c", "d"}:
            yield len(one) + 41
    g = lambda y: y * deep
    return g(x)
class C:
    n = 1
    def m(self): return "text"
''', space)
        print(source_of(space["f"]))
        print(source_of(space["C"]))
    """
    answers = [
        subprocess.run(
            [sys.executable, "-c", "\n" * lines + script],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed, lines in (("1", 0), ("2", 30))
    ]
    assert answers[0] == answers[1]
    assert answers[0].startswith(UNAVAILABLE)
    assert "0x" not in answers[0]
    for word in ("f(x, deep):", "41", "{'a', 'b', 'c', 'd'}", "code <lambda>", "to L1", "n = 1"):
        assert word in answers[0], word


def test_two_listings_differ_where_the_code_does():
    """So that a diff of them means something."""
    codes = [{}, {}]
    exec("def f(x):\n    y = x + 1\n    return y\n", codes[0])
    exec("\n\ndef f(x):\n    y = x + 2\n    return y\n", codes[1])
    one, two = (source_of(space["f"]).splitlines() for space in codes)
    assert [(a, b) for a, b in zip(one, two, strict=True) if a != b] == [
        ("    LOAD_CONST 1", "    LOAD_CONST 2")
    ]


def test_nothing_of_the_users_runs_and_nothing_is_raised():
    """Classes with a hostile metaclass, code that lies about its file, text that is no Python."""
    ran = []

    class Meta(type):
        def __getattribute__(cls, name):
            ran.append(name)
            return super().__getattribute__(name)

    class Hostile(metaclass=Meta):
        def method(self):
            return 1

    def liar(x):
        return x

    ran.clear()
    assert "method" in source_of(Hostile)
    assert ran == []
    for name in (__file__ + "\0", "", "<string>", os.devnull, sys.executable):
        liar.__code__ = liar.__code__.replace(co_filename=name)
        assert source_of(liar).startswith(UNAVAILABLE)
    assert source_of(int).startswith(UNAVAILABLE)


def test_a_warning_of_the_compiler_is_not_told_again(write, recwarn):
    """The import told it, or a compiled file kept it quiet; errors made of warnings do no harm."""
    write('PATTERN = "\\d"\ndef f(x):\n    return x is 1\n', "warns")
    live = importlib.import_module("warns").f
    recwarn.clear()
    warnings.simplefilter("error")
    assert source_of(live).startswith("def f(x):")
    assert len(recwarn) == 0


CELLS = """if True:
    import sys
    from IPython.core.interactiveshell import InteractiveShell
    from checkpoint_nb.explaining.source import source_of
    shell = InteractiveShell.instance()
    def cell(text):
        shell.run_cell(text, store_history=True).raise_error()
    cell("from __future__ import annotations\\nimport os")
    cell("x = 1\\nclass Bare:\\n    n = 10\\n")
    cell("%time y = 1\\ndef f(x: int):\\n    def g(y: int): return y\\n    return g\\n")
    cell("class Model:\\n    n = 1\\n    def fit(self):\\n        return 1\\n")
    live = shell.user_ns
    print(source_of(live["f"])); print(source_of(live["Bare"])); print(source_of(live["Model"]))
    old = live["Bare"], live["f"]
    cell("class Bare:\\n    n = 20\\n")
    cell("def f(x: int):\\n    return x\\n")
    print(source_of(live["Bare"])); print(source_of(old[0])); print(source_of(old[1]))
    cell("x = 1\\nclass Bare:\\n    n = 10\\n")
    print(source_of(live["Bare"]))
"""


def test_code_of_notebook_cells_is_found_in_every_version(tmp_path):
    """Functions and classes of cells, classes without methods, old ones beside new ones."""
    answer = subprocess.run(
        [sys.executable, "-c", CELLS],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "IPYTHONDIR": str(tmp_path)},
    ).stdout
    texts = [text.rstrip("\n") for text in answer.split("\n\n") if text.strip()]
    f = "def f(x: int):\n    def g(y: int): return y\n    return g"
    ten, twenty = "class Bare:\n    n = 10", "class Bare:\n    n = 20"
    model = "class Model:\n    n = 1\n    def fit(self):\n        return 1"
    texts[0] = texts[0][texts[0].index("def f") :]  # after what %time printed
    assert texts == [f, ten, model, twenty, ten, f, ten]


def test_two_hundred_helpers_take_a_moment(write):
    """The text of a file is compiled once, not once for each function in it."""
    bodies = "".join(f"def f{n}(x):\n    y = x + {n}\n    return y * 2\n\n\n" for n in range(200))
    write(bodies, "many")
    module = importlib.import_module("many")
    functions = [one for one in vars(module).values() if isinstance(one, types.FunctionType)]

    def clock(work):
        begun = time.perf_counter()
        work()
        return time.perf_counter() - begun

    def alone():
        source._texts.clear()
        return clock(lambda: source_of(functions[0]))

    one = min(alone() for _ in range(5))
    together = min(clock(lambda: [source_of(one) for one in functions]) for _ in range(3))
    assert len(functions) == 200
    assert not any(source_of(one).startswith(UNAVAILABLE) for one in functions)
    assert together < 50 * one
