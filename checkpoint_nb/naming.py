"""Finds nodes by what people call them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from checkpoint_nb.errors import DeclarationError
from checkpoint_nb.work import Node

_UNSAID = re.compile(r"[\s'\"]+")
_MOST = 8


class Named(Protocol):
    """What people call by its label or its task: a node, or a stored result."""

    @property
    def label(self) -> str:
        """What people read."""

    @property
    def task(self) -> str:
        """Name of the task."""


Named_ = TypeVar("Named_", bound=Named)


def find(wanted: Sequence[Node | str], known: Sequence[Node]) -> list[Node]:
    """Return the nodes that ``wanted`` names, none twice.

    A name is a label, a task, or how a label begins. Spaces and quotes in it do not count, so a
    shell may have split or unquoted ``choose(6, 3)``.

    Raises
    ------
    DeclarationError
        With the names that come close.

    Examples
    --------
    >>> find(["nobody"], [])
    Traceback (most recent call last):
        ...
    checkpoint_nb.errors.DeclarationError: No node is called 'nobody'.
      nodes: none yet
    """
    names = [name for name in wanted if isinstance(name, str)]
    nodes = [node for node in wanted if not isinstance(node, str)]
    return list({node.id: node for node in [*nodes, *called(names, known)]}.values())


def called(names: Sequence[str], known: Sequence[Named_]) -> list[Named_]:
    """Return those of ``known`` that any of ``names`` means; see :func:`find`."""
    if len(names) > 1 and (whole := _by_label(" ".join(names), known)):
        return whole
    chosen = []
    for name in names:
        found = _called(name, known)
        if not found:
            raise no_such(name, [each.label for each in known])
        chosen += found
    return chosen


def no_such(name: str, labels: Iterable[str]) -> DeclarationError:
    """Return the error that says who comes close to ``name``."""
    every = list(dict.fromkeys(labels))
    near = close(name, every)
    facts = {"close": ", ".join(near)} if near else {"nodes": _listed(every)}
    return DeclarationError(f"No node is called {name!r}.", facts)


def close(word: str, known: Iterable[str]) -> list[str]:
    """Return what somebody may have meant by ``word``, nearest first.

    Examples
    --------
    >>> close("staus", ["status", "run", "clear"])
    ['status']
    """
    by_lower = {each.lower(): each for each in known}
    found = difflib.get_close_matches(word.lower(), by_lower, n=3, cutoff=0.6)
    return [by_lower[each] for each in found]


def _called(name: str, known: Sequence[Named_]) -> list[Named_]:
    said = _UNSAID.sub("", name)
    return (
        _by_label(name, known)
        or [each for each in known if each.task == name]
        or [each for each in known if said and _UNSAID.sub("", each.label).startswith(said)]
    )


def _by_label(name: str, known: Sequence[Named_]) -> list[Named_]:
    said = _UNSAID.sub("", name)
    return [each for each in known if _UNSAID.sub("", each.label) == said]


def _listed(labels: list[str]) -> str:
    more = f" and {len(labels) - _MOST} more" if len(labels) > _MOST else ""
    return ", ".join(labels[:_MOST]) + more if labels else "none yet"
