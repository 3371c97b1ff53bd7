"""Shows tables and several lines as outputs of a cell, as text and as HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape

from IPython import display as ipython

from checkpoint_nb.tabling import Table

_display: Callable[..., object] = ipython.display
_LEFT = 'style="text-align:left"'


def show_table(table: Table, nothing: str) -> None:
    """Show ``table``, or the words ``nothing`` where it has no rows."""
    if not table.rows:
        _show(nothing, f"<em>{escape(nothing)}</em>", "status")
        return
    head = "".join(f"<th {_LEFT}>{word}</th>" for word in table.heads)
    body = "".join(
        "<tr>" + "".join(f"<td {_LEFT}>{escape(word)}</td>" for word in row) + "</tr>"
        for row in table.rows
    )
    below = "".join(f"<div>{escape(line)}</div>" for line in table.below)
    html = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{below}"
    _show(str(table), html, "status")


def show_lines(lines: Iterable[str]) -> None:
    """Show lines as they are, in one output."""
    text = "\n".join(lines)
    style = "font-size:12px;line-height:1.4;white-space:pre-wrap"
    _show(text, f'<pre style="{style}">{escape(text)}</pre>', "line")


def _show(text: str, html: str, kind: str) -> None:
    _display(
        {"text/plain": text, "text/html": html},
        raw=True,
        metadata={"checkpoint_nb": {"kind": kind}},
    )
