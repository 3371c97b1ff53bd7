"""Classes of the user travel by name first, and by value only where the name means nothing."""

from __future__ import annotations

import functools
import importlib
import io
import pickle
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, cast

import cloudpickle
from cloudpickle import cloudpickle as _cloudpickle

from checkpoint_nb.stores.functions import cell_reduced, is_of_notebook, reduced
from checkpoint_nb.stores.reducers import faithful, with_slots
from checkpoint_nb.stores.views import Array, View, is_array

_Reduction = tuple[object, ...]
_TELLS = "__init_subclass__"
_IN_MEMORY = (io.BytesIO, io.StringIO)


class ResultPickler(cloudpickle.Pickler):  # type: ignore[misc]
    """A cloudpickle pickler whose instances of user classes come home to the class defined there.

    cloudpickle sends a class of ``__main__`` by value, so what a worker computed would be an
    instance of a lookalike, and sends a class of a user's module by name only, so it would not
    load where the module is missing. Here both are tried: the name, then the value. A function of
    the notebook finds its names in the notebook again, and ``views`` go on sharing memory.

    Parameters
    ----------
    sink, protocol, buffer_callback
        As of any pickler.
    views
        How to write arrays that share memory with another, by identity.

    Examples
    --------
    >>> import fractions, io, pickle
    >>> sink = io.BytesIO()
    >>> ResultPickler(sink, protocol=5).dump(fractions.Fraction(1, 3))
    >>> pickle.loads(sink.getvalue())
    Fraction(1, 3)
    """

    def __init__(
        self,
        sink: IO[bytes],
        protocol: int = 5,
        buffer_callback: Callable[[pickle.PickleBuffer], object] | None = None,
        views: Mapping[int, View] | None = None,
    ) -> None:
        super().__init__(sink, protocol=protocol, buffer_callback=buffer_callback)
        self.arrays: list[Array] = []
        self._views = views or {}
        self._cells: set[int] = set()

    def reducer_override(self, obj: object) -> object:
        """Reduce a class of the user to its name and, as a fallback, its value.

        Raises PicklingError for an open file, which cloudpickle would read to its end.
        """
        if is_array(obj):
            self.arrays.append(obj)
            view = self._views.get(id(obj))
            return NotImplemented if view is None else view.reduction(obj)
        if isinstance(obj, types.FunctionType | types.CellType):
            made = _of_notebook(obj, self._cells)
            if made is not None:
                return made
        elif issubclass(type(obj), type):
            cls = cast("type", obj)
            if _is_of_user(cls):
                return _find, (cls.__module__, cls.__qualname__, _by_value(cls))
        elif issubclass(type(obj), io.IOBase) and not issubclass(type(obj), _IN_MEMORY):
            closed = faithful(obj)
            if closed is not None:
                return closed
            raise pickle.PicklingError("an open file cannot be kept; return what is in it")
        else:
            kept = faithful(obj)
            if kept is not None:
                return kept
        return super().reducer_override(obj)


class _ClassPickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Writes a class and all it reaches of the user in one stream, so that cycles are harmless."""

    def __init__(self, sink: IO[bytes]) -> None:
        super().__init__(sink, protocol=5)
        self._cells: set[int] = set()

    def reducer_override(self, obj: object) -> object:
        if isinstance(obj, types.FunctionType | types.CellType):
            made = _of_notebook(obj, self._cells)
            if made is not None:
                return made
        if issubclass(type(obj), type):
            cls = cast("type", obj)
            if _is_of_user(cls):
                return _reduce_by_value(cls)
        elif isinstance(obj, types.FunctionType) and _is_of_users_module(obj):
            # Methods and what they call: by name they would ask for the module that is missing.
            return self._dynamic_function_reduce(obj)
        return super().reducer_override(obj)


def _of_notebook(thing: types.FunctionType | types.CellType, cells: set[int]) -> object:
    if isinstance(thing, types.CellType):
        return cell_reduced(thing, cells)
    return reduced(thing, cells) if is_of_notebook(thing) else None


def _by_value(cls: type) -> bytes | None:
    sink = io.BytesIO()
    try:
        _ClassPickler(sink).dump(cls)
    except Exception:  # noqa: BLE001  whatever it reaches may refuse; the name is left then
        return None
    return sink.getvalue()


def _reduce_by_value(cls: type) -> _Reduction:
    made = unannounced(cls, with_slots(cls, _cloudpickle._dynamic_class_reduce(cls)))
    maker, args, state, _, _, fill = cast("_Reduction", made)
    name = (cls.__module__, cls.__qualname__)
    return _build, (*name, maker, args), (*name, fill, state), None, None, _fill


def unannounced(cls: type, reduced: object) -> object:
    """Return how a class travels: its bases are not told of it again by ``__init_subclass__``.

    What they did about it then has come with them: a registry would hold the class twice.

    Examples
    --------
    >>> plain = _cloudpickle._dynamic_class_reduce(_ClassPickler)
    >>> unannounced(_ClassPickler, plain) is plain
    True
    """
    if not isinstance(reduced, tuple) or reduced[0] is not _cloudpickle._make_skeleton_class:
        return reduced
    return (_made_unannounced, *reduced[1:]) if _told_of(cls.__mro__[1:]) else reduced


def _told_of(bases: Iterable[type]) -> list[type]:
    return [one for one in bases if _TELLS in vars(one) and _is_of_users_module(one)]


def _made_unannounced(metaclass: type, name: str, bases: tuple[type, ...], *more: object) -> type:
    told = {one: vars(one)[_TELLS] for base in bases for one in _told_of(base.__mro__)}
    for one in told:
        setattr(one, _TELLS, classmethod(lambda cls, **_: None))  # noqa: ARG005
    try:
        return cast("type", _cloudpickle._make_skeleton_class(metaclass, name, bases, *more))
    finally:
        for one, tell in told.items():
            setattr(one, _TELLS, tell)


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
