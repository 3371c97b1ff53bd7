"""How each node stands, as rows of a table, and what a run would do."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from checkpoint_nb.board import Snapshot
from checkpoint_nb.holdings import payload_size
from checkpoint_nb.measures import counted, said_span
from checkpoint_nb.plan import Plan
from checkpoint_nb.states import State

_BUSY = frozenset({State.QUEUED, State.RUNNING})


@dataclass(frozen=True, slots=True)
class Row:
    """How one node stands.

    Parameters
    ----------
    node, label, task, kind
        Its identity, what people read, its task, and ``"function"`` or ``"cell"``.
    state, reason
        The state it is in, and why.
    seconds
        How long it runs by now, or took the last time; 0.0 when unknown.
    size, created
        Bytes of the fresh result and when it was computed, seconds since the epoch; ``None``
        where there is no fresh one.
    """

    node: str
    label: str
    task: str
    kind: str
    state: State
    reason: str
    seconds: float
    size: int | None = None
    created: float | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run would do.

    Parameters
    ----------
    rows
        What is left to run, in the order of the graph.
    nodes
        How many nodes were looked at.
    work
        Seconds that all of it took the last time.
    wall
        Seconds it takes at least with the workers there are.
    unknown
        How many of the rows never ran.
    """

    rows: tuple[Row, ...]
    nodes: int
    work: float
    wall: float
    unknown: int

    def __str__(self) -> str:
        if not self.rows:
            return f"nothing would run: {counted(self.nodes, 'node')}, all fresh"
        sure = sum(row.state is not State.PENDING for row in self.rows)
        waits = len(self.rows) - sure
        more = f", then up to {waits} more that wait" if waits else ""
        said = f"would run {sure} of {counted(self.nodes, 'node')}{more}"
        if self.work:
            said += f": {said_span(self.work)} of work by past times, in {said_span(self.wall)}"
            said += " or more"
        if self.unknown:
            said += f"; how long {self.unknown} of them take is not known"
        return said


def rows(plan: Plan, board: Snapshot, failed: Mapping[str, str], now: float) -> list[Row]:
    """Return a row for each node of ``plan``, in the order of the graph.

    Parameters
    ----------
    board
        What is under way.
    failed
        By node, what went wrong when it last ran as it is now.
    now
        Seconds since the epoch.
    """
    live = {
        info.node: status
        for info, status in zip(board.nodes, board.statuses, strict=True)
        if status.state in _BUSY
    }
    found = []
    for node, decision in zip(plan.graph.nodes, plan.decisions, strict=True):
        state, reason, seconds = decision.state, decision.reason, decision.expected
        record = decision.record
        if (status := live.get(node.id)) is not None:
            state, reason = status.state, status.reason
            seconds = now - status.started if status.started else seconds
        elif record is None and node.id in failed:
            state, reason = State.FAILED, failed[node.id]
        found.append(
            Row(
                node.id,
                node.label,
                node.task,
                node.kind,
                state,
                reason,
                seconds,
                None if record is None else payload_size([record]),
                None if record is None else record.created,
            )
        )
    return found


def forecast(plan: Plan, found: Sequence[Row], slots: int) -> Forecast:
    """Say what a run of ``plan`` would do with so many workers; ``found`` are its rows."""
    left = plan.left
    work = sum(plan.decisions[number].expected for number in left)
    unknown = sum(plan.decisions[number].before is None for number in left)
    wall = max(_longest(plan, left), work / slots)
    return Forecast(tuple(found[n] for n in left), len(found), work, wall, unknown)


def _longest(plan: Plan, left: Collection[int]) -> float:
    """Seconds of the longest chain of what is left; nodes stand in their order in the graph."""
    ends = [0.0] * len(plan.decisions)
    for number in left:
        before = max((ends[above] for above in plan.graph.upstream[number]), default=0.0)
        ends[number] = before + plan.decisions[number].expected
    return max(ends, default=0.0)
