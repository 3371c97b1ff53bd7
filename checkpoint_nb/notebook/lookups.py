"""Walks what looks names up by their text: exec, eval, globals and IPython's own calls."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import partial
from typing import Final

from checkpoint_nb.notebook.flow import Flow, joined
from checkpoint_nb.notebook.scopes import function_scope
from checkpoint_nb.notebook.spoken import (
    Spoken,
    cell_magic,
    line_magic,
    python,
    shell_line,
    words,
)

_RUNNERS: Final = frozenset({"exec", "eval"})
_VIEWS: Final = frozenset({"globals", "locals", "vars", "dir"})
_FRAMES: Final = frozenset(
    {"f_globals", "f_locals", "f_back", "__globals__", "user_ns", "user_module"}
)
_SHELL_READS: Final = words(
    """
    __class__ config kernel display_formatter display_pub events execution_count colors
    Completer history_manager magics_manager enable_gui enable_matplotlib set_hook parent
    register_magic_function register_magics set_custom_exc showtraceback
    """
)
"""Attributes of the shell that lead to no name of the notebook."""
_TELLS: Final = frozenset({"str", "type", "isinstance", "repr", "bool", "print", "hasattr"})
"""Builtins that may be given the shell without harm."""


_NO_ARGUMENTS: Final = ast.arguments([], [], None, [], [], None, [])


class Lookups(Flow):
    """A flow that knows the ways to a name other than writing it."""

    def each(self, *nodes: ast.expr | None) -> None:
        """Walk those expressions that are there."""
        raise NotImplementedError

    def name(self, node: ast.Name) -> None:
        """Read a name; the builtins that look others up, unless called plainly, may see all."""
        if node.id in _RUNNERS | _VIEWS | {"get_ipython"} and self.is_notebooks(node.id):
            self.look_up(node.id)
        self.read(node.id)

    def looked_up(self, node: ast.expr) -> bool:
        """Walk ``node`` if it is one of these ways; tell whether it was."""
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Subscript):
            if (name := self.named(node)) is not None:
                self.read_outer(name)
                return True
            if _text(node.slice) is None or _text(node.slice) == "__main__":
                value = node.value
                if isinstance(value, ast.Attribute) and value.attr == "modules":
                    self.look_up("sys.modules")
        return False

    def named(self, node: ast.expr) -> str | None:
        """Return NAME if ``node`` is ``globals()["NAME"]``."""
        if isinstance(node, ast.Subscript) and self._is_view(node.value):
            return _text(node.slice)
        return None

    def compared_with_names(self, node: ast.Compare) -> bool:
        """Walk ``"x" in globals()``, and the shell compared with something."""
        other = node.comparators[0]
        name = _text(node.left)
        if name and isinstance(node.ops[0], ast.In | ast.NotIn) and self._is_view(other):
            self.read_outer(name)
            return True
        return self._is_shell(node.left) and isinstance(other, ast.Constant)

    # -- calls -------------------------------------------------------------------------------------

    def _call(self, node: ast.Call) -> bool:
        function = node.func
        if isinstance(function, ast.Attribute):
            return self._method(node, function)
        if not isinstance(function, ast.Name) or not self.is_notebooks(function.id):
            return False
        if function.id in _RUNNERS:
            self.read(function.id)
            self._run(function.id, node)
            return True
        if function.id in _VIEWS:
            free = function.id == "globals" or not self.scope.inside_function
            if free and not node.args and not node.keywords:
                self.look_up(function.id)
            self.read(function.id)
            self.each(*node.args, *(k.value for k in node.keywords))
            return True
        if function.id in _TELLS and any(self._is_shell(one) for one in node.args):
            self.read(function.id)
            self.each(*(one for one in node.args if not self._is_shell(one)))
            return True
        if function.id == "__import__" and "__main__" in map(_text, node.args):
            self.look_up("__main__")
        return False

    def _method(self, node: ast.Call, function: ast.Attribute) -> bool:
        if self._is_shell(function.value):
            texts = [_text(one) for one in node.args]
            said = _said(function.attr, [one for one in texts if one is not None])
            if said is None or None in texts or node.keywords:
                return False
            self._say(node, said)
            return True
        if isinstance(function.value, ast.Name) and function.value.id == "builtins":
            if function.attr in _RUNNERS:
                self.read("builtins")
                self._run(function.attr, node)
                return True
            if function.attr in _VIEWS:
                self.look_up(function.attr)
        if self._is_view(function.value) and function.attr in ("get", "pop", "setdefault"):
            name = _text(node.args[0]) if node.args else None
            if name is not None:
                self.read_outer(name)
                self.each(*node.args[1:])
                before = joined(self.state)
                if function.attr == "pop":
                    self.forget_outer(name)
                elif function.attr == "setdefault":
                    self.bind_outer(name)
                self.state = joined(before, self.state)
                return True
        if function.attr == "import_module" and set(map(_text, node.args)) & {None, "__main__"}:
            module = node.args[0] if node.args else None
            if not isinstance(module, ast.Constant) or module.value == "__main__":
                self.look_up("import_module")
        return False

    def _run(self, what: str, node: ast.Call) -> None:
        """Walk ``exec(text)`` or ``eval(text)``: what the text says, if it stands there."""
        if not node.args:
            self.look_up(what)
            return
        text, *spaces = node.args
        spaces += [keyword.value for keyword in node.keywords]
        if spaces and not self._is_view(spaces[0]):
            # It sees the names it is given, and only those.
            self.each(text, *spaces)
            return
        source = _text(text)
        if source is None:
            self.each(text)
            self.look_up(what)
        else:
            self._source(node, source.lstrip(" \t") if what == "eval" else source, what)
        self.each(*(one for one in spaces if not self._is_view(one)))

    def _source(self, node: ast.AST, source: str, what: str) -> None:
        try:
            body = ast.parse(source).body
        except (SyntaxError, ValueError):
            return  # and that is what the cell will get
        if what == "eval":
            body = [one for one in body if isinstance(one, ast.Expr)]
        self.text(node, body)

    def _say(self, node: ast.AST, said: Spoken) -> None:
        if said.looks_up:
            self.look_up(said.looks_up)
        for word in said.words:
            self.read_outer(word, certain=False)
        for name in said.binds:
            self.bind_outer(name)
        for source, apart in ((said.code, False), (said.apart, True)):
            try:
                body = ast.parse(source).body
            except (SyntaxError, ValueError):
                for word in source.split():
                    self.read_outer(word, certain=False)
                continue
            if not body:
                continue
            if apart:
                body = self.texts.setdefault(id(node), body)
                scope = function_scope(self.scope, _NO_ARGUMENTS, body)
                self.use(self.apart(scope, partial(_walk, body)))
            else:
                # Many magics show an error and go on: what was to be bound may not have been.
                trap = dict(self.state or {})
                self.traps.append(trap)
                self.text(node, body)
                self.traps.pop()
                self.state = joined(self.state, trap)

    # -- what a node is ----------------------------------------------------------------------------

    def _attribute(self, node: ast.Attribute) -> bool:
        if node.attr in _FRAMES:
            self.look_up(node.attr)
        if self._is_shell(node.value):
            if node.attr not in _SHELL_READS:
                self.look_up("get_ipython")
            return True
        python = isinstance(node.value, ast.Name) and node.value.id == "builtins"
        if python and node.attr in _RUNNERS | _VIEWS:
            self.look_up(node.attr)
        return False

    def _is_view(self, node: ast.expr) -> bool:
        """Whether ``node`` is a plain call that gives the notebook's names; its name is read."""
        if not isinstance(node, ast.Call) or node.args or node.keywords:
            return False
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        here = name == "globals" or (name in _VIEWS and self.scope.kind == "module")
        if not here or not self.is_notebooks(name):
            return False
        self.read(name)
        return True

    def _is_shell(self, node: ast.expr) -> bool:
        return (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "get_ipython"
        )


def _walk(body: Iterable[ast.stmt], flow: Flow) -> None:
    flow.block(body)


def _text(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None


def _said(method: str, texts: list[str]) -> Spoken | None:
    if method == "run_line_magic" and len(texts) == 2:
        return line_magic(texts[0], texts[1])
    if method == "run_cell_magic" and len(texts) == 3:
        return cell_magic(texts[0], texts[1], texts[2])
    if method in ("system", "getoutput", "system_raw", "system_piped") and texts:
        return shell_line(texts[0])
    if method in ("run_cell", "ex", "ev") and texts:
        return Spoken(code=python(texts[0]))
    return None
