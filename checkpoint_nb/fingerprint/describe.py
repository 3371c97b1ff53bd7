"""Says in a few safe words what a value is; runs nothing of the user's."""

from __future__ import annotations

import sys
from types import FunctionType, ModuleType
from typing import Any, Final

LIMIT: Final = 80
_TEXT: Final = 40
_DIGITS: Final = 30
_CONTAINERS: Final = (list, tuple, dict, set, frozenset)
_FRAMES: Final = frozenset({"DataFrame", "Table", "RecordBatch"})


def describe(value: object) -> str:
    """Return a few words about a value, at most 80 characters; never raises.

    Examples
    --------
    >>> describe(10), describe("abc"), describe([1, 2])
    ('10', "'abc'", 'list of 2')
    """
    try:
        words = _scalar(value) or _collection(value) or _array(value) or _named(value)
    except Exception:  # noqa: BLE001 - words for people must not stop the work
        words = type(value).__name__
    words = " ".join(words.split())
    return words if len(words) <= LIMIT else words[: LIMIT - 1] + "…"


def _scalar(value: object) -> str:
    if value is None or value is Ellipsis or type(value) in {bool, float, complex}:
        return repr(value)
    if type(value) is int:
        return repr(value) if value.bit_length() < _DIGITS * 3 else "int"
    if type(value) is str:
        return repr(value) if len(value) <= _TEXT else repr(value[:_TEXT])[:-1] + "…'"
    if type(value) in {bytes, bytearray}:
        return f"{type(value).__name__} of {len(value)}"  # type: ignore[arg-type]
    return ""


def _collection(value: object) -> str:
    if type(value) is tuple and 0 < len(value) <= 4:
        words = [_scalar(item) for item in value]
        if all(words):
            return f"({', '.join(words)}{',' if len(words) == 1 else ''})"
    if isinstance(value, _CONTAINERS) and type(value).__len__ in {
        one.__len__ for one in _CONTAINERS
    }:
        return f"{type(value).__name__} of {len(value)}"
    return ""


def _array(value: Any) -> str:
    """Return the words for arrays and frames of packages we know."""
    cls = type(value)
    package = cls.__module__.partition(".")[0]
    if package not in {"numpy", "pandas", "pyarrow", "polars", "torch", "scipy", "jax", "cupy"}:
        return ""
    shape = getattr(value, "shape", None)
    if cls.__name__ in _FRAMES and shape is not None:
        return f"{cls.__name__} {' x '.join(map(str, shape))}"
    dtype = str(getattr(value, "dtype", "")).removeprefix("torch.")
    if shape is not None and isinstance(value, _generic()):
        return f"{value!s} {dtype}"
    if shape is not None and dtype:
        size = f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
        return f"{cls.__name__} {size} {dtype}"
    return ""


def _generic() -> tuple[type, ...]:
    numpy = sys.modules.get("numpy")
    return (numpy.number, numpy.bool_) if numpy is not None else ()


def _named(value: object) -> str:
    if isinstance(value, type):
        return f"class {type.__getattribute__(value, '__name__')}"
    if isinstance(value, FunctionType):
        return f"function {value.__name__}"
    if isinstance(value, ModuleType):
        return f"module {vars(value).get('__name__', '')}"
    return str(type.__getattribute__(type(value), "__name__"))
