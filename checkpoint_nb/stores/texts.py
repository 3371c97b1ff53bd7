"""The sealed form of a text for people, kept by the digest of what it tells about.

::

    magic | key id | text (UTF-8) | tag

The tag is keyed and covers the digest too, so that no text can stand in for another.
"""

from __future__ import annotations

from typing import Final

from checkpoint_nb.stores.entry import damaged, foreign
from checkpoint_nb.stores.sealing import TAG_SIZE, Secret

LONGEST: Final = 20_000
"""Characters of a text; more are cut."""

_MAGIC: Final = b"CKPTTXT\1"
_NAMED: Final = len(_MAGIC) + 8


def shortened(text: str) -> str:
    r"""Return ``text``, cut where it is too long to keep, with a last line that says so.

    Examples
    --------
    >>> shortened("x = 1\n")
    'x = 1\n'
    >>> shortened("long line\n" * 3000).splitlines()[-1]
    '… 10,000 more characters'
    """
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST].rstrip()}\n… {len(text) - LONGEST:,} more characters"


def seal_text(digest: str, text: str, secret: Secret) -> bytes:
    """Return ``text`` as the bytes of a row.

    Examples
    --------
    >>> secret = Secret(bytes(32))
    >>> open_text(seal_text("ab12", "def f(): ...", secret), "ab12", secret)
    'def f(): ...'
    """
    row = _MAGIC + secret.id + text.encode("utf-8", "surrogatepass")
    return row + secret.tag("text", _covered(digest, row))


def open_text(row: bytes, digest: str, secret: Secret) -> str:
    """Return the text in ``row``, stored under ``digest``, after all checks.

    Raises DamagedEntry, or ForeignEntry when another key sealed it.
    """
    if len(row) < _NAMED + TAG_SIZE or not row.startswith(_MAGIC):
        raise damaged(digest, "its text is not one of a known format")
    if row[len(_MAGIC) : _NAMED] != secret.id:
        raise foreign(digest)
    if not secret.verifies("text", _covered(digest, row[:-TAG_SIZE]), row[-TAG_SIZE:]):
        raise damaged(digest, "the seal of its text is broken")
    return row[_NAMED:-TAG_SIZE].decode("utf-8", "surrogatepass")


def _covered(digest: str, row: bytes) -> bytes:
    name = digest.encode("utf-8", "surrogatepass")
    return len(name).to_bytes(8, "little") + name + row
