"""The text of live code, or an honest listing where no text is known to be its own."""

from __future__ import annotations
import __future__

import ast
import linecache
import re
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import reduce
from operator import or_
from types import CodeType, FunctionType
from typing import Final, cast

from checkpoint_nb.explaining.agreement import function_agrees, functions_in, set_later
from checkpoint_nb.explaining.listing import UNAVAILABLE, listing_of, namespace_of

__all__ = ["UNAVAILABLE", "source_of"]

_FUTURE: Final = reduce(
    or_, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
)
_NAME: Final = "<text read again>"
_UNTOLD: Final = ("ignore", None, Warning, re.compile(re.escape(_NAME)), 0)
_MOST_FILES: Final = 128

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda


@dataclass(frozen=True, slots=True)
class _Piece:
    """One code object of a text, and the syntax it comes from; ``None``: the whole text."""

    code: CodeType
    node: _Definition | None


@dataclass(frozen=True, slots=True)
class _Text:
    """A text that was compiled again: its lines, and its pieces by name."""

    lines: list[str]
    pieces: dict[str, list[_Piece]]


_texts: Final[dict[tuple[str, int], _Text]] = {}


def source_of(live: FunctionType | type) -> str:
    """Return the text of a live function or class.

    A file may have been edited since it was imported, so a text counts only if compiling it gives
    the code that is live. Otherwise the answer is a listing of that code, which says so in its
    first line.

    Examples
    --------
    >>> import textwrap
    >>> source_of(textwrap.shorten).splitlines()[0]
    'def shorten(text, width, **kwargs):'
    """
    try:
        found = _of_class(live) if isinstance(live, type) else _of_function(live)
        return found or listing_of(live)
    except Exception:  # noqa: BLE001  words for people must not stop the work
        return UNAVAILABLE


def _of_function(live: FunctionType) -> str:
    code = live.__code__
    text = _read(code.co_filename, code.co_flags & _FUTURE, live.__globals__)
    if text is None:
        return ""
    for piece in _nearest_first(text.pieces.get(code.co_name, ()), code):
        if function_agrees(live, piece.code, piece.node):
            return _cut(text, piece.node)
    return ""


def _nearest_first(pieces: Iterable[_Piece], code: CodeType) -> list[_Piece]:
    def distance(piece: _Piece) -> tuple[bool, bool]:
        other = piece.code
        return other.co_firstlineno != code.co_firstlineno, other.co_qualname != code.co_qualname

    return sorted(pieces, key=distance)


def _of_class(live: type) -> str:
    functions = functions_in(live)
    name: str = type.__getattribute__(live, "__name__")
    future = reduce(or_, (one.__code__.co_flags & _FUTURE for one in functions), 0)
    best: tuple[list[str], str] | None = None
    for filename in dict.fromkeys(_files(live, name, functions)):
        text = _read(filename, future, {})
        for piece in reversed(text.pieces.get(name, ())) if text is not None else ():
            if text is None or not isinstance(piece.node, ast.ClassDef):
                continue
            later = set_later(live, piece.code, piece.node)
            if later is not None and (best is None or len(later) < len(best[0])):
                best = later, _cut(text, piece.node)
        if best is not None and not best[0]:
            break
    return "" if best is None else best[1] + "".join(f"# set later: {one}\n" for one in best[0])


def _files(live: type, name: str, functions: list[FunctionType]) -> Iterator[str]:
    """Yield where the text of a class may be: with its methods, in its module, in a cell."""
    inside = f"{type.__getattribute__(live, '__qualname__')}."
    for function in functions:
        if function.__code__.co_qualname.startswith(inside):
            yield function.__code__.co_filename
    module = namespace_of(live).get("__module__")
    file = getattr(sys.modules.get(str(module)), "__file__", None)
    if isinstance(file, str):
        yield file
    # A cell is no file: its lines are in linecache, without a time.
    for filename, entry in reversed(list(linecache.cache.items())):
        if len(entry) == 4 and entry[1] is None and _mentions(entry[2], f"class {name}"):
            yield filename


def _mentions(lines: Iterable[str], words: str) -> bool:
    return any(words in line for line in lines)


def _read(filename: str, future: int, namespace: dict[str, object]) -> _Text | None:
    """Return the text of a file or cell as it is now, compiled; ``None`` when it cannot be."""
    linecache.checkcache(filename)
    lines = linecache.getlines(filename, namespace)
    if not lines:
        return None
    known = _texts.get((filename, future))
    if known is None or known.lines is not lines:
        known = _Text(lines, _pieces("".join(lines), future))
        _texts[filename, future] = known
        for oldest in list(_texts)[:-_MOST_FILES]:
            _texts.pop(oldest, None)
    return known


def _pieces(source: str, future: int) -> dict[str, list[_Piece]]:
    try:
        with _quiet():
            tree = ast.parse(source, _NAME)
            flags = future | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            module: CodeType = compile(tree, _NAME, "exec", flags=flags, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError):
        return {}
    nodes: dict[tuple[str, int], list[_Definition]] = {}
    for node in ast.walk(tree):
        if isinstance(node, _Definition):
            name = "<lambda>" if isinstance(node, ast.Lambda) else node.name
            nodes.setdefault((name, _first_line(node)), []).append(node)
    pieces = {module.co_name: [_Piece(module, None)]}
    for code in _nested(module):
        node_of = _pick(code, nodes.get((code.co_name, code.co_firstlineno), []))
        if node_of is not None:
            pieces.setdefault(code.co_name, []).append(_Piece(code, node_of))
    return pieces


@contextmanager
def _quiet() -> Iterator[None]:
    """Have no warning told a second time that compiling a text told before."""
    # Not catch_warnings, which takes the whole list away: this may be another thread than the
    # user's, who finds his filters as they were.
    filters = cast("list[object]", warnings.filters)
    filters.insert(0, _UNTOLD)
    try:
        yield
    finally:
        for one in (filters, cast("list[object]", warnings.filters)):
            with suppress(ValueError):
                one.remove(_UNTOLD)


def _nested(code: CodeType) -> Iterator[CodeType]:
    waiting = [code]
    while waiting:
        inside = [one for one in waiting.pop().co_consts if isinstance(one, CodeType)]
        yield from inside
        waiting += inside


def _first_line(node: _Definition) -> int:
    if isinstance(node, ast.Lambda):
        return node.lineno
    return min([node.lineno, *(one.lineno for one in node.decorator_list)])


def _pick(code: CodeType, nodes: list[_Definition]) -> _Definition | None:
    """Return the one that a code object was made from; a line may have several lambdas."""
    if len(nodes) < 2:
        return nodes[0] if nodes else None
    places = [
        (start, left, end, right)
        for start, end, left, right in code.co_positions()
        if start is not None and end is not None and left is not None and right
    ]
    around = [
        node
        for node in nodes
        if isinstance(node, ast.Lambda) and all(_covers(node.body, place) for place in places)
    ]
    return min(around, key=_extent, default=None)


def _covers(node: ast.expr, place: tuple[int, int, int, int]) -> bool:
    start, left, end, right = place
    begins = (node.lineno, node.col_offset) <= (start, left)
    return begins and (end, right) <= (node.end_lineno or 0, node.end_col_offset or 0)


def _extent(node: ast.Lambda) -> tuple[int, int]:
    lines = (node.end_lineno or node.lineno) - node.lineno
    return lines, (node.end_col_offset or 0) - node.col_offset


def _cut(text: _Text, node: _Definition | None) -> str:
    if node is None:
        return "".join(text.lines)
    if isinstance(node, ast.Lambda):
        return ast.get_source_segment("".join(text.lines), node) or ""
    lines = text.lines[_first_line(node) - 1 : node.end_lineno]
    margin = lines[0][: len(lines[0]) - len(lines[0].lstrip())]
    return "".join(line.removeprefix(margin) for line in lines)
