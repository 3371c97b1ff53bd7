"""Walks everything that can be reached from an object and gives the digest of it all."""

from __future__ import annotations

import types
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple

from checkpoint_nb.errors import FingerprintError
from checkpoint_nb.fingerprint.components import digests
from checkpoint_nb.fingerprint.pieces import (
    CLASS,
    CODE_KINDS,
    FUNCTION,
    OBJECT,
    OPAQUE,
    Piece,
    refuse,
    take_apart,
)
from checkpoint_nb.fingerprint.tokens import LEAVES, node, size, text

TASK: Final = "__checkpoint_task__"


class TaskName(NamedTuple):
    """Stands for a task of which only the name counts."""

    name: str


def task_name(value: object) -> str | None:
    """Return the name of a task, or ``None``; runs no ``__getattr__`` of anybody.

    Examples
    --------
    >>> def clean(): ...
    >>> clean.__checkpoint_task__ = "clean"
    >>> task_name(clean)
    'clean'
    """
    if isinstance(value, type):
        return None
    try:
        own = object.__getattribute__(value, "__dict__").get(TASK)
    except (AttributeError, TypeError):
        own = None
    if own is None and any(TASK in vars(cls) for cls in type(value).__mro__):
        own = object.__getattribute__(value, TASK)
    return own if isinstance(own, str) else None


_NEVER_TASKS: Final = frozenset(
    {list, dict, tuple, set, frozenset, types.CellType, types.ModuleType}
)


def undecorated(value: object) -> object:
    """Return the plain function of a task, and anything else as it is.

    Examples
    --------
    >>> undecorated(len) is len
    True
    """
    while task_name(value) is not None:
        inner = getattr(value, "__wrapped__", None)
        if inner is None:
            break
        value = inner
    return value


@dataclass(slots=True)
class Graph:
    """The objects reached from a root, taken apart; number 0 is the root."""

    objects: list[object] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    edges: list[list[int]] = field(default_factory=list)
    came_from: list[int] = field(default_factory=list)
    numbers: dict[int, int] = field(default_factory=dict)
    by_code: list[bool] = field(default_factory=list)
    outermost: frozenset[int] = frozenset()

    def reach(self, root: object, *, by_code: bool) -> None:
        """Take apart everything that can be reached from ``root``."""
        self._enter(root, -1, by_code)
        todo = [0]
        while todo:
            here = todo.pop()
            code = self.by_code[here] or self.pieces[here].kind in CODE_KINDS
            new: list[int] = []
            for child in self._children(here):
                number = self.numbers.get(id(child))
                if number is None:
                    number = self._enter(child, here, code)
                    if self.pieces[number].children:
                        new.append(number)
                self.edges[here].append(number)
            todo += reversed(new)

    def _children(self, here: int) -> Iterable[object]:
        children = self.pieces[here].children
        if id(self.objects[here]) not in self.outermost:
            return children
        return [_direct(child) for child in children]

    def _enter(self, value: object, parent: int, by_code: bool) -> int:
        number = len(self.objects)
        self.numbers[id(value)] = number
        self.objects.append(value)
        self.came_from.append(parent)
        self.edges.append([])
        self.by_code.append(by_code)
        try:
            piece = _piece(value)
            if piece.kind == OPAQUE and piece.label and not by_code:
                raise refuse(value, piece.label, "Keep it out of arguments and results.")
        except FingerprintError as error:
            facts = {"path": self.path(number), **error.facts}
            raise FingerprintError(error.headline, facts, error.hint) from error.__cause__
        self.pieces.append(piece)
        return number

    def path(self, number: int) -> str:
        """Return the way from the root to an object: ``clean -> helper -> cfg.handle``."""
        way = [number]
        while self.came_from[way[-1]] >= 0:
            way.append(self.came_from[way[-1]])
        way.reverse()
        words = _root(self.objects[0])
        for above, below in pairwise(way):
            words += self._step(above, below)
        return words

    def _step(self, above: int, below: int) -> str:
        """Return the words that lead from an object to one below it."""
        piece, child = self.pieces[above], self.objects[below]
        parent = self.objects[above]
        at = next((at for at, one in enumerate(piece.children) if one is child), 0)
        if isinstance(parent, dict):
            key = next((key for key, one in parent.items() if one is child), None)
            shown = key if isinstance(key, str) else "…"
            from_state = self.pieces[max(self.came_from[above], 0)].kind == OBJECT
            return f".{shown}" if from_state else f"[{shown!r}]"
        if isinstance(parent, list | tuple):
            return f"[{next((at for at, one in enumerate(parent) if one is child), 0)}]"
        if not piece.names:
            return ""
        words = piece.names[at]
        if words in {"state", "function", "arguments"}:
            return ""
        if piece.kind != FUNCTION and not words.startswith(("global ", "closure ")):
            return f".{words}"
        return f" -> {words.removeprefix('global ').removeprefix('closure ')}"

    def digests(self) -> list[bytes]:
        """Return the digest of each object, by number."""
        unordered = {at for at, piece in enumerate(self.pieces) if piece.unordered}
        found = digests([piece.local for piece in self.pieces], self.edges, unordered)
        twins = self._twins(found)
        if twins:
            found[0] = node(found[0], twins)
        return found

    def _twins(self, found: list[bytes]) -> bytes:
        """Return where each of several classes that look the same is used.

        Which of two equal exception classes is raised and which is caught decides.
        """
        alike: dict[bytes, dict[int, int]] = {}
        for number, piece in enumerate(self.pieces):
            if piece.kind == CLASS:
                alike.setdefault(found[number], {})[number] = 0
        several = {one: digest for digest, ones in alike.items() if len(ones) > 1 for one in ones}
        if not several:
            return b""
        met: dict[bytes, list[int]] = {digest: [] for digest in several.values()}
        uses: list[bytes] = []
        for number, piece in enumerate(self.pieces):
            for child in () if piece.unordered else self.edges[number]:
                if child in several:
                    known = met[several[child]]
                    if child not in known:
                        known.append(child)
                    uses.append(size(known.index(child)))
        return b"".join(uses)


def _root(value: object) -> str:
    name = getattr(value, "__name__", None) if callable(value) else None
    return name if isinstance(name, str) else type(value).__name__


def _piece(value: object) -> Piece:
    if type(value) in LEAVES:
        return take_apart(value)
    if type(value) is TaskName:
        return Piece(b"task" + text(value.name))
    if type(value) in _NEVER_TASKS or isinstance(value, type):
        return take_apart(value)
    return take_apart(undecorated(value))


def _direct(child: object) -> object:
    """Return the name of a task that the outermost code reaches itself; else the object."""
    name = task_name(child)
    return child if name is None else TaskName(name)


def digest(value: object) -> str:
    """Return the digest of a value: the same for equal values, in every process.

    Parameters
    ----------
    value
        Any value made of plain data, arrays, frames, and instances of classes that can be pickled.

    Raises
    ------
    FingerprintError
        For what has no lasting content: generators, open files, locks. Nothing is read from it.

    Examples
    --------
    >>> digest([1, 2]) == digest([1, 2]), digest(1) == digest(True)
    (True, False)
    """
    write = LEAVES.get(type(value))
    local = write(value) if write is not None else None
    if local is not None:
        return node(local).hex()
    graph = Graph()
    graph.reach(value, by_code=False)
    return graph.digests()[0].hex()
