"""A store that lasts as long as its process, for tests and for where no disk can be used."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future

from checkpoint_nb.errors import DamagedEntry, MissingEntry
from checkpoint_nb.stores.interface import Freed, Member, Record, Stored, Usage
from checkpoint_nb.stores.objects import decode_inline
from checkpoint_nb.stores.payload import encode, refusal
from checkpoint_nb.stores.rows import open_row, seal_row
from checkpoint_nb.stores.sealing import Secret
from checkpoint_nb.stores.texts import shortened
from checkpoint_nb.stores.units import encode_unit, load_all, member_of, members_stored


class MemoryObjects:
    """Payloads that travel inside their record, whatever their size.

    Examples
    --------
    >>> objects = MemoryObjects()
    >>> objects.get(objects.put([1, 2], "d1", "list", 0))
    [1, 2]
    """

    folders: tuple[str, ...] = ()

    def put(self, value: object, digest: str, shown: str, compress_level: int) -> Stored:
        """Encode ``value``."""
        try:
            payload = encode(value, compress_level)
        except Exception as error:  # code of the user runs here
            raise refusal(value, error) from error
        return Stored(digest, payload.size, shown, payload.join())

    def put_unit(self, members: Mapping[str, Member], compress_level: int) -> dict[str, Stored]:
        """Encode several values into one payload."""
        payload, unit = encode_unit(members, compress_level)
        return members_stored(members, unit, payload.size, payload.join())

    def get(self, stored: Stored) -> object:
        """Return a value of its own for every caller."""
        return member_of(_loaded(stored), stored)

    def get_all(self, stored: Sequence[Stored]) -> list[object]:
        """Return several values; members of one unit come from one load."""
        return load_all(stored, _loaded)

    def holds(self, stored: Stored) -> bool:
        """Whether the payload is there with the right size."""
        return stored.inline is not None and len(stored.inline) == stored.size

    def intact(self, stored: Stored, *, remembered: bool = False) -> bool:  # noqa: ARG002
        """Whether the payload is there."""
        return self.holds(stored)


def _loaded(stored: Stored) -> object:
    if stored.inline is None:
        raise MissingEntry("A stored result is not there.", {"result": stored.payload})
    return decode_inline(stored)


class MemoryStore:
    """Keeps records in a dictionary, packed as on disk, so that callers never share an object.

    Examples
    --------
    >>> store = MemoryStore()
    >>> stored = store.objects.put([1, 2], "d1", "list", 0)
    >>> record = Record("k1", "load", "n1", "load()", {"": stored}, {}, 0.1, 0.0)
    >>> store.commit([record]).result()
    >>> store.lookup(["k1", "k2"]) == {"k1": record}
    True
    """

    def __init__(self) -> None:
        self._secret = Secret(os.urandom(32))
        self._rows: dict[str, bytes] = {}
        self._texts: dict[str, str] = {}
        self._gate = threading.Lock()
        self._objects = MemoryObjects()
        self._listeners: list[Callable[[str, str], None]] = []

    @property
    def objects(self) -> MemoryObjects:
        """Payloads, which travel inside their record."""
        return self._objects

    def lookup(self, keys: Sequence[str]) -> dict[str, Record]:
        """All verified records among ``keys``; a damaged one is a miss."""
        with self._gate:
            rows = {key: self._rows[key] for key in keys if key in self._rows}
        return {record.key: record for record in self._verified(rows)}

    def commit(self, records: Sequence[Record]) -> Future[None]:
        """Keep ``records``, at once."""
        rows = {record.key: seal_row(record, self._secret) for record in records}
        with self._gate:
            for key, row in rows.items():
                self._rows.pop(key, None)
                self._rows[key] = row
        done: Future[None] = Future()
        done.set_result(None)
        return done

    def records(self, task: str | None = None) -> Iterable[Record]:
        """Every record (of ``task``), the last stored first."""
        with self._gate:
            rows = dict(reversed(self._rows.items()))
        return [record for record in self._verified(rows) if task in (None, record.task)]

    def keep_details(self, details: Mapping[str, str]) -> None:
        """Keep texts for people by the digest of what they tell about."""
        with self._gate:
            for digest, text in details.items():
                self._texts.setdefault(digest, shortened(text))

    def details(self, digests: Iterable[str]) -> dict[str, str]:
        """Return the texts among ``digests``; the rest is left out."""
        with self._gate:
            return {one: self._texts[one] for one in digests if one in self._texts}

    def clear(
        self,
        *,
        task: str | None = None,
        nodes: Iterable[str] | None = None,
        keys: Iterable[str] | None = None,
    ) -> Freed:
        """Remove records; see :class:`~checkpoint_nb.stores.interface.Store`."""
        everywhere = nodes is None and keys is None
        chosen_nodes, chosen_keys = frozenset(nodes or ()), frozenset(keys or ())
        gone = [
            record
            for record in self.records(task)
            if everywhere or record.node in chosen_nodes or record.key in chosen_keys
        ]
        with self._gate:
            for record in gone:
                self._rows.pop(record.key, None)
            if everywhere and task is None:
                self._texts.clear()
        return Freed(len(gone), sum(record.size for record in gone))

    def usage(self) -> Usage:
        """How many records there are, and how many bytes all of it takes."""
        with self._gate:
            return Usage(
                len(self._rows), sum(map(len, (*self._rows.values(), *self._texts.values())))
            )

    def listen(self, rejected: Callable[[str, str], None]) -> None:
        """Call ``rejected(what, why)`` for each damaged entry met from now on."""
        self._listeners.append(rejected)

    def close(self) -> None:
        """Let go of nothing: the records last as long as the store."""

    def _verified(self, rows: dict[str, bytes]) -> list[Record]:
        records = []
        for key, row in rows.items():
            try:
                records.append(open_row(row, key, self._secret))
            except DamagedEntry as error:
                with self._gate:
                    self._rows.pop(key, None)
                for listener in self._listeners:
                    listener(key, error.facts["reason"])
        return records
