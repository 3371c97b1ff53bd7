"""A fingerprint that is remembered equals the one that a fresh walk would give."""

import gc
import sys
import threading
import time
import weakref
from types import ModuleType

import pytest
from code_cases import CASES, CLASSES
from hypothesis import given, settings
from hypothesis import strategies as st
from live import loaded

from checkpoint_nb.errors import FingerprintError
from checkpoint_nb.fingerprint import Fingerprint, boundary, fingerprint, graphs


def walked(function: object) -> Fingerprint:
    """Return the fingerprint without anything remembered."""
    return graphs._walked(function, False, frozenset()).fingerprint()


def check(function: object) -> str:
    """Return the fingerprint's digest, which must be that of a fresh walk."""
    known, fresh = fingerprint(function), walked(function)
    assert known.digest == fresh.digest
    assert known.parts == fresh.parts
    assert set(known.codes) == set(fresh.codes)
    assert all(known.codes[label] is fresh.codes[label] for label in known.codes)
    assert known.places == fresh.places
    assert known.unseen == fresh.unseen
    return known.digest


def is_remembered(function: object) -> bool:
    """Return whether the guards of a function hold."""
    known = graphs._known.get(function, {}).get((False, frozenset()))
    return known is not None and known.guards is not None and known.guards.hold()


def run_again(text: str) -> None:
    """Run modules again over what they held before, as reload and notebooks do."""
    named = [part.split("\n", 1) for part in text.split("## ")[1:]] or [["task", text]]
    for name, source in named:
        module = sys.modules.setdefault(name, ModuleType(name))
        exec(compile(source, "<again>", "exec"), vars(module))


@pytest.mark.parametrize(
    ("before", "old", "new"),
    [pytest.param(*case[2:5], id=f"{case[0]}-{case[1].replace(' ', '-')}") for case in CASES],
)
def test_an_edit_of_live_code_is_seen(before, old, new):
    """Each edit of the specification, made to the objects a remembered fingerprint is of."""
    known = set(sys.modules)
    with loaded(before) as names:
        function = names["f"]
        check(function)
        assert is_remembered(function)
        run_again(before.replace(old, new))
        check(function)
        function.__code__ = names["f"].__code__ if not function.__closure__ else function.__code__
        check(function)
        check(names["f"])
        run_again(before)
        check(function)
    for name in set(sys.modules) - known:
        sys.modules.pop(name)


LIVE = """
import functools, math, sys, builtins, threading, enum, dataclasses, collections
import guarded_module
def g(x, by=2): return x + by
def kw(x, *, by=(1,)): return x + by[0]
def listed(x, log=[]): return log
def outer(start, more):
    k = start
    def count(): return k, more
    return count
counter = outer(15, [1])
def wrap(inner):
    @functools.wraps(inner)
    def wrapper(*args): return inner(*args)
    return wrapper
@wrap
def wrapped(x): return x
def marked(x): return marked.limit
marked.limit = 3
class Meta(type):
    def hello(cls): return 1
class Base:
    def b(self): return 1
class Other:
    def b(self): return 2
class A(Base, metaclass=Meta):
    size = 1
    shared = [1]
    def m(self): return 1
    @property
    def p(self): return 1
    @functools.cached_property
    def cp(self): return 1
    @staticmethod
    def s(): return 1
class Colour(enum.Enum):
    RED = 1
@dataclasses.dataclass
class Point:
    x: int = 1
one = A()
Row = collections.namedtuple("Row", "a", defaults=(1,))
@functools.singledispatch
def shown(x): return 1
half = functools.partial(g, 1)
@functools.lru_cache
def cached(x): return g(x)
table = {"g": g, "n": 1}
nested = {"a": [1, {"b": (1, 2)}]}
K = 1
big = "x" * 5000
def annotated(a: A, b: "Later") -> int: return a
def noted(b: "Soon"): return b
def imports():
    from guarded_module import helper
    return helper
def whole(): return getattr(guarded_module, "hel" + "per")
def f(x, n=3):
    return (g(x), kw(x), listed(x), counter(), wrapped(x), marked(x), A(), one, shown(x), half(),
            cached(x), table, nested, K, big, annotated, noted(x), imports(), whole(), Colour.RED, Point(),
            guarded_module.helper(x), guarded_module.CONST, math.sqrt(x), len(x), Row(), missing)
"""
EDITS = [
    ("g = lambda x, by=2: x - by", True),
    ("g.__code__ = (lambda x, by=2: x * by).__code__", True),
    ("g.__defaults__ = (5,)", True),
    ("g.__defaults__ = (2.0,)", True),
    ("g.__defaults__ = (True,)", True),
    ("g.__defaults__ = None", True),
    ("g.__defaults__ = ([],)", True),
    ("g.__kwdefaults__ = {'z': 1}", True),
    ("g.__dict__['__wrapped__'] = f", False),
    ("g.attribute = 1", False),
    ("g.__checkpoint_task__ = 'g'", False),
    ("kw.__kwdefaults__['by'] = (2,)", True),
    ("listed.__defaults__[0].append(1)", True),
    ("counter.__closure__[0].cell_contents = 16", True),
    ("counter.__closure__[1].cell_contents.append(2)", True),
    ("del counter.__closure__[0].cell_contents", True),
    ("wrapped.__wrapped__.__code__ = (lambda x: x + 1).__code__", True),
    ("wrapped.__closure__[0].cell_contents = g", True),
    ("marked.limit = 4", True),
    ("del marked.limit", True),
    ("A.size = 2", True),
    ("A.size = True", True),
    ("A.new = 2", True),
    ("del A.size", True),
    ("A.shared.append(2)", True),
    ("A.m = lambda self: 2", True),
    ("A.m.__code__ = (lambda self: 2).__code__", True),
    ("A.p = property(lambda self: 2)", True),
    ("A.p.fget.__code__ = (lambda self: 2).__code__", True),
    ("A.cp.func = lambda self: 2", True),
    ("A.s = staticmethod(lambda: 2)", True),
    ("A.__bases__ = (Other,)", True),
    ("Base.b = lambda self: 2", True),
    ("Meta.hello = lambda cls: 2", True),
    ("Meta.extra = 1", True),
    ("one.state = 2", True),
    ("one.__class__ = type('A', (Base,), {})", True),
    ("one = Other()", True),
    ("shown.register(int, lambda x: 2)", True),
    ("half = functools.partial(g, 2)", True),
    ("half.keywords['by'] = 3", True),
    ("half.__setstate__((g, (7,), {}, {}))", True),
    ("cached = functools.lru_cache(lambda x: 2)", True),
    ("table['g'] = f", True),
    ("table['n'] = 1.0", True),
    ("table['new'] = g", True),
    ("nested['a'][1]['b'] = (1, 3)", True),
    ("nested['a'][1]['b'] = (1, 2)", False),
    ("K = 2", True),
    ("K = True", True),
    ("K = 1.0", True),
    ("K = [1]", True),
    ("K = g", True),
    ("del K", True),
    ("big = 'x' * 5001", True),
    ("big = 'x' * 5000", False),
    ("math = types.SimpleNamespace(sqrt=1)", True),
    ("guarded_module.CONST = 2", True),
    ("guarded_module.CONST = [2]", True),
    ("guarded_module.helper = g", True),
    ("guarded_module.helper.__code__ = (lambda x: 5).__code__", True),
    ("guarded_module.public = 1", True),
    ("guarded_module._private = 1", False),
    ("del guarded_module.CONST", True),
    ("sys.modules['guarded_module'] = types.ModuleType('guarded_module')", True),
    ("sys.modules['guarded_module'] = math", True),
    ("len = g", True),
    ("missing = 1", True),
    ("missing = f", True),
    ("class Later: pass", True),
    ("class Soon: pass", True),
    ("kw.__kwdefaults__ = {'other': (1,)}", True),
    ("A.__name__ = 'Z'", True),
    ("annotated.__annotations__['a'] = Base", True),
    ("class A(Base, metaclass=Meta): pass", True),
    ("Colour.RED._value_ = 2", True),
    ("Point.__dataclass_fields__['x'].default = 2", True),
    ("Point.__init__.__defaults__ = (2,)", True),
    ("Row.__new__.__defaults__ = (2,)", True),
    ("f.__code__ = g.__code__", True),
    ("f.__defaults__ = (4,)", True),
    ("f.__wrapped__ = g", False),
    ("__name__ = 'json'", True),
]
HERE = {"guarded_module": "CONST = 1\ndef helper(x): return x\n"}


def live_names(text: str) -> str:
    return "## guarded_module\n" + HERE["guarded_module"] + "## task\nimport types\n" + text


@pytest.mark.parametrize(("edit", "changes"), EDITS, ids=[edit for edit, _ in EDITS])
def test_a_change_in_place_is_seen(edit, changes):
    """Whatever way a live object is changed, a remembered fingerprint is that of a fresh walk."""
    with loaded(live_names(LIVE)) as names:
        before = check(names["f"])
        assert is_remembered(names["f"])
        exec(edit, names)
        assert (check(names["f"]) != before) == changes
        check(names["f"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([edit for edit, _ in EDITS]), min_size=2, max_size=6))
def test_changes_one_after_the_other_are_seen(edits):
    """After any sequence of changes, some of which do not fit any more, nothing old is told."""
    with loaded(live_names(LIVE)) as names:
        check(names["f"])
        for edit in edits:
            try:
                exec(edit, names)
            except (AttributeError, TypeError, KeyError, NameError, ValueError):
                continue
            try:
                fresh = walked(names["f"]).digest
            except FingerprintError:
                with pytest.raises(FingerprintError):
                    fingerprint(names["f"])
            else:
                assert fingerprint(names["f"]).digest == fresh


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_random_values_in_random_places_are_seen(data):
    """Any plain value put anywhere counts exactly as in a fresh walk."""
    leaves = st.one_of(
        st.none(), st.booleans(), st.integers(0, 3), st.sampled_from([0.0, -0.0, 1.0, "a", b"a"])
    )
    values = st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.tuples(inner)
            | st.dictionaries(leaves, inner, max_size=2)
        ),
        max_leaves=4,
    )
    with loaded(live_names(LIVE)) as names:
        function = names["f"]
        places = {
            "global": lambda value: names.__setitem__("K", value),
            "default": lambda value: setattr(names["g"], "__defaults__", (value,)),
            "cell": lambda value: setattr(names["counter"].__closure__[0], "cell_contents", value),
            "class": lambda value: setattr(names["A"], "size", value),
            "instance": lambda value: setattr(names["one"], "state", value),
            "module": lambda value: setattr(sys.modules["guarded_module"], "CONST", value),
            "item": lambda value: names["table"].__setitem__("n", value),
            "attribute": lambda value: setattr(names["marked"], "limit", value),
            "deep": lambda value: names["nested"]["a"].append(value),
        }
        for _ in range(4):
            places[data.draw(st.sampled_from(sorted(places)))](data.draw(values))
            assert fingerprint(function).digest == walked(function).digest
            assert fingerprint(function).digest == walked(function).digest


def test_a_builtin_replaced_is_seen(monkeypatch):
    """Builtins can be changed under everybody."""
    with loaded("def g(x): return hash(x)\ndef f(x): return g(x)") as names:
        before = check(names["f"])
        monkeypatch.setattr("builtins.hash", lambda x: 1)
        assert check(names["f"]) != before
        names["__builtins__"] = {"hash": len}
        check(names["f"])


def test_code_that_becomes_an_installed_packages_is_seen(monkeypatch):
    """Whose code it is decides whether it counts by content."""
    monkeypatch.setattr(boundary, "_known", {})
    with loaded("def g(x): return x\ndef f(x): return g(x)") as names:
        before = check(names["f"])
        sys.modules["task"].__file__ = "/somewhere/site-packages/task.py"
        assert check(names["f"]) != before


def test_code_that_reads_its_own_name_is_watched_too(monkeypatch):
    """Whose code it is counts also where the name that tells it is used as a value."""
    monkeypatch.setattr(boundary, "_known", {})
    with loaded("def f(x): return x, __name__") as names:
        before = check(names["f"])
        assert is_remembered(names["f"])
        sys.modules["task"].__file__ = "/somewhere/site-packages/task.py"
        assert check(names["f"]) != before


def test_a_task_that_is_built_counts_by_name_when_remembered():
    """What is ignored and what is only called by name stay so."""
    text = """
class Task:
    def __init__(self, function):
        self.__wrapped__ = function
        self.__checkpoint_task__ = function.__name__
def clean(x): return x
clean = Task(clean)
skip = [1]
def f(): return clean, skip
"""
    with loaded(text) as names:
        plain = fingerprint(names["f"]).digest
        built = fingerprint(names["f"], builds=True, ignore=frozenset({"skip"}))
        names["skip"].append(2)
        assert fingerprint(names["f"]).digest != plain
        names["clean"].__wrapped__.__code__ = (lambda x: 2).__code__
        again = fingerprint(names["f"], builds=True, ignore=frozenset({"skip"}))
        assert again == built
        names["clean"].__checkpoint_task__ = "tidy"
        assert fingerprint(names["f"], builds=True, ignore=frozenset({"skip"})) != built


def test_a_class_that_looks_the_same_but_is_another_is_seen():
    """Defined again unchanged it hits; used in another place it does not."""
    with loaded(CLASSES) as names:
        before = check(names["f"])
        run_again(CLASSES)
        check(names["f"])
        assert fingerprint(sys.modules["task"].f).digest == before


def test_nothing_of_the_user_is_kept_alive():
    """A big global that is rebound, a helper that is replaced and the function itself can go."""
    with loaded(
        "class Big: pass\nbig = Big()\ndef make():\n    own = Big()\n    return lambda: own\n"
        "helper = make()\ndef f(): return big, helper, f"
    ) as names:
        kept = fingerprint(names["f"]).parts
        gone = [weakref.ref(names[name]) for name in ("big", "helper")]
        gone.append(weakref.ref(names["helper"].__closure__[0].cell_contents))
        names["big"], names["helper"] = None, None
        gc.collect()
        assert [one() for one in gone] == [None, None, None]
        assert kept != fingerprint(names["f"]).parts
        root = weakref.ref(names["f"])
        names.clear()
        gc.collect()
        assert root() is None


def test_code_that_took_the_place_of_dead_code_is_not_taken_for_it():
    """An object that is made where another one was is not the other one."""
    with loaded("def g(): return 0\ndef f(): return g()") as names:
        seen = {}
        for turn in range(200):
            exec(f"def g(): return {turn % 7}", names)
            digest = fingerprint(names["f"]).digest
            assert seen.setdefault(turn % 7, digest) == digest
        assert len(set(seen.values())) == 7


def test_functions_that_wrap_each_other_end():
    """A ring of __wrapped__ is no reason to look for its end for ever."""
    with loaded("def g(x): return x\ndef f(x): return g(x)") as names:
        names["f"].__wrapped__, names["g"].__wrapped__ = names["g"], names["f"]
        check(names["f"])
        names["f"].__checkpoint_task__ = names["g"].__checkpoint_task__ = "f"
        assert fingerprint(names["f"]).digest


def test_threads_see_what_is_true():
    """Several threads ask while one changes: what they get was true at some time."""
    with loaded("K = 0\ndef g(x): return K\ndef f(x): return g(x)") as names:
        true = set()
        for value in (0, 1):
            names["K"] = value
            true.add(walked(names["f"]).digest)
        seen, stop = set(), threading.Event()

        def ask():
            while not stop.is_set():
                seen.add(fingerprint(names["f"]).digest)

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for one in threads:
            one.start()
        for turn in range(2000):
            names["K"] = turn % 2
        stop.set()
        for one in threads:
            one.join()
        assert seen <= true
        for value in (0, 1, 0):
            names["K"] = value
            check(names["f"])


def many(count: int) -> str:
    """Return a text with a chain of helpers."""
    helpers = [
        f"def h{i}(x):\n    y = x + {i}\n    return h{i + 1}(y) + K * math.sqrt(2.0)"
        for i in range(count)
    ]
    return "\n".join(
        ["import math\nK = 3", *helpers, f"def h{count}(x): return x\ndef f(x): return h0(x)"]
    )


def test_asking_again_is_much_quicker_than_walking():
    """Two hundred helpers that did not change cost a fraction of a walk."""
    with loaded(many(200)) as names:
        function = names["f"]
        fingerprint(function)
        known = min(_time(fingerprint, function) for _ in range(20))
        walk = min(_time(walked, function) for _ in range(5))
        assert walk > 10 * known
        names["h100"].__code__ = (lambda x: 5).__code__
        check(function)


def _time(function, argument):
    start = time.perf_counter()
    function(argument)
    return time.perf_counter() - start
