"""What a cell shows: live, faithful, and again from the store."""

from __future__ import annotations

import itertools
import re
import time

import pytest

from tests.notebook.kernels import Answer, opened

pytestmark = pytest.mark.slow

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("plain")) as kernel:
        yield kernel


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("notebook")) as kernel:
        yield kernel


def said(answer: Answer) -> dict[str, object]:
    """Everything the cell itself showed, streams in a row joined."""
    order = [one for one, _ in itertools.groupby(o for o in answer.order if o != "line")]
    displays = [(d["data"], d["metadata"]) for d in answer.own]
    return {
        "out": answer.text,
        "err": answer.errors,
        "order": order,
        "displays": displays,
        "result": answer.result,
        "error": answer.error,
    }


SAME = {
    "shell": "!echo hi\nprint('after')",
    "mimetypes": (
        "from IPython.display import HTML, JSON, SVG, Image, Latex, Markdown, display\n"
        "display(HTML('<b>x</b>'), Markdown('*a*'), JSON({'a': [1, 2.5, None]}), Latex('$x$'), 3)\n"
        "display(SVG('<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>'))\n"
        "display(Image(data=b'\\x89PNG\\r\\n\\x1a\\n' + bytes(20), format='png'))\n"
        "display({'text/plain': 'raw', 'application/x-mine': {'b': 1}}, raw=True, metadata={'m': 1})"
    ),
    "value": "6 * 7",
    "named value": "rows = [1, 2]\nrows",
    "quiet": "sum([6, 8]);  # not shown",
    "nothing": "print()",
    "walrus": "(walrus := 5)",
    "awaited": (
        "import asyncio\n"
        "_task = asyncio.create_task(asyncio.sleep(0.001, 'slept'))\n"
        "await asyncio.sleep(0)\n"
        "await _task"
    ),
    "time": "%%capture said\nprint('captured')",
    "frame": "import pandas as pd\npd.DataFrame({'a': [1, 2]})",
    "figures": (
        "import matplotlib.pyplot as plt\n"
        "first = plt.figure(); plt.plot([1, 2])\n"
        "closed = plt.figure(); plt.plot([2, 1]); plt.close(closed)\n"
        "print('between')\nplt.show()\nplt.plot([3, 4])\nprint('after');"
    ),
    "figure as value": (
        "import matplotlib.pyplot as plt\nfig, ax = plt.subplots(); ax.plot([1, 2])\nplt.close(fig)\nfig"
    ),
    "own formats": (
        "class Odd:\n"
        "    def _repr_mimebundle_(self, include=None, exclude=None):\n"
        "        return {'text/plain': 'odd', 'image/png': b'PNG'}, {'image/png': {'width': 3}}\n"
        "odd = Odd()\ndisplay(odd)\nodd"
    ),
    "logging": "import logging\nlogging.basicConfig(force=True)\nlogging.getLogger('a.b').error('told')",
    "division": "print('so far')\n1 / 0",
    "exit": "import sys\nprint('so far')\nsys.exit(3)",
    "interrupt": "raise KeyboardInterrupt('by code')",
    "own exception": "class Mine(ValueError):\n    pass\nraise Mine('two\\nlines')",
}


@pytest.mark.parametrize("name", SAME)
def test_a_cell_shows_what_it_would_show_without_a_checkpoint(plain, notebook, name):
    """Streams, displays, value and exception are the same, when it runs and when it is restored."""
    cell = SAME[name]
    expected = said(plain.run(cell))
    first = notebook.run(f"%%checkpoint\n{cell}")
    again = notebook.run(f"%%checkpoint\n{cell}")
    if name == "exit":
        # IPython's own advice, which it gives once.
        expected["err"] = expected["order"] = ""
    for answer in (first, again):
        got = said(answer)
        if name == "exit":
            got["err"] = got["order"] = ""
        assert got == expected
    assert expected["error"] or "restored" in again.line


def test_streams_keep_their_order(notebook):
    """Each line of stdout and stderr stands where it was printed."""
    cell = (
        "%%checkpoint\nimport sys\nfor n in range(3):\n    print(n)\n    print(n, file=sys.stderr)"
    )
    for _ in range(2):
        answer = notebook.run(cell)
        assert answer.order == ["stdout", "stderr"] * 3 + ["line"]
        assert answer.text == answer.errors == "0\n1\n2\n"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("[1, 2] + [3]", "[1, 2, 3]"),
        ("total = [4]\ntotal", "[4]"),
        ("import pandas as pd\npd.DataFrame({'a': [7]})", None),
    ],
)
def test_the_last_value_is_the_real_thing(notebook, cell, value):
    """``_``, ``_n`` and ``Out[n]`` hold it, after the run and after a restore."""
    for _ in range(2):
        notebook.run(f"%%checkpoint\n{cell}")
        notebook.run("_same = _ is Out[max(Out)] is globals()[f'_{max(Out)}']; _kept = _")
        assert notebook.value("_same, type(_kept).__module__.startswith('checkpoint_nb')") == (
            "(True, False)"
        )
        assert value is None or notebook.value("_kept") == value
        notebook.run("1 + 1")
        assert notebook.value("_, __ is _kept") == "(2, True)"


def test_every_expression_shows_where_the_notebook_says_so(plain, notebook):
    """``ast_node_interactivity`` of the notebook holds for its checkpointed cells."""
    for mode, cell in (
        ("all", "1 + 1\n'b'\nfor i in 'x': i"),
        ("last_expr_or_assign", "k = 41 + 1"),
    ):
        setting = f"get_ipython().ast_node_interactivity = '{mode}'"
        plain.run(setting)
        notebook.run(setting)
        expected = plain.run(cell)
        got = notebook.run(f"%%checkpoint\n{cell}")
        assert expected.result is not None
        assert said(got) == said(expected)
    for kernel in (plain, notebook):
        kernel.run("get_ipython().ast_node_interactivity = 'last_expr'")


def test_updates_and_clears_are_live_and_leave_their_outcome(plain, notebook):
    """All of them are seen while the cell runs; a restored cell shows what was left of them."""
    cell = (
        "from IPython.display import clear_output, display\n"
        "print('gone')\nclear_output(wait=True)\n"
        "handle = display('one', display_id='there')\n"
        "for step in range(3):\n    handle.update(step)"
    )
    first = notebook.run(f"%%checkpoint\n{cell}")
    assert said(first) == said(plain.run(cell))
    again = notebook.run(f"%%checkpoint\n{cell}")
    assert again.text == ""
    assert [d["data"]["text/plain"] for d in again.own] == ["2"]
    assert [d["transient"] for d in again.own] == [{"display_id": "there"}]


def test_warnings_are_shown_each_time(notebook):
    """Category and message come back with a restored cell, and another cell warns again."""
    for cell in (
        "import warnings\nwarnings.warn('careful')",
        "import warnings\nwarnings.warn('careful'); x = 1",
    ):
        for _ in range(2):
            answer = notebook.run(f"%%checkpoint\n{cell}")
            assert "UserWarning: careful\n" in answer.errors
            assert "warnings.warn('careful')" in answer.errors


def test_other_programs_and_c_code_are_heard_in_order(notebook):
    """What is printed past Python stands where it belongs, for stdout and stderr."""
    cell = (
        "%%checkpoint\nimport os, subprocess\nprint('one')\nos.system('echo two')\nprint('three')\n"
        "os.write(1, b'four\\n')\nsubprocess.run('echo five >&2', shell=True)\nprint('six');"
    )
    for _ in range(2):
        answer = notebook.run(cell)
        assert answer.text == "one\ntwo\nthree\nfour\nsix\n"
        assert answer.errors == "five\n"


def test_children_of_the_worker_are_heard(notebook):
    """A forked process prints into the cell, as it does in a notebook."""
    cell = "import os\nif os.fork() == 0:\n    print('child', flush=True)\n    os._exit(0)\nos.wait(); print('parent')"
    for _ in range(2):
        assert notebook.run(f"%%checkpoint\n{cell}").text == "child\nparent\n"


def test_output_is_live(notebook):
    """What a cell printed is there while it goes on: it goes on only when somebody has seen it."""
    gate = notebook.folder / "go"
    sent = notebook.begin(
        "%%checkpoint\nimport pathlib, time\nprint('first')\n"
        f"while not pathlib.Path({str(gate)!r}).exists():\n    time.sleep(0.01)\nprint('second')"
    )
    seen = ""
    deadline = time.monotonic() + 60
    while "first" not in seen and time.monotonic() < deadline:
        message = notebook.client.get_iopub_msg(timeout=60)
        if message["msg_type"] == "stream":
            seen += message["content"]["text"]
    assert seen == "first\n"
    gate.touch()
    assert notebook.end(sent).text == "second\n"


def test_a_worker_that_dies_leaves_what_it_showed(notebook):
    """Once, and before the error."""
    answer = notebook.run("%%checkpoint\nimport os\nprint('so far')\ndisplay(3)\nos._exit(7)")
    assert answer.error == "WorkerLost"
    assert answer.text == "so far\n"
    assert [d["data"]["text/plain"] for d in answer.own] == ["3"]


def test_a_failed_cell_shows_its_own_lines(notebook):
    """The traceback has the cell's source, line by line, and what it printed is shown once."""
    answer = notebook.run("%%checkpoint\ndef half(x):\n    return x / 0\nprint('so far')\nhalf(3)")
    text = re.sub(r"\x1b\[[\d;]*m", "", answer.traceback)
    assert answer.text == "so far\n"
    assert "----> 4 half(3)" in text
    assert "----> 2     return x / 0" in text
    assert "run.py" not in text


def test_what_led_to_an_exception_is_told(notebook):
    """A chain of exceptions is shown whole."""
    cell = "%%checkpoint\ntry:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise KeyError('k') from e"
    answer = notebook.run(cell)
    assert answer.error == "KeyError"
    assert "direct cause" in answer.traceback
    assert "ZeroDivisionError" in answer.traceback


def test_a_cell_that_asks_says_where_it_can(notebook):
    """Nobody can answer in a worker: a clear error, at once."""
    for call in ("input('name? ')", "__import__('getpass').getpass()"):
        answer = notebook.run(f"%%checkpoint\nanswer = {call}")
        assert answer.error == "StdinNotImplementedError"
        assert "--here" in answer.traceback


def test_bars_are_live_and_kept_as_their_last_state(notebook):
    """A bar of 10,000 steps is drawn while it runs, and kept as one line."""
    cell = (
        "%%checkpoint\nimport sys\nfor step in range(10_001):\n"
        "    print(f'\\r{step:5d}/10000', end='', file=sys.stderr)\nprint(file=sys.stderr)"
    )
    first, again = notebook.run(cell), notebook.run(cell)
    assert first.errors.count("\r") == 10_001
    assert again.errors == "10000/10000\n"


def test_very_long_output_is_live_in_full_and_kept_in_part(notebook):
    """Two megabytes are shown when it runs; restored, a note says what is left out."""
    cell = "%%checkpoint\nfor n in range(50_000):\n    print('line', n, '.' * 30)"
    first, again = notebook.run(cell), notebook.run(cell)
    assert first.text.count("\n") == 50_000
    assert again.text.startswith("line 0 ")
    assert again.text.endswith(f"line 49999 {'.' * 30}\n")
    assert len(again.text) < 1.1 * 2**20 < len(first.text)
    assert "too long to be kept" in again.lines
    assert "too long" not in first.lines


def test_widgets_are_static_and_a_note_says_so(notebook):
    """Never a model that is not there."""
    pytest.importorskip("ipywidgets")
    cell = (
        "%%checkpoint\nimport ipywidgets\nslider = ipywidgets.IntSlider(value=3)\ndisplay(slider)\n"
        "place = ipywidgets.Output()\nwith place:\n    print('inside')\nslider"
    )
    for _ in range(2):
        answer = notebook.run(cell)
        assert answer.error == ""
        assert [d["data"] for d in answer.own] == [{"text/plain": "IntSlider(value=3)"}]
        assert answer.result == {"text/plain": "IntSlider(value=3)"}
        assert answer.text == "inside\n"
        assert answer.lines.count("--here") == 1


def test_a_widget_that_changed_is_kept_as_it_looks_at_the_end(notebook):
    """The text of a widget is that of its last state."""
    pytest.importorskip("ipywidgets")
    cell = "%%checkpoint\nimport ipywidgets\nbar = ipywidgets.IntProgress()\ndisplay(bar)\nbar.value = 7"
    notebook.run(cell)
    assert [d["data"]["text/plain"] for d in notebook.run(cell).own] == ["IntProgress(value=7)"]


@pytest.mark.parametrize("module", ["tqdm", "tqdm.auto", "tqdm.notebook"])
def test_tqdm_bars_end_full(notebook, module):
    """Each kind of bar works in a worker, and is restored in its last state."""
    pytest.importorskip("tqdm")
    cell = f"%%checkpoint\nfrom {module} import tqdm\nfor step in tqdm(range(3)):\n    pass"
    for _ in range(2):
        answer = notebook.run(cell)
        assert answer.error == ""
    shown = answer.errors + "".join(d["data"]["text/plain"] for d in answer.own)
    assert shown.count("3/3") == 1
    assert "0/3" not in shown


def test_names_that_only_the_run_shows_are_bound(notebook):
    """``exec`` and a star import bind in the notebook what they bound in the worker."""
    notebook.run("%%checkpoint\nexec('made = 3')\nglobals()['also'] = [made]\n_own = 1")
    assert notebook.value("made, also") == "(3, [3])"


def test_names_that_the_run_deleted_are_gone(notebook):
    """Deleted in the cell, deleted in the notebook, also when it is restored."""
    for _ in range(2):
        notebook.run("spare = 1\nshort = 2")
        notebook.run("%%checkpoint\nkept = spare + 1\ndel spare\nshort = 3\ndel short")
        assert notebook.value("kept, 'spare' in globals(), 'short' in globals()") == (
            "(2, False, False)"
        )


def test_tasks_go_on_from_one_statement_to_the_next(notebook):
    """A cell that awaits has one loop."""
    cell = (
        "%%checkpoint\nimport asyncio\nseen = []\n"
        "async def work():\n    for n in range(3):\n        seen.append(n)\n        await asyncio.sleep(0)\n"
        "_task = asyncio.create_task(work())\nawait asyncio.sleep(0)\nseen.append('main')\nawait _task\nseen"
    )
    assert notebook.run(cell).result["text/plain"] == "[0, 'main', 1, 2]"


def test_a_cell_that_runs_here_is_shown_once_and_recorded(plain, notebook):
    """``--here`` shows what a plain cell shows, and a restore shows the same."""
    cell = (
        "import sys\nprint('a')\nprint('b', file=sys.stderr)\ndisplay({'c': 1})\n"
        "import asyncio\nawait asyncio.sleep(0)\n[1] + [2]"
    )
    expected = said(plain.run(cell))
    first = notebook.run(f"%%checkpoint --here\n{cell}")
    assert said(first) == expected
    notebook.run("_kept = _")
    assert notebook.value("_kept") == "[1, 2]"
    again = notebook.run(f"%%checkpoint --here\n{cell}")
    assert said(again) == expected
    assert "restored" in again.line


def test_settings_that_a_cell_made_are_the_notebooks(notebook):
    """Also when the cell is restored."""
    for _ in range(2):
        notebook.run("import decimal\ndecimal.getcontext().prec = 28")
        notebook.run("%%checkpoint\nimport decimal\ndecimal.getcontext().prec = 12")
        assert notebook.value("decimal.getcontext().prec") == "12"


def test_what_a_cell_shows_counts(notebook):
    """Another constant, or a ``;`` more, is another cell: nothing else is shown for it."""
    shown = []
    for cell in ("6 * 7", "6 * 8", "6 * 8;", "sum([1, 2])", "sum([1, 2]);", "6 * 7  # again"):
        answer = notebook.run(f"%%checkpoint\n{cell}")
        shown.append((answer.result or {}).get("text/plain"))
    assert shown == ["42", "48", None, "3", None, "42"]
    assert "restored" in answer.line
