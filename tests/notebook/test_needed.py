"""Which names a plain cell may touch, also by the functions it calls."""

from __future__ import annotations

import functools
import timeit

import pytest

from checkpoint_nb import checkpoint
from checkpoint_nb.notebook.needed import names_needed

NOTEBOOK = """
import functools
k, w, model, rows, text = 2, 3, 4, [1, 2], "k"
def area(r): return r * k
def outer(r): return area(r) + w
def inside():
    def deep(): return model
    return deep()
def computed(): return eval(text)
class Shape:
    size = property(lambda self: area(1))
    @staticmethod
    def make(): return w
class Round(Shape): pass
class Plain:
    def __init__(self, f): self.f = f
shape, plain = Round(), Plain(area)
half = functools.partial(area, 1)
cached = functools.lru_cache(area)
table = {"area": area, "other": [outer]}
method = shape.make
def closed(f): return lambda x: f(x)
through = closed(area)
def slowly():
    yield model
going = slowly()
def default(f=area): return f
def writes():
    global w
    w = 1
"""


@pytest.fixture
def notebook():
    names = {"__name__": "notebook"}
    exec(NOTEBOOK, names)
    return names


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("x = 1", ""),
        ("total = area(3)", "area k"),
        ("outer(1)", "outer area k w"),
        ("inside()", "inside model"),
        ("shape.size", "shape area k w"),
        ("Round()", "Round area k w"),
        ("plain", "plain k"),
        ("half()", "half k"),
        ("cached(1)", "cached k"),
        ("table['area'](1)", "table k area w"),
        ("method()", "method w"),
        ("through(1)", "through k"),
        ("list(going)", "going model"),
        ("default()", "default k"),
        ("writes()", "writes w"),
        ("k += 1", "k"),
        ("del k", "k"),
        ("k = 5", ""),
        ("missing.x", "missing"),
        ("def f(): return area(1)", "area k"),
        ("rows.append(1)", "rows"),
        ("get_ipython().run_line_magic('time', 'x = half(1)')", "half k"),
        ("get_ipython().system('echo $k')", "k"),
        ("exec('x = k')", "k"),
        ("x = = 3", ""),
    ],
)
def test_what_a_cell_may_touch_is_followed_through_what_it_calls(notebook, source, names):
    """Functions, methods, wrappers, containers, attributes and closures lead to more names."""
    assert names_needed(source, notebook) == frozenset(names.split())


@pytest.mark.parametrize(
    "source",
    [
        "exec(text)",
        "eval(text)",
        "globals()",
        "locals()",
        "computed()",
        "get_ipython().run_line_magic('run', 'script.py')",
        "get_ipython().run_line_magic('who', '')",
        "get_ipython().run_line_magic('store', 'k')",
        "get_ipython().run_cell_magic('unknown', '', 'k')",
        "get_ipython().user_ns",
    ],
)
def test_a_cell_that_looks_names_up_may_touch_anything(notebook, source):
    """Where the names are made when the cell runs, no name is left out."""
    assert names_needed(source, notebook) is None


@pytest.mark.parametrize("magic", ["matplotlib", "load_ext", "cd", "pip", "checkpoint"])
def test_known_magics_touch_nothing(notebook, magic):
    """A magic that sets something up waits for nobody."""
    source = f"get_ipython().run_line_magic({magic!r}, 'k')"
    assert names_needed(source, notebook) == frozenset()


def test_a_task_leads_to_what_its_function_reads(notebook):
    """A decorated function of the notebook is followed, and so is a call of it."""
    notebook["task"] = checkpoint(notebook["area"])
    notebook["one"] = notebook["task"](1)
    assert names_needed("task(2)", notebook) >= {"task", "k"}
    assert names_needed("one.run()", notebook) >= {"one", "k"}


def test_a_builtin_that_the_notebook_replaced_is_a_name_like_any_other(notebook):
    """``sum`` counts where the notebook has one of its own."""
    assert names_needed("sum([1])", notebook) == frozenset()
    notebook["sum"] = notebook["area"]
    assert names_needed("sum([1])", notebook) == {"sum", "k"}


def test_functions_of_other_modules_lead_nowhere(notebook):
    """Names that a library looks up are its own."""
    notebook["reduce"] = functools.wraps(functools.reduce)(lambda *_: timeit.default_timer())
    assert names_needed("reduce()", notebook) == {"reduce"}


def test_data_is_not_searched(notebook):
    """A cell that reads a million numbers takes about as long as one that reads a few."""
    notebook["few"], notebook["many"] = [1.0], [1.0] * 1_000_000
    few, many = (
        min(timeit.repeat(lambda: names_needed(f"sum({name})", notebook), number=20, repeat=5))
        for name in ("few", "many")
    )
    assert many < 5 * few
