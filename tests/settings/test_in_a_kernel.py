"""Settings between a real kernel and its workers: libraries, figures, and what cells change."""

from __future__ import annotations

import pytest

from tests.notebook.kernels import Notebook

pytestmark = pytest.mark.slow

SETTINGS = "from checkpoint_nb.settings import Settings, apply, changed\n"


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    opened = Notebook(tmp_path_factory.mktemp("settings"))
    yield opened
    opened.close()


@pytest.fixture
def fresh_notebook(tmp_path):
    opened = Notebook(tmp_path)
    yield opened
    opened.close()


def pictures(answer) -> list[str]:
    assert not answer.error, answer.traceback
    return [kind for one in answer.own for kind in one["data"] if kind != "text/plain"]


@pytest.mark.parametrize(
    ("make", "question"),
    [
        (
            "import pandas as pd\npd.set_option('display.float_format', lambda x: f'<{x:.1f}>')",
            "pd.Series([1.25]).to_string()",
        ),
        ("import numpy as np\nnp.set_printoptions(precision=2)", "np.array([1.23456])"),
        ("import numpy as np\n_ = np.seterr(divide='raise')", "np.geterr()"),
        ("import decimal\ndecimal.getcontext().prec = 5", "decimal.Decimal(1) / 3"),
        (
            "import matplotlib.pyplot as plt\nplt.style.use('ggplot')",
            "plt.rcParams['axes.facecolor']",
        ),
        (
            "import warnings\nwarnings.simplefilter('error', RuntimeWarning)",
            "[f[:3:2] for f in warnings.filters].index(('error', RuntimeWarning)) < 3",
        ),
    ],
)
def test_a_cell_sees_what_plain_cells_set(notebook, make, question):
    """What a checkpointed cell prints is what a plain cell prints, in the notebook's own context."""
    notebook.run(make)
    plain = notebook.run(f"print({question})")
    cell = notebook.run(f"%%checkpoint\nprint({question})")
    assert (cell.error, cell.text) == ("", plain.text)


def test_figures_are_drawn_as_the_notebook_draws_them(fresh_notebook):
    """The inline backend and its formats, chosen before the first figure or after it."""
    run = fresh_notebook.run
    run("%config InlineBackend.figure_format = 'svg'\nimport matplotlib.pyplot as plt")
    assert pictures(run("%%checkpoint\nfirst = plt.plot([1, 2])[0].get_label()")) == [
        "image/svg+xml"
    ]
    assert pictures(run("_ = plt.plot([1, 2])")) == ["image/svg+xml"]
    run("from matplotlib_inline.backend_inline import set_matplotlib_formats as formats")
    run("formats('png', 'pdf')")
    cell = "%%checkpoint\nsecond = plt.plot([2, 3])[0].get_label()"
    assert sorted(pictures(run(cell))) == ["application/pdf", "image/png"]
    assert sorted(pictures(run("_ = plt.plot([1, 2])"))) == ["application/pdf", "image/png"]


def test_drawing_is_no_change_of_settings(fresh_notebook):
    """The inline backend sets itself up in a worker; that is not the cell's doing."""
    cell = (
        f"%%checkpoint\n{SETTINGS}import matplotlib.pyplot as plt\nbefore = Settings.here().packed\n"
        "_ = plt.plot([1, 2])\ntold = changed(Settings(before))"
    )
    assert pictures(fresh_notebook.run(cell)) == ["image/png"]
    assert fresh_notebook.value("told") == "{}"


def test_interactive_drawing_that_was_switched_off_stays_off(fresh_notebook):
    """After ``plt.ioff()`` a cell shows only the figures that it asks to be shown."""
    run = fresh_notebook.run
    run("import matplotlib.pyplot as plt\nfigure = plt.figure()\nplt.close()\nplt.ioff()\nNone")
    assert pictures(run("_ = plt.plot([1, 2])\nplt.close()")) == []
    assert pictures(run("%%checkpoint\nlabel = plt.plot([1, 2])[0].get_label()")) == []


def test_what_changed_can_be_put_in_force_in_a_kernel(notebook):
    """The next plain cell sees it, also where the setting belongs to a context."""
    notebook.run(f"{SETTINGS}import decimal, numpy as np, os\nbefore = Settings.here()")
    notebook.run(
        "apply({'decimal': {'set': {'prec': 7}}, 'numpy': {'set': {'error.over': 'raise'}},"
        " 'environ': {'set': {'CITY': 'Bern'}}})"
    )
    assert notebook.value("decimal.getcontext().prec, np.geterr()['over'], os.environ['CITY']") == (
        "(7, 'raise', 'Bern')"
    )
    assert notebook.value("sorted(changed(before))") == "['decimal', 'environ', 'numpy']"
