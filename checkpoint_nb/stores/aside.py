"""A store over another that keeps nothing in it: work is done again, and only looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from checkpoint_nb.errors import MissingEntry, StoreError
from checkpoint_nb.stores.interface import Freed, Member, Objects, Record, Store, Stored, Usage
from checkpoint_nb.stores.payload import Payload, encode, refusal
from checkpoint_nb.stores.units import encode_unit, members_stored

_MOST_CARRIED = 64 << 20
"""Bytes of a result that are carried back to be compared; of a larger one only its digest is."""


@dataclass(frozen=True, slots=True)
class AsideObjects:
    """Reads the payloads of ``base``; what is put travels inside its record if it can.

    Examples
    --------
    >>> from checkpoint_nb.stores.memory import MemoryObjects
    >>> objects = AsideObjects(MemoryObjects())
    >>> objects.get(objects.put([1, 2], "d1", "list", 0))
    [1, 2]
    """

    base: Objects

    @property
    def folders(self) -> tuple[str, ...]:
        """Where it reads files."""
        return self.base.folders

    def put(self, value: object, digest: str, shown: str, compress_level: int) -> Stored:  # noqa: ARG002
        """Encode ``value`` as far as it is carried."""
        try:
            payload = encode(value)
        except Exception as error:  # code of the user runs here
            raise refusal(value, error) from error
        return Stored(digest, payload.size, shown, _carried(payload))

    def put_unit(self, members: Mapping[str, Member], compress_level: int) -> dict[str, Stored]:  # noqa: ARG002
        """Encode several values into one payload as far as it is carried."""
        payload, unit = encode_unit(members, 0)
        return members_stored(members, unit, payload.size, _carried(payload))

    def get(self, stored: Stored) -> object:
        """Return the value. Raises MissingEntry where it was too large to be carried."""
        return self.get_all([stored])[0]

    def get_all(self, stored: Sequence[Stored]) -> list[object]:
        """Return several values."""
        for one in stored:
            if one.inline == b"":
                raise MissingEntry("A result was too large to be carried.", {"result": one.digest})
        return self.base.get_all(stored)

    def holds(self, stored: Stored) -> bool:
        """Whether the payload is there; one that was left behind counts, nobody will read it."""
        return stored.inline == b"" or self.base.holds(stored)

    def intact(self, stored: Stored, *, remembered: bool = False) -> bool:
        """Whether the payload is there and verifies; see :meth:`holds`."""
        return stored.inline == b"" or self.base.intact(stored, remembered=remembered)


def _carried(payload: Payload) -> bytes:
    return payload.join() if payload.size <= _MOST_CARRIED else b""


@dataclass(frozen=True, slots=True)
class AsideStore:
    """Knows what ``base`` knows; what is committed stays here, over it.

    Examples
    --------
    >>> from checkpoint_nb.stores.memory import MemoryStore
    >>> base = MemoryStore()
    >>> aside = AsideStore(base)
    >>> aside.commit([Record("k1", "load", "n1", "load()", {}, {}, 0.1, 0.0)]).result()
    >>> list(aside.lookup(["k1"])), list(base.lookup(["k1"]))
    (['k1'], [])
    """

    base: Store
    _committed: dict[str, Record] = field(default_factory=dict)

    @property
    def objects(self) -> Objects:
        """Payloads of the other store, and what is put aside."""
        return AsideObjects(self.base.objects)

    def lookup(self, keys: Sequence[str]) -> dict[str, Record]:
        """All records among ``keys``; what was committed here comes first."""
        own = {key: self._committed[key] for key in keys if key in self._committed}
        return self.base.lookup(keys) | own

    def commit(self, records: Sequence[Record]) -> Future[None]:
        """Keep ``records`` here."""
        self._committed.update((record.key, record) for record in records)
        done: Future[None] = Future()
        done.set_result(None)
        return done

    def records(self, task: str | None = None) -> Iterable[Record]:
        """Every record of the other store."""
        return self.base.records(task)

    def keep_details(self, details: Mapping[str, str]) -> None:
        """Keep nothing."""

    def details(self, digests: Iterable[str]) -> dict[str, str]:
        """Return the texts of the other store."""
        return self.base.details(digests)

    def clear(
        self,
        *,
        task: str | None = None,  # noqa: ARG002
        nodes: Iterable[str] | None = None,  # noqa: ARG002
        keys: Iterable[str] | None = None,  # noqa: ARG002
    ) -> Freed:
        """Refuse: this store never changes the other."""
        raise StoreError("What is only looked at is not cleared.")

    def usage(self) -> Usage:
        """What the other store holds."""
        return self.base.usage()

    def listen(self, rejected: Callable[[str, str], None]) -> None:
        """Listen to the other store."""
        self.base.listen(rejected)

    def close(self) -> None:
        """Let go of nothing: the other store is somebody else's."""
