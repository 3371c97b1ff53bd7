"""Tables as words: what stands in each cell, and plain text with aligned columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from checkpoint_nb.collecting import Collected
from checkpoint_nb.holdings import Holdings
from checkpoint_nb.journal import NodeLog
from checkpoint_nb.measures import counted, said_age, said_size, said_span
from checkpoint_nb.standing import Row


@dataclass(frozen=True, slots=True)
class Table:
    """Words in rows and columns.

    Examples
    --------
    >>> print(Table(("node", "size"), (("features", "1.2 MB"), ("x", "3 kB")), ()))
    node      size
    features  1.2 MB
    x         3 kB
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    below: tuple[str, ...] = ()
    """Lines under the table."""

    def __str__(self) -> str:
        every = [self.heads, *self.rows]
        widths = [max(len(row[column]) for row in every) for column in range(len(self.heads))]
        lines = [
            "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip()
            for row in every
        ]
        return "\n".join([*lines, *self.below])


def status_table(rows: Sequence[Row], now: float) -> Table:
    """Lay out how nodes stand; ``now`` is seconds since the epoch."""
    return Table(
        ("state", "node", "why", "time", "size", "age", "kind"),
        tuple(
            (
                f"{row.state.glyph} {row.state.word}",
                row.label,
                row.reason,
                said_span(row.seconds) if row.seconds else "",
                "" if row.size is None else said_size(row.size),
                "" if row.created is None else said_age(now - row.created),
                row.kind,
            )
            for row in rows
        ),
    )


def holdings_table(held: Holdings) -> Table:
    """Lay out what is stored, by task."""
    rows = tuple(
        (
            said_size(task.size),
            task.task,
            f"{task.nodes:,}",
            f"{task.entries:,}",
            said_size(task.old_size) if task.old_entries else "",
            said_span(task.seconds),
        )
        for task in held.tasks
    )
    total = f"{said_size(held.size)} in {counted(held.entries, 'result')}"
    if held.old_entries:
        share = held.old_size / held.size if held.size else 0.0
        total += f", {said_size(held.old_size)} ({share:.0%}) of it old versions"
    return Table(
        ("size", "task", "nodes", "results", "old versions", "work"),
        rows,
        (f"{total}; {said_size(held.disk)} with the index",),
    )


def collected_line(done: Collected) -> str:
    """Say what a collection did."""
    if not done.entries:
        return f"nothing had to go: {said_size(done.left)} stored"
    said = f"removed {counted(done.entries, 'result')}, {said_size(done.size)} freed"
    if done.fresh:
        said += f", {done.fresh} of them fresh: there was no other way"
    return f"{said}; {said_size(done.left)} stored"


def log_text(log: NodeLog, now: float) -> str:
    """Say how a node ran, then what it printed, then how it failed."""
    head = f"{log.label} — ran {said_age(now - log.ended)} in {said_span(log.seconds)}"
    if log.error:
        head = f"✗ {log.label} — failed {said_age(now - log.ended)}, after {said_span(log.seconds)}"
    parts = [head, log.printed.rstrip("\n") or "(printed nothing)"]
    if log.error:
        parts.append(log.traceback.rstrip("\n") or log.error)
    return "\n".join(parts)
