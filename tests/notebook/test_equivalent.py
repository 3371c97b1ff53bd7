"""What a cell does beside binding names is there after it, checkpointed or plain."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.notebook.kernels import Notebook, opened

pytestmark = pytest.mark.slow

CASES = {
    "the default of a function that a call changed": (
        "def push(item, to=[]):\n    to.append(item)\n    return to\npush(1)",
        "kept = push(2)",
        "kept, kept is push.__defaults__[0]",
    ),
    "an attribute of a class that its methods change": (
        "class Made:\n    n = 0\n    def __init__(self):\n        Made.n += 1\nmade = [Made()]",
        "made.append(Made())",
        "Made.n, isinstance(made[0], Made), len(made)",
    ),
    "an attribute of a function, changed behind a decorator": (
        "def timed(f):\n    def inner(x):\n        inner.calls += 1\n        return f(x)\n"
        "    inner.calls = 0\n    return inner\n@timed\ndef cube(x): return x ** 3",
        "cubes = [cube(n) for n in range(4)]",
        "calls = cube.calls",
        "cube.calls, calls",
    ),
    "a name that a function closes over": (
        "def counter():\n    n = 0\n    def tick():\n        nonlocal n\n        n += 1\n"
        "        return n\n    return tick\ntick = counter()\ntick()",
        "tick()",
        "tick()",
    ),
    "a method put into a class": (
        "class Item:\n    pass\nitem = Item()",
        "Item.__repr__ = lambda self: 'an item'\nitem",
        "repr(item)",
    ),
    "what a base class does about classes made of it": (
        "class Shape:\n    known = []\n    def __init_subclass__(cls):\n"
        "        Shape.known.append(cls.__name__)",
        "class Square(Shape):\n    pass",
        "square = Square()\nknown = list(Shape.known)",
        "known, Shape.known, isinstance(square, Shape)",
    ),
    "a default that the cell itself makes": (
        "at = [5]\ndef first(x=at): return x[0]",
        "first(), first.__defaults__[0] is at",
    ),
    "what a cell had done when it raised": (
        "done = []",
        "done.append(1)\npart = 2\ndef half(): return part / 2\n1 / 0\nnever = 3",
        "done, part, half(), 'never' in globals()",
    ),
    "an exception of a class of the notebook": (
        "class Odd(Exception):\n    def __str__(self): return 'odd'",
        "raise Odd",
        "Odd.__str__.__globals__ is globals()",
    ),
    "a result that is changed afterwards": (
        "numbers = [5, 3]\nalias = numbers\nnumbers",
        "alias.sort()\nnumbers",
        "[one is numbers for one in (*Out.values(),)[-2:]], numbers is alias",
    ),
    "the value of the last line": ("6 * 7", "_ + 1, _"),
    "what __future__ switched on in a cell before": (
        "from __future__ import annotations\nk = 1",
        "def noted(x: nowhere): return x\nnoted(1)",
        "noted.__annotations__",
    ),
    "a folder put on the path in the cell that imports from it": (
        "import sys, pathlib\npathlib.Path('more').mkdir(exist_ok=True)\n"
        "pathlib.Path('more/extra_one.py').write_text('ONE = 1')\n"
        "sys.path.append('more')\nfrom extra_one import ONE",
        "ONE, sys.path[-1]",
    ),
    "a generator that one cell goes on with after another": (
        "numbers = (n for n in range(5))\nfirst = next(numbers)",
        "rest = list(numbers)",
        "first, rest, list(numbers)",
    ),
}


@pytest.fixture(scope="module")
def plainly(tmp_path_factory):
    """A notebook that runs every cell plainly."""
    with opened(tmp_path_factory.mktemp("plain") / "notebook") as notebook:
        yield notebook


@pytest.fixture(scope="module")
def checkpointed(tmp_path_factory):
    """A notebook that checkpoints every cell but the last of each case."""
    with opened(tmp_path_factory.mktemp("checkpointed") / "notebook") as notebook:
        yield notebook


def run(notebook: Notebook, cells: tuple[str, ...], magic: str, case: str) -> str:
    *before, last = cells
    for number, cell in enumerate(before):
        notebook.run(f"{magic}{cell}", f"{case} {number}")
    answer = notebook.run(last)
    assert answer.result is not None, answer.traceback
    return answer.result["text/plain"]


@pytest.mark.parametrize("case", CASES)
def test_it_is_there_as_after_plain_cells(case, plainly, checkpointed):
    """The expression in a plain cell after the others gives what it gives without checkpoints."""
    ours = run(checkpointed, CASES[case], "%%checkpoint\n", case)
    assert ours == run(plainly, CASES[case], "", case)


def test_it_is_there_too_when_the_cells_are_restored(tmp_path: Path):
    """In a new kernel nothing but the store knows what the cells did, and it is enough."""
    cases = [case for case in CASES if "raise" not in case and "generator" not in case]
    found = []
    with opened(tmp_path / "notebook") as notebook:
        for _ in range(2):
            found.append([run(notebook, CASES[one], "%%checkpoint\n", one) for one in cases])
            notebook.restart()
    assert found[0] == found[1]
