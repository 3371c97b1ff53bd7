"""Walks expressions in the order in which Python evaluates them."""

from __future__ import annotations

import ast
from collections.abc import Callable

from checkpoint_nb.notebook.flow import Flow, State, joined
from checkpoint_nb.notebook.lookups import Lookups
from checkpoint_nb.notebook.scopes import COMPREHENSIONS, function_scope, inner_scope, targets


class Expressions(Lookups):
    """A flow through expressions and targets."""

    def expression(self, node: ast.expr) -> None:
        """Walk one expression."""
        if self.state is None:
            return
        if isinstance(node, ast.Name):
            self.name(node)
        elif not isinstance(node, ast.Constant) and not self.looked_up(node):
            walk = _WALKS.get(type(node))
            if walk is None:
                self.inside(node)
            else:
                walk(self, node)

    def inside(self, node: ast.AST) -> None:
        """Walk the expressions in ``node``, in order."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.expression(child)
            elif not isinstance(child, ast.expr_context):
                self.inside(child)

    def each(self, *nodes: ast.expr | None) -> None:
        """Walk those expressions that are there."""
        for node in nodes:
            if node is not None:
                self.expression(node)

    # -- conditions --------------------------------------------------------------------------------

    def condition(self, node: ast.expr) -> tuple[State | None, State | None]:
        """Walk a test; return what holds if it is true and if it is false."""
        if isinstance(node, ast.Constant):
            return (self.state, None) if node.value else (None, self.state)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            true, false = self.condition(node.operand)
            return false, true
        if isinstance(node, ast.BoolOp):
            return self._logic(node)
        if isinstance(node, ast.Compare) and len(node.ops) > 1:
            early = self._compare(node)
            return self.state, joined(early, self.state)
        self.expression(node)
        return joined(self.state), self.state

    def _logic(self, node: ast.BoolOp) -> tuple[State | None, State | None]:
        both = isinstance(node.op, ast.And)
        early: State | None = None
        for value in node.values:
            true, false = self.condition(value)
            early = joined(early, false if both else true)
            self.state = true if both else false
        return (self.state, early) if both else (early, self.state)

    def _compare(self, node: ast.Compare) -> State | None:
        """Walk a comparison, to its end; return what holds if it ends early."""
        early: State | None = None
        if not self.compared_with_names(node):
            self.each(node.left, node.comparators[0])
        for one in node.comparators[1:]:
            early = joined(early, self.state)
            self.expression(one)
        return early

    def _comparison(self, node: ast.Compare) -> None:
        early = self._compare(node)
        if early is not None:
            self.state = joined(early, self.state)

    def _both(self, node: ast.BoolOp) -> None:
        self.state = joined(*self._logic(node))

    def _choice(self, node: ast.IfExp) -> None:
        true, false = self.condition(node.test)
        self.state = joined(true)
        self.expression(node.body)
        true, self.state = self.state, joined(false)
        self.expression(node.orelse)
        self.state = joined(true, self.state)

    # -- scopes ------------------------------------------------------------------------------------

    def _lambda(self, node: ast.Lambda) -> None:
        """Walk a lambda; it may be called as soon as it is made."""
        self.each(*node.args.defaults, *node.args.kw_defaults)
        scope = function_scope(self.scope, node.args, [node.body])

        number = self.number(node, lambda: self.apart(scope, lambda f: f.expression(node.body)))
        self.activate(number)

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    ) -> None:
        """Walk a comprehension: the first iterable is evaluated outside of it."""
        self.expression(node.generators[0].iter)
        scope = inner_scope("comprehension", self.scope, targets(node.generators))
        if isinstance(node, ast.GeneratorExp):
            # It goes on whenever somebody asks it to: as a function that is called then.
            self.activate(self.number(node, lambda: self.apart(scope, lambda f: _inner(f, node))))
            return
        before, outside = joined(self.state), self.scope
        self.scope = scope
        _inner(self, node)
        self.scope = outside
        self.state = joined(before, self.state)

    def _walrus(self, node: ast.NamedExpr) -> None:
        self.expression(node.value)
        self.bind(node.target.id)

    def _dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            self.each(key, value)

    # -- targets -----------------------------------------------------------------------------------

    def target(self, node: ast.expr) -> None:
        """Assign to ``node``."""
        if isinstance(node, ast.Name):
            self.bind(node.id)
        elif isinstance(node, ast.Starred):
            self.target(node.value)
        elif isinstance(node, ast.Tuple | ast.List):
            for element in node.elts:
                self.target(element)
        elif (name := self.named(node)) is not None:
            self.bind_outer(name)
        else:
            self.inside(node)
            self.change_root(node)

    def change_root(self, node: ast.expr) -> None:
        """Take the object that ``node`` is a part of as changed."""
        while isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        if isinstance(node, ast.Name):
            self.change(node.id)


def _inner(flow: Flow, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
    for number, generator in enumerate(node.generators):
        if number:
            flow.expression(generator.iter)
        flow.target(generator.target)
        for test in generator.ifs:
            flow.state, _ = flow.condition(test)
    for value in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
        flow.expression(value)


_Walk = Callable[[Expressions, ast.expr], None]
_WALKS: dict[type[ast.AST], _Walk] = {
    ast.Compare: Expressions._comparison,  # type: ignore[dict-item]
    ast.BoolOp: Expressions._both,  # type: ignore[dict-item]
    ast.IfExp: Expressions._choice,  # type: ignore[dict-item]
    ast.Lambda: Expressions._lambda,  # type: ignore[dict-item]
    ast.NamedExpr: Expressions._walrus,  # type: ignore[dict-item]
    ast.Dict: Expressions._dict,  # type: ignore[dict-item]
    **dict.fromkeys(COMPREHENSIONS, Expressions._comprehension),  # type: ignore[arg-type]
}
