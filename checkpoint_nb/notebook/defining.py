"""Makes what a cell defines in the notebook itself: functions, classes, imports."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, MutableMapping

from checkpoint_nb.notebook.executing import future, keep_future

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def import_stars(tree: ast.Module, file: str, namespace: MutableMapping[str, object]) -> None:
    """Do the imports of a cell that bring names it cannot tell."""
    _execute([node for node in tree.body if _is_star(node)], tree, file, namespace)


def define(
    tree: ast.Module, names: Collection[str], file: str, namespace: MutableMapping[str, object]
) -> None:
    r"""Execute the statements of a cell that define ``names``, and its star imports.

    Parameters
    ----------
    tree
        The cell.
    file
        Name of the cell as a file.

    Examples
    --------
    >>> names = {}
    >>> define(ast.parse("import math\nn = 1\ndef f(): return n"), ["f"], "<cell>", names)
    >>> sorted(names.keys() - {"__builtins__"})
    ['f']
    """
    _execute(_definitions(tree, names), tree, file, namespace)


def needed_to_define(tree: ast.Module, names: Collection[str]) -> set[str]:
    r"""Return the names that defining ``names`` reads there and then: defaults, decorators, bases.

    Examples
    --------
    >>> needed_to_define(ast.parse("k = 5\ndef f(x=k): return y"), ["f"])
    {'k'}
    """
    body = _definitions(tree, names)
    return {node.id for node in _at_once(body) if isinstance(node, ast.Name)}


def _definitions(tree: ast.Module, names: Collection[str]) -> list[ast.stmt]:
    return [node for node in tree.body if _is_star(node) or not set(names).isdisjoint(_names(node))]


def _execute(
    body: list[ast.stmt], tree: ast.Module, file: str, namespace: MutableMapping[str, object]
) -> None:
    futures = [
        node
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module == "__future__" and node not in body
    ]
    for node in body:
        # One by one, as IPython does: what stands beside a definition decides its bytecode.
        tree = ast.Module([*futures, node], [])
        code = compile(tree, file, "exec", future(), dont_inherit=True)
        keep_future(code)
        exec(code, namespace)  # type: ignore[arg-type]  # noqa: S102 - the user's own cell


def _at_once(nodes: Iterable[ast.AST | None]) -> Iterator[ast.AST]:
    """Yield what is evaluated when these statements are: no bodies of functions."""
    for node in nodes:
        if node is None:
            continue
        yield node
        if isinstance(node, _FUNCTIONS):
            yield from _at_once([*node.decorator_list, node.args, node.returns])
        elif isinstance(node, ast.Lambda):
            yield from _at_once([node.args])
        else:
            yield from _at_once(ast.iter_child_nodes(node))


def _is_star(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).split(".")[0] for alias in node.names]
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        return [node.name]
    return []
