"""How objects are taken apart: one piece per object, one way to take apart per type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from weakref import ref

from checkpoint_nb.errors import FingerprintError
from checkpoint_nb.fingerprint.code import Normal
from checkpoint_nb.fingerprint.runs import LONG_RUN, flat, run
from checkpoint_nb.fingerprint.tokens import LEAVES, leaf, size

DATA: Final = "data"
FUNCTION: Final = "function"
CLASS: Final = "class"
MODULE: Final = "module"
LIBRARY: Final = "library"
OBJECT: Final = "object"
OPAQUE: Final = "opaque"

CODE_KINDS: Final = frozenset({FUNCTION, CLASS, MODULE})


@dataclass(slots=True)
class Piece:
    """One object taken apart by one level.

    Parameters
    ----------
    local
        Its own content as bytes; says where children stand in it.
    children
        The objects it leads to, in canonical order.
    kind
        What it is, for labels and paths.
    names
        Words for each child: ``global cfg``, ``default 0``; empty for containers.
    unordered
        The children are a set: their digests are sorted.
    label
        Name for people; for an opaque object the reason why it cannot be a value, or ``""``.
    shown
        What people may read about it: a version.
    form
        The normal form of a function's code.
    """

    local: bytes
    children: list[object] = field(default_factory=list)
    kind: str = DATA
    names: list[str] = field(default_factory=list)
    unordered: bool = False
    label: str = ""
    shown: str = ""
    form: Normal | None = None


TakeApart = Callable[[Any], Piece]
Handler = TypeVar("Handler", bound=TakeApart)

_exact: Final[dict[type | str, TakeApart]] = {}
_derived: Final[dict[type | str, TakeApart]] = {}
_preferred: Final[dict[type | str, TakeApart]] = {}
_found: Final[dict[int, tuple[ref[type], TakeApart]]] = {}
"""By identity: a ``WeakKeyDictionary`` makes a reference for each look."""


def kind(*types: type | str, derived: bool = False) -> Callable[[Handler], Handler]:
    """Register a function that takes objects of these types apart.

    Parameters
    ----------
    types
        Types, or ``"package:Name"`` for types of packages that may not be installed.
    derived
        Also for classes derived from them.

    Examples
    --------
    >>> @kind("shop:Basket")
    ... def basket(value):
    ...     return Piece(b"basket", [value.items])
    """

    def register(handler: Handler) -> Handler:
        for one in types:
            _exact[one] = handler
            if derived:
                _derived[one] = handler
        _found.clear()
        return handler

    return register


def prefer(one: type | str, handler: TakeApart) -> None:
    """Register a way that goes before all that ``kind`` registered, for derived classes too.

    Examples
    --------
    >>> prefer("shop:Basket", lambda basket: Piece(b"basket"))
    """
    _preferred[one] = handler
    _found.clear()


def _name(cls: type) -> str:
    module = cls.__module__
    package = module.partition(".")[0] if isinstance(module, str) else ""
    return f"{package}:{cls.__qualname__}"


def _find(cls: type) -> TakeApart:
    for base in type.mro(cls) if _preferred else ():
        handler = _preferred.get(base) or _preferred.get(_name(base))
        if handler is not None:
            return handler
    handler = _exact.get(cls) or _exact.get(_name(cls))
    if handler is not None:
        return handler
    for base in type.mro(cls)[1:-1] if cls is not type else ():
        handler = _derived.get(base) or _derived.get(_name(base))
        if handler is not None:
            return handler
    return _exact[object]


def _remembered(cls: type) -> tuple[ref[type], TakeApart]:
    number = id(cls)
    found = _found[number] = (ref(cls, lambda _: _found.pop(number, None)), _find(cls))
    return found


def take_apart(value: object) -> Piece:
    """Return the piece of one object; raise FingerprintError when it has none.

    Examples
    --------
    >>> import checkpoint_nb.fingerprint
    >>> take_apart([1, [len]]).children
    [[<built-in function len>]]
    """
    cls = type(value)
    write = LEAVES.get(cls)
    if write is not None:
        local = write(value)
        if local is not None:
            return Piece(local)
    found = _found.get(id(cls)) or _remembered(cls)
    return found[1](value)


def sequence(tag: bytes, items: Sequence[object], count: int) -> Piece:
    """Return the piece of an ordered container: plain items inside it, others as children.

    Examples
    --------
    >>> sequence(b"[", [1, [len]], 2).children
    [[<built-in function len>]]
    """
    if count >= LONG_RUN:
        whole = run(items)
        if whole is not None:
            return Piece(tag + whole)
    parts = [tag, size(count)]
    children: list[object] = []
    for item in items:
        local = leaf(item) or flat(item)
        if local is None:
            children.append(item)
            local = b"&"
        parts.append(local)
    return Piece(b"".join(parts), children)


def refuse(value: object, why: str, hint: str) -> FingerprintError:
    """Return the error for an object that has no fingerprint.

    Examples
    --------
    >>> print(refuse(iter([]), "It is used up by reading.", "Pass a list."))
    A list_iterator cannot be fingerprinted. It is used up by reading.
      type: builtins.list_iterator
    Hint: Pass a list.
    """
    cls = type(value)
    headline = f"A {cls.__name__} cannot be fingerprinted. {why}"
    return FingerprintError(headline, {"type": f"{cls.__module__}.{cls.__qualname__}"}, hint)
