"""How long a run still takes, and what it waits for: from durations of now and of the past."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from checkpoint_nb.board import Snapshot, Status
from checkpoint_nb.states import State

_SURE: Final = 0.02
"""From a smaller part than this nobody can tell how long the whole takes."""


def remaining(snapshot: Snapshot, slots: int, now: float) -> float | None:
    """Return how many seconds a run still takes; ``None``: nothing tells.

    A node takes as long as it says by its progress; else as it took the last time; else as others
    of its task; else as others at all. Together that is shared among the slots, but no run ends
    before its longest node.

    Parameters
    ----------
    slots
        How many nodes run at once.
    now
        Seconds since the epoch.

    Examples
    --------
    >>> from checkpoint_nb.board import Board
    >>> remaining(Board().snapshot(), 2, 0.0)
    0.0
    """
    typical = _typical(snapshot)
    work, longest = 0.0, 0.0
    for info, status in zip(snapshot.nodes, snapshot.statuses, strict=True):
        if status.state not in (State.QUEUED, State.RUNNING):
            continue
        whole = status.seconds or typical.get(info.task) or typical.get("")
        left = _left(status, whole, now)
        if left is None:
            return None
        work += left
        longest = max(longest, left)
    return max(longest, work / max(1, slots))


def slowest(snapshot: Snapshot, now: float, most: int = 2) -> list[int]:
    """Return the places of what runs for longest, the longest first.

    Parameters
    ----------
    most
        How many of them.
    """
    code, at, found = State.RUNNING.code, snapshot.codes.find(State.RUNNING.code), []
    while at >= 0:
        found.append(at)
        at = snapshot.codes.find(code, at + 1)
    return sorted(found, key=lambda index: snapshot.statuses[index].started or now)[:most]


def _left(status: Status, whole: float | None, now: float) -> float | None:
    ran = max(0.0, now - status.started) if status.state is State.RUNNING else 0.0
    if ran and status.progress is not None and status.progress > _SURE:
        return ran * (1 - status.progress) / status.progress
    return None if not whole else max(0.0, whole - ran)


def _typical(snapshot: Snapshot) -> dict[str, float]:
    """Return the mean duration of each task's nodes that ran; of all together under ``""``."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for info, status in zip(snapshot.nodes, snapshot.statuses, strict=True):
        if status.seconds and status.state is State.DONE:
            for name in (info.task, ""):
                sums[name][0] += status.seconds
                sums[name][1] += 1
    return {name: seconds / count for name, (seconds, count) in sums.items()}
