"""Walks everything that can be reached from an object and gives the digest of it all."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, ModuleType
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
from checkpoint_nb.fingerprint.tokens import LEAVES, leaf, node, size, text

TASK: Final = "__checkpoint_task__"


class TaskName(NamedTuple):
    """Stands for a task of which only the name counts."""

    name: str


class Ignored(NamedTuple):
    """Stands for what its user said does not count."""

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
    if type(value) is FunctionType:
        found = value.__dict__.get(TASK)
        return found if isinstance(found, str) else None
    if isinstance(value, type):
        return None
    try:
        own = object.__getattribute__(value, "__dict__").get(TASK)
    except (AttributeError, TypeError):
        own = None
    if own is None and any(TASK in vars(cls) for cls in type(value).__mro__):
        own = object.__getattribute__(value, TASK)
    return own if isinstance(own, str) else None


_PLAIN: Final = frozenset(
    {*LEAVES, list, dict, set, frozenset} | {BuiltinFunctionType, CellType, CodeType, ModuleType}
)
"""Types whose instances are never tasks."""


def undecorated(value: object) -> object:
    """Return the plain function of a task, and anything else as it is.

    Examples
    --------
    >>> undecorated(len) is len
    True
    """
    if type(value) is FunctionType and TASK not in value.__dict__:
        return value
    met: list[object] = []
    while task_name(value) is not None:
        inner = getattr(value, "__wrapped__", None)
        if inner is None or any(inner is one for one in met):
            break
        met.append(value)
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
    builds: bool = False
    ignore: frozenset[str] = frozenset()

    def reach(self, root: object, *, by_code: bool) -> None:
        """Take apart everything that can be reached from ``root``."""
        self._enter(root, -1, by_code)
        pieces, numbers = self.pieces, self.numbers
        todo = [0]
        while todo:
            here = todo.pop()
            piece, below = pieces[here], self.edges[here]
            code = self.by_code[here] or piece.kind in CODE_KINDS
            new: list[int] = []
            leads_to = piece.children
            if self.outermost:
                leads_to = self.children(self.objects[here], piece)
            for child in leads_to:
                number = numbers.get(id(child))
                if number is None:
                    number = self._enter(child, here, code)
                    if pieces[number].children:
                        new.append(number)
                below.append(number)
            if new:
                new.reverse()
                todo += new

    def children(self, value: object, piece: Piece) -> list[object]:
        """Return what an object leads to; for the outermost code, as its user wants it."""
        if id(value) not in self.outermost:
            return piece.children
        return [
            self._direct(child, piece.names[at] if at < len(piece.names) else "")
            for at, child in enumerate(piece.children)
        ]

    def _direct(self, child: object, words: str) -> object:
        """Return a stand-in for what is ignored and for a task that the code reaches itself."""
        sort, _, name = words.partition(" ")
        if sort in {"global", "closure"} and name.partition(".")[0] in self.ignore:
            return Ignored(name)
        task = task_name(child) if self.builds else None
        return child if task is None else TaskName(task)

    def piece(self, value: object) -> Piece:
        """Return the piece of an object: of a task, that of its function."""
        cls = type(value)
        if cls is FunctionType:
            return take_apart(undecorated(value))
        if cls in _PLAIN or isinstance(value, type):
            return take_apart(value)
        if isinstance(value, TaskName):
            return Piece(b"task" + text(value.name))
        if isinstance(value, Ignored):
            return Piece(b"ignored")
        return take_apart(undecorated(value))

    def _enter(self, value: object, parent: int, by_code: bool) -> int:
        number = len(self.objects)
        self.numbers[id(value)] = number
        self.objects.append(value)
        self.came_from.append(parent)
        self.edges.append([])
        self.by_code.append(by_code)
        try:
            piece = self.piece(value)
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

        Which of two equal exception classes is raised and which is caught decides. Where only an
        annotation names one, as it was before its cell ran again, it decides nothing.
        """
        alike: dict[bytes, list[int]] = {}
        for number, piece in enumerate(self.pieces):
            if piece.kind == CLASS:
                alike.setdefault(found[number], []).append(number)
        several = {one: digest for digest, ones in alike.items() if len(ones) > 1 for one in ones}
        if not several:
            return b""
        met: dict[bytes, list[int]] = {digest: [] for digest in several.values()}
        uses: list[bytes] = []
        for number, piece in enumerate(self.pieces):
            for at, child in enumerate(() if piece.unordered else self.edges[number]):
                if child not in several or _is_annotation(piece, at):
                    continue
                known = met[several[child]]
                if child not in known:
                    known.append(child)
                uses.append(size(known.index(child)))
        return b"".join(uses) if any(len(known) > 1 for known in met.values()) else b""


def _is_annotation(piece: Piece, at: int) -> bool:
    return at < len(piece.names) and piece.names[at].startswith("annotation ")


def _root(value: object) -> str:
    name = getattr(value, "__name__", None) if callable(value) else None
    return name if isinstance(name, str) else type(value).__name__


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
    return _digest(value, by_code=False)


def state_digest(value: object) -> str:
    """Return the digest of a value that code reaches by name; it may hold locks and the like.

    What guards work inside it counts by type.

    Raises
    ------
    FingerprintError
        For what has no lasting content: generators, open files. Nothing is read from it.

    Examples
    --------
    >>> import threading
    >>> state_digest([1, threading.Lock()]) == state_digest([1, threading.Lock()])
    True
    """
    return _digest(value, by_code=True)


def _digest(value: object, *, by_code: bool) -> str:
    local = leaf(value)
    if local is not None:
        return node(local).hex()
    graph = Graph()
    graph.reach(value, by_code=by_code)
    return graph.digests()[0].hex()
