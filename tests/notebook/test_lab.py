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


def wait_output(nb, cell, pattern, timeout=20):
    """Wait until the text under a cell matches."""
    until = time.monotonic() + timeout
    while not (found := re.search(pattern, text := nb.output(cell))):
        assert time.monotonic() < until, f"wanted {pattern!r}, the cell shows {text!r}"
        nb.page.wait_for_timeout(50)
    return found


def edit(nb, cell, old, new):
    """Change the source of a cell, as somebody does who types."""
    source = nb.page.evaluate("n => window.__nb.content.widgets[n].model.sharedModel.source", cell)
    assert old in source
    nb.page.evaluate(
        "([n, text]) => window.__nb.content.widgets[n].model.sharedModel.setSource(text)",
        [cell, source.replace(old, new)],
    )


def test_clear_all_run_watch_edit_a_helper_and_restart(open_notebook, begin):
    """The way through: what is stale runs before your eyes, and nothing else ever does."""
    cells = begin, HELPER, DIGITS, FEATURES, FOLDS, SCORE, "%checkpoint graph"
    with open_notebook(*cells) as nb:
        for number in range(7):
            nb.run_cell(number)
        for number, name in enumerate(["digits", "features", "folds", "score"], 2):
            assert re.search(rf"● {name} — ran 1 in", nb.output(number)), nb.output(number)
        nb.screenshot("lab-first-run")
        print(graph_states(nb))
        nb.save()
