"""Which parts of two keys differ: matched by label, and by digest where the label may change."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from checkpoint_nb.fingerprint.tokens import node
from checkpoint_nb.parts import Part

_NUMBER: Final = re.compile(r" \(\d+\)$")
_MAY_BE_RENAMED: Final = frozenset({"helper", "class", "global", "closure"})
"""What these are called is free: a part that is the same under another name did not change."""


@dataclass(frozen=True, slots=True)
class Change:
    """One part that differs.

    Parameters
    ----------
    label
        What it is called now, or was where it is gone.
    before, now
        The part; ``None`` where there is none.
    """

    label: str
    before: Part | None
    now: Part | None


def kind_of(label: str) -> str:
    """Return the first word of a label: ``argument``, ``helper``, ``numpy``.

    Examples
    --------
    >>> kind_of("argument n")
    'argument'
    """
    return label.partition(" ")[0]


def plain_label(label: str) -> str:
    """Return a label without the number that tells it from others of the same name.

    Examples
    --------
    >>> plain_label("helper f (2)")
    'helper f'
    """
    return _NUMBER.sub("", label)


def is_of_library(label: str, part: Part | None) -> bool:
    """Return whether a part is a name from a package or from Python, which count by version.

    Examples
    --------
    >>> is_of_library("global n", Part("d1", "10"))
    False
    """
    if part is None or kind_of(label) not in {"global", "closure"}:
        return False
    return part.digest == node(part.shown.encode("utf-8", "surrogatepass")).hex()


def changes(before: Mapping[str, Part], now: Mapping[str, Part]) -> list[Change]:
    """Return what differs between the parts of two keys: changed first, then new, then gone.

    Examples
    --------
    >>> changes({"helper a": Part("d1")}, {"helper b": Part("d1")})
    []
    >>> [one.label for one in changes({"python": Part("1")}, {"python": Part("2")})]
    ['python']
    """
    old = {label: part for label, part in before.items() if _digest(now, label) != part.digest}
    new = {label: part for label, part in now.items() if _digest(before, label) != part.digest}
    # The same part with another number, then under a name that the other key does not have.
    _drop_same(old, new, list(old), list(new), plain_label)
    gone = [label for label in old if label not in new]
    _drop_same(old, new, gone, [label for label in new if label not in old], kind_of)
    pairs = _pairs(old, new)
    changed = [Change(label, old[pairs[label]], new[label]) for label in new if label in pairs]
    taken = set(pairs.values())
    return [
        *changed,
        *(Change(label, None, part) for label, part in new.items() if label not in pairs),
        *(Change(label, part, None) for label, part in old.items() if label not in taken),
    ]


def _digest(parts: Mapping[str, Part], label: str) -> str:
    part = parts.get(label)
    return "" if part is None else part.digest


def _drop_same(
    old: dict[str, Part],
    new: dict[str, Part],
    gone: Sequence[str],
    added: Sequence[str],
    alike: Callable[[str], str],
) -> None:
    """Drop what is the same under labels that are alike, where a label means nothing."""
    there: dict[tuple[str, str], list[str]] = {}
    for label in gone:
        if kind_of(label) in _MAY_BE_RENAMED:
            there.setdefault((alike(label), old[label].digest), []).append(label)
    for label in added:
        same = there.get((alike(label), new[label].digest))
        if same:
            del old[same.pop(0)], new[label]


def _pairs(old: Mapping[str, Part], new: Mapping[str, Part]) -> dict[str, str]:
    """Return the old label of each new one: its own, else one of the same name."""
    pairs = {label: label for label in new if label in old}
    left: dict[str, list[str]] = {}
    for label in old:
        if label not in new:
            left.setdefault(plain_label(label), []).append(label)
    for label in new:
        if label not in old and left.get(plain_label(label)):
            pairs[label] = left[plain_label(label)].pop(0)
    return pairs
