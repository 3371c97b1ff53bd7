"""What a name means where it stands: the rules of Python's scopes, for a tree not yet compiled."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Scope:
    """One scope of a cell.

    Parameters
    ----------
    kind
        ``"types"`` is that of type parameters: see-through for what stands around it.
    parent
        The scope around it, ``None`` for the cell itself.
    local
        Names that are its own.
    outer
        Names it declares ``global``.
    nonlocal_
        Names it declares ``nonlocal``.
    private
        Name of the class around it, by which ``__names`` are mangled.
    number
        Tells the classes of a cell apart.
    """

    kind: Literal["module", "class", "function", "comprehension", "types"] = "module"
    parent: Scope | None = None
    local: frozenset[str] = frozenset()
    outer: frozenset[str] = frozenset()
    nonlocal_: frozenset[str] = frozenset()
    private: str = ""
    number: int = 0

    def mangled(self, name: str) -> str:
        """Return the name that ``__name`` has inside a class; any other as it is."""
        if name.startswith("__") and not name.endswith("__") and self.private:
            return f"_{self.private}{name}"
        return name

    def find(self, name: str) -> tuple[str, str]:
        """Tell what a mangled name read here is: ``(key in a class, name of the notebook)``.

        Both where a class binds the name: until it has, the name is the notebook's. Neither where
        the name is local to a function.
        """
        scope: Scope = self
        own, direct = "", True
        while scope.parent is not None:
            if name in scope.outer:
                return own, name
            if name in scope.local:
                if scope.kind != "class":
                    return "", ""
                if direct:
                    # Past a class, a name that it binds is looked for among the notebook's only.
                    return scope.key(name), name
            if scope.kind == "class" and not direct and name == "__class__":
                return "", ""
            direct = direct and scope.kind == "types"
            scope = scope.parent
        return own, name

    def key(self, name: str) -> str:
        """Return what stands for a name of a class, which no name of the notebook is equal to."""
        return f"{self.number}.{name}"

    def place(self, name: str) -> str:
        """Return where a mangled name bound here goes, ``""`` where that is no concern."""
        scope: Scope = self
        while scope.kind == "comprehension" and name not in scope.local and scope.parent:
            scope = scope.parent
        if scope.kind == "module" or name in scope.outer:
            return name
        return scope.key(name) if scope.kind == "class" and name in scope.local else ""

    @property
    def inside_function(self) -> bool:
        """Whether ``locals()`` here gives the names of a function."""
        scope: Scope = self
        while scope.kind in ("comprehension", "types") and scope.parent:
            scope = scope.parent
        return scope.kind == "function"


@dataclass
class _Found:
    bound: set[str] = field(default_factory=set)
    outer: set[str] = field(default_factory=set)
    nonlocal_: set[str] = field(default_factory=set)


def function_scope(parent: Scope, arguments: ast.arguments, body: Iterable[ast.AST]) -> Scope:
    """Return the scope of a function with these arguments and this body."""
    found = _bindings(body)
    found.bound |= {a.arg for a in every_argument(arguments)}
    return _scope("function", parent, found, parent.private)


def class_scope(parent: Scope, node: ast.ClassDef, number: int) -> Scope:
    """Return the scope of a class body."""
    found = _bindings(node.body)
    found.bound |= {"__module__", "__qualname__"}
    return _scope("class", parent, found, node.name.lstrip("_"), number)


def text_scope(parent: Scope, body: Iterable[ast.AST], number: int) -> Scope:
    """Return the scope of code that ``exec`` runs elsewhere than at the top: like a class's."""
    top: Scope = parent
    while top.parent is not None:
        top = top.parent
    return _scope("class", top, _bindings(body), "", number)


def inner_scope(kind: Literal["comprehension", "types"], parent: Scope, local: set[str]) -> Scope:
    """Return the scope of a comprehension, or of type parameters."""
    found = _Found(bound=local)
    return _scope(kind, parent, found, parent.private)


def every_argument(arguments: ast.arguments) -> list[ast.arg]:
    """Return all parameters, in the order in which their annotations are evaluated."""
    stars = [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
    return [*arguments.posonlyargs, *arguments.args, *stars, *arguments.kwonlyargs]


def imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    """Return the names an import binds.

    Examples
    --------
    >>> imported(ast.parse("import os.path, numpy as np").body[0])
    ['os', 'np']
    """
    return [alias.asname or alias.name.split(".")[0] for alias in node.names]


def targets(generators: Iterable[ast.comprehension]) -> set[str]:
    """Return the names that are a comprehension's own."""
    return {
        name.id
        for generator in generators
        for name in ast.walk(generator.target)
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
    }


def _scope(
    kind: Literal["class", "function", "comprehension", "types"],
    parent: Scope,
    found: _Found,
    private: str,
    number: int = 0,
) -> Scope:
    mangle = Scope(private=private).mangled
    outer, inner = frozenset(map(mangle, found.outer)), frozenset(map(mangle, found.nonlocal_))
    local = frozenset(map(mangle, found.bound)) - outer - inner
    return Scope(kind, parent, local, outer, inner, private, number)


def _bindings(body: Iterable[ast.AST]) -> _Found:
    found = _Found()
    for node in body:
        _collect(node, found)
    return found


def _collect(node: ast.AST, found: _Found, in_comprehension: bool = False) -> None:
    """Add what ``node`` binds in the scope it stands in, not what it binds in inner ones."""
    if isinstance(node, ast.NamedExpr):
        found.bound.add(node.target.id)
    elif isinstance(node, ast.Name):
        if not isinstance(node.ctx, ast.Load) and not in_comprehension:
            found.bound.add(node.id)
    elif isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        found.bound.add(node.name)
    elif isinstance(node, ast.Import | ast.ImportFrom):
        found.bound.update(imported(node))
    elif isinstance(node, ast.Global):
        found.outer.update(node.names)
    elif isinstance(node, ast.Nonlocal):
        found.nonlocal_.update(node.names)
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        found.bound.add(node.name)
    elif isinstance(node, ast.MatchMapping) and node.rest:
        found.bound.add(node.rest)
    deeper = in_comprehension or isinstance(node, COMPREHENSIONS)
    for child in _same_scope(node):
        _collect(child, found, deeper)


def _same_scope(node: ast.AST) -> Iterable[ast.AST]:
    """Return the children of ``node`` that are evaluated in the scope it stands in."""
    if isinstance(node, ast.Lambda):
        return [*node.args.defaults, *(d for d in node.args.kw_defaults if d)]
    if isinstance(node, FUNCTIONS):
        defaults = [*node.args.defaults, *(d for d in node.args.kw_defaults if d)]
        notes = [a.annotation for a in every_argument(node.args) if a.annotation]
        returns = [node.returns] if node.returns else []
        return [*node.decorator_list, *defaults, *notes, *returns]
    if isinstance(node, ast.ClassDef):
        return [*node.decorator_list, *node.bases, *node.keywords]
    return ast.iter_child_nodes(node)
