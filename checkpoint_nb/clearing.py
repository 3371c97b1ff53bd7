"""Which stored results a clear concerns, and removing them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from checkpoint_nb import events
from checkpoint_nb.graph import build
from checkpoint_nb.holdings import current_keys, freed_by, old_keys
from checkpoint_nb.plan import make_plan
from checkpoint_nb.stores.interface import Freed
from checkpoint_nb.work import Node

if TYPE_CHECKING:
    from checkpoint_nb.wiring import Wiring


def clear(session: Wiring, nodes: Sequence[Node]) -> Freed:
    """Forget every stored result of ``nodes``, also of one that is being computed."""
    ids = {node.id for node in nodes}
    keys = _fresh_keys(session, nodes)
    _fence(session, ids)
    freed = session.store.clear(nodes=ids, keys=keys) if ids else Freed(0, 0)
    return _told(session, ids, freed)


def clear_task(session: Wiring, task: str) -> Freed:
    """Forget every stored result of a task, of any arguments and any version."""
    ids = {info.node for info in session.board.snapshot().nodes if info.task == task}
    _fence(session, ids)
    return _told(session, ids, session.store.clear(task=task))


def clear_everything(session: Wiring) -> Freed:
    """Forget everything in the store, whoever computed it."""
    ids = {info.node for info in session.board.snapshot().nodes}
    _fence(session, ids)
    return _told(session, ids, session.store.clear())


def clear_old(session: Wiring, nodes: Sequence[Node]) -> Freed:
    """Forget the stored results of ``nodes`` that none of them would use as things are now."""
    return _told(session, set(), session.store.clear(keys=_old(session, nodes)))


def would_clear(session: Wiring, nodes: Sequence[Node], *, old: bool = False) -> Freed:
    """Say what a clear would free, and free nothing."""
    ids = {node.id for node in nodes}
    records = list(session.store.records())
    if old:
        return freed_by(records, _old(session, nodes))
    keys = {record.key for record in records if record.node in ids}
    return freed_by(records, keys | set(_fresh_keys(session, nodes)))


def downstream(session: Wiring, nodes: Iterable[Node]) -> list[Node]:
    """Return ``nodes`` and everything that the picture draws below them."""
    # As drawn: what was handed over by value is no edge of the graph, but is one to the eye.
    ids = {below for node in nodes for below in session.board.downstream(node.id)}
    return [known for known in session.graph().nodes if known.id in ids]


def _old(session: Wiring, nodes: Sequence[Node]) -> set[str]:
    """Keys that no known node would use, among the records of ``nodes``."""
    plan = make_plan(build([*session.nodes, *nodes]), session.store)
    chosen = {node.id for node in nodes}
    records = [record for record in session.store.records() if record.node in chosen]
    return old_keys(records, current_keys(plan))


def _fresh_keys(session: Wiring, nodes: Sequence[Node]) -> list[str]:
    """Keys of fresh nodes: a record may have been stored for another node with equal inputs."""
    ids = {node.id for node in nodes}
    graph = build(nodes)
    plan = make_plan(graph, session.store)
    return [
        decision.record.key
        for node, decision in zip(graph.nodes, plan.decisions, strict=True)
        if node.id in ids and decision.record is not None
    ]


def _fence(session: Wiring, ids: set[str]) -> None:
    for run in session.running:
        run.fence(ids)


def _told(session: Wiring, ids: set[str], freed: Freed) -> Freed:
    session.cleared.update(ids)
    session.bus.tell(
        events.ResultsCleared(time.time(), tuple(sorted(ids)), freed.entries, freed.size)
    )
    return freed
