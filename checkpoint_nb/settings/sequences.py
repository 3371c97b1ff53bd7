"""Settings that are a list whose order counts: what was put in front, behind, and taken out."""

from __future__ import annotations

from abc import ABC, abstractmethod

from checkpoint_nb.settings.kind import NOTHING, Part


class Sequence(ABC):
    """A kind of settings that is one list.

    Attributes
    ----------
    name
        What the kind is called.
    """

    name: str

    @abstractmethod
    def read(self) -> Part:
        """Return ``{"entries": [...]}``; the same object while nothing changed."""

    @abstractmethod
    def put(self, wanted: Part) -> None:
        """Let the list be this one."""

    @abstractmethod
    def replace(self, entries: list[object]) -> None:
        """Let the list hold just these."""

    def difference(self, before: Part, after: Part) -> Part:
        """Return ``{"front": [...], "end": [...], "removed": [...]}``, each where there are any."""
        if before is after or before == after:
            return NOTHING
        found = zip(
            ("front", "end", "removed"), _told_apart(entries(before), entries(after)), strict=True
        )
        return {word: items for word, items in found if items}

    def apply(self, difference: Part) -> None:
        """Put a difference in force and leave everything else as it is."""
        front, end, removed = (
            entries({"entries": difference.get(word, [])}) for word in ("front", "end", "removed")
        )
        moved = [*front, *end, *removed]
        kept = [entry for entry in entries(self.read()) if entry not in moved]
        self.replace([*front, *kept, *end])


def entries(part: Part) -> list[object]:
    """Return the list in a part.

    Examples
    --------
    >>> entries({})
    []
    """
    found = part.get("entries", [])
    assert isinstance(found, list)
    return found


def _told_apart(
    before: list[object], after: list[object]
) -> tuple[list[object], list[object], list[object]]:
    first, last = 0, len(after)
    while first < last and after[first] not in before:
        first += 1
    while last > first and after[last - 1] not in before:
        last -= 1
    kept = after[first:last]
    if kept == [entry for entry in before if entry in kept]:
        return after[:first], after[last:], [entry for entry in before if entry not in kept]
    # The order is another, so all of it is said.
    return after, [], [entry for entry in before if entry not in after]
