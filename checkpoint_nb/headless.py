"""Executes a notebook without a front end, and says in plain lines how it goes."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from checkpoint_nb.errors import CheckpointError, DeclarationError
from checkpoint_nb.measures import said_span

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def execute(path: Path, say: Callable[[str], None], environ: Mapping[str, str]) -> bool:
    """Execute the notebook at ``path`` in its own folder; whether every cell came through.

    The notebook itself stays as it is: results are in the store.

    Parameters
    ----------
    say
        Told each line.
    environ
        Variables of the kernel beside those of this process.

    Raises
    ------
    DeclarationError
        When ``path`` is no notebook.
    CheckpointError
        When nbclient is not installed.
    """
    try:
        import nbformat
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError
    except ImportError:
        raise CheckpointError(
            "Running a notebook needs nbclient.", {}, "pip install nbclient ipykernel"
        ) from None
    notebook = _read(nbformat, path)
    telling = _Telling(notebook, say)
    client = NotebookClient(
        notebook,
        timeout=None,
        resources={"metadata": {"path": str(path.absolute().parent)}},
        on_cell_execute=telling.starts,
        on_cell_executed=telling.ended,
    )
    began = time.monotonic()
    try:
        client.execute(env={**os.environ, **environ})
    except CellExecutionError:
        return False
    say(f"{path.name} done in {said_span(time.monotonic() - began)}")
    return True


def _read(nbformat: Any, path: Path) -> Any:
    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise DeclarationError(f"There is no notebook {path}.") from None
    except nbformat.reader.NotJSONError:
        raise DeclarationError(f"{path} is no notebook.") from None


class _Telling:
    """Tells each cell when it starts, and what the extension said when it is done."""

    def __init__(self, notebook: Any, say: Callable[[str], None]) -> None:
        self._say = say
        self._began = 0.0
        cells = [n for n, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
        self._place = {index: place for place, index in enumerate(cells, 1)}

    def starts(self, cell: Any, cell_index: int) -> None:
        self._began = time.monotonic()
        lines = (line.strip() for line in cell.source.splitlines())
        first = next((line for line in lines if line), "")
        self._say(f"cell {self._place[cell_index]}/{len(self._place)}: {first[:80]}")

    def ended(self, cell: Any, cell_index: int, execute_reply: Any) -> None:  # noqa: ARG002
        for output in cell.outputs:
            ours = output.get("metadata", {}).get("checkpoint_nb", {})
            if ours.get("kind") in ("line", "status"):
                self._tell(output["data"].get("text/plain", ""))
            elif output.output_type == "error":
                self._tell("\n".join(output.traceback))
        took = said_span(time.monotonic() - self._began)
        failed = execute_reply["content"]["status"] == "error"
        self._say(f"    {'failed after' if failed else 'done in'} {took}")

    def _tell(self, text: str) -> None:
        for line in _COLOURS.sub("", text).splitlines():
            self._say(f"    {line}")
