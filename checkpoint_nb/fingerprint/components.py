"""Digests of a graph: each node from its children, true cycles as one canonical walk each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from checkpoint_nb.fingerprint.tokens import node, size

Edges = list[list[int]]

_ROUNDS: Final = 64
_STEPS: Final = 1_000_000


def components(edges: Edges, settled: list[bool]) -> Iterator[list[int]]:
    """Yield the strongly connected components of the graph, children first (Tarjan).

    Nodes that are settled before are left out.

    Examples
    --------
    >>> list(components([[1], [2], [1]], [False] * 3))
    [[2, 1], [0]]
    """
    order = [0] * len(edges)  # 0: not entered yet
    low = [0] * len(edges)
    path: list[int] = []
    count = 0
    todo: list[tuple[int, Iterator[int]]] = []
    for start in range(len(edges)):
        if order[start] or settled[start]:
            continue
        entered = [start]
        while entered or todo:
            if entered:
                here = entered.pop()
                count += 1
                order[here] = low[here] = count
                path.append(here)
                todo.append((here, iter(edges[here])))
            here, rest = todo[-1]
            for child in rest:
                if settled[child]:
                    continue
                if not order[child]:
                    entered.append(child)
                    break
                low[here] = min(low[here], order[child])
            if entered:
                continue
            todo.pop()
            if todo:
                low[todo[-1][0]] = min(low[todo[-1][0]], low[here])
            if low[here] == order[here]:
                found = path[_last(path, here) :]
                del path[-len(found) :]
                for member in found:
                    settled[member] = True
                yield found[::-1]


def _last(path: list[int], member: int) -> int:
    """Return where ``member`` stands in ``path``, looking from the end."""
    at = len(path) - 1
    while path[at] != member:
        at -= 1
    return at


def digests(locals_: list[bytes], edges: Edges, unordered: set[int]) -> list[bytes]:
    """Return the digest of every node.

    A node's digest depends on what can be reached from it and on nothing else, so equal values are
    equal whether they are shared or copied.

    Examples
    --------
    >>> one, two, three = digests([b"a", b"b", b"b"], [[1, 2], [], []], set())
    >>> two == three
    True
    """
    result = [b"" if below else node(local) for local, below in zip(locals_, edges, strict=True)]
    _settle(locals_, edges, unordered, result)
    parents: list[set[int]] | None = None
    for found in components(edges, [one != b"" for one in result]):
        first = found[0]
        if len(found) == 1 and first not in edges[first]:
            below = [result[child] for child in edges[first]]
            if first in unordered:
                below.sort()
            result[first] = node(locals_[first], b"".join(below))
            continue
        if parents is None:
            parents = _parents(edges)
        _cycle(found, locals_, edges, unordered, result, parents)
    return result


def _settle(locals_: list[bytes], edges: Edges, unordered: set[int], result: list[bytes]) -> None:
    """Fill in what is easy: most children are numbered after those that lead to them."""
    for here in range(len(edges) - 1, -1, -1):
        if result[here]:
            continue
        below = [result[child] for child in edges[here]]
        if b"" in below:
            continue
        if here in unordered:
            below.sort()
        result[here] = node(locals_[here], b"".join(below))


def _parents(edges: Edges) -> list[set[int]]:
    parents: list[set[int]] = [set() for _ in edges]
    for here, children in enumerate(edges):
        for child in children:
            parents[child].add(here)
    return parents


def _cycle(
    found: list[int],
    locals_: list[bytes],
    edges: Edges,
    unordered: set[int],
    result: list[bytes],
    parents: list[set[int]],
) -> None:
    """Fill in the digests of one component that is a cycle."""
    members = set(found)
    ordered = {here: edges[here] for here in found}
    if not members.isdisjoint(unordered):
        _order_sets(found, locals_, ordered, unordered, result)
    entries = sorted(here for here in found if here == 0 or not parents[here] <= members)
    if len(entries) * len(found) <= _STEPS:
        for entry in entries:
            result[entry], _ = _rooted(entry, members, locals_, ordered, result)
        return
    # Too many ways in to walk from each: all are told apart by their place in one walk.
    whole, places = _rooted(entries[0], members, locals_, ordered, result)
    for here in entries:
        result[here] = node(whole, size(places[here]))


def _rooted(
    entry: int,
    members: set[int],
    locals_: list[bytes],
    ordered: dict[int, list[int]],
    result: list[bytes],
) -> tuple[bytes, dict[int, int]]:
    """Return the digest of a cycle seen from ``entry``, and each member's place in that walk."""
    places = {entry: 0}
    queue = [entry]
    stream: list[bytes] = []
    for here in queue:
        stream += (size(len(locals_[here])), locals_[here])
        for child in ordered[here]:
            if child not in members:
                stream += (b"x", result[child])
                continue
            if child not in places:
                places[child] = len(places)
                queue.append(child)
            stream += (b"r", size(places[child]))
    return node(b"cycle", b"".join(stream)), places


def _order_sets(
    found: list[int],
    locals_: list[bytes],
    ordered: dict[int, list[int]],
    unordered: set[int],
    result: list[bytes],
) -> None:
    """Sort the children of sets in a cycle by what can be seen from each child."""
    colour = {here: node(locals_[here]) for here in found}
    counts = [0, len(set(colour.values()))]
    for _ in range(_ROUNDS):
        if counts[-1] <= counts[-2]:
            break
        following = {}
        for here in found:
            below = [colour.get(child) or result[child] for child in ordered[here]]
            if here in unordered:
                below.sort()
            following[here] = node(colour[here], b"".join(below))
        colour = following
        counts.append(len(set(colour.values())))
    for here in found:
        if here in unordered:
            ordered[here] = sorted(
                ordered[here], key=lambda child: colour.get(child) or result[child]
            )
