"""What the notebook has set holds in a task; what a task sets, the notebook can take over."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import checkpoint_nb.settings.snapshot as snapshot
from checkpoint_nb import checkpoint
from checkpoint_nb.config import Config
from checkpoint_nb.executors.slots import SlotExecutor
from checkpoint_nb.session import Session, use
from checkpoint_nb.settings import Settings, apply, changed
from tests.conftest import KeptOpen
from tests.settings.rows import ROWS

pytestmark = pytest.mark.filterwarnings("ignore::checkpoint_nb.errors.CheckpointWarning")


@pytest.fixture(scope="module")
def one_worker():
    executor = SlotExecutor(1)
    yield KeptOpen(executor)
    executor.close()


@pytest.fixture(autouse=True)
def notebook(tmp_path, monkeypatch, one_worker):
    """A session with one worker, and this process's settings as they were afterwards."""
    before = Settings.here()
    (tmp_path / "here" / "below").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    config = Config.resolve(cache_dir=tmp_path / "cache", key_file=tmp_path / "secret" / "key")
    yield use(Session(config, executor=one_worker))
    after = Settings.here()
    for kind in snapshot._KINDS:
        was, now = before.parts.get(kind.name, {}), after.parts.get(kind.name, {})
        kind.apply(kind.difference(now, was))


@checkpoint
def answer(needs: str, make: str, question: str) -> object:
    names: dict[str, object] = {}
    exec(needs, names)
    exec(make, names)
    return eval(question, names)


@checkpoint
def effects(needs: str, make: str) -> object:
    names: dict[str, object] = {}
    before = Settings.here()
    exec(needs, names)
    exec(make, names)
    return changed(before)


def do(*lines: str) -> object:
    names: dict[str, object] = {}
    *made, question = lines
    for line in made:
        exec(line, names)
    return eval(question, names)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_what_the_notebook_set_holds_in_a_task(row):
    """A task begins with the settings of the notebook, not with those of a fresh process."""
    assert do(row.needs, row.make, row.question) == row.made
    assert answer(row.needs, "", row.question).run() == row.made


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_what_a_task_set_does_not_hold_in_the_next(row):
    """Each task begins anew, in the same process as the one before it."""
    assert answer(row.needs, row.make, row.question).run() == row.made
    assert answer(row.needs, "", row.question).run() == row.fresh


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_what_a_task_set_can_be_put_in_force_in_the_notebook(row):
    """What changed is told as plain data, and applying it does here what it did there."""
    difference = effects(row.needs, row.make).run()
    assert difference
    assert not effects(row.needs, "").run()
    apply(difference)
    assert do(row.needs, row.question) == row.made


def test_filters_of_libraries_stand_where_they_stand_in_the_notebook():
    """A library that is imported in the task does not get past the notebook's own filter."""
    do("import warnings, numpy", "warnings.simplefilter('ignore')", "0")
    question = "[one[2].__name__ for one in warnings.filters if one[0] in ('always', 'ignore')][0]"
    assert answer("import warnings, numpy.exceptions", "", question).run() == "Warning"
    assert answer("import warnings, numpy.linalg", "", question).run() == "Warning"


TOLD = """
import contextlib, io, sys
space = sys.__dict__.setdefault("a module", {"__name__": "a module"})
def told():
    with contextlib.redirect_stderr(io.StringIO()) as text:
        exec("import warnings; warnings.warn('again', UserWarning)", space)
    return "again" in text.getvalue()
"""


def test_a_warning_is_shown_in_each_task():
    """What is said once in a process is said once in each task."""
    for nth in ("1", "2"):
        assert answer(TOLD, f"nth = {nth}", "told(), told()").run() == (True, False)


def test_figures_left_open_are_closed():
    """The next task begins without the figures of the one before."""
    needs = "import matplotlib.pyplot as plt"
    assert answer(needs, "plt.figure(); plt.figure()", "len(plt.get_fignums())").run() == 2
    assert answer(needs, "", "len(plt.get_fignums())").run() == 0


PROGRAM = """
from checkpoint_nb import checkpoint, configure

@checkpoint
def loaded():
    there = __import__("sys").modules
    return [name for name in ("pandas", "numpy", "matplotlib", "polars") if name in there]

@checkpoint
def rows():
    import pandas
    return pandas.options.display.max_rows

if __name__ == "__main__":
    import pandas
    pandas.set_option("display.max_rows", 7)
    configure(cache_dir="cache", slots=1)
    print(loaded().run(), rows().run())
"""


def test_a_worker_that_needs_no_pandas_imports_none(tmp_path):
    """Options of a library reach the worker without the library, until it is imported there."""
    # A process of its own: types that other tests told us about would be sent along.
    (tmp_path / "program.py").write_text(PROGRAM)
    environ = {**os.environ, "CHECKPOINT_NB_KEY_FILE": str(tmp_path / "key")}
    words = [sys.executable, "program.py"]
    done = subprocess.run(
        words, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "[] 7", done.stderr


def test_nothing_else_of_the_notebook_reaches_a_task():
    """Its variables, modules and attributes that were put on libraries stay where they are."""
    do("import decimal", "setattr(decimal, 'left_behind', 1)", "0")
    assert answer("import decimal", "", "hasattr(decimal, 'left_behind')").run() is False


def test_settings_are_taken_anew_only_when_something_changed():
    """The same object comes back, and what is sent is a few kB."""
    do("import pandas, matplotlib.pyplot as plt", "plt.style.use('ggplot')", "0")
    before = Settings.here()
    assert Settings.here() is before
    environ = len(str(before.parts["environ"])) + len(str(before.parts["path"]))
    assert len(before.packed) < environ + 4096
    do("import pandas as pd", "pd.set_option('display.max_rows', 7)", "0")
    assert Settings.here() is not before
