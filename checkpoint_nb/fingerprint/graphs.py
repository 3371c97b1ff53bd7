"""The fingerprint of a callable: one digest, and labelled parts that tell what changed."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Final
from weakref import WeakKeyDictionary

from checkpoint_nb.fingerprint.guarding import guarded
from checkpoint_nb.fingerprint.guards import Guards
from checkpoint_nb.fingerprint.keys import Fingerprint
from checkpoint_nb.fingerprint.labels import Codes, Labels, Spot
from checkpoint_nb.fingerprint.readers import read_annotations
from checkpoint_nb.fingerprint.tokens import node
from checkpoint_nb.fingerprint.unseen import unseen
from checkpoint_nb.fingerprint.walk import Graph, undecorated
from checkpoint_nb.parts import Part

_NOTHING: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class _Known:
    """A fingerprint that keeps none of the user's objects alive, and what it depends on."""

    digest: str
    parts: Mapping[str, Part]
    codes: Codes
    spots: tuple[Spot, ...]
    unseen: tuple[str, ...]
    guards: Guards | None

    def fingerprint(self) -> Fingerprint:
        places = [spot.place() for spot in self.spots]
        there = tuple(place for place in places if place is not None)
        return Fingerprint(self.digest, self.parts, self.codes, there, self.unseen)


_known: Final[WeakKeyDictionary[FunctionType, dict[tuple[bool, frozenset[str]], _Known]]] = (
    WeakKeyDictionary()
)


def fingerprint(
    function: object, *, builds: bool = False, ignore: frozenset[str] = _NOTHING
) -> Fingerprint:
    """Return the fingerprint of everything a callable can reach, as it is in memory now.

    Comments, docstrings, formatting, lines, files and names of locals do not count. Installed
    packages count by version. When nothing changed since the last call, that is found out without
    another walk.

    Parameters
    ----------
    function
        A function, a task, or anything that can be called.
    builds
        The function's own code builds a graph: tasks it reaches itself count by name.
    ignore
        Names of globals and closure variables that the function reads itself and that do not count.

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
    if not isinstance(root, FunctionType):
        return _walked(root, builds, ignore).fingerprint()
    found = _known.setdefault(root, {})
    known = found.get((builds, ignore))
    if known is None or known.guards is None or not known.guards.hold():
        found.pop((builds, ignore), None)
        known = found[builds, ignore] = _walked(root, builds, ignore)
    return known.fingerprint()


def _walked(root: object, builds: bool, ignore: frozenset[str]) -> _Known:
    """Walk with the garbage collector at rest: a walk makes thousands of objects and no garbage."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        return _found(root, builds, ignore)
    finally:
        if was_on:
            gc.enable()


def _found(root: object, builds: bool, ignore: frozenset[str]) -> _Known:
    outermost = _outermost(root) if builds or ignore else frozenset()
    graph = Graph(outermost=outermost, builds=builds, ignore=ignore)
    graph.reach(root, by_code=True)
    found = graph.digests()
    labels = Labels(graph, found)
    notes = read_annotations(graph)
    if notes:
        inner = Graph()
        inner.reach(notes, by_code=True)
        read = inner.digests()[0]
        found[0] = node(found[0], read)
        labels.parts["annotations"] = Part(read.hex())
    return _Known(
        found[0].hex(),
        labels.parts,
        Codes(labels.codes),
        tuple(labels.spots.values()),
        unseen(graph),
        # Annotations are found all over the graph, and seldom read: they have no guards.
        None if notes else guarded(graph),
    )


def _outermost(root: object) -> frozenset[int]:
    """Return the ids of the function that builds and of the decorators around it."""
    ids = set()
    while isinstance(root, FunctionType) and id(root) not in ids:
        ids.add(id(root))
        root = root.__dict__.get("__wrapped__")
    return frozenset(ids)
