"""The one line under a cell."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from html import escape
from typing import TYPE_CHECKING

from IPython import display as ipython

from checkpoint_nb.states import State

if TYPE_CHECKING:
    from checkpoint_nb.notebook.cell import Cell
    from checkpoint_nb.plan import Plan
    from checkpoint_nb.run import Run

_display: Callable[..., object] = ipython.display


def definitions_line(cell: Cell) -> str:
    """Say that a cell had nothing to keep."""
    return f"✓ {', '.join(cell.names.defines) or cell.label} — definitions: nothing to keep"


def say(text: str, facts: Mapping[str, object] | None = None) -> None:
    """Show one line of the extension's own; ``facts`` go into its metadata for tools."""
    metadata = {"checkpoint_nb": {"kind": "line", **(facts or {})}}
    _display(_bundle(text), raw=True, metadata=metadata)


def _bundle(text: str, below: str = "") -> dict[str, str]:
    html = f'<div style="font-size:12px;opacity:.8">{escape(text)}</div>{below}'
    return {"text/plain": text, "text/html": html}


class ChangingLine:
    """A line that changes as time goes by: one output in a notebook, further lines in a terminal.

    Parameters
    ----------
    in_place
        Whether what was displayed can be changed.
    """

    def __init__(self, *, in_place: bool) -> None:
        self._id = uuid.uuid4().hex
        self.in_place = in_place
        self._shown = False

    def say(self, text: str, below: str = "") -> None:
        """Show ``text`` instead of what the line said before, and HTML ``below`` it."""
        if not self.in_place:
            say(text)
            return
        metadata = {"checkpoint_nb": {"kind": "progress"}}
        words = {"raw": True, "metadata": metadata, "display_id": self._id, "update": self._shown}
        _display(_bundle(text, below), **words)
        self._shown = True

    def end(self, text: str) -> None:
        """Let the line say ``text`` for good, if it was ever shown in a notebook."""
        if self._shown:
            self.say(text)


def say_run(run: Run) -> None:
    """Say what a run did, in one line."""
    if run.report is None or run.scheduler is None:
        return
    ran = sum(run.report.ran.values())
    facts = {"ran": ran, "restored": len(run.graph) - ran, "saved": round(run.saved, 3)}
    say(run_line(run), facts)
    for note in run.notes:
        say(f"⚠ {note}", {"note": True})


def run_line(run: Run) -> str:
    """Say what a run did: what ran and why, or what was restored and the time saved."""
    assert run.report is not None
    assert run.scheduler is not None
    ran, reused = sum(run.report.ran.values()), sum(run.report.reused.values())
    targets = [run.graph.nodes[number] for number in run.graph.targets]
    name = targets[0].label if len(targets) == 1 else f"{len(run.graph)} nodes"
    if run.scheduler.outcome == "cancelled":
        stopped = len(run.scheduler.ended_as(State.CANCELLED))
        return f"{State.CANCELLED.glyph} {name} — cancelled: {ran} done and kept, {stopped} not run"
    if run.scheduler.failures:
        also = f": {ran} done and kept" if ran else ""
        return f"{State.FAILED.glyph} {name} — {State.FAILED.word}{also}"
    if not ran:
        return f"{State.FRESH.glyph} {name} — restored{_when(run)}, saved {run.saved:.2f} s"
    also = f", {reused} reused" if reused else ""
    took = f"ran {ran}{also} in {run.report.seconds:.2f} s"
    return f"{State.DONE.glyph} {name} — {took}{_why(run)}{_unkept(run)}"


def _unkept(run: Run) -> str:
    """Name what could not be kept, and so is not in the notebook either."""
    assert run.scheduler is not None
    said = [f"{name} ({why})" for name, why in run.scheduler.unkept.items()]
    return f" — not kept: {'; '.join(said)}: make it in a plain cell" if said else ""


def _when(run: Run) -> str:
    record = run.record(run.graph.nodes[run.graph.targets[0]].id)
    if record is None or len(run.graph.targets) > 1:
        return ""
    return f" (computed {time.strftime('%d %b %H:%M', time.localtime(record.created))})"


def _why(run: Run) -> str:
    """Causes, those that are the same said once: ``12 nodes: never ran``."""
    assert run.report is not None
    plan = run.report.plan
    causes: dict[str, list[int]] = {}
    for number in plan.left:
        if plan.decisions[number].state is State.STALE:
            causes.setdefault(plan.decisions[number].reason, []).append(number)
    said = [_cause(plan, reason, numbers) for reason, numbers in causes.items()]
    more = f" and {len(said) - 3} more" if len(said) > 3 else ""
    return f" — {'; '.join(said[:3])}{more}" if said else ""


def _cause(plan: Plan, reason: str, numbers: list[int]) -> str:
    if len(numbers) > 1:
        return f"{len(numbers)} nodes: {reason}"
    if tuple(numbers) == plan.graph.targets:
        return reason
    return f"{plan.graph.nodes[numbers[0]].label}: {reason}"
