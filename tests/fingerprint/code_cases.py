"""Edits of code: number in the specification, what is done, the text, the edit, hit or miss.

A text may hold several modules, each below a line ``## name``; the task ``f`` is in the last one.
"""

H, M = "hit", "miss"

SIMPLE = '''
K = 10
def deep(x):
    return x + 5
def helper(x, by=2):
    return deep(x) * by + K
def other():
    return "other"
def f(a, n=3):
    """Doc."""
    total = helper(a) + n + 1
    return total
'''

CLASSES = """
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import NamedTuple
class Meta(type):
    def __call__(cls, *args):
        return super().__call__(*args)
class Part:
    def m(self):
        return 70
class Base:
    def inherited(self):
        return 19
    def supered(self):
        return 76
class A(Base):
    size = 20
    def __init__(self, a=18):
        self.a = a
        self.part = Part()
    def m(self):
        return 17
    @property
    def p(self):
        return 22
    @cached_property
    def cp(self):
        return 222
    @staticmethod
    def s():
        return 220
    @classmethod
    def c(cls):
        return 221
    def __add__(self, other):
        return 23
    def __call__(self):
        return 71
    def supered(self):
        return super().supered()
    def collaborate(self):
        return self.part.m()
@dataclass
class Point:
    x: int = 24
class Colour(Enum):
    RED = 25
    def shade(self):
        return 250
class Row(NamedTuple):
    n: int = 84
class Slim:
    __slots__ = ("v",)
    def __init__(self):
        self.v = 85
class Made(metaclass=Meta):
    pass
many = [A()]
one = A(700)
slim = Slim()
def f():
    a = A() + A()
    return a.m(), many, one, Point(), Colour.RED, Row(), slim, Made()
"""

MODULES = """
## things
import math
CONST = 27
def g(x):
    return x + 26
def unrelated():
    return 94
## pkg
from sys import modules
sub = modules["pkg.sub"]
## task
import things, pkg
from math import sin as trig
def f(x):
    return things.g(x) + things.CONST + pkg.sub.h(x) + trig(x)
"""
MODULES = MODULES.replace("## pkg\n", "## pkg.sub\ndef h(x):\n    return x + 28\n## pkg\n")

LOCAL_IMPORT = """
## mod
def h(x):
    return x + 29
def g(x):
    return x + 94
## task
def f(x):
    from mod import h
    return h(x)
"""

BY_GETATTR = LOCAL_IMPORT.replace("from mod import h", 'import mod; h = getattr(mod, "h")')
STARRED = LOCAL_IMPORT.replace("def f(x):\n    from mod import h", "from mod import *\ndef f(x):")

CALLS = """
import re, operator, threading, logging, asyncio
from functools import partial, lru_cache, wraps, singledispatch
def deco(by):
    def decorate(inner):
        @wraps(inner)
        def wrapper(*args):
            return inner(*args) + by
        return wrapper
    return decorate
def bare(inner):
    def wrapper(*args):
        return inner(*args) + 41
    return wrapper
def inner(a, b):
    return a + b + 34
half = partial(inner, 33)
@lru_cache
def cached(x):
    return x + 42
@singledispatch
def dispatched(x):
    return 750
@dispatched.register
def _(x: int):
    return 75
@bare
def decorated(x):
    return x + 400
def one(x):
    return x + 32
table = {"one": one}
first, second = lambda x: x + 35, lambda x: x + 36
get = operator.attrgetter("real")
word = re.compile("a+", re.I)
items = [11]
ring = [82]
ring.append(ring)
log = logging.getLogger("cases")
lock = threading.Lock()
own = threading.local()
local_class = None
def nested_only(x):
    return x + 43
def gen():
    yield 83
async def later():
    return 68
def even(n):
    return n == 0 or odd(n - 1)
def odd(n):
    return n != 0 and even(n - 63)
def chosen(x):
    return abs(x)
exec("def made():\\n    return 87")
def outer(start):
    k = start
    def count():
        nonlocal k
        k += 1
        return k
    return count
counter = outer(15)
@deco(39)
def f(x, *, low=1, high=2):
    "Doc."
    log.info("x")
    with lock:
        own.x = 1
    def nested(y):
        return nested_only(y)
    values = [nested_only(i) for i in items]
    made()
    dispatched(x)
    asyncio.run(later())
    assert x, "message 96"
    return half(1) + cached(2) + decorated(3) + table["one"](x) + first(x) + second(x) + get(x)
def more(x):
    return word, ring, gen(), even(4), chosen(x), counter()
f.__wrapped__.__globals__["keep"] = more
"""
CALLS = CALLS.replace('    "Doc."', '    "Doc."\n    more(x)')

CONSTANTS = """
def g(*args):
    return args
def f(x):
    try:
        y = 48 + 3.5
    except ValueError:
        y = {"a", "b"}
    match x:
        case 46:
            y = 0.0
    return g("ab", "c"), f"{x} text", 1 + 2, x in {"p", "q", "r"}, y
"""

CASES = [
    (1, "body constant", SIMPLE, "n + 1", "n + 2", M),
    (2, "comment added", SIMPLE, "    return total", "    # why\n    return total", H),
    (3, "docstring changed", SIMPLE, "Doc.", "Other.", H),
    (3, "docstring removed", SIMPLE, '    """Doc."""\n', "", H),
    (4, "formatting", SIMPLE, "helper(a) + n + 1", "(\n\n    (helper( a )) + n +\n 1)", H),
    (5, "helper edited", SIMPLE, "* by", "- by", M),
    (6, "helper's helper edited", SIMPLE, "x + 5", "x + 6", M),
    (7, "comment in helper", SIMPLE, "    return deep", "    # why\n    return deep", H),
    (8, "unrelated function edited", SIMPLE, '"other"', '"another"', H),
    (9, "global read by helper", SIMPLE, "K = 10", "K = 11", M),
    (11, "global list changed", CALLS, "items = [11]", "items = [12]", M),
    (12, "default changed", SIMPLE, "n=3", "n=4", M),
    (13, "helper's default changed", SIMPLE, "by=2", "by=3", M),
    (14, "keyword default from global", "K = 1\ndef f(*, a=K): return a", "K = 1", "K = 2", M),
    (15, "closure value changed", CALLS, "outer(15)", "outer(16)", M),
    (17, "method edited", CLASSES, "return 17", "return 18", M),
    (18, "__init__ edited", CLASSES, "self.a = a", "self.a = -a", M),
    (18, "__init__ default edited", CLASSES, "a=18", "a=19", M),
    (19, "inherited method edited", CLASSES, "return 19", "return 20", M),
    (20, "class attribute changed", CLASSES, "size = 20", "size = 21", M),
    (22, "property edited", CLASSES, "return 22\n", "return 23\n", M),
    (22, "cached property edited", CLASSES, "return 222", "return 223", M),
    (22, "static method edited", CLASSES, "return 220", "return 223", M),
    (22, "class method edited", CLASSES, "return 221", "return 223", M),
    (23, "__add__ edited", CLASSES, "return 23", "return 24", M),
    (24, "dataclass default", CLASSES, "x: int = 24", "x: int = 25", M),
    (25, "enum member", CLASSES, "RED = 25", "RED = 26", M),
    (25, "enum method", CLASSES, "return 250", "return 251", M),
    (26, "mod.f edited", MODULES, "x + 26", "x + 27", M),
    (27, "mod.CONST changed", MODULES, "CONST = 27", "CONST = 28", M),
    (28, "pkg.sub.f edited", MODULES, "x + 28", "x + 29", M),
    (29, "local import edited", LOCAL_IMPORT, "x + 29", "x + 30", M),
    (29, "other function of a local import", LOCAL_IMPORT, "x + 94", "x + 95", H),
    (30, "import alias swapped", MODULES, "sin as trig", "cos as trig", M),
    (31, "another builtin", CALLS, "return abs(x)", "return int(x)", M),
    (31, "global rebound to a builtin", "g = abs\ndef f(x): return g(x)", "= abs", "= int", M),
    (32, "function in dispatch dict", CALLS, "x + 32", "x + 33", M),
    (33, "partial's argument", CALLS, "inner, 33", "inner, 34", M),
    (34, "partial's function", CALLS, "b + 34", "b + 35", M),
    (35, "lambda edited", CALLS, "x + 35", "x + 37", M),
    (36, "lambdas exchanged", CALLS, "first, second", "second, first", M),
    (37, "names swapped", "def f(a, b):\n    return a - b", "a - b", "b - a", M),
    (38, "decorator's body", CALLS, "(*args) + by", "(*args) - by", M),
    (39, "decorator's argument", CALLS, "deco(39)", "deco(40)", M),
    (40, "body under @wraps", CALLS, "own.x = 1", "own.x = 2", M),
    (41, "body under plain decorator", CALLS, "x + 400", "x + 401", M),
    (41, "plain decorator's body", CALLS, "(*args) + 41", "(*args) + 42", M),
    (42, "lru_cache helper", CALLS, "x + 42", "x + 43", M),
    (43, "helper in comprehension and nested def", CALLS, "x + 43", "x + 44", M),
    (45, "f-string literal", CONSTANTS, "} text", "} words", M),
    (46, "match pattern", CONSTANTS, "case 46", "case 47", M),
    (47, "helper in f-string", 'def h(): return 1\ndef f(): return f"{h()}"', "n 1", "n 2", M),
    (48, "1 to True", "def f(): return 1", "1", "True", M),
    (49, "1 to 1.0", "def f(): return 1", "1", "1.0", M),
    (50, "1 to '1'", "def f(): return 1", "1", "'1'", M),
    (51, "texts cut elsewhere", CONSTANTS, '"ab", "c"', '"a", "bc"', M),
    (52, "0.0 to -0.0", "def f(): return [0.0, 1]", "0.0", "-0.0", M),
    (53, "folded sum changed", "def f(): return 11 + 19", "11 + 19", "5 + 3", M),
    (53, "sum written as its value", "def f(): return 11 + 19", "11 + 19", "30", H),
    (54, "except type", CONSTANTS, "ValueError", "KeyError", M),
    (55, "getattr target", BY_GETATTR, "x + 29", "x + 30", M),
    (55, "globals() by name", "def h(): return 1\ndef f(): return globals()['h']()", "n 1", "n 2", M),
    (56, "helper monkeypatched", SIMPLE, "def f(", "deep = lambda x: x\ndef f(", M),
    (57, "method monkeypatched", CLASSES, "def f(", "A.m = lambda self: 1\ndef f(", M),
    (58, "text annotation", "def f(a: 'int'): return a", "'int'", "'float'", H),
    (59, "annotation", "def f(a: int) -> int: return a", "a: int", "a: str", H),
    (60, "local renamed", SIMPLE, "total", "result", H),
    (61, "parameters swapped by name", "def g(a, b): return a - b\ndef f(): return g(a=1, b=2)",
     "g(a, b): return a - b", "g(b, a): return b - a", M),
    (62, "recursive function", "def f(n):\n    return n and f(n - 1)", "n - 1", "n - 2", M),
    (63, "mutual recursion", CALLS, "n - 63", "n - 64", M),
    (64, "module renamed", MODULES, "things", "stuff", H),
    (65, "function renamed", "def g(n):\n    return n\nf = g", "g", "h", H),
    (65, "recursive function renamed", "def g(n):\n    return n and g(n)\nf = g", "g", "h", H),
    (65, "helper renamed", SIMPLE, "helper", "assistant", H),
    (66, "set literal order", CONSTANTS, '{"p", "q", "r"}', '{"r", "q", "p"}', H),
    (67, "class of annotation", "class A:\n    def m(self): return 1\ndef f(a: A): return a.m()",
     "return 1", "return 2", M),
    (68, "async helper", CALLS, "return 68", "return 69", M),
    (70, "state of global instance", CLASSES, "A(700)", "A(701)", M),
    (71, "callable's class", CLASSES, "return 71", "return 72", M),
    (72, "keyword-only order", CALLS, "low=1, high=2", "high=2, low=1", H),
    (72, "keyword-only order, used", "def f(*, a, b): return a - b", "a, b)", "b, a)", H),
    (73, "nonlocal removed", CALLS, "        nonlocal k\n        k += 1", "        k = 1", M),
    (74, "collaborator", CLASSES, "return 70", "return 71", M),
    (75, "singledispatch", CALLS, "return 75\n", "return 76\n", M),
    (76, "super() parent", CLASSES, "return 76", "return 77", M),
    (77, "logger level", CALLS, "(\"cases\")", "(\"cases\"); log.setLevel(10)", H),
    (78, "another lock", CALLS, "= threading.Lock()", "= threading.Lock(); _ = 1", H),
    (79, "regex", CALLS, '"a+"', '"b+"', M),
    (79, "regex flags", CALLS, "re.I", "re.M", M),
    (82, "circular list", CALLS, "ring = [82]", "ring = [83]", M),
    (83, "generator helper", CALLS, "yield 83", "yield 84", M),
    (84, "NamedTuple default", CLASSES, "int = 84", "int = 85", M),
    (85, "slots state", CLASSES, "self.v = 85", "self.v = 86", M),
    (86, "metaclass __call__", CLASSES, "return super().__call__(*args)", "return 86", M),
    (87, "exec'd helper", CALLS, "return 87", "return 88", M),
    (88, "attrgetter", CALLS, '"real"', '"imag"', M),
    (89, "builtin shadowed", CALLS, "def gen", "abs = len\ndef gen", M),
    (91, "same-named classes swapped", "## a\nclass E(Exception): n = 1\n## b\nclass E(Exception): n = 2\n"
     "## task\nfrom a import E as one\nfrom b import E as two\ndef f(): return one",
     "E as one\nfrom b import E as two", "E as two\nfrom b import E as one", M),
    (92, "star import", STARRED, "x + 29", "x + 30", M),
    (93, "unused import", SIMPLE, "K = 10", "import json\nK = 10", H),
    (94, "unrelated function of module", MODULES, "return 94", "return 95", H),
    (96, "assert message", CALLS, "message 96", "message 97", M),
    (101, "other line of the cell", SIMPLE, "K = 10", "print\n\nK = 10", H),
]  # fmt: skip

NESTED = """
def outer():
    low = 1; high = 2
    def inner(x, y: int = 3) -> str: return x + high - low
    return inner
f = outer()
"""
NOTED = "import inspect, typing, dataclasses\n@dataclasses.dataclass\nclass A:\n    x: int = 1\ndef g(x: int): return 1\n"
WRAPPED = """
import functools, contextlib, operator, abc, typing
@contextlib.contextmanager
def opened():
    yield 201
class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): return 202
    @functools.singledispatchmethod
    def of(self, x): return 203
    @of.register
    def _(self, x: int): return 204
    @functools.cache
    def kept(self): return 205
    def part(self, x): return x
    half = functools.partialmethod(part, 206)
class Square(Shape):
    def area(self): return super().area()
class Named(typing.Protocol):
    def name(self): return 207
class Person(Named): pass
class Field:
    def __get__(self, *_): return 208
class Maker:
    own = Field()
    def __init_subclass__(cls): cls.made = 209
class Made(Maker): pass
T = typing.TypeVar("T")
class Box(typing.Generic[T]):
    def get(self, x: T) -> T: return 210
def add(a, b): return a + b + 211
get = operator.itemgetter(212)
def f(x):
    with opened() as one:
        return one, Square(), Person(), Made(), Box[int](), functools.reduce(add, x), get
"""

MORE = [
    (40, "under contextmanager", WRAPPED, "yield 201", "yield 202", M),
    (19, "abstract method", WRAPPED, "return 202", "return 203", M),
    (75, "singledispatchmethod", WRAPPED, "return 203", "return 204", M),
    (75, "registered method", WRAPPED, "return 204", "return 205", M),
    (42, "cached method", WRAPPED, "return 205", "return 206", M),
    (33, "partialmethod", WRAPPED, "part, 206", "part, 207", M),
    (19, "protocol's method", WRAPPED, "return 207", "return 208", M),
    (22, "descriptor", WRAPPED, "return 208", "return 209", M),
    (19, "__init_subclass__", WRAPPED, "made = 209", "made = 210", M),
    (17, "method of a generic class", WRAPPED, "return 210", "return 211", M),
    (5, "helper given to reduce", WRAPPED, "+ 211", "- 211", M),
    (88, "itemgetter", WRAPPED, "(212)", "(213)", M),
    (60, "captured local renamed", NESTED, "low", "zone", H),
    (37, "captured locals exchanged", NESTED, "high - low", "low - high", M),
    (15, "captured values exchanged", NESTED, "low = 1; high = 2", "low = 2; high = 1", M),
    (59, "annotation of a nested function", "def f():\n    def g(x: int) -> str: return x\n    return g",
     "x: int", "x: list[float]", H),
    (59, "annotations of a nested function removed", "def f():\n    def g(x: int) -> str: return x\n    return g",
     "x: int) -> str", "x)", H),
    (59, "annotation in a loop", "def f(y):\n    for i in y:\n        def g(x: int): return i\n    return g", ": int", "", H),
    (59, "annotation that calls", "def f():\n    def g(x: print(1)): return x\n    return g", "print(1)", "print(2)", M),
    (67, "class of a nested annotation", "class A:\n    def m(self): return 1\ndef f():\n    def g(x: A): return x.m()\n    return g",
     "return 1", "return 2", M),
    (59, "annotation read by get_type_hints", NOTED + "def f(): return typing.get_type_hints(g)", "(x: int", "(x: str", M),
    (59, "annotation read by signature", NOTED + "def f(): return inspect.signature(g)", "(x: int", "(x: str", M),
    (59, "annotation read as attribute", NOTED + "def f(): return g.__annotations__", "(x: int", "(x: str", M),
    (59, "annotation read by fields", NOTED + "def f(): return dataclasses.fields(A)", "    x: int", "    x: str", M),
    (59, "annotation read through a local import", NOTED + "def f():\n    from inspect import signature as s\n    return s(g)",
     "(x: int", "(x: str", M),
    (59, "nested annotation read", "def f():\n    def g(x: int): return 1\n    return g.__annotations__", ": int", ": str", M),
    (59, "dataclass annotation not read", NOTED + "def f(): return A()", "    x: int", "    x: str", H),
    (55, "globals() by a text", "def h(): return 1\ndef f(): return eval('h()')", "return 1", "return 2", M),
    (37, "locals() of exchanged names", "def f():\n    a = 1; b = 2\n    g = lambda: (a, b)\n    return locals()",
     "a = 1; b = 2\n    g = lambda: (a, b)", "b = 1; a = 2\n    g = lambda: (b, a)", M),
    (100, "class defined twice, unchanged", "class A:\n    def m(self): return 1\na = A()\ndef f(): return a.m()",
     "a = A()", "a = A()\nclass A:\n    def m(self): return 1", H),
    (143, "instance of an old class", "class A:\n    def m(self): return 1\na = A()\nclass A: pass\ndef f(): return a.m()",
     "return 1", "return 2", M),
]  # fmt: skip
"""More edits of the same numbers, found when looking for gaps."""
