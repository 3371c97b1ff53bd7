"""Checkpointed cells of data analysis leave what plain cells leave."""

from __future__ import annotations

import pytest

from tests.notebook.kernels import opened

pytestmark = pytest.mark.slow

ROWS = {
    "views of an array of another cell": (
        ["import numpy as np\nv1 = np.arange(16.0).reshape(4, 4)", "v2 = v1.T\nv3 = v1[1:3, 1:3]"],
        "v1[0, 3] = -7\nv3[:] = 0",
        "v2[3, 0], v1[1, 1], v2.base is not None",
    ),
    "views changed by cells": (
        ["import numpy as np\nw1 = np.arange(6.0)", "w2 = w1[2:]\nw3 = w1[::2]", "w2[0] = 9.0"],
        "w3[2] = 5.0",
        "w1.tolist(), w2.tolist(), w3.tolist()",
    ),
    "arrays that cannot be written to": (
        ["import numpy as np\nr1 = np.arange(4)", "r2 = np.broadcast_to(r1, (3, 4))"],
        "",
        "r2.flags.writeable, np.shares_memory(r1, r2)",
    ),
    "a part of what another cell made": (
        ["m1 = {'model': {'w': [1]}}", "m2 = m1['model']", "m2['w'].append(2)"],
        "",
        "m1, m1['model'] is m2",
    ),
    "a generator that a function holds": (
        [
            "import numpy as np\ng1 = np.random.default_rng(3)",
            "def g2(rng=g1):\n    return rng.random()\ng3 = g2()",
            "g4 = g1.random()",
        ],
        "",
        "g2(), g1.random()",
    ),
    "numbers of the shared generators": (
        [
            "import random\nimport numpy as np\nnp.random.seed(1)\nrandom.seed(2)",
            "s1 = np.random.rand(2).tolist(), random.random()",
        ],
        "",
        "s1, np.random.rand(), random.random()",
    ),
    "options that Python keeps for each task": (
        [
            "import decimal\nimport numpy as np",
            "np.set_printoptions(precision=2)\ndecimal.getcontext().prec = 4",
            "o1 = str(np.array([1 / 3])), decimal.Decimal(1) / 3",
        ],
        "",
        "o1, str(np.array([2 / 3])), decimal.getcontext()",
    ),
    "frames as wide as in a notebook": (
        [
            "import pandas as pd",
            "f1 = repr(pd.DataFrame([range(40)])), pd.get_option('display.max_columns')",
        ],
        "",
        "f1",
    ),
    "which IPython runs": (["k1 = type(get_ipython()).__name__"], "", "k1"),
    "a file that was closed": (
        ["with open('closed.txt', 'w') as c1:\n    _ = c1.write('1')", "c2 = c1.closed, c1.name"],
        "",
        "c2, c1.mode, c1.closed",
    ),
    "an iterator used up by cells": (
        ["i1 = iter([1, 2, 3])\ni2 = next(i1)", "i3 = list(i1)"],
        "",
        "i2, i3, list(i1)",
    ),
    "a logging handler": (
        [
            "import logging\nimport sys",
            "h1 = logging.getLogger('mine')\nh2 = logging.StreamHandler(sys.stdout)\n"
            "h1.addHandler(h2)\nh1.setLevel(logging.INFO)",
        ],
        "h2",
        "h1.level, len(h1.handlers), h2.stream is sys.stdout",
    ),
    "figures that cells go on with": (
        [
            "import matplotlib.pyplot as plt",
            "d1, d2 = plt.subplots()\nd2.plot([1, 2])\nplt.close(d1)",
            "d2.set_ylim(0, 30)\nd2.set_title('later');",
        ],
        "",
        "d2.get_title(), d2.get_ylim(), d2.figure is d1, len(d2.lines), plt.isinteractive()",
    ),
    "a bytecode as IPython makes it": (
        ["import json\ndef b1(x):\n    return json.dumps(x)\nb2 = 1"],
        "",
        "b1.__code__.co_code.hex()",
    ),
}
"""By what it is about: checkpointed cells, a plain one after them, and what must be the same."""


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory):
    """A plain notebook and a checkpointed one."""
    home = tmp_path_factory.mktemp("analysis")
    with opened(home / "plain") as plain, opened(home / "ours") as ours:
        yield plain, ours


def ran(notebook, row, magic):
    cells, after, expression = row
    for number, cell in enumerate(cells):
        answer = notebook.run(f"{magic}{cell}", cell=f"{cells[0][:40]} {number}")
        assert not answer.error, answer.traceback
    assert not notebook.run(after or "None").error
    return notebook.value(expression)


@pytest.mark.parametrize("about", ROWS)
def test_checkpointed_cells_leave_what_plain_ones_leave(notebooks, about):
    """What a later cell sees does not tell whether the cells before it were checkpointed."""
    plain, ours = notebooks
    assert ran(ours, ROWS[about], "%%checkpoint\n") == ran(plain, ROWS[about], "")


def test_restored_cells_leave_what_plain_ones_leave(notebooks):
    """The same in a new kernel, in which the cells are restored."""
    plain, ours = notebooks
    plain.restart()
    ours.restart()
    for about, row in ROWS.items():
        assert ran(ours, row, "%%checkpoint\n") == ran(plain, row, ""), about


def test_a_cell_that_reads_a_figure_runs_each_time_in_the_notebook(notebooks):
    """How far a figure is drawn cannot be compared, so what goes on with it is not stored."""
    _, ours = notebooks
    ours.run("%%checkpoint\nimport matplotlib.pyplot as plt\ne1, e2 = plt.subplots();")
    for _ in range(2):
        answer = ours.run("%%checkpoint\ne2.set_xlim(0, 5)\ne1")
        assert "cannot be cached" in answer.line
        assert "image/png" in answer.result


def test_a_folder_that_a_cell_made_is_made_again(notebooks):
    """What a cell left on the disk is among its results: where it is gone, the cell runs."""
    _, ours = notebooks
    cell = "%%checkpoint\nimport os\nos.mkdir('made')\nt1 = os.path.isdir('made')"
    ours.run(cell, cell="folder")
    assert "restored" in ours.run(cell, cell="folder").line
    ours.run("os.rmdir('made')")
    assert "ran 1" in ours.run(cell, cell="folder").line
    assert ours.value("os.path.isdir('made')") == "True"


def test_a_cell_is_not_run_again_for_a_file_that_a_later_one_changed(notebooks):
    """A reader of its variable would otherwise undo what the later cell wrote."""
    _, ours = notebooks
    ours.run("%%checkpoint\nu1 = open('log.txt', 'w').write('one')")
    ours.run("%%checkpoint\nu2 = open('log.txt', 'a').write('two')")
    assert "ran 1 in" in ours.run("%%checkpoint\nu3 = u1 + 1").line
    assert ours.value("open('log.txt').read()") == "onetwo"
