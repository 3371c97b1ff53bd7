"""Random edits of a helper: what the compiler emits decides, and nothing else does."""

import ast
import types

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from live import loaded

from checkpoint_nb.fingerprint import fingerprint

HELPER = '''
K = 3
class Cfg:
    low = 1
    high = 2
cfg = Cfg()
def twice(x): return x * 2
def helper(a, b=2, *rest, key=1, **more):
    """What it does."""
    total = a + b * K - key
    values = [twice(i) for i in range(b) if i % 2 == 0]
    table = {"one": 1, "two": (2, 3.5)}
    text = f"{a} and {b:>3}"
    for at, value in enumerate(values):
        if value > 3 and not at:
            total += value
            continue
        elif value is None or at >= 7:
            break
        total -= cfg.low
    else:
        total = -total
    while total < 0:
        total += cfg.high
    try:
        other = table["two"][1] / total
    except (ZeroDivisionError, KeyError) as error:
        other = str(error)
    with open(text) as handle:
        line = handle.readline().strip()
    def inner(x, y=b):
        nonlocal total
        first, second = x, total
        total = total + 1
        return lambda z: first * z - second
    match a:
        case 1: result = total
        case [x, y]: result = x - y
        case _: result = inner(a)(b)
    assert result, "none"
    yield result
    return total, other, line, text, rest, more
def f(x): return helper(x, 5)
'''

OPERATORS = [ast.Add, ast.Sub, ast.Mult, ast.Mod, ast.FloorDiv]
COMPARISONS = [ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq, ast.Is, ast.IsNot, ast.In]


def digest(tree: ast.Module) -> str:
    with loaded(ast.unparse(ast.fix_missing_locations(tree))) as names:
        return fingerprint(names["f"]).digest


BEFORE = digest(ast.parse(HELPER))


def emitted(code: types.CodeType) -> tuple[object, ...]:
    """Return what the compiler emitted, without names of locals, lines and docstrings."""
    inside = [
        emitted(one) if isinstance(one, types.CodeType) else (type(one), repr(one))
        for one in code.co_consts
    ]
    counts = (code.co_argcount, code.co_kwonlyargcount, code.co_posonlyargcount, code.co_flags)
    return (
        code.co_code,
        tuple(inside),
        code.co_names,
        counts,
        code.co_exceptiontable,
        code.co_varnames,
    )


def helper_of(tree: ast.Module) -> ast.FunctionDef:
    return next(node for node in tree.body if getattr(node, "name", "") == "helper")


def compiled(tree: ast.Module) -> types.CodeType | None:
    try:
        return compile(ast.unparse(ast.fix_missing_locations(tree)), "<x>", "exec")
    except (SyntaxError, ValueError):
        return None


class Mutation:
    """One random edit at one random place."""

    def __init__(self, draw) -> None:
        self.draw = draw

    def constant(self, node: ast.Constant) -> None:
        choices = [0, 1, 2, True, 0.0, -0.0, 1.0, "a", "1", b"a", None, (1, 2), ...]
        node.value = self.draw(st.sampled_from(choices))

    def operator(self, node: ast.BinOp | ast.AugAssign) -> None:
        node.op = self.draw(st.sampled_from(OPERATORS))()

    def compare(self, node: ast.Compare) -> None:
        node.ops[0] = self.draw(st.sampled_from(COMPARISONS))()

    def exchange(self, node: ast.Call) -> None:
        node.args.reverse()

    def boolean(self, node: ast.BoolOp) -> None:
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()

    def attribute(self, node: ast.Attribute) -> None:
        node.attr = self.draw(st.sampled_from(["low", "high", "strip", "other"]))

    def remove(self, node) -> None:
        if len(node.body) > 1:
            del node.body[self.draw(st.integers(0, len(node.body) - 1))]

    def exchange_statements(self, node) -> None:
        if len(node.body) > 1:
            at = self.draw(st.integers(0, len(node.body) - 2))
            node.body[at : at + 2] = node.body[at : at + 2][::-1]

    def negate(self, node) -> None:
        node.test = ast.UnaryOp(ast.Not(), node.test)

    def name(self, node: ast.Name) -> None:
        names = ["a", "b", "total", "values", "K", "cfg", "twice", "len", "x"]
        node.id = self.draw(st.sampled_from(names))


BY_TYPE = {
    ast.Constant: ["constant"],
    ast.BinOp: ["operator"],
    ast.AugAssign: ["operator"],
    ast.Compare: ["compare"],
    ast.Call: ["exchange"],
    ast.BoolOp: ["boolean"],
    ast.Attribute: ["attribute"],
    ast.If: ["negate", "remove"],
    ast.While: ["negate", "remove"],
    ast.For: ["remove", "exchange_statements"],
    ast.FunctionDef: ["remove", "exchange_statements"],
    ast.Name: ["name"],
}


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@settings(max_examples=400, deadline=None)
@given(st.data())
def test_an_edit_counts_exactly_when_the_compiler_emits_something_else(data):
    """Any edit of an expression or a statement that changes the code changes the fingerprint."""
    tree = ast.parse(HELPER)
    before = emitted(compiled(tree))
    for _ in range(data.draw(st.integers(1, 2))):
        nodes = [node for node in ast.walk(helper_of(tree)) if type(node) in BY_TYPE]
        node = data.draw(st.sampled_from(nodes))
        way = data.draw(st.sampled_from(BY_TYPE[type(node)]))
        getattr(Mutation(data.draw), way)(node)
    after = compiled(tree)
    assume(after is not None)
    now = digest(tree)
    if emitted(after) == before:
        assert now == BEFORE
    else:
        assert now != BEFORE or only_words_differ(tree)


def only_words_differ(tree: ast.Module) -> bool:
    """Return whether an edit touched no more than the docstring, annotations or local names."""
    return normalised(tree) == normalised(ast.parse(HELPER))


def normalised(tree: ast.Module) -> str:
    """Return a text of the helper without its docstring."""
    helper = helper_of(ast.parse(ast.unparse(tree)))
    first = helper.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        helper.body = helper.body[1:] or [ast.Pass()]
    return ast.dump(helper)


class Renamed(ast.NodeTransformer):
    """Renames locals of the helper, those of the functions in it too."""

    LOCALS = (
        "total",
        "values",
        "table",
        "text",
        "at",
        "value",
        "other",
        "line",
        "error",
        "handle",
        "inner",
        "first",
        "second",
        "result",
    )

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Name(self, node):
        node.id = self.names.get(node.id, node.id)
        return node

    def visit_FunctionDef(self, node):
        node.name = self.names.get(node.name, node.name)
        return self.generic_visit(node)

    def visit_ExceptHandler(self, node):
        node.name = self.names.get(node.name, node.name)
        return self.generic_visit(node)

    def visit_Nonlocal(self, node):
        node.names = [self.names.get(name, name) for name in node.names]
        return node


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_words_for_people_do_not_count(data):
    """Names of locals, comments, docstrings, annotations, lines and order of functions are free."""
    tree = ast.parse(HELPER)
    helper = helper_of(tree)
    if data.draw(st.booleans()):
        fresh = data.draw(
            st.permutations([*Renamed.LOCALS, *(f"z{i}" for i in range(5)), *"ghjkl"])
        )
        Renamed(dict(zip(Renamed.LOCALS, fresh, strict=False))).visit(helper)
    if data.draw(st.booleans()):
        helper.body[0] = ast.Expr(ast.Constant(data.draw(st.text("ab ", max_size=9)) + "."))
    elif data.draw(st.booleans()):
        del helper.body[0]
    notes = st.sampled_from(
        ["int", "'str'", "list[int]", "a.b.c", "int | None", "dict[str, 'int']", None]
    )
    functions = [node for node in ast.walk(helper) if isinstance(node, ast.FunctionDef)]
    for node in functions:
        for argument in (*node.args.args, *node.args.kwonlyargs):
            words = data.draw(notes)
            if words and not (node is helper and "a.b" in words):
                argument.annotation = ast.parse(words, mode="eval").body
    text = ast.unparse(ast.fix_missing_locations(tree))
    lines = []
    for line in text.splitlines():
        if data.draw(st.booleans()) and line.strip() and not line.startswith(" "):
            lines += ["# a comment", "", "def unrelated(x): return x"]
        lines.append(line + ("  # why" if data.draw(st.booleans()) else ""))
    with loaded("\n".join(lines)) as names:
        assert fingerprint(names["f"]).digest == BEFORE
