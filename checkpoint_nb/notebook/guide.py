"""What ``%checkpoint?`` shows: what to type first, then every word there is."""

from __future__ import annotations

from typing import Final

from checkpoint_nb.notebook.options import USAGE
from checkpoint_nb.notebook.verbs import usage

GUIDE: Final = f"""Remember a cell, or ask about what is remembered.

    %%checkpoint              first line of a slow cell: it runs again only when something
                              that it depends on changed, else its results come back
    %checkpoint               a table: what is fresh, what is stale, and why
    %checkpoint graph         the same as a live picture, with buttons

Options of a cell, none of which is needed:

{USAGE}

Questions and commands; NODE is a name in the table, a task, or how a name begins:

{usage()}

Examples:

    %%checkpoint features --file data/raw.csv
    %checkpoint run features --dry
    %checkpoint clear features --down
    %checkpoint gc --max 5G --older 30d

The same in Python: checkpoint_nb.current_session().status(), .run("features"), .why(...), ...
and in a shell: checkpoint-nb --help
"""
