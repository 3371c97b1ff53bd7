"""Which cells may be run again, and what running them again must give."""

from __future__ import annotations

import ast
import re

from IPython.core.inputtransformer2 import TransformerManager

from tests.equivalence.kernel import State
from tests.equivalence.reading import Cell

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_WORD = re.compile(r"[^\W\d]\w*")


class Reads:
    """The names that each cell of a notebook may read, directly or through functions.

    Parameters
    ----------
    cells
        The cells, in order.
    """

    def __init__(self, cells: tuple[Cell, ...]) -> None:
        trees = [_tree(cell.source) for cell in cells]
        self._inside: dict[str, set[str]] = {}
        for tree in trees:
            for node in ast.walk(tree):
                if isinstance(node, _SCOPES[:3]):
                    self._inside.setdefault(node.name, set()).update(_words(node))
                elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
                    for target in node.targets:
                        self._inside.setdefault(ast.unparse(target), set()).update(_words(node))
        self._direct = [_reads(tree) for tree in trees]
        self._own = [_own(tree) for tree in trees]

    def of(self, number: int) -> set[str]:
        """Return the names that cell ``number`` may read."""
        found: set[str] = set()
        left = list(self._direct[number])
        while left:
            name = left.pop()
            if name not in found:
                found.add(name)
                left += self._inside.get(name, ())
        return found

    def own(self, number: int) -> set[str]:
        """Return the names that cell ``number`` itself may bind or change."""
        return self._own[number]


def moved(reads: set[str], before: State, now: State) -> set[str]:
    """Return the names among ``reads`` that hold another value than ``before``."""
    names = reads & (before.variables.keys() | now.variables.keys())
    return {n for n in names if before.variables.get(n) != now.variables.get(n)}


def keeps_place(own: set[str], moved: set[str], state: State) -> bool:
    """Whether running a cell again must give what it gave first, whatever was made of ``moved``.

    A cell takes a name that it binds itself from where it took it before. Every other name it
    takes as it is now, as a plain cell does, and so it takes what several names share: a change
    of that has run in the notebook itself. Functions and classes are the notebook's own.
    """
    if not moved or not moved <= own & state.variables.keys() or moved & {"_", "Out"}:
        return False
    shared = {name for one in state.aliases for name in _WORD.findall(one)}
    code = {n for n in moved if state.variables.get(n, "").startswith(("function", "class "))}
    return not (code or moved & shared)


def unmoved(reads: set[str], before: State, now: State) -> bool:
    """Whether a cell that reads ``reads`` would find what it found ``before``."""
    if moved(reads, before, now):
        return False
    return all(
        now.settings.get(name, said) == said
        for name, said in before.settings.items()
        if "random" not in name or "random" in reads
    )


def _tree(source: str) -> ast.Module:
    manager = TransformerManager()
    try:
        return ast.parse(manager.transform_cell(source))
    except SyntaxError:
        return ast.Module([], [])


def _words(node: ast.AST) -> set[str]:
    found: set[str] = set()
    for one in ast.walk(node):
        if isinstance(one, ast.Name):
            found.add(one.id)
        elif isinstance(one, ast.Attribute):
            found.add(one.attr)
        elif isinstance(one, ast.Constant) and isinstance(one.value, str):
            found.update(_WORD.findall(one.value))
    return found


def _reads(tree: ast.Module) -> set[str]:
    """Names that a cell reads before its own statements have bound them; in doubt it reads them."""
    bound: set[str] = set()
    found: set[str] = set()
    for statement in tree.body:
        stored = {
            n.id
            for n in ast.walk(statement)
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        changed = {
            n.target.id
            for n in ast.walk(statement)
            if isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name)
        }
        own = (
            stored - changed if isinstance(statement, ast.For | ast.With | ast.AsyncFor) else set()
        )
        inner = {
            n.id
            for c in ast.walk(statement)
            if isinstance(c, ast.comprehension)
            for n in ast.walk(c.target)
            if isinstance(n, ast.Name)
        } | {a.arg for a in ast.walk(statement) if isinstance(a, ast.arg)}
        words = _words(statement) - (stored - _loaded(statement)) | changed
        found |= words - bound - own - inner
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            bound |= stored
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            bound |= {(a.asname or a.name).split(".")[0] for a in statement.names}
        elif isinstance(statement, _SCOPES[:3]):
            bound.add(statement.name)
    return found


def _own(tree: ast.Module) -> set[str]:
    """Names that a cell binds, or changes by a part of theirs or by a call of a method."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            found.update(_words(node.value))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found.update((one.asname or one.name).split(".")[0] for one in node.names)
        elif isinstance(node, _SCOPES[:3]):
            found.add(node.name)
    return found


def _loaded(statement: ast.stmt) -> set[str]:
    return {
        n.id
        for n in ast.walk(statement)
        if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Store)
    }
