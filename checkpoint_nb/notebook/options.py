"""The words after ``%%checkpoint``: a name, and what the cell declares."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NoReturn

from checkpoint_nb.declared import Declared
from checkpoint_nb.errors import DeclarationError, MagicUsageError

USAGE = """%%checkpoint [NAME]           run the cell, and again when something it reads changed
    --file PATH               also when this file, folder or pattern changed
    --env NAME                also when this environment variable changed
    --version TEXT            also when you say so
    --salt TEXT               the same, never shown
    --ignore NAME             whatever this name holds does not count
    --secret NAME             it counts, and is never shown
    --here                    run it in the kernel itself, remembered just the same
    --background              come back at once; a cell that reads its names waits
    --lazy                    run it when a cell reads its names, or with %checkpoint run
    --quiet                   do not show what it showed"""


_SWITCHES = ("here", "background", "lazy", "quiet")


class _Words(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise MagicUsageError(f"%%checkpoint: {message}.", {}, USAGE)


@dataclass(frozen=True)
class CellOptions:
    """What stands after ``%%checkpoint``.

    Parameters
    ----------
    name
        What the user calls the cell, or ``""``.
    declared
        What counts beside what it reads.
    here
        Run it in the kernel itself.
    background
        Come back at once.
    lazy
        Do not run it yet.
    quiet
        Do not show what it showed.
    """

    name: str
    declared: Declared
    here: bool = False
    background: bool = False
    lazy: bool = False
    quiet: bool = False


@cache
def _parser() -> _Words:
    parser = _Words(prog="%%checkpoint", add_help=False, allow_abbrev=False)
    parser.add_argument("name", nargs="?", default="")
    for option in ("file", "env", "ignore", "secret"):
        parser.add_argument(f"--{option}", action="append", default=[])
    for option in ("version", "salt"):
        parser.add_argument(f"--{option}")
    for option in _SWITCHES:
        parser.add_argument(f"--{option}", action="store_true")
    return parser


def cell_options(words: Sequence[str]) -> CellOptions:
    """Return what the words after ``%%checkpoint`` say.

    Raises
    ------
    MagicUsageError
        When the words are none it knows.

    Examples
    --------
    >>> said = cell_options(["clean", "--file", "a.csv", "--file", "b.csv", "--quiet"])
    >>> said.name, said.declared.files, said.quiet
    ('clean', ('a.csv', 'b.csv'), True)
    """
    found = _parser().parse_args(list(words))
    try:
        declared = Declared.of(
            files=found.file,
            env=found.env,
            version=found.version,
            salt=found.salt,
            ignore=found.ignore,
            secret=found.secret,
        )
    except DeclarationError as error:
        raise MagicUsageError(error.headline, error.facts, error.hint or USAGE) from None
    if found.here and (found.background or found.lazy):
        raise MagicUsageError(
            "A cell that runs in the kernel itself cannot run in the background.",
            {},
            "Leave out --here, or --background and --lazy.",
        )
    return CellOptions(found.name, declared, *(getattr(found, name) for name in _SWITCHES))
