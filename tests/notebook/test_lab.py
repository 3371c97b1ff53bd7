"""Stories of people at work: a real JupyterLab, a real Chromium, a real kernel, real workers."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

import pytest

# the fixtures of jupyter.py, under a name that is not that of the installed jupyter.py
sys.path.insert(0, str(Path(__file__).parents[2]))
pytest_plugins = ["tests.notebook.jupyter"]

pytestmark = pytest.mark.browser

GRAPH = ".ckpt-live:not(.ckpt-compact)"
STRIP = ".ckpt-live.ckpt-compact"

HELPER = """import numpy as np

def described(images):
    return np.hstack([images.reshape(len(images), -1) / 16, images.mean(axis=1) / 16])"""
DIGITS = """%%checkpoint digits
import time
from sklearn.datasets import load_digits

time.sleep(2)
images, labels = load_digits(return_X_y=True)
images = images.reshape(-1, 8, 8)
print(len(images), "digits")"""
FEATURES = """%%checkpoint features
import time

time.sleep(2)
features = described(images)
print(features.shape)"""
FOLDS = """%%checkpoint folds
from sklearn.model_selection import StratifiedKFold

folds = list(StratifiedKFold(4).split(np.zeros(len(labels)), labels))
print(len(folds), "folds")"""
SCORE = """%%checkpoint score
import time
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier

time.sleep(2)
score = cross_val_score(KNeighborsClassifier(3), features, labels, cv=folds).mean()
print(f"{score:.3f}")"""


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
def open_notebook(browser, lab):
    """Open a notebook of these cells, in a window tall enough for all of it."""
    from tests.notebook.jupyter import opened

    return lambda *cells, height=2200, **more: opened(browser, lab, *cells, height=height, **more)


def watch(nb):
    """Write down each change of a node's state in the graph, as the page shows it."""
    nb.page.evaluate(
        """graph => {
            const root = document.querySelector(graph), seen = window.__seen = [];
            const note = n => seen.push([n.dataset.node, n.dataset.state]);
            root.querySelectorAll('[data-node]').forEach(note);
            new MutationObserver(all => all.forEach(({target}) => note(target)))
                .observe(root, {subtree: true, attributeFilter: ['data-state']});
        }""",
        GRAPH,
    )


def seen(nb):
    """What `watch` wrote down: the states each node passed through."""
    passed = {}
    for label, state in nb.page.evaluate("() => window.__seen"):
        states = passed.setdefault(label, [])
        if states[-1:] != [state]:
            states.append(state)
    return passed


def graph_states(nb):
    return dict(
        nb.page.evaluate(
            "graph => [...document.querySelector(graph).querySelectorAll('[data-node]')]"
            ".map(n => [n.dataset.node, n.dataset.state])",
            GRAPH,
        )
    )


def wait_graph(nb, wanted, timeout=20):
    """Wait until the graph (not a strip) shows the nodes named in the states wanted."""
    until = time.monotonic() + timeout
    while not wanted.items() <= (states := graph_states(nb)).items():
        assert time.monotonic() < until, f"wanted {wanted}, the graph shows {states}"
        nb.page.wait_for_timeout(50)
    return states


def until_settled(nb, timeout=20):
    """Wait until the graph shows that every result is there."""
    until = time.monotonic() + timeout
    while not set((states := graph_states(nb)).values()) <= {"fresh", "done", "reused"}:
        assert time.monotonic() < until, states
        nb.page.wait_for_timeout(50)


def wait_output(nb, cell, pattern, timeout=20):
    """Wait until the text under a cell matches."""
    until = time.monotonic() + timeout
    while not (found := re.search(pattern, text := nb.output(cell))):
        assert time.monotonic() < until, f"wanted {pattern!r}, the cell shows {text!r}"
        nb.page.wait_for_timeout(50)
    return found


def prompt(nb, cell):
    return nb.page.locator(".jp-InputPrompt").nth(cell).inner_text().strip()


def edit(nb, cell, old, new):
    """Change the source of a cell, as somebody does who types."""
    source = nb.page.evaluate("n => window.__nb.content.widgets[n].model.sharedModel.source", cell)
    assert old in source
    nb.page.evaluate(
        "([n, text]) => window.__nb.content.widgets[n].model.sharedModel.setSource(text)",
        [cell, source.replace(old, new)],
    )


def select(nb, label):
    """Click a node of the graph (not of a strip)."""
    nb.page.locator(f"{GRAPH} [data-node='{label}']").click()


def press(nb, name):
    """Click a button of the graph."""
    nb.page.locator(GRAPH).get_by_role("button", name=name, exact=True).click()


def gated(name, gate, *lines):
    """A checkpointed cell that runs until the file ``gate`` is there."""
    wait = f"while not os.path.exists({str(gate)!r}):\n    time.sleep(0.1)"
    return "\n".join([f"%%checkpoint {name}", "import os, time", wait, *lines])


def test_run_watch_edit_a_helper_restart(open_notebook, begin):
    """What is stale runs before your eyes; after an edit, what it touches; after a restart, nothing."""
    names = {2: "digits", 3: "features", 4: "folds", 5: "score"}
    with open_notebook(begin, HELPER, DIGITS, FEATURES, FOLDS, SCORE, "%checkpoint graph") as nb:
        for cell in range(7):
            nb.run_cell(cell)
        for cell, name in names.items():
            wait_output(nb, cell, rf"● {name} — ran 1 in .*never ran")
        wait_graph(nb, dict.fromkeys(names.values(), "fresh"))
        nb.screenshot("lab-first-run")

        watch(nb)
        press(nb, "Clear all")
        press(nb, "Clear 4 results")
        wait_graph(nb, dict.fromkeys(names.values(), "stale"))
        nb.run_cell(5, wait=False)
        wait_graph(nb, {"digits": "running", "features": "queued", "score": "queued"})
        wait_graph(nb, {"digits": "done", "features": "running", "score": "queued"})
        nb.screenshot("lab-mid-run")
        wait_graph(nb, dict.fromkeys(names.values(), "done"))
        nb.wait_idle()
        assert "● score — ran 4" in nb.output(5)
        # the plan may say pending, and the first may not be seen to wait
        passed = {name: [s for s in all_ if s != "pending"] for name, all_ in seen(nb).items()}
        assert passed["features"] == ["fresh", "stale", "queued", "running", "done"]
        assert passed["score"] == ["fresh", "stale", "queued", "running", "done"]
        assert [s for s in passed["digits"] if s != "queued"] == [
            "fresh", "stale", "running", "done",
        ]  # fmt: skip

        edit(nb, 1, "images.mean(axis=1)", "images.max(axis=1)")
        watch(nb)
        for cell in range(1, 6):
            nb.run_cell(cell)
        assert "✓ digits — restored" in nb.output(2)
        assert "1797 digits" in nb.output(2)
        assert re.search("● features — ran 1 .*described", nb.output(3)), nb.output(3)
        assert "✓ folds — restored" in nb.output(4)
        assert "● score — ran 1" in nb.output(5)
        ran = {name for name, states in seen(nb).items() if "running" in states}
        assert ran == {"features", "score"}
        nb.screenshot("lab-helper-edited")

        edit(nb, 1, "images.max", "images.mean")
        edit(nb, 1, "    return", "    # as it was\n    return")
        for cell in range(1, 6):
            nb.run_cell(cell)
        for cell, name in names.items():
            assert f"✓ {name} — restored" in nb.output(cell)

        nb.restart_kernel()
        nb.run_all()
        for cell, name in names.items():
            wait_output(nb, cell, f"✓ {name} — restored")
        assert "1797 digits" in nb.output(2)
        assert wait_graph(nb, dict.fromkeys(names.values(), "fresh")).keys() == set(names.values())
        nb.screenshot("lab-restarted")
        assert nb.errors == []


def test_clear_takes_effect_while_another_cell_runs(open_notebook, begin, tmp_path):
    """A result cleared during a long cell is gone at once, and comes back only by running."""
    gate = tmp_path / "gate"
    slow = gated("slow", gate, "end = 'slow is over'", "print(end)")
    with open_notebook(begin, DIGITS, "%checkpoint graph", slow) as nb:
        for cell in range(3):
            nb.run_cell(cell)
        wait_graph(nb, {"digits": "fresh"})
        nb.run_cell(3, wait=False)
        wait_graph(nb, {"digits": "fresh", "slow": "running"})
        select(nb, "digits")
        press(nb, "Clear")
        wait_graph(nb, {"digits": "stale", "slow": "running"}, timeout=5)
        nb.page.get_by_text(re.compile(r"cleared 1 result, [\d,]+ bytes freed")).wait_for()
        nb.screenshot("lab-cleared-during-a-run")
        assert prompt(nb, 3) == "[*]:"
        gate.touch()
        wait_output(nb, 3, "● slow — ran 1")
        wait_graph(nb, {"digits": "stale", "slow": "done"})
        nb.run_cell(1)
        wait_output(nb, 1, r"● digits — ran 1 in .*cleared")
        nb.run_cell(3)
        wait_output(nb, 3, "✓ slow — restored")
        assert nb.errors == []


def test_cancel_and_interrupt_stop_a_cell_and_keep_what_is_finished(open_notebook, begin, tmp_path):
    """Both stop the cell within seconds; what was finished is not done twice."""
    gate = tmp_path / "gate"
    slow = gated("slow", gate, "print(len(labels), 'at last')")
    with open_notebook(begin, DIGITS, slow, "print(6 * 7)") as nb:
        nb.run_cell(0)
        nb.run_cell(1)
        nb.run_cell(2, wait=False)
        strip = nb.page.locator(STRIP)
        strip.locator(".ckpt-line").get_by_text("1 running").wait_for()
        nb.screenshot("lab-strip")
        strip.get_by_role("button", name="Cancel", exact=True).click()
        wait_output(nb, 2, "RunCancelled|KeyboardInterrupt", timeout=5)
        nb.wait_idle(5)
        nb.screenshot("lab-cancelled")
        nb.run_cell(3)
        assert nb.output(3).strip() == "42"

        nb.run_cell(2, wait=False)
        strip.locator(".ckpt-line").get_by_text("1 running").wait_for()
        nb.interrupt()
        wait_output(nb, 2, "KeyboardInterrupt", timeout=5)
        nb.wait_idle(5)
        nb.screenshot("lab-interrupted")

        gate.touch()
        nb.run_cell(2)
        wait_output(nb, 2, r"1797 at last\s+● slow — ran 1")
        nb.run_cell(1)
        assert "✓ digits — restored" in nb.output(1)
        assert nb.errors == []


def test_each_button_does_what_it_says(open_notebook, begin):
    """Why, Clear, Run, Run stale, Clear with downstream, Clear all: on an idle kernel."""
    cells = [re.sub("time.sleep.*", "", cell) for cell in (DIGITS, FEATURES, FOLDS, SCORE)]
    everything = ["digits", "features", "folds", "score"]
    with open_notebook(begin, HELPER, *cells, "%checkpoint graph") as nb:
        for cell in range(7):
            nb.run_cell(cell)
        wait_graph(nb, dict.fromkeys(everything, "fresh"))
        select(nb, "features")
        press(nb, "Why")
        nb.page.get_by_text("features is fresh: computed").wait_for()
        nb.screenshot("lab-why", selector=GRAPH)

        press(nb, "Clear")
        wait_graph(
            nb, {"digits": "fresh", "features": "stale", "folds": "fresh", "score": "pending"}
        )
        press(nb, "Why")
        nb.page.get_by_text("features is stale: cleared").wait_for()
        nb.screenshot("lab-cleared", selector=GRAPH)
        press(nb, "Run")
        wait_graph(nb, {"digits": "fresh", "features": "done", "folds": "fresh"})
        press(nb, "Run stale")
        until_settled(nb)
        nb.screenshot("lab-run-stale", selector=GRAPH)

        watch(nb)
        select(nb, "features")
        press(nb, "Clear with downstream")
        wait_graph(nb, {"digits": "fresh", "features": "stale", "folds": "fresh", "score": "stale"})
        press(nb, "Run stale")
        wait_graph(nb, {"features": "done", "score": "done"})
        ran = {name for name, states in seen(nb).items() if "stale" in states}
        assert ran == {"features", "score"}
        until_settled(nb)

        press(nb, "Clear all")
        nb.screenshot("lab-clear-all", selector=GRAPH)
        press(nb, "Keep")
        press(nb, "Clear all")
        until_settled(nb)
        press(nb, "Clear 4 results")
        wait_graph(nb, dict.fromkeys(everything, "stale"))
        press(nb, "Run stale")
        wait_graph(nb, dict.fromkeys(everything, "done"))
        nb.run_cell(5)
        wait_output(nb, 5, "✓ score — restored")
        assert nb.errors == []


TASKS = """from checkpoint_nb import checkpoint, requires, task

@checkpoint
def square(n):
    import time
    time.sleep(0.7)
    return n * n

@task
def total(n):
    @requires([square(i) for i in range(n)])
    def run(squares):
        return sum(squares)
    return run"""


def test_tasks_in_a_plain_cell_run_two_at_a_time_before_your_eyes(open_notebook, begin):
    """Nothing of the notebook's own is needed for the strip: a call of run() shows it."""
    with open_notebook(begin, TASKS, "print(total(12).run())") as nb:
        nb.run_cell(0)
        nb.run_cell(1)
        nb.run_cell(2, wait=False)
        nb.page.locator(f"{STRIP} .ckpt-line").get_by_text("2 running").wait_for()
        nb.screenshot("lab-tasks")
        nb.page.locator(STRIP).get_by_role("button", name="Graph", exact=True).click()
        running = [f"square({number})" for number in range(12)]
        nb.page.wait_for_function(
            "labels => labels.filter(l => document.querySelector("
            "`[data-node='${l}'][data-state=running]`)).length >= 2",
            arg=running,
        )
        nb.screenshot("lab-tasks-graph")
        wait_output(nb, 2, r"● total\(12\) — ran 13 in [\s\S]*506")
        wait_graph(nb, dict.fromkeys([*running, "total(12)"], "done"))
        nb.wait_idle()
        nb.screenshot("lab-tasks-over")
        nb.run_cell(2)
        wait_output(nb, 2, r"✓ total\(12\) — restored .*saved 8\.[\s\S]*506")
        assert nb.errors == []


def test_the_saved_notebook_shows_the_picture_without_a_kernel(open_notebook, begin):
    """Opened again, and not run, the notebook shows its graph; no widget is missed."""
    with open_notebook(begin, DIGITS, "%checkpoint graph") as nb:
        for cell in range(3):
            nb.run_cell(cell)
        wait_graph(nb, {"digits": "fresh"})
        nb.page.locator(STRIP).wait_for(state="detached")
        saved = nb.save()
        assert "widget-view" not in str(saved["cells"][1]), "a strip that is over leaves nothing"
        nb.page.evaluate("() => window.__nb.sessionContext.shutdown()")
        nb.reload()
        picture = nb.page.locator(".jp-OutputArea img[src^='data:image/svg+xml']").last
        picture.wait_for()
        nb.page.locator(".jupyter-widgets").wait_for(state="attached")  # has looked for its model
        nb.screenshot("lab-reopened")
        assert picture.evaluate("img => img.complete && img.naturalWidth") > 50
        assert "✓ digits" in nb.output(1) or "● digits" in nb.output(1)
        assert "Error" not in nb.output(1) + nb.output(2)
        assert nb.errors == []
