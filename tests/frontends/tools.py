"""Programs that run a notebook with nobody before it, each in an environment of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

BIN = Path(sys.executable).parent


@dataclass
class Place:
    """A folder with a cache, a key and a home of its own; programs are run in it."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """What a program finds: nothing of the user's, this Python's programs first."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "CI"))}
        return {
            **inherited,
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "CP_CACHE_DIR": str(self.folder / "cache"),
            "CHECKPOINT_NB_KEY_FILE": str(self.folder / "secret" / "key"),
            "CHECKPOINT_NB_SLOTS": "2",
            "IPYTHONDIR": str(self.folder / "ipython"),
            "JUPYTER_CONFIG_DIR": str(self.folder / "config"),
            "JUPYTER_RUNTIME_DIR": str(self.folder / "runtime"),
            **self.environ,
        }

    def call(self, *words: object) -> subprocess.CompletedProcess[str]:
        """Run a program to its end; what it says comes without colours."""
        done = subprocess.run(
            [str(word) for word in words],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        done.stdout, done.stderr = plain(done.stdout), plain(done.stderr)
        return done

    def write(self, name: str, *cells: str, parameters: str | None = None) -> Path:
        """Write a notebook of code cells; ``parameters`` is papermill's cell, the first."""
        made = [nbformat.v4.new_code_cell(source) for source in cells]
        if parameters is not None:
            tagged = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
            made.insert(0, tagged)
        kernel = {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
        }
        path = self.folder / name
        nbformat.write(nbformat.v4.new_notebook(cells=made, metadata=kernel), path)
        return path


def plain(text: str) -> str:
    """The text without a terminal's colours and movements."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


def read(path: Path) -> nbformat.NotebookNode:
    """The notebook as it is in the file."""
    return nbformat.read(path, as_version=4)


def outputs(notebook: nbformat.NotebookNode, *, ours: bool) -> list[nbformat.NotebookNode]:
    """What the cells' own code shows, or what the extension does."""
    return [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if bool(output.get("metadata", {}).get("checkpoint_nb")) is ours
    ]


def lines(notebook: nbformat.NotebookNode) -> list[str]:
    """The extension's lines on what ran and what was restored."""
    return [
        output["data"]["text/plain"]
        for output in outputs(notebook, ours=True)
        if "ran" in output["metadata"]["checkpoint_nb"]
    ]


def counted(notebook: nbformat.NotebookNode) -> tuple[int, int]:
    """How many nodes ran and how many were restored, as the metadata says it to programs."""
    facts = [output["metadata"]["checkpoint_nb"] for output in outputs(notebook, ours=True)]
    return sum(f.get("ran", 0) for f in facts), sum(f.get("restored", 0) for f in facts)


def shown(notebook: nbformat.NotebookNode) -> list[object]:
    """What the cells themselves showed, in order."""
    return [
        output.get("text") or output.get("data", {}).get("text/plain") or output["ename"]
        for output in outputs(notebook, ours=False)
    ]
