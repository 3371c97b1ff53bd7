"""What the tab key offers after ``%checkpoint`` and ``%%checkpoint``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from checkpoint_nb.notebook.options import USAGE
from checkpoint_nb.notebook.verbs import VERBS

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from checkpoint_nb.board import Board

_HOOK: Final = "complete_command"
_LINE, _CELL = "%checkpoint", "%%checkpoint"
_SHORT: Final = "checkpoint"
"""How the line form begins where IPython needs no ``%``."""
_CELL_OPTIONS: Final = tuple(re.findall(r"^ +(--[a-z-]+)", USAGE, re.MULTILINE))


class Event(Protocol):
    """What IPython before 8.6 tells of a press of the tab key."""

    symbol: str
    text_until_cursor: str


class Context(Protocol):
    """What newer ones tell."""

    token: str

    @property
    def text_until_cursor(self) -> str:
        """The line as far as the cursor."""


class Completion:
    """Offers verbs, names of nodes and options, in one shell.

    Parameters
    ----------
    shell
        Where the tab key is pressed.
    board
        Gives what is known now.
    """

    def __init__(self, shell: InteractiveShell, board: Callable[[], Board]) -> None:
        self._shell = shell
        self._board = board
        self._matcher = self._make_matcher()
        if self._matcher is not None:
            shell.Completer.custom_matchers.append(self._matcher)
            return

        def complete(_: object, event: Event) -> list[str]:
            return self.offered(event.text_until_cursor, event.symbol)

        for key in (_LINE, _CELL, _SHORT):
            shell.set_hook(_HOOK, complete, str_key=key)  # type: ignore[no-untyped-call]

    def remove(self) -> None:
        """Offer nothing any more."""
        if self._matcher is not None:
            self._shell.Completer.custom_matchers.remove(self._matcher)
            return
        for key in (_LINE, _CELL, _SHORT):
            self._shell.strdispatchers[_HOOK].strs.pop(key, None)

    def _make_matcher(self) -> Callable[[Context], dict[str, object]] | None:
        """Make what keeps all others silent where it has something to offer, if IPython can."""
        try:
            from IPython.core.completer import SimpleCompletion, context_matcher
        except ImportError:
            return None

        @context_matcher(identifier="checkpoint_nb", priority=100)  # type: ignore[untyped-decorator]
        def matcher(context: Context) -> dict[str, object]:
            offered = self.offered(context.text_until_cursor, context.token)
            found = [SimpleCompletion(text=word, type="magic") for word in offered]
            return {"completions": found, "suppress": bool(found), "ordered": True}

        return matcher  # type: ignore[no-any-return]

    def offered(self, line: str, symbol: str) -> list[str]:
        """Return what may stand in place of ``symbol``, the end of ``line``."""
        magic, space, typed = line.lstrip().partition(" ")
        if not space or magic not in (_LINE, _CELL, _SHORT):
            return []
        nodes = self._board().snapshot().nodes
        if magic == _CELL:
            labels = (info.label for info in nodes if info.kind == "cell")
            known = [label for label in labels if " " not in label]
            names = [name for name in self._shell.user_ns if not name.startswith("_")]
            return fitting(typed, symbol, after_cell(typed, known, names))
        known = list(dict.fromkeys(each for info in nodes for each in (info.label, info.task)))
        return fitting(typed, symbol, after_line(typed, known))


def after_line(typed: str, nodes: Sequence[str]) -> list[str]:
    """Return the words that may come next after ``%checkpoint`` and what is ``typed``.

    Examples
    --------
    >>> after_line("wh", ["features"])[:3]
    ['status', 'run', 'why']
    >>> after_line("run ", ["features"])
    ['features', '--dry']
    """
    name, space, rest = typed.lstrip().partition(" ")
    if not space:
        return list(VERBS)
    verb = VERBS.get(name)
    if verb is None or _wants_value(rest, [f"--{o}" for o, value in verb.options.items() if value]):
        return []
    options = [f"--{option}" for option in verb.options]
    return [*(nodes if verb.takes_nodes else ()), *_unsaid(options, rest)]


def after_cell(typed: str, cells: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return the words that may come next after ``%%checkpoint`` and what is ``typed``.

    Parameters
    ----------
    cells
        Names of cells.
    names
        Names of the notebook.

    Examples
    --------
    >>> after_cell("", ["features"], [])[:2]
    ['features', '--file']
    >>> after_cell("features --ignore ", ["features"], ["verbose"])
    ['verbose']
    """
    if _wants_value(typed, ("--ignore", "--secret")):
        return list(names)
    valued = re.findall(r"^ +(--[a-z-]+) [A-Z]", USAGE, re.MULTILINE)
    if _wants_value(typed, valued):
        return []
    named = re.match(r"\s*[^-\s]\S*\s", typed) is not None
    return [*(() if named else cells), *_CELL_OPTIONS]


def fitting(typed: str, symbol: str, words: Sequence[str]) -> list[str]:
    """Return what may take the place of ``symbol``, the end of ``typed``, to make one of ``words``.

    A word may hold spaces and signs at which IPython begins another symbol.

    Examples
    --------
    >>> fitting("why choose(6, ", "", ["choose(6, 3)", "choose(6, 4)", "other"])
    ['3)', '4)']
    >>> fitting("run fea", "fea", ["features", "--dry"])
    ['features']
    """
    begins = [found.end() for found in re.finditer(r"^\s*|\s+", typed)]
    for begin in begins:
        part = typed[begin:]
        if len(part) < len(symbol):
            continue
        found = [word[len(part) - len(symbol) :] for word in words if word.startswith(part)]
        if found:
            return found
    return []


def _wants_value(typed: str, options: Sequence[str]) -> bool:
    """Whether what comes next is the value of one of ``options``."""
    said = typed.split()
    last = said[-1:] if typed.endswith(" ") else said[-2:-1]
    return last != [] and last[0] in options


def _unsaid(options: Sequence[str], typed: str) -> list[str]:
    said = typed.split() if typed.endswith(" ") else typed.split()[:-1]
    return [option for option in options if option not in said]
