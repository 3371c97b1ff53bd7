"""Executes a notebook without a browser and reports what ran and what was reused."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import nbclient
import nbformat


def main() -> int:
    """Execute the notebook named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--save", type=Path, help="where to write the executed notebook")
    words = parser.parse_args()
    notebook = nbformat.read(words.notebook, as_version=4)
    started = time.perf_counter()
    nbclient.NotebookClient(
        notebook, timeout=900, resources={"metadata": {"path": str(words.notebook.parent)}}
    ).execute()
    report(notebook, time.perf_counter() - started)
    if words.save:
        nbformat.write(notebook, words.save)
    return 0


def report(notebook: nbformat.NotebookNode, seconds: float) -> None:
    """Print each line the extension left in the outputs, and the sum of them."""
    facts = [
        (str(output.data.get("text/plain", "")), output.metadata["checkpoint_nb"])
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "ran" in output.get("metadata", {}).get("checkpoint_nb", {})
    ]
    for line, _ in facts:
        print(line)
    ran = sum(fact["ran"] for _, fact in facts)
    restored = sum(fact["restored"] for _, fact in facts)
    saved = sum(fact["saved"] for _, fact in facts)
    print(
        f"{ran} nodes ran, {restored} were reused, {saved:.1f} s of work saved; "
        f"{seconds:.1f} s in all"
    )


if __name__ == "__main__":
    sys.exit(main())
