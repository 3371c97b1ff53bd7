"""Shows a timeline as an output of a cell: a picture, and as text where there are none."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

from IPython import display as ipython

from checkpoint_nb.timeline import Timeline

_display: Callable[..., object] = ipython.display


def show_timeline(drawn: Timeline) -> None:
    """Show ``drawn`` as an image, which GitHub shows too; in a terminal with letters."""
    data = b64encode(drawn.svg().encode()).decode()
    image = (
        f'<img alt="timeline of the run" style="max-width:100%;height:auto" '
        f'src="data:image/svg+xml;base64,{data}">'
    )
    _display(
        {"text/plain": drawn.text(), "text/html": image},
        raw=True,
        metadata={"checkpoint_nb": {"kind": "timeline"}},
    )
