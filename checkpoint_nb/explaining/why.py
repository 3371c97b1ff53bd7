"""Why a node is stale, as a diff of the parts of its key; and what a fresh one was matched on."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from checkpoint_nb.explaining.changes import Change, changes, is_of_library, kind_of
from checkpoint_nb.explaining.comparing import UNKNOWN, changed_leaves, changed_lines, changed_text
from checkpoint_nb.parts import HIDDEN, Part
from checkpoint_nb.stores.interface import Record

NEVER_RAN = "never ran"
CLEARED = "cleared"
MISSING = "its stored result is missing"
DAMAGED = "its stored result was damaged"
ANOTHER_KEY = "its key is made in another way"
FORCED = "asked to run again"

_NO_DETAILS: Final[Mapping[str, str]] = MappingProxyType({})
_CODE: Final = frozenset({"code", "helper", "class"})
_NEVER_SHOWN: Final = frozenset({"environment", "salt"})
_MOST_LINES: Final = 12
_MOST_INLINE: Final = 3
_LONGEST_INLINE: Final = 90


def differences(
    before: Mapping[str, Part],
    now: Mapping[str, Part],
    details: Mapping[str, str] = _NO_DETAILS,
) -> list[str]:
    """Say in words what differs between the parts of two keys, nothing when they are the same.

    Parameters
    ----------
    details
        Texts by part digest, as the store keeps them.

    Examples
    --------
    >>> differences({"argument n": Part("a", "10")}, {"argument n": Part("b", "20")})
    ['argument n changed: 10 → 20']
    """
    return [_told(change, details)[0] for change in _worth_telling(before, now)]


def explain(
    before: Mapping[str, Part],
    now: Mapping[str, Part],
    details: Mapping[str, str] = _NO_DETAILS,
) -> list[str]:
    r"""Like ``differences``, with the lines that changed indented below each.

    Examples
    --------
    >>> texts = {"a": "def f(x):\n    return x + 1\n", "b": "def f(x):\n    return x + 2\n"}
    >>> for line in explain({"helper f": Part("a")}, {"helper f": Part("b")}, texts):
    ...     print(line)
    helper f changed (1 line)
          def f(x):
        -     return x + 1
        +     return x + 2
    """
    lines: list[str] = []
    for change in _worth_telling(before, now):
        headline, below = _told(change, details)
        lines.append(headline)
        if len(below) > _MOST_LINES + 1:
            below = [*below[:_MOST_LINES], f"… {len(below) - _MOST_LINES} more lines"]
        lines += [f"    {line}" for line in below]
    return lines


def nearest(now: Mapping[str, Part], candidates: Iterable[Record]) -> Record | None:
    """Return the record whose parts differ least from ``now``; of several the newest.

    Examples
    --------
    >>> old = Record("k", "f", "n", "f(1)", {}, {"argument n": Part("a")}, 0.1, 0.0)
    >>> nearest({"argument n": Part("b")}, [old]).label
    'f(1)'
    """
    return min(
        candidates,
        key=lambda record: (len(changes(record.parts, now)), -record.created),
        default=None,
    )


def never_ran(
    now: Mapping[str, Part],
    candidates: Iterable[Record],
    details: Mapping[str, str] = _NO_DETAILS,
) -> list[str]:
    """Say that a node never ran, and how the closest of what did run differs.

    Examples
    --------
    >>> old = Record("k", "f", "n", "f(1)", {}, {"argument n": Part("a", "1")}, 0.1, 0.0)
    >>> never_ran({"argument n": Part("b", "2")}, [old])[0].partition(" of ")[0]
    'never ran with these arguments; closest is f(1)'
    """
    record = nearest(now, candidates)
    if record is None:
        return [NEVER_RAN]
    told = explain(record.parts, now, details)
    given = any(line.startswith(("argument ", "input ")) for line in told)
    words = f"{NEVER_RAN} with these arguments" if given else NEVER_RAN
    words += f"; closest is {record.label} of {_when(record.created)}"
    if len(told) == 1:
        return [f"{words}: {told[0]}"]
    return [f"{words}:" if told else words, *(f"    {line}" for line in told)]


def _when(moment: float) -> str:
    then = time.localtime(moment)
    today = then[:3] == time.localtime()[:3]
    return time.strftime("%H:%M" if today else "%Y-%m-%d %H:%M", then)


def _worth_telling(before: Mapping[str, Part], now: Mapping[str, Part]) -> list[Change]:
    """Return what differs; names of packages that code began or ceased to use, only if alone."""
    every = changes(before, now)
    told = [
        one
        for one in every
        if (one.before and one.now) or not is_of_library(one.label, one.now or one.before)
    ]
    return told or every


def _told(change: Change, details: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return the headline of one change, and the lines below it."""
    label, before, now = change.label, change.before, change.now
    if before is None or now is None:
        return f"{label} is {'new' if before is None else 'gone'}", []
    if HIDDEN in {before.shown, now.shown}:
        return _hidden(label, before, now), []
    old, new = details.get(before.digest, ""), details.get(now.digest, "")
    if kind_of(label) in _CODE and not now.shown:
        return _code(label, old, new)
    return _value(label, before, now, old, new)


def _hidden(label: str, before: Part, now: Part) -> str:
    if kind_of(label) not in _NEVER_SHOWN:
        return f"{label} changed (secret)"
    if HIDDEN == before.shown == now.shown:
        return f"{label} changed"
    old, new = ("set" if part.shown == HIDDEN else part.shown for part in (before, now))
    return f"{label} changed: {old} → {new}"


def _code(label: str, old: str, new: str) -> tuple[str, list[str]]:
    if not old or not new:
        return f"{label} changed", []
    count, below = changed_lines(old, new)
    if not count:
        return f"{label} changed", [f"({UNKNOWN})"] if below else []
    return f"{label} changed ({_counted(count, 'line')})", below


def _value(label: str, before: Part, now: Part, old: str, new: str) -> tuple[str, list[str]]:
    text = changed_text(old, new)
    if text is not None and text[0]:
        return f"{label} changed ({_counted(text[0], 'line')})", text[1]
    count, below = changed_leaves(old, new) if old and new else (0, [])
    inline = [_inline(line) for line in below]
    short = len(", ".join(inline)) <= _LONGEST_INLINE
    if count == 1 or (short and 0 < count <= _MOST_INLINE and "," not in "".join(inline)):
        return f"{label} changed: {', '.join(inline)}", []
    if before.shown and now.shown and before.shown != now.shown:
        return f"{label} changed: {before.shown} → {now.shown}", below
    return f"{label} changed" + (f" ({_counted(count, 'difference')})" if count else ""), below


def _inline(line: str) -> str:
    """Return a line as it stands behind a headline: ``.n 10 → 20``, ``.seed = 1 is new``."""
    if line.startswith("+ "):
        return f"{line[2:]} is new"
    return f"{line[2:]} is gone" if line.startswith("- ") else line.replace(": ", " ", 1)


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
