"""The checkpointed cells of one kernel, and where each takes what it reads from."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, MutableMapping
from dataclasses import dataclass

from checkpoint_nb.declared import NOTHING, Declared, check_names
from checkpoint_nb.errors import DeclarationError, FingerprintError, MagicUsageError
from checkpoint_nb.fingerprint import digest
from checkpoint_nb.notebook.cell import Cell
from checkpoint_nb.notebook.lasting import Lasting
from checkpoint_nb.notebook.names import Names, names_of
from checkpoint_nb.notebook.owed import Owed, Unkept
from checkpoint_nb.notebook.taken import ABSENT, Edge, Origin, Value
from checkpoint_nb.notebook.touches import Touches
from checkpoint_nb.stores.interface import Stored


@dataclass(frozen=True)
class Bound:
    """Who bound a name last, the digest of what it was bound to, what with, and when."""

    cell: Cell
    digest: str
    unit: str
    since: int


class Cells:
    """The checkpointed cells of one kernel, and which of them bound what.

    Parameters
    ----------
    namespace
        The notebook's names.
    """

    def __init__(self, namespace: MutableMapping[str, object]) -> None:
        self.namespace = namespace
        self.touches = Touches()
        self.owed = Owed()
        self.held: dict[str, int] = {}
        self.lasting = Lasting()
        self.loaded: tuple[Cell | None, dict[str, object]] = None, {}
        self._cells: dict[str, Cell] = {}
        self._bound: dict[str, Bound] = {}
        self._binders: dict[str, list[str]] = {}
        self._lately: set[str] = set()
        self._told: set[tuple[str, str]] = set()

    def __iter__(self) -> Iterator[Cell]:
        return iter(list(self._cells.values()))

    # -- which cell is which ---------------------------------------------------------------------

    def register(
        self,
        source: str,
        name: str,
        place: str,
        declared: Declared = NOTHING,
        *,
        here: bool = False,
    ) -> Cell:
        """Make the cell a node; the same cell again (same ``place`` or same name) replaces it.

        Parameters
        ----------
        source
            Its code, after IPython's own transformation.
        name
            What the user calls it, or ``""``.
        place
            Which cell of the notebook it is.
        declared
            What counts beside what it reads.
        here
            It runs in the kernel itself.
        """
        tree = ast.parse(source)
        names = names_of(tree)
        _check_names(declared, names)
        title = name or _title(names, source)
        before = self._cells.get(place)
        namesake = next((cell for cell in self if name and cell.label == name), None)
        if namesake is not None and namesake is not before:
            self._cells.pop(namesake.place)
            before = before or namesake
        label = self._label(title, bool(name), before)
        cell = Cell(self, label, title, place, source, tree, names, declared, before, here)
        if before is not None:
            self._replace(before, place)
        self._cells[place] = cell
        return cell

    def at(self, place: str) -> Cell | None:
        """The cell that stands at ``place`` in the notebook."""
        return self._cells.get(place)

    def _label(self, title: str, named: bool, before: Cell | None) -> str:
        if named:
            return title
        if before is not None and before.title == title:
            return before.label
        taken = {cell.label for cell in self if cell is not before}
        label, number = title, 1
        while label in taken:
            number += 1
            label = f"{title} ({number})"
        return label

    def _replace(self, before: Cell, place: str) -> None:
        """Let what was bound by a cell count as bound by the one that takes its place."""
        before.before = None
        for binders in self._binders.values():
            if before.place != place and before.place in binders:
                binders[binders.index(before.place)] = place

    # -- who bound what --------------------------------------------------------------------------

    def bind(self, cell: Cell, name: str, value: object, stored: Stored) -> None:
        """Bind ``name`` in the notebook to a result of ``cell``."""
        self.namespace[name] = value
        self.owed.settle(name)
        self._note(cell, name, stored)

    def owe(self, cell: Cell, name: str, stored: Stored | None = None) -> None:
        """Note that ``name`` will be bound to a result of ``cell``; until then it is unbound."""
        self.namespace.pop(name, None)
        self._note(cell, name, stored)

    def release(self, name: str) -> None:
        """Count what ``name`` holds as the notebook's own, and no cell's result."""
        self._bound.pop(name, None)
        self.owed.settle(name)

    def _note(self, cell: Cell, name: str, stored: Stored | None) -> None:
        """Remember who bound ``name`` last."""
        self._lately.add(name)
        digest, unit = ("", "") if stored is None else (stored.digest, stored.unit)
        self._bound[name] = Bound(cell, digest, unit, self.touches.serial)
        binders = self._binders.setdefault(name, [])
        if cell.place not in binders:
            binders.append(cell.place)

    def lately_bound(self) -> set[str]:
        """Names that checkpointed cells bound since this was last asked."""
        names, self._lately = self._lately, set()
        return names

    def binders(self, name: str) -> list[Cell]:
        """The cells that bound ``name`` so far, in the order in which each did so first."""
        return [self._cells[place] for place in self._binders.get(name, ()) if place in self._cells]

    def rebound(self, cell: Cell) -> list[str]:
        """Say which names of ``cell`` another cell binds too, once for each."""
        lines = []
        for name in cell.names.outputs:
            others = [other.label for other in self.binders(name) if other is not cell]
            if others and not cell.may_read(name) and (name, cell.place) not in self._told:
                self._told.add((name, cell.place))
                lines.append(
                    f"{name} is bound by {others[-1]} too: who reads it takes it from the one of "
                    "them that ran last"
                )
        return lines

    def untouched(self, name: str) -> bool:
        """Whether ``name`` still holds what a checkpointed cell bound it to."""
        bound = self._bound.get(name)
        if bound is None:
            return False
        if name in self.owed:
            return True
        if name not in self.namespace:
            return False
        try:
            return digest(self.namespace[name]) == bound.digest
        except FingerprintError:
            return False

    def follows(self, cell: Cell, name: str, result: str) -> bool:
        """Whether a new ``result`` of ``cell`` should take the place of what ``name`` holds."""
        bound = self._bound.get(name)
        if bound is None or bound.cell.place != cell.place:
            return bound is None and name not in self.namespace
        return bound.digest != result and self.untouched(name)

    # -- where from ------------------------------------------------------------------------------

    def now(self, cell: Cell) -> Cell | None:
        """The cell that stands where ``cell`` stood."""
        return self._cells.get(cell.place)

    def origin(self, name: str, reader: Cell) -> Origin:
        """Where ``reader`` takes ``name`` from if it runs now.

        While the name holds what ``reader`` itself or a later cell bound it to, the reader keeps
        its place: it takes the name from where it took it before.
        """
        bound = self._bound.get(name)
        if isinstance(self.owed.get(name), Unkept):
            return ABSENT
        untouched = self.untouched(name)
        if bound is not None and untouched:
            order = self._binders.get(name, [])
            at = order.index(reader.place) if reader.place in order else len(order)
            if bound.cell.place in order[at:]:
                return self._before(name, reader, order[:at])
            giver = self.now(bound.cell)
            if giver is not None and not self._needs(giver, reader):
                return Edge(giver, name)
        if name not in self.namespace:
            return ABSENT
        return Value(self.namespace[name], self._remark(name, bound, untouched))

    def together(self, names: Collection[str]) -> list[set[str]]:
        """Return which of ``names`` hold what was stored together, since it shares objects."""
        units: dict[str, set[str]] = {}
        for name in names:
            bound = self._bound.get(name)
            if bound is not None and bound.unit:
                units.setdefault(bound.unit, set()).add(name)
        return list(units.values())

    def _needs(self, cell: Cell, other: Cell) -> bool:
        """Whether what ``cell`` took comes from ``other``: then it is an older version of it."""
        todo, met = [cell], {cell.place}
        while todo:
            for giver in todo.pop().givers:
                if giver.place == other.place:
                    return True
                if giver.place not in met:
                    met.add(giver.place)
                    todo.append(self.now(giver) or giver)
        return False

    def _before(self, name: str, reader: Cell, earlier: list[str]) -> Origin:
        """Where ``reader`` took a name from that it, or a later cell, bound since."""
        kept = reader.took(name)
        if isinstance(kept, Edge):
            giver = self.now(kept.cell)
            if giver is not None and not self._needs(giver, reader):
                return Edge(giver, name)
        elif kept is not None:
            return kept
        for place in reversed(earlier):
            giver = self._cells.get(place)
            if giver is not None and not self._needs(giver, reader):
                return Edge(giver, name)
        return Value(self.namespace[name]) if name in self.namespace else ABSENT

    def _remark(self, name: str, bound: Bound | None, untouched: bool) -> str:
        if bound is None or untouched:
            return ""
        cells = self.touches.since(name, bound.since)
        by = f" by {' or '.join(cells[-3:])}" if cells else ""
        return f"changed{by} after {bound.cell.label} made it"


def _check_names(declared: Declared, names: Names) -> None:
    read = (*names.reads, *names.may_read)
    try:
        check_names("--ignore", declared.ignore, read, "the cell")
        check_names("--secret", declared.secret, read, "the cell")
    except DeclarationError as error:
        raise MagicUsageError(error.headline, error.facts, error.hint) from None


def _title(names: Names, source: str) -> str:
    if names.outputs:
        return ", ".join(names.outputs[:3]) + (", …" if len(names.outputs) > 3 else "")
    first = next((line.strip() for line in source.splitlines() if line.strip()), "empty cell")
    return first if len(first) <= 32 else first[:31] + "…"
