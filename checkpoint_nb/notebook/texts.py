"""Which names the texts in a cell speak of: of those that are looked up when it runs."""

from __future__ import annotations

import ast
import re
from typing import Final

from checkpoint_nb.notebook.spoken import WORD, words

_MARKED: Final = re.compile(r"@([^\W\d]\w*)")
_SQL: Final = frozenset({"sql", "sqldf"})
_ASKED: Final = _SQL | words(
    """
    eval evaluate from_formula dmatrix dmatrices ols glm gls wls mixedlm quantreg rlm timeit
    """
)
"""Functions and methods of libraries that look for the words of a text among the names around."""


def names_in_texts(tree: ast.Module, everything: bool = False) -> tuple[str, ...]:
    """Return names that may be read though only a text has them, in order.

    Those behind an ``@``, as in ``frame.query("price > @limit")``; every word of what is given to
    a function that looks names up by itself, as ``duckdb.sql`` and formulas do; and every word of
    every text in the cell where ``sql`` is given something else than a text.

    Parameters
    ----------
    tree
        The cell.
    everything
        Whether every word of every text counts.

    Examples
    --------
    >>> names_in_texts(ast.parse("df.query('price > @limit')"))
    ('limit',)
    >>> names_in_texts(ast.parse("pd.eval('a + b')"))
    ('a', 'b')
    """
    texts: list[str] = []
    asked: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts.append(node.value)
        elif isinstance(node, ast.Call) and _last_name(node.func) in _ASKED:
            inside = [leaf for one in node.args for leaf in ast.walk(one)]
            asked += (given := [text for leaf in inside if (text := _text(leaf)) is not None])
            everything = everything or (not given and _last_name(node.func) in _SQL)
    found: dict[str, None] = {}
    for text in texts:
        found.update(dict.fromkeys((WORD if everything else _MARKED).findall(text)))
    for text in asked:
        found.update(dict.fromkeys(WORD.findall(text)))
    return tuple(found)


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None


def _last_name(node: ast.expr) -> str:
    # A plain eval is walked as the code it is.
    return node.attr if isinstance(node, ast.Attribute) else ""
