"""Which names a cell reads and binds."""

from __future__ import annotations

import ast
import sys

import pytest

from checkpoint_nb.notebook.names import names_of

CASES = [
    # code, reads (those with a question mark: only maybe), binds, deletes
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
    # comprehensions
    ("[q for q in q]", "q", ""),
    ("s = {q for r in rows for q in r if q}", "rows", "s"),
    ("g = (k for q in rows)", "rows k", "g"),
    ("k = 1\ng = (k for q in rows)", "rows", "k g"),
    ("class A:\n    n = 3\n    rows = [n for _ in range(n)]", "n", "A"),
    ("class A:\n    n = 3\n    rows = [q for q in range(n)]", "", "A"),
    ("x = [[y for y in r] for r in y]", "y", "x"),
    ("[last := q for q in rows]\nlast", "rows last?", "last"),
    ("x = [q async for q in source()]", "source", "x"),
    ("[0 for x.a in rows]", "x rows", "x"),
    # functions, classes, lambdas
    ("def f():\n    x = 1\n    def g():\n        nonlocal x\n        x = 2\n    return x", "", "f"),
    ("def f():\n    def g():\n        return x\n    x = 1\n    return g", "", "f"),
    ("def f(x=x): return x", "x", "f"),
    ("def f(): return x\nx = 1", "", "f x"),
    ("def f(): return x\nf()\nx = 1", "x", "f x"),
    ("def f(): return g()\ny = map(f, rows)\ndef g(): return x", "g x rows", "f g y"),
    ("def f(): return g()\nkept.append(f)\ndef g(): return x\nx = 1", "g x kept", "f g x"),
    ("for i in rows:\n    if i: f()\n    def f(): return x\nx = 1", "rows f x", "i f x"),
    ("def f():\n    global n\n    n = 1\nf()\nn", "n?", "f n"),
    ("def f():\n    global n\n    del n\nn = 1\nf()", "", "f n", "n"),
    ("@register\ndef f(): return x\nx = 1", "register x", "f x"),
    ("@property\ndef f(): return x\nx = 1", "", "f x"),
    ("class A:\n    def m(self): return x\nx = 1", "", "A x"),
    ("class A:\n    def m(self): return x\na = A()\nx = 1", "x", "A a x"),
    ("class A(B):\n    def m(self): return x\nx = 1", "B x", "A x"),
    ("class A:\n    x = x\n    y = x", "x", "A"),
    ("class A:\n    if c:\n        x = 1\n    y = x", "c x", "A"),
    ("class A:\n    x = 1\n    def m(self): return x", "x", "A"),
    ("class A:\n    global n\n    n = k", "k", "A n"),
    ("class A:\n    def m(self): return __k", "_A__k", "A"),
    ("class A:\n    def m(self): return super().m() + __class__.n", "", "A"),
    ("class A(metaclass=M, n=k): pass", "M k", "A"),
    ("f = lambda: (y := x) + y", "x", "f"),
    ("f = lambda *a, **k: a + k", "", "f"),
    ("def f(*a: N, k: M = d): pass", "N M d", "f"),
    ("def f():\n    x: N = 1\n    return x", "", "f"),
    ("from __future__ import annotations\ndef f(a: N) -> M: pass\nx: K = 1", "", "annotations f x"),
    ("x: N", "N", ""),
    ("x.a: N = 1", "x N", "x"),
    # assignment, deletion
    ("a = b = c", "c", "a b"),
    ("a, a.x = b", "b", "a"),
    ("[a, *b], c = d", "d", "a b c"),
    ("obj.x += 1", "obj", "obj"),
    ("a.b.c[0] = 2", "a", "a"),
    ("a[i := 0] += i", "a", "a i"),
    ("f(x).y = 1", "f x", ""),
    ("lst.append(1)", "lst", ""),
    ("x = {}\nx['a'] = 1", "", "x"),
    ("del x", "x", "", "x"),
    ("del x\nx = 1", "x", "x"),
    ("x = 1\ndel x\nx", "", "", "x"),
    ("if c:\n    del x\nx", "c x", "", "x"),
    ("if c:\n    x = 1\n    del x", "c", "", "x"),
    ("del x[0]", "x", "x"),
    ("del x.a", "x", "x"),
    ("del (a, [b])", "a b", "", "a b"),
    ("if (n := f()) and (m := g(n)):\n    m", "f g", "n m"),
    ("if (n := f()) or (m := g(n)):\n    m", "f g m?", "n m"),
    ("x = a if (a := f()) else a", "f", "a x"),
    ("{(k := f()): k, 1: (v := k), v: 2}", "f", "k v"),
    ("a < (x := b) < (y := c)\ny", "a b c y?", "x y"),
    ("assert (n := f()), n\nn", "f n?", "n"),
    ("while not (x := f()):\n    pass\nx", "f", "x"),
    # imports
    ("import a.b as c", "", "c"),
    ("import a.b, a.d", "", "a"),
    ("from a import b as c, d", "", "c d"),
    ("from . import b", "", "b"),
    ("from a import *\nx", "x?", ""),
    # loops
    ("for i in rows:\n    pass\ni", "rows i?", "i"),
    ("for i in rows:\n    x = i\nelse:\n    x = 0\nx", "rows", "i x"),
    ("for i in rows:\n    if i: break\n    x = i\nelse:\n    x = 0\nx", "rows x?", "i x"),
    ("while True:\n    x = f()\n    if x: break\nx", "f", "x"),
    ("while c:\n    x = f()\nx", "c f x?", "x"),
    ("while c:\n    x = f()\nelse:\n    y = 1\ny", "c f", "x y"),
    ("for i in rows:\n    if i: continue\n    y = 1\n    y\ny", "rows y?", "i y"),
    ("for d['k'] in rows: pass", "d rows", "d"),
    ("for i in rows:\n    total = total + i", "rows total", "i total"),
    ("async for q in source:\n    last = q", "source", "q last"),
    ("if c:\n    raise E\nelse:\n    x = 1\nx", "c E", "x"),
    ("if True:\n    x = 1\nx", "", "x"),
    ("if False:\n    x = y", "", ""),
    ("if c:\n    x = 1\nelse:\n    x = 2\nx", "c", "x"),
    # with, try
    ("with open(p) as f:\n    x = f.read()\nx", "p", "f x"),
    ("with suppress(E):\n    x = f()\nx", "suppress E f x?", "x"),
    ("with timer():\n    x = f()\nx", "timer f x?", "x"),
    ("with a as (b, c.d):\n    b", "a c", "b c"),
    ("async with a as b:\n    x = await b\n", "a", "b x"),
    ("try:\n    x = f()\nexcept E:\n    pass\nx", "f E x?", "x"),
    ("try:\n    x = f()\nexcept E:\n    raise\nx", "f E", "x"),
    ("try:\n    x = f()\nexcept E:\n    x = 0\nx", "f E", "x"),
    ("try:\n    x = f()\nfinally:\n    x\nx", "f x?", "x"),
    ("try:\n    f()\nfinally:\n    x = 1\nx", "f", "x"),
    ("try:\n    f()\nexcept E as e:\n    pass\ne", "f E e?", "", "e"),
    ("e = 1\ntry:\n    f()\nexcept E as e:\n    pass\ne", "f E", "e", "e"),
    ("try:\n    f()\nexcept (A, B):\n    pass\nelse:\n    x = 1\nx", "f A B x?", "x"),
    ("try:\n    a = f()\n    b = g()\nexcept* E:\n    a", "f g E a?", "a b"),
    (
        "for i in rows:\n    try:\n        x = f()\n        break\n    finally:\n        y = 1\ny",
        "rows f y?",
        "i x y",
    ),
    # match
    (
        "match p:\n    case [a, *b]: pass\n    case {**c}: pass\n    case K(d, e=f): pass",
        "p K",
        "a b c d f",
    ),
    ("match p:\n    case A.x | A.y: z = 1\nz", "p A z?", "z"),
    ("match p:\n    case x if x > k: pass\nx", "p k", "x"),
    ("match p:\n    case [x] if f(x): y = x\n    case _: y = 0\ny", "p f", "x y"),
    ("match p:\n    case 1: y = 1\n    case _: y = 0\ny", "p", "y"),
    ("match p:\n    case 1: y = 1\ny", "p y?", "y"),
    ("match p:\n    case (1 | 2) as n: n\nn", "p n?", "n"),
    # top-level await, f-strings, builtins
    ("x = await f(y)", "f y", "x"),
    ("f'{x!r:>{w}.{p}} {y + 1=}'", "x w p y", ""),
    ("print(f'{x:%Y}')", "x", ""),
    ("list = list(x)", "list x", "list"),
    ("print(__name__)", "", ""),
    # texts that run
    ("exec('made = 5 + x')", "x", "made"),
    ("exec('made = 5 + x', {})", "", ""),
    ("exec('made = 5 + x', ns)", "ns", ""),
    ("exec('made = 5 + x', globals())", "x", "made"),
    ("y = eval('a + b', {'a': 1})", "", "y"),
    ("y = eval(' a + b')", "a b", "y"),
    ("def f(): return eval('a + b')", "a b", "f"),
    ("eval = 3\neval", "", "eval"),
    ("if 'df' not in globals():\n    df = load()\ndf", "df load", "df"),
    ("x = globals()['y']", "y", "x"),
    ("globals()['y'] = x", "x", "y"),
    ("del globals()['y']", "y", "", "y"),
    ("x = globals().get('y', d)", "y d", "x"),
    ("vars(x)", "x", ""),
    ("def f(a): return locals()", "", "f"),
    ("df.query('price > @limit')", "df limit?", ""),
    ("duckdb.sql('select a from sales')", "duckdb select? a? from? sales?", ""),
    # what IPython leaves of magics and shell lines
    ("get_ipython().run_line_magic('time', 'x = f(y)')", "f y", "x"),
    ("get_ipython().run_line_magic('timeit', '-n 10 x = f(y)')", "f y", ""),
    ("get_ipython().run_line_magic('prun', '-l 5 x = f(y)')", "f y", "x"),
    ("get_ipython().run_cell_magic('time', '', 'a = b\\nc = a\\n')", "b", "a c"),
    ("get_ipython().run_cell_magic('time', '', '%time a = b\\n!ls $d')", "b d?", "a"),
    ("get_ipython().run_cell_magic('timeit', 'a = b', 'c = a + d')", "b d", ""),
    ("get_ipython().run_cell_magic('capture', 'out', 'x = f(y)')", "f y", "out x"),
    ("get_ipython().run_cell_magic('bash', '--out text', 'echo $x')", "", "text"),
    ("get_ipython().run_cell_magic('writefile', '{path}', 'x = y')", "path?", ""),
    ("get_ipython().system('echo $x {y.z} word')", "x? y?", ""),
    ("files = get_ipython().getoutput('ls {folder}')", "folder?", "files"),
    ("get_ipython().run_line_magic('pinfo', 'x.y')", "x? y?", ""),
    ("get_ipython().run_line_magic('matplotlib', 'inline')", "", ""),
    ("if 'colab' in str(get_ipython()):\n    x = y", "y", "x"),
]


@pytest.mark.parametrize("case", CASES, ids=[case[0][:60] for case in CASES])
def test_reads_and_binds_follow_pythons_scopes(case):
    """What is used before it is bound is read; what is bound at top level and still there binds."""
    code, reads, binds, *deletes = case
    names = names_of(ast.parse(code))
    found = {*names.reads, *(f"{name}?" for name in names.may_read)}
    assert (found, set(names.binds)) == (set(reads.split()), set(binds.split()))
    if deletes:
        assert set(names.deletes) == set(deletes[0].split())


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type parameters are new in Python 3.12")
@pytest.mark.parametrize(
    ("code", "reads", "binds"),
    [
        ("def f[T: B](x: T, y: N) -> T: return T, k", "B N k", "f"),
        ("class A[T](B[T]):\n    x: T\n    def m(self) -> T: return k", "B k", "A"),
        ("class A:\n    X = int\n    def m[T](self, a: X) -> T: return X", "X", "A"),
        ("type X = list[Y]", "Y", "X"),
        ("type Tree[T] = dict[T, Tree]", "", "Tree"),
        ("f'{'nested ' + x}'", "x", ""),
    ],
)
def test_type_parameters_are_names_of_their_own(code, reads, binds):
    """A type parameter is known where it is declared only; an alias is evaluated when used."""
    names = names_of(ast.parse(code))
    assert (set(names.reads), set(names.binds)) == (set(reads.split()), set(binds.split()))


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("exec(text)", "exec"),
        ("run = eval", "eval"),
        ("exec(text, globals())", "exec"),
        ("eval('a + b', {})", ""),
        ("globals().update(x=1)", "globals"),
        ("print(locals())", "locals"),
        ("def f(): return vars()", ""),
        ("dir()", "dir"),
        ("builtins.exec(text)", "exec"),
        ("import __main__", "__main__"),
        ("sys.modules['__main__']", "sys.modules"),
        ("sys.modules[__name__]", "sys.modules"),
        ("sys.modules['numpy']", ""),
        ("inspect.currentframe().f_globals", "f_globals"),
        ("get_ipython().user_ns['x']", "user_ns get_ipython"),
        ("shell = get_ipython()", "get_ipython"),
        ("get_ipython().run_line_magic('run', 'other.py')", "%run"),
        ("get_ipython().run_line_magic('store', '-r x')", "%store"),
        ("get_ipython().run_cell_magic('sql', '', 'select x')", "%%sql"),
        ("get_ipython().run_line_magic('load_ext', 'x')", ""),
        ("get_ipython() is None", ""),
        ("df.eval(text)", ""),
    ],
)
def test_what_makes_reads_uncertain_is_named(code, what):
    """A cell that may look up any name says by what."""
    assert set(names_of(ast.parse(code)).looks_up) == set(what.split())


def test_every_word_counts_where_any_name_may_be_looked_up():
    """With ``eval`` of a text made at run time, the words of the texts in the cell may be names."""
    assert names_of(ast.parse("t = 'a + b'\neval(t)")).may_read == ("a", "b")


def test_builtins_that_are_used_are_told():
    """The notebook may have put something else in their place."""
    assert names_of(ast.parse("print(sum(x))")).builtins == ("print", "sum")


def test_definitions_deleted_again_are_none():
    """A function the cell deletes is not left for the notebook."""
    names = names_of(ast.parse("def f(): pass\ndel f"))
    assert (names.defines, names.binds, names.deletes) == ((), (), ("f",))


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
    names = names_of(ast.parse("from math import *\nfrom .near import *"))
    assert (names.star, names.stars) == (True, ("math", ".near"))
