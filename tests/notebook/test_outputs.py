"""What a cell leaves is what it would have left without a checkpoint: shared, and at home."""

from __future__ import annotations

import pytest

from tests.notebook.kernels import Notebook

pytestmark = pytest.mark.slow


@pytest.fixture
def notebook(tmp_path):
    opened = Notebook(tmp_path)
    yield opened
    opened.close()


def three_times(notebook, cell, check):
    """Check after the cell ran, was restored, and was restored in a new kernel."""
    first = notebook.run(cell)
    assert not first.error, first.traceback
    assert "ran 1" in first.line
    check()
    assert "restored" in notebook.run(cell).line
    check()
    notebook.restart()
    assert "restored" in notebook.run(cell).line
    check()


def test_a_figure_and_its_axes_belong_together(notebook):
    """What is drawn on ``ax`` is in ``fig``."""
    cell = (
        "%%checkpoint\nimport matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2])"
    )

    def check():
        assert notebook.value("ax.figure is fig, fig.axes == [ax]") == "(True, True)"

    three_times(notebook, cell, check)


MODEL = """
import numpy as np
class Model:
    def __init__(self): self.weights = [np.zeros(3), np.ones(5000)]
class Optimizer:
    def __init__(self, weights): self.weights = weights
    def step(self):
        for w in self.weights: w += 1
"""


def test_an_optimizer_goes_on_training_its_model(notebook):
    """The arrays it holds are the model's, and a second cell that names both sees them so."""

    def check():
        assert notebook.value("model.weights is opt.weights, type(model) is Model") == (
            "(True, True)"
        )
        assert notebook.value("model.weights[0].sum()") == "0.0"

    cell = "%%checkpoint\nmodel = Model()\nopt = Optimizer(model.weights)"
    notebook.run(MODEL)
    first = notebook.run(cell)
    assert "ran 1" in first.line, first.traceback
    check()
    train = "%%checkpoint\nopt.step()\nscore = float(model.weights[0].sum())"
    answer = notebook.run(train)
    assert not answer.error, answer.traceback
    assert notebook.value("score, model.weights is opt.weights") == "(3.0, True)"
    notebook.restart()
    notebook.run(MODEL)
    assert "restored" in notebook.run(cell).line
    check()
    assert "restored" in notebook.run(train).line
    assert notebook.value("score, model.weights is opt.weights") == "(3.0, True)"


def test_two_names_of_one_list_stay_so(notebook):
    """And two equal lists stay two."""

    def check():
        notebook.run("a.append(3)")
        assert notebook.value("a is b, b, c") == "(True, [1, 2, 3], [1, 2])"

    three_times(notebook, "%%checkpoint\na = [1, 2]\nb = a\nc = [1, 2]", check)


@pytest.mark.parametrize("size", [10, 100_000])
def test_a_view_of_an_array_stays_one(notebook, size):
    """What is written to it is seen in the array: small ones and those mapped from a file."""

    def check():
        notebook.run("part[0] = -1")
        assert notebook.value("whole[2], copy[2]") == "(np.float64(-1.0), np.float64(2.0))"

    cell = (
        f"%%checkpoint\nimport numpy as np\nwhole = np.arange({size}.0)\n"
        "part = whole[2:5]\ncopy = whole.copy()"
    )
    three_times(notebook, cell, check)


def test_a_restored_function_sees_a_helper_defined_later(notebook):
    """Whether the cell ran now or was restored, also in a kernel that has no helper yet."""
    cell = (
        "%%checkpoint\nimport functools\nby_hand = lambda x: helper(x)\n"
        "kept = {'f': functools.partial(by_hand, 1)}"
    )

    def check():
        notebook.run("def helper(x): return x + 1")
        assert notebook.value("by_hand(1), kept['f']()") == "(2, 2)"
        notebook.run("def helper(x): return x + 100")
        assert notebook.value("by_hand(1), kept['f']()") == "(101, 101)"
        notebook.run("def helper(x): return x + 1")

    notebook.run("def helper(x): return x + 1")
    assert "ran 1" in notebook.run(cell).line
    check()
    assert "restored" in notebook.run(cell).line
    check()
    notebook.restart()
    notebook.run("def helper(x): return x + 1")
    assert "restored" in notebook.run(cell).line
    check()


def test_functions_that_share_a_variable_share_it_after_a_restart(notebook):
    """A counter and its reader."""
    notebook.run(
        "def counter():\n    n = 0\n    def more():\n        nonlocal n\n        n += 1\n"
        "    def get(): return n\n    return more, get"
    )
    cell = "%%checkpoint\nmore, get = counter()\nmore()"
    assert "ran 1" in notebook.run(cell).line
    notebook.run("more()")
    assert notebook.value("get()") == "2"
    notebook.restart()
    notebook.run(
        "def counter():\n    n = 0\n    def more():\n        nonlocal n\n        n += 1\n"
        "    def get(): return n\n    return more, get"
    )
    assert "restored" in notebook.run(cell).line
    notebook.run("more()")
    assert notebook.value("get()") == "2"


def test_a_reader_of_both_sees_what_they_share(notebook):
    """In the worker too: what the second cell writes to one is in the other."""
    notebook.run("%%checkpoint\nrows = [[1], [2]]\nfirst = rows[0]\nalone = [1]", cell="a")
    cell = "%%checkpoint\nfirst.append(9)\nseen = (rows[0], first is rows[0])"
    answer = notebook.run(cell, cell="b")
    assert not answer.error, answer.traceback
    assert notebook.value("seen") == "([1, 9], True)"


def test_a_reader_of_one_does_not_run_because_another_changed(notebook):
    """Names of a unit still count one by one."""
    notebook.run("%%checkpoint\nshared = [0]\na = (shared, 1)\nb = (shared, 2)", cell="a")
    reader = "%%checkpoint\nout = a[1] * 10"
    assert "ran 1" in notebook.run(reader, cell="r").line
    notebook.run("%%checkpoint\nshared = [0]\na = (shared, 1)\nb = (shared, 3)", cell="a")
    assert "restored" in notebook.run(reader, cell="r").line
    assert notebook.value("out, b[1], a[0] is b[0]") == "(10, 3, True)"


def test_what_cannot_be_stored_does_not_keep_the_rest_from_it(notebook):
    """Names that share with it are stored, and go on sharing among themselves."""
    cell = (
        "%%checkpoint\nimport threading\nrows = [1]\nsame = (rows,)\n"
        "guarded = {'rows': rows, 'lock': threading.Lock()}"
    )
    notebook.run(cell)
    notebook.restart()
    answer = notebook.run(cell)
    assert not answer.error, answer.traceback
    assert notebook.value("same[0] is rows, rows") == "(True, [1])"
