"""The table of code edits, made to run: what is called, and texts that show what they do.

The table was written to be looked at; here its texts are executed. Where a text could not run, or
would give the same value before and after an edit, a line of it is replaced by one that shows more.
The edits themselves, and what is expected of them, are the table's own.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from code_cases import CALLS, CASES, CLASSES, CONSTANTS, SIMPLE, H, M

Lines = tuple[tuple[str, str], ...]

SHOWING: dict[str, Lines] = {
    CLASSES: (
        ("    a = A() + A()\n", "    a, b = A() + A(), A()\n"),
        (
            "    return a.m(), many, one, Point(), Colour.RED, Row(), slim, Made()\n",
            "    methods = b.m(), b.inherited(), b.supered(), b.collaborate(), b.s(), b.c(), b()\n"
            "    state = b.a, b.size, b.p, b.cp, one.a, many[0].m(), slim.v, Made() == 86\n"
            "    return a, methods, state, Point(), Colour.RED.value, Colour.RED.shade(), Row()\n",
        ),
    ),
    CALLS: (
        (
            "        def wrapper(*args):\n            return inner(*args) + by",
            "        def wrapper(*args, **named):\n"
            "            return partial(inner, **named)(*args) + by",
        ),
        ("    return n == 0 or odd(n - 1)", "    return n if n <= 0 else odd(n - 1)"),
        ("    return n != 0 and even(n - 63)", "    return n if n <= 0 else even(n - 63)"),
        ("first(x) + second(x) + get(x)\n", "first(x) * 3 + second(x) + get(x) + shown\n"),
        ("    more(x)\n", "    shown = sum(repr(more(x)).encode())\n"),
        ("    made()\n", "    shown += made() + own.x + sum(values) + nested(1)\n"),
        ("    dispatched(x)\n", "    shown += dispatched(x)\n"),
        ("    asyncio.run(later())\n", "    shown += asyncio.run(later())\n"),
        (
            "    return word, ring, gen(), even(4), chosen(x), counter()\n",
            "    try:\n"
            "        picked = chosen(x)\n"
            "    except TypeError:\n"
            "        picked = None\n"
            "    held = counter.__closure__ and counter.__closure__[0].cell_contents\n"
            "    return word, ring, list(gen()), even(4), picked, held\n",
        ),
    ),
}
"""Lines of a text that are replaced so that it runs and its value shows the edits."""

APART: dict[int, Lines] = {
    42: (("@lru_cache\n", ""),),
    75: (
        ("@singledispatch\n", ""),
        ("@dispatched.register\ndef _(x: int):\n    return 75\n", ""),
    ),
}
"""Lines that only their own case keeps, so that what is wrong with them hides nothing else."""

WHOLE: dict[str, str] = {
    # A name inside a checkpointed function that means the function itself means its task.
    "def f(n):\n    return n and f(n - 1)": "def r(n):\n    return n and r(n - 1)\ndef f(n): return n, r(n)",
}
"""Texts that are replaced whole."""

MORE = [
    (9, "global of the task itself", "K = 1\ndef f(): return K", "K = 1", "K = 2", M),
    (10, "global read only by a helper", SIMPLE, "K = 10", "K = 11", M),
    (16, "closure over another function", "def make(g):\n    return lambda x: g(x)\ndef one(x): return 1\n"
     "made = make(one)\ndef f(): return made(1)", "return 1\n", "return 2\n", M),
    (21, "method reached through a list of instances",
     "class A:\n    def m(self): return 1\nmany = [A()]\ndef f(): return [a.m() for a in many]",
     "return 1\n", "return 2\n", M),
    (44, "helper used only in a nested def",
     "def h(): return 1\ndef f():\n    def nested():\n        return h()\n    return nested()",
     "return 1\n", "return 2\n", M),
    (69, "method of a global instance",
     "class A:\n    def m(self): return 1\na = A()\ndef f(): return a.m()", "return 1\n", "return 2\n", M),
    (80, "global array", "import numpy as np\na = np.zeros(3)\ndef f(): return a + 1", "zeros(3)", "ones(3)", M),
    (81, "another block layout of a global frame",
     "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2], 'b': [3, 4]})\ndef f(): return df",
     "'b': [3, 4]})", "}).assign(b=[3, 4])", H),
    (95, "unrelated method of a used class",
     "class A:\n    def m(self): return 1\n    def n(self): return 2\ndef f(): return A().m()",
     "return 2", "return 3", M),
]  # fmt: skip
"""Rows of the specification that the table has elsewhere than in its rows."""

PACKAGE = ('from sys import modules\nsub = modules["pkg.sub"]', "from . import sub")
"""A package in files can import its own part; one made in memory could not."""

CALLED: dict[str, str] = {
    "def f(n):\n    return n and f(n - 1)": "4",
    CALLS: "-3",
    CONSTANTS: "46",
    "g = abs\ndef f(x): return g(x)": "-2.5",
    "class A:\n    def m(self): return 1\ndef f(a: A): return a.m()": "A()",
    "def g(n):\n    return n and g(n)\nf = g": "0",
}
"""With what ``f`` is called, where the arguments made from its signature do not do."""


@dataclass(frozen=True)
class Case:
    """One row of the table, ready to run."""

    number: int
    title: str
    before: str
    after: str
    expected: str
    called: str

    @property
    def id(self) -> str:
        """As pytest names it."""
        return f"{self.number}-{self.title.replace(' ', '-').replace('/', '-')}"

    @property
    def hits(self) -> bool:
        """Whether the edit must be a hit."""
        return self.expected == H


def all_cases() -> list[Case]:
    """Return every row of the table as a case, with different names."""
    cases: list[Case] = []
    for number, title, before, old, new, expected in [*CASES, *MORE]:
        text = _showing(before, number)
        assert old in text, f"the edit of {number} {title} is gone from its text"
        called = CALLED.get(before) or arguments(text)
        same = sum(one.title.split(" #")[0] == title and one.number == number for one in cases)
        name = f"{title} #{same + 1}" if same else title
        cases.append(Case(number, name, text, text.replace(old, new), expected, called))
    return cases


def _showing(text: str, number: int) -> str:
    shown = WHOLE.get(text, text).replace(*PACKAGE)
    for old, new in SHOWING.get(text, ()):
        assert old in shown, f"{old!r} is gone from the text it was written for"
        shown = shown.replace(old, new)
    if text == CALLS:
        apart = [lines for other, lines in APART.items() if other != number]
        for old, new in (line for lines in apart for line in lines):
            assert old in shown, f"{old!r} is gone from the text it was written for"
            shown = shown.replace(old, new)
    return shown


def arguments(text: str) -> str:
    """Return arguments for ``f``: other numbers by place, and by name where only names do."""
    task = text.split("## ")[-1].split("\n", 1)[1] if text.startswith(("## ", "\n## ")) else text
    defined = {
        node.name: node for node in ast.parse(task).body if isinstance(node, ast.FunctionDef)
    }
    if "f" not in defined:
        return "3"
    spec = defined["f"].args
    required = len(spec.args) - len(spec.defaults)
    places = [str(number) for number in (3, 5, 7, 11)[:required]]
    names = sorted(
        a.arg for a, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if d is None
    )
    return ", ".join(places + [f"{name}={n}" for name, n in zip(names, (13, 17, 19), strict=False)])
