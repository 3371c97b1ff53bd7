"""Classes of the user travel by name first, and by value only where the name means nothing."""

from __future__ import annotations

import functools
import importlib
import io
import pickle
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import cast

import cloudpickle
from cloudpickle import cloudpickle as _cloudpickle

from checkpoint_nb.stores.reducers import faithful, with_slots

_Reduction = tuple[object, ...]
_IN_MEMORY = (io.BytesIO, io.StringIO)


class ResultPickler(cloudpickle.Pickler):  # type: ignore[misc]
    """A cloudpickle pickler whose instances of user classes come home to the class defined there.

    cloudpickle sends a class of ``__main__`` by value, so what a worker computed would be an
    instance of a lookalike, and sends a class of a user's module by name only, so it would not
    load where the module is missing. Here both are tried: the name, then the value.

    Examples
    --------
    >>> import fractions, io, pickle
    >>> sink = io.BytesIO()
    >>> ResultPickler(sink, protocol=5).dump(fractions.Fraction(1, 3))
    >>> pickle.loads(sink.getvalue())
    Fraction(1, 3)
    """

    def reducer_override(self, obj: object) -> object:
        """Reduce a class of the user to its name and, as a fallback, its value.

        Raises PicklingError for an open file, which cloudpickle would read to its end.
        """
        if issubclass(type(obj), type):
            cls = cast("type", obj)
            if _is_of_user(cls):
                return _find, (cls.__module__, cls.__qualname__, _by_value(cls))
        elif issubclass(type(obj), io.IOBase) and not issubclass(type(obj), _IN_MEMORY):
            raise pickle.PicklingError("an open file cannot be kept; return what is in it")
        else:
            reduced = faithful(obj)
            if reduced is not None:
                return reduced
        return super().reducer_override(obj)


class _ClassPickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Writes a class and all it reaches of the user in one stream, so that cycles are harmless."""

    def reducer_override(self, obj: object) -> object:
        if issubclass(type(obj), type):
            cls = cast("type", obj)
            if _is_of_user(cls):
                return _reduce_by_value(cls)
        elif isinstance(obj, types.FunctionType) and _is_of_users_module(obj):
            # Methods and what they call: by name they would ask for the module that is missing.
            return self._dynamic_function_reduce(obj)
        return super().reducer_override(obj)


def _by_value(cls: type) -> bytes | None:
    sink = io.BytesIO()
    try:
        _ClassPickler(sink, protocol=5).dump(cls)
    except Exception:  # noqa: BLE001  whatever it reaches may refuse; the name is left then
        return None
    return sink.getvalue()


def _reduce_by_value(cls: type) -> _Reduction:
    reduced = with_slots(cls, _cloudpickle._dynamic_class_reduce(cls))
    maker, args, state, _, _, fill = cast("_Reduction", reduced)
    name = (cls.__module__, cls.__qualname__)
    return _build, (*name, maker, args), (*name, fill, state), None, None, _fill


def _find(module: str, qualname: str, value: bytes | None) -> type:
    found = _look_up(module, qualname)
    if found is not None:
        return found
    if value is None:
        raise AttributeError(f"there is no class {module}.{qualname} here")
    return cast("type", pickle.loads(value))


def _build(
    module: str, qualname: str, maker: Callable[..., type], args: tuple[object, ...]
) -> type:
    return _look_up(module, qualname) or maker(*args)


def _fill(cls: type, state: tuple[str, str, Callable[[type, object], object], object]) -> None:
    module, qualname, fill, content = state
    if _look_up(module, qualname) is not cls:
        fill(cls, content)


def _look_up(module: str, qualname: str) -> type | None:
    found: object = sys.modules.get(module)
    if found is None and module != "__main__":
        try:
            found = importlib.import_module(module)
        except Exception:  # noqa: BLE001  a module of the user may do anything at import
            return None
    for name in qualname.split("."):
        found = getattr(found, name, None)
    return found if isinstance(found, type) else None


def _is_of_user(cls: type) -> bool:
    # A local class has no name to look up; cloudpickle sends it by value.
    return "<locals>" not in cls.__qualname__ and _is_of_users_module(cls)


def _is_of_users_module(thing: type | types.FunctionType) -> bool:
    module = getattr(thing, "__module__", None)
    if not isinstance(module, str):
        return False
    if module == "__main__":
        return True
    file = getattr(sys.modules.get(module), "__file__", None)
    return not _is_installed(module.partition(".")[0], file)


@functools.lru_cache(4096)
def _is_installed(package: str, file: str | None) -> bool:
    if package in sys.stdlib_module_names or package == "checkpoint_nb":
        return True
    parts = Path(file).parts if file is not None else ()
    return "site-packages" in parts or "dist-packages" in parts
