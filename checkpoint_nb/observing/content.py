"""What work read though nothing declares it: which files, and whether all is the same now."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import PurePath
from types import CodeType, FunctionType
from typing import Final

from checkpoint_nb.fingerprint.files import observed_digest
from checkpoint_nb.observing.environ import NAMES, variable_digest
from checkpoint_nb.observing.hook import pass_on
from checkpoint_nb.observing.machine_files import belongs
from checkpoint_nb.work import Recipe

VARIABLE: Final = "$"
"""Begins the name of an environment variable among what was read."""
SETTING: Final = "%"
"""Begins the name of a kind of settings among what was read."""
RANDOM: Final = "~"
"""Begins the name of a random generator among what was read."""
ATTRIBUTE: Final = "@"
"""Begins the name of what a function holds in an attribute, among what was read."""
WRITTEN: Final = ">"
"""Begins the name of a file that was written, among what was read."""
_CONDITIONS: Final = {SETTING: "settings", RANDOM: "random numbers", ATTRIBUTE: "attributes"}
_KINDS: Final = {
    "": "read",
    VARIABLE: "environment variables",
    WRITTEN: "wrote",
    SETTING: "settings of",
    RANDOM: "random numbers of",
    ATTRIBUTE: "attributes",
}
_LONGEST: Final = 1024
_MOST: Final = 1000


def files_named(recipe: Recipe) -> tuple[str, ...]:
    """Return texts and paths in code and inputs that name a file that is there now.

    Libraries in C open files where no hook of Python sees it, so what is named counts as read.
    """
    code = recipe.code
    said: dict[str, None] = {}
    if code is not None:
        for live in code.codes.values():
            said.update(dict.fromkeys(_texts_of(live)))
        for place in code.places:
            try:
                said.update(dict.fromkeys(_texts(place.read())))
            except LookupError:
                continue
    for value in recipe.values.values():
        said.update(dict.fromkeys(_texts(value)))
    return tuple(text for text in list(said)[:_MOST] if os.path.isfile(text))


def _texts_of(live: FunctionType | type) -> Iterator[str]:
    if isinstance(live, FunctionType):
        yield from _constants(live.__code__)
        return
    for member in vars(live).values():
        if isinstance(member, FunctionType):
            yield from _constants(member.__code__)
        else:
            yield from _texts(member)


def _constants(code: CodeType) -> Iterator[str]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _constants(constant)
        else:
            yield from _texts(constant)


def _texts(value: object, depth: int = 2) -> Iterator[str]:
    """Yield what may be the path of a file in a value, and in the containers of it."""
    if isinstance(value, str | PurePath):
        text = str(value)
        if 0 < len(text) <= _LONGEST and "\n" not in text and "\0" not in text:
            yield text
    elif depth and type(value) in {list, tuple, set, frozenset, dict}:
        inside = value.values() if isinstance(value, dict) else value
        if isinstance(inside, Iterable):
            for _, item in zip(range(_MOST), inside, strict=False):
                yield from _texts(item, depth - 1)


def digests_of(
    paths: Iterable[str], unsettled: Collection[str], named: Iterable[str], since: float
) -> dict[str, str]:
    """Return the digest of what is in each of ``paths``, which were read since ``since``.

    Of those in ``unsettled`` nobody can say what was read. Of what is only ``named``, a file that
    was written since then was an output, and does not count. Paths below the current directory
    become relative, so that a project can be moved.
    """
    here = os.path.join(os.getcwd(), "")
    found: dict[str, str] = {}
    for path in paths:
        digest = "written meanwhile" if path in unsettled else observed_digest(path)
        if digest:
            found[path.removeprefix(here)] = digest
    for path in map(os.path.abspath, named):
        name = path.removeprefix(here)
        if name not in found and not belongs(path, here):
            written = _written(path)
            if written is not None and written <= since:
                found[name] = observed_digest(path)
    return found


def _written(path: str) -> float | None:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return None


def as_written(paths: Iterable[str]) -> dict[str, str]:
    """Return the digest of what work left in files and folders, by their marked names."""
    here = os.path.join(os.getcwd(), "")
    found = {f"{WRITTEN}{path.removeprefix(here)}": _left_digest(path) for path in paths}
    return {name: digest for name, digest in found.items() if digest}


def _left_digest(path: str) -> str:
    """Return the digest of a file; of a folder that was made it counts that it is there."""
    return "a folder" if os.path.isdir(path) else observed_digest(path)


def in_words(observed: Iterable[str]) -> list[str]:
    """Say what was observed, a line for each kind.

    Examples
    --------
    >>> in_words(["data.csv", ">plot.png", "%numpy", "%numpy display"])
    ['read: data.csv', 'wrote: plot.png', 'settings of: numpy']
    """
    kinds: dict[str, dict[str, None]] = {}
    for name in observed:
        kind = name[0] if name[0] in _KINDS else ""
        bare = name.removeprefix(kind)
        if kind == SETTING:
            bare = bare.partition(" ")[0]
        elif kind == VARIABLE and bare == NAMES:
            bare = "which there are"
        kinds.setdefault(kind, {})[bare] = None
    return [f"{word}: {', '.join(kinds[kind])}" for kind, word in _KINDS.items() if kind in kinds]


def edited(observed: Mapping[str, str], conditions: Mapping[str, str] | None = None) -> str:
    """Say which of ``observed`` has another content now; ``""`` when none has.

    What was read and is not there any more cannot be read again: the result is all there is, and
    stays. What was written and is not there as it was left is made again.
    A task that asks while it runs is going to use the result, and has read the same.

    Parameters
    ----------
    conditions
        Digests of settings, random generators and attributes, by marked name. With the mark for
        what was written among them, that does not count.

    Examples
    --------
    >>> edited({})
    ''
    """
    for name, before in observed.items():
        if name.startswith(VARIABLE):
            variable = name.removeprefix(VARIABLE)
            if variable_digest(variable) != before:
                if variable == NAMES:
                    return "the list of environment variables, which it read, changed"
                return f"the environment variable {variable}, which it read, changed"
        elif name.startswith((*_CONDITIONS,)):
            if (conditions or {}).get(name) != before:
                return f"the {_CONDITIONS[name[0]]} of {name[1:]}, which it hangs on, are others"
        elif name.startswith(WRITTEN) and WRITTEN in (conditions or {}):
            continue
        elif name.startswith(WRITTEN):
            path = name.removeprefix(WRITTEN)
            if _left_digest(path) != before:
                return f"{path}, which it wrote, is not as it left it"
        elif (now := observed_digest(name)) and now != before:
            return f"{name}, which it read, changed"
    if observed:
        pass_on(observed)
    return ""
