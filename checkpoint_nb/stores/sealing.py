"""The secret that seals what this user stores, and where it is kept."""

from __future__ import annotations

import contextlib
import hmac
import os
import stat
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs
from blake3 import blake3

from checkpoint_nb.errors import StoreUnavailable

TAG_SIZE = 32
_SECRET_SIZE = 32
_MODE_OF_OTHERS = 0o077
O_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
O_CLOEXEC = getattr(os, "O_CLOEXEC", 0)

_read: dict[tuple[str, int, int, int], Secret] = {}


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret and what is derived from it: one key for each kind of seal, and its public name.

    Parameters
    ----------
    key
        The 32 bytes themselves.

    Examples
    --------
    >>> secret = Secret(bytes(32))
    >>> secret.verifies("row", b"data", secret.tag("row", b"data"))
    True
    >>> secret.verifies("entry", b"data", secret.tag("row", b"data"))
    False
    """

    key: bytes = field(repr=False)
    id: bytes = field(init=False)
    _keys: dict[str, bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        keys = {kind: _derived(self.key, f"seal of a {kind}") for kind in ("row", "entry", "text")}
        object.__setattr__(self, "_keys", keys)
        object.__setattr__(self, "id", _derived(self.key, "name of a key")[:8])

    def tag(self, kind: str, data: bytes | memoryview) -> bytes:
        """Return the seal of ``data`` as a ``"row"``, an ``"entry"`` or a ``"text"``."""
        return blake3(data, key=self._keys[kind]).digest()

    def verifies(self, kind: str, data: bytes | memoryview, tag: bytes | memoryview) -> bool:
        """Whether ``tag`` is the seal of ``data``."""
        return hmac.compare_digest(self.tag(kind, data), tag)


def _derived(key: bytes, purpose: str) -> bytes:
    return blake3(key, derive_key_context=f"checkpoint_nb v1: {purpose}").digest()


def load_secret(file: Path | None = None) -> Secret:
    """Read the secret in ``file`` (the user's own by default), made now where there is none.

    Raises StoreUnavailable when others may read it, or it is not a plain file of 32 bytes.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "user.key")
    ...     load_secret(file) == load_secret(file)
    True
    """
    path = file or Path(platformdirs.user_config_dir("checkpoint_nb"), "keys", "user.key")
    try:
        try:
            return _from_file(path)
        except FileNotFoundError:
            _make(path)
            return _from_file(path)
    except OSError as error:
        reason = "it is a symbolic link" if path.is_symlink() else str(error)
        raise _refused(path, reason) from error


def _from_file(path: Path) -> Secret:
    descriptor = os.open(path, os.O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        reason = _why_not(status)
        if reason:
            raise _refused(path, reason)
        where = (os.fspath(path), status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
        if where not in _read:
            _read[where] = Secret(os.read(descriptor, _SECRET_SIZE))
        return _read[where]
    finally:
        os.close(descriptor)


def _why_not(status: os.stat_result) -> str:
    if not stat.S_ISREG(status.st_mode):
        return "it is not a plain file"
    if hasattr(os, "geteuid"):
        if status.st_uid != os.geteuid():
            return "it belongs to another user"
        if status.st_mode & _MODE_OF_OTHERS:
            return f"other users may read it (mode {stat.S_IMODE(status.st_mode):04o})"
    if status.st_size != _SECRET_SIZE:
        return f"it has {status.st_size} bytes instead of {_SECRET_SIZE}"
    return ""


def _make(path: Path) -> None:
    path.parent.parent.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    # Whole or not at all: of two processes that make it at once, both read the one that won.
    draft = path.parent / f".{uuid.uuid4().hex}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | O_NOFOLLOW | O_CLOEXEC
    descriptor = os.open(draft, flags, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(_SECRET_SIZE))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()


def _refused(path: Path, reason: str) -> StoreUnavailable:
    return StoreUnavailable(
        "The key that seals stored results cannot be used.",
        {"file": path, "reason": reason},
        "Make it readable by you alone (chmod 600), or move it away: a new one is made then, "
        "and results sealed with the old one are computed again.",
    )
