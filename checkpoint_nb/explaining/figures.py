"""Arrays and frames in a few figures: types, shapes, items, means."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, Final

from checkpoint_nb.fingerprint import describe

Line = tuple[str, str]

_FRAME_LIBRARIES: Final = ("pandas", "polars", "pyarrow")
_MOST_COLUMNS: Final = 60
_FEW: Final = 12
_MANY: Final = 1_000_000
_MANY_INSIDE: Final = 10_000


def _numbers(value: object) -> Any:
    """Return a numpy array as one, ``None`` for anything else."""
    numpy = sys.modules.get("numpy")
    if numpy is None or type(value) not in {numpy.ndarray, numpy.memmap}:
        return None
    return value


def array_words(value: object) -> str:
    """Return what is said of a numpy array behind its type and shape, when it is not large.

    Examples
    --------
    >>> array_words([1, 2])
    ''
    """
    numbers = _numbers(value)
    if numbers is None or numbers.size > _MANY_INSIDE:
        return ""
    said = dict(_figures(numbers))
    if "items" in said:
        return f": {said['items']}"
    return f", mean {said['mean']}" if "mean" in said else ""


def array_lines(value: object) -> list[Line]:
    """Return type, shape and items or figures of a numpy array; nothing for anything else.

    Examples
    --------
    >>> array_lines([1, 2])
    []
    """
    numbers = _numbers(value)
    if numbers is None:
        return []
    return [("dtype", str(numbers.dtype)), ("shape", str(numbers.shape)), *_figures(numbers)]


def _figures(numbers: Any) -> Iterator[Line]:
    """Yield the items of a small array, or what sums a larger one of numbers up."""
    numpy = sys.modules["numpy"]
    if numbers.size <= _FEW:
        if numbers.dtype.kind in "biufcSUmM":
            yield "items", ", ".join(map(str, numbers.ravel().tolist()))
        return
    if numbers.size >= _MANY:
        return
    if numbers.dtype.kind == "b":
        yield "true", f"{int(numbers.sum()):,} of {numbers.size:,}"
    if numbers.dtype.kind not in "iuf":
        return
    finite = numbers[numpy.isfinite(numbers)]
    if finite.size:
        with numpy.errstate(all="ignore"):
            mean = finite.mean(dtype=float)
        for name, number in (("min", finite.min()), ("max", finite.max()), ("mean", mean)):
            yield name, f"{number:.6g}"
    if finite.size < numbers.size:
        yield "not finite", f"{numbers.size - finite.size:,}"


def frame_lines(value: object) -> list[Line]:
    """Return length, index and columns of a frame or series; nothing for anything else.

    Examples
    --------
    >>> frame_lines([1, 2])
    []
    """
    for library in _FRAME_LIBRARIES:
        module = sys.modules.get(library)
        for name in ("DataFrame", "Series", "Table"):
            if type(value) is getattr(module, name, ()):
                return list(_columns(value, library))
    return []


def _columns(frame: Any, library: str) -> Iterator[Line]:
    shape = frame.shape
    yield "rows", f"{shape[0]:,}"
    if library == "pandas":
        yield "index", _index(frame.index)
    if len(shape) == 1:
        yield "name", describe(frame.name)
        yield "dtype", str(frame.dtype)
        if shape[0] < _MANY:
            yield from _mean("", frame)
        return
    if library == "pyarrow":
        yield from ((f"column {one.name}", str(one.type)) for one in frame.schema)
        return
    for name, dtype in zip(frame.columns, frame.dtypes, strict=True):
        yield f"column {_name(name)}", str(dtype)
    if shape[0] * shape[1] < _MANY and shape[1] <= _MOST_COLUMNS:
        for at, name in enumerate(frame.columns):
            yield from _mean(_name(name), frame.iloc[:, at] if library == "pandas" else frame[name])


def _mean(name: str, column: Any) -> Iterator[Line]:
    numpy = sys.modules.get("numpy")
    dtype = getattr(column, "dtype", None)
    if numpy is not None and isinstance(dtype, numpy.dtype) and dtype.kind in "iuf":
        said = dict(_figures(numpy.asarray(column)))
        found = said.get("mean") or said.get("items")
    elif dtype is not None and getattr(dtype, "is_numeric", bool)():
        mean = column.mean()  # polars
        found = None if mean is None else f"{mean:.6g}"
    else:
        return
    if found is not None:
        word = "values" if "," in found else "mean"
        yield (f"{word} of {name}" if name else word), found


def _name(name: object) -> str:
    return name if type(name) is str else describe(name)


def _index(index: Any) -> str:
    words = f"{type(index).__name__} {getattr(index, 'dtype', '')}"
    if len(index) and getattr(getattr(index, "dtype", None), "kind", "") in "iufmM":
        words += f", {index[0]} to {index[-1]}"
    return words
