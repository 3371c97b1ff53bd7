"""Payloads in files, named by digest, sealed, and read as maps."""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import re
import stat
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from checkpoint_nb.errors import DamagedEntry, MissingEntry, StoreError, StoreUnavailable
from checkpoint_nb.stores.entry import ForeignEntry, damaged, file_size, open_entry, seal_entry
from checkpoint_nb.stores.folder import Folder, create_file, sync_folder
from checkpoint_nb.stores.interface import Member, Stored
from checkpoint_nb.stores.payload import Payload, decode, encode, refusal
from checkpoint_nb.stores.sealing import O_CLOEXEC, O_NOFOLLOW, Secret, load_secret
from checkpoint_nb.stores.units import encode_unit, load_all, member_of, members_stored

_HEX = re.compile(r"[0-9a-f]{8,128}")
_MOST_REMEMBERED = 4096
_WORTH_A_MAP = 1 << 20

# Files this process has verified to the last byte, by what would change if they were touched.
_verified: dict[tuple[str, int, int, int, int], None] = {}


class FileObjects:
    """Payloads of one cache directory, for any process that can see it.

    Parameters
    ----------
    root
        The cache directory.
    key_file
        The secret that seals entries; None for the user's own.
    inline_limit
        Payloads up to so many bytes stay inside the record.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     objects = FileObjects(pathlib.Path(place), pathlib.Path(place, "key"), inline_limit=0)
    ...     stored = objects.put([1, 2], digest="00ff00ff", shown="list", compress_level=0)
    ...     objects.get(stored)
    [1, 2]
    """

    def __init__(
        self, root: Path, key_file: Path | None = None, inline_limit: int = 16 * 1024
    ) -> None:
        self._folder = Folder(Path(root))
        self._key_file = key_file
        self._inline_limit = inline_limit
        self._secret: Secret | None = None
        self.rejected: Callable[[str, str], None] | None = None

    def __reduce__(self) -> tuple[type[FileObjects], tuple[Path, Path | None, int]]:
        return FileObjects, (self._folder.root, self._key_file, self._inline_limit)

    @property
    def folders(self) -> tuple[str, ...]:
        """Where it reads and writes files: the cache directory."""
        return (str(self._folder.root),)

    @property
    def secret(self) -> Secret:
        """The secret, read at first use in each process."""
        if self._secret is None:
            self._secret = load_secret(self._key_file)
        return self._secret

    def path(self, digest: str) -> Path:
        """Where the payload named ``digest`` is or would be."""
        if not _HEX.fullmatch(digest):
            raise StoreError("A digest must be lower-case hex.", {"digest": repr(digest)[:80]})
        return self._folder.objects / digest[:2] / digest

    def put(self, value: object, digest: str, shown: str, compress_level: int) -> Stored:
        """Encode ``value``; small ones stay inline, others are durable in a file on return."""
        try:
            payload = encode(value, compress_level)
        except Exception as error:  # code of the user runs here
            raise refusal(value, error) from error
        if payload.size <= self._inline_limit:
            return Stored(digest, payload.size, shown, payload.join())
        # An intact file stays: other records know it by its size, which the level may change.
        kept = self._size_of_intact(digest)
        if kept is None:
            self._write(payload, digest)
        return Stored(digest, payload.size if kept is None else kept, shown)

    def put_unit(self, members: Mapping[str, Member], compress_level: int) -> dict[str, Stored]:
        """Encode several values into one payload; what they share, they share when they are back.

        Raises StoreError, with the name of the value that refuses as the fact ``member``.
        """
        payload, unit = encode_unit(members, compress_level)
        if payload.size <= self._inline_limit:
            return members_stored(members, unit, payload.size, payload.join())
        if self._size_of_intact(unit) is None:
            self._write(payload, unit, unit)
        return members_stored(members, unit, payload.size, None)

    def get(self, stored: Stored) -> object:
        """Return the value, verified first. Raises MissingEntry or DamagedEntry."""
        return member_of(self._loaded(stored), stored)

    def get_all(self, stored: Sequence[Stored]) -> list[object]:
        """Return several values; members of one unit come from one load and share what they did.

        The same result named twice is two objects.
        """
        return load_all(stored, self._loaded)

    def _loaded(self, stored: Stored) -> object:
        if stored.inline is not None:
            return decode_inline(stored)
        try:
            return decode(self._opened(stored.payload))
        except (StoreError, MemoryError):
            raise
        except Exception as error:
            raise self._refused(self.path(stored.payload), cannot_load(error)) from error

    def holds(self, stored: Stored) -> bool:
        """Whether the payload is there with the right size (a cheap look)."""
        if stored.inline is not None:
            return len(stored.inline) == stored.size
        try:
            status = os.lstat(self.path(stored.payload))
        except OSError:
            return False
        return stat.S_ISREG(status.st_mode) and status.st_size == file_size(stored.size)

    def intact(self, stored: Stored, *, remembered: bool = False) -> bool:
        """Whether the payload is there and verifies to the last byte; a bad one is moved aside.

        With ``remembered``, a file that this process verified and nobody wrote since will do.
        """
        if stored.inline is not None:
            return len(stored.inline) == stored.size
        return self._size_of_intact(stored.payload, remembered=remembered) == stored.size

    def remove(self, digest: str) -> int:
        """Remove the file of ``digest``; return how many bytes that freed."""
        try:
            path = self.path(digest)
            size = os.lstat(path).st_size
            path.unlink()
        except (OSError, StoreError):  # a row may say anything; only a digest names a file
            return 0
        return size

    def every(self) -> Iterator[tuple[str, int]]:
        """Digest and bytes on disk of every object file."""
        for path in self._folder.objects.glob("??/*"):
            with contextlib.suppress(OSError):
                yield path.name, path.lstat().st_size

    def _size_of_intact(self, digest: str, *, remembered: bool = False) -> int | None:
        try:
            return len(self._opened(digest, remembered=remembered))
        except (MissingEntry, DamagedEntry):
            return None

    def _opened(self, digest: str, *, remembered: bool = True) -> memoryview:
        path = self.path(digest)
        try:
            descriptor = os.open(path, os.O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise self._refused(path, "it is a symbolic link") from None
            raise _missing(digest, error) from None
        try:
            return self._mapped(descriptor, path, remembered)
        except ForeignEntry as error:
            self._tell(digest, error.facts.get("reason", error.headline))
            raise
        except DamagedEntry as error:
            raise self._refused(path, error.facts["reason"]) from None
        except OSError as error:
            raise _missing(digest, error) from error
        finally:
            os.close(descriptor)

    def _mapped(self, descriptor: int, path: Path, remembered: bool) -> memoryview:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size < file_size(0):
            raise damaged(path.name, "it is not an entry of a known format")
        if hasattr(os, "geteuid") and status.st_uid != os.geteuid():
            raise damaged(path.name, "it belongs to another user")
        data = _map(descriptor) if status.st_size >= _WORTH_A_MAP else _read(descriptor)
        seen = (
            str(path),
            status.st_ino,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
        )
        payload = open_entry(
            data, path.name, self.secret, verified=remembered and seen in _verified
        )
        _verified[seen] = None
        while len(_verified) > _MOST_REMEMBERED:
            _verified.pop(next(iter(_verified)), None)
        return payload

    def _refused(self, path: Path, reason: str) -> DamagedEntry:
        self._folder.set_aside(path.name, reason, path)
        self._tell(path.name, reason)
        return damaged(path.name, reason)

    def _tell(self, what: str, why: str) -> None:
        if self.rejected is not None:
            self.rejected(what, why)

    def _write(self, payload: Payload, digest: str, payload_digest: str = "") -> None:
        sealed = seal_entry(digest, payload.chunks, payload.size, self.secret, payload_digest)
        before, after = sealed
        path = self.path(digest)
        draft = self._folder.tmp / f"{os.getpid()}-{uuid.uuid4().hex}.part"
        try:
            self._make_room(path.parent)
            try:
                with os.fdopen(create_file(draft), "wb") as file:
                    for chunk in (before, *payload.chunks, after):
                        file.write(chunk)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(draft, path)
            except BaseException:
                with contextlib.suppress(OSError):
                    draft.unlink()
                raise
            sync_folder(path.parent)
        except OSError as error:
            raise StoreUnavailable(
                "A result could not be stored.",
                {"result": digest, "bytes": payload.size, "reason": error},
                "Make room, or clear results that are not needed.",
            ) from error

    def _make_room(self, parent: Path) -> None:
        if not parent.is_dir() or not self._folder.tmp.is_dir():
            self._folder.prepare()
            parent.mkdir(mode=0o700, exist_ok=True)
            sync_folder(self._folder.objects)


def decode_inline(stored: Stored) -> object:
    """Return what is in an inline payload; it was verified with its record.

    Examples
    --------
    >>> decode_inline(Stored("d1", 3, "", inline=encode([1]).join()))
    [1]
    """
    assert stored.inline is not None
    try:
        # A copy, so that an array in it may be written to and the record stays as it is.
        return decode(bytearray(stored.inline))
    except MemoryError:
        raise
    except Exception as error:
        raise damaged(stored.payload, cannot_load(error)) from error


def cannot_load(error: Exception) -> str:
    """Return the reason to give where unpickling failed, with a new version of a class say."""
    return f"it cannot be loaded: {type(error).__name__}: {error}"


def _map(descriptor: int) -> memoryview:
    # Copy on write: an array may be changed in place, and the file never hears of it.
    if sys.version_info >= (3, 13):
        return memoryview(mmap.mmap(descriptor, 0, access=mmap.ACCESS_COPY, trackfd=False))
    return memoryview(mmap.mmap(descriptor, 0, access=mmap.ACCESS_COPY))


def _read(descriptor: int) -> memoryview:
    # A map would hold a descriptor open for as long as the value lives.
    content = bytearray(os.fstat(descriptor).st_size)
    with open(descriptor, "rb", closefd=False) as file:
        size = file.readinto(content)
    return memoryview(content)[:size]


def _missing(digest: str, error: OSError) -> MissingEntry:
    return MissingEntry(
        "A stored result is not there.",
        {"result": digest, "reason": error.strerror},
        "Run the task again.",
    )
