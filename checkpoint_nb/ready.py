"""Ready nodes, longest remaining path first, no more of a task than it allows at once."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Mapping

from checkpoint_nb.graph import Graph


class Ready:
    """The nodes that could run now.

    A node whose task already runs as often as ``max_concurrency`` allows is put aside until one of
    them is done; the slots meanwhile take others.

    Parameters
    ----------
    graph
        The nodes.
    priority
        By number; the larger, the sooner.
    """

    def __init__(self, graph: Graph, priority: Mapping[int, float]) -> None:
        self._nodes = graph.nodes
        self._priority = priority
        self._heap: list[tuple[float, int]] = []
        self._aside: dict[str, list[int]] = defaultdict(list)
        self._running: Counter[str] = Counter()

    def __bool__(self) -> bool:
        return bool(self._heap) or any(self._aside.values())

    def push(self, number: int) -> None:
        """Take a node in."""
        heapq.heappush(self._heap, (-self._priority[number], number))

    def pop(self) -> int | None:
        """Take out the next node that may run, or ``None``."""
        while self._heap:
            number = heapq.heappop(self._heap)[1]
            node = self._nodes[number]
            if node.max_concurrency is None or self._running[node.task] < node.max_concurrency:
                self._running[node.task] += 1
                return number
            self._aside[node.task].append(number)
        return None

    def done(self, number: int) -> None:
        """Note that a node taken out with :meth:`pop` no longer runs."""
        task = self._nodes[number].task
        self._running[task] -= 1
        if self._aside[task]:
            self.push(self._aside[task].pop())

    def remove(self, number: int) -> None:
        """Take a node out that shall not run."""
        self._heap = [entry for entry in self._heap if entry[1] != number]
        heapq.heapify(self._heap)
        for waiting in self._aside.values():
            if number in waiting:
                waiting.remove(number)

    def clear(self) -> None:
        """Take every node out."""
        self._heap.clear()
        self._aside.clear()
