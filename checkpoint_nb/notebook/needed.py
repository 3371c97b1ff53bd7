"""Which names of the notebook a plain cell may touch, also by the functions that it calls."""

from __future__ import annotations

import ast
import builtins
import functools
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from types import CodeType, FunctionType, ModuleType
from typing import Final

from checkpoint_nb.fingerprint.bytecode import SHIFT, opcodes, steps
from checkpoint_nb.notebook.names import names_of

_BY_NAME: Final = opcodes(
    *("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"),
    *("STORE_GLOBAL", "DELETE_GLOBAL"),
)
_ANYTHING: Final = frozenset({"exec", "eval", "globals", "get_ipython"})
_PLAIN: Final = (int, float, complex, str, bytes, bool, type(None), ModuleType, range, slice)
_HEAP: Final = 1 << 9
"""Flag of a class made by a class statement."""
_ITEMS: Final = 1000
"""A container with more items than this holds data, not functions."""
_OBJECTS: Final = 5000
"""After so many objects, what a cell may reach is anything."""
_DEPTH: Final = 3
"""So far into the attributes of objects of libraries: deeper down are figures and connections."""


def names_needed(source: str, namespace: Mapping[str, object]) -> frozenset[str] | None:
    """Tell which names of the notebook running ``source`` may touch; ``None``: any of them.

    Those that it reads or deletes, and those that are looked up by functions it reaches through
    what they are: functions of ``namespace``, alone, wrapped, in containers, in the attributes of
    objects, as methods of classes. It binds others; that asks nothing of them.

    Parameters
    ----------
    source
        A cell, after IPython's own transformation.
    namespace
        What the names of the notebook are now; a name may be missing.

    Examples
    --------
    >>> names = {"k": 2}
    >>> exec("def area(r): return r * k", names)
    >>> sorted(names_needed("total = area(3)", names))
    ['area', 'k']
    >>> names_needed("exec(text)", names) is None
    True
    """
    try:
        names = names_of(ast.parse(source))
    except (SyntaxError, ValueError):
        return frozenset()
    if names.looks_up:
        return None
    hidden = (name for name in names.builtins if name in namespace)
    reach = _Reach(namespace)
    for name in (*names.reads, *names.may_read, *names.deletes, *hidden):
        reach.name(name)
    return reach.whole()


def names_reached(values: Iterable[object], namespace: Mapping[str, object]) -> frozenset[str]:
    """Return the names of ``namespace`` that functions and classes among ``values`` look up.

    As far as that can be told.

    Examples
    --------
    >>> names = {"k": 2}
    >>> exec("def area(r): return r * k", names)
    >>> sorted(names_reached([names["area"]], names))
    ['k']
    """
    reach = _Reach(namespace)
    reach.todo += [(value, 0) for value in values]
    reach.whole()
    return frozenset(reach.found)


class _Reach:
    """Names found so far, and values still to look into."""

    def __init__(self, namespace: Mapping[str, object]) -> None:
        self.namespace = namespace
        self.found: set[str] = set()
        self.todo: list[tuple[object, int]] = []
        self.met: dict[int, object] = {}
        self.classes: dict[int, bool] = {}

    def name(self, name: str) -> None:
        if name not in self.found:
            self.found.add(name)
            if name in self.namespace:
                self.todo.append((self.namespace[name], 0))

    def whole(self) -> frozenset[str] | None:
        while self.todo:
            value, depth = self.todo.pop()
            if isinstance(value, _PLAIN) or id(value) in self.met:
                continue
            # Kept, so that no other object gets its id meanwhile.
            self.met[id(value)] = value
            if len(self.met) > _OBJECTS or not self._look(value, depth):
                return None
        return frozenset(self.found)

    def _look(self, value: object, depth: int) -> bool:
        """Look into one value; tell whether what it may touch can be told."""
        if isinstance(value, FunctionType):
            return self._function(value, depth)
        if isinstance(value, type):
            self._class(value, depth)
            return True
        for name in _CODES:
            code = getattr(value, name, None) if hasattr(type(value), name) else None
            if isinstance(code, CodeType) and not self._code(code):
                return False
        ours = self._class(type(value), depth)
        self._add(_parts(value), depth)
        if ours or depth < _DEPTH:
            self._add(_attributes(value), depth if ours else depth + 1)
        return True

    def _add(self, values: Iterable[object], depth: int) -> None:
        self.todo += [(value, depth) for value in values if not isinstance(value, _PLAIN)]

    def _function(self, function: FunctionType, depth: int) -> bool:
        self._add(function.__defaults__ or (), depth)
        self._add((function.__kwdefaults__ or {}).values(), depth)
        self._add(vars(function).values(), depth)
        for cell in function.__closure__ or ():
            try:
                self._add([cell.cell_contents], depth)
            except ValueError:
                continue
        return function.__globals__ is not self.namespace or self._code(function.__code__)

    def _class(self, cls: type, depth: int) -> bool:
        """Look into a class and its bases; tell whether the notebook made any of them."""
        if id(cls) in self.classes:
            return self.classes[id(cls)]
        ours = False
        home = self.namespace.get("__name__")
        for one in cls.__mro__:
            if one.__module__ == home or (home is None and one.__module__ == "builtins"):
                ours = ours or one.__flags__ & _HEAP != 0
                for member in vars(one).values():
                    self._add([member, *_parts(member)], depth)
            else:
                # A library's class, which the notebook may have put a method of its own into.
                members = [m for m in vars(one).values() if type(m) is FunctionType]
                self._add((m for m in members if m.__globals__ is self.namespace), depth)
        self.classes[id(cls)] = ours
        return ours

    def _code(self, code: CodeType) -> bool:
        names = looked_up(code)
        if any(name in _ANYTHING and not self._defined(name) for name in names):
            return False
        for name in names:
            if not hasattr(builtins, name) or name in self.namespace:
                self.name(name)
        return True

    def _defined(self, name: str) -> bool:
        return name != "get_ipython" and name in self.namespace


_CODES: Final = ("gi_code", "cr_code", "ag_code")
_INSIDE: Final = ("__func__", "__self__", "__wrapped__", "fget", "fset", "fdel")


@lru_cache(maxsize=4096)
def looked_up(code: CodeType) -> frozenset[str]:
    """Return the names that code, and code inside it, looks up among those of its module.

    Examples
    --------
    >>> sorted(looked_up(compile("def f(): return g(x.y)", "", "exec")))
    ['g', 'x']
    """
    found = {
        code.co_names[arg >> SHIFT[op]]
        for op, arg in zip(*steps(code)[:2], strict=False)
        if op in _BY_NAME
    }
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= looked_up(constant)
    return frozenset(found)


def _parts(value: object) -> Iterator[object]:
    """Yield what a value holds that may be, or lead to, a function."""
    if isinstance(value, functools.partial):
        yield from (value.func, *value.args, *value.keywords.values())
    elif isinstance(value, dict):
        if len(value) <= _ITEMS:
            yield from value.values()
    elif isinstance(value, list | tuple | set | frozenset):
        if len(value) <= _ITEMS:
            yield from value
    else:
        for name in _INSIDE:
            # Asked of the type, so that no __getattr__ runs.
            if hasattr(type(value), name):
                yield getattr(value, name, None)


def _attributes(value: object) -> Iterable[object]:
    try:
        attributes = object.__getattribute__(value, "__dict__")
    except AttributeError:
        attributes = {}
    slots = [
        name
        for one in type(value).__mro__
        for name in _slots(one)
        if not (name.startswith("__") and name.endswith("__"))
    ]
    found = list(attributes.values()) if isinstance(attributes, dict) else []
    for name in slots:
        try:
            found.append(object.__getattribute__(value, name))
        except AttributeError:
            continue
    return found


def _slots(cls: type) -> tuple[str, ...]:
    slots = vars(cls).get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)
