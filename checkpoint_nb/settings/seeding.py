"""Which of the shared random generators a piece of code seeds."""

from __future__ import annotations

import ast
import re
from typing import Final

ALL: Final = frozenset({"random", "numpy", "torch"})
_EXACT: Final = {
    "random.seed": "random",
    "random.setstate": "random",
    "numpy.random.seed": "numpy",
    "numpy.random.set_state": "numpy",
    "torch.manual_seed": "torch",
    "torch.random.manual_seed": "torch",
    "torch.set_rng_state": "torch",
    "torch.random.set_rng_state": "torch",
}
_USUAL: Final = {"np": "numpy", "th": "torch", "npr": "numpy.random"}
"""What libraries are called where another cell imported them."""
_ALL_AT_ONCE: Final = re.compile(
    r"(set|fix|setup|set_up|init|reset|control)_?(\w+_)?seeds?(_\w+)?|seed_?(every|all|any)\w*",
    re.IGNORECASE,
)
_LIBRARIES: Final = ("random.", "numpy.", "torch.")


def seeded_by(source: str) -> frozenset[str]:
    r"""Return the generators that ``source`` seeds: ``"random"``, ``"numpy"``, ``"torch"``.

    A function whose name says that it seeds everything, such as ``seed_everything`` or
    ``set_seed``, counts for all of them; one that is not from here counts by its usual name. A
    seed of ``None`` is none.

    Parameters
    ----------
    source
        Python, after IPython's own transformation; what does not parse seeds nothing.

    Examples
    --------
    >>> sorted(seeded_by("np.random.seed(0)"))
    ['numpy']
    >>> sorted(seeded_by("from numpy.random import seed as s\ns(1)\nset_seed(2)"))
    ['numpy', 'random', 'torch']
    >>> seeded_by("rng = np.random.default_rng(0)")
    frozenset()
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return frozenset()
    nodes = list(ast.walk(tree))
    aliases = {**_USUAL, **_imported(nodes)}
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Call) and _is_given_a_seed(node):
            found |= _seeds(_full_name(node.func, aliases))
    return frozenset(found)


def _imported(nodes: list[ast.AST]) -> dict[str, str]:
    """Return what each imported name stands for."""
    aliases: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            aliases |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                aliases[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return aliases


def _full_name(function: ast.expr, aliases: dict[str, str]) -> str:
    parts: list[str] = []
    while isinstance(function, ast.Attribute):
        parts.append(function.attr)
        function = function.value
    if not isinstance(function, ast.Name):
        return ""
    parts.append(aliases.get(function.id, function.id))
    return ".".join(reversed(parts))


def _is_given_a_seed(call: ast.Call) -> bool:
    given = [*call.args, *(word.value for word in call.keywords)]
    nothing = all(isinstance(value, ast.Constant) and value.value is None for value in given)
    return bool(given) and not nothing


def _seeds(function: str) -> frozenset[str]:
    if function in _EXACT:
        return frozenset({_EXACT[function]})
    if function == "seed":
        # Some import brought it, in another cell.
        return ALL
    last = function.rpartition(".")[2]
    if _ALL_AT_ONCE.fullmatch(last) and not function.startswith(_LIBRARIES):
        return ALL
    return frozenset()
