"""Which names a cell reads and binds."""

from __future__ import annotations

import ast

import pytest

from checkpoint_nb.notebook.names import names_of

CASES = [
    # code, reads, binds
    ("total = sum(x * k for x in rows)", "rows k", "total"),
    ("df = clean(df)", "clean df", "df"),
    ("n += 1", "n", "n"),
    ("x[0] = 1", "x", "x"),
    ("cfg.size = 3", "cfg", "cfg"),
    ("a, (b, *c) = pair", "pair", "a b c"),
    ("for i in items:\n    last = i", "items", "i last"),
    ("import numpy as np\nX = np.ones(n)", "n", "np X"),
    ("import os.path\np = os.path.join(a, 'b')", "a", "os p"),
    ("from math import pi as P\ny = P * r", "r", "P y"),
    ("def f(a, b=c):\n    return [q for q in X if q > w + a]", "c X w", "f"),
    ("def f():\n    return g()\ndef g():\n    return 1", "", "f g"),
    ("def f():\n    return g()\nresult = f()", "g", "f result"),
    ("def f():\n    global count\n    count = base", "base", "count f"),
    ("class A(B):\n    y = 3\n    def m(self):\n        return y2 + self.y", "B y2", "A"),
    ("h = lambda v=d: v + k", "d k", "h"),
    ("s = f'{a:{w}} {b!r}'", "a w b", "s"),
    ("if (n := size()) > 1:\n    big = n", "size", "n big"),
    ("found = [y := q for q in rows]", "rows", "found y"),
    ("with open(path) as f:\n    text = f.read()", "path", "f text"),
    ("try:\n    a = risky()\nexcept Bad as e:\n    a = e", "risky Bad", "a"),
    ("x = 1\ndel x", "", ""),
    ("match p:\n    case {'k': v, **rest}:\n        u = v", "p", "v rest u"),
    ("match p:\n    case Point(x=0):\n        u = 1", "p Point", "u"),
    ("async def f():\n    await x\nresult = await f()", "x", "f result"),
    ("@decorate(level)\ndef f(): pass", "decorate level", "f"),
    ("def f(a: Note, *b: More) -> Other: pass", "Note More Other", "f"),
    ("scaled = [x * k for x in rows if x > low]", "rows k low", "scaled"),
    ("pairs = {a: b + c for a, b in rows}", "rows c", "pairs"),
    ("nested = [[x + y for y in inner(x)] for x in rows]", "rows inner", "nested"),
    ("class A:\n    def f(self, x) -> k:\n        return [q for q in x if q > z]", "k z", "A"),
    ("print(len(rows))", "rows", ""),
    ("sum = 3\nsum + 1", "", "sum"),
    ("sum + k", "k", ""),
    ("data['a'].values[:] = v", "v data", "data"),
    ("x: int = y", "y", "x"),
    ("print(g)\ng = 1", "g", "g"),
]


@pytest.mark.parametrize(("code", "reads", "binds"), CASES, ids=[case[0][:40] for case in CASES])
def test_reads_and_binds_follow_pythons_scopes(code, reads, binds):
    """What is used before it is bound is read; what is bound at top level and still there binds."""
    names = names_of(ast.parse(code))
    assert (set(names.reads), set(names.binds)) == (set(reads.split()), set(binds.split()))


def test_a_name_bound_on_one_path_only_may_be_read():
    """After an if, a name bound in one branch may still be the one from before."""
    names = names_of(ast.parse("if flag:\n    x = 1\ny = x"))
    assert (names.reads, names.may_read) == (("flag",), ("x",))


def test_definitions_are_no_results():
    """Functions, classes and imports belong to the notebook; the rest of what is bound is kept."""
    names = names_of(ast.parse("import os\ndef f(): pass\nclass A: pass\nx = 1\n_private = 2"))
    assert set(names.defines) == {"os", "f", "A"}
    assert names.outputs == ("x",)


def test_a_function_rebound_to_a_value_is_a_result():
    """``f = cache(f)`` makes the name a value like any other."""
    assert names_of(ast.parse("def f(): pass\nf = wrap(f)")).outputs == ("f",)


def test_star_imports_are_told():
    """What ``import *`` binds cannot be told from the text, and the cell says so."""
    assert names_of(ast.parse("from math import *")).star
