"""What a fresh node was matched on, grouped so that it can be read."""

from __future__ import annotations

from typing import Final

from checkpoint_nb.explaining.changes import is_of_library, kind_of
from checkpoint_nb.parts import HIDDEN, Part
from checkpoint_nb.stores.interface import Record

_GROUPS: Final = {
    "code": "code",
    "helper": "code",
    "callable": "code",
    "class": "code",
    "global": "globals",
    "closure": "globals",
    "argument": "arguments",
    "input": "inputs",
    "defaults": "defaults",
    "upstream": "upstream",
    "file": "files",
    "environment": "environment",
    "version": "version",
    "salt": "salt",
    "python": "python",
}
"""First word of a label, and the line it is told in; the lines have this order."""
_ORDER: Final = (*dict.fromkeys(_GROUPS.values()), "packages")
_MOST: Final = 12


def matched(record: Record) -> list[str]:
    """Say what the key of a stored result was made of, a line for each kind of thing.

    What is secret is named, never shown.

    Examples
    --------
    >>> parts = {"code of fit": Part("a"), "argument n": Part("b", "10"), "numpy": Part("c", "2.4")}
    >>> for line in matched(Record("k", "fit", "n", "fit(10)", {}, parts, 0.1, 0.0)):
    ...     print(line)
    code: fit
    arguments: n = 10
    packages: numpy 2.4
    """
    groups: dict[str, list[str]] = {}
    for label, part in record.parts.items():
        group, words = _placed(label, part)
        if words:
            groups.setdefault(group, []).append(words)
    return [f"{group}: {_listed(groups[group])}" for group in _ORDER if group in groups]


def _placed(label: str, part: Part) -> tuple[str, str]:
    """Return the group of a part and its words; no words when it is not worth telling."""
    kind = kind_of(label)
    if label == "task":
        return "", ""
    if label in {"python", "version"}:
        return label, part.shown
    if label == "salt":
        return label, "set"
    if kind not in _GROUPS:
        return "packages", f"{label} {part.shown}".strip()
    name = label.removeprefix("code of ").removeprefix(f"{kind} ")
    group = _GROUPS[kind]
    if group in {"globals", "code"} and part.shown:
        told = part.shown != "not there" and not is_of_library(label, part)
        return "globals", _assigned(name, part) if told else ""
    if group in {"arguments", "inputs", "defaults"}:
        return group, part.shown if group == "defaults" else _assigned(name, part)
    if group == "environment":
        return group, f"{name} {'set' if part.shown == HIDDEN else part.shown}".strip()
    # What a decorator of Python's own generated has such a name, and says nothing.
    return group, "" if group == "code" and name.startswith("__") else name


def _assigned(name: str, part: Part) -> str:
    if part.shown == HIDDEN:
        return f"{name} (secret)"
    return f"{name} = {part.shown}" if part.shown else name


def _listed(words: list[str]) -> str:
    more = len(words) - _MOST
    return ", ".join(words[:_MOST]) + (f" and {more} more" if more > 0 else "")
