"""Walks statements along every path that a cell can take."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import Final

from checkpoint_nb.notebook.definitions import Definitions
from checkpoint_nb.notebook.flow import Frame, State, joined
from checkpoint_nb.notebook.spoken import words

_PASSES_ON: Final = words(
    """
    open closing errstate printoptions catch_warnings option_context rc_context no_grad
    enable_grad inference_mode autocast ThreadPoolExecutor ProcessPoolExecutor Pool ZipFile
    TarFile File TemporaryDirectory NamedTemporaryFile TemporaryFile urlopen tqdm
    redirect_stdout redirect_stderr chdir nullcontext Progress Session connect localcontext
    """
)
"""Last names of context managers that never swallow an exception."""


class Statements(Definitions):
    """A flow through statements."""

    def block(self, body: Iterable[ast.stmt]) -> None:
        """Walk statements, in order; what no path comes to is left out."""
        for node in body:
            if self.state is None:
                return
            walk = _WALKS.get(type(node))
            if walk is None:
                self.inside(node)
            else:
                walk(self, node)

    # -- assignments -------------------------------------------------------------------------------

    def _assign(self, node: ast.Assign) -> None:
        self.expression(node.value)
        for target in node.targets:
            self.target(target)

    def _noted(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.expression(node.value)
            self.target(node.target)
        elif not isinstance(node.target, ast.Name):
            self.inside(node.target)
        if self.annotations and self.scope.kind != "function":
            self.expression(node.annotation)

    def _augmented(self, node: ast.AugAssign) -> None:
        target = node.target
        if isinstance(target, ast.Name):
            self.read(target.id)
        elif (name := self.named(target)) is not None:
            self.read_outer(name)
        else:
            self.inside(target)
        self.expression(node.value)
        if isinstance(target, ast.Name):
            self.bind(target.id)
        elif name is not None:
            self.bind_outer(name)
        else:
            self.change_root(target)

    def _delete(self, node: ast.Delete) -> None:
        todo = list(node.targets)
        while todo:
            target = todo.pop(0)
            if isinstance(target, ast.Name):
                self.delete(target.id)
            elif isinstance(target, ast.Tuple | ast.List):
                todo[:0] = target.elts
            elif (name := self.named(target)) is not None:
                self.read_outer(name)
                self.forget_outer(name)
            else:
                self.inside(target)
                self.change_root(target)

    # -- paths -------------------------------------------------------------------------------------

    def _if(self, node: ast.If) -> None:
        true, false = self.condition(node.test)
        self.state = joined(true)
        self.block(node.body)
        true, self.state = self.state, joined(false)
        self.block(node.orelse)
        self.state = joined(true, self.state)

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        self.expression(node.iter)

        def head() -> tuple[State | None, State | None]:
            done = joined(self.state)
            self.target(node.target)
            return self.state, done

        self._loop(head, node.body, node.orelse)

    def _while(self, node: ast.While) -> None:
        self._loop(lambda: self.condition(node.test), node.body, node.orelse)

    def _loop(
        self,
        head: Callable[[], tuple[State | None, State | None]],
        body: list[ast.stmt],
        orelse: list[ast.stmt],
    ) -> None:
        known, frame = joined(self.state), Frame(loop=True)
        while True:
            self.state = joined(known)
            self.frames.append(frame)
            enter, done = head()
            self.state, done = joined(enter), joined(done)
            self.block(body)
            self.frames.pop()
            again = joined(known, self.state, frame.jumps.get("continue"))
            if again == known:
                break
            known = again
        self.state = done
        self.block(orelse)
        self.state = joined(self.state, frame.jumps.get("break"))

    def _assert(self, node: ast.Assert) -> None:
        before = joined(self.state)
        true, self.state = self.condition(node.test)
        if node.msg is not None:
            self.expression(node.msg)
        # With python -O none of it happens.
        self.state = joined(before, true)

    def _raise(self, node: ast.Raise) -> None:
        self.inside(node)
        self.die()

    def _return(self, node: ast.Return) -> None:
        self.inside(node)
        self.jump("return")

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        traps = 0
        for item in node.items:
            self.expression(item.context_expr)
            if self.state is not None and not self.known(item.context_expr, _PASSES_ON):
                self.traps.append(dict(self.state))
                traps += 1
            if item.optional_vars is not None:
                self.target(item.optional_vars)
        self.block(node.body)
        # A context manager may swallow what its body raises, wherever that was.
        swallowed = [self.traps.pop() for _ in range(traps)]
        self.state = joined(self.state, *swallowed)

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        if node.finalbody:
            self._finally(lambda: self._handled(node), lambda: self.block(node.finalbody))
        else:
            self._handled(node)

    def _handled(self, node: ast.Try | ast.TryStar) -> None:
        raised: State | None = dict(self.state or {})
        assert raised is not None
        self.traps.append(raised)
        self.block(node.body)
        self.traps.pop()
        self.block(node.orelse)
        ends = [self.state]
        for handler in node.handlers:
            self.state = joined(raised)
            if handler.type is not None:
                self.expression(handler.type)
            raised = joined(raised, self.state)
            self._handler(handler)
            ends.append(self.state)
            if isinstance(node, ast.TryStar):
                raised = joined(raised, self.state)
        self.state = joined(*ends)

    def _handler(self, handler: ast.ExceptHandler) -> None:
        name = handler.name
        if name is None:
            self.block(handler.body)
            return
        self.bind(name)
        self._finally(lambda: self.block(handler.body), lambda: self.forget(name))

    def _finally(self, body: Callable[[], None], final: Callable[[], None]) -> None:
        """Walk ``final`` after each way in which ``body`` can be left."""
        raised, frame = dict(self.state or {}), Frame(loop=False)
        self.traps.append(raised)
        self.frames.append(frame)
        body()
        self.frames.pop()
        self.traps.pop()
        after = self.state
        for kind, state in (("raise", raised), *frame.jumps.items()):
            self.state = dict(state)
            final()
            if kind != "raise":
                self.jump(kind)
        self.state = after
        if after is not None:
            final()

    def _match(self, node: ast.Match) -> None:
        self.expression(node.subject)
        ends = []
        for case in node.cases:
            self._pattern_reads(case.pattern)
            other = None if _always(case.pattern) else joined(self.state)
            self._pattern_binds(case.pattern)
            if case.guard is not None:
                self.state, false = self.condition(case.guard)
                other = joined(other, false)
                self.state = joined(self.state)
            self.block(case.body)
            ends.append(self.state)
            self.state = other
        self.state = joined(self.state, *ends)

    def _pattern_reads(self, pattern: ast.pattern) -> None:
        for child in ast.iter_child_nodes(pattern):
            if isinstance(child, ast.expr):
                self.expression(child)
            elif isinstance(child, ast.pattern):
                self._pattern_reads(child)

    def _pattern_binds(self, pattern: ast.pattern) -> None:
        for child in ast.walk(pattern):
            if isinstance(child, ast.MatchAs | ast.MatchStar) and child.name:
                self.bind(child.name)
            elif isinstance(child, ast.MatchMapping) and child.rest:
                self.bind(child.rest)


def _always(pattern: ast.pattern) -> bool:
    if isinstance(pattern, ast.MatchOr):
        return any(map(_always, pattern.patterns))
    return isinstance(pattern, ast.MatchAs) and (
        pattern.pattern is None or _always(pattern.pattern)
    )


def _nothing(_flow: Statements, _node: ast.stmt) -> None:
    """Declarations count where a scope is made."""


_Walk = Callable[[Statements, ast.stmt], None]
_WALKS: dict[type[ast.AST], _Walk] = {
    ast.Assign: Statements._assign,  # type: ignore[dict-item]
    ast.AnnAssign: Statements._noted,  # type: ignore[dict-item]
    ast.AugAssign: Statements._augmented,  # type: ignore[dict-item]
    ast.Delete: Statements._delete,  # type: ignore[dict-item]
    ast.If: Statements._if,  # type: ignore[dict-item]
    ast.For: Statements._for,  # type: ignore[dict-item]
    ast.AsyncFor: Statements._for,  # type: ignore[dict-item]
    ast.While: Statements._while,  # type: ignore[dict-item]
    ast.Break: lambda flow, _: flow.jump("break"),
    ast.Continue: lambda flow, _: flow.jump("continue"),
    ast.Assert: Statements._assert,  # type: ignore[dict-item]
    ast.Raise: Statements._raise,  # type: ignore[dict-item]
    ast.Return: Statements._return,  # type: ignore[dict-item]
    ast.With: Statements._with,  # type: ignore[dict-item]
    ast.AsyncWith: Statements._with,  # type: ignore[dict-item]
    ast.Try: Statements._try,  # type: ignore[dict-item]
    ast.TryStar: Statements._try,  # type: ignore[dict-item]
    ast.Match: Statements._match,  # type: ignore[dict-item]
    ast.FunctionDef: Statements.function_,  # type: ignore[dict-item]
    ast.AsyncFunctionDef: Statements.function_,  # type: ignore[dict-item]
    ast.ClassDef: Statements.class_,  # type: ignore[dict-item]
    ast.Import: Statements.import_,  # type: ignore[dict-item]
    ast.ImportFrom: Statements.import_,  # type: ignore[dict-item]
    ast.Global: _nothing,
    ast.Nonlocal: _nothing,
}
if hasattr(ast, "TypeAlias"):
    _WALKS[ast.TypeAlias] = Statements.alias_
