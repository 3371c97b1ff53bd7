"""Which node made a value that was handed on by value: for drawing, never for deciding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from checkpoint_nb.stores.interface import Stored
from checkpoint_nb.work import Recipe

_TELLING = 256
"""Bytes from which on two equal values are taken for the same one."""


class Origins:
    """Remembers whose result each digest is.

    Examples
    --------
    >>> origins = Origins()
    >>> origins.add("cell", {"x": Stored("d1", 1000, "list of 9")}, ())
    >>> origins.made("d1")
    ('cell', 'x')
    """

    def __init__(self) -> None:
        self._made: dict[str, tuple[str, str]] = {}
        self._above: dict[str, frozenset[str]] = {}

    def add(self, node: str, outputs: Mapping[str, Stored], above: Iterable[str]) -> None:
        """Note the results of ``node``, and which nodes it was made from."""
        known = frozenset(above)
        self._above[node] = known.union(*(self._above.get(other, frozenset()) for other in known))
        for name, stored in outputs.items():
            if stored.size > _TELLING:
                self._made[stored.digest] = (node, name)

    def made(self, digest: str) -> tuple[str, str] | None:
        """Node and output whose result has this digest."""
        return self._made.get(digest)

    def handed_over(
        self, node: str, recipe: Recipe, reached: frozenset[str]
    ) -> list[tuple[str, str]]:
        """Edges to the nodes that made inputs of ``recipe``, less those reached anyway."""
        found = [self._made.get(part.digest) for part in recipe.inputs.values()]
        edges = [edge for edge in found if edge is not None and edge[0] != node]
        implied = reached.union(*(self._above.get(edge[0], frozenset()) for edge in edges))
        return [edge for edge in edges if edge[0] not in implied]
