"""The cache directory: its layout, who may look into it, and where bad entries go."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from checkpoint_nb.errors import StoreUnavailable
from checkpoint_nb.stores.sealing import O_CLOEXEC, O_NOFOLLOW

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_FORMAT = "checkpoint_nb cache, format 1\n"
_FILES = {
    "FORMAT": _FORMAT,
    ".gitignore": "*\n",
    "CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This directory is a cache made by checkpoint_nb; it may be removed at any time.\n",
}


@dataclass(frozen=True, slots=True)
class Folder:
    """A cache directory.

    Parameters
    ----------
    root
        The directory itself; ``prepare`` makes it.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folder = Folder(pathlib.Path(place, "checkpoint"))
    ...     folder.prepare()
    ...     sorted(path.name for path in folder.root.iterdir() if path.is_dir())
    ['index', 'objects', 'quarantine', 'tmp']
    """

    root: Path

    @property
    def index(self) -> Path:
        """Where diskcache lives, alone."""
        return self.root / "index"

    @property
    def objects(self) -> Path:
        """Where payloads live, by digest."""
        return self.root / "objects"

    @property
    def tmp(self) -> Path:
        """Where files are written before they get their name."""
        return self.root / "tmp"

    @property
    def quarantine(self) -> Path:
        """Where bad entries go."""
        return self.root / "quarantine"

    def prepare(self) -> None:
        """Make what is missing; refuse a directory that is a link or of another user."""
        try:
            self.root.parent.mkdir(parents=True, exist_ok=True)
            for folder in (self.root, self.index, self.objects, self.tmp, self.quarantine):
                _own(folder)
            with self.locked():
                for name, text in _FILES.items():
                    _write_once(self.root / name, text)
            said = (self.root / "FORMAT").read_text("utf-8")
        except OSError as error:
            raise _unusable(self.root, str(error)) from error
        if said != _FORMAT:
            raise _unusable(self.root, f"it says {said.strip()[:60]!r}: another version made it")

    def identity(self) -> tuple[int, ...] | None:
        """Tell this directory and its index from others of the same name; None: it is gone."""
        try:
            found = [os.lstat(self.root / "FORMAT"), os.lstat(self.index / "cache.db")]
        except OSError:
            return None
        return tuple(number for status in found for number in (status.st_dev, status.st_ino))

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from preparing or opening the same directory meanwhile."""
        flags = os.O_RDWR | os.O_CREAT | O_NOFOLLOW | O_CLOEXEC
        descriptor = os.open(self.root / "lock", flags, 0o600)
        try:
            if fcntl is not None:
                with contextlib.suppress(OSError):  # a file system without locks
                    fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def set_aside(self, what: str, why: str, found: Path | bytes) -> None:
        """Move a bad file, or write a bad row, to the quarantine, with the reason beside it."""
        place = self.quarantine / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{what[:80]}"
        with contextlib.suppress(OSError):
            if isinstance(found, Path):
                os.replace(found, place)
            else:
                _write(place, found)
            _write(place.with_name(place.name + ".json"), json.dumps({"reason": why}).encode())


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` last."""
    with contextlib.suppress(PermissionError):  # Windows cannot
        descriptor = os.open(folder, os.O_RDONLY | O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def create_file(path: Path) -> int:
    """Open a new file that nobody else may read and that no link leads to."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | O_NOFOLLOW | O_CLOEXEC
    return os.open(path, flags | getattr(os, "O_BINARY", 0), 0o600)


def _own(folder: Path) -> None:
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise _unusable(folder, "it is a link or a file, not a directory")
    if hasattr(os, "geteuid"):
        if status.st_uid != os.geteuid():
            raise _unusable(folder, "it belongs to another user")
        if stat.S_IMODE(status.st_mode) & 0o077:
            folder.chmod(0o700)


def _write_once(path: Path, text: str) -> None:
    if not path.exists():
        draft = path.with_name(f".{uuid.uuid4().hex}")
        _write(draft, text.encode())
        os.replace(draft, path)


def _write(path: Path, data: bytes) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    with os.fdopen(create_file(path), "wb") as file:
        file.write(data)


def _unusable(path: Path, reason: str) -> StoreUnavailable:
    return StoreUnavailable(
        "The cache directory cannot be used.",
        {"directory": path, "reason": reason},
        "Set CP_CACHE_DIR to a directory of your own, or move this one away.",
    )
