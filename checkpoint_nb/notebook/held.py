"""What functions and classes of the notebook hold themselves, and what a cell makes of it."""

from __future__ import annotations

import enum
import functools
from collections.abc import Collection, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from types import BuiltinFunctionType, FunctionType
from typing import Any, Final

from checkpoint_nb.errors import FingerprintError
from checkpoint_nb.fingerprint import digest
from checkpoint_nb.fingerprint.classes import BOOKKEEPING

Path = tuple[str, ...]
"""A name of the notebook, then steps inwards: ``attribute made``, ``default 0``, ``closure n``."""

_CACHED: Final = type(functools.lru_cache(len))
_ACCESSORS: Final = ("fget", "fset", "fdel")


@dataclass(frozen=True)
class _Slot:
    """What is held in one place, and the digest it had; ``""``: it counts by identity."""

    value: object
    digest: str

    def is_as_in(self, other: _Slot) -> bool:
        if self.digest or other.digest:
            return self.digest == other.digest
        return self.value is other.value


class Held:
    """What the functions and classes of a namespace held, to tell what a cell made of it.

    Parameters
    ----------
    namespace
        The notebook's names.

    Examples
    --------
    >>> names = {"__name__": "__main__"}
    >>> exec("def push(item, to=[]): to.append(item)", names)
    >>> held = Held(names)
    >>> names["push"](1)
    >>> held.changed()["set"]
    {('push', 'default 0'): [1]}
    """

    def __init__(self, namespace: Mapping[str, object]) -> None:
        self._namespace = namespace
        self._known: dict[str, object] = {}
        self._slots: dict[Path, _Slot] = {}
        self.look()

    def look(self) -> None:
        """Note what functions and classes hold that are bound since the last look."""
        fresh = {
            name: value
            for name, value in self._namespace.items()
            if self._known.get(name) is not value and _is_holder(value)
        }
        if not fresh:
            return
        self._slots = {path: one for path, one in self._slots.items() if path[0] not in fresh}
        self._known |= fresh
        self._slots |= _slots(fresh)

    def attributes(self) -> dict[str, str]:
        """Return digests of what functions held in attributes, which no key has."""
        return attribute_digests(self._slots)

    def changed(self, besides: Collection[str] = ()) -> dict[str, Any]:
        """Return what is held now and was not: values to set, what is gone, and words for it.

        What the names in ``besides`` have is not looked at.
        """
        known = {
            name: one
            for name, one in self._known.items()
            if self._namespace.get(name) is one and name not in besides
        }
        now = _slots(known)
        found = {
            path: one.value
            for path, one in now.items()
            if path not in self._slots or not one.is_as_in(self._slots[path])
        }
        # What is in something new has come with it.
        put = {
            p: one for p, one in found.items() if not any(p[:n] in found for n in range(2, len(p)))
        }
        gone = [
            path
            for path in self._slots
            if path[0] in known and path not in now and (path[:-1] in now or len(path) == 2)
        ]
        if not put and not gone:
            return {}
        return {
            "set": put,
            "gone": gone,
            "words": [w for p in (*put, *gone) for w in self._words(p)],
        }

    def _words(self, path: Path) -> tuple[str, ...]:
        """Return what others may call a place."""
        holder, (_, _, name) = self._known[path[0]], path[-1].partition(" ")
        called = getattr(holder, "__name__", path[0])
        return name, f"{path[0]}.{name}", f"{called}.{name}"


def attribute_digests(slots: Mapping[Path, _Slot]) -> dict[str, str]:
    """Return the digests of attributes of functions among ``slots``."""
    return {
        ".".join(path): slot.digest
        for path, slot in slots.items()
        if path[-1].startswith("attribute of a function ") and slot.digest
    }


def held_digests(namespace: Mapping[str, object]) -> dict[str, str]:
    r"""Return digests of what functions of the notebook hold in attributes.

    Examples
    --------
    >>> names = {"__name__": "__main__"}
    >>> exec("def f(): f.calls += 1\nf.calls = 0", names)
    >>> list(held_digests(names))
    ['f.attribute of a function calls']
    """
    found: dict[str, str] = {}
    for name, value in namespace.items():
        if _is_holder(value):
            found |= attribute_digests(_slots({name: value}))
    return found


def hold(namespace: MutableMapping[str, object], changed: Mapping[str, Any]) -> None:
    """Let the functions and classes of ``namespace`` hold what they held after a cell.

    Examples
    --------
    >>> names = {"__name__": "__main__"}
    >>> exec("def push(item, to=[]): to.append(item)", names)
    >>> hold(names, {"set": {("push", "default 0"): [7]}, "gone": []})
    >>> names["push"].__defaults__
    ([7],)
    """
    for path, value in changed["set"].items():
        holder = holder_of(namespace, path)
        if holder is not None:
            _put(holder, path[-1], value)
    for path in changed["gone"]:
        holder = holder_of(namespace, path)
        name = path[-1].rpartition(" ")[2]
        if holder is not None and path[-1].startswith("attribute") and name in vars(holder):
            delattr(holder, name)


def holder_of(namespace: Mapping[str, object], path: Path) -> Any:
    """Return the function or class that has the place at the end of ``path``, if it is there."""
    here: Any = namespace.get(path[0])
    for step in path[1:-1]:
        here = dict(_inside(here)).get(step) if _is_holder(here) else None
    return here if _is_holder(here) else None


def held_at(namespace: Mapping[str, object], path: Path) -> object:
    """Return what is held in a place now; ``None`` where nothing is."""
    holder = holder_of(namespace, path)
    return None if holder is None else dict(_inside(holder)).get(path[-1])


def _slots(namespace: Mapping[str, object]) -> dict[Path, _Slot]:
    """Return every place in functions and classes of the notebook that ``namespace`` leads to."""
    found: dict[Path, _Slot] = {}
    met: dict[int, object] = {}
    waiting: list[tuple[Path, object]] = [((name,), one) for name, one in namespace.items()]
    waiting.reverse()
    while waiting:
        path, holder = waiting.pop()
        if id(holder) in met or not _is_holder(holder):
            continue
        met[id(holder)] = holder
        for step, value in _inside(holder):
            place = (*path, step)
            if _is_holder(value):
                found[place] = _Slot(value, "")
                if not isinstance(value, type):
                    waiting.append((place, value))
            else:
                found[place] = _Slot(value, _digest(value))
    return found


def _is_holder(value: object) -> bool:
    """Whether ``value`` is a function or class of the notebook, or a wrapper of one."""
    if isinstance(value, classmethod | staticmethod | property):
        return True
    if isinstance(value, FunctionType | _CACHED):
        return value.__module__ == "__main__"
    return isinstance(value, type) and value.__module__ == "__main__"


def _inside(holder: Any) -> Iterator[tuple[str, object]]:
    if isinstance(holder, classmethod | staticmethod):
        yield "function", holder.__func__
    elif isinstance(holder, property):
        for name in _ACCESSORS:
            yield name, getattr(holder, name)
    elif isinstance(holder, type):
        yield from _of_class(holder)
    else:
        yield from _of_function(holder)


def _of_class(cls: type) -> Iterator[tuple[str, object]]:
    if isinstance(cls, enum.EnumMeta):
        return
    for name, value in list(vars(cls).items()):
        kind = type(value).__name__
        if name not in BOOKKEEPING and "descriptor" not in kind and not name.startswith("__pyd"):
            yield f"attribute {name}", value


def _of_function(function: Any) -> Iterator[tuple[str, object]]:
    for name, value in list(vars(function).items()):
        # What a decorator of a library put there is the library's: cache_parameters.
        if _is_holder(value) or not isinstance(value, FunctionType | BuiltinFunctionType):
            yield f"attribute of a function {name}", value
    if not isinstance(function, FunctionType):
        return
    for at, value in enumerate(function.__defaults__ or ()):
        yield f"default {at}", value
    for name, value in (function.__kwdefaults__ or {}).items():
        yield f"keyword {name}", value
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield f"closure {name}", cell.cell_contents
        except ValueError:
            continue


def _put(holder: Any, step: str, value: object) -> None:
    kind, _, name = step.partition(" ")
    if kind == "attribute":
        setattr(holder, name.rpartition(" ")[2], value)
    elif kind == "default":
        defaults = list(holder.__defaults__ or ())
        holder.__defaults__ = (*defaults[: int(name)], value, *defaults[int(name) + 1 :])
    elif kind == "keyword":
        holder.__kwdefaults__ = {**(holder.__kwdefaults__ or {}), name: value}
    elif kind == "closure" and name in holder.__code__.co_freevars:
        holder.__closure__[holder.__code__.co_freevars.index(name)].cell_contents = value


def _digest(value: object) -> str:
    try:
        return digest(value)
    except FingerprintError:
        return ""
