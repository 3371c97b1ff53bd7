"""How work gets into a worker: code and values as they are here, now."""

from __future__ import annotations

import functools
import io
import pickle
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import fields, is_dataclass
from types import CellType, FunctionType, ModuleType
from typing import IO, TYPE_CHECKING, TypeGuard

import cloudpickle

from checkpoint_nb.errors import ArgumentError
from checkpoint_nb.fingerprint import by_content
from checkpoint_nb.freight import LARGE
from checkpoint_nb.stores.classes import unannounced
from checkpoint_nb.stores.functions import cell_reduced, is_of_notebook, reduced
from checkpoint_nb.stores.reducers import faithful, with_slots
from checkpoint_nb.stores.views import Array, View, is_array, views_among

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

MAKE_IT_THERE = "Make the object inside the task, or pass what it is made from."
_lock = threading.Lock()
_judged: set[str] = set()
_by_value: dict[str, ModuleType] = {}


class Traveller(cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle has no types
    """Pickles work for a worker.

    Modules of the user travel by value: the worker must run the code that is *live* here and that
    the key was made of, not the file as it is on disk by now. A lock arrives as a new open one;
    arrays that share memory go on sharing it.
    """

    def __init__(
        self,
        sink: IO[bytes],
        views: Mapping[int, View] | None = None,
        buffer_callback: Callable[[pickle.PickleBuffer], object] | None = None,
    ) -> None:
        super().__init__(sink, pickle.HIGHEST_PROTOCOL, buffer_callback)
        self.arrays: list[Array] = []
        self._views = views or {}
        self._cells: set[int] = set()

    def reducer_override(self, value: object) -> object:
        """Replace what has no state worth sending; leave the rest to cloudpickle."""
        if isinstance(value, FunctionType | CellType):
            return self._code(value)
        if is_array(value):
            self.arrays.append(value)
            view = self._views.get(id(value))
            return NotImplemented if view is None else view.reduction(value)
        make = _MADE_ANEW.get(type(value))
        if make is not None:
            return make, ()
        if isinstance(value, _REMEMBERING) and _is_users(value):
            return _remembering, (value.__wrapped__, value.cache_parameters())
        made = faithful(value) or super().reducer_override(value)
        if isinstance(value, type):
            return unannounced(value, with_slots(value, made))
        return made

    def _code(self, value: FunctionType | CellType) -> object:
        """Reduce a function of the notebook without the names around it: they are sent once."""
        if isinstance(value, CellType):
            return cell_reduced(value, self._cells)
        if _dispatches(value) and _is_users(value):
            return _dispatching, (dict(value.registry),)  # type: ignore[attr-defined]
        if is_of_notebook(value):
            return reduced(value, self._cells)
        return super().reducer_override(value)


_REMEMBERING = type(functools.lru_cache(len))


def _is_users(value: object) -> bool:
    module = sys.modules.get(str(getattr(value, "__module__", "")))
    return module is None or module.__name__ == "__main__" or by_content(module)


def _remembering(function: Callable[..., object], words: dict[str, object]) -> object:
    """Make a function with ``lru_cache`` anew, remembering nothing yet."""
    return functools.lru_cache(**words)(function)  # type: ignore[call-overload]


def _dispatches(value: object) -> bool:
    """Return whether a function is made by ``singledispatch``: it holds a weak cache."""
    home = getattr(value, "__globals__", None)
    return home is vars(functools) and {"registry", "dispatch"} <= vars(value).keys()


def _dispatching(registry: dict[type, Callable[..., object]]) -> object:
    """Make a ``singledispatch`` function anew."""
    made = functools.singledispatch(registry.pop(object))
    for cls, chosen in registry.items():
        made.register(cls, chosen)
    return made


_MADE_ANEW: dict[type, Callable[[], object]] = {
    type(threading.Lock()): threading.Lock,
    type(threading.RLock()): threading.RLock,
    threading.local: threading.local,
}


def packed(
    what: str,
    value: object,
    hint: str = MAKE_IT_THERE,
    apart: Callable[[pickle.PickleBuffer], object] | None = None,
) -> bytes:
    """Pickle ``value`` for a worker.

    Parameters
    ----------
    what
        Name of the work, for the error.
    hint
        What its user can do where it cannot be sent.
    apart
        Given each large buffer, which then has to be given to ``pickle.loads`` too.

    Raises
    ------
    ArgumentError
        When it cannot be sent; names ``what`` and the object in it that refused, and where it is.
    """
    try:
        return _pickled(value, apart)
    except Exception as error:
        facts: dict[str, object] = {"because": f"{type(error).__name__}: {error}"}
        with suppress(Exception):  # the user's own objects are asked; the error says enough
            facts |= _refused(value)
        raise ArgumentError(f"{what} cannot be sent to a worker process.", facts, hint) from error


def _pickled(value: object, apart: Callable[[pickle.PickleBuffer], object] | None = None) -> bytes:
    buffer, large = io.BytesIO(), _Large()
    with _user_modules_by_value():
        traveller = Traveller(buffer, buffer_callback=large.take if apart else None)
        traveller.dump(value)
        views = views_among(traveller.arrays) if len(traveller.arrays) > 1 else {}
        if views:
            buffer, large = io.BytesIO(), _Large()
            Traveller(buffer, views, large.take if apart else None).dump(value)
    if apart is not None:
        for one in large.buffers:
            apart(one)
    return buffer.getvalue()


class _Large:
    """Takes buffers that are large out of a pickle."""

    def __init__(self) -> None:
        self.buffers: list[pickle.PickleBuffer] = []

    def take(self, buffer: pickle.PickleBuffer) -> bool:
        """Take a buffer, or let it stay: ``True``."""
        if buffer.raw().nbytes < LARGE:
            return True
        self.buffers.append(buffer)
        return False


def _refused(value: object) -> dict[str, object]:
    """Find the innermost object that cannot be pickled, and the way to it."""
    way, here = "", value
    while True:
        found = next(((step, one) for step, one in _inside(here) if not _passes(one)), None)
        if found is None:
            break
        way, here = way + found[0], found[1]
    cls = type(here)
    return {"object": f"{cls.__module__}.{cls.__qualname__}", "at": way.lstrip(".")} if way else {}


def _passes(value: object) -> bool:
    try:
        _pickled(value)
    except Exception:  # noqa: BLE001 - whatever a reduce method raises
        return False
    return True


def _inside(value: object) -> Iterator[tuple[str, object]]:
    """Yield what an object holds; work and what is sent around it are no step of the way."""
    if isinstance(value, Mapping):
        named = isinstance(value, _Names)
        for key, one in value.items():
            yield (f".{key}" if named else f"[{key!r}]"), one
    elif isinstance(value, list | tuple | set | frozenset):
        for at, one in enumerate(value):
            yield f"[{at}]", one
    elif _is_ours(value):
        for field in fields(value):
            one = getattr(value, field.name)
            if isinstance(one, tuple):
                for at, each in enumerate(one, 1):
                    yield ("" if _is_ours(each) else f"argument {at}"), each
            else:
                yield from _inside(_Names(one) if isinstance(one, Mapping) else one)
    elif isinstance(getattr(value, "__dict__", None), dict):
        for name, one in vars(value).items():
            yield f".{name}", one


def _is_ours(value: object) -> TypeGuard[DataclassInstance]:
    return is_dataclass(value) and type(value).__module__.startswith("checkpoint_nb.")


class _Names(dict[object, object]):
    """Names and what they hold."""


@contextmanager
def _user_modules_by_value() -> Iterator[None]:
    with _lock:
        for name in sys.modules.keys() - _judged:
            _judged.add(name)
            module = sys.modules.get(name)
            if isinstance(module, ModuleType) and name != "__main__" and by_content(module):
                _by_value[name] = module
        live = {name: sys.modules[name] for name in _by_value if name in sys.modules}
        added = [
            m
            for m in live.values()
            if m.__name__ not in cloudpickle.list_registry_pickle_by_value()
        ]
        for module in added:
            cloudpickle.register_pickle_by_value(module)
        try:
            yield
        finally:
            for module in added:
                cloudpickle.unregister_pickle_by_value(module)
