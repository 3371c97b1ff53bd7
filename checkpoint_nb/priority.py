"""Longest remaining path first, from the durations recorded."""

from __future__ import annotations

from collections import defaultdict

from checkpoint_nb.plan import Plan


def remaining_path(plan: Plan) -> dict[int, float]:
    """Seconds on the longest path from each node that is left to an end of the graph.

    A node that never ran counts as its task's median does, or as one second. Ninja merged the same
    idea as critical-path scheduling (ninja-build/ninja#2177).
    """
    known: dict[str, list[float]] = defaultdict(list)
    for number, decision in enumerate(plan.decisions):
        if decision.expected:
            known[plan.graph.nodes[number].task].append(decision.expected)
    typical = {task: sorted(times)[len(times) // 2] for task, times in known.items()}
    longest: dict[int, float] = {}
    for number in reversed(plan.left):
        own = plan.decisions[number].expected
        own = own or typical.get(plan.graph.nodes[number].task, 1.0)
        below = (longest.get(n, 0.0) for n in plan.graph.downstream[number])
        longest[number] = own + max(below, default=0.0)
    return longest
