"""How and where a checkpointed cell runs: here, behind, later; and what it is taken for."""

from __future__ import annotations

import re
import time

import pytest

from tests.notebook.kernels import Notebook, opened

pytestmark = pytest.mark.slow


@pytest.fixture
def notebook(tmp_path):
    opened = Notebook(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def watched(tmp_path):
    with opened(tmp_path, watched=True) as notebook:
        yield notebook


PEEK = "import sys\ndef bound(name):\n    return name in vars(sys.modules['__main__'])\n"
"""Looks without naming anything: what a cell names is brought."""
GATE = "import pathlib, time\nwhile not pathlib.Path('{file}').exists():\n    time.sleep(0.02)\n"


def gate(file: str) -> str:
    """A piece of a cell that waits until a file is there."""
    return GATE.replace("{file}", file)


# -- what a cell takes, and keeps ------------------------------------------------------------------


def test_a_name_rebound_by_its_reader_is_taken_once(notebook):
    """``df = df + ...`` on a plain cell's value: what reads it later does not do it again."""
    notebook.run("df = [1, 2]")
    notebook.run("%%checkpoint a\ndf = df + [3]")
    reader = notebook.run("%%checkpoint b\nn = len(df)")
    assert "ran 1 " in reader.line
    assert notebook.value("(df, n)") == "([1, 2, 3], 3)"
    again = notebook.run("%%checkpoint a\ndf = df + [3]")
    assert "restored" in again.line
    assert notebook.value("df") == "[1, 2, 3]"


def test_an_edited_cell_takes_what_it_took_before(notebook):
    """Edited, a cell that rebinds its input starts from the same input, not from its own result."""
    notebook.run("df = [1, 2]")
    notebook.run("%%checkpoint a\ndf = df + [3]", cell="a")
    notebook.run("%%checkpoint a\ndf = df + [4]", cell="a")
    assert notebook.value("df") == "[1, 2, 4]"


def test_a_name_used_for_something_else_later_leaves_earlier_cells_alone(notebook):
    """Another cell that makes something else of an input does not change what was computed."""
    notebook.run("i = 0", cell="one")
    notebook.run("%%checkpoint first\nx = i + 10", cell="two")
    notebook.run("i = 1", cell="three")
    notebook.run("%%checkpoint second\ny = i + 10", cell="four")
    last = notebook.run("%%checkpoint third\nboth = x, y", cell="five")
    assert "ran 1 " in last.line
    assert notebook.value("both, x") == "((10, 11), 10)"


def test_the_cell_that_made_an_input_run_again_makes_its_readers_stale(notebook):
    """An input edited where it is made is a change for every cell that read it."""
    notebook.run("n = 10", cell="one")
    notebook.run("%%checkpoint first\nx = n + 1", cell="two")
    notebook.run("%%checkpoint second\ny = x * 2", cell="three")
    notebook.run("n = 20", cell="one")
    assert "ran 2 " in notebook.run("%%checkpoint second\ny = x * 2", cell="three").line
    assert notebook.value("x, y") == "(21, 42)"


def test_a_helper_defined_anew_further_down_is_for_the_cells_below(notebook):
    """As in a plain notebook, a result made with the first version stays what it was."""
    notebook.run("def f():\n    return 'first'", cell="one")
    notebook.run("%%checkpoint a\nx = f()", cell="two")
    notebook.run("def f():\n    return 'second'", cell="three")
    notebook.run("%%checkpoint b\ny = f()", cell="four")
    notebook.run("%%checkpoint c\nboth = x, y", cell="five")
    assert notebook.value("both") == "('first', 'second')"
    assert "ran 1 " in notebook.run("%%checkpoint a\nx = f()", cell="two").line
    assert notebook.value("x") == "second"


def test_a_helpers_helper_defined_anew_further_down_is_for_the_cells_below(notebook):
    """The same where a function looks the other one up when it runs."""
    notebook.run("def f():\n    return g()", cell="one")
    notebook.run("def g():\n    return 1", cell="two")
    notebook.run("%%checkpoint a\nx = f()", cell="three")
    notebook.run("def g():\n    return 2", cell="four")
    notebook.run("%%checkpoint c\nz = x", cell="five")
    assert notebook.value("z") == "1"
    notebook.run("def g():\n    return 3", cell="two")
    assert "ran 2 " in notebook.run("%%checkpoint c\nz = x", cell="five").line
    assert notebook.value("z") == "3"


def test_why_names_the_cell_that_changed_a_result(notebook):
    """A result changed in a plain cell is no longer its maker's: the reader says by which cell."""
    notebook.run("%%checkpoint make\nrows = [1, 2, 3]")
    notebook.run("%%checkpoint read\ntotal = sum(rows)")
    notebook.run("rows[0] = 10")
    assert "ran 1 " in notebook.run("%%checkpoint read\ntotal = sum(rows)").line
    assert notebook.value("total") == "15"
    assert "changed by In [4] after make made it" in notebook.run("%checkpoint why read").lines


@pytest.mark.parametrize(
    "change",
    [
        "rows.pop()",
        "rows += [9]",
        "alias = rows\nalias.append(5)",
        "def grow():\n    rows.append(7)\ngrow()",
        "frame.drop(columns='b', inplace=True)",
        "frame.loc[0, 'a'] = 100",
        "array[0] = 100",
        "array.view()[1] = 100",
        "table['new'] = {}",
        "thing.n = 4",
    ],
)
def test_a_result_changed_in_a_plain_cell_is_noticed(notebook, change):
    """Whatever way it was changed, its reader gets what is there now."""
    notebook.run("class Thing:\n    n = 1")
    notebook.run(
        "%%checkpoint make\nimport numpy, pandas\n"
        "rows = [1, 2, 3]\nframe = pandas.DataFrame({'a': [1, 2], 'b': [3, 4]})\n"
        "array = numpy.arange(3)\ntable = {}\nthing = Thing()"
    )
    read = (
        "%%checkpoint read\n"
        "seen = rows, frame.to_dict(), array.tolist(), table, thing.n, vars(thing)"
    )
    notebook.run(read)
    assert "restored" in notebook.run(read).line
    notebook.run(change)
    assert "ran 1 " in notebook.run(read).line
    now = "(rows, frame.to_dict(), array.tolist(), table, thing.n, vars(thing))"
    assert notebook.value(f"repr(seen) == repr({now})") == "True"


# -- here ------------------------------------------------------------------------------------------


def test_a_cell_can_run_in_the_kernel_itself(notebook):
    """``--here`` runs on the notebook's own objects, and is restored like any other."""
    notebook.run("import os\nlock = __import__('threading').Lock()\nhome = os.getpid()")
    cell = "%%checkpoint mine --here --ignore lock\nimport os\nprint('hi')\nsame = os.getpid() == home\nn = len(repr(lock)) > 0"
    first = notebook.run(cell)
    assert (first.error, first.text) == ("", "hi\n")
    assert "ran 1 " in first.line
    assert notebook.value("same, n") == "(True, True)"
    again = notebook.run(cell)
    assert (again.text, "restored" in again.line) == ("hi\n", True)


def test_what_cannot_be_compared_or_sent_makes_the_cell_run_here(notebook):
    """It says which object, where it is, and what lets the cell be remembered."""
    notebook.run("import threading, sqlite3\nbox = {'deep': [sqlite3.connect(':memory:')]}")
    answer = notebook.run("%%checkpoint\nm = len(box)")
    assert notebook.value("m") == "1"
    for word in ("box", "deep", "Connection", "--here --ignore box"):
        assert word in answer.lines


def test_an_interrupt_ends_a_cell_that_runs_here(watched):
    """Also where the kernel awaits the cell: the kernel is free again, and nothing is kept."""
    sent = watched.begin(
        "%%checkpoint long --here\nimport pathlib, time\n"
        "pathlib.Path('began').touch()\ntime.sleep(100)\nz = 1"
    )
    deadline = time.monotonic() + 60
    while not (watched.folder / "began").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    watched.manager.interrupt_kernel()
    assert watched.end(sent, timeout=50).error == "KeyboardInterrupt"
    assert watched.value("'z' in vars()") == "False"
    assert "ran 1" in watched.run("%%checkpoint next\nw = 2").line


def test_an_interrupt_ends_the_wait_for_a_cell_in_the_background(watched):
    """The cell that waited goes on without the name, and what ran is cancelled."""
    watched.run(f"%%checkpoint slow --background\n{gate('never')}v = 1")
    sent = watched.begin("v")
    time.sleep(2)
    watched.manager.interrupt_kernel()
    answer = watched.end(sent, timeout=50)
    assert answer.error == "NameError"
    assert "ran 1" in watched.run("%%checkpoint next\nw = 2").line


# -- behind ----------------------------------------------------------------------------------------


def test_a_cell_in_the_background_comes_back_at_once(watched):
    """Its names are unbound, never old; a cell that reads one waits, others do not."""
    (watched.folder / "peek.py").write_text(PEEK)
    watched.run("import peek\nmodel = 'old'")
    begun = watched.run(
        f"%%checkpoint fit --background\n{gate('go')}model = 'new'\nprint('fitted')"
    )
    assert "background" in begun.lines
    assert watched.run("1 + 1").result["text/plain"] == "2"
    assert watched.value("peek.bound('model')") == "False"
    (watched.folder / "go").touch()
    assert watched.run("model").result["text/plain"] == "'new'"


def test_independent_cells_in_the_background_run_side_by_side(watched):
    """Each waits for a file that only the other one makes."""
    one = f"%%checkpoint one --background\nimport pathlib\npathlib.Path('a').touch()\n{gate('b')}x = 1"
    two = f"%%checkpoint two --background\nimport pathlib\npathlib.Path('b').touch()\n{gate('a')}y = 2"
    watched.run(one)
    watched.run(two)
    assert watched.run("x + y", timeout=60).result["text/plain"] == "3"


def test_a_checkpoint_that_reads_a_pending_name_follows_it(watched):
    """The reader is begun at once too, and gets the new value."""
    watched.run(f"%%checkpoint one --background\n{gate('go')}x = 5")
    watched.run("%%checkpoint two --background\ny = x * 2")
    (watched.folder / "go").touch()
    assert watched.run("x, y").result["text/plain"] == "(5, 10)"


def test_a_failure_in_the_background_leaves_the_name_unbound(watched):
    """The cell's line says what happened, and who reads the name fails."""
    watched.run("c = 'old'")
    watched.run("%%checkpoint bad --background\nc = 1 / 0")
    answer = watched.run("c")
    assert answer.error == "NameError"
    assert "ZeroDivisionError" in answer.lines


def test_a_name_the_user_rebound_meanwhile_stays(watched):
    """The result is kept in the store; the notebook keeps what its user wrote last."""
    watched.run(f"%%checkpoint slow --background\n{gate('go')}v = 'computed'")
    watched.run("v = 'mine'")
    (watched.folder / "go").touch()
    deadline = time.monotonic() + 60
    while watched.value("__import__('checkpoint_nb').current_session().active is None") != "True":
        assert time.monotonic() < deadline
    assert watched.value("v") == "mine"
    assert "restored" in watched.run(f"%%checkpoint slow\n{gate('go')}v = 'computed'").line
    assert watched.value("v") == "computed"


def test_a_name_bound_on_another_path_comes_back(watched):
    """What the cell did not bind after all is what it was before."""
    watched.run("x = 5\nflag = False")
    watched.run("%%checkpoint maybe --background\ny = 1\nif flag:\n    x = 6")
    assert watched.run("x, y").result["text/plain"] == "(5, 1)"


def test_headless_cells_wait(notebook):
    """Where nobody watches, a background cell is waited for, and fails in its own cell."""
    assert "ran 1 " in notebook.run("%%checkpoint fit --background\nw = 3").line
    assert notebook.run("%%checkpoint bad --background\nv = 1 / 0").error == "ZeroDivisionError"


def test_the_setting_puts_every_cell_in_the_background(watched):
    """``configure(background=True)`` does for all what the option does for one."""
    watched.run("import checkpoint_nb\ncheckpoint_nb.configure(background=True);")
    assert "background" in watched.run("%%checkpoint\nq = 4").lines
    assert watched.run("q").result["text/plain"] == "4"


# -- later -----------------------------------------------------------------------------------------


def test_a_lazy_cell_runs_when_it_is_read(watched):
    """It is registered only; a reader brings it and what it needs."""
    assert "not run yet" in watched.run("%%checkpoint one --lazy\na = 6").lines
    assert "not run yet" in watched.run("%%checkpoint two --lazy\nb = a * 2").lines
    assert watched.run("b, a").result["text/plain"] == "(12, 6)"


def test_lazy_cells_run_together(watched):
    """``%checkpoint run`` runs what is stale, side by side."""
    one = f"%%checkpoint one --lazy\nimport pathlib\npathlib.Path('a').touch()\n{gate('b')}x = 1"
    two = f"%%checkpoint two --lazy\nimport pathlib\npathlib.Path('b').touch()\n{gate('a')}y = 2"
    watched.run(one)
    watched.run(two)
    assert "ran 2" in watched.run("%checkpoint run", timeout=60).line
    assert watched.run("x + y").result["text/plain"] == "3"


# -- what could not be kept ------------------------------------------------------------------------


def test_an_output_that_cannot_be_kept_is_made_again_where_it_is_read(notebook):
    """The rest is restored; who reads the missing name makes its producer run here."""
    cell = (
        "%%checkpoint\nimport threading\nprint('working')\n"
        "lock = threading.Lock()\nsquares = (i * i for i in range(4))\nn = 3"
    )
    first = notebook.run(cell)
    assert "not kept: lock" in first.line
    assert notebook.value("n") == "3"
    made = notebook.run("list(squares)")
    assert made.result["text/plain"] == "[0, 1, 4, 9]"
    assert "squares" in made.lines
    assert made.text == ""
    notebook.restart()
    again = notebook.run(cell)
    assert (again.text, "restored" in again.line) == ("working\n", True)
    assert notebook.run("lock.locked()").result["text/plain"] == "False"


def test_big_results_are_loaded_when_a_cell_names_them(notebook):
    """A cell that says nothing of a big result does not load it; one that does, finds it."""
    cell = "%%checkpoint\nimport numpy\nbig = numpy.zeros(4_000_000)\nsmall = 1"
    (notebook.folder / "peek.py").write_text(PEEK)
    notebook.run("import peek")
    notebook.run(cell)
    loaded = "peek.bound('big')"
    assert notebook.value(loaded) == "False"
    notebook.run("def length():\n    return len(big)")
    assert notebook.value("length()") == "4000000"
    assert notebook.value(loaded) == "True"


# -- other spellings -------------------------------------------------------------------------------


def test_the_comment_form_is_a_checkpoint(notebook):
    """``#| checkpoint: NAME`` on the first line does what the magic does."""
    cell = "#| checkpoint: model --version 2\nm = 3\nprint('made')\nm"
    first, again = notebook.run(cell), notebook.run(cell)
    assert "model — ran 1" in first.line
    assert "model — restored" in again.line
    assert again.text == first.text == "made\n"
    assert again.result == first.result
    notebook.run("%load_ext autoreload\n#| checkpoint: not the first line\nplain = 1")
    assert notebook.value("plain") == "1"


def test_an_error_in_the_comment_form_shows_its_line(notebook):
    """The traceback has the line itself, counted as below a magic."""
    answer = notebook.run("#| checkpoint: model\nfine = 1\nbroken = 1 / 0")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", answer.traceback)
    assert "----> 2 broken = 1 / 0" in plain


def test_checkpoints_can_be_switched_off(notebook):
    """Off, both spellings run in the kernel as plain cells and store nothing."""
    notebook.run("%checkpoint off\nimport os\nhome = os.getpid()")
    for cell in ("%%checkpoint one\n", "#| checkpoint: one\n"):
        answer = notebook.run(f"{cell}import os\nsame = os.getpid() == home\nprint('ran')")
        assert (answer.text, answer.line) == ("ran\n", "")
        assert notebook.value("same") == "True"
    failed = notebook.run("%%checkpoint two\n1 / 0")
    assert failed.error == "ZeroDivisionError"
    notebook.run("%checkpoint on")
    assert "ran 1" in notebook.run("%%checkpoint one\nsame = 1").line


def test_it_stacks_with_other_magics(notebook):
    """Inside ``%%time`` and ``%%capture``, in both spellings, and from code."""
    assert notebook.run("%%time\n#| checkpoint: one\na = 1").error == ""
    notebook.run("%%capture said\n%%checkpoint two\nprint('two')\nb = a + 1")
    assert notebook.value("said.stdout.strip(), b") == "('two', 2)"
    notebook.run("get_ipython().run_cell_magic('checkpoint', 'three', 'c = b + 1')")
    notebook.run("get_ipython().run_cell('%%checkpoint four\\nd = c + 1')")
    assert notebook.value("a, b, c, d") == "(1, 2, 3, 4)"


def test_two_checkpoints_in_one_cell_are_two(notebook):
    """A loop over ``run_cell_magic`` makes a node for each text."""
    loop = "for n in (1, 2):\n    get_ipython().run_cell_magic('checkpoint', '', f'v{n} = {n}')"
    notebook.run(loop, cell="one")
    answer = notebook.run(loop, cell="one")
    assert answer.lines.count("restored") == 2
    assert notebook.value("v1, v2") == "(1, 2)"


def test_quiet_does_not_show_what_it_showed(notebook):
    """The results are bound; nothing is replayed, only the one line."""
    notebook.run("%%checkpoint\nprint('loud')\nk = 1\nk")
    answer = notebook.run("%%checkpoint --quiet\nprint('loud')\nk = 1\nk")
    assert (answer.text, answer.result, "restored" in answer.line) == ("", None, True)


def test_a_name_that_two_cells_bind_is_explained_once(notebook):
    """The second cell says so, the first time; a cell that reads what it rebinds does not."""
    notebook.run("%%checkpoint one\nv = 1")
    second = "%%checkpoint two\nv = 2"
    assert "v is bound by one too" in notebook.run(second).lines
    assert "bound by" not in notebook.run(second).lines
    assert "bound by" not in notebook.run("%%checkpoint three\nv = v + 1").lines


def test_a_button_runs_what_must_run_here(watched):
    """With nobody running a cell, the kernel itself does it."""
    watched.run("import os\nhome = os.getpid()")
    watched.run("%%checkpoint mine --here\nimport os\nsame = os.getpid() == home")
    watched.run("%checkpoint clear mine")
    watched.run(
        "from checkpoint_nb.notebook.extension import _loaded\n"
        "commands = next(iter(_loaded.values()))[0].commands\n"
        "commands('run-stale', None, lambda _: None)"
    )
    deadline = time.monotonic() + 60
    while "fresh" not in watched.run("%checkpoint status mine").lines:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert watched.value("same") == "True"


def test_what_is_not_the_same_done_twice_is_not_done_twice(notebook):
    """A cell that adds to a file and changes what it cannot bring back says so instead."""
    notebook.run("rows = [1]\nalias = rows\nopen('log.txt', 'w').close()")
    cell = (
        "%%checkpoint\nwith open('log.txt', 'a') as log:\n    log.write('line\\n')\n"
        "rows.append(2)\nn = len(rows)"
    )
    answer = notebook.run(cell)
    assert "in its worker only" in answer.lines
    assert notebook.value("open('log.txt').read()") == "line"
    assert notebook.value("n") == "2"
