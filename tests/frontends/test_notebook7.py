"""Notebook 7 in a real Chromium: cells, strip, graph, buttons, and the page loaded anew."""

from __future__ import annotations

import contextlib
import re
import sys
import time
from pathlib import Path

import pytest

# the fixtures of jupyter.py, under a name that is not that of the installed jupyter.py
sys.path.insert(0, str(Path(__file__).parents[2]))
pytest_plugins = ["tests.notebook.jupyter"]

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

GRAPH = ".ckpt-live:not(.ckpt-compact)"
STRIP = ".ckpt-live.ckpt-compact"


@pytest.fixture(scope="module")
def server(tmp_path_factory, browser):
    """One Notebook 7 for these tests."""
    pytest.importorskip("notebook")
    from tests.notebook.jupyter import Server

    server = Server(tmp_path_factory.mktemp("notebook7"), "notebook")
    yield server
    server.stop()


@pytest.fixture
def begin(tmp_path):
    """The first cell: a cache of its own, two workers, the extension."""
    return (
        "import os\n"
        f"os.environ['CP_CACHE_DIR'] = {str(tmp_path / 'cache')!r}\n"
        "os.environ['CHECKPOINT_NB_SLOTS'] = '2'\n"
        "%load_ext checkpoint_nb"
    )


@pytest.fixture
def open_notebook(browser, server):
    from tests.notebook.jupyter import opened

    @contextlib.contextmanager
    def with_first_cell_run(*cells):
        with opened(browser, server, *cells, height=1600) as nb:
            nb.run_cell(0)
            yield nb

    return with_first_cell_run


def gated(first, gate, *lines):
    """A checkpointed cell that runs until the file ``gate`` is there."""
    wait = f"while not os.path.exists({str(gate)!r}):\n    time.sleep(0.1)"
    return "\n".join([first, "import os, time", wait, *lines])


def errors(nb):
    """Errors of the page, but for the one that Notebook 7 has by itself each time it is loaded."""
    return [error for error in nb.errors if "reading 'schema'" not in error]


def wait_output(nb, cell, pattern, timeout=30):
    until = time.monotonic() + timeout
    while not re.search(pattern, text := nb.output(cell)):
        assert time.monotonic() < until, f"wanted {pattern!r}, the cell shows {text!r}"
        nb.page.wait_for_timeout(50)


def press(nb, name):
    nb.page.locator(GRAPH).get_by_role("button", name=name, exact=True).click()


def test_cells_strip_graph_and_buttons(open_notebook, begin, tmp_path):
    """All that JupyterLab shows is shown here too, and a button works while a cell runs."""
    gate = tmp_path / "gate"
    cells = (
        "%%checkpoint base\nbase = [1, 2, 3]\nprint('made', len(base))",
        "#| checkpoint: total\ntotal = sum(base)\ntotal",
        "%checkpoint graph",
        gated("%%checkpoint slow", gate, "slow = total"),
    )
    with open_notebook(begin, *cells) as nb:
        for cell in range(1, 4):
            nb.run_cell(cell)
        wait_output(nb, 1, r"made 3\s+● base — ran 1")
        wait_output(nb, 2, r"6\s+● total — ran 1")
        nb.wait_states({"base": "fresh", "total": "fresh"})
        nb.run_cell(4, wait=False)
        nb.page.locator(f"{STRIP} .ckpt-line").get_by_text("1 running").wait_for()
        nb.screenshot("notebook7-strip")
        nb.page.locator(f"{GRAPH} [data-node='base']").click()
        press(nb, "Why")
        nb.page.get_by_text("base is fresh: computed").wait_for()
        nb.page.locator(STRIP).get_by_role("button", name="Cancel", exact=True).click()
        wait_output(nb, 4, "RunCancelled|KeyboardInterrupt")
        nb.wait_idle()
        gate.touch()
        press(nb, "Run stale")
        nb.wait_states({"base": "fresh", "slow": "done"}, timeout=30)
        nb.run_cell(4)
        wait_output(nb, 4, "✓ slow — restored")
        nb.screenshot("notebook7-graph")
        assert errors(nb) == []


def test_the_page_loaded_anew_keeps_the_picture(open_notebook, begin):
    """With the kernel the graph is live again; without it, its picture is there."""
    cells = "%%checkpoint base\nbase = [1, 2, 3]", "%checkpoint graph"
    with open_notebook(begin, *cells) as nb:
        for cell in range(1, 3):
            nb.run_cell(cell)
        nb.wait_states({"base": "fresh"})
        nb.save()
        nb.reload()
        nb.wait_states({"base": "fresh"}, timeout=30)
        nb.page.locator(f"{GRAPH} [data-node='base']").click()
        press(nb, "Why")
        nb.page.get_by_text("base is fresh: computed").wait_for()
        nb.save()
        nb.page.evaluate("() => window.__nb.sessionContext.shutdown()")
        nb.reload()
        picture = nb.page.locator(".jp-OutputArea img[src^='data:image/svg+xml']").last
        picture.wait_for()
        assert picture.evaluate("img => img.complete && img.naturalWidth") > 50
        nb.screenshot("notebook7-reopened")
        assert errors(nb) == []


def test_a_cell_in_the_background_says_by_itself_that_it_is_done(open_notebook, begin, tmp_path):
    """Its line changes where it stands, though no cell runs and none is asked for."""
    gate = tmp_path / "gate"
    late = gated("%%checkpoint late --background", gate, "late = 41", "print('was late')")
    with open_notebook(begin, late, "print('meanwhile')", "late + 1") as nb:
        for cell in range(1, 3):
            nb.run_cell(cell)
        wait_output(nb, 1, "late — running in the background")
        assert "meanwhile" in nb.output(2)
        nb.screenshot("notebook7-background")
        gate.touch()
        wait_output(nb, 1, "● late — ran 1")
        assert "running" not in nb.output(1)
        nb.run_cell(3)
        wait_output(nb, 3, "42")
        wait_output(nb, 1, "was late")
        assert errors(nb) == []


def test_the_help_pane_explains_the_magic(open_notebook, begin):
    """``%checkpoint?`` opens the pager with the guide."""
    with open_notebook(begin, "%checkpoint?") as nb:
        nb.run_cell(1, wait=False)
        nb.page.get_by_text("Remember a cell, or ask about what is remembered").first.wait_for()
        nb.screenshot("notebook7-help")
        assert errors(nb) == []
