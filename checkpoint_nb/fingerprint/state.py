"""The digest of data where it lives: what guards work inside it counts by type."""

from __future__ import annotations

from checkpoint_nb.fingerprint.tokens import LEAVES, node
from checkpoint_nb.fingerprint.walk import Graph


def state_digest(value: object) -> str:
    """Return the digest of a value that code reaches by name; it may hold locks and the like.

    Raises
    ------
    FingerprintError
        For what has no lasting content: generators, open files. Nothing is read from it.

    Examples
    --------
    >>> import threading
    >>> state_digest([1, threading.Lock()]) == state_digest([1, threading.Lock()])
    True
    """
    write = LEAVES.get(type(value))
    local = write(value) if write is not None else None
    if local is not None:
        return node(local).hex()
    graph = Graph()
    graph.reach(value, by_code=True)
    return graph.digests()[0].hex()
