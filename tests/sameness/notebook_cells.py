"""A text as a notebook: modules beside it, cells, and which cells an edit makes one run again.

A cell is run again when its text changed, or when something in it used, *while it was run*, a name
that a changed line makes: a decorator, a default, a base class, an argument of a ``partial``, a
``from m import x``. What the body of a function names is looked up when the function is called, so
that is no reason to run the function's cell again.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Book:
    """Modules by name, and three cells: what stands before the task, the task, what stands after."""

    modules: dict[str, str]
    cells: tuple[str, str, str]

    @classmethod
    def of(cls, text: str) -> Book:
        """Cut a text into modules and cells."""
        parts = text.split("## ")
        named = dict(part.split("\n", 1) for part in parts[1:]) if len(parts) > 1 else {"": text}
        *modules, last = named
        lines = named[last].splitlines(keepends=True)
        first, after = _task_lines(ast.parse(named[last]))
        cells = lines[:first], lines[first:after], lines[after:]
        return cls(
            {name: named[name] for name in modules}, tuple("".join(c).strip("\n") for c in cells)
        )

    def declared(self) -> Book:
        """Put ``@checkpoint`` on top of the task."""
        before, task, after = self.cells
        if task.startswith("f ="):
            task = f"f = checkpoint({task.removeprefix('f =').strip()})"
        else:
            task = f"@checkpoint\n{task}"
        return Book(self.modules, (before, task, after))


def _task_lines(tree: ast.Module) -> tuple[int, int]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "f":
            return min([node.lineno, *(d.lineno for d in node.decorator_list)]) - 1, node.end_lineno
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "f":
            return node.lineno - 1, node.end_lineno
    raise AssertionError("the text has no task f")


def changed_modules(old: Book, new: Book) -> list[str]:
    """Return the modules that are new or edited, in the order they are made."""
    changed = {name for name, text in new.modules.items() if old.modules.get(name) != text}
    return [name for name in new.modules if name in changed]


def run_again(old: Book, new: Book) -> list[int]:
    """Return which of the three cells a user runs again after the edit."""
    edited = {
        at for at, pair in enumerate(zip(old.cells, new.cells, strict=True)) if len(set(pair)) > 1
    }
    dirty: set[str] = set()
    modules = changed_modules(old, new)
    for one, two in zip(old.cells, new.cells, strict=True):
        before, after = _statements(one), _statements(two)
        for source in before.keys() ^ after.keys():
            dirty |= set(_binds(before.get(source) or after[source]))
    again, grows = set(edited), True
    while grows:
        size = len(dirty), len(again)
        for at, cell in enumerate(new.cells):
            for node in _statements(cell).values():
                if _imports_from(node, modules) or dirty & set(_used_now(node)):
                    again.add(at)
                    dirty |= set(_binds(node))
        grows = size != (len(dirty), len(again))
    return sorted(again)


def _statements(cell: str) -> dict[str, ast.stmt]:
    return {ast.unparse(node): node for node in ast.parse(cell).body}


def _imports_from(node: ast.stmt, modules: list[str]) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module in modules


def _binds(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from ((alias.asname or alias.name).split(".")[0] for alias in node.names)
    elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        for one in ast.walk(node):
            if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
                yield one.id


def _used_now(node: ast.AST) -> Iterator[str]:
    """Yield the names used while a statement is run: not those in the bodies of functions."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        spec = node.args
        parts: list[ast.AST] = [*spec.defaults, *(d for d in spec.kw_defaults if d is not None)]
        parts += getattr(node, "decorator_list", [])
        notes = [one.annotation for one in ast.walk(spec) if isinstance(one, ast.arg)]
        parts += [note for note in (*notes, getattr(node, "returns", None)) if note is not None]
    else:
        parts = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield node.id
    for part in parts:
        yield from _used_now(part)
