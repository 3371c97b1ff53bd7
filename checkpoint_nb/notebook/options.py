"""The words after ``%%checkpoint``: a name, and what the cell declares."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
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
%checkpoint [status]          what is fresh, stale or pending, and why
%checkpoint run [NODE ...]    run what is stale (of these)
%checkpoint clear [NODE ...]  forget results (of these; of everything shown)
%checkpoint graph             the live picture, with its buttons
%checkpoint why NODE          why it is stale, or what it was matched on
%checkpoint cancel [NODE]     stop what runs"""


class _Words(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise MagicUsageError(f"%%checkpoint: {message}.", {}, USAGE)


def cell_options(words: Sequence[str]) -> tuple[str, Declared]:
    """Return the name of the cell (or ``""``) and what it declares.

    Raises
    ------
    MagicUsageError
        When the words are none it knows.

    Examples
    --------
    >>> name, declared = cell_options(["clean", "--file", "a.csv", "--file", "b.csv"])
    >>> name, declared.files
    ('clean', ('a.csv', 'b.csv'))
    """
    parser = _Words(prog="%%checkpoint", add_help=False, allow_abbrev=False)
    parser.add_argument("name", nargs="?", default="")
    for option in ("file", "env", "ignore", "secret"):
        parser.add_argument(f"--{option}", action="append", default=[])
    for option in ("version", "salt"):
        parser.add_argument(f"--{option}")
    found = parser.parse_args(list(words))
    try:
        return found.name, Declared.of(
            files=found.file,
            env=found.env,
            version=found.version,
            salt=found.salt,
            ignore=found.ignore,
            secret=found.secret,
        )
    except DeclarationError as error:
        raise MagicUsageError(error.headline, error.facts, error.hint or USAGE) from None
