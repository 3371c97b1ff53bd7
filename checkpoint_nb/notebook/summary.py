"""The one line under a cell, and the status table."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from IPython import display as ipython

from checkpoint_nb.states import State

if TYPE_CHECKING:
    from checkpoint_nb.notebook.cells import Cell
    from checkpoint_nb.plan import Plan
    from checkpoint_nb.run import Run
    from checkpoint_nb.work import Node

_display: Callable[..., object] = ipython.display
_METADATA = {"checkpoint_nb": {"kind": "status"}}


def definitions_line(cell: Cell) -> str:
    """Say that a cell had nothing to keep."""
    return f"✓ {', '.join(cell.names.defines) or cell.label} — definitions: nothing to keep"


def say(text: str, facts: Mapping[str, object] | None = None) -> None:
    """Show one line of the extension's own; ``facts`` go into its metadata for tools."""
    metadata = {"checkpoint_nb": {"kind": "line", **(facts or {})}}
    _display(_bundle(text), raw=True, metadata=metadata)


def _bundle(text: str) -> dict[str, str]:
    html = f'<div style="font-size:12px;opacity:.8">{escape(text)}</div>'
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
        self._in_place = in_place
        self._shown = False

    def say(self, text: str) -> None:
        """Show ``text`` instead of what the line said before."""
        if not self._in_place:
            say(text)
            return
        metadata = {"checkpoint_nb": {"kind": "progress"}}
        words = {"raw": True, "metadata": metadata, "display_id": self._id, "update": self._shown}
        _display(_bundle(text), **words)
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


def table(plan: Plan, nodes: Collection[Node]) -> None:
    """Show every node (or only ``nodes``), its state and why, as a table."""
    chosen = {node.id for node in nodes}
    rows = [
        (
            f"{decision.state.glyph} {decision.state.word}",
            node.label,
            f"{decision.expected:.2f} s" if decision.expected else "",
            f"{decision.record.size:,}" if decision.record is not None else "",
            decision.reason,
        )
        for node, decision in zip(plan.graph.nodes, plan.decisions, strict=True)
        if not chosen or node.id in chosen
    ]
    heads = ("state", "node", "time", "bytes", "why")
    _display(
        {"text/plain": _plain(heads, rows), "text/html": _html(heads, rows)},
        raw=True,
        metadata=_METADATA,
    )


def _plain(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return "nothing yet: run a cell with %%checkpoint, or a task"
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    return "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip()
        for row in [heads, *rows]
    )


def _html(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return "<em>nothing yet: run a cell with %%checkpoint, or a task</em>"
    head = "".join(f'<th style="text-align:left">{word}</th>' for word in heads)
    body = "".join(
        "<tr>"
        + "".join(f'<td style="text-align:left">{escape(word)}</td>' for word in row)
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
