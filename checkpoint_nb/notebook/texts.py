"""Which names the texts in a cell speak of: of those that are looked up when it runs."""

from __future__ import annotations

import ast
import re
from typing import Final

_LOOKS_UP: Final = frozenset({"globals", "locals", "vars", "eval", "exec"})
_WORD: Final = re.compile(r"[^\W\d]\w*")
_MARKED: Final = re.compile(r"@([^\W\d]\w*)")


def names_in_texts(tree: ast.Module) -> tuple[str, ...]:
    """Return names that may be read though only a text has them, in order.

    Those behind an ``@``, as in ``frame.query("price > @limit")``; and every word of every text
    where the cell can look names up: with ``eval``, ``exec``, ``globals``, ``locals``, ``vars``.

    Examples
    --------
    >>> names_in_texts(ast.parse("df.query('price > @limit')"))
    ('limit',)
    >>> names_in_texts(ast.parse("eval('a + b')"))
    ('a', 'b')
    """
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    pattern = _MARKED if names.isdisjoint(_LOOKS_UP) else _WORD
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.update(dict.fromkeys(pattern.findall(node.value)))
    return tuple(found)
