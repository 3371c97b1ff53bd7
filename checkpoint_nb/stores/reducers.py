"""How things travel that pickle or cloudpickle would change on the way."""

from __future__ import annotations

import io
import os
import pickle
import sys
from collections.abc import Callable
from typing import Any, Final, Literal

from cloudpickle import cloudpickle as _cloudpickle

Reduction = tuple[object, ...]
_BUFFERED: Final = (io.BufferedReader, io.BufferedWriter, io.BufferedRandom)
_FILES: Final = (io.TextIOWrapper, *_BUFFERED, io.FileIO)


def faithful(value: object) -> Reduction | None:
    """Return how a value travels so that it arrives as it was; ``None``: pickle does it well.

    A memoryview stays one, where cloudpickle would make bytes of it; an array of a derived class
    keeps the attributes that numpy leaves out; a file that is closed arrives as one.

    Raises
    ------
    pickle.PicklingError
        For a memoryview that cannot be made again.

    Examples
    --------
    >>> make, args = faithful(memoryview(b"abc"))
    >>> make(*args) == memoryview(b"abc")
    True
    """
    if type(value) is memoryview:
        return _view_reduced(value)
    if type(value) in _FILES:
        return _file_reduced(value)
    numpy: Any = sys.modules.get("numpy")
    array = getattr(numpy, "ndarray", None)
    if array is None or type(value) is array or not issubclass(type(value), array):
        return None
    return _array_reduced(value, numpy)


def _view_reduced(view: memoryview) -> Reduction:
    layout = view.format.removeprefix("@")
    shape = view.shape or ()
    if len(layout) != 1 or not shape or 0 in shape:
        raise pickle.PicklingError("a memoryview of this layout cannot be kept; pass bytes")
    return _view, (view.tobytes(), layout, shape)


def _view(data: bytes, layout: Literal["B"], shape: tuple[int, ...]) -> memoryview:
    return memoryview(data).cast(layout, shape)


def _file_reduced(value: Any) -> Reduction | None:
    """Reduce a file that is closed: only what it was called and opened for is left of it."""
    buffer = value.buffer if type(value) is io.TextIOWrapper else value
    raw = buffer.raw if type(buffer) in _BUFFERED else buffer
    if type(raw) is not io.FileIO or not raw.closed:
        return None
    text = None
    if type(value) is io.TextIOWrapper:
        text = value.mode, value.encoding, value.errors
    return _closed_file, (raw.name, raw.mode, type(buffer), text)


def _closed_file(name: object, mode: str, kind: type, text: tuple[str, str, str] | None) -> object:
    raw: Any = io.FileIO(os.devnull, mode.replace("x", "w"))
    made: Any = raw if kind is io.FileIO else kind(raw)
    if text is not None:
        made = io.TextIOWrapper(made, *text[1:])
        made.mode = text[0]
    raw.name = name
    made.close()
    return made


def _array_reduced(value: Any, numpy: Any) -> Reduction | None:
    masked = getattr(sys.modules.get("numpy.ma"), "MaskedArray", None)
    knows = {numpy.ndarray.__reduce__, getattr(masked, "__reduce__", None)}
    attributes = getattr(value, "__dict__", None)
    mapped = issubclass(type(value), numpy.memmap)  # arrives as what is in the file
    if not attributes or mapped or type(value).__reduce__ not in knows:
        return None
    make, args, state = value.__reduce__()[:3]
    return _array, (make, args, state, dict(attributes))


def _array(make: Callable[..., Any], args: Reduction, state: object, attributes: Any) -> object:
    made = make(*args)
    made.__setstate__(state)
    made.__dict__.update(attributes)
    return made


def with_slots(cls: type, reduced: object) -> object:
    """Return how a class travels, its slots made with it: cloudpickle only sets their names.

    Examples
    --------
    >>> class Slim:
    ...     __slots__ = ("v",)
    >>> maker, args, *_ = with_slots(Slim, _cloudpickle._dynamic_class_reduce(Slim))
    >>> hasattr(maker(*args[:4], None, None)(), "__dict__")
    False
    """
    if "__slots__" not in vars(cls) or issubclass(cls, tuple) or not isinstance(reduced, tuple):
        return reduced
    maker, args, *rest = reduced
    if maker is not _cloudpickle._make_skeleton_class:
        return reduced
    metaclass, name, bases, words, *more = args
    words = {**words, "__slots__": vars(cls)["__slots__"]}
    return (maker, (metaclass, name, bases, words, *more), *rest)
