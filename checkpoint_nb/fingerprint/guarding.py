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
from checkpoint_nb.fingerprint.pieces import LIBRARY
from checkpoint_nb.fingerprint.reading import Chain
from checkpoint_nb.fingerprint.tokens import node
from checkpoint_nb.fingerprint.walk import Graph

_SMALL: Final = 256
_CONSTANTS: Final = frozenset({type(None), bool, int, float, complex, str, bytes, type(...)})
_ENTERED: Final = (ModuleType, FunctionType)


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
        self.spaces: dict[tuple[int, bool], Space] = {}
        self.met: dict[tuple[int, str], int] = {}
        self.chains: set[tuple[int, str, Chain]] = set()
        self.constants: dict[int, int] = {}
        watched = [
            number
            for number, piece in enumerate(graph.pieces)
            if piece.kind in WATCHED and is_watchable(graph.objects[number])
        ]
        plain = {number: form for number in watched if (form := self._plain(number)) is not None}
        order = [*plain, *(number for number in watched if number not in plain)]
        if 0 not in order:
            raise _UnsureError
        self.watched = {number: at for at, number in enumerate(order)}
        self.guards.watched = [ref(graph.objects[number]) for number in order]
        for number, form in plain.items():
            self._add_plain(number, form)
        for number in order[len(plain) :]:
            self._add_other(number)

    def _plain(self, number: int) -> Normal | None:
        """Return the normal form of a function that nothing but names and defaults lead from."""
        value, piece = self.graph.objects[number], self.graph.pieces[number]
        if type(value) is not FunctionType or piece.kind == LIBRARY:
            return None
        if self.graph.outermost and id(value) in self.graph.outermost:
            return None
        if value.__closure__ or value.__kwdefaults__ or value.__dict__:
            return None
        form = normal(value.__code__)
        if form.imports or form.words or form.noted:
            return None
        notes = value.__annotations__
        if notes and any(note in value.__globals__ for note in notes.values() if type(note) is str):
            return None
        defaults = value.__defaults__ or ()
        uses = sum([len(chains) for _, chains in form.uses])
        if len(piece.children) != len(defaults) + uses:
            return None
        if not piece.local.startswith(b"function" + form.digest):
            raise _UnsureError
        if not defaults:
            return form
        if not all(map(_is_constant, defaults)):
            return None
        if any(a is not b for a, b in zip(defaults, piece.children, strict=False)):
            raise _UnsureError
        return form

    def _add_plain(self, number: int, form: Normal) -> None:
        function = self.graph.objects[number]
        assert isinstance(function, FunctionType)
        edges, names = self.graph.edges[number], self.graph.pieces[number].names
        guards = self.guards
        guards.codes.append(function.__code__)
        guards.defaults.append(function.__defaults__)
        at = len(function.__defaults__ or ())
        known = function.__globals__
        space = id(known)
        for name, chains in form.uses:
            for chain in chains:
                child = edges[at]
                if chain and isinstance(known.get(name), _ENTERED):
                    which = (space, name, chain)
                    if which not in self.chains:
                        self.chains.add(which)
                        expected = self._expected(child)
                        one = Chained(self.watched[number], name, chain, names[at], expected)
                        guards.chained.append(one)
                elif self.met.get((space, name)) != child:
                    self._add_name(function, number, name, child)
                at += 1
        self._add_home(function, number)

    def _add_home(self, function: FunctionType, number: int) -> None:
        """Add the function's module, and words of annotations that are not names yet."""
        notes = function.__annotations__
        for note in notes.values() if notes else ():
            if isinstance(note, str) and (id(function.__globals__), note) not in self.met:
                self.met[id(function.__globals__), note] = -1
                space = self._space(function, number, builtins=False)
                space.names.append(note)
                space.given.append(self._constant(MISSING))
        home = function.__globals__.get("__name__")
        if isinstance(home, str) and (id(function.__globals__), "__name__") not in self.met:
            self.met[id(function.__globals__), "__name__"] = -1
            self.guards.homes[home] = owner(home)
            space = self._space(function, number, builtins=False)
            space.names.append("__name__")
            space.given.append(self._constant(home))

    def _add_name(self, function: FunctionType, number: int, name: str, child: int) -> None:
        """Add what a global name of a function led to, once for each namespace."""
        names = function.__globals__
        known = self.met.setdefault((id(names), name), child)
        target = self.graph.objects[child]
        if known != child:
            if not isinstance(target, Absent):
                raise _UnsureError  # rebound during the walk
            return
        here = names.get(name, MISSING)
        space = self._space(function, number, builtins=False)
        if here is MISSING:
            space.names.append(name)
            space.given.append(self._constant(MISSING))
            space = self._space(function, number, builtins=True)
            here = builtins_of(function).get(name, MISSING)
            if here is MISSING and isinstance(target, Absent):
                target = MISSING
        if here is not target:
            raise _UnsureError
        if here is MISSING or _is_constant(here):
            expected: Expected = self._constant(here)
        else:
            expected = self._expected(child)
        if isinstance(expected, int):
            space.names.append(name)
            space.given.append(expected)
        else:
            space.data.append((name, expected))

    def _space(self, function: FunctionType, number: int, *, builtins: bool) -> Space:
        which = (id(function.__globals__), builtins)
        space = self.spaces.get(which)
        if space is None:
            space = self.spaces[which] = Space(self.watched[number], builtins)
            self.guards.spaces.append(space)
        return space

    def _add_other(self, number: int) -> None:
        """Add a watched node that is taken apart again."""
        value, piece = self.graph.objects[number], self.graph.pieces[number]
        if piece.kind == LIBRARY and isinstance(value, type | BuiltinFunctionType):
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
    if type(value) in {str, bytes}:
        return len(value) <= _SMALL  # type: ignore[arg-type]
    if type(value) is tuple:
        return len(value) <= _SMALL and all(map(_is_constant, value))
    return type(value) in _CONSTANTS
