"""Which names a cell reads and binds, by the rules of Python's scopes."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterable
from dataclasses import dataclass, field

from checkpoint_nb.notebook.texts import names_in_texts

_BUILTIN = frozenset(dir(builtins)) | {"get_ipython", "display", "__name__", "__builtins__"}
_DEFINITIONS = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Import,
    ast.ImportFrom,
)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True)
class Names:
    """What a cell does with the notebook's names.

    Parameters
    ----------
    reads
        Names it uses before it has bound them itself, in the order of first use.
    may_read
        Names it binds on some path only and uses afterwards: there before, or its own; and names
        that only a text in it has, such as ``"price > @limit"``.
    binds
        Names it binds at top level that are still there at its end.
    defines
        Those of ``binds`` that are functions, classes and modules made by statements of their own.
    star
        Whether a ``from x import *`` binds names that cannot be told from the text.
    """

    reads: tuple[str, ...]
    may_read: tuple[str, ...]
    binds: tuple[str, ...]
    defines: tuple[str, ...]
    star: bool

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names whose values are results; private ones are not."""
        return tuple(n for n in self.binds if n not in self.defines and not n.startswith("_"))


def names_of(tree: ast.Module) -> Names:
    """Tell what the cell ``tree`` reads and binds.

    In doubt a name counts as read: a read too many costs a needless input, one too few a stale
    result.

    Examples
    --------
    >>> names_of(ast.parse("total = sum(x * k for x in rows)")).reads
    ('rows', 'k')
    >>> names_of(ast.parse("df = clean(df)")).binds
    ('df',)
    """
    walk = _Walk()
    walk.block(tree.body)
    defines = {
        name for node in tree.body if isinstance(node, _DEFINITIONS) for name in _defined(node)
    }
    defines -= walk.assigned
    later = [n for n in walk.later if n not in defines]
    reads = dict.fromkeys(n for n in [*walk.reads, *later] if n not in _BUILTIN or n in walk.ever)
    return Names(
        reads=tuple(reads),
        may_read=tuple(
            n for n in dict.fromkeys([*walk.may_read, *names_in_texts(tree)]) if n not in reads
        ),
        binds=tuple(n for n in walk.ever if n not in walk.deleted),
        defines=tuple(sorted(defines)),
        star=walk.star,
    )


def _defined(node: ast.stmt) -> Iterable[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).split(".")[0] for alias in node.names]
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    return [node.name]


@dataclass
class _Walk:
    """One pass over the statements of a cell, in order."""

    bound: set[str] = field(default_factory=set)
    reads: list[str] = field(default_factory=list)
    may_read: list[str] = field(default_factory=list)
    later: list[str] = field(default_factory=list)
    ever: dict[str, None] = field(default_factory=dict)
    assigned: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    star: bool = False

    # -- statements ------------------------------------------------------------------------------

    def block(self, body: Iterable[ast.stmt]) -> None:
        for node in body:
            self.statement(node)

    def statement(self, node: ast.stmt) -> None:
        method = getattr(self, f"on_{type(node).__name__}", None)
        if method is not None:
            method(node)
        else:
            self.expressions(node)

    def on_Assign(self, node: ast.Assign) -> None:
        self.expression(node.value)
        for target in node.targets:
            self.target(target)

    def on_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.expression(node.annotation)
        if node.value is not None:
            self.expression(node.value)
            self.target(node.target)

    def on_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.read(node.target.id)
        self.expression(node.value)
        self.target(node.target)

    def on_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.read(target.id)
                self.bound.discard(target.id)
                self.deleted.add(target.id)
            else:
                self.expression(target)

    def on_If(self, node: ast.If) -> None:
        self.expression(node.test)
        self.either([node.body, node.orelse])

    def on_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.expression(node.iter)
        before = set(self.bound)
        self.target(node.target)
        self.block(node.body)
        self.bound = before
        self.either([node.orelse, []])

    on_AsyncFor = on_For

    def on_While(self, node: ast.While) -> None:
        self.expression(node.test)
        self.either([node.body, []])
        self.either([node.orelse, []])

    def on_With(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self.expression(item.context_expr)
            if item.optional_vars is not None:
                self.target(item.optional_vars)
        self.block(node.body)

    on_AsyncWith = on_With

    def on_Try(self, node: ast.Try | ast.TryStar) -> None:
        before = set(self.bound)
        self.block([*node.body, *node.orelse])
        whole = self.bound
        for handler in node.handlers:
            self.bound = set(before)
            if handler.type is not None:
                self.expression(handler.type)
            if handler.name is not None:
                self.bound.add(handler.name)
            self.block(handler.body)
            whole = whole & self.bound
        self.bound = whole if node.handlers else self.bound & whole
        self.block(node.finalbody)

    on_TryStar = on_Try

    def on_Match(self, node: ast.Match) -> None:
        self.expression(node.subject)
        before, after = set(self.bound), []
        for case in node.cases:
            self.bound = set(before)
            self.pattern(case.pattern)
            if case.guard is not None:
                self.expression(case.guard)
            self.block(case.body)
            after.append(self.bound)
        self.bound = before.intersection(*after) if after else before

    def on_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        arguments = node.args
        every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        notes = [a.annotation for a in (*every, arguments.vararg, arguments.kwarg) if a]
        outside = (*node.decorator_list, *arguments.defaults, *arguments.kw_defaults)
        for expression in (*outside, *notes, node.returns):
            if expression is not None:
                self.expression(expression)
        self.scope(node)
        self.bind(node.name, by_value=False)

    on_AsyncFunctionDef = on_FunctionDef

    def on_ClassDef(self, node: ast.ClassDef) -> None:
        for outside in (*node.decorator_list, *node.bases, *(k.value for k in node.keywords)):
            self.expression(outside)
        self.scope(node)
        self.bind(node.name, by_value=False)

    def on_Import(self, node: ast.Import) -> None:
        for name in _defined(node):
            self.bind(name, by_value=False)

    def on_ImportFrom(self, node: ast.ImportFrom) -> None:
        for name in _defined(node):
            if name == "*":
                self.star = True
            else:
                self.bind(name, by_value=False)

    def either(self, branches: list[list[ast.stmt]]) -> None:
        """Walk branches of which one is taken: bound afterwards is what each of them binds."""
        before, after = set(self.bound), []
        for body in branches:
            self.bound = set(before)
            self.block(body)
            after.append(self.bound)
        self.bound = set.intersection(*after)

    # -- expressions -----------------------------------------------------------------------------

    def expressions(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.expression(child)
            else:
                self.expressions(child)

    def expression(self, node: ast.expr) -> None:
        if isinstance(node, ast.Name):
            self.read(node.id)
        elif isinstance(node, ast.NamedExpr):
            self.expression(node.value)
            self.target(node.target)
        elif isinstance(node, ast.Lambda):
            for default in (*node.args.defaults, *node.args.kw_defaults):
                if default is not None:
                    self.expression(default)
            self.scope(node)
        elif isinstance(node, _COMPREHENSIONS):
            self.expression(node.generators[0].iter)
            # In a lambda, since from Python 3.12 on the table of a module takes it in (PEP 709).
            self.scope(ast.parse(f"lambda: ({ast.unparse(node)})"))
            for inner in ast.walk(node):
                if isinstance(inner, ast.NamedExpr):
                    self.ever.setdefault(inner.target.id)
                    self.assigned.add(inner.target.id)
        else:
            self.expressions(node)

    def scope(self, node: ast.AST) -> None:
        """Read what an inner scope takes from the notebook, and bind what it says is global."""
        source = ast.unparse(ast.fix_missing_locations(node))
        for table in symtable.symtable(source, "<cell>", "exec").get_children():
            self.table(table)

    def table(self, table: symtable.SymbolTable) -> None:
        for symbol in table.get_symbols():
            outside = symbol.is_global() or (symbol.is_free() and table.get_type() == "class")
            if outside and symbol.is_assigned():
                self.ever.setdefault(symbol.get_name())
                self.assigned.add(symbol.get_name())
            if outside and symbol.is_referenced() and symbol.get_name() not in self.bound:
                self.later.append(symbol.get_name())
        for child in table.get_children():
            self.table(child)

    def pattern(self, node: ast.pattern) -> None:
        for child in ast.walk(node):
            if isinstance(child, ast.MatchAs | ast.MatchStar) and child.name:
                self.bind(child.name)
            elif isinstance(child, ast.MatchMapping) and child.rest:
                self.bind(child.rest)
            elif isinstance(child, ast.expr) and isinstance(child, ast.Name):
                self.read(child.id)

    def target(self, node: ast.expr) -> None:
        if isinstance(node, ast.Name):
            self.bind(node.id)
        elif isinstance(node, ast.Starred):
            self.target(node.value)
        elif isinstance(node, ast.Tuple | ast.List):
            for element in node.elts:
                self.target(element)
        else:
            self.expressions(node)
            root = node
            while isinstance(root, ast.Attribute | ast.Subscript):
                root = root.value
            if isinstance(root, ast.Name) and root.id not in self.bound:
                # The cell changes an object it did not make: what it leaves is a result of it too.
                self.ever.setdefault(root.id)
                self.assigned.add(root.id)

    def read(self, name: str) -> None:
        if name not in self.bound:
            (self.may_read if name in self.ever else self.reads).append(name)

    def bind(self, name: str, *, by_value: bool = True) -> None:
        self.bound.add(name)
        self.deleted.discard(name)
        self.ever.setdefault(name)
        if by_value:
            self.assigned.add(name)
