"""Walks what makes functions, classes, type aliases and modules."""

from __future__ import annotations

import ast
from typing import Final

from checkpoint_nb.notebook.expressions import Expressions
from checkpoint_nb.notebook.flow import BODIES, OUT, OWN, State
from checkpoint_nb.notebook.scopes import (
    Scope,
    class_scope,
    every_argument,
    function_scope,
    imported,
    inner_scope,
)
from checkpoint_nb.notebook.spoken import words

_KEEPS: Final = words(
    """
    property setter getter deleter staticmethod classmethod cached_property lru_cache cache
    wraps contextmanager asynccontextmanager abstractmethod dataclass total_ordering
    overload override final singledispatch
    """
)
"""Last names of decorators that do not call what they are given."""


class Definitions(Expressions):
    """A flow through definitions and imports."""

    def function_(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Walk what a ``def`` evaluates now, and note what calling it will do."""
        self.each(*node.decorator_list, *node.args.defaults, *node.args.kw_defaults)
        outside = self._types(node)
        if self.annotations:
            self.each(*(a.annotation for a in every_argument(node.args)), node.returns)
        scope = function_scope(self.scope, node.args, node.body)
        self.scope = outside
        number = self.number(node, lambda: self.apart(scope, lambda flow: flow.block(node.body)))
        if (
            not all(self.known(one, _KEEPS) for one in node.decorator_list)
            or self.scope.kind == "function"
        ):
            self.activate(number)
        self.bind(node.name, number | OWN, by_value=False)

    def class_(self, node: ast.ClassDef) -> None:
        """Walk the body of a class; using the class is using its methods."""
        self.each(*node.decorator_list)
        outside = self._types(node)
        self.each(*node.bases, *(keyword.value for keyword in node.keywords))
        self.scope = class_scope(self.scope, node, id(node))
        prefix = self.scope.key("")
        self.block(node.body)
        self.scope = outside
        methods = OWN
        for key, mask in (self.state or {}).items():
            if key.startswith(prefix):
                methods |= mask >> BODIES << BODIES
        self.state = _without(self.state, prefix)
        calm = (
            not node.bases
            and not node.keywords
            and all(self.known(one, _KEEPS) for one in node.decorator_list)
        )
        if not calm or self.scope.kind == "function":
            # A metaclass, __init_subclass__ or a decorator may call methods here and now.
            self.activate(methods)
        self.bind(node.name, methods, by_value=False)

    def alias_(self, node: ast.stmt) -> None:
        """Walk ``type X = ...``, whose value is evaluated when somebody asks for it."""
        outside = self._types(node)
        value: ast.expr = node.value  # type: ignore[attr-defined]
        scope = inner_scope("types", self.scope, set())
        number = self.number(node, lambda: self.apart(scope, lambda flow: flow.expression(value)))
        self.scope = outside
        self.bind(node.name.id, number | OWN)  # type: ignore[attr-defined]

    def _types(self, node: ast.stmt) -> Scope:
        """Enter the scope of a definition's type parameters; return the one before it."""
        before = self.scope
        parameters = getattr(node, "type_params", ())
        if parameters:
            self.scope = inner_scope("types", before, {one.name for one in parameters})
            for one in parameters:
                self.each(getattr(one, "bound", None), getattr(one, "default_value", None))
        return before

    def known(self, node: ast.expr, names: frozenset[str]) -> bool:
        """Whether ``node`` is by its last name one of ``names``, and none that the cell made."""
        if isinstance(node, ast.Call):
            node = node.func
        if isinstance(node, ast.Attribute):
            return node.attr in names
        if not isinstance(node, ast.Name) or node.id not in names:
            return False
        return not (self.state or {}).get(node.id, OUT) >> BODIES

    # -- imports -----------------------------------------------------------------------------------

    def import_(self, node: ast.Import | ast.ImportFrom) -> None:
        """Bind what an import binds."""
        main = "__main__" in [getattr(node, "module", ""), *(a.name for a in node.names)]
        if main:
            self.look_up("__main__")
        for name in imported(node):
            if name == "*":
                assert isinstance(node, ast.ImportFrom)
                self.stars["." * node.level + (node.module or "")] = None
            else:
                self.bind(name, by_value=False)


def _without(state: State | None, prefix: str) -> State | None:
    if state is None:
        return None
    return {key: mask for key, mask in state.items() if not key.startswith(prefix)}
