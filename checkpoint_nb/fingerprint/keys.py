"""Keys: digests over everything a computation depends on, with labelled parts for people."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import FunctionType, MappingProxyType
from typing import Final

from blake3 import blake3

from checkpoint_nb.fingerprint.places import Place
from checkpoint_nb.parts import Part

FORMAT: Final[int] = 2
"""Version of the way keys are made; another one makes every stored result unknown."""

_PYTHON: Final = f"{sys.version_info.major}.{sys.version_info.minor}"
_NOTHING: Final[Mapping[str, Part]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a callable's code depends on.

    Parameters
    ----------
    digest
        Of everything the code can reach, hex.
    parts
        The same by label, so that two fingerprints can be compared.
    codes
        The live function or class behind each part that is code, by the same labels.
    places
        Where each piece of data that the code reads lives.
    unseen
        What decides the result and cannot be seen: ``the clock (time.time)``.
    """

    digest: str
    parts: Mapping[str, Part]
    codes: Mapping[str, FunctionType | type] = field(default_factory=dict)
    places: tuple[Place, ...] = ()
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Key:
    """The recipe key of one node: what its result depends on.

    Parameters
    ----------
    digest
        The key itself, hex.
    parts
        The same by label, so that *why* is a diff.
    """

    digest: str
    parts: Mapping[str, Part]


@cache
def word(shown: str) -> Part:
    """Return the part of a word that is shown as it is.

    Examples
    --------
    >>> word("3.11").shown
    '3.11'
    """
    return Part(blake3(shown.encode("utf-8", "surrogatepass")).hexdigest(), shown)


def recipe_key(
    task: str,
    code: Fingerprint,
    inputs: Mapping[str, Part],
    upstream: Sequence[tuple[str, str]],
    extras: Mapping[str, Part] = _NOTHING,
) -> Key:
    """Return the recipe key of one node.

    Parameters
    ----------
    task
        Name of the task.
    code
        Fingerprint of its code.
    inputs
        Bound arguments or values read, by label: ``argument n``.
    upstream
        Label and result digest of each dependency, in order.
    extras
        Declared files, environment variables, salt.

    Examples
    --------
    >>> code = Fingerprint("c0de", {})
    >>> sorted(recipe_key("fit", code, {"argument n": Part("aa", "10")}, [("clean", "bb")]).parts)
    ['argument n', 'python', 'task', 'upstream clean']
    """
    words = [str(FORMAT), _PYTHON, task, code.digest, str(len(inputs))]
    parts = {"task": word(task), "python": word(_PYTHON), **code.parts}
    for label, part in inputs.items():
        words += (label, part.digest)
        parts[label] = part
    words.append(str(len(upstream)))
    for label, result in upstream:
        words += (label, result)
        _add(parts, f"upstream {label}", Part(result))
    for label, part in extras.items():
        words += (label, part.digest)
        _add(parts, label, part)
    data = "".join([f"{len(one)}:{one}" for one in words])
    return Key(blake3(data.encode("utf-8", "surrogatepass")).hexdigest(), parts)


def _add(parts: dict[str, Part], label: str, part: Part) -> None:
    """Add a part under its label, numbered when the label is taken."""
    free, count = label, 1
    while free in parts:
        count += 1
        free = f"{label} ({count})"
    parts[free] = part
