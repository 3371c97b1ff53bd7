"""Any value as text: equal texts mean that a user cannot tell the values apart."""

from __future__ import annotations

import asyncio
import collections
import datetime
import decimal
import enum
import fractions
import functools
import inspect
import io
import logging
import pathlib
import random
import re
import types
import uuid
import warnings
from collections.abc import Iterable

from . import arrays, code, figures

_ATOMS = (
    *(bool, int, float, complex, str, bytes, type(None), type(...), range, slice),
    *(datetime.date, datetime.datetime, datetime.time, datetime.timedelta, datetime.timezone),
    *(decimal.Decimal, fractions.Fraction, re.Pattern, re.Match, uuid.UUID),
    *(pathlib.PosixPath, pathlib.WindowsPath, pathlib.PurePosixPath, pathlib.PureWindowsPath),
)
_ITERATORS = (
    *(type(iter([])), type(iter(())), type(iter("")), type(iter("é")), type(iter(range(0)))),
    *(type(iter({})), type(iter({}.items())), type(iter({}.values())), type(iter(set()))),
    *(enumerate, zip, map, filter, reversed, type(reversed([]))),
)
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}")
_DEEPEST = 25
_MOST = 50_000


class Account:
    """Describes the variables of one namespace, and which of them share what.

    Parameters
    ----------
    namespace
        The notebook's names.
    """

    def __init__(self, namespace: dict[str, object]) -> None:
        self.namespace = namespace
        self._kept: list[object] = []
        self._owners: dict[int, list[str]] = {}
        self._arrays: list[tuple[str, object]] = []
        self._seen: dict[int, str] = {}
        self._quiet = 0
        self._left = _MOST

    def of(self, name: str, value: object) -> str:
        """Describe one variable."""
        self._seen, self._quiet, self._left = {}, 0, _MOST
        return self.text(value, name)

    def aliases(self) -> list[str]:
        """Say which objects that can be changed are reached from several variables."""
        shared = [" is ".join(paths) for paths in self._owners.values() if len(paths) > 1]
        return sorted(shared + arrays.overlaps(self._arrays))

    def text(self, value: object, path: str, depth: int = 0) -> str:
        """Describe ``value``, which is found at ``path``."""
        kind = type(value)
        if kind in _ATOMS:
            return repr(value)
        if isinstance(value, enum.Enum):
            return f"{self.kind(kind)}.{value.name}"
        if id(value) in self._seen:
            return f"<{self._seen[id(value)]} again>"
        self._left -= 1
        if depth > _DEEPEST or self._left < 0:
            return f"<more: {self.kind(kind)}>"
        if kind is tuple:
            return self._items(value, path, depth, "()")
        self._seen[id(value)] = path
        self._kept.append(value)
        known = self._note(value, path)
        self._quiet += known
        try:
            return self._object(value, kind, path, depth)
        finally:
            self._quiet -= known

    def kind(self, kind: type) -> str:
        """Name a class, and say whether a class of the notebook is the one the notebook has."""
        name = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
        if kind.__module__ != "__main__" or "<locals>" in name:
            return name
        return name if self.namespace.get(kind.__name__) is kind else f"{name} (not the notebook's)"

    def fields(self, fields: Iterable[tuple[str, object]], path: str, depth: int) -> str:
        """Describe named parts."""
        return ", ".join(
            f"{name}={self.text(value, f'{path}.{name}', depth + 1)}" for name, value in fields
        )

    def _note(self, value: object, path: str) -> bool:
        """Remember where an object was found; whether another variable has it too."""
        if isinstance(value, types.ModuleType) or code.is_foreign(value):
            return False
        if isinstance(value, type):
            return path != value.__name__  # what a class holds is told of its own name only
        if arrays.is_array(value):
            if not self._quiet:
                self._arrays.append((path, value))
            return False
        if not arrays.can_change(value):
            return False
        owners = self._owners.setdefault(id(value), [])
        if not self._quiet:
            owners.append(path)
        return len(owners) > 1

    def _items(self, values: Iterable[object], path: str, depth: int, marks: str) -> str:
        said = [self.text(one, f"{path}[{at}]", depth + 1) for at, one in enumerate(values)]
        return f"{marks[0]}{', '.join(said)}{marks[1]}"

    def _object(self, value: object, kind: type, path: str, depth: int) -> str:
        said = (
            code.describe(self, value, path, depth)
            or arrays.describe(self, value, path, depth)
            or figures.describe(self, value, path, depth)
            or self._particular(value, kind, path, depth)
        )
        if said is not None:
            return said
        parts = [self._content(value, path, depth), self._attributes(value, path, depth)]
        parts = [part for part in parts if part]
        if not parts:
            parts = [self._opaque(value, path, depth)]
        return f"{self.kind(kind)}({'; '.join(parts)})" if kind not in _PLAIN else parts[0]

    def _content(self, value: object, path: str, depth: int) -> str:
        """Describe what a container holds, in its order; of a set, in the order of the texts."""
        if isinstance(value, dict):
            return self._mapping(value, path, depth)
        if isinstance(value, list | tuple | collections.deque):
            return self._items(value, path, depth, "[]")
        if isinstance(value, set | frozenset):
            said = sorted(self.text(one, f"{path}{{}}", depth + 1) for one in value)
            return "{" + ", ".join(said) + "}"
        if isinstance(value, bytearray | str | bytes | int | float):
            base = next(b for b in (bytearray, str, bytes, int, float) if isinstance(value, b))
            return base.__repr__(value)
        return ""

    def _mapping(self, value: dict, path: str, depth: int) -> str:
        said = []
        ordered = isinstance(value, collections.OrderedDict)
        for key, one in collections.OrderedDict.items(value) if ordered else dict.items(value):
            if key == "__builtins__":
                continue
            at = self.text(key, f"{path}.keys", depth + 1)
            said.append(f"{at}: {self.text(one, f'{path}[{at}]', depth + 1)}")
        return "{" + ", ".join(said) + "}"

    def _attributes(self, value: object, path: str, depth: int) -> str:
        fields = dict(_slots(value))
        fields.update(getattr(value, "__dict__", None) or {})
        for name in _UNSTEADY.get(type(value).__name__, ()):
            fields.pop(name, None)
        if isinstance(value, collections.defaultdict):
            fields["default_factory"] = value.default_factory
        if isinstance(value, collections.deque):
            fields["maxlen"] = value.maxlen
        if isinstance(value, BaseException):
            fields = {"args": value.args, **fields}
        return self.fields(sorted(fields.items()), path, depth)

    def _particular(self, value: object, kind: type, path: str, depth: int) -> str | None:
        """Describe kinds whose attributes do not tell what they are."""
        if isinstance(value, random.Random):
            return f"{self.kind(kind)}({code.short(repr(value.getstate()))})"
        if kind.__module__ == "typing":
            return repr(value)
        if isinstance(value, io.StringIO | io.BytesIO) and not value.closed:
            return f"{self.kind(kind)}({value.getvalue()!r} at {value.tell()})"
        if isinstance(value, io.IOBase):
            names = {n: getattr(value, n, None) for n in ("name", "mode", "closed")}
            return f"{self.kind(kind)}({names})"
        if inspect.isgenerator(value):
            return f"generator {value.__qualname__} {inspect.getgeneratorstate(value)}"
        if isinstance(value, _ITERATORS):
            return f"{self.kind(kind)}({self._reduced(value, path, depth)})"
        if kind.__name__ == "DisplayHandle":
            return "DisplayHandle"
        if isinstance(value, logging.Logger):
            handlers = [type(handler).__name__ for handler in value.handlers]
            return f"Logger({value.name}, {value.level}, {handlers}, {value.propagate})"
        if isinstance(value, warnings.WarningMessage):
            return f"WarningMessage({value.category.__name__}, {value.message})"
        if kind.__module__.startswith("tqdm"):
            return f"{self.kind(kind)}({value.n} of {value.total}, {value.desc!r})"
        if isinstance(value, asyncio.Future):
            ended = value.done() and not value.cancelled() and value.exception() is None
            result = (
                self.text(value.result(), f"{path}.result", depth + 1) if ended else value._state
            )
            return f"{self.kind(kind)}({result})"
        if isinstance(value, types.SimpleNamespace | types.MappingProxyType):
            inner = vars(value) if isinstance(value, types.SimpleNamespace) else dict(value)
            return f"{kind.__name__}({self._mapping(inner, path, depth)})"
        if isinstance(value, functools.partial):
            parts = (("func", value.func), ("args", value.args), ("keywords", value.keywords))
            return f"partial({self.fields(parts, path, depth)})"
        return None

    def _opaque(self, value: object, path: str, depth: int) -> str:
        """Describe what has neither content nor attributes: by its text, or how it would be copied."""
        try:
            said = repr(value)
        except Exception as error:
            said = f"0x000000 {type(error).__name__}"
        return said if not _ADDRESS.search(said) else self._reduced(value, path, depth)

    def _reduced(self, value: object, path: str, depth: int) -> str:
        try:
            parts = value.__reduce_ex__(2)
        except Exception:
            return "opaque"
        if not isinstance(parts, tuple):
            return repr(parts)
        return self._items(parts[1:3], f"{path}.state", depth + 1, "()")


_UNSTEADY = {
    "Bunch": ("_deprecated_key_to_warnings",),
    "Styler": ("uuid", "_cache", "cell_ids"),
    "DataFrameGroupBy": ("_cache",),
    "SeriesGroupBy": ("_cache",),
}
"""Attributes that are made by chance, or only remember what the others give, by class."""
_PLAIN = (list, dict, set, frozenset, bytearray)


def _slots(value: object) -> Iterable[tuple[str, object]]:
    for base in type(value).__mro__:
        slots = base.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name in ("__dict__", "__weakref__"):
                continue
            mangled = f"_{base.__name__.lstrip('_')}{name}" if name.startswith("__") else name
            try:
                yield name, getattr(value, mangled)
            except AttributeError:
                continue
