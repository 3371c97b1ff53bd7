"""Takes instances of any class apart: class, and the state they give for a pickle."""

from __future__ import annotations

import copyreg
import sys
from collections import OrderedDict, defaultdict
from functools import cached_property
from types import ModuleType
from typing import Any, Final
from weakref import WeakKeyDictionary

from checkpoint_nb.errors import FingerprintError
from checkpoint_nb.fingerprint.boundary import BINARY, owner
from checkpoint_nb.fingerprint.chance import left_out
from checkpoint_nb.fingerprint.functions import library
from checkpoint_nb.fingerprint.opaque import is_stream, stream
from checkpoint_nb.fingerprint.passing import check_not_passing
from checkpoint_nb.fingerprint.pieces import OBJECT, Piece, kind, refuse
from checkpoint_nb.fingerprint.runs import flat
from checkpoint_nb.fingerprint.tokens import leaf, text

_cached: Final[WeakKeyDictionary[type, set[str]]] = WeakKeyDictionary()
_UNREDUCED: Final = "Give its class a __reduce__, or keep it out of what the task can reach."


@kind(BaseException, derived=True)
def exception(value: BaseException) -> Piece:
    """Take an exception apart: what it says and why; not where, which is its traceback."""
    piece = instance(value)
    piece.children.append([value.__cause__, value.__context__, value.__suppress_context__])
    if piece.names:
        piece.names.append("reasons")
    return piece


@kind(object)
def instance(value: object) -> Piece:
    """Take an instance of any class apart: its class and the state it gives for a pickle."""
    if is_stream(value):
        return stream()
    if left_out(value):
        return Piece(b"shared generator", [type(value)])
    check_not_passing(value)
    reduced = reduced_form(value)
    if isinstance(reduced, str):
        return _global(value, reduced)
    make, args, state, items, pairs = (*reduced, None, None, None)[:5]
    piece = Piece(b"object", kind=OBJECT)
    if make is copyreg.__newobj__:  # type: ignore[attr-defined]
        make, *rest = args
        args = tuple(rest)
        piece.local = b"instance"
    _part(piece, "class", make)
    _part(piece, "arguments", args)
    _part(piece, "state", _state(value, state))
    if items is not None:
        _part(piece, "items", _listed(value, items))
    if pairs is not None:
        _part(piece, "pairs", _paired(value, pairs))
    return piece


def _part(piece: Piece, name: str, part: object) -> None:
    """Add a part of an instance: inside the piece when it is plain, else as a child."""
    local = leaf(part) or flat(part)
    piece.local += text(name) + (local or b"&")
    if local is None:
        piece.children.append(part)
        piece.names.append(name)


def _listed(value: object, items: Any) -> list[object]:
    """Return the items of an instance: of a list those it has, whatever its ``__iter__`` says."""
    if isinstance(value, list) and _is_reduced_by(value, object):
        items = list.__iter__(value)
    return list(items)


def _paired(value: object, pairs: Any) -> list[object]:
    """Return the items of an instance: of a dictionary those it has, whatever it says."""
    if isinstance(value, OrderedDict) and _is_reduced_by(value, OrderedDict):
        pairs = OrderedDict.items(value)
    elif isinstance(value, dict) and _is_reduced_by(value, object, defaultdict):
        pairs = dict.items(value)
    return [one for pair in pairs for one in pair]


def _is_reduced_by(value: object, *families: type) -> bool:
    """Return whether it is one of these classes that says how an instance is pickled."""
    cls: Any = type(value)
    own = cls.__reduce_ex__ is not object.__reduce_ex__
    return not own and any(cls.__reduce__ is family.__reduce__ for family in families)


def _state(value: object, state: Any) -> object:
    """Return the state without what is there by chance: slots or not, cached properties."""
    cls = type(value)
    if type(state) is tuple and len(state) == 2 and _gives_plain_state(value):
        state = plain_state(state)
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


def plain_state(state: Any) -> dict[str, object]:
    """Return the state that Python gives an instance as one dictionary, slots or not.

    Examples
    --------
    >>> plain_state((None, {"a": 1})), plain_state({"a": 1}), plain_state(None)
    ({'a': 1}, {'a': 1}, {})
    """
    if type(state) is tuple:
        plain, slots = state
        return {**(plain or {}), **slots}
    return dict(state or {})


def _gives_plain_state(value: object) -> bool:
    """Return whether the class left it to Python what its state is."""
    cls = type(value)
    return cls.__getstate__ is object.__getstate__ and _is_reduced_by(value, object)


def reduced_form(value: object) -> Any:
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
    # The name says which one it is; what it holds may have been changed since.
    state = None if binary else object.__getstate__(value)
    return Piece(b"global" + text(name), [type(value), module if binary else None, state])
