"""The oldest kernel that is supported, the one of Colab, in an environment of its own.

Nothing is fetched unless asked for: ``CHECKPOINT_NB_FLOOR_PYTHON`` names the Python of an
environment that has these versions and this checkout, or says ``make``, and pip makes one.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from tests.frontends.tools import plain
from tests.notebook.kernels import Notebook

ROOT = Path(__file__).parents[2]
VERSIONS = {"ipython": "7.34.0", "ipykernel": "6.17.1", "ipywidgets": "7.7.1"}
ASKED = os.environ.get("CHECKPOINT_NB_FLOOR_PYTHON", "")
VIEW = "application/vnd.jupyter.widget-view+json"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not ASKED, reason="CHECKPOINT_NB_FLOOR_PYTHON names no Python"),
]


class Floor(Notebook):
    """A notebook whose kernel is another Python."""

    def __init__(self, folder: Path, python: Path) -> None:
        spec = folder / "kernels" / "floor"
        spec.mkdir(parents=True)
        argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        words = {"argv": argv, "display_name": "floor", "language": "python"}
        (spec / "kernel.json").write_text(json.dumps(words))
        self.kernels = folder / "kernels"
        super().__init__(folder, watched=True)

    def start(self) -> None:
        specs = KernelSpecManager(kernel_dirs=[str(self.kernels)], ensure_native_kernel=False)
        self.manager = KernelManager(kernel_name="floor", kernel_spec_manager=specs)
        self.manager.start_kernel(cwd=str(self.folder), env=self._environ)
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.run("%load_ext checkpoint_nb")

    def click(self, comm: str, number: int, command: str) -> None:
        content = {"id": number, "command": command, "node": None}
        data = {"comm_id": comm, "data": {"method": "custom", "content": content}}
        self.client.shell_channel.send(self.client.session.msg("comm_msg", data))

    def answered(self, number: int) -> dict:
        """What the widget was told for a click."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            message = self.client.get_iopub_msg(timeout=60)
            content = message["content"].get("data", {})
            if message["msg_type"] == "comm_msg" and "content" in content:
                if content["content"].get("id") == number:
                    return content["content"]
        raise AssertionError("not heard in time")


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    if ASKED != "make":
        return Path(ASKED)
    folder = tmp_path_factory.mktemp("floor")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    made = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pinned = [f"{name}=={version}" for name, version in VERSIONS.items()]
    subprocess.run([made, "-m", "pip", "install", "--quiet", *pinned, ROOT], check=True)
    return made


@pytest.fixture
def notebook(tmp_path, python):
    notebook = Floor(tmp_path / "nb", python)
    yield notebook
    notebook.close()


def test_these_are_the_versions(notebook):
    """What is tested is what the project says that it needs at least."""
    project = (ROOT / "pyproject.toml").read_text()
    for name, version in VERSIONS.items():
        assert (
            notebook.value(f"__import__('importlib.metadata').metadata.version({name!r})")
            == version
        )
    assert f'"ipython>={VERSIONS["ipython"].removesuffix(".0")}"' in project
    assert f'"ipywidgets>={VERSIONS["ipywidgets"]}"' in project


def test_cells_run_and_are_restored_in_a_new_kernel(notebook):
    """Both spellings, what they show, the value of the last line; then the same from the store."""
    cells = (
        "%%checkpoint base\nprint('making')\nbase = [1, 2, 3]",
        "#| checkpoint: total\ntotal = sum(base)\ntotal",
        "%%time\n%%checkpoint\nshift = total + 1",
    )
    first = [notebook.run(cell) for cell in cells]
    assert [a.line.partition(" in ")[0] for a in first] == [
        "● base — ran 1",
        "● total — ran 1",
        "● shift — ran 1",
    ]
    notebook.restart()
    again = [notebook.run(cell) for cell in cells]
    assert [a.line.partition(" (")[0] for a in again] == [
        "✓ base — restored",
        "✓ total — restored",
        "✓ shift — restored",
    ]
    assert first[0].text == again[0].text == "making\n"
    assert first[1].result == again[1].result == {"text/plain": "6"}
    assert notebook.value("_, shift") == "(6, 7)"


def test_tasks_run(notebook):
    """The decorators need nothing of the notebook."""
    task = "from checkpoint_nb import checkpoint\n@checkpoint\ndef square(x):\n    return x * x"
    assert notebook.run(f"{task}\nprint(square(7).run())").text == "49\n"
    assert re.search(r"✓ fresh +square\(7\)", notebook.run("%checkpoint status").lines)


def test_a_failing_cell_fails_with_its_own_line(notebook):
    """The error is the cell's, and so is the line that is shown."""
    answer = notebook.run("%%checkpoint bad\nfine = 1\nbad = [][3]")
    assert answer.error == "IndexError"
    assert "bad = [][3]" in plain(answer.traceback)
    time.sleep(0.5)  # the kernel goes on refusing for a moment
    assert "does not know" in notebook.run("%checkpoint nonsense").errors


def test_interrupt_stops_a_cell(notebook):
    """The kernel goes on with what it had."""
    notebook.run("%%checkpoint base\nbase = 41")
    sent = notebook.begin("%%checkpoint slow\nimport time\ntime.sleep(300)\nslow = 1")
    time.sleep(2)
    notebook.manager.interrupt_kernel()
    assert notebook.end(sent, timeout=30).error == "KeyboardInterrupt"
    time.sleep(0.5)
    assert notebook.value("base + 1") == "42"


def test_the_picture_and_its_buttons_between_cells(notebook):
    """The graph is shown live and still; a cell in the background is cancelled by its button."""
    notebook.run("%%checkpoint base\nbase = 41")
    displays = notebook.run("%checkpoint graph").displays
    (comm,) = [d["data"][VIEW]["model_id"] for d in displays if VIEW in d["data"]]
    assert any("data:image/svg+xml;base64," in d["data"].get("text/html", "") for d in displays)
    late = notebook.run("%%checkpoint late --background\nimport time\ntime.sleep(300)\nlate = 1")
    assert "running in the background" in late.lines
    notebook.click(comm, 1, "ping")
    assert "now" in notebook.answered(1)
    notebook.click(comm, 2, "cancel")
    assert notebook.answered(2)["answer"] == "cancelling"
    assert notebook.run("late").error == "NameError"


def test_a_click_during_a_cell_is_not_lost(notebook):
    """It is heard when the cell is over: an older kernel handles one message at a time."""
    notebook.run("%%checkpoint base\nbase = 41")
    displays = notebook.run("%checkpoint graph").displays
    (comm,) = [d["data"][VIEW]["model_id"] for d in displays if VIEW in d["data"]]
    notebook.begin("%%checkpoint slow\nimport time\ntime.sleep(3)\nslow = 1")
    notebook.click(comm, 1, "ping")
    assert "now" in notebook.answered(1)
    assert notebook.value("slow") == "1"
