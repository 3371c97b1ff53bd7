"""A value as a few lines, one for each thing in it, so that two values can be compared."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType, ModuleType
from typing import Any, Final

from checkpoint_nb.explaining.figures import array_lines, array_words, frame_lines
from checkpoint_nb.fingerprint import describe
from checkpoint_nb.fingerprint.boundary import owner

MORE: Final = "…"
"""First character of the line that says how much was left out."""
TEXT: Final = "| "
"""What a line of a long text begins with."""

_MOST_LINES: Final = 60
_MOST_CHARACTERS: Final = 2_000
_DEEPEST: Final = 6
_FEW: Final = 12
_MANY_IN_A_SET: Final = 1_000
_SHORT: Final = 40
_PRESENT: Final = object()
_TIMES: Final = {"date", "datetime", "time", "timedelta", "timezone", "Timestamp", "Timedelta"}
_PATHS: Final = {"PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath"}
_PLAIN: Final = {"datetime", "decimal", "fractions", "pathlib", "uuid", "zoneinfo"}
_WHOLE: Final = _PLAIN | {"numpy", "pandas", "polars", "pyarrow", "scipy", "torch"}
"""Libraries whose objects are not looked into."""
_TOLD: Final = _TIMES | _PATHS | {"Decimal", "Fraction", "UUID", "ZoneInfo"}
"""Classes of theirs whose text says all."""
_Line = tuple[str, str]


def outline_of(value: object) -> str:
    """Return a few lines about what is in a value; nothing for a number or a short text.

    At most 60 lines and 2,000 characters. Nothing of the user's runs.

    Examples
    --------
    >>> print(outline_of({"n": 10, "path": ["a.csv", "b.csv"]}))
    ['n'] = 10
    ['path'][0] = 'a.csv'
    ['path'][1] = 'b.csv'
    """
    try:
        return _joined(_lines(value))
    except Exception:  # noqa: BLE001  words for people must not stop the work
        return ""


def _joined(lines: Iterator[str]) -> str:
    kept: list[str] = []
    size = 0
    for line in lines:
        if len(kept) == _MOST_LINES or size + len(line) > _MOST_CHARACTERS:
            return "\n".join([*kept, f"{MORE} and more"])
        kept.append(line)
        size += len(line) + 1
    return "\n".join(kept)


def _lines(value: object) -> Iterator[str]:
    if type(value) is str:
        if len(value) > _SHORT or "\n" in value:
            yield from (TEXT + line for line in value.splitlines())
        return
    whole = frame_lines(value) or array_lines(value)
    met: dict[str, int] = {}
    for path, words in whole or _leaves(value, "", frozenset(), 0):
        if not path:
            continue  # the value itself: Part.shown says it
        met[path] = met.get(path, 0) + 1
        name = (path if met[path] == 1 else f"{path} ({met[path]})").lstrip()
        yield f"{name} = {words}" if words else name


def _leaves(value: object, path: str, around: frozenset[int], depth: int) -> Iterator[_Line]:
    """Yield path and words of each thing in ``value`` that is not itself made of things."""
    if id(value) in around:
        yield path, f"{_words(value)}, which it is in"
        return
    inner = _items(value) if depth < _DEEPEST else None
    if inner is None:
        yield path, "" if value is _PRESENT else _leaf(value)
        return
    empty = True
    for step, item in inner:
        empty = False
        yield from _leaves(item, path + step, around | {id(value)}, depth + 1)
    if empty:
        yield path, _words(value)


def _items(value: object) -> Iterable[tuple[str, object]] | None:
    """Return what is in a value with the step that leads there; ``None``: it is a leaf."""
    # Not isinstance: it asks the value for its __class__, which may be the user's code.
    cls = type(value)
    if issubclass(cls, complex | type | FunctionType | ModuleType | enum.Enum):
        return None
    if issubclass(cls, dict):
        return _mapping(value)
    for kind in (set, frozenset):
        if issubclass(cls, kind):
            return _members(value, kind)
    for sequence in (list, tuple, deque):
        if issubclass(cls, sequence):
            return _sequence(value, sequence)
    return _attributes(value)


def _mapping(value: Any) -> Iterator[tuple[str, object]]:
    for key, item in dict.items(value):
        yield f"[{_words(key).replace(' = ', '=')}]", item


def _members(value: Any, kind: Any) -> list[tuple[str, object]]:
    if kind.__len__(value) > _MANY_IN_A_SET:
        return [(" length", kind.__len__(value))]
    words = sorted(_words(item) for item in kind.__iter__(value))
    return [(f"{{{word}}}", _PRESENT) for word in words]


def _sequence(value: Any, kind: Any) -> Iterator[tuple[str, object]]:
    fields = type.__getattribute__(type(value), "__dict__").get("_fields", ())
    names = [f".{name}" for name in fields] if type(fields) is tuple else []
    if not names and kind.__len__(value) > _FEW:
        yield " length", kind.__len__(value)
    for at, item in enumerate(kind.__iter__(value)):
        yield names[at] if at < len(names) else f"[{at}]", item


def _attributes(value: object) -> list[tuple[str, object]] | None:
    """Return the attributes an instance holds itself, read without its own ways to give them."""
    if _home(type(value)) in _WHOLE:
        return None
    found: dict[object, object] = {}
    for cls in reversed(type.__getattribute__(type(value), "__mro__")):
        for name, one in type.__getattribute__(cls, "__dict__").items():
            if type(one) not in {GetSetDescriptorType, MemberDescriptorType}:
                continue
            if name == "__dict__":
                found.update(one.__get__(value))
            elif type(one) is MemberDescriptorType and not name.startswith("__"):
                with suppress(AttributeError):
                    found[name] = one.__get__(value)
    return [(f".{name}", item) for name, item in found.items() if type(name) is str] or None


def _home(cls: type) -> str:
    module = type.__getattribute__(cls, "__module__")
    return module.partition(".")[0] if type(module) is str else ""


def _words(value: object) -> str:
    """Return a few words about a value; its own class is not asked where it is the user's."""
    cls = type(value)
    if issubclass(cls, type):
        return f"class {_class_name(value)}"  # type: ignore[arg-type]
    if issubclass(cls, enum.Enum):
        return f"{_class_name(cls)}.{object.__getattribute__(value, '_name_')}"
    if _home(cls) in _WHOLE:
        return str(value) if _class_name(cls) in _TOLD else describe(value)
    is_of_user = owner(type.__getattribute__(cls, "__module__")) is None
    return _class_name(cls) if is_of_user else describe(value)


def _class_name(cls: type) -> str:
    return str(type.__getattribute__(cls, "__name__"))


def _leaf(value: object) -> str:
    if type(value) is str and len(value) > _SHORT:
        return f"{describe(value)} ({len(value):,} characters)"
    figures = array_words(value)
    return f"{_words(value)}{figures}"
