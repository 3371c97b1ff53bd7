"""Which names hang together: their values share an object that can change, or memory."""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import functools
import gc
import logging
import pathlib
import re
import sys
import types
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from contextlib import suppress
from enum import Enum, auto
from typing import Any, Final

from checkpoint_nb.stores.views import bounds, shares


class _Rule(Enum):
    """What to do with an object."""

    SKIP = auto()  # it cannot change, or it is the same object for everybody
    THROUGH = auto()  # it cannot change, but what is in it may
    INTO = auto()
    WHOLE = auto()  # what is in it is its own
    FUNCTION = auto()
    ARRAY = auto()
    TENSOR = auto()


_ATOMS: Final = (
    *(int, float, complex, bool, str, bytes, range, slice, object),
    *map(type, (None, ..., NotImplemented)),
    *(types.CodeType, types.FrameType, types.TracebackType, types.GenericAlias, types.UnionType),
    *(types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType),
    *(decimal.Decimal, fractions.Fraction, uuid.UUID, re.Pattern),
)
_ATOMS_AND_DERIVED: Final = (
    *(type, types.ModuleType, enum.Enum, pathlib.PurePath, logging.Logger),
    *(datetime.date, datetime.time, datetime.timedelta, datetime.tzinfo),
)
_THROUGH: Final = (
    *(tuple, frozenset, types.MethodType, types.BuiltinMethodType, types.MappingProxyType),
    *(staticmethod, classmethod, property),
)
_FUNCTIONS: Final = (types.FunctionType, type(functools.lru_cache(len)))
_NO_CONTENT: Final = ("typing", "weakref", "_weakref", "_thread")
_CLOSED: Final = ("polars", "pyarrow")
_MOST_OBJECTS: Final = 5_000_000
_RUN, _BATCH = 100_000, 1000
_MOST_NEAR: Final = 200
_NOBODY: Final = -1


def units(values: Mapping[str, object]) -> tuple[tuple[str, ...], ...]:
    """Return the names in groups: in one group, values share an object that can change, or memory.

    Frames that copy on write are not looked into, and what cannot change ties nothing together. A
    value too big to be looked through counts as tied to every other.

    Parameters
    ----------
    values
        Values by name.

    Examples
    --------
    >>> weights = [0.5, 0.5]
    >>> units({"model": {"weights": weights}, "n": 7, "optimizer": [weights], "log": []})
    (('model', 'optimizer'), ('n',), ('log',))
    """
    scan = _Scan(values)
    return scan.groups(memory=True)


def shared_with(values: Mapping[str, object], others: Mapping[str, object]) -> tuple[str, ...]:
    """Return the names of ``others`` that share an object that can change with one of ``values``.

    Memory of arrays alone does not count. A name that is in both is left out.

    Examples
    --------
    >>> rows = [[1], [2]]
    >>> shared_with({"first": rows[0]}, {"rows": rows, "more": [3]})
    ('rows',)
    """
    others = {name: value for name, value in others.items() if name not in values}
    groups = _Scan({**values, **others}).groups(memory=False)
    return tuple(
        name
        for group in groups
        for name in group
        if name in others and any(other in values for other in group)
    )


class _Scan:
    """Walks through values, one after the other, and notes who met an object first."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._names = list(values)
        self._rules: dict[type, _Rule] = dict.fromkeys(_ATOMS, _Rule.SKIP)
        self._first: dict[int, int] = {}
        self._group = list(range(len(values)))
        self._memory: list[tuple[int, int, int, Any]] = []
        self._unfinished: list[int] = []
        self._waiting: list[Any] = []
        self._through: set[int] = set()
        self._start(values)

    def _start(self, values: Mapping[str, object]) -> None:
        found = list(values.values())
        some = [n for n, value in enumerate(found) if self._rule(type(value)) is not _Rule.SKIP]
        if len(some) < 2:
            return
        self._first = {id(vars(module)): _NOBODY for module in _loaded_modules()}
        for number in some:
            self._walk(number, found[number])
        for number in self._unfinished:
            for other in some:
                self._tie(number, other)

    def groups(self, *, memory: bool) -> tuple[tuple[str, ...], ...]:
        """Return the names by group, in order."""
        if memory:
            self._tie_by_memory()
        groups: dict[int, list[str]] = {}
        for number, name in enumerate(self._names):
            groups.setdefault(self._root(number), []).append(name)
        return tuple(map(tuple, groups.values()))

    def _walk(self, number: int, value: object) -> None:
        self._through.clear()
        waiting = self._waiting
        waiting[:] = [(value,)]
        while waiting:
            if len(self._first) > _MOST_OBJECTS:
                self._unfinished.append(number)
                return
            if type(waiting[-1]) is list and len(waiting[-1]) > _BATCH:
                things: Sequence[object] = waiting.pop()
            else:
                things = gc.get_referents(*waiting[-_BATCH:])
                del waiting[-_BATCH:]
            for start in range(0, len(things), _RUN):
                run = things if len(things) <= _RUN else things[start : start + _RUN]
                self._meet(number, run)

    def _meet(self, number: int, things: Sequence[object]) -> None:
        """Note what ``number`` reaches, and what of it is to be looked into."""
        # A container has millions of items and few types: what can be asked of all, is.
        kinds = list(map(type, things))
        alike = kinds.count(kinds[0]) == len(kinds)
        for kind in kinds[:1] if alike else set(kinds):
            rule = self._rule(kind)
            if rule is _Rule.SKIP:
                continue
            some = things if alike else [t for t, k in zip(things, kinds, strict=True) if k is kind]
            if rule is _Rule.FUNCTION:
                some = [function for function in some if not _has_a_name(function)]
            new = dict(zip(map(id, some), some, strict=True))
            fresh: Set[int]
            if rule is _Rule.THROUGH:
                fresh = new.keys() - self._through
                self._through.update(fresh)
            else:
                fresh = self._first_met(number, new.keys())
            things_met = new.values() if len(fresh) == len(new) else [new[one] for one in fresh]
            self._look_into(number, rule, things_met)

    def _first_met(self, number: int, ids: Set[int]) -> Set[int]:
        """Return which of some objects nobody met before; tie ``number`` to who met the others."""
        known = self._first.keys() & ids
        for one in known:
            if self._first[one] not in (number, _NOBODY):
                self._tie(self._first[one], number)
        fresh = ids - known if known else ids
        self._first.update(dict.fromkeys(fresh, number))
        return fresh

    def _look_into(self, number: int, rule: _Rule, things: Collection[Any]) -> None:
        if rule in (_Rule.INTO, _Rule.THROUGH):
            self._waiting.extend(things)
        elif rule is _Rule.FUNCTION:
            self._waiting.extend(map(_parts_of, things))
        elif rule is _Rule.ARRAY:
            for array in things:
                self._note_array(number, array)
        elif rule is _Rule.TENSOR:
            for tensor in things:
                self._note_tensor(number, tensor)

    def _note_array(self, number: int, array: Any) -> None:
        with suppress(Exception):  # an array of a class that somebody wrote
            if array.size:
                self._memory.append((*bounds(array), number, array))
            if array.dtype.hasobject and array.dtype.names is None:
                self._waiting.append(list(array.flat))
            if attributes := getattr(array, "__dict__", None):
                self._waiting.append(attributes)

    def _note_tensor(self, number: int, tensor: Any) -> None:
        with suppress(Exception):  # a tensor without memory of its own
            storage = tensor.untyped_storage()
            begin = int(storage.data_ptr())
            if begin:
                self._memory.append((begin, begin + int(storage.nbytes()), number, None))

    def _tie_by_memory(self) -> None:
        near: list[tuple[int, int, int, Any]] = []
        for place in sorted(self._memory, key=lambda place: place[:2]):
            begin, _, number, array = place
            near = [other for other in near if other[1] > begin]
            for _, _, other, another in near:
                if self._root(other) != self._root(number) and (
                    array is None or another is None or shares(array, another, sys.modules["numpy"])
                ):
                    self._tie(other, number)
            near.append(place)
            if len(near) > _MOST_NEAR:
                widest = {at[2]: at for at in sorted(near, key=_end)}
                near = [*widest.values(), *near[-_MOST_NEAR // 4 :]]

    def _tie(self, one: int, other: int) -> None:
        first, second = sorted((self._root(one), self._root(other)))
        self._group[second] = first

    def _root(self, number: int) -> int:
        while self._group[number] != number:
            number = self._group[number]
        return number

    def _rule(self, kind: type) -> _Rule:
        rule = self._rules.get(kind)
        if rule is None:
            rule = self._rules[kind] = _rule_of(kind)
        return rule


def _end(place: tuple[int, int, int, Any]) -> int:
    return place[1]


def _rule_of(kind: type) -> _Rule:
    if issubclass(kind, _ATOMS_AND_DERIVED):
        return _Rule.SKIP
    if issubclass(kind, _THROUGH):
        return _Rule.THROUGH
    if issubclass(kind, _FUNCTIONS):
        return _Rule.FUNCTION
    library = str(kind.__module__).partition(".")[0]
    if library in _NO_CONTENT:
        return _Rule.SKIP
    if library in _CLOSED:
        return _Rule.WHOLE
    return _rule_of_numbers(kind) or _Rule.INTO


def _rule_of_numbers(kind: type) -> _Rule | None:
    """Return what to do with an object of numpy, pandas or torch."""
    numpy, pandas, torch = (sys.modules.get(name) for name in ("numpy", "pandas", "torch"))
    if issubclass(kind, _types(numpy, "ndarray")):
        return _Rule.ARRAY
    if issubclass(kind, _types(numpy, "generic", "dtype", "ufunc")):
        return _Rule.SKIP
    if issubclass(kind, _types(pandas, "Index")) or kind.__name__ == "NAType":
        return _Rule.SKIP
    if issubclass(kind, _types(pandas, "DataFrame", "Series")) and _copies_on_write(pandas):
        return _Rule.WHOLE
    return _Rule.TENSOR if issubclass(kind, _types(torch, "Tensor")) else None


def _types(module: types.ModuleType | None, *names: str) -> tuple[type, ...]:
    found = (getattr(module, name, None) for name in names)
    return tuple(cls for cls in found if isinstance(cls, type))


def _copies_on_write(pandas: Any) -> bool:
    return int(str(pandas.__version__).partition(".")[0]) >= 3


def _has_a_name(function: Any) -> bool:
    """Return whether a function is found by its name: everybody has the same one."""
    return "<" not in str(getattr(function, "__qualname__", "<"))


def _parts_of(function: Any) -> tuple[object, ...]:
    """Return what a function holds itself, not the names around it."""
    held = ("__closure__", "__defaults__", "__kwdefaults__", "__dict__")
    return tuple(getattr(function, name, None) for name in held)


def _loaded_modules() -> Iterable[types.ModuleType]:
    return [module for module in sys.modules.values() if isinstance(module, types.ModuleType)]
