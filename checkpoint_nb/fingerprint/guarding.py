"""Makes the guards of a walk from the graph it left, not from what is there by now."""

from __future__ import annotations

from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Final
from weakref import ref

from checkpoint_nb.fingerprint.boundary import Absent, owner
from checkpoint_nb.fingerprint.code import Normal, normal
from checkpoint_nb.fingerprint.components import digests
from checkpoint_nb.fingerprint.functions import builtins_of
from checkpoint_nb.fingerprint.guards import (
    MISSING,
    WATCHED,
    Chained,
    Expected,
    Guards,
    Space,
    Taken,
    head,
    is_watchable,
    stand_in,
)
from checkpoint_nb.fingerprint.pieces import LIBRARY, Piece
from checkpoint_nb.fingerprint.reading import Chain
from checkpoint_nb.fingerprint.tokens import node
from checkpoint_nb.fingerprint.walk import Graph

_SMALL: Final = 256
_CONSTANTS: Final = frozenset({type(None), bool, int, float, complex, str, bytes, type(...)})
_ENTERED: Final = (ModuleType, FunctionType)
_Met = dict[str | tuple[str, Chain], int]
"""By name, or by name and attributes: the number of what it led to."""
_NAMED: Final = (type, BuiltinFunctionType)


class _UnsureError(Exception):
    """Something changed between the walk and now, or cannot be watched."""


def guarded(graph: Graph) -> Guards | None:
    """Return the guards of a graph; ``None`` when something in it cannot be guarded.

    Examples
    --------
    >>> names = {"__name__": "__main__"}
    >>> exec("def double(n): return n * 2", names)
    >>> graph = Graph()
    >>> graph.reach(names["double"], by_code=True)
    >>> guards = guarded(graph)
    >>> guards.hold()
    True
    >>> names["double"].__defaults__ = (3,)
    >>> guards.hold()
    False
    """
    try:
        return _Making(graph).guards
    except _UnsureError:
        return None


class _Making:
    """The guards of one graph in the making."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.guards = Guards(
            Graph(outermost=graph.outermost, builds=graph.builds, ignore=graph.ignore)
        )
        self.met: dict[int, tuple[Space, _Met]] = {}
        self.builtins: dict[int, Space] = {}
        self.constants: dict[int, int] = {}
        plain: list[int] = []
        others: list[int] = []
        for number, (value, piece) in enumerate(zip(graph.objects, graph.pieces, strict=True)):
            if piece.form is not None and self._is_plain(value, piece, piece.form):
                plain.append(number)
            elif piece.kind in WATCHED and is_watchable(value):
                others.append(number)
        if 0 not in plain and 0 not in others:
            raise _UnsureError
        self.watched = {number: at for at, number in enumerate(plain + others)}
        self.guards.watched = [ref(graph.objects[number]) for number in plain + others]
        for number in plain:
            self._add_plain(number)
        for number in others:
            self._add_other(number)

    def _is_plain(self, value: object, piece: Piece, form: Normal) -> bool:
        """Return whether nothing but names and defaults lead from a function."""
        if type(value) is not FunctionType:
            return False
        if self.graph.outermost and id(value) in self.graph.outermost:
            return False
        if value.__closure__ or value.__kwdefaults__ or value.__dict__:
            return False
        if form.imports or form.words or form.noted:
            return False
        if normal(value.__code__) is not form:
            raise _UnsureError
        notes, defaults = value.__annotations__, value.__defaults__ or ()
        if not notes and not defaults:
            return True
        if any(note in value.__globals__ for note in notes.values() if type(note) is str):
            return False
        uses = sum([len(chains) for _, chains in form.uses])
        if len(piece.children) != len(defaults) + uses or not all(map(_is_constant, defaults)):
            return False
        if any(a is not b for a, b in zip(defaults, piece.children, strict=False)):
            raise _UnsureError
        return True

    def _add_plain(self, number: int) -> None:
        function, piece = self.graph.objects[number], self.graph.pieces[number]
        assert isinstance(function, FunctionType)
        assert piece.form is not None
        self.guards.codes.append(function.__code__)
        self.guards.defaults.append(function.__defaults__)
        known, edges = function.__globals__, self.graph.edges[number]
        space, met = self._namespace(function, number)
        at = len(function.__defaults__ or ())
        for name, chains in piece.form.uses:
            for chain in chains:
                child = edges[at]
                if chain and isinstance(known.get(name), _ENTERED):
                    if (name, chain) not in met:
                        met[name, chain] = child
                        expected, words = self._expected(child), piece.names[at]
                        one = Chained(self.watched[number], name, chain, words, expected)
                        self.guards.chained.append(one)
                elif name not in met:
                    met[name] = child
                    self._add_name(space, function, name, child)
                elif met[name] != child and not isinstance(self.graph.objects[child], Absent):
                    raise _UnsureError  # rebound during the walk
                at += 1
        if at != len(edges):
            raise _UnsureError  # it had defaults or annotations
        for note in function.__annotations__.values():
            if isinstance(note, str) and note not in met:
                # A word that is no name yet.
                met[note] = -1
                space.names.append(note)
                space.given.append(self._constant(MISSING))

    def _namespace(self, function: FunctionType, number: int) -> tuple[Space, _Met]:
        """Return what is looked up in a function's globals, and what was met there by name."""
        names = function.__globals__
        found = self.met.get(id(names))
        if found is None:
            space = Space(self.watched[number], builtins=False)
            self.guards.spaces.append(space)
            found = self.met[id(names)] = (space, {})
            home = names.get("__name__")
            if isinstance(home, str):
                self.guards.homes[home] = owner(home)
                space.names.append("__name__")
                space.given.append(self._constant(home))
        return found

    def _add_name(self, space: Space, function: FunctionType, name: str, child: int) -> None:
        """Add what a global name of a function led to, once for each namespace."""
        target = self.graph.objects[child]
        here = function.__globals__.get(name, MISSING)
        if here is MISSING:
            space.names.append(name)
            space.given.append(self._constant(MISSING))
            space = self._beyond(space, function)
            here = builtins_of(function).get(name, MISSING)
            if here is MISSING and isinstance(target, Absent):
                target = MISSING
        if here is not target:
            raise _UnsureError
        given = self.watched.get(child)
        if given is None and (here is MISSING or _is_constant(here)):
            given = self._constant(here)
        if given is None:
            space.data.append((name, self._digest(child)))
        else:
            space.names.append(name)
            space.given.append(given)

    def _beyond(self, space: Space, function: FunctionType) -> Space:
        """Return what is looked up in the builtins of a function, whose globals are ``space``."""
        found = self.builtins.get(id(function.__globals__))
        if found is None:
            found = Space(space.function, builtins=True)
            self.builtins[id(function.__globals__)] = found
            self.guards.spaces.append(found)
        return found

    def _add_other(self, number: int) -> None:
        """Add a watched node that is taken apart again."""
        value, piece = self.graph.objects[number], self.graph.pieces[number]
        if piece.kind == LIBRARY and isinstance(value, _NAMED):
            home = getattr(value, "__module__", None)
            if isinstance(home, str):
                self.guards.homes.setdefault(home, owner(home))
            if not piece.children:
                return
        children = [self._expected(child) for child in self.graph.edges[number]]
        self.guards.taken.append(Taken(self.watched[number], head(piece), children))

    def _expected(self, number: int) -> Expected:
        watched = self.watched.get(number)
        return self._digest(number) if watched is None else watched

    def _constant(self, value: object) -> int:
        known = self.constants.get(id(value))
        if known is None:
            known = self.constants[id(value)] = len(self.watched) + len(self.guards.constants)
            self.guards.constants.append(value)
        return known

    def _digest(self, start: int) -> bytes:
        """Return the digest of data as the walk saw it; watched nodes stand for themselves."""
        graph = self.graph
        if not graph.edges[start]:
            return node(graph.pieces[start].local)
        places = {start: 0}
        order = [start]
        edges: list[list[int]] = []
        locals_: list[bytes] = []
        unordered: set[int] = set()
        for at, here in enumerate(order):
            watched = self.watched.get(here)
            if watched is not None:
                locals_.append(stand_in(watched))
                edges.append([])
                continue
            locals_.append(graph.pieces[here].local)
            if graph.pieces[here].unordered:
                unordered.add(at)
            for child in graph.edges[here]:
                if child not in places:
                    places[child] = len(order)
                    order.append(child)
            edges.append([places[child] for child in graph.edges[here]])
        return digests(locals_, edges, unordered)[0]


def _is_constant(value: object) -> bool:
    """Return whether a value is small and cannot change."""
    if type(value) is str or type(value) is bytes:
        return len(value) <= _SMALL
    if type(value) is tuple:
        return len(value) <= _SMALL and all(map(_is_constant, value))
    return type(value) in _CONSTANTS
