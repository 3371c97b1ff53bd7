"""Shows again what a cell showed when it ran, in order."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from checkpoint_nb.notebook.cellrun import Message

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


class Recorded:
    """Stands for the value of a cell's last line: shows what was recorded of it."""

    def __init__(self, data: Mapping[str, object], metadata: Mapping[str, object]) -> None:
        self._data = data
        self._metadata = metadata

    def __repr__(self) -> str:
        return str(self._data.get("text/plain", "(recorded output)"))

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, object], dict[str, object]]:
        return dict(self._data), dict(self._metadata)


def replay(shell: InteractiveShell, messages: Sequence[Message]) -> None:
    """Show ``messages`` in the running cell: streams, displays, updates, clears, the result."""
    for kind, content in messages:
        if kind == "stream":
            stream = sys.stderr if content["name"] == "stderr" else sys.stdout
            stream.write(str(content["text"]))
            stream.flush()
        elif kind == "display":
            shell.display_pub.publish(**content)
        elif kind == "clear":
            shell.display_pub.clear_output(wait=bool(content["wait"]))  # type: ignore[no-untyped-call]
        elif kind == "result":
            shell.displayhook(_result(shell, content))


def _result(shell: InteractiveShell, content: Mapping[str, object]) -> object:
    name = str(content["name"])
    if name and name in shell.user_ns:
        return shell.user_ns[name]
    data, metadata = content["data"], content["metadata"]
    assert isinstance(data, Mapping)
    assert isinstance(metadata, Mapping)
    return Recorded(data, metadata)
