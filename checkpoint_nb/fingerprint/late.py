"""Finds what functions look for only when they run: modules they import, names in texts."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable, Iterator
from types import FunctionType, ModuleType

from checkpoint_nb.fingerprint.boundary import by_content
from checkpoint_nb.fingerprint.code import normal


def late_imports(
    codes: Iterable[FunctionType | type],
) -> Iterator[tuple[ModuleType, tuple[str, ...]]]:
    """Yield each user's module that import statements inside ``codes`` lead to, as it is here.

    With it the names taken from it; none where the module as a whole is meant.

    Examples
    --------
    >>> def late():
    ...     import json
    >>> list(late_imports([late]))
    []
    """
    for function in _functions(codes):
        package = str(function.__globals__.get("__package__") or "")
        for one in normal(function.__code__).imports:
            try:
                full = importlib.util.resolve_name("." * one.level + one.module, package)
            except ImportError:
                continue
            yield from _loaded(full, () if "*" in one.names else one.names)


def looked_up(
    codes: Iterable[FunctionType | type],
) -> Iterator[tuple[FunctionType, dict[str, object]]]:
    """Yield each function that looks globals up by texts in it, with those that are there.

    Examples
    --------
    >>> step = 2
    >>> def double(n): return n * globals()["step"]
    >>> list(looked_up([double])) == [(double, {"step": 2})]
    True
    """
    for function in _functions(codes):
        known = function.__globals__
        found = {word: known[word] for word in normal(function.__code__).words if word in known}
        if found:
            yield function, found


def _loaded(full: str, names: tuple[str, ...]) -> Iterator[tuple[ModuleType, tuple[str, ...]]]:
    module = sys.modules.get(full)
    if not isinstance(module, ModuleType) or not by_content(module):
        return
    yield module, names
    top = sys.modules.get(full.partition(".")[0])
    if not names and isinstance(top, ModuleType) and top is not module:
        yield top, ()


def _functions(codes: Iterable[FunctionType | type]) -> Iterator[FunctionType]:
    for code in codes:
        if isinstance(code, FunctionType):
            yield code
            continue
        for member in vars(code).values():
            inner = getattr(member, "__func__", None) or getattr(member, "fget", None) or member
            if isinstance(inner, FunctionType):
                yield inner
