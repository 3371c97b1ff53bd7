"""The notebooks run headless, and the second time nothing is computed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
TOUR = ROOT / "notebooks" / "tour.ipynb"


def execute(tmp_path: Path, name: str) -> tuple[str, nbformat.NotebookNode]:
    saved = tmp_path / name
    environ = {
        **os.environ,
        "CP_CACHE_DIR": str(tmp_path / "cache"),
        "CHECKPOINT_NB_KEY_FILE": str(tmp_path / "secret" / "key"),
        "IPYTHONDIR": str(tmp_path / "ipython"),
    }
    words = [sys.executable, ROOT / "notebooks" / "headless.py", TOUR, "--save", saved]
    answer = subprocess.run(words, env=environ, capture_output=True, text=True, timeout=600)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout, nbformat.read(saved, as_version=4)


def shown(notebook: nbformat.NotebookNode) -> list[object]:
    """What the cells themselves showed, without the extension's own lines."""
    return [
        output.get("text") or sorted(output.get("data", {}))
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "checkpoint_nb" not in output.get("metadata", {})
    ]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_tour_runs_headless_and_the_second_time_nothing_runs(tmp_path):
    """First every node runs; then none does, the outputs are the same, and the time saved is told."""
    first, before = execute(tmp_path, "first.ipynb")
    second, after = execute(tmp_path, "second.ipynb")
    pattern = r"(\d+) nodes ran, (\d+) were reused, ([\d.]+) s of work saved"
    ran, _, _ = re.search(pattern, first).groups()
    ran_again, reused, saved = re.search(pattern, second).groups()
    assert int(ran) >= 16
    assert int(ran_again) == 0
    assert int(reused) >= 16
    assert float(saved) > 0
    assert shown(after) == shown(before)
    pictures = [
        output
        for cell in after.cells
        for output in cell.get("outputs", [])
        if "data:image/svg+xml;base64," in output.get("data", {}).get("text/html", "")
    ]
    assert pictures, "the graph is saved as a picture"


def test_the_tour_is_saved_with_its_outputs():
    """Somebody who opens the notebook without a kernel sees the outputs and the graph."""
    notebook = nbformat.read(TOUR, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    text = TOUR.read_text()
    assert "data:image/svg+xml;base64," in text
    assert '"image/png"' in text
    assert TOUR.stat().st_size < 400_000


def test_a_terminal_runs_the_same_cells(tmp_path):
    """Plain IPython has no event loop of a kernel: the cell blocks, says its line, and is restored."""
    words = (
        "%load_ext checkpoint_nb\n%%checkpoint\nprint('working')\nx = 6 * 7\n\n\n\n"
        "print('x is', x)\n%checkpoint status\n"
    )
    environ = {
        **os.environ,
        "CP_CACHE_DIR": str(tmp_path / "cache"),
        "CHECKPOINT_NB_KEY_FILE": str(tmp_path / "secret" / "key"),
        "IPYTHONDIR": str(tmp_path / "ipython"),
    }
    command = [sys.executable, "-m", "IPython", "--simple-prompt", "--colors=NoColor"]
    answers = [
        subprocess.run(
            command,
            input=words,
            env=environ,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        ).stdout
        for _ in range(2)
    ]
    assert all("working" in answer and "x is 42" in answer for answer in answers)
    assert "x — ran 1" in answers[0]
    assert "x — restored" in answers[1]
    assert "fresh" in answers[1]
