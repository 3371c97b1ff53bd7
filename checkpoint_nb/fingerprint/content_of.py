"""Lets users say what of their objects counts, where the built-in ways cannot know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeVar

from checkpoint_nb.errors import DeclarationError, FingerprintError
from checkpoint_nb.fingerprint.pieces import OBJECT, Piece, prefer, refuse
from checkpoint_nb.fingerprint.tokens import LEAVES

Chosen = TypeVar("Chosen", bound=Callable[..., object])

_chosen: Final[dict[type | str, Callable[..., object]]] = {}
_HINT: Final = "Give classes, or text such as 'package:Name' for a library that is not loaded yet."


def content_of(*types: type | str) -> Callable[[Chosen], Chosen]:
    """Say what counts of the instances of a type; classes derived from it follow.

    The decorated function gets an instance and returns whatever decides: any value that has a
    digest, or ``None`` when only the type counts. The class itself always counts, an installed
    one by its version.

    Parameters
    ----------
    types
        Classes, or ``"package:Name"`` for classes of a library that may not be loaded yet.

    Raises
    ------
    DeclarationError
        For what is not a type or such a text, and for plain values, which count by themselves.

    Examples
    --------
    >>> from checkpoint_nb.fingerprint import digest
    >>> class Connection:
    ...     def __init__(self, url, handle):
    ...         self.url, self.handle = url, handle
    >>> @content_of(Connection)
    ... def _(connection):
    ...     return connection.url
    >>> digest(Connection("db://a", open)) == digest(Connection("db://a", iter([])))
    True
    >>> digest(Connection("db://a", None)) == digest(Connection("db://b", None))
    False
    """
    if not types:
        raise DeclarationError("content_of was given no type.", hint=_HINT)
    for one in types:
        _check(one)

    def register(function: Chosen) -> Chosen:
        if not callable(function) or isinstance(function, type):
            facts = {"given": type(function).__name__}
            raise DeclarationError("content_of decorates a function.", facts, _HINT)
        for one in types:
            _chosen[one] = function
            prefer(one, _taking(function))
        return function

    return register


def registered() -> Mapping[type | str, Callable[..., object]]:
    """Return what was registered so far: each type with its function.

    Examples
    --------
    >>> @content_of("shop:Basket")
    ... def items(basket):
    ...     return basket.items
    >>> registered()["shop:Basket"] is items
    True
    """
    return MappingProxyType(dict(_chosen))


def register_all(chosen: Mapping[type | str, Callable[..., object]]) -> None:
    """Register what another process had registered.

    Examples
    --------
    >>> register_all({"shop:Till": str})
    Traceback (most recent call last):
    checkpoint_nb.errors.DeclarationError: content_of decorates a function.
      given: type
    Hint: Give classes, or text such as 'package:Name' for a library that is not loaded yet.
    """
    for one, function in chosen.items():
        content_of(one)(function)


def _check(one: object) -> None:
    if isinstance(one, str):
        package, colon, name = one.partition(":")
        if not (colon and package.isidentifier() and name):
            raise DeclarationError("The text names no type.", {"given": repr(one)}, _HINT)
    elif not isinstance(one, type):
        raise DeclarationError("content_of takes types.", {"given": type(one).__name__}, _HINT)
    elif one in LEAVES or one in {list, dict, object, type}:
        headline = f"What counts of {one.__name__} cannot be chosen."
        raise DeclarationError(headline, hint="Derive a class of your own and register that.")


def _taking(function: Callable[..., object]) -> Callable[[object], Piece]:
    """Return how instances are taken apart when the user chose what counts."""

    def chosen(value: object) -> Piece:
        hint = "Mend the function that content_of registered for it."
        try:
            content = function(value)
        except FingerprintError:
            raise
        except Exception as error:
            why = f"What counts of it could not be told: {type(error).__name__}: {error}"
            raise refuse(value, why, hint) from error
        if type(content) is type(value):
            # One more of its kind would be asked again, without end.
            raise refuse(value, "What counts of it is said to be another of its type.", hint)
        return Piece(b"content of", [type(value), content], OBJECT, ["class", "content"])

    return chosen
