"""networkx lives here: build, order, cycles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from checkpoint_nb.errors import CycleError
from checkpoint_nb.events import NodeInfo
from checkpoint_nb.origins import Origins
from checkpoint_nb.work import Codes, Node, Recipe

if TYPE_CHECKING:
    import networkx


@dataclass(frozen=True)
class Graph:
    """Who needs whom: nodes in topological order, each with its recipe.

    Parameters
    ----------
    nodes, recipes
        In the same order; what a node needs stands before it.
    upstream
        For each node the numbers of what it needs, as in ``recipe.upstream``.
    downstream
        For each node the numbers of who needs it.
    number
        Node id to number.
    targets
        Numbers of the nodes that were asked for.
    """

    nodes: tuple[Node, ...]
    recipes: tuple[Recipe, ...]
    upstream: tuple[tuple[int, ...], ...]
    downstream: tuple[tuple[int, ...], ...]
    number: dict[str, int]
    targets: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.nodes)

    @cached_property
    def digraph(self) -> networkx.DiGraph[int]:
        """The same as a networkx graph over the numbers, for drawing and asking."""
        import networkx

        digraph: networkx.DiGraph[int] = networkx.DiGraph()
        digraph.add_nodes_from(range(len(self)))
        digraph.add_edges_from(
            (above, number) for number, needed in enumerate(self.upstream) for above in needed
        )
        return digraph

    def below(self, ids: Iterable[str]) -> list[Node]:
        """Return those nodes and all that is downstream of them, in order."""
        reached = {self.number[node] for node in ids if node in self.number}
        for number, needed in enumerate(self.upstream):
            if number not in reached and any(above in reached for above in needed):
                reached.add(number)
        return [self.nodes[number] for number in sorted(reached)]

    def infos(self, origins: Origins) -> tuple[NodeInfo, ...]:
        """What a view must know of each node.

        An input that *is* a result known to ``origins`` is drawn as an edge too, though it was
        handed over by value; unless the same node is already reached on a longer way.
        """
        infos: list[NodeInfo] = []
        reached: list[frozenset[str]] = []
        for node, recipe, above in zip(self.nodes, self.recipes, self.upstream, strict=True):
            edges = [(edge.node.id, edge.output) for edge in recipe.upstream]
            there = frozenset().union(*(reached[number] for number in above))
            handed = origins.handed_over(node.id, recipe, there)
            reached.append(there.union(edge[0] for edge in handed))
            infos.append(
                NodeInfo(node.id, node.label, node.task, node.kind, tuple(edges), tuple(handed))
            )
        return tuple(infos)


def get_ready() -> None:
    """Import now what building and asking take, and would import at first use.

    Examples
    --------
    >>> get_ready()
    """
    import networkx

    _ = networkx.DiGraph


def build(targets: Iterable[Node]) -> Graph:
    """Build the graph of everything ``targets`` need, each node once, in linear time.

    No recursion: a chain of any length builds. Runs the bodies of ``@task`` functions.

    Raises
    ------
    CycleError
        When nodes wait for each other; the message names one cycle.
    """
    wanted = {node.id: node for node in targets}
    found: dict[str, tuple[Node, Recipe]] = {}
    codes: Codes = {}
    waiting = list(reversed(wanted.values()))
    while waiting:
        node = waiting.pop()
        if node.id in found:
            continue
        recipe = node.recipe(codes)
        found[node.id] = (node, recipe)
        waiting += [edge.node for edge in reversed(recipe.upstream) if edge.node.id not in found]
    order = _order(found)
    number = {node: place for place, node in enumerate(order)}
    upstream = tuple(
        tuple(number[edge.node.id] for edge in found[node][1].upstream) for node in order
    )
    downstream: list[list[int]] = [[] for _ in order]
    for place, needed in enumerate(upstream):
        for above in dict.fromkeys(needed):
            downstream[above].append(place)
    return Graph(
        nodes=tuple(found[node][0] for node in order),
        recipes=tuple(found[node][1] for node in order),
        upstream=upstream,
        downstream=tuple(map(tuple, downstream)),
        number=number,
        targets=tuple(number[node] for node in wanted),
    )


def _order(found: dict[str, tuple[Node, Recipe]]) -> list[str]:
    import networkx

    digraph: networkx.DiGraph[str] = networkx.DiGraph()
    digraph.add_nodes_from(found)
    digraph.add_edges_from(
        (edge.node.id, node) for node, (_, recipe) in found.items() for edge in recipe.upstream
    )
    try:
        return list(networkx.topological_sort(digraph))
    except networkx.NetworkXUnfeasible:
        cycle = [node for node, _ in networkx.find_cycle(digraph)]
        labels = [found[node][0].label for node in reversed(cycle)]
        raise CycleError(
            "Tasks wait for each other.",
            {"cycle": " → ".join([*labels, labels[0]]) + "  (each needs the next)"},
            "Remove one of these requirements, or let it depend on an argument that ends.",
        ) from None
