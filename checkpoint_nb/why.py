"""Why a node is stale, as a diff of the parts of its key."""

from __future__ import annotations

from collections.abc import Mapping

from checkpoint_nb.parts import Part

NEVER_RAN = "never ran"
CLEARED = "cleared"
MISSING = "its stored result is missing"
DAMAGED = "its stored result was damaged"
FORCED = "asked to run again"


def differences(before: Mapping[str, Part], now: Mapping[str, Part]) -> list[str]:
    """Say in words what differs between the parts of two keys, nothing when they are the same.

    Examples
    --------
    >>> differences({"argument n": Part("a", "10")}, {"argument n": Part("b", "20")})
    ['argument n changed: 10 → 20']
    """
    said = [
        _changed(label, before[label], part)
        for label, part in now.items()
        if label in before and before[label].digest != part.digest
    ]
    said += [f"{label} is new" for label in now if label not in before]
    said += [f"{label} is gone" for label in before if label not in now]
    return said


def _changed(label: str, before: Part, now: Part) -> str:
    if before.shown and now.shown and before.shown != now.shown:
        return f"{label} changed: {before.shown} → {now.shown}"
    return f"{label} changed"
