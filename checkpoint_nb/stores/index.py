"""The index: diskcache with its hazards closed; the only file that knows diskcache and SQL."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar, cast

import diskcache

from checkpoint_nb.errors import StoreUnavailable
from checkpoint_nb.stores.folder import Folder

Answer = TypeVar("Answer")

_FULL, _NORMAL = 2, 1
_SETTINGS: dict[str, object] = {
    "cull_limit": 0,
    "disk_min_file_size": 2**31 - 1,
    "disk_pickle_protocol": 5,
    "eviction_policy": "none",
    "size_limit": 2**62,
    "sqlite_auto_vacuum": 0,
    "sqlite_cache_size": 2**13,
    "sqlite_journal_mode": "wal",
    "sqlite_mmap_size": 0,
    "sqlite_synchronous": _NORMAL,
    "sqlite_trusted_schema": 0,
    "statistics": 0,
    "tag_index": 1,
}
_KNOWN = {*_SETTINGS, *diskcache.core.METADATA}
_MOST_KEYS = 500
_BUSY = 1.4
_PAUSES = (0.05, 0.3, None)
_RAW = diskcache.core.MODE_RAW
_TEXTS = "texts"
_IS_RECORD = "tag >= 'task:' AND tag < 'task;'"
# What diskcache would read from a file or unpickle comes as nothing, and fails verification.
_KEY_AND_VALUE = (
    f"key, CASE WHEN mode = {_RAW} AND filename IS NULL AND typeof(value) = 'blob' "
    "THEN value ELSE x'' END"
)


# Key and value of a row, as it is in the database: nothing in it has been verified.
Row = tuple[str, bytes]


class Entry(NamedTuple):
    """What to write: a sealed record, the task it belongs to, the object files it refers to."""

    key: str
    task: str
    value: bytes
    digests: tuple[str, ...]


class Text(NamedTuple):
    """What to write for people: a sealed text, and the digest of what it tells about."""

    digest: str
    value: bytes


class _RawDisk(diskcache.Disk):  # type: ignore[misc]
    """Text keys and raw bytes; every other way to keep a thing is refused, pickles and files."""

    def put(self, key: object) -> tuple[str, bool]:
        if type(key) is not str:
            raise TypeError("the index has text keys only")
        return key, True

    def get(self, key: object, raw: object) -> str:
        if type(key) is not str or not raw:
            raise TypeError("the index has text keys only")
        return key

    def store(
        self,
        value: object,
        read: bool,
        key: object = None,  # noqa: ARG002  diskcache calls it so
    ) -> tuple[int, int, None, sqlite3.Binary]:
        if type(value) is not bytes or read:
            raise TypeError("the index has raw bytes only")
        return 0, _RAW, None, sqlite3.Binary(value)

    def fetch(self, mode: object, filename: object, value: object, read: object) -> bytes:
        if mode != _RAW or filename is not None or type(value) is not bytes or read:
            raise TypeError("the index has raw bytes only")
        return value

    def remove(self, file_path: object) -> None:
        """Remove nothing: the index has no files, whatever a row may say."""


class Index:
    """Sealed rows by key and by task, and who refers to which object file.

    Every call belongs in one thread. A database that is locked or fails is tried three times,
    one that is damaged is renamed aside and begun anew.

    Parameters
    ----------
    folder
        The cache directory, prepared.
    rejected
        Told of a damaged database.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folder = Folder(pathlib.Path(place, "checkpoint"))
    ...     index = Index(folder, print)
    ...     dropped = index.write([Entry("k1", "load", b"row", ())])
    ...     found = index.rows(["k1", "k2"])
    ...     index.close()
    >>> found
    [('k1', b'row')]
    """

    def __init__(self, folder: Folder, rejected: Callable[[str, str], object]) -> None:
        self._folder = folder
        self._rejected = rejected
        self._cache: diskcache.Cache | None = None
        self._identity: tuple[int, ...] | None = None

    def open(self) -> None:
        """Open the database now, and make it where there is none."""
        self._try(lambda: None)

    def close(self) -> None:
        """Let go of the files."""
        if self._cache is not None:
            self._cache.close()
            self._cache = None

    def rows(self, keys: Iterable[str]) -> list[Row]:
        """Return the rows among ``keys``."""
        return self._try(lambda: self._rows(list(keys)))

    def rows_of(self, task: str | None) -> list[Row]:
        """Return all rows (of ``task``), the last written first."""
        return self._try(lambda: self._rows_of(task))

    def count(self) -> int:
        """Return the number of records."""
        how_many = f"SELECT COUNT(*) FROM Cache WHERE {_IS_RECORD}"  # noqa: S608
        ((count,),) = self._try(lambda: self._sql(how_many))
        return int(str(count))

    def write(self, entries: Sequence[Entry]) -> list[str]:
        """Write ``entries`` in one transaction; return digests that nothing refers to any more."""
        return self._try(lambda: self._in_one_go(lambda: self._write(entries)))

    def texts(self, digests: Iterable[str]) -> list[Row]:
        """Return digest and row of the texts among ``digests``."""
        names = {_text(digest): digest for digest in digests}
        found = self._try(lambda: self._rows_one_by_one(list(names)))
        return [(names[key], value) for key, value in found]

    def write_texts(self, texts: Sequence[Text]) -> None:
        """Write ``texts`` in one transaction, which a power cut may undo."""

        def work() -> None:
            assert self._cache is not None
            for digest, value in texts:
                self._cache.set(_text(digest), value, tag=_TEXTS, retry=False)

        def quickly() -> None:
            self._sql(f"PRAGMA synchronous = {_NORMAL}")
            try:
                self._in_one_go(work)
            finally:
                self._sql(f"PRAGMA synchronous = {_FULL}")

        self._try(quickly)

    def remove(self, keys: Sequence[str]) -> list[str]:
        """Remove rows in one transaction; return digests that nothing refers to any more."""
        return self._try(lambda: self._in_one_go(lambda: self._remove(keys)))

    def discard(self, bad: Sequence[Row]) -> list[str]:
        """Like ``remove``, but only rows that nobody has replaced meanwhile."""

        def work() -> list[str]:
            still = set(self._rows([key for key, _ in bad]))
            return self._remove([key for key, value in bad if (key, value) in still])

        return self._try(lambda: self._in_one_go(work))

    def remove_everything(self) -> None:
        """Remove every row, whatever it is."""

        def work() -> None:
            self._sql("DELETE FROM Cache")

        self._try(lambda: self._in_one_go(work))

    def _sql(self, statement: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        assert self._cache is not None
        # Private, and the only way to read many rows at once through diskcache.
        return self._cache._sql(statement, values).fetchall()  # type: ignore[no-any-return]

    def _in_one_go(self, work: Callable[[], Answer]) -> Answer:
        assert self._cache is not None
        with self._cache.transact(retry=False):
            return work()

    def _rows(self, keys: Sequence[str]) -> list[Row]:
        if len(keys) > _MOST_KEYS and len(keys) > self._rows_at_most() / 2:
            # Reading all in the order of the file is three times as fast as looking each up.
            wanted = set(keys)
            records = self._select("raw = 1 AND tag IS NOT ?", (_TEXTS,))
            return [row for row in records if row[0] in wanted]
        return self._rows_one_by_one(keys)

    def _rows_one_by_one(self, keys: Sequence[str]) -> list[Row]:
        return [
            row
            for chunk in _chunks(keys)
            for row in self._select(f"raw = 1 AND key IN ({_marks(chunk)})", chunk)
        ]

    def _rows_of(self, task: str | None) -> list[Row]:
        newest_first = "ORDER BY store_time DESC, rowid DESC"
        if task is None:
            return self._select(f"raw = 1 AND {_IS_RECORD} {newest_first}")
        return self._select(f"raw = 1 AND tag = ? {newest_first}", (_tag(task),))

    def _rows_at_most(self) -> int:
        ((count,),) = self._sql("SELECT value FROM Settings WHERE key = 'count'")
        return int(str(count))

    def _select(self, which: str, values: Sequence[object] = ()) -> list[Row]:
        found = self._sql(f"SELECT {_KEY_AND_VALUE} FROM Cache WHERE {which}", values)  # noqa: S608
        return cast("list[Row]", found)

    def _write(self, entries: Sequence[Entry]) -> list[str]:
        assert self._cache is not None
        dropped = set[str]()
        referring = self._referring([entry.key for entry in entries])
        for key, task, value, digests in entries:
            self._cache.set(key, value, tag=_tag(task), retry=False)
            wanted = {_reference(digest, key) for digest in digests}
            there = referring.get(key, set())
            for reference in wanted - there:
                self._cache.set(reference, b"", tag=f"ref:{key}", retry=False)
            for reference in there - wanted:
                self._cache.delete(reference, retry=False)
                dropped.add(reference)
        return self._unreferred(dropped)

    def _remove(self, keys: Sequence[str]) -> list[str]:
        dropped = set[str]().union(*self._referring(keys).values())
        for chunk in _chunks([*keys, *dropped]):
            self._sql(f"DELETE FROM Cache WHERE key IN ({_marks(chunk)})", chunk)  # noqa: S608
        return self._unreferred(dropped)

    def _referring(self, keys: Sequence[str]) -> dict[str, set[str]]:
        """Which references each of ``keys`` has."""
        found: dict[str, set[str]] = {}
        for chunk in _chunks([f"ref:{key}" for key in keys]):
            statement = f"SELECT tag, key FROM Cache WHERE tag IN ({_marks(chunk)})"  # noqa: S608
            for tag, reference in self._sql(statement, chunk):
                found.setdefault(str(tag)[4:], set()).add(str(reference))
        return found

    def _unreferred(self, references: set[str]) -> list[str]:
        digests = {reference.split(":")[1] for reference in references}
        any_left = "SELECT 1 FROM Cache WHERE key >= ? AND key < ? LIMIT 1"
        return [
            digest
            for digest in digests
            if not self._sql(any_left, (f"ref:{digest}:", f"ref:{digest};"))
        ]

    def _try(self, work: Callable[[], Answer]) -> Answer:
        for pause in _PAUSES:
            try:
                self._be_open()
                return work()
            except (sqlite3.DatabaseError, diskcache.Timeout, OSError) as error:
                # An open transaction ends with the connection: the next try starts clean.
                self._drop()
                if pause is None or isinstance(error, OSError):
                    raise self._unavailable(error) from error
                if _is_damage(error):
                    self._begin_anew(error)
            time.sleep(pause)
        raise AssertionError

    def _be_open(self) -> None:
        if self._cache is not None and self._folder.identity() == self._identity:
            return
        self._drop()
        self._folder.prepare()
        with self._folder.locked(), _only_for_me():
            self._look_before_diskcache_does()
            self._cache = diskcache.Cache(
                str(self._folder.index), timeout=_BUSY, disk=_RawDisk, **_SETTINGS
            )
            # Not before: opening writes thirty settings, one transaction each.
            self._sql(f"PRAGMA synchronous = {_FULL}")
            for file in self._folder.index.glob("cache.db*"):
                file.chmod(0o600)
        self._identity = self._folder.identity()

    def _look_before_diskcache_does(self) -> None:
        """Fail soon where the database is locked, and never run PRAGMAs that somebody planted."""
        file = self._folder.index / "cache.db"
        if not file.exists():
            return
        with contextlib.closing(sqlite3.connect(file, timeout=_BUSY, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            tables = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'Settings'").fetchall()
            names = {name for (name,) in db.execute("SELECT key FROM Settings")} if tables else ()
            db.execute("ROLLBACK")
        if not _KNOWN.issuperset(names):
            raise sqlite3.DatabaseError("the index has settings that are not ours")

    def _begin_anew(self, error: Exception) -> None:
        damaged = self._folder.root / f"index.damaged-{time.time_ns()}"
        with contextlib.suppress(OSError), self._folder.locked():
            os.replace(self._folder.index, damaged)
        self._rejected("index", f"{error}; it was moved to {damaged.name} and begun anew")

    def _drop(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self.close()
        self._cache = None

    def _unavailable(self, error: Exception) -> StoreUnavailable:
        return StoreUnavailable(
            "The index of stored results does not work.",
            {"directory": self._folder.index, "reason": error or type(error).__name__},
            "Results of this run are not kept. Is the disk full, or the directory on a network?",
        )


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    return (keys[start : start + _MOST_KEYS] for start in range(0, len(keys), _MOST_KEYS))


def _marks(chunk: Sequence[str]) -> str:
    return ",".join("?" * len(chunk))


def _is_damage(error: Exception) -> bool:
    if isinstance(error, sqlite3.OperationalError):
        return "UTF-8" in str(error)
    return isinstance(error, sqlite3.DatabaseError)


def _tag(task: str) -> str:
    return f"task:{task}"


def _text(digest: str) -> str:
    return f"text:{digest}"


def _reference(digest: str, key: str) -> str:
    return f"ref:{digest}:{key}"


@contextlib.contextmanager
def _only_for_me() -> Iterator[None]:
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)
