"""What a cell showed, as one page: for an output that can only be replaced as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from checkpoint_nb.notebook.cellrun import Message


def page(messages: Sequence[Message]) -> str:
    """Return HTML that shows ``messages`` one below the other.

    Examples
    --------
    >>> page([("stream", {"name": "stdout", "text": "a < b"})])
    '<pre>a &lt; b</pre>'
    """
    parts: list[str] = []
    for kind, content in messages:
        if kind == "clear":
            parts.clear()
        elif kind == "stream":
            parts.append(f"<pre>{escape(str(content['text']))}</pre>")
        elif isinstance(data := content.get("data"), Mapping):
            parts.append(_shown(data))
    return "".join(parts)


def _shown(data: Mapping[str, object]) -> str:
    for kind in ("image/png", "image/jpeg"):
        if kind in data:
            return f'<img src="data:{kind};base64,{escape(str(data[kind]).strip())}">'
    for kind in ("image/svg+xml", "text/html"):
        if kind in data:
            return str(data[kind])
    return f"<pre>{escape(str(data.get('text/plain', '')))}</pre>"
