"""What a store is: recipe key to record, and payloads by digest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

from checkpoint_nb.parts import Part


@dataclass(frozen=True, slots=True)
class Stored:
    """One stored result.

    Parameters
    ----------
    digest
        Result digest: of the value's content, hex.
    size
        Bytes of the payload.
    shown
        A few words for people: ``ndarray (1797, 64) float64``.
    inline
        The payload itself where it is small; ``None`` when it is an object file.
    unit
        Digest that names the payload where several results share it; ``""`` where it has one.
    member
        Name of this result in the payload of a unit.

    Examples
    --------
    >>> Stored("d1", 3, "list of 2").payload, Stored("d1", 9, "list of 2", unit="d9").payload
    ('d1', 'd9')
    """

    digest: str
    size: int
    shown: str
    inline: bytes | None = field(default=None, repr=False)
    unit: str = ""
    member: str = ""

    @property
    def payload(self) -> str:
        """Digest that names the payload."""
        return self.unit or self.digest


@dataclass(frozen=True, slots=True)
class Member:
    """One of several values to be stored in one payload, so that they go on sharing objects.

    Parameters
    ----------
    value
        The value.
    digest
        Result digest: of this value's content alone, hex.
    shown
        A few words for people.
    """

    value: object = field(repr=False)
    digest: str
    shown: str


@dataclass(frozen=True, slots=True)
class Record:
    """What a store knows of one computation; ``created`` and ``seconds`` are for display only.

    Parameters
    ----------
    key
        Recipe key, hex: what the computation depended on.
    task, node, label
        Name of the task, identity and label of the node it was first computed for.
    outputs
        Output name to stored result; a function has one output, named ``""``.
    parts
        The parts of the key by label, kept so that *why* is a diff.
    seconds
        How long the work took.
    created
        When it ended, seconds since the epoch.
    log
        What the task printed (stdout and stderr), its end if it was long.
    observed
        Files and folders that it was seen to read though nothing declares them, each with the
        digest of what was in it.
    """

    key: str
    task: str
    node: str
    label: str
    outputs: Mapping[str, Stored]
    parts: Mapping[str, Part]
    seconds: float
    created: float
    log: str = ""
    observed: Mapping[str, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes of all outputs; a payload that several of them share counts once."""
        return sum(stored.size for stored in payloads_of(self.outputs))


def payloads_of(outputs: Mapping[str, Stored]) -> list[Stored]:
    """Return the outputs with one of each unit only.

    Examples
    --------
    >>> one, two = (Stored(name, 9, "", unit="d9", member=name) for name in ("d1", "d2"))
    >>> [stored.digest for stored in payloads_of({"a": one, "b": two, "c": Stored("d3", 1, "")})]
    ['d1', 'd3']
    """
    units: set[str] = set()
    found = []
    for stored in outputs.values():
        if stored.unit not in units:
            found.append(stored)
        if stored.unit:
            units.add(stored.unit)
    return found


@dataclass(frozen=True, slots=True)
class Freed:
    """What a clear removed: records, and bytes on disk."""

    entries: int
    size: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What a store holds: records, and bytes on disk (or in memory)."""

    entries: int
    size: int


class Objects(Protocol):
    """Payloads, written and read in any process; instances pickle to a few bytes."""

    @property
    def folders(self) -> tuple[str, ...]:
        """Where it reads and writes files."""

    def put(self, value: object, digest: str, shown: str, compress_level: int) -> Stored:
        """Encode ``value``; small ones stay inline, others are durable in a file on return."""

    def put_unit(self, members: Mapping[str, Member], compress_level: int) -> dict[str, Stored]:
        """Encode several values into one payload; what they share, they share when they are back.

        Raises StoreError, with the name of the value that refuses as the fact ``member``.
        """

    def get(self, stored: Stored) -> object:
        """Return the value, verified first. Raises MissingEntry or DamagedEntry."""

    def get_all(self, stored: Sequence[Stored]) -> list[object]:
        """Return several values; members of one unit come from one load and share what they did.

        The same result named twice is two objects.
        """

    def holds(self, stored: Stored) -> bool:
        """Whether the payload is there with the right size (a cheap look)."""

    def intact(self, stored: Stored, *, remembered: bool = False) -> bool:
        """Whether the payload is there and verifies to the last byte; a bad one is moved aside."""


class Store(Protocol):
    """Keeps records by recipe key. Safe to call from any thread and from many processes."""

    @property
    def objects(self) -> Objects:
        """Payloads, written and read in any process."""

    def lookup(self, keys: Sequence[str]) -> dict[str, Record]:
        """All verified records among ``keys``, in one read; a damaged one is a miss."""

    def commit(self, records: Sequence[Record]) -> Future[None]:
        """Keep ``records``; durable when the future is done. Waiting ones share a transaction."""

    def records(self, task: str | None = None) -> Iterable[Record]:
        """Every record (of ``task``), newest first."""

    def keep_details(self, details: Mapping[str, str]) -> None:
        """Keep texts for people by the digest of what they tell about; soon, and if possible.

        A digest that has its text keeps it. Texts over 20,000 characters are cut. Nothing waits
        for it, nothing is told when it fails.
        """

    def details(self, digests: Iterable[str]) -> dict[str, str]:
        """Return the verified texts among ``digests``; the rest is left out."""

    def clear(
        self,
        *,
        task: str | None = None,
        nodes: Iterable[str] | None = None,
        keys: Iterable[str] | None = None,
    ) -> Freed:
        """Remove records for real, and each payload that nothing else refers to.

        ``task`` alone: all of that task. ``nodes`` or ``keys``: the records of those nodes, every
        version, and of those keys (``task`` then narrows the search). Nothing given: all; an
        empty list of nodes or keys is something given, and removes nothing. Texts for people go
        with all only.
        """

    def usage(self) -> Usage:
        """How many records there are, and how many bytes all of it takes."""

    def listen(self, rejected: Callable[[str, str], None]) -> None:
        """Call ``rejected(what, why)`` for each damaged or foreign entry met from now on."""

    def close(self) -> None:
        """Wait for commits under way and let go of the files."""
