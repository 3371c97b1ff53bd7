"""The sealed form of an object file; every byte is checked before a single one is unpickled.

::

    magic | length of header | header (JSON) | zeros up to 512 | payload | tag

The tag is keyed and covers everything before the payload; the header names the payload's own
digest and the digest the file is stored under, so neither can be exchanged.
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterable

import cloudpickle
from blake3 import blake3

from checkpoint_nb.errors import DamagedEntry
from checkpoint_nb.stores.payload import Chunk
from checkpoint_nb.stores.sealing import TAG_SIZE, Secret

_MAGIC = b"CKPTNB\1\n"
_LENGTH = struct.Struct("<I")
_HEAD_SIZE = 512
_LONGEST_HEADER = 64 * 1024
_WORTH_THREADS = 1 << 20
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


class ForeignEntry(DamagedEntry):
    """An entry that somebody else, or another Python, wrote: a miss, but left where it is."""


def file_size(payload_size: int) -> int:
    """Bytes of the object file around a payload of ``payload_size``."""
    return _HEAD_SIZE + payload_size + TAG_SIZE


def seal_entry(
    digest: str, chunks: Iterable[Chunk], size: int, secret: Secret, payload_digest: str = ""
) -> tuple[bytes, bytes]:
    """Return what goes before and what goes after the payload in ``chunks``.

    Parameters
    ----------
    digest
        What it is stored under.
    chunks, size
        The payload.
    secret
        What to seal it with.
    payload_digest
        The digest of the payload where it is known.

    Examples
    --------
    >>> secret = Secret(bytes(32))
    >>> before, after = seal_entry("ab12", [b"payload"], 7, secret)
    >>> bytes(open_entry(before + b"payload" + after, "ab12", secret))
    b'payload'
    """
    header = {
        "digest": digest,
        "format": 1,
        "key_id": secret.id.hex(),
        "payload_digest": payload_digest or digest_of(chunks, size),
        "payload_size": size,
        "versions": {"cloudpickle": cloudpickle.__version__, "python": _PYTHON},
    }
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    head = (_MAGIC + _LENGTH.pack(len(text)) + text).ljust(_HEAD_SIZE, b"\0")
    if len(head) != _HEAD_SIZE:
        raise ValueError("the digest is too long")
    return head, secret.tag("entry", head)


def open_entry(
    data: bytes | memoryview, digest: str, secret: Secret, *, verified: bool = False
) -> memoryview:
    """Return the payload in ``data``, a slice of it, after all checks.

    Parameters
    ----------
    data
        The whole file.
    digest
        The result digest it is looked up by.
    secret
        What it must be sealed with.
    verified
        These very bytes passed before, so the digest of the payload is not computed again.
    """
    view = memoryview(data)
    header = _header(view, digest, secret)
    size = header["payload_size"]
    if not isinstance(size, int) or len(view) != file_size(size):
        raise damaged(digest, "its length is not what it says")
    payload = view[_HEAD_SIZE : _HEAD_SIZE + size]
    if header["digest"] != digest:
        raise damaged(digest, "it is an entry of another result")
    if not verified and header["payload_digest"] != digest_of([payload], size):
        raise damaged(digest, "its payload does not have the digest it was stored with")
    versions = header["versions"]
    if not isinstance(versions, dict) or versions.get("python") != _PYTHON:
        raise ForeignEntry("A stored result is of another Python.", {"result": digest})
    return payload


def _header(view: memoryview, digest: str, secret: Secret) -> dict[str, object]:
    if len(view) < file_size(0) or bytes(view[: len(_MAGIC)]) != _MAGIC:
        raise damaged(digest, "it is not an entry of a known format")
    start = len(_MAGIC) + _LENGTH.size
    (length,) = _LENGTH.unpack_from(view, len(_MAGIC))
    if length > min(_LONGEST_HEADER, _HEAD_SIZE - start):
        raise damaged(digest, "its header is too long")
    try:
        header = json.loads(bytes(view[start : start + length]))
        key_id = header["key_id"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise damaged(digest, "its header cannot be read") from None
    if key_id != secret.id.hex():
        raise foreign(digest)
    if not secret.verifies("entry", view[:_HEAD_SIZE], view[-TAG_SIZE:]):
        raise damaged(digest, "its seal is broken")
    return dict(header)


def damaged(what: str, why: str) -> DamagedEntry:
    """Return the error for an entry that is not what was stored."""
    return DamagedEntry(
        "A stored result is damaged.",
        {"result": what, "reason": why},
        "It counts as missing: run the task again.",
    )


def foreign(what: str) -> ForeignEntry:
    """Return the error for an entry that another key sealed."""
    return ForeignEntry(
        "A stored result is not yours.",
        {"result": what, "reason": "sealed with another key"},
        "It counts as missing: run the task again.",
    )


def digest_of(chunks: Iterable[Chunk], size: int) -> str:
    """Return the digest of a payload of ``size`` bytes.

    Examples
    --------
    >>> digest_of([b"pay", b"load"], 7) == digest_of([b"payload"], 7)
    True
    """
    hasher = blake3(max_threads=blake3.AUTO) if size >= _WORTH_THREADS else blake3()
    for chunk in chunks:
        hasher.update(chunk)
    return hasher.hexdigest()
