"""The labelled parts of a key."""

from __future__ import annotations

from typing import Final, NamedTuple

HIDDEN: Final = "•••"
"""Shown in place of what must never be shown."""


class Part(NamedTuple):
    """One labelled part of a key: its digest, and what of it may be shown to people.

    Parameters
    ----------
    digest
        Hex digest; two parts are the same when their digests are.
    shown
        A few safe words: ``10``, ``ndarray (1797, 64) float64``, ``2.4.6``.
    """

    digest: str
    shown: str = ""
