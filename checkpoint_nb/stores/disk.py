"""The store on disk: sealed rows in an index, large payloads in files beside it."""

from __future__ import annotations

import contextlib
import functools
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from checkpoint_nb.errors import DamagedEntry, StoreUnavailable
from checkpoint_nb.stores.entry import ForeignEntry
from checkpoint_nb.stores.folder import Folder
from checkpoint_nb.stores.interface import Freed, Record, Usage, payloads_of
from checkpoint_nb.stores.objects import FileObjects
from checkpoint_nb.stores.rows import open_row, seal_row
from checkpoint_nb.stores.sealing import Secret
from checkpoint_nb.stores.texts import open_text, seal_text, shortened
from checkpoint_nb.stores.thread import StoreThread

if TYPE_CHECKING:
    from checkpoint_nb.stores.index import Entry, Index, Row, Text

_MOST_KNOWN = 30_000


class DiskStore:
    """Keeps records in ``cache_dir``, which is made now. Many processes may share it.

    Parameters
    ----------
    cache_dir
        The directory; it must be, or become, the user's own.
    key_file
        The secret that seals entries; None for the user's own.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     store = DiskStore(pathlib.Path(place, "checkpoint"), pathlib.Path(place, "keys", "key"))
    ...     stored = store.objects.put([1, 2], "00ff00ff", "list", 0)
    ...     record = Record("k1", "load", "n1", "load()", {"": stored}, {}, 0.1, 0.0)
    ...     store.commit([record]).result()
    ...     found = store.lookup(["k1", "k2"])
    ...     print(store.clear(task="load").entries)
    ...     store.close()
    1
    >>> found == {"k1": record}
    True
    """

    def __init__(self, cache_dir: Path, key_file: Path | None = None) -> None:
        # Here and not above: importing diskcache takes as long as the rest of the package.
        from checkpoint_nb.stores.index import Index

        self._folder = Folder(Path(cache_dir))
        self._folder.prepare()
        self._listeners: list[Callable[[str, str], None]] = []
        tell = functools.partial(_tell, self._listeners)
        self._objects = FileObjects(self._folder.root, key_file)
        self._objects.rejected = tell
        self._secret = self._objects.secret
        self._known: dict[str, tuple[bytes, Record]] = {}
        self._index: Index = Index(self._folder, tell)
        self._thread = StoreThread["Entry | Text"](
            functools.partial(_write, self._index, self._objects)
        )
        # Runs when the store is dropped, and at exit while the thread still lives.
        self._end = weakref.finalize(self, self._thread.close, self._index.close)
        try:
            self._thread.ask(self._index.open)
        except BaseException:
            self._end()
            raise

    @property
    def objects(self) -> FileObjects:
        """Payloads, written and read in any process."""
        return self._objects

    def lookup(self, keys: Sequence[str]) -> dict[str, Record]:
        """All verified records among ``keys``, in one read; a damaged one is a miss."""
        rows = self._thread.ask(lambda: self._index.rows(keys))
        return {record.key: record for record in self._verified(rows)}

    def commit(self, records: Sequence[Record]) -> Future[None]:
        """Keep ``records``; durable when the future is done. Waiting commits share a transaction.

        The future fails with StoreUnavailable where they could not be kept.
        """
        from checkpoint_nb.stores.index import Entry

        return self._thread.post(
            [
                Entry(record.key, record.task, seal_row(record, self._secret), _files(record))
                for record in records
            ]
        )

    def records(self, task: str | None = None) -> Iterable[Record]:
        """Every record (of ``task``), the last stored first."""
        return self._verified(self._thread.ask(lambda: self._index.rows_of(task)))

    def keep_details(self, details: Mapping[str, str]) -> None:
        """Keep texts for people by the digest of what they tell about; soon, and if possible.

        They are written behind the commits that wait, without waiting for the disk.
        """
        from checkpoint_nb.stores.index import Text

        texts = [
            Text(digest, seal_text(digest, shortened(text), self._secret))
            for digest, text in details.items()
        ]
        if texts:
            with contextlib.suppress(StoreUnavailable):
                self._thread.post(texts)

    def details(self, digests: Iterable[str]) -> dict[str, str]:
        """Return the verified texts among ``digests``; a damaged one is left out."""
        wanted = list(digests)
        rows = self._thread.ask(lambda: self._index.texts(wanted))
        return _opened(rows, self._secret)

    def clear(
        self,
        *,
        task: str | None = None,
        nodes: Iterable[str] | None = None,
        keys: Iterable[str] | None = None,
    ) -> Freed:
        """Remove records for real, and each payload that nothing else refers to.

        See :class:`~checkpoint_nb.stores.interface.Store`; ``size`` of the answer counts inline
        payloads and the files that are gone.
        """
        if task is None and nodes is None and keys is None:
            return self._thread.ask(self._clear_everything)
        chosen_nodes = None if nodes is None else frozenset(nodes)
        chosen_keys = None if keys is None else frozenset(keys)
        return self._thread.ask(lambda: self._clear(task, chosen_nodes, chosen_keys))

    def usage(self) -> Usage:
        """How many records there are, and how many bytes on disk all of it takes."""
        entries = self._thread.ask(self._index.count)
        size = sum(size for _, size in self._objects.every())
        for file in self._folder.index.glob("*"):
            with contextlib.suppress(OSError):
                size += file.lstat().st_size
        return Usage(entries, size)

    def listen(self, rejected: Callable[[str, str], None]) -> None:
        """Call ``rejected(what, why)`` for each damaged or foreign entry met from now on."""
        self._listeners.append(rejected)

    def close(self) -> None:
        """Wait for commits under way and let go of the files."""
        self._end()

    def _verified(self, rows: Sequence[Row]) -> list[Record]:
        records, bad = [], []
        for key, value in rows:
            # A graph is looked up again and again; the same bytes need not be verified twice.
            known = self._known.get(key)
            if known is not None and known[0] == value:
                records.append(known[1])
                continue
            try:
                record = open_row(value, key, self._secret)
            except ForeignEntry as error:
                _tell(self._listeners, key, error.facts["reason"])
            except DamagedEntry as error:
                bad.append((key, value))
                self._folder.set_aside(key, error.facts["reason"], value)
                _tell(self._listeners, key, error.facts["reason"])
            else:
                records.append(record)
                self._known[key] = value, record
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        if bad:
            for digest in self._thread.ask(lambda: self._index.discard(bad)):
                self._objects.remove(digest)
        return records

    def _clear(
        self, task: str | None, nodes: frozenset[str] | None, keys: frozenset[str] | None
    ) -> Freed:
        index = self._index
        rows = index.rows_of(task) if nodes or keys is None else index.rows(sorted(keys))
        gone, size = [], 0
        for row in rows:
            record = self._read(row)
            if _is_meant(row[0], record, task, nodes, keys):
                gone.append(row[0])
                size += _inline_size(record)
        for digest in self._index.remove(gone):
            size += self._objects.remove(digest)
        return Freed(len(gone), size)

    def _clear_everything(self) -> Freed:
        rows = self._index.rows_of(None)
        size = sum(_inline_size(self._read(row)) for row in rows)
        self._index.remove_everything()
        size += sum(self._objects.remove(digest) for digest, _ in self._objects.every())
        return Freed(len(rows), size)

    def _read(self, row: Row) -> Record | None:
        with contextlib.suppress(DamagedEntry):
            return open_row(row[1], row[0], self._secret)
        return None


def _write(index: Index, objects: FileObjects, items: Sequence[Entry | Text]) -> None:
    from checkpoint_nb.stores.index import Entry, Text

    entries = [item for item in items if isinstance(item, Entry)]
    if entries:
        for digest in index.write(entries):
            objects.remove(digest)
    texts = {item.digest: item for item in reversed(items) if isinstance(item, Text)}
    if texts:
        with contextlib.suppress(Exception):  # whatever it is, results come first
            there = _opened(index.texts(texts), objects.secret)
            index.write_texts([texts[digest] for digest in texts.keys() - there.keys()])


def _opened(rows: Sequence[Row], secret: Secret) -> dict[str, str]:
    texts = {}
    for digest, row in rows:
        with contextlib.suppress(DamagedEntry):
            texts[digest] = open_text(row, digest, secret)
    return texts


def _tell(listeners: Sequence[Callable[[str, str], None]], what: str, why: str) -> None:
    for listener in tuple(listeners):
        listener(what, why)


def _files(record: Record) -> tuple[str, ...]:
    return tuple(out.payload for out in payloads_of(record.outputs) if out.inline is None)


def _inline_size(record: Record | None) -> int:
    outputs = payloads_of(record.outputs) if record else ()
    return sum(out.size for out in outputs if out.inline is not None)


def _is_meant(
    key: str,
    record: Record | None,
    task: str | None,
    nodes: frozenset[str] | None,
    keys: frozenset[str] | None,
) -> bool:
    if task is not None and record is not None and record.task != task:
        return False
    if nodes is None and keys is None:
        return True
    return key in (keys or ()) or (record is not None and record.node in (nodes or ()))
