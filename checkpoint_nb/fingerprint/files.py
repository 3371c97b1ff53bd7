"""What is in declared files and folders, by content."""

from __future__ import annotations

import glob
import os
import stat
import threading
import time
from collections.abc import Iterator
from typing import Final

from blake3 import blake3

from checkpoint_nb.errors import DeclarationError
from checkpoint_nb.fingerprint.tokens import node, size, text
from checkpoint_nb.parts import Part

_WILD: Final = frozenset("*?[")
_FRESH: Final = 2.0
"""Seconds. A file changed so lately may change again without its time showing it (git's "racy"
entries), so its digest is not remembered."""

_Look = tuple[int, int, int, int, int]
_known: Final[dict[str, tuple[_Look, str]]] = {}
_lock: Final = threading.Lock()


def file_part(path: str) -> Part:
    """Return the part of a key for a declared file, a folder, or a pattern such as ``data/*.csv``.

    A folder counts with the names and the content of all files below it, a pattern with those of
    all it matches. Names that begin with a dot and ``__pycache__`` do not count inside folders.

    Raises
    ------
    DeclarationError
        When nothing is there, or it cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pathlib.Path(folder, "a.csv").write_text("1,2")
    ...     print(file_part(f"{folder}/a.csv").shown, "|", file_part(folder).shown)
    3 bytes | 1 file, 3 bytes
    """
    try:
        if os.path.isdir(path):
            return _many(path, sorted(_below(path)))
        if not os.path.lexists(path) and not _WILD.isdisjoint(path):
            found = sorted(glob.glob(path, recursive=True))
            if not found:
                raise _missing(path, "No file matches")
            return _many(os.path.dirname(glob.escape(path)) or ".", _files(found))
        digest, length = _content(path)
        return Part(digest, f"{length:,} bytes")
    except FileNotFoundError:
        raise _missing(path, "There is no file") from None
    except OSError as error:
        raise DeclarationError(
            f"The declared file {path} cannot be read.",
            {"path": os.path.abspath(path), "because": error.strerror or error},
        ) from error


def observed_digest(path: str) -> str:
    """Return the digest of what is in a file, or which names are in a folder; ``""``: not there.

    Examples
    --------
    >>> observed_digest("/no/such/file")
    ''
    """
    try:
        if os.path.isdir(path):
            names = sorted(name for name in os.listdir(path) if _counts(name))
            return node(b"names", b"".join(map(text, names))).hex()
        return _content(path)[0]
    except OSError:
        return ""


def _missing(path: str, what: str) -> DeclarationError:
    return DeclarationError(
        f"{what} {path}, which is declared as read.",
        {"path": os.path.abspath(path)},
        "Relative paths start at the current directory. A file that an upstream task writes is "
        "looked for when that task is done.",
    )


def _files(found: list[str]) -> list[str]:
    files: list[str] = []
    for one in found:
        files += sorted(_below(one)) if os.path.isdir(one) else [one]
    return list(dict.fromkeys(files))


def _below(folder: str) -> Iterator[str]:
    entered: set[str] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in entered:
            folders.clear()
            continue
        entered.add(real)
        folders[:] = [name for name in folders if _counts(name)]
        yield from (os.path.join(place, name) for name in names if _counts(name))


def _counts(name: str) -> bool:
    return not name.startswith(".") and name != "__pycache__"


def _many(start: str, paths: list[str]) -> Part:
    words: list[bytes] = []
    total = 0
    for path in paths:
        digest, length = _content(path)
        total += length
        name = os.path.relpath(path, start).replace(os.sep, "/")
        words += (text(name), bytes.fromhex(digest))
    shown = f"{len(paths):,} file{'' if len(paths) == 1 else 's'}, {total:,} bytes"
    return Part(node(b"files" + size(len(paths)), b"".join(words)).hex(), shown)


def _content(path: str) -> tuple[str, int]:
    """Return digest and size of a file's content; read again only when it may have changed."""
    now = time.time()
    found = os.stat(path)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(f"it is no regular file: {path}")
    look = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    real = os.path.realpath(path)
    with _lock:
        known = _known.get(real)
    if known is not None and known[0] == look:
        return known[1], found.st_size
    hasher = blake3(max_threads=blake3.AUTO)
    with open(path, "rb") as file:
        if found.st_size:
            hasher.update_mmap(file.name) if found.st_size > 1 << 20 else hasher.update(file.read())
    digest = node(b"file", hasher.digest()).hex()
    settled = now - max(found.st_mtime, found.st_ctime) > _FRESH
    with _lock:
        if settled:
            _known[real] = (look, digest)
        else:
            _known.pop(real, None)
    return digest, found.st_size
