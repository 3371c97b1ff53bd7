"""Tells whether everything a walk saw is still as it was, without walking again.

A walk ends in a graph. Its *watched* nodes are the functions, classes, modules and library objects
in it: a weak reference to each tells that it is still the same one. Everything else is data and is
never trusted by identity. The guards hold when each watched node still leads to what it led to:

- a *plain* function (nearly all are) by its code and defaults, and by looking up each global name
  that it uses, once per namespace;
- any other watched node by taking it apart again and comparing the piece;
- where a watched node leads to data, the data is found there again and its digest is taken again,
  with watched nodes inside it standing for themselves.

So nothing is kept alive but code objects and small constants, and whatever cannot be told for
certain is a reason to walk again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import repeat
from operator import attrgetter, is_
from types import CodeType, FunctionType
from typing import Any, Final
from weakref import ref

from checkpoint_nb.fingerprint.boundary import Owner, owner
from checkpoint_nb.fingerprint.components import digests
from checkpoint_nb.fingerprint.functions import builtins_of, follow
from checkpoint_nb.fingerprint.pieces import CLASS, FUNCTION, LIBRARY, MODULE, Piece
from checkpoint_nb.fingerprint.tokens import leaf, node, size
from checkpoint_nb.fingerprint.walk import Graph

MISSING: Final = object()
WATCHED: Final = frozenset({FUNCTION, CLASS, MODULE, LIBRARY})
Expected = int | bytes
"""A watched node or a constant by its number, or anything else by its digest."""

_codes: Final = attrgetter("__code__")
_defaults: Final = attrgetter("__defaults__")
_keywords: Final = attrgetter("__kwdefaults__")
_attributes: Final = attrgetter("__dict__")


def is_watchable(value: object) -> bool:
    """Return whether a weak reference can watch an object.

    Examples
    --------
    >>> is_watchable(len), is_watchable(1)
    (True, False)
    """
    return type(value).__weakrefoffset__ != 0


def stand_in(number: int) -> bytes:
    """Return what stands for a watched node in the digest of data that leads to it.

    Examples
    --------
    >>> stand_in(1) == stand_in(2)
    False
    """
    return b"watched" + size(number)


def head(piece: Piece) -> tuple[object, ...]:
    """Return what must be the same of a piece beside its children.

    Examples
    --------
    >>> head(Piece(b"a")) == head(Piece(b"b"))
    False
    """
    words = (piece.kind, piece.label, piece.shown, piece.unordered)
    return (piece.local, *words, *piece.names)


class _ChangedError(Exception):
    """Something is not as it was."""


class _Inside(Graph):
    """A walk through data in which watched nodes stand for themselves."""

    watched: dict[int, int]

    def piece(self, value: object) -> Piece:
        number = self.watched.get(id(value))
        if number is not None:
            return Piece(stand_in(number))
        piece = Graph.piece(self, value)
        if piece.kind in WATCHED and is_watchable(value):
            raise _ChangedError  # code that was not there
        return piece


@dataclass(slots=True)
class Space:
    """The names that plain functions look up in one namespace, and what they gave.

    Parameters
    ----------
    function
        Number of a function that has the namespace.
    builtins
        Whether its builtins are meant, not its globals.
    names, given
        Names, and the number of what each led to.
    data
        Names of data, and its digest.
    """

    function: int
    builtins: bool
    names: list[str] = field(default_factory=list)
    given: list[int] = field(default_factory=list)
    data: list[tuple[str, bytes]] = field(default_factory=list)


@dataclass(slots=True)
class Chained:
    """A chain of attributes that a plain function reads from a global name."""

    function: int
    name: str
    chain: tuple[str, ...]
    words: str
    expected: Expected


@dataclass(slots=True)
class Taken:
    """A watched node that is taken apart again: what it was, and what it led to."""

    number: int
    head: tuple[object, ...]
    children: list[Expected]


@dataclass(slots=True)
class Guards:
    """What must be the same for a fingerprint to hold.

    Parameters
    ----------
    watched
        The watched nodes; plain functions come first.
    codes, defaults
        Of the plain functions.
    constants
        Small constants, numbered after the watched nodes.
    homes
        Modules that code is from, and who they belonged to.
    rule
        How the outermost function is read.
    """

    rule: Graph
    watched: list[ref[Any]] = field(default_factory=list)
    codes: list[CodeType] = field(default_factory=list)
    defaults: list[object] = field(default_factory=list)
    constants: list[object] = field(default_factory=list)
    spaces: list[Space] = field(default_factory=list)
    chained: list[Chained] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    homes: dict[str, Owner | None] = field(default_factory=dict)

    def hold(self) -> bool:
        """Return whether a walk would see what the walk before saw."""
        live: list[Any] = [one() for one in self.watched]
        plain: list[FunctionType] = live[: len(self.codes)]
        try:
            if not all(map(is_, map(_codes, plain), self.codes)):
                return False
        except AttributeError:
            return False  # one is gone
        if (
            any(one is None for one in live[len(plain) :])
            or not all(map(is_, map(_defaults, plain), self.defaults))
            or any(map(_keywords, plain))
            or any(map(_attributes, plain))
            or any(owner(home) != was for home, was in self.homes.items())
        ):
            return False
        try:
            return _Look(self, live).is_same()
        except Exception:  # noqa: BLE001 - whatever it is, the walk will meet it and say so
            return False


class _Look:
    """One look at everything that plain attributes do not tell."""

    def __init__(self, guards: Guards, live: list[Any]) -> None:
        self.guards = guards
        self.live = live + guards.constants
        self.watched: dict[int, int] = {}

    def is_same(self) -> bool:
        """Return whether every look-up gives what it gave."""
        return (
            all(map(self._is_same_space, self.guards.spaces))
            and all(map(self._is_same_chain, self.guards.chained))
            and all(map(self._is_same_piece, self.guards.taken))
        )

    def _is_same_space(self, space: Space) -> bool:
        function: FunctionType = self.live[space.function]
        names: Mapping[str, object] = function.__globals__
        if space.builtins:
            names = builtins_of(function)
        wanted = map(self.live.__getitem__, space.given)
        if not all(map(is_, map(names.get, space.names, repeat(MISSING)), wanted)):
            return False
        return all(self._digest(names.get(name, MISSING)) == was for name, was in space.data)

    def _is_same_chain(self, one: Chained) -> bool:
        words, target = follow(self.live[one.function], one.name, one.chain)
        return words == one.words and self._is_same(target, one.expected)

    def _is_same_piece(self, one: Taken) -> bool:
        value = self.live[one.number]
        piece = self.guards.rule.piece(value)
        if head(piece) != one.head or len(piece.children) != len(one.children):
            return False
        children = self.guards.rule.children(value, piece)
        return all(map(self._is_same, children, one.children))

    def _is_same(self, value: object, expected: Expected) -> bool:
        if isinstance(expected, int):
            return value is self.live[expected]
        return self._digest(value) == expected

    def _digest(self, value: object) -> bytes:
        """Return the digest of data as it is now; watched nodes in it stand for themselves."""
        local = leaf(value)
        if local is not None:
            return node(local)
        if not self.watched:
            count = len(self.guards.watched)
            self.watched = {id(one): at for at, one in enumerate(self.live[:count])}
        if id(value) in self.watched or value is MISSING:
            return b""
        graph = _Inside()
        graph.watched = self.watched
        graph.reach(value, by_code=True)
        unordered = {at for at, piece in enumerate(graph.pieces) if piece.unordered}
        return digests([piece.local for piece in graph.pieces], graph.edges, unordered)[0]
