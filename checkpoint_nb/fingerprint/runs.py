"""Writes long sequences of plain items type by type, at the speed of the memory they take."""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from checkpoint_nb.fingerprint.tokens import LEAVES, SCALARS, content, size

LONG_RUN: Final = 64
_DEPTH: Final = 3
_NAN: Final = float("nan")


def _numbers(code: str, items: Iterable[Any]) -> bytes:
    packed = array(code, items)
    if sys.byteorder == "big":
        packed.byteswap()
    return content(memoryview(packed).cast("B"))


def _ints(items: Sequence[int]) -> bytes:
    try:
        return b"q" + _numbers("q", items)
    except OverflowError:
        return b"L" + content(b"".join(map(SCALARS[int], items)))


def _floats(items: Sequence[float]) -> bytes:
    if math.isnan(sum(items)):
        items = [one if one == one else _NAN for one in items]
    return _numbers("d", items)


def _texts(items: Sequence[str]) -> bytes:
    joined = "\0".join(items)
    if joined.count("\0") == len(items) - 1:
        return b"0" + content(joined.encode("utf-8", "surrogatepass"))
    return (
        b"1"
        + _numbers("q", map(len, items))
        + content("".join(items).encode("utf-8", "surrogatepass"))
    )


def _blobs(items: Sequence[bytes]) -> bytes:
    return _numbers("q", map(len, items)) + content(b"".join(items))


_KINDS: Final[dict[type, tuple[int, Callable[[Any], bytes]]]] = {
    type(None): (ord("0"), lambda _: b""),
    bool: (ord("T"), lambda items: content(bytes(items))),
    int: (ord("i"), _ints),
    float: (ord("f"), _floats),
    str: (ord("s"), _texts),
    bytes: (ord("b"), _blobs),
}
_CODES: Final = {cls: code for cls, (code, _) in _KINDS.items()}


def flat(value: object, depth: int = _DEPTH) -> bytes | None:
    """Return the bytes of a short list or dictionary of plain values, ``None`` for anything else.

    It stands inside what holds it, like a leaf, though it is none: it can change in place.

    Examples
    --------
    >>> flat([1, {"a": [2]}]) is None, flat([len]) is None, flat(range(2)) is None
    (False, True, True)
    """
    items: Sequence[object]
    if type(value) is list and len(value) < LONG_RUN:
        tag, items = b"[", value
    elif type(value) is dict and len(value) < LONG_RUN // 2:
        tag, items = b"{", [one for item in value.items() for one in item]
    else:
        return None
    parts = [tag, size(len(items))]
    for item in items:
        write = LEAVES.get(type(item))
        local = write(item) if write is not None else None
        if local is None and depth:
            local = flat(item, depth - 1)
        if local is None:
            return None
        parts.append(local)
    return b"".join(parts)


def run(items: Sequence[object]) -> bytes | None:
    """Return the bytes of a long sequence of plain items, ``None`` when an item is not plain.

    Examples
    --------
    >>> run(["a", "bc"]) == run(["ab", "c"])
    False
    >>> run([1, []]) is None
    True
    """
    found = set(map(type, items))
    if not found <= _CODES.keys():
        return None
    kinds = [cls for cls in _CODES if cls in found]
    parts = [b"run", size(len(items)), bytes(_CODES[cls] for cls in kinds)]
    if len(kinds) == 1:
        parts.append(_KINDS[kinds[0]][1](items))
        return b"".join(parts)
    parts.append(content(bytes(map(_CODES.__getitem__, map(type, items)))))
    parts += [_KINDS[cls][1]([one for one in items if type(one) is cls]) for cls in kinds]
    return b"".join(parts)
