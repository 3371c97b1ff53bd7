"""The sealed form of a record: one row of the index, small results inside.

::

    magic, key id, times, lengths | words | parts (JSON) | log | inline payloads | tag

The tag is keyed and covers all of it. Words are split at zeros and parts are parsed only when
somebody asks why, since ten thousand rows are read at once. An output says where its payload is:
``file``, ``inline``, or, in a unit, ``file``, ``inline`` or ``with`` (an earlier output of this
row) followed by the digest of the unit and the name of the member.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping

from checkpoint_nb.parts import Part
from checkpoint_nb.stores.entry import damaged, foreign
from checkpoint_nb.stores.interface import Record, Stored
from checkpoint_nb.stores.sealing import TAG_SIZE, Secret

_MAGIC = b"CKPTROW\2"
_HEAD = struct.Struct("<8s8sddIII")  # magic, key id, seconds, created, three lengths
_BETWEEN, _FILE, _INLINE, _WITH = "\0", "file", "inline", "with"


class SleepingParts(Mapping[str, Part]):
    """Parts of a key, parsed at the first look.

    Examples
    --------
    >>> SleepingParts(b'{"code": ["d1", "def f"]}')["code"].shown
    'def f'
    """

    __slots__ = ("_awake", "_text")

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._awake: dict[str, Part] | None = None

    def _parsed(self) -> dict[str, Part]:
        if self._awake is None:
            said = json.loads(self._text)
            self._awake = {label: Part(digest, shown) for label, (digest, shown) in said.items()}
        return self._awake

    def __getitem__(self, label: str) -> Part:
        return self._parsed()[label]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parsed())

    def __len__(self) -> int:
        return len(self._parsed())

    def __repr__(self) -> str:
        return repr(self._parsed())


def seal_row(record: Record, secret: Secret) -> bytes:
    """Return ``record`` as the bytes of a row.

    Examples
    --------
    >>> secret = Secret(bytes(32))
    >>> stored = Stored("d1", 3, "int 7", inline=b"...")
    >>> record = Record("k1", "load", "n1", "load(7)", {"": stored}, {}, 0.5, 0.0)
    >>> open_row(seal_row(record, secret), "k1", secret) == record
    True
    """
    words = [record.key, record.task, record.node, _shown(record.label)]
    words.append(str(len(record.observed)))
    for path, digest in record.observed.items():
        words += (path, digest)
    inline: dict[str, bytes] = {}
    for name, out in record.outputs.items():
        place = _FILE if out.inline is None else _WITH if out.unit in inline else _INLINE
        where = f"{place} {out.unit} {out.member}" if out.unit else place
        words += (name, out.digest, _shown(out.shown), str(out.size), where)
        if out.inline is not None:
            if len(out.inline) != out.size:
                raise ValueError("an inline payload must have the size it is said to have")
            inline.setdefault(out.unit or f" {name}", out.inline)
    if any(_BETWEEN in word for word in words):
        raise ValueError("a name or a digest has a zero character in it")
    said = _encoded(_BETWEEN.join(words))
    parts = _json({label: (part.digest, part.shown) for label, part in record.parts.items()})
    log = _encoded(record.log)
    times = (record.seconds, record.created)
    head = _HEAD.pack(_MAGIC, secret.id, *times, len(said), len(parts), len(log))
    row = b"".join((head, said, parts.encode(), log, *inline.values()))
    return row + secret.tag("row", row)


def open_row(row: bytes, key: str, secret: Secret) -> Record:
    """Return the record in ``row``, stored under ``key``, after all checks.

    Raises DamagedEntry, or ForeignEntry when another key sealed it.
    """
    if len(row) < _HEAD.size + TAG_SIZE or not row.startswith(_MAGIC):
        raise damaged(key, "its row is not one of a known format")
    _, key_id, seconds, created, said, parts, log = _HEAD.unpack_from(row)
    if key_id != secret.id:
        raise foreign(key)
    if not secret.verifies("row", row[:-TAG_SIZE], row[-TAG_SIZE:]):
        raise damaged(key, "the seal of its row is broken")
    at = _HEAD.size + said
    own, task, node, label, count, *words = _decoded(row[_HEAD.size : at]).split(_BETWEEN)
    seen = 2 * int(count)
    observed = dict(zip(words[:seen:2], words[1:seen:2], strict=True))
    if own != key:
        raise damaged(key, "its row is one of another key")
    sleeping = SleepingParts(row[at : at + parts])
    at += parts + log
    text = _decoded(row[at - log : at]) if log else ""
    outputs: dict[str, Stored] = {}
    units: dict[str, bytes] = {}
    for name, digest, shown, length, where in zip(*[iter(words[seen:])] * 5, strict=True):
        size, inline = int(length), None
        place, unit, member = where.split(" ", 2) if " " in where else (where, "", "")
        if place == _INLINE:
            inline = row[at : at + size]
            at += size
            units[unit] = inline
        elif place == _WITH:
            inline = units[unit]
        outputs[name] = Stored(digest, size, shown, inline, unit, member)
    return Record(key, task, node, label, outputs, sleeping, seconds, created, text, observed)


_json = json.JSONEncoder(separators=(",", ":")).encode


def _shown(text: str) -> str:
    return text.replace(_BETWEEN, "\N{SYMBOL FOR NULL}")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")
