"""Waits until nothing runs, or until some nodes do not."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from checkpoint_nb.states import State
from checkpoint_nb.work import Node

if TYPE_CHECKING:
    from checkpoint_nb.run import Run
    from checkpoint_nb.wiring import Wiring

_BUSY = frozenset({State.QUEUED, State.RUNNING})


class Waiting:
    """Looks at what runs: ask :meth:`is_over` often, then :meth:`settle`.

    Parameters
    ----------
    session
        Whose runs they are.
    nodes
        Whom to wait for; everything when empty.
    """

    def __init__(self, session: Wiring, nodes: Collection[Node] = ()) -> None:
        self._session = session
        self._nodes = {node.id for node in nodes}
        self._met: dict[str, Run] = {}

    def is_over(self) -> bool:
        """Look: whether there is nothing left to wait for."""
        running = [run for run in self._session.running if self._concerns(run)]
        self._met.update((run.id, run) for run in running)
        if not self._nodes:
            return not running
        return not any(_has_in_hand(run, node) for run in running for node in self._nodes)

    def settle(self) -> None:
        """Raise what failed in the runs that were waited for."""
        __tracebackhide__ = True
        for run in self._met.values():
            for node in self._nodes or {run.graph.nodes[n].id for n in run.graph.targets}:
                if node in run.graph.number and run.record(node) is None:
                    run.result_of(node)

    def _concerns(self, run: Run) -> bool:
        return not self._nodes or any(node in run.graph.number for node in self._nodes)


def _has_in_hand(run: Run, node: str) -> bool:
    number = run.graph.number.get(node)
    if number is None or run.over:
        return False
    return run.scheduler is None or run.scheduler.states.get(number) in _BUSY
