"""Runs a node again from its inputs and compares: what nothing declares shows as a difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from checkpoint_nb.comparing import difference
from checkpoint_nb.errors import DeclarationError, StoreError
from checkpoint_nb.measures import said_size, said_span
from checkpoint_nb.run import Run
from checkpoint_nb.states import State
from checkpoint_nb.stores.interface import Objects, Record, Stored
from checkpoint_nb.work import Node

if TYPE_CHECKING:
    from checkpoint_nb.wiring import Wiring

_HINT: Final = (
    "it depends on something that its key does not hold: the clock, random numbers without a seed, "
    "a service, the order of a set"
)


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of running a node again.

    Parameters
    ----------
    label
        The node.
    same
        Outputs that came out the same.
    different
        By output, how it differs from the stored one.
    before, now
        Seconds it took when it was stored, and this time.
    notes
        What it was seen to do that should be known.
    """

    label: str
    same: tuple[str, ...]
    different: Mapping[str, str]
    before: float
    now: float
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return not self.different

    def lines(self) -> list[str]:
        """Tell it: a headline, then what differs, indented."""
        took = f"(took {said_span(self.now)}, was {said_span(self.before)})"
        if not self.different:
            return [f"✓ {self.label} — ran again, came out the same {took}", *self._noted()]
        lines = [f"✗ {self.label} — ran again, came out different {took}"]
        lines += [f"    {name}: {how}" for name, how in self.different.items()]
        if self.same:
            lines.append(f"    the same: {', '.join(self.same)}")
        return [*lines, f"    {_HINT}", "    the stored result stays", *self._noted()]

    def _noted(self) -> list[str]:
        return [f"    ⚠ {note}" for note in self.notes]


class Verification:
    """One node that runs again beside what is stored of it.

    Parameters
    ----------
    session
        Whose node it is; its store stays as it is.
    node
        It must be fresh.

    Raises
    ------
    DeclarationError
        When it is not: then there is nothing to compare with.
    """

    def __init__(self, session: Wiring, node: Node) -> None:
        # Here and not above: what packs and unpacks results is loaded at first use.
        from checkpoint_nb.stores.aside import AsideStore

        plan = session.plan([node])
        decision = plan.decisions[plan.graph.number[node.id]]
        if decision.record is None or decision.state is not State.FRESH:
            raise DeclarationError(
                f"{node.label} has no fresh result to compare with.",
                {"state": decision.state.word, "because": decision.reason},
                "Run it first.",
            )
        self._session = session
        self._node = node
        self._stored = decision.record
        self._aside = AsideStore(session.store)
        self.run: Run = session.start([node], forced={node.id}, store=self._aside)

    def outcome(self) -> Verified:
        """Compare, when the run is over. Raises what the work raised."""
        __tracebackhide__ = True
        try:
            record = self.run.result_of(self._node.id)
        finally:
            self._session.plan([self._node])
        return self._compared(record)

    def _compared(self, record: Record) -> Verified:
        same, different = [], {}
        objects = self._aside.objects
        for name in dict.fromkeys((*self._stored.outputs, *record.outputs)):
            how = _how(self._stored.outputs.get(name), record.outputs.get(name), objects)
            if how:
                different[_said(name, self._node)] = how
            else:
                same.append(_said(name, self._node))
        return Verified(
            self._node.label,
            tuple(same),
            different,
            self._stored.seconds,
            record.seconds,
            tuple(self.run.notes),
        )


def _how(before: Stored | None, now: Stored | None, objects: Objects) -> str:
    if before is None or now is None:
        return "was not there" if before is None else "is not there any more"
    if before.digest == now.digest:
        return ""
    if before.shown != now.shown:
        said = f"{before.shown} -> {now.shown}"
    else:
        said = f"{now.shown}, {said_size(now.size)}: the content differs"
    try:
        return difference(objects.get(before), objects.get(now)) or said
    except StoreError:
        return said


def _said(name: str, node: Node) -> str:
    if name.isidentifier():
        return name
    if node.kind != "cell":
        return "the result"
    return "what it shows" if not name else f"its {name.strip(chr(0))}"
