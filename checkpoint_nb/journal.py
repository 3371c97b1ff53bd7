"""What runs left to tell of each node: what it printed, how long it took, how it failed."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from checkpoint_nb.errors import DeclarationError
from checkpoint_nb.plan import Plan, key_of
from checkpoint_nb.run import Run
from checkpoint_nb.states import State
from checkpoint_nb.stores.interface import Record


@dataclass(frozen=True, slots=True)
class NodeLog:
    """What one node printed when it last ran, and how that went.

    Parameters
    ----------
    label
        What people read.
    printed
        What it wrote to stdout and stderr.
    ended
        When it ended, seconds since the epoch.
    seconds
        How long it took.
    error, traceback
        What went wrong, in one line and in full; ``""`` where nothing did.
    """

    label: str
    printed: str
    ended: float
    seconds: float
    error: str = ""
    traceback: str = ""

    @classmethod
    def of(cls, record: Record) -> NodeLog:
        """Tell what a stored result has to tell."""
        return cls(record.label, record.log, record.created, record.seconds)


@dataclass(frozen=True, slots=True)
class _Failed:
    key: str
    log: NodeLog


class Journal:
    """Keeps how nodes failed, until they run again; what succeeded is told by its record."""

    def __init__(self) -> None:
        self._failed: dict[str, _Failed] = {}

    def note(self, run: Run) -> None:
        """Take down how the nodes of a run ended."""
        if run.scheduler is None or run.report is None:
            return
        for number in run.scheduler.ended_as(State.DONE, State.REUSED):
            self._failed.pop(run.graph.nodes[number].id, None)
        for failure in run.scheduler.failures:
            node, answer = run.graph.nodes[failure.number], failure.answer
            log = NodeLog(node.label, "", time.time(), 0.0, failure.why)
            if answer is not None:
                error = f"{answer.kind}: {answer.message}"
                log = NodeLog(
                    node.label, answer.log, time.time(), answer.seconds, error, answer.traceback
                )
            self._failed[node.id] = _Failed(_key(run, failure.number), log)

    def logs(self, plan: Plan, numbers: Iterable[int]) -> list[NodeLog]:
        """How each of these nodes of ``plan`` ran the last time; nothing of one that never did."""
        found = []
        for number in numbers:
            failed = self._failed.get(plan.graph.nodes[number].id)
            record = plan.decisions[number].before
            if failed is not None:
                found.append(failed.log)
            elif record is not None:
                found.append(NodeLog.of(record))
        return found

    def forget(self, node: str) -> None:
        """Forget how ``node`` failed."""
        self._failed.pop(node, None)

    def errors(self, plan: Plan) -> dict[str, str]:
        """By node, the first line of what went wrong; not of those that are another by now."""
        errors = {}
        for node, decision in zip(plan.graph.nodes, plan.decisions, strict=True):
            failed = self._failed.get(node.id)
            if failed is None:
                continue
            if not failed.key or decision.key is None or decision.key.digest == failed.key:
                errors[node.id] = failed.log.error.split("\n")[0]
        return errors


def _key(run: Run, number: int) -> str:
    scheduler = run.scheduler
    assert scheduler is not None

    def record(above: int) -> Record:
        found = scheduler.record(above)
        assert found is not None, "a node ran before its upstream was there"
        return found

    try:
        key = key_of(run.graph, number, record)
    except DeclarationError:
        return ""
    return "" if key is None else key.digest
