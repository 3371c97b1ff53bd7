"""Takes containers, plain library values and instances of any class apart."""

from __future__ import annotations

import copyreg
import sys
from collections import deque
from functools import cached_property
from types import ModuleType
from typing import Any, Final
from weakref import WeakKeyDictionary

from checkpoint_nb.errors import FingerprintError
from checkpoint_nb.fingerprint.boundary import BINARY, owner
from checkpoint_nb.fingerprint.functions import library
from checkpoint_nb.fingerprint.opaque import is_stream, stream
from checkpoint_nb.fingerprint.pieces import OBJECT, Piece, kind, refuse, sequence
from checkpoint_nb.fingerprint.tokens import content, leaf, size, sized, text

_PATHS: Final = ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")
_cached: Final[WeakKeyDictionary[type, set[str]]] = WeakKeyDictionary()
_UNREDUCED: Final = "Give its class a __reduce__, or keep it out of what the task can reach."


@kind(list)
def list_(value: list[object]) -> Piece:
    """Take a list apart."""
    return sequence(b"[", value, len(value))


@kind(tuple)
def tuple_(value: tuple[object, ...]) -> Piece:
    """Take a tuple apart."""
    return sequence(b"(", value, len(value))


@kind(dict)
def dict_(value: dict[object, object]) -> Piece:
    """Take a dictionary apart; the order of its items can be seen by a task, so it counts."""
    flat = [one for item in value.items() for one in item]
    return sequence(b"{", flat, len(flat))


@kind(type({}.keys()), type({}.values()), type({}.items()))
def dict_view(value: Any) -> Piece:
    """Take a view of a dictionary apart: what it shows."""
    return Piece(text(type(value).__name__), [list(value)])


@kind(set, frozenset, derived=True)
def set_(value: set[object] | frozenset[object]) -> Piece:
    """Take a set apart: digests of its elements are sorted, never the elements."""
    if type(value) not in {set, frozenset}:
        return _derived_set(value)
    plain: list[bytes] = []
    children: list[object] = []
    for item in value:
        local = leaf(item)
        if local is None:
            children.append(item)
        else:
            plain.append(sized(local))
    tag = b"set" if isinstance(value, set) else b"frozenset"
    local = tag + size(len(value)) + b"".join(sorted(plain))
    return Piece(local, children, unordered=True)


def _derived_set(value: Any) -> Piece:
    """Return the piece of an instance of a class derived from set: class, state, elements."""
    *_, state = _reduce(value)
    children = [type(value), state, frozenset(value)]
    return Piece(b"derived set", children, OBJECT, ["class", "state", "elements"])


@kind(range)
def range_(value: range) -> Piece:
    """Take a range apart."""
    return sequence(b"range", (value.start, value.stop, value.step), 3)


@kind(slice)
def slice_(value: slice) -> Piece:
    """Take a slice apart."""
    return sequence(b"slice", (value.start, value.stop, value.step), 3)


@kind(memoryview, "pickle:PickleBuffer")
def buffer(value: Any) -> Piece:
    """Take a buffer apart: format, shape, bytes in C order."""
    view = memoryview(value)
    data = content(view) if view.c_contiguous else content(view.tobytes())
    return Piece(b"memoryview" + text(view.format) + text(repr(view.shape)) + data)


@kind("array:array")
def array_(value: Any) -> Piece:
    """Take an array of the standard library apart: type code and items."""
    return Piece(b"array" + text(value.typecode) + size(len(value)) + content(value.tobytes()))


@kind(deque)
def deque_(value: deque[object]) -> Piece:
    """Take a deque apart."""
    return Piece(b"deque", [value.maxlen, list(value)])


@kind("datetime:datetime")
def moment(value: Any) -> Piece:
    """Take a date with time apart: wall clock, fold, time zone."""
    fields = (*value.timetuple()[:6], value.microsecond, value.fold, value.tzinfo)
    return sequence(b"datetime", fields, len(fields))


@kind("datetime:time")
def time_(value: Any) -> Piece:
    """Take a time of day apart."""
    fields = (value.hour, value.minute, value.second, value.microsecond, value.fold, value.tzinfo)
    return sequence(b"time", fields, len(fields))


@kind("datetime:date")
def date_(value: Any) -> Piece:
    """Take a date apart."""
    return Piece(b"date" + size(value.toordinal()))


@kind("datetime:timedelta")
def duration(value: Any) -> Piece:
    """Take a duration apart."""
    return sequence(b"timedelta", (value.days, value.seconds, value.microseconds), 3)


@kind("datetime:timezone")
def offset(value: Any) -> Piece:
    """Take a fixed offset apart: offset and name."""
    return sequence(b"timezone", (value.utcoffset(None), value.tzname(None)), 2)


@kind("zoneinfo:ZoneInfo")
def zone(value: Any) -> Piece:
    """Take a time zone apart: its key."""
    if value.key is None:
        raise refuse(value, "It was made from a file and has no key.", "Use ZoneInfo(key).")
    return Piece(b"zoneinfo" + text(value.key))


@kind("decimal:Decimal", "fractions:Fraction", "uuid:UUID")
def number(value: object) -> Piece:
    """Take an exact number apart: its text is exact too."""
    return Piece(text(type(value).__name__) + text(str(value)))


@kind(*(f"pathlib:{family}" for family in _PATHS))
def path(value: object) -> Piece:
    """Take a path apart: family and text."""
    return Piece(b"path" + text(type(value).__name__) + text(str(value)))


@kind("_struct:Struct")
def layout(value: Any) -> Piece:
    """Take a compiled struct apart: its format."""
    return Piece(b"struct" + text(value.format))


@kind(object)
def instance(value: object) -> Piece:
    """Take an instance of any class apart: its class and the state it gives for a pickle."""
    if is_stream(value):
        return stream()
    reduced = _reduce(value)
    if isinstance(reduced, str):
        return _global(value, reduced)
    make, args, state, items, pairs = (*reduced, None, None, None)[:5]
    piece = Piece(b"object", kind=OBJECT)
    if make is copyreg.__newobj__:  # type: ignore[attr-defined]
        make, *rest = args
        args = tuple(rest)
        piece.local = b"instance"
    piece.children = [make, args, _state(type(value), state)]
    piece.names = ["class", "arguments", "state"]
    for word, more in (("items", items), ("pairs", pairs)):
        if more is not None:
            piece.local += text(word)
            piece.children.append(list(more))
            piece.names.append(word)
    return piece


def _state(cls: type, state: Any) -> object:
    """Return the state without what is there by chance: slots or not, cached properties."""
    if type(state) is tuple and len(state) == 2 and type(state[1]) is dict:
        plain, slots = state
        if plain is None or type(plain) is dict:
            state = {**(plain or {}), **slots}
    if type(state) is dict:
        cached = _cached.get(cls)
        if cached is None:
            own = [item for base in cls.__mro__ for item in vars(base).items()]
            cached = {name for name, one in own if isinstance(one, cached_property)}
            _cached[cls] = cached
        if not cached.isdisjoint(state):
            state = {name: one for name, one in state.items() if name not in cached}
        return state or None
    return state


def _reduce(value: object) -> Any:
    """Return how the object would be pickled; protocol 4, because 5 may hide the data."""
    cls = type(value)
    try:
        known = copyreg.dispatch_table.get(cls)
        reduced = known(value) if known is not None else value.__reduce_ex__(4)
    except FingerprintError:
        raise
    except Exception as error:
        raise refuse(value, f"It cannot be pickled: {error}.", _UNREDUCED) from error
    if not isinstance(reduced, str | tuple):
        raise refuse(value, "Its __reduce__ gives neither text nor a tuple.", _UNREDUCED)
    return reduced


def _global(value: object, name: str) -> Piece:
    """Return the piece of an object that pickles as a global name."""
    home = getattr(value, "__module__", None) or type(value).__module__
    found = owner(home)
    if found is not None:
        return library(found, str(home), name)
    module = sys.modules.get(str(home))
    file = vars(module).get("__file__") if isinstance(module, ModuleType) else None
    binary = isinstance(file, str) and file.endswith(BINARY)
    return Piece(b"global" + text(name), [type(value), module if binary else None])
