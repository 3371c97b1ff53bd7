"""Checkpointed cells in a real kernel."""

from __future__ import annotations

import time

import pytest

from tests.notebook.kernels import Notebook, opened


@pytest.fixture
def notebook(tmp_path):
    opened = Notebook(tmp_path)
    yield opened
    opened.close()


def test_a_cell_runs_once_and_comes_back_after_a_restart(notebook):
    """The outputs are bound, and a restarted kernel restores them with what was printed."""
    cell = "%%checkpoint\nimport os\nprint('working')\ntotal = sum(range(10))\ntotal"
    first = notebook.run(cell)
    assert (first.error, first.text) == ("", "working\n")
    assert first.result["text/plain"] == "45"
    assert "ran 1" in first.line
    notebook.restart()
    again = notebook.run(cell)
    assert (again.error, again.text) == ("", "working\n")
    assert again.result["text/plain"] == "45"
    assert "restored" in again.line
    assert notebook.value("total, os.name") == "(45, 'posix')"


def test_names_another_cell_wrote_are_edges(notebook):
    """Editing the first cell so that it gives the same value leaves the second alone."""
    notebook.run("%%checkpoint\na = 1 + len('xy')", cell="c1")
    second = "%%checkpoint\nb = a * 10"
    assert "ran 1" in notebook.run(second, cell="c2").line
    notebook.run("%%checkpoint\na = 2 + len('x')", cell="c1")
    assert "restored" in notebook.run(second, cell="c2").line
    notebook.run("%%checkpoint\na = 3 + len('x')", cell="c1")
    assert "ran 1" in notebook.run(second, cell="c2").line
    assert notebook.value("b") == "40"


def test_a_helper_redefined_in_another_cell_makes_the_cell_stale(notebook):
    """The task cell is run again as it is; the helper is what changed, and the line says so."""
    notebook.run("def helper(x):\n    return x + 1", cell="h")
    cell = "%%checkpoint\ny = helper(1)"
    notebook.run(cell)
    notebook.run("def helper(x):\n    # a comment\n    return x + 1")
    assert "restored" in notebook.run(cell).line
    notebook.run("def helper(x):\n    return x + 2", cell="h")
    changed = notebook.run(cell)
    assert "ran 1" in changed.line
    assert "helper" in changed.line
    assert notebook.value("y") == "3"


def test_stale_cells_upstream_run_with_it_and_are_bound(notebook):
    """A cell asked for brings its stale upstream along, and the notebook sees its new values."""
    notebook.run("def helper(x):\n    return x + 1", cell="h")
    notebook.run("%%checkpoint\na = helper(1)")
    notebook.run("%%checkpoint\nb = a * 10")
    notebook.run("def helper(x):\n    return x + 2", cell="h")
    assert "ran 2" in notebook.run("%%checkpoint\nb = a * 10").line
    assert notebook.value("(a, b)") == "(3, 30)"


def test_inputs_by_value_count(notebook):
    """A value of a plain cell is an input: changed, the cell runs; changed back, it is restored."""
    cell = "%%checkpoint\nz = [v * 2 for v in numbers]"
    notebook.run("numbers = [1, 2]")
    notebook.run(cell)
    notebook.run("numbers.append(3)")
    assert "numbers" in notebook.run(cell).line
    assert notebook.value("z") == "[2, 4, 6]"
    notebook.run("numbers.pop()")
    assert "restored" in notebook.run(cell).line
    assert notebook.value("z") == "[2, 4]"


def test_an_output_changed_in_place_cuts_the_edge(notebook):
    """A plain cell that changes a result makes what reads it stale."""
    notebook.run("%%checkpoint\nrows = [1, 2, 3]")
    cell = "%%checkpoint\ntotal = sum(rows)"
    notebook.run(cell)
    notebook.run("rows.append(4)")
    assert "ran 1" in notebook.run(cell).line
    assert notebook.value("total") == "10"


def test_an_input_changed_inside_the_cell_is_changed_in_the_notebook(notebook):
    """The notebook sees what it would have seen without a checkpoint."""
    notebook.run("rows = [1]")
    notebook.run("%%checkpoint\nrows.append(2)\nn = len(rows)")
    assert notebook.value("(rows, n)") == "([1, 2], 2)"


def test_a_cell_that_rebinds_what_it_reads_keeps_its_place(notebook):
    """``x = f(x)`` takes its input from the cell before it, also when run again."""
    notebook.run("%%checkpoint\nx = 1", cell="a")
    cell = "%%checkpoint\nx = x + 1"
    notebook.run(cell, cell="b")
    again = notebook.run(cell, cell="b")
    assert "restored" in again.line
    assert notebook.value("x") == "2"


def test_displays_are_replayed_in_order(notebook):
    """Prints, displays, frames and figures come back as they were, in order."""
    cell = (
        "%%checkpoint\n"
        "import pandas as pd, matplotlib.pyplot as plt\n"
        "from IPython.display import display, HTML\n"
        "print('before')\n"
        "display(HTML('<b>bold</b>'))\n"
        "frame = pd.DataFrame({'a': [1, 2]})\n"
        "display(frame)\n"
        "print('between')\n"
        "plt.plot([1, 2, 3]); plt.show()\n"
        "frame.describe()"
    )
    first, again = notebook.run(cell), notebook.run(cell)
    assert first.error == again.error == ""
    assert "restored" in again.line
    assert (
        again.order
        == first.order
        == [
            "stdout",
            "display",
            "display",
            "stdout",
            "display",
            "result",
            "line",
        ]
    )
    assert again.own == first.own
    assert "<b>bold</b>" in again.own[0]["data"]["text/html"]
    assert "<table" in again.own[1]["data"]["text/html"]
    assert again.own[2]["data"]["image/png"]
    assert "count" in again.result["text/html"]


def test_a_figure_left_open_is_shown(notebook):
    """An inline figure without ``show`` is shown at the end of the cell."""
    answer = notebook.run(
        "%%checkpoint\nimport matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2]);"
    )
    assert answer.error == ""
    assert [list(d["data"]) for d in answer.own] == [["text/plain", "image/png"]]


def test_an_error_is_the_cells_own(notebook):
    """The exception has its own type and the worker's traceback; what was printed is shown."""
    answer = notebook.run("%%checkpoint\nprint('so far')\nvalue = 1 / 0")
    assert answer.error == "ZeroDivisionError"
    assert "value = 1 / 0" in answer.traceback
    assert answer.text == "so far\n"


def test_a_name_that_is_not_there_is_a_name_error(notebook):
    """An unbound name fails as it would in a plain cell."""
    assert notebook.run("%%checkpoint\ny = nowhere + 1").error == "NameError"


def test_classes_of_the_notebook_keep_their_identity(notebook):
    """An instance restored in a new kernel is an instance of the class the notebook defines."""
    model = "class Model:\n    def __init__(self, n):\n        self.n = n"
    make, use = "%%checkpoint\nm = Model(3)", "%%checkpoint\nok = isinstance(m, Model), m.n"
    notebook.run(model)
    notebook.run(make)
    notebook.run(use)
    assert notebook.value("isinstance(m, Model), ok") == "(True, (True, 3))"
    notebook.restart()
    notebook.run(model)
    assert "restored" in notebook.run(make).line
    assert "restored" in notebook.run(use).line
    assert notebook.value("isinstance(m, Model), ok") == "(True, (True, 3))"


def test_definitions_cost_nothing(notebook):
    """A cell of definitions alone is run in the notebook itself, and its functions live there."""
    answer = notebook.run("%%checkpoint\nimport math\ndef area(r):\n    return math.pi * r * k")
    assert "nothing to keep" in answer.lines
    notebook.run("k = 0")
    assert notebook.value("area(2)") == "0.0"


def test_the_magics_tell_and_clear(notebook):
    """status, why, clear and run do what they say."""
    notebook.run("%%checkpoint first\na = 1")
    notebook.run("%%checkpoint second\nb = a + 1")
    status = notebook.run("%checkpoint status")
    assert "fresh" in status.lines
    assert "second" in status.lines
    assert "matched on" in notebook.run("%checkpoint why first").lines
    assert "cleared 1" in notebook.run("%checkpoint clear first").lines
    assert "cleared" in notebook.run("%checkpoint why first").lines
    assert "pending" in notebook.run("%checkpoint").lines
    assert "ran 1, 1 reused" in notebook.run("%checkpoint run").line
    assert "fresh" in notebook.run("%checkpoint why second").lines
    assert "does not know 'nonsense'" in notebook.run("%checkpoint nonsense").errors
    assert "No node is called 'nobody'" in notebook.run("%checkpoint why nobody").errors


def test_inside_another_magic_the_cell_blocks_and_works(notebook):
    """``%%time`` around a checkpoint is no syntax error."""
    answer = notebook.run("%%time\n%%checkpoint\nq = 5")
    assert answer.error == ""
    assert notebook.value("q") == "5"


def test_tasks_run_in_plain_cells(notebook):
    """Functions declared in a notebook run in the pool, and a redefined helper counts."""
    notebook.run("from checkpoint_nb import checkpoint\ndef scale(x):\n    return x * 2")
    notebook.run("@checkpoint\ndef work(n):\n    return scale(n) + 1")
    assert notebook.value("work(3).run_with_info()[1]['ran'], work(3).run()") == "({'work': 1}, 7)"
    notebook.run("def scale(x):\n    return x * 3")
    assert notebook.value("work(3).run_with_info()[1]['ran'], work(3).run()") == "({'work': 1}, 10)"


def test_loading_twice_and_unloading(notebook):
    """The extension can be loaded again, taken out, and put back."""
    assert notebook.run("%load_ext checkpoint_nb").error == ""
    assert notebook.run("%unload_ext checkpoint_nb").error == ""
    assert (
        notebook.run("%checkpoint").error != "" or "not found" in notebook.run("%checkpoint").errors
    )
    assert notebook.run("%load_ext checkpoint_nb").error == ""
    assert "ran 1" in notebook.run("%%checkpoint\nw = 1").line


def test_modules_of_the_user_count_as_they_are_loaded(notebook):
    """A worker runs the code that is live in the kernel, not the file as it is on disk by now."""
    module = notebook.folder / "mymod.py"
    module.write_text(
        "import threading\nLOCK = threading.Lock()\nK = 2\ndef f(x):\n    return x * K\n"
    )
    notebook.run("import mymod, importlib, sys\nsys.dont_write_bytecode = True")
    cell = "%%checkpoint\ny = mymod.f(n)"
    notebook.run("n = 10")
    assert "ran 1" in notebook.run(cell).line
    module.write_text(
        "import threading\nLOCK = threading.Lock()\nK = 3\ndef f(x):\n    return x * K\n"
    )
    assert "restored" in notebook.run(cell).line
    notebook.run("n = 100")
    assert "ran 1" in notebook.run(cell).line
    assert notebook.value("y") == "200"
    notebook.run("importlib.reload(mymod)")
    changed = notebook.run(cell)
    assert "ran 1" in changed.line
    assert notebook.value("y") == "300"
    module.write_text(
        "import threading\nLOCK = threading.Lock()\nK = 2\ndef f(x):\n    return x * K\n"
    )
    notebook.run("importlib.reload(mymod)")
    assert "restored" in notebook.run(cell).line
    assert notebook.value("y") == "200"


def test_an_interrupt_stops_the_cell_and_keeps_what_finished(notebook):
    """A real interrupt ends the waiting cell soon; its finished upstream stays; a second try resumes."""
    notebook.run("import pathlib\nhere = str(pathlib.Path('.').absolute())")
    notebook.run("%%checkpoint\nfirst = len(here)")
    cell = (
        "%%checkpoint\nimport time, pathlib\n"
        "pathlib.Path(here, 'began').touch()\n"
        "while not pathlib.Path(here, 'go').exists():\n    time.sleep(0.05)\n"
        "second = first + 1"
    )
    sent = notebook.begin(cell)
    deadline = time.monotonic() + 60
    while not (notebook.folder / "began").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    notebook.manager.interrupt_kernel()
    answer = notebook.end(sent, timeout=30)
    assert answer.error == "KeyboardInterrupt"
    assert "cancelled" in answer.line
    (notebook.folder / "go").touch()
    again = notebook.run(cell)
    assert "ran 1" in again.line
    assert notebook.value("second - first") == "1"


def test_two_kernels_share_one_cache(tmp_path):
    """What one kernel computed, the other restores; both at once are right."""
    with (
        opened(tmp_path / "a", cache=tmp_path / "cache") as one,
        opened(tmp_path / "b", cache=tmp_path / "cache") as two,
    ):
        cell = "%%checkpoint\nimport time\ntime.sleep(0.3)\nv = sum(range(1000))"
        sent = one.begin(cell), two.begin(cell)
        assert one.end(sent[0]).error == two.end(sent[1]).error == ""
        assert (one.value("v"), two.value("v")) == ("499500", "499500")
        assert "ran 1" in one.run("%%checkpoint\nw = v * 2").line
        assert "restored" in two.run("%%checkpoint\nw = v * 2").line


def test_a_long_headless_cell_keeps_one_line_of_progress(notebook):
    """Without anybody watching, progress is one output that changes, not a growing list."""
    answer = notebook.run("%%checkpoint\nimport time\ntime.sleep(6.5)\nlate = 1", timeout=60)
    progress = [d for d in answer.displays if d["metadata"]["checkpoint_nb"]["kind"] == "progress"]
    assert len(progress) >= 2
    assert len({d["transient"]["display_id"] for d in progress}) == 1
    assert "running" in progress[0]["data"]["text/plain"]


BUTTON = (
    "import queue\nfrom checkpoint_nb.notebook.extension import _loaded\n"
    "commands = next(iter(_loaded.values()))[0].commands\n"
    "def press(command, label):\n"
    "    from checkpoint_nb import current_session\n"
    "    nodes = {n.label: n.id for n in current_session().graph().nodes}\n"
    "    said = queue.Queue()\n"
    "    commands(command, nodes.get(label), said.put)\n"
    "    answer = said.get(timeout=30)\n"
    "    while (run := current_session().active) is not None:\n"
    "        run.wait(1)\n"
    "    return answer"
)


def test_what_a_button_computed_is_bound_before_the_next_cell(notebook):
    """Run stale from the picture: the next cell sees the new values, unless the user rebound them."""
    notebook.run("def helper(x):\n    return x + 1", cell="h")
    notebook.run("%%checkpoint\na = helper(1)")
    notebook.run("%%checkpoint\nb = a * 10")
    notebook.run("def helper(x):\n    return x + 2", cell="h")
    notebook.run(BUTTON)
    assert notebook.value("press('run-stale', None)") == "running what is stale"
    assert notebook.value("(a, b)") == "(3, 30)"
    notebook.run("b = 'mine'")
    notebook.run("def helper(x):\n    return x + 3", cell="h")
    notebook.run("press('run-stale', None)")
    assert notebook.value("(a, b)") == "(4, 'mine')"


def test_an_open_graph_notices_a_helper_that_changed(notebook):
    """After any cell, what became stale is shown as stale, before anything is run."""
    notebook.run("def helper(x):\n    return x + 1", cell="h")
    notebook.run("%%checkpoint\na = helper(1)")
    notebook.run("%checkpoint graph")
    notebook.run("def helper(x):\n    return x + 2", cell="h")
    states = (
        "import time\nfrom checkpoint_nb import current_session\n"
        "board = current_session().board\n"
        "deadline = time.monotonic() + 20\n"
        "while (state := board.snapshot().statuses[0].state.word) == 'fresh':\n"
        "    assert time.monotonic() < deadline\n    time.sleep(0.02)\n"
        "print(state, '|', board.snapshot().statuses[0].reason)"
    )
    assert notebook.run(states).text.strip() == "stale | helper helper changed"


def test_an_output_that_cannot_be_kept_is_named(notebook):
    """The rest is bound and kept; the line says what is missing and why."""
    answer = notebook.run("%%checkpoint\nimport threading\nlock = threading.Lock()\nn = 3")
    assert answer.error == ""
    assert "not kept: lock" in answer.line
    assert "pickle" in answer.line
    assert notebook.value("n") == "3"


def test_a_plain_cell_between_two_bindings_is_seen_every_time(notebook):
    """``df`` made, filtered in a plain cell, then rebound: run from the top again, the filter counts."""
    make, clean = "%%checkpoint\ndf = [3, 1, 2]", "%%checkpoint\ndf = sorted(df)"
    for least, expected in ((0, "[1, 2, 3]"), (1, "[2, 3]"), (0, "[1, 2, 3]")):
        notebook.run(make, cell="a")
        notebook.run(f"df = [v for v in df if v > {least}]", cell="b")
        notebook.run(clean, cell="c")
        assert notebook.value("df") == expected
    assert "restored" in notebook.run(make, cell="a").line
    notebook.run("df = [v for v in df if v > 1]", cell="b")
    assert "restored" in notebook.run(clean, cell="c").line


def test_three_cells_that_rebind_a_name_keep_their_places(notebook):
    """Running the middle one again takes its input from the first, not from the last."""
    cells = ["%%checkpoint\nx = 1", "%%checkpoint\nx = x + 10", "%%checkpoint\nx = x + 100"]
    for number, cell in enumerate(cells):
        notebook.run(cell, cell=str(number))
    again = notebook.run(cells[1], cell="1")
    assert (again.error, "restored" in again.line) == ("", True)
    assert notebook.value("x") == "11"
    assert "restored" in notebook.run(cells[2], cell="2").line
    assert notebook.value("x") == "111"


def test_a_name_bound_on_one_path_only_takes_the_value_from_before(notebook):
    """Where the branch is not taken, a new value of the name makes the cell stale."""
    notebook.run("flag = False\nx = 5")
    cell = "%%checkpoint\nif flag:\n    x = 1\ny = x"
    notebook.run(cell)
    assert "restored" in notebook.run(cell).line
    assert notebook.value("y") == "5"
    notebook.run("x = 7")
    assert "ran 1" in notebook.run(cell).line
    assert notebook.value("y") == "7"


def test_a_loops_own_names_are_no_inputs(notebook):
    """What only the cell itself left behind does not make it stale."""
    cell = "%%checkpoint\nfor i in range(3):\n    last = i * 2\nresult = last + i"
    notebook.run(cell)
    assert "restored" in notebook.run(cell).line
    notebook.restart()
    assert "restored" in notebook.run(cell).line
    assert "restored" in notebook.run(cell).line
    assert notebook.value("result") == "6"


def test_a_cell_edited_to_read_what_it_rebinds_sees_the_cell_before(notebook):
    """An edit that begins to read the name takes it from the cell before it, not from its own result."""
    notebook.run("%%checkpoint\nx = 1", cell="a")
    notebook.run("%%checkpoint\nx = 50", cell="b")
    answer = notebook.run("%%checkpoint\nx = x + 1", cell="b")
    assert (answer.error, notebook.value("x")) == ("", "2")


def test_a_cell_of_definitions_alone_can_be_awaited(tmp_path):
    """Where a front end watches, the magic is awaited, also when there is nothing to wait for."""
    with opened(tmp_path, watched=True) as notebook:
        for cell in ("%%checkpoint\ndef prep(x):\n    return x + 1", "%checkpoint status"):
            assert notebook.run(cell).error == ""
        assert notebook.value("prep(1)") == "2"


def test_helpers_with_caches_travel(notebook):
    """Functions with lru_cache and singledispatch run in a worker, and count by their code."""
    helpers = (
        "from functools import cache, singledispatch\n"
        "@cache\ndef fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\n"
        "@singledispatch\ndef kind(x):\n    return 'any'\n"
        "@kind.register\ndef _(x: int):\n    return 'int'\n"
    )
    notebook.run(helpers)
    cell = "%%checkpoint\nfound = fib(10), kind(1), kind('a')"
    assert "ran 1" in notebook.run(cell).line
    assert notebook.value("found") == "(55, 'int', 'any')"
    notebook.run(helpers)
    notebook.run("fib(30)")
    assert "restored" in notebook.run(cell).line
    notebook.run(helpers.replace("'int'", "'whole'"))
    assert "ran 1" in notebook.run(cell).line
    assert notebook.value("found") == "(55, 'whole', 'any')"


def test_a_renamed_cell_leaves_its_readers_alone(notebook):
    """What a cell is called is no part of what another cell reads."""
    notebook.run("%%checkpoint first\none = 1 + len('')", cell="c1")
    reader = "%%checkpoint\ntwo = one + 1"
    notebook.run(reader, cell="c2")
    notebook.run("%%checkpoint renamed\none = 1 + len('')", cell="c1")
    assert "restored" in notebook.run(reader, cell="c2").line
    notebook.run("one = 1")
    assert "restored" in notebook.run(reader, cell="c2").line


def test_names_that_only_a_text_has_are_read(notebook):
    """What ``query`` and ``eval`` look up counts, and is there in the worker."""
    notebook.run("import pandas\nprices = pandas.DataFrame({'p': [5, 50]})\nlimit = 10\nw = 1")
    cells = [
        "%%checkpoint\ndear = list(prices.query('p > @limit').p)",
        "%%checkpoint\nthree = eval('w + 2')",
    ]
    for cell in cells:
        assert "ran 1" in notebook.run(cell).line
    assert notebook.value("dear, three") == "([50], 3)"
    notebook.run("limit = 1\nw = 2")
    for cell in cells:
        assert "ran 1" in notebook.run(cell).line
    assert notebook.value("dear, three") == "([5, 50], 4)"
    notebook.run(
        "from checkpoint_nb import checkpoint\n"
        "@checkpoint\ndef above():\n    return list(prices.query('p > @limit').p)"
    )
    assert notebook.value("above().run()") == "[5, 50]"
    notebook.run("limit = 10")
    assert notebook.value("above().run()") == "[50]"


def test_a_variable_of_the_environment_that_a_cell_reads_counts(notebook):
    """Nobody declared it; it was seen to be read."""
    notebook.run("import os\nos.environ['CITY'] = 'Kyiv'")
    cell = "%%checkpoint\ncity = os.environ['CITY']"
    notebook.run(cell)
    assert "restored" in notebook.run(cell).line
    notebook.run("os.environ['CITY'] = 'Lviv'")
    assert "CITY" in notebook.run(cell).line
    assert notebook.value("city") == "Lviv"


def test_what_a_helper_binds_as_a_global_is_the_notebooks(notebook):
    """A ``global`` statement in a helper counts on, each time the cell runs, as in a plain cell."""
    notebook.run(
        "counter = 0\ndef bump():\n    global counter\n    counter += 1\n    return counter"
    )
    for expected in ("(1, 1)", "(2, 2)"):
        assert "ran 1" in notebook.run("%%checkpoint\nbumped = bump()").line
        assert notebook.value("counter, bumped") == expected


def test_one_result_read_twice_is_two_objects(notebook):
    """Each argument has a copy of its own, as two calls would have given."""
    notebook.run(
        "from checkpoint_nb import checkpoint\n"
        "@checkpoint\ndef src():\n    return [0]\n"
        "@checkpoint\ndef two(a, b):\n    a.append(1)\n    return a, b"
    )
    assert notebook.value("two(src(), src()).run()") == "([0, 1], [0])"
