"""Writes small plain values as typed, length-prefixed bytes that mean the same everywhere."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final

from blake3 import blake3

Leaf = Callable[[Any], bytes | None]

LONG: Final = 1 << 16
FLAT: Final = 16
_QUIET_NAN: Final = struct.pack("<d", float("nan"))[:6] + b"\xf8\x7f"
_DOUBLE: Final = struct.Struct("<d").pack


def size(count: int) -> bytes:
    r"""Return ``count`` as eight bytes.

    Examples
    --------
    >>> size(3)
    b'\x03\x00\x00\x00\x00\x00\x00\x00'
    """
    return count.to_bytes(8, "little")


def sized(data: bytes) -> bytes:
    """Return ``data`` behind its length.

    Examples
    --------
    >>> sized(b"ab")[8:]
    b'ab'
    """
    return len(data).to_bytes(8, "little") + data


def text(words: str) -> bytes:
    r"""Return ``words`` as length-prefixed UTF-8; lone surrogates pass.

    Examples
    --------
    >>> text("ä")[8:]
    b'\xc3\xa4'
    """
    return sized(words.encode("utf-8", "surrogatepass"))


def content(data: object) -> bytes:
    """Return the 32-byte blake3 digest of a buffer, with all cores when it is large.

    Examples
    --------
    >>> len(content(b"abc"))
    32
    """
    view = memoryview(data)  # type: ignore[arg-type]
    threads = blake3.AUTO if view.nbytes > LONG * 8 else 1
    return blake3(view, max_threads=threads).digest()


def _int(value: int) -> bytes:
    if 0 <= value < len(_SMALL_INTS):
        return _SMALL_INTS[value]
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"i" + len(data).to_bytes(8, "little") + data


_SMALL_INTS: list[bytes] = []
_SMALL_INTS.extend([_int(value) for value in range(256)])
"""The bytes of the whole numbers that are met most."""


def _float(value: float) -> bytes:
    return b"f" + (_DOUBLE(value) if value == value else _QUIET_NAN)


def _complex(value: complex) -> bytes:
    return b"c" + _float(value.real) + _float(value.imag)


def _blob(tag: bytes, data: bytes | bytearray) -> bytes:
    length = len(data)
    if length > LONG:
        return tag.upper() + length.to_bytes(8, "little") + content(data)
    return tag + length.to_bytes(8, "little") + data


def _tuple(value: tuple[object, ...]) -> bytes | None:
    """Return the bytes of a short tuple of scalars; other tuples are nodes of the graph."""
    if len(value) > FLAT:
        return None
    parts = [b"(", len(value).to_bytes(8, "little")]
    for item in value:
        write = SCALARS.get(type(item))
        if write is None:
            return None
        parts.append(write(item))
    return b"".join(parts)


SCALARS: Final[dict[type, Callable[[Any], bytes]]] = {
    type(None): lambda _: b"0",
    bool: lambda value: b"T" if value else b"U",
    type(Ellipsis): lambda _: b".",
    type(NotImplemented): lambda _: b"!",
    int: _int,
    float: _float,
    complex: _complex,
    str: lambda value: _blob(b"s", value.encode("utf-8", "surrogatepass")),
    bytes: lambda value: _blob(b"b", value),
    bytearray: lambda value: _blob(b"y", value),
}

LEAVES: Final[dict[type, Leaf]] = {**SCALARS, tuple: _tuple}


def leaf(value: object) -> bytes | None:
    """Return the bytes of a plain value, or ``None`` when it needs a node of its own.

    Examples
    --------
    >>> leaf(True) == leaf(1)
    False
    >>> leaf([1]) is None
    True
    """
    write = LEAVES.get(type(value))
    return write(value) if write is not None else None


def node(local: bytes, children: bytes = b"") -> bytes:
    """Return the digest of a node: its own bytes, then the digests of its children.

    Examples
    --------
    >>> node(b"a") == node(b"a", b"")
    True
    """
    return blake3(len(local).to_bytes(8, "little") + local + children).digest()
