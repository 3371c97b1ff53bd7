"""What a store holds: how many bytes, whose, and which of it nobody would use again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from checkpoint_nb.plan import Plan
from checkpoint_nb.states import State
from checkpoint_nb.stores.interface import Freed, Record, Store


@dataclass(frozen=True, slots=True)
class TaskHoldings:
    """What is stored of one task (or cell).

    Parameters
    ----------
    task
        Its name.
    nodes, entries
        How many nodes have results, and how many results that are: versions are counted each.
    size
        Bytes of the payloads; one that several results share counts once.
    old_entries, old_size
        How much of it no node would use as things are now.
    seconds
        How long all of it took to compute.
    """

    task: str
    nodes: int
    entries: int
    size: int
    old_entries: int
    old_size: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a store holds.

    Parameters
    ----------
    tasks
        By task, the largest first.
    entries, size, old_entries, old_size
        Of everything; a payload that tasks share counts once.
    disk
        Bytes that the whole store takes, its index included.
    """

    tasks: tuple[TaskHoldings, ...]
    entries: int
    size: int
    old_entries: int
    old_size: int
    disk: int


def holdings(store: Store, current: Mapping[str, Collection[str]] | None = None) -> Holdings:
    """Count what ``store`` holds.

    Parameters
    ----------
    current
        By node: the keys it would use as things are now. Of a node that is not named the newest
        result counts as the one it would use.

    Examples
    --------
    >>> from checkpoint_nb.stores.memory import MemoryStore
    >>> holdings(MemoryStore()).entries
    0
    """
    records = list(store.records())
    old = old_keys(records, current or {})
    tasks: dict[str, list[Record]] = {}
    for record in records:
        tasks.setdefault(record.task, []).append(record)
    found = [_of_task(task, own, old) for task, own in tasks.items()]
    found.sort(key=lambda each: (-each.size, each.task))
    return Holdings(
        tuple(found),
        len(records),
        payload_size(records),
        len(old),
        freed_by(records, old).size,
        store.usage().size,
    )


def _of_task(task: str, records: Sequence[Record], old: Collection[str]) -> TaskHoldings:
    gone = [record.key for record in records if record.key in old]
    return TaskHoldings(
        task,
        len({record.node for record in records}),
        len(records),
        payload_size(records),
        len(gone),
        freed_by(records, gone).size,
        sum(record.seconds for record in records),
    )


def current_keys(plan: Plan) -> dict[str, frozenset[str]]:
    """Return by node the keys that it would use: of what is pending, the newest may still do."""
    return {
        node.id: frozenset(
            {decision.record.key}
            if decision.record is not None
            else {decision.before.key}
            if decision.state is State.PENDING and decision.before is not None
            else ()
        )
        for node, decision in zip(plan.graph.nodes, plan.decisions, strict=True)
    }


def old_keys(records: Iterable[Record], current: Mapping[str, Collection[str]]) -> set[str]:
    """Return the keys of results that no node would use; ``records`` come newest first.

    See :func:`holdings` for ``current``.
    """
    used = {key for keys in current.values() for key in keys}
    seen = set(current)
    old: set[str] = set()
    for record in records:
        if record.node in seen and record.key not in used:
            old.add(record.key)
        seen.add(record.node)
    return old


def payload_size(records: Iterable[Record]) -> int:
    """Return the bytes of all payloads, each once."""
    files: dict[str, int] = {}
    inline = 0
    for record in records:
        own, small = payloads(record)
        files |= own
        inline += small
    return sum(files.values()) + inline


def freed_by(records: Iterable[Record], gone: Collection[str]) -> Freed:
    """Say what it frees when the records with the keys ``gone`` are removed."""
    every = list(records)
    users: Counter[str] = Counter()
    for record in every:
        users.update(payloads(record)[0].keys())
    entries = size = 0
    for record in every:
        if record.key not in gone:
            continue
        files, small = payloads(record)
        entries, size = entries + 1, size + small
        for digest, bytes_ in files.items():
            users[digest] -= 1
            size += 0 if users[digest] else bytes_
    return Freed(entries, size)


def payloads(record: Record) -> tuple[dict[str, int], int]:
    """Return the files of a record, digest to bytes, and the bytes it holds itself."""
    files: dict[str, int] = {}
    inline: dict[str, int] = {}
    for stored in record.outputs.values():
        (files if stored.inline is None else inline)[stored.payload] = stored.size
    return files, sum(inline.values())
