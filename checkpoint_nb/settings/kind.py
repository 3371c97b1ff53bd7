"""What the parts of the settings have in common: read, put in force, tell apart, apply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

Part = Mapping[str, object]
"""What one kind of settings differs in from a fresh process, by name, as plain data."""

NOTHING: Final[Part] = {}


class Kind(Protocol):
    """One kind of settings of a process: of one library, or of Python itself."""

    name: str

    def read(self) -> Part:
        """Return what differs from a fresh process; the same object while nothing changed."""
        ...

    def put(self, wanted: Part) -> None:
        """Make the process differ from a fresh one in just this."""
        ...

    def difference(self, before: Part, after: Part) -> Part:
        """Return what turns ``before`` into ``after``; ``NOTHING`` where they are equal."""
        ...

    def apply(self, difference: Part) -> None:
        """Put a difference in force and leave everything else as it is."""
        ...
