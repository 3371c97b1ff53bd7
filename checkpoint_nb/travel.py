"""How work gets into a worker: code and values as they are here, now."""

from __future__ import annotations

import functools
import io
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType

import cloudpickle

from checkpoint_nb.errors import ArgumentError
from checkpoint_nb.fingerprint import by_content
from checkpoint_nb.stores.reducers import faithful, with_slots

_lock = threading.Lock()
_judged: set[str] = set()
_by_value: dict[str, ModuleType] = {}


class Traveller(cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle has no types
    """Pickles work for a worker.

    Modules of the user travel by value: the worker must run the code that is *live* here and that
    the key was made of, not the file as it is on disk by now. A lock arrives as a new open one.
    """

    def reducer_override(self, value: object) -> object:
        """Replace what has no state worth sending; leave the rest to cloudpickle."""
        make = _MADE_ANEW.get(type(value))
        if make is not None:
            return make, ()
        if isinstance(value, _REMEMBERING) and _is_users(value):
            return _remembering, (value.__wrapped__, value.cache_parameters())
        if _dispatches(value) and _is_users(value):
            return _dispatching, (dict(value.registry),)  # type: ignore[attr-defined]
        reduced = faithful(value) or super().reducer_override(value)
        return with_slots(value, reduced) if issubclass(type(value), type) else reduced  # type: ignore[arg-type]


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


def packed(what: str, value: object) -> bytes:
    """Pickle ``value`` for a worker.

    Raises
    ------
    ArgumentError
        When it cannot be sent; names ``what`` and the object in it that refused.
    """
    buffer = io.BytesIO()
    try:
        with _user_modules_by_value():
            Traveller(buffer, protocol=pickle.HIGHEST_PROTOCOL).dump(value)
    except Exception as error:
        raise ArgumentError(
            f"{what} cannot be sent to a worker process.",
            {"because": f"{type(error).__name__}: {error}"},
            "Make the object inside the task, or pass what it is made from.",
        ) from error
    return buffer.getvalue()


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
