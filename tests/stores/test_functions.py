"""Functions and instances that come back belong to the notebook they came from."""

import asyncio
import sys
import types
from concurrent.futures import ThreadPoolExecutor

import pytest

from checkpoint_nb.stores.payload import decode, encode


def awaited(coroutine):
    """Its value; in a thread of its own, for a test before may have left a loop running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


HELPERS = """
import functools
def helper(x): return x + 1
def deco(function):
    @functools.wraps(function)
    def around(*args): return function(*args)
    return around
"""


class Notebook:
    """A module that is no file in the place of ``__main__``: a notebook, or a worker's."""

    def __init__(self, monkeypatch, source=HELPERS):
        self._monkeypatch = monkeypatch
        self.restart(source)

    def restart(self, source=HELPERS):
        module = types.ModuleType("__main__")
        self.names = module.__dict__
        self._monkeypatch.setitem(sys.modules, "__main__", module)
        self.run(source)

    def run(self, source):
        exec(source, self.names)

    def restored(self, source, name="made"):
        """Run a cell in a worker; restore what it left in another kernel."""
        self.restart()
        self.run(source)
        payload = encode(self.names[name]).join()
        self.restart()
        return decode(payload)


@pytest.fixture
def notebook(monkeypatch):
    return Notebook(monkeypatch)


KINDS = {
    "lambda": ("made = lambda: helper(1)", lambda made: made()),
    "partial": (
        "made = functools.partial(lambda x: helper(x), 1)",
        lambda made: made(),
    ),
    "closure": (
        "def outer(n):\n    def inner(): return helper(n)\n    return inner\nmade = outer(1)",
        lambda made: made(),
    ),
    "in a container": ("made = {'f': [lambda: helper(1)]}", lambda made: made["f"][0]()),
    "in an instance": (
        "import types\nmade = types.SimpleNamespace(f=lambda: helper(1))",
        lambda made: made.f(),
    ),
    "method of a local class": (
        "def outer():\n    class Local:\n        def f(self): return helper(1)\n    return Local()\n"
        "made = outer()",
        lambda made: made.f(),
    ),
    "bound method": (
        "class Known:\n    def f(self): return helper(1)\nmade = Known().f",
        lambda made: made(),
    ),
    "attributes": (
        "made = lambda: made.more + helper(0)\nmade.more = 1",
        lambda made: made() if made.more == 1 else None,
    ),
    "decorated": ("@deco\ndef made(): return helper(1)", lambda made: made()),
    "decorated twice": ("made = deco(deco(lambda: helper(1)))", lambda made: made.__wrapped__()),
    "generator": ("def made(): yield helper(1)", lambda made: next(made())),
    "async": ("async def made(): return helper(1)", lambda made: awaited(made())),
    "keyword defaults": (
        "made = lambda *, by=1, more=(lambda x: x): helper(more(by))",
        lambda made: made(),
    ),
    "annotated": ("def made(x: int = 1) -> int: return helper(x)", lambda made: made()),
    "by way of another": (
        "def between(x): return helper(x)\nmade = lambda: between(1)",
        lambda made: made(),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_restored_function_sees_a_helper_defined_anew(notebook, kind):
    """Its globals are the notebook's: whatever way it is kept in."""
    source, call = KINDS[kind]
    made = notebook.restored(source)
    assert call(made) == 2
    notebook.run("def helper(x): return x + 100")
    assert call(made) == 101


def test_a_restored_function_finds_its_helper_in_a_notebook_without_it(notebook, monkeypatch):
    """What it used comes along, and takes the place of nothing that is there."""
    notebook.run("limit, scale = 1, 10\nmade = lambda x: helper(x) * scale + limit")
    payload = encode(notebook.names["made"]).join()
    notebook.restart("limit = 5")
    made = decode(payload)
    assert made(1) == 25
    assert made.__globals__ is notebook.names
    notebook.run("limit = 6")
    assert made(1) == 26


def test_a_worker_with_a_copy_of_the_names_gives_functions_of_the_notebook(notebook):
    """A function that was sent to a worker has names of its own there: they are the notebook's."""
    names = {"__name__": "__main__", "helper": notebook.names["helper"]}
    exec("made = lambda: helper(1)", names)
    payload = encode(names["made"]).join()
    notebook.run("def helper(x): return x + 100")
    assert decode(payload)() == 101


def test_a_function_with_names_of_its_own_keeps_them(notebook):
    """One made by ``exec`` in another dictionary is not the notebook's."""
    names = {"__name__": "elsewhere", "helper": lambda x: -x}
    exec("made = lambda: helper(1)", names)
    assert decode(encode(names["made"]).join())() == -1


def test_what_a_function_is_comes_back(notebook):
    """Name, documentation, defaults, annotations, attributes, what it wraps."""
    made = notebook.restored(
        "def made(x: int, /, y: 'str' = 'a', *rest: float, z: bool = True, **more) -> None:\n"
        "    'Says so.'\n"
        "made.tag = {1, 2}\n"
    )
    assert (made.__name__, made.__qualname__, made.__module__) == ("made", "made", "__main__")
    assert (made.__doc__, made.__defaults__) == ("Says so.", ("a",))
    assert (made.__kwdefaults__, made.tag) == ({"z": True}, {1, 2})
    expected = {"x": int, "y": "str", "rest": float, "z": bool, "return": None}
    assert made.__annotations__ == expected


def test_a_function_that_calls_itself_comes_back(notebook):
    """By its name in the notebook, and by a variable around it."""
    made = notebook.restored("made = lambda n: 1 if n < 2 else n * made(n - 1)")
    assert made(5) == 120
    outer = "def outer():\n    def f(n): return 1 if n < 2 else n * f(n - 1)\n    return f\n"
    made = notebook.restored(outer + "made = outer()")
    assert made(5) == 120
    assert made.__closure__[0].cell_contents is made


COUNTER = """
def counter():
    n = 0
    def more():
        nonlocal n
        n += 1
    def get(): return n
    return more, get
made = counter()
"""


def test_functions_that_share_a_variable_go_on_sharing_it(notebook):
    """One counts, the other sees it."""
    more, get = notebook.restored(COUNTER)
    more()
    more()
    assert get() == 2
    cell, more = notebook.restored(COUNTER + "made = (made[1].__closure__[0], made[0])")
    more()
    assert cell.cell_contents == 1


def test_an_empty_cell_of_a_closure_stays_empty(notebook):
    """A variable without a value is one that may get it later."""
    source = "def outer():\n    def f(): return later\n    if False: later = 1\n    return f\n"
    made = notebook.restored(source + "made = outer()")
    with pytest.raises(NameError):
        made()


CLASSES = """
import dataclasses, enum, collections, typing
T = typing.TypeVar("T")
class Outer:
    class Inner:
        class Deep: pass
@dataclasses.dataclass(frozen=True, slots=True)
class Frozen: x: int
class Slim: __slots__ = ("v",)
class Colour(enum.Enum):
    RED = 1
class Flags(enum.Flag):
    A = 1
    B = 2
Pair = collections.namedtuple("Pair", "a b")
class Typed(typing.NamedTuple): n: int
class Wrong(ValueError):
    def __init__(self, code): super().__init__(f"code {code}"); self.code = code
    def __reduce__(self): return Wrong, (self.code,)
class Box(typing.Generic[T]):
    def __init__(self, item: T): self.item = item
slim = Slim()
slim.v = [1]
made = {
    "Outer.Inner.Deep": Outer.Inner.Deep(), "Frozen": Frozen(1), "Slim": slim,
    "Colour": Colour.RED, "Flags": Flags.A | Flags.B, "Pair": Pair(1, 2), "Typed": Typed(3),
    "Wrong": Wrong(7), "Box": Box[int](5),
}
"""


@pytest.mark.parametrize("in_unit", [False, True])
def test_instances_are_of_the_classes_the_notebook_defines(notebook, in_unit):
    """Nested classes, dataclasses, enums, named tuples, errors, slots, generics."""
    notebook.restart(CLASSES)
    made = notebook.names["made"]
    payload = encode({"a": made, "b": [made]} if in_unit else made).join()
    notebook.restart(CLASSES)
    back = decode(payload)
    if in_unit:
        assert back["b"][0] is back["a"]
        back = back["a"]
    for name, thing in back.items():
        cls = notebook.names[name.split(".")[0]]
        for inner in name.split(".")[1:]:
            cls = getattr(cls, inner)
        assert type(thing) is cls, name
    assert back["Colour"] is notebook.names["Colour"].RED
    assert (back["Frozen"].x, back["Slim"].v, back["Typed"].n) == (1, [1], 3)
    assert (back["Wrong"].code, str(back["Wrong"]), back["Box"].item) == (7, "code 7", 5)


def test_a_function_makes_instances_of_the_classes_the_notebook_defines(notebook):
    """It finds the class under its name, as it finds everything else."""
    source = "class Point: pass\nmade = lambda: Point()"
    notebook.run(source)
    payload = encode(notebook.names["made"]).join()
    notebook.restart("class Point: pass")
    assert type(decode(payload)()) is notebook.names["Point"]
