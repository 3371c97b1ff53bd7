"""Keeps a store within a size and an age: the least valuable results go first."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from checkpoint_nb.holdings import payload_size, payloads
from checkpoint_nb.stores.interface import Record, Store


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection removed, and what is left.

    Parameters
    ----------
    entries, size
        Results removed, and the bytes freed.
    fresh
        How many of them were fresh: there was no other way to come below the size.
    left
        Bytes of the payloads that stay.
    """

    entries: int
    size: int
    fresh: int
    left: int


def collect(
    store: Store,
    *,
    most: int | None = None,
    older: float | None = None,
    fresh: Collection[str] = (),
) -> Collected:
    """Remove results until all payloads together take no more than ``most`` bytes.

    First goes what took the fewest seconds to compute for each byte it takes, and of equals the
    oldest.

    Parameters
    ----------
    most
        Bytes; ``None``: any number.
    older
        Remove, before that, every result computed more than so many seconds ago.
    fresh
        Keys of results that are fresh as things are now. They are never too old, and go last.

    Examples
    --------
    >>> from checkpoint_nb.stores.memory import MemoryStore
    >>> collect(MemoryStore(), most=1000)
    Collected(entries=0, size=0, fresh=0, left=0)
    """
    records = list(store.records())
    gone = _too_old(records, older, fresh)
    gone |= _too_many(records, gone, most, fresh)
    freed = store.clear(keys=gone)
    left = [record for record in records if record.key not in gone]
    return Collected(freed.entries, freed.size, len(gone & set(fresh)), payload_size(left))


def _too_old(records: list[Record], older: float | None, fresh: Collection[str]) -> set[str]:
    if older is None:
        return set()
    last = time.time() - older
    return {r.key for r in records if r.created < last and r.key not in fresh}


def _too_many(
    records: list[Record], gone: set[str], most: int | None, fresh: Collection[str]
) -> set[str]:
    if most is None:
        return set()
    stay = [record for record in records if record.key not in gone]
    tally = _Tally(stay)
    chosen: list[Record] = []
    for record in sorted(stay, key=lambda r: (r.key in fresh, _worth(r), r.created)):
        if tally.size <= most:
            break
        tally.leave_out(record)
        chosen.append(record)
    # What freed nothing, as its payload is shared, or what fits after all, may stay.
    for record in reversed(chosen.copy()):
        tally.take_in(record)
        if tally.size <= most:
            chosen.remove(record)
        else:
            tally.leave_out(record)
    return {record.key for record in chosen}


class _Tally:
    """Bytes of all payloads, each once, while records come and go."""

    def __init__(self, records: list[Record]) -> None:
        self.size = 0
        self._users: Counter[str] = Counter()
        for record in records:
            self.take_in(record)

    def take_in(self, record: Record) -> None:
        files, small = payloads(record)
        self.size += small + sum(files[digest] for digest in files if not self._users[digest])
        self._users.update(files.keys())

    def leave_out(self, record: Record) -> None:
        files, small = payloads(record)
        self._users.subtract(files.keys())
        self.size -= small + sum(files[digest] for digest in files if not self._users[digest])


def _worth(record: Record) -> float:
    """Seconds to compute it again for each byte it takes."""
    files, small = payloads(record)
    return record.seconds / max(1, sum(files.values()) + small)
