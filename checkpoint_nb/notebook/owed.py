"""Names that are unbound for now: being computed, not loaded yet, or not to be kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checkpoint_nb.notebook.cell import Cell
    from checkpoint_nb.run import Run
    from checkpoint_nb.stores.interface import Stored


@dataclass(frozen=True)
class Running:
    """The run that computes it goes on in the background."""

    cell: Cell
    run: Run


@dataclass(frozen=True)
class Asleep:
    """Its cell is registered, and runs when somebody asks."""

    cell: Cell


@dataclass(frozen=True)
class Stays:
    """It is stored, and loaded when a cell names it."""

    cell: Cell
    stored: Stored


@dataclass(frozen=True)
class Unkept:
    """It could not be stored: its cell has to make it again, in the notebook itself."""

    cell: Cell
    why: str


Debt = Running | Asleep | Stays | Unkept


class Owed:
    """What the notebook owes its user, by name.

    A name is here or bound, never both: what a cell would find under it while it is here is
    nothing, not an old value.

    Examples
    --------
    >>> owed = Owed()
    >>> "model" in owed, list(owed.among(None))
    (False, [])
    """

    def __init__(self) -> None:
        self._debts: dict[str, Debt] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._debts

    def __bool__(self) -> bool:
        return bool(self._debts)

    def get(self, name: str) -> Debt | None:
        """Return what is owed under ``name``."""
        return self._debts.get(name)

    def put(self, name: str, debt: Debt) -> None:
        """Owe something under ``name``."""
        self._debts[name] = debt

    def settle(self, name: str) -> None:
        """Owe nothing under ``name`` any more."""
        self._debts.pop(name, None)

    def among(self, names: Iterable[str] | None) -> Iterator[tuple[str, Debt]]:
        """Yield what is owed of ``names``; of every name, for ``None``."""
        wanted = list(self._debts) if names is None else list(names)
        return ((name, self._debts[name]) for name in wanted if name in self._debts)

    def of(self, cell: Cell) -> list[str]:
        """Names that ``cell`` owes."""
        return [name for name, debt in self._debts.items() if debt.cell.place == cell.place]
