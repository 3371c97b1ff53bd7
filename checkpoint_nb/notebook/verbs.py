"""The words after ``%checkpoint``: one table of them, from which help and checks are made."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from checkpoint_nb.errors import MagicUsageError
from checkpoint_nb.naming import close

_OPTION: Final = re.compile(r"--([a-z]+)(?: ([A-Z]+))?")


@dataclass(frozen=True, slots=True)
class Verb:
    """Something to ask.

    Parameters
    ----------
    name
        What is typed.
    words
        What may follow, as it is shown: ``NODE ...``, in brackets what may be left out.
    does
        What it does, in a few words.
    """

    name: str
    words: str
    does: str

    @property
    def options(self) -> dict[str, str]:
        """Name of each option, and the word for its value, ``""`` for a switch."""
        return dict(_OPTION.findall(self.words))

    @property
    def takes_nodes(self) -> bool:
        """Whether names may follow."""
        return "NODE" in self.words

    @property
    def needs_nodes(self) -> bool:
        """Whether a name must follow."""
        return self.words.startswith("NODE")

    @property
    def shown(self) -> str:
        """What is typed, as help shows it."""
        return f"%checkpoint {self.name} {self.words}".rstrip()


VERBS: Final = {
    verb.name: verb
    for verb in (
        Verb("status", "[NODE ...]", "what is fresh or stale, and why (also: no word)"),
        Verb("run", "[NODE ...] [--dry]", "run what is stale; --dry: say what, and how long"),
        Verb("why", "NODE ...", "why it is stale: a diff; or what it was matched on"),
        Verb(
            "clear",
            "[NODE ...] [--down] [--stale] [--all] [--dry]",
            "forget results; --down: and of all below it;\n"
            "--stale: old versions only; --all: whole store",
        ),
        Verb("graph", "", "the live picture, with its buttons"),
        Verb(
            "timeline",
            "[--save PATH] [--run N]",
            "who ran what, when, in the last run, or the Nth ago;\n"
            "--save: as .svg, .png, or .json for Perfetto",
        ),
        Verb("log", "NODE ...", "what it printed, when it ran, and how it failed"),
        Verb("cancel", "[NODE ...]", "stop what runs; what finished is kept"),
        Verb("wait", "[NODE ...]", "until nothing runs; raises what failed"),
        Verb("verify", "NODE ...", "run it again and compare: finds hidden inputs"),
        Verb("du", "", "what is stored, by task, and how much is old"),
        Verb("gc", "[--max SIZE] [--older AGE]", "keep the store within 5G or 30d: cheapest goes"),
        Verb("forget", "NODE ...", "take it out of the picture; its results stay"),
        Verb("off", "", "%%checkpoint cells run as plain ones from now on"),
        Verb("on", "", "and are remembered again"),
        Verb("help", "", "this"),
    )
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked.

    Parameters
    ----------
    verb
        One of :data:`VERBS`.
    names
        Names of nodes.
    switches
        Options without a value that were given.
    values
        The other options.
    """

    verb: str
    names: tuple[str, ...] = ()
    switches: frozenset[str] = frozenset()
    values: dict[str, str] = field(default_factory=dict)


def usage() -> str:
    """Return what may be typed after ``%checkpoint``, a line each."""
    width = 43
    lines = []
    for verb in VERBS.values():
        first, *more = verb.does.split("\n")
        fits = len(verb.shown) < width
        lines += [f"{verb.shown:<{width}}{first}"] if fits else [verb.shown, " " * width + first]
        lines += [" " * width + line for line in more]
    return "\n".join(lines)


def asked(words: Sequence[str]) -> Asked:
    """Read the words after ``%checkpoint``.

    Raises
    ------
    MagicUsageError
        When a word is none it knows; it names the ones that come close.

    Examples
    --------
    >>> asked(["clear", "features", "--down"])
    Asked(verb='clear', names=('features',), switches=frozenset({'down'}), values={})
    >>> asked(["gc", "--max", "5G"]).values
    {'max': '5G'}
    """
    name, *rest = words or ["status"]
    verb = VERBS.get(name)
    if verb is None:
        near = close(name, VERBS)
        facts = {"close": ", ".join(near)} if near else {"known": ", ".join(VERBS)}
        raise MagicUsageError(f"%checkpoint does not know {name!r}.", facts, "%checkpoint help")
    names: list[str] = []
    switches: set[str] = set()
    values: dict[str, str] = {}
    while rest:
        word = rest.pop(0)
        if not word.startswith("--"):
            names.append(word)
            continue
        option, equals, value = word[2:].partition("=")
        if option not in verb.options or (equals and not verb.options[option]):
            raise _unknown(verb, word)
        if not verb.options[option]:
            switches.add(option)
        elif equals or rest:
            values[option] = value if equals else rest.pop(0)
        else:
            raise MagicUsageError(f"--{option} takes a value.", {}, verb.shown)
    _check_names(verb, names)
    return Asked(name, tuple(names), frozenset(switches), values)


def _unknown(verb: Verb, word: str) -> MagicUsageError:
    near = [f"--{option}" for option in close(word.strip("-"), verb.options)]
    facts = {"close": ", ".join(near)} if near else {}
    return MagicUsageError(f"%checkpoint {verb.name} has no option {word}.", facts, verb.shown)


def _check_names(verb: Verb, names: Sequence[str]) -> None:
    if names and not verb.takes_nodes:
        raise MagicUsageError(
            f"%checkpoint {verb.name} takes no names.", {"given": " ".join(names)}, verb.shown
        )
    if not names and verb.needs_nodes:
        raise MagicUsageError(f"%checkpoint {verb.name} takes the name of a node.", {}, verb.shown)
