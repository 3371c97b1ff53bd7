"""Takes containers and plain values of the standard library apart."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from checkpoint_nb.fingerprint.instances import reduced_form
from checkpoint_nb.fingerprint.pieces import OBJECT, Piece, kind, refuse, sequence
from checkpoint_nb.fingerprint.runs import LONG_RUN, run
from checkpoint_nb.fingerprint.tokens import content, leaf, size, sized, text

_PATHS: Final = ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")


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
    items = [one for item in value.items() for one in item]
    return sequence(b"{", items, len(items))


@kind(type({}.keys()), type({}.values()), type({}.items()))
def dict_view(value: Any) -> Piece:
    """Take a view of a dictionary apart: what it shows."""
    return Piece(text(type(value).__name__), [list(value)])


@kind(set, frozenset, derived=True)
def set_(value: set[object] | frozenset[object]) -> Piece:
    """Take a set apart: digests of its elements are sorted, never the elements but for texts."""
    if type(value) not in {set, frozenset}:
        return _derived_set(value)
    tag = b"set" if isinstance(value, set) else b"frozenset"
    if len(value) >= LONG_RUN and set(map(type, value)) == {str}:
        return Piece(tag + (run(sorted(value)) or b""))  # type: ignore[type-var]
    plain: list[bytes] = []
    children: list[object] = []
    for item in value:
        local = leaf(item)
        if local is None:
            children.append(item)
        else:
            plain.append(sized(local))
    local = tag + size(len(value)) + b"".join(sorted(plain))
    return Piece(local, children, unordered=True)


def _derived_set(value: Any) -> Piece:
    """Return the piece of an instance of a class derived from set: class, state, elements."""
    *_, state = reduced_form(value)
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


@kind("uuid:UUID")
def identifier(value: Any) -> Piece:
    """Take a UUID apart: its number, and whether it is known to be unique."""
    return Piece(b"uuid" + text(str(value)) + text(value.is_safe.name))


@kind("decimal:Decimal", "fractions:Fraction")
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
