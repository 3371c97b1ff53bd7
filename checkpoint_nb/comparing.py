"""Says in words how two values differ."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from itertools import zip_longest
from reprlib import Repr

from checkpoint_nb.errors import FingerprintError
from checkpoint_nb.fingerprint import describe, digest

_MOST = 3
_DEEP = 4
_shortened = Repr()
_shortened.maxstring = _shortened.maxother = 60


def difference(one: object, two: object, *, depth: int = 0) -> str:
    r"""Say how ``two`` differs from ``one``, in one line; ``""`` when they are the same.

    Examples
    --------
    >>> difference({"a": 1, "b": [1, 2]}, {"a": 1, "b": [1, 3], "c": 0})
    "'c' is new; at 'b': at 1: 2 -> 3"
    >>> difference("one\ntwo", "one\nthree")
    "line 2: 'two' -> 'three'"
    >>> difference([1], [1])
    ''
    """
    if _same(one, two):
        return ""
    if type(one) is not type(two):
        return f"{describe(one)} -> {describe(two)}"
    found = ""
    if depth < _DEEP:
        found = _inside(one, two, depth + 1)
    return found or _by_repr(one, two)


def _same(one: object, two: object) -> bool:
    try:
        return digest(one) == digest(two)
    except FingerprintError:
        return one is two


def _inside(one: object, two: object, depth: int) -> str:
    if isinstance(one, str) and isinstance(two, str):
        return _texts(one, two)
    if isinstance(one, Mapping) and isinstance(two, Mapping):
        return _mappings(one, two, depth)
    if isinstance(one, list | tuple) and isinstance(two, list | tuple):
        if len(one) != len(two):
            return f"{len(one)} -> {len(two)} items"
        return _items(dict(enumerate(one)), dict(enumerate(two)), depth)
    if _is_a(one, "pandas", "DataFrame", "Series") or _is_a(one, "polars", "DataFrame"):
        return _frames(one, two, depth)
    if _is_a(one, "numpy", "ndarray"):
        return _arrays(one, two)
    if getattr(one, "__dict__", None):
        return _items_of(one, two, depth)
    return ""


def _items_of(one: object, two: object, depth: int) -> str:
    before: dict[object, object] = {}
    before.update(vars(one))
    now: dict[object, object] = {}
    now.update(vars(two))
    return _mappings(before, now, depth)


def _texts(one: str, two: str) -> str:
    lines = zip_longest(one.split("\n"), two.split("\n"), fillvalue="")
    for number, (before, now) in enumerate(lines, 1):
        if before != now:
            where = f"line {number}: " if "\n" in one + two else ""
            return f"{where}{_shortened.repr(before)} -> {_shortened.repr(now)}"
    return ""


def _mappings(one: Mapping[object, object], two: Mapping[object, object], depth: int) -> str:
    gone = [f"{_shortened.repr(key)} is gone" for key in one if key not in two]
    new = [f"{_shortened.repr(key)} is new" for key in two if key not in one]
    both = {key: value for key, value in one.items() if key in two}
    found = _items(both, two, depth)
    keys = gone + new
    more = [f"{len(keys) - _MOST} more"] if len(keys) > _MOST else []
    return "; ".join([*keys[:_MOST], *more, *([found] if found else [])])


def _items(one: Mapping[object, object], two: Mapping[object, object], depth: int) -> str:
    found: list[str] = []
    others = 0
    for key, value in one.items():
        if len(found) < _MOST and (how := difference(value, two[key], depth=depth)):
            found.append(f"at {_shortened.repr(key)}: {how}")
        elif len(found) == _MOST:
            others += not _same(value, two[key])
    return "; ".join(found) + (f"; and {others} more" if others else "")


def _is_a(value: object, library: str, *names: str) -> bool:
    module = sys.modules.get(library)
    kinds = tuple(kind for name in names if isinstance(kind := getattr(module, name, None), type))
    return isinstance(value, kinds)


def _frames(one: object, two: object, depth: int) -> str:
    shapes = [getattr(each, "shape", ()) for each in (one, two)]
    if shapes[0] != shapes[1]:
        return f"shape {shapes[0]} -> {shapes[1]}"
    if _is_a(one, "pandas", "Series"):
        return _arrays(one.to_numpy(), two.to_numpy())  # type: ignore[attr-defined]
    columns = [list(each.columns) for each in (one, two)]  # type: ignore[attr-defined]
    if columns[0] != columns[1]:
        return difference(columns[0], columns[1], depth=depth)
    found: list[str] = []
    for place, name in enumerate(columns[0]):
        series = [_column(each, place) for each in (one, two)]
        if not _same(series[0], series[1]):
            how = _arrays(series[0], series[1])
            found.append(f"column {name}" + (f": {how}" if how else ""))
    more = f"; and {len(found) - _MOST} more" if len(found) > _MOST else ""
    return "; ".join(found[:_MOST]) + more


def _column(frame: object, place: int) -> object:
    if _is_a(frame, "pandas", "DataFrame"):
        return frame.iloc[:, place].to_numpy()  # type: ignore[attr-defined]
    return frame.to_series(place).to_numpy()  # type: ignore[attr-defined]


def _arrays(one: object, two: object) -> str:
    """Count what differs; ``""`` where the arrays hold what cannot be compared one by one."""
    numpy = sys.modules.get("numpy")
    if numpy is None or not (_is_a(one, "numpy", "ndarray") and _is_a(two, "numpy", "ndarray")):
        return ""
    for fact in ("shape", "dtype"):
        before, now = getattr(one, fact), getattr(two, fact)
        if before != now:
            return f"{fact} {before} -> {now}"
    try:
        differ = ~((one == two) | ((one != one) & (two != two)))
        count, size = int(differ.sum()), int(differ.size)  # type: ignore[attr-defined]
        if not count:
            return ""
        said = f"{count:,} of {size:,} values differ"
        if numpy.issubdtype(one.dtype, numpy.number):  # type: ignore[attr-defined]
            far = abs(two[differ].astype("complex") - one[differ].astype("complex"))  # type: ignore[index]
            said += f", by up to {float(far.max()):.3g}"
    except Exception:  # noqa: BLE001 - objects of any kind may refuse to be compared
        return ""
    return said


def _by_repr(one: object, two: object) -> str:
    before, now = (_shown(each) for each in (one, two))
    if before != now:
        return f"{before} -> {now}"
    return f"{describe(two)}: the content differs, and looks the same"


def _shown(value: object) -> str:
    try:
        return " ".join(_shortened.repr(value).split())
    except Exception:  # noqa: BLE001 - a repr may break
        return describe(value)
