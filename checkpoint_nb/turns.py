"""Runs that have nodes in common follow each other; others go side by side."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class Ticket:
    """A place in the queue."""

    nodes: frozenset[str]


class Turns:
    """Gives runs their turns, in the order in which they asked.

    Examples
    --------
    >>> turns = Turns()
    >>> first, second = turns.ask({"a"}), turns.ask({"b"})
    >>> with turns.had(second):  # has nothing in common with the first
    ...     pass
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._asked: list[Ticket] = []

    def ask(self, nodes: Collection[str]) -> Ticket:
        """Queue for a turn with ``nodes``; the answer is to be given to :meth:`had`."""
        ticket = Ticket(frozenset(nodes))
        with self._changed:
            self._asked.append(ticket)
        return ticket

    @contextmanager
    def had(self, ticket: Ticket) -> Iterator[None]:
        """Wait until nobody who asked before needs any of the same nodes."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_next(ticket))
        try:
            yield
        finally:
            with self._changed:
                self._asked = [other for other in self._asked if other is not ticket]
                self._changed.notify_all()

    def _is_next(self, ticket: Ticket) -> bool:
        for other in self._asked:
            if other is ticket:
                return True
            if not ticket.nodes.isdisjoint(other.nodes):
                return False
        return True
