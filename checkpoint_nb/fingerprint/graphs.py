"""The fingerprint of a callable: one digest, and labelled parts that tell what changed."""

from __future__ import annotations

from collections import deque
from types import FunctionType
from typing import Final

from checkpoint_nb.fingerprint.boundary import Absent, Named
from checkpoint_nb.fingerprint.code import normal
from checkpoint_nb.fingerprint.describe import describe
from checkpoint_nb.fingerprint.keys import Fingerprint
from checkpoint_nb.fingerprint.pieces import CLASS, FUNCTION, LIBRARY, MODULE
from checkpoint_nb.fingerprint.tokens import node
from checkpoint_nb.fingerprint.walk import Graph, TaskName, undecorated
from checkpoint_nb.parts import Part

_CODE: Final = frozenset({FUNCTION, CLASS, MODULE, LIBRARY})
_NAMED: Final = ("global ", "closure ")


def fingerprint(function: object, *, builds: bool = False) -> Fingerprint:
    """Return the fingerprint of everything a callable can reach, as it is in memory now.

    Comments, docstrings, formatting, lines, files and names of locals do not count. Installed
    packages count by version.

    Parameters
    ----------
    function
        A function, a task, or anything that can be called.
    builds
        The function's own code builds a graph: tasks it reaches itself count by name.

    Raises
    ------
    FingerprintError
        Something reached has no fingerprint; ``facts["path"]`` says where it is.

    Examples
    --------
    >>> one, two = fingerprint(lambda n: n + 1), fingerprint(lambda n: n + 2)
    >>> one.digest == two.digest
    False
    """
    root = undecorated(function)
    graph = Graph(outermost=_outermost(root) if builds else frozenset())
    graph.reach(root, by_code=True)
    found = graph.digests()
    return Fingerprint(found[0].hex(), _Labels(graph, found).parts())


def _outermost(root: object) -> frozenset[int]:
    """Return the ids of the function that builds and of the decorators around it."""
    ids = set()
    while isinstance(root, FunctionType) and id(root) not in ids:
        ids.add(id(root))
        root = root.__dict__.get("__wrapped__")
    return frozenset(ids)


class _Labels:
    """Names the parts of one graph."""

    def __init__(self, graph: Graph, found: list[bytes]) -> None:
        self.graph = graph
        self.found = found
        self.result: dict[str, Part] = {}
        self.plain = self._plain_root()

    def parts(self) -> dict[str, Part]:
        """Return every part by label."""
        seen = {0}
        queue = deque([0])
        self._label(0, "")
        while queue:
            here = queue.popleft()
            names = self.graph.pieces[here].names
            children = self.graph.edges[here]
            for at, child in enumerate(children):
                name = names[at] if at < len(names) else ""
                if child not in seen or self._is_shown(child, name):
                    self._label(child, name, here)
                if child not in seen:
                    seen.add(child)
                    queue.append(child)
        return self.result

    def _is_shown(self, number: int, name: str) -> bool:
        """Return whether an object met before gets one more label: it has several names."""
        return self.graph.pieces[number].kind not in _CODE and name.startswith(_NAMED)

    def _plain_root(self) -> object:
        root = self.graph.objects[0]
        while isinstance(root, FunctionType) and "__wrapped__" in root.__dict__:
            root = undecorated(root.__dict__["__wrapped__"])
        return root

    def _label(self, number: int, name: str, parent: int = -1) -> None:
        """Add the part of one object, if it is one people know."""
        piece = self.graph.pieces[number]
        value = self.graph.objects[number]
        if piece.kind == LIBRARY:
            if piece.shown:
                self._add(piece.label, Part(node(piece.shown.encode()).hex(), piece.shown))
            if name.startswith(_NAMED):
                words = _library_words(value)
                self._add(name, Part(node(words.encode()).hex(), words))
        elif piece.kind == FUNCTION:
            in_class = parent >= 0 and self.graph.pieces[parent].kind == CLASS
            if not in_class:
                word = "code of" if value is self.plain or number == 0 else "helper"
                self._add(f"{word} {piece.label}", Part(self._own(number)))
        elif piece.kind == CLASS:
            self._add(f"class {piece.label}", Part(self._own(number)))
        elif piece.kind != MODULE and (number == 0 or name.startswith(_NAMED)):
            shown = _shown(value)
            self._add(name or "callable", Part(self.found[number].hex(), shown))
        elif name == "default":
            self._add("defaults", Part(self.found[number].hex(), describe(value)))

    def _own(self, number: int, depth: int = 0) -> str:
        """Return the digest of a function or class itself, not of what it calls."""
        piece = self.graph.pieces[number]
        value = self.graph.objects[number]
        if isinstance(value, FunctionType):
            names, below = ["default"], [normal(value.__code__).digest]
        elif piece.kind == CLASS:
            names, below = list(piece.names), [piece.local]
        else:
            return self.found[number].hex()
        if depth > 2:
            return node(piece.local).hex()
        for at, child in enumerate(self.graph.edges[number]):
            if piece.names[at] in names:
                below.append(bytes.fromhex(self._member(child, depth)))
        return node(b"own", b"".join(node(one) for one in below)).hex()

    def _member(self, number: int, depth: int) -> str:
        """Return the digest of one member of a class: a method counts by its own code."""
        piece = self.graph.pieces[number]
        if piece.kind == FUNCTION:
            return self._own(number, depth + 1)
        if piece.kind in {CLASS, MODULE}:
            return node(piece.label.encode()).hex()
        inner = self.graph.edges[number]
        if inner and any(self.graph.pieces[one].kind == FUNCTION for one in inner):
            return node(
                piece.local, b"".join(bytes.fromhex(self._member(one, depth + 1)) for one in inner)
            ).hex()
        return self.found[number].hex()

    def _add(self, label: str, part: Part) -> None:
        free, count = label, 1
        while free in self.result and self.result[free] != part:
            count += 1
            free = f"{label} ({count})"
        self.result[free] = part


def _library_words(value: object) -> str:
    """Return the name of something of Python's own."""
    if isinstance(value, Named):
        return f"{value.module}.{value.name}".rstrip(".")
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", "")
    home = getattr(value, "__module__", None) or ""
    return f"{home}.{name}".removeprefix("builtins.").strip(".")


def _shown(value: object) -> str:
    if isinstance(value, Absent):
        return "not there"
    return f"task {value.name}" if isinstance(value, TaskName) else describe(value)
