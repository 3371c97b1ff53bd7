"""One notebook through every program that runs notebooks: cold, warm, failing, in the background."""

from __future__ import annotations

import sys
from pathlib import Path

import nbclient
import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

from tests.frontends.tools import Place, counted, lines, outputs, read, shown

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

BEGIN = "%load_ext checkpoint_nb\nfrom checkpoint_nb import checkpoint"
CELLS = (
    BEGIN,
    "%%checkpoint base\nprint('making', n)\nbase = list(range(n))",
    "%%checkpoint\ntotal = sum(base)\ntotal",
    "#| checkpoint: half\nhalf = total / 2\nprint('half', half)",
    "@checkpoint\ndef square(x):\n    return x * x\n\nprint(square(half).run())",
    "%checkpoint graph",
    "print('the end')",
)
NODES = 3
"""Cells that are remembered; the task says nothing, it is too short."""
FAILS = (BEGIN, "%%checkpoint bad\nprint('before')\nbad = [][3]", "open('after', 'w').close()")
BEHIND = (
    BEGIN,
    "%%checkpoint late --background\nimport time\ntime.sleep(1)\nlate = 7\nprint('late')",
    "%%checkpoint lazy --lazy\nlazy = 8\nprint('lazy')",
    "print('plain')",
    "print(late + lazy)",
)


def jupyter_execute(place: Place, source: Path, saved: Path):
    return place.call("jupyter", "execute", source, "--output", saved)


def nbconvert(place: Place, source: Path, saved: Path):
    words = ("jupyter", "nbconvert", "--execute", "--to", "notebook", "--output", saved, source)
    return place.call(*words)


def papermill(place: Place, source: Path, saved: Path):
    return place.call("papermill", source, saved, "--no-progress-bar")


PROGRAMS = [jupyter_execute, nbconvert, papermill]


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_notebook_runs_and_the_second_time_nothing_runs(place, program):
    """Every cell runs once; then none does, and the file holds the same outputs."""
    source = place.write("a.ipynb", *CELLS, parameters="n = 4")
    saved = [place.folder / "first.ipynb", place.folder / "second.ipynb"]
    for path in saved:
        done = program(place, source, path)
        assert done.returncode == 0, done.stderr
    first, second = map(read, saved)
    assert counted(first)[0] == NODES
    assert counted(second)[0] == 0
    assert [line.split(" (")[0] for line in lines(second)] == [
        "✓ base — restored",
        "✓ total — restored",
        "✓ half — restored",
    ]
    assert shown(first) == ["making 4\n", "6", "half 3.0\n", "9.0\n", "the end\n"]
    assert shown(second) == shown(first)
    for notebook in (first, second):
        html = "".join(o["data"].get("text/html", "") for o in outputs(notebook, ours=True))
        assert "data:image/svg+xml;base64," in html, "the graph is a picture"
        assert "widget-view" not in str(notebook), "nobody is there to press a button"


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_cell_that_fails_makes_the_program_fail(place, program):
    """The cell's own error, a non-zero exit, and nothing after the cell runs."""
    source = place.write("bad.ipynb", *FAILS)
    done = program(place, source, place.folder / "saved.ipynb")
    assert done.returncode != 0
    assert "IndexError: list index out of range" in done.stderr
    assert "<checkpoint bad>" in done.stderr, "the traceback shows the cell's own line"
    assert not (place.folder / "after").exists()


@pytest.mark.parametrize("program", PROGRAMS)
def test_cells_for_the_background_wait_where_nobody_watches(place, program):
    """What a cell shows is under the cell, as if it had been a plain one."""
    source = place.write("behind.ipynb", *BEHIND)
    done = program(place, source, saved := place.folder / "saved.ipynb")
    assert done.returncode == 0, done.stderr
    notebook = read(saved)
    assert shown(notebook) == ["late\n", "lazy\n", "plain\n", "15\n"]
    assert [line.split(" in ")[0] for line in lines(notebook)] == [
        "● late — ran 1",
        "● lazy — ran 1",
    ]


def test_a_failure_in_the_background_is_raised_in_its_own_cell(place):
    """Headless there is no later: the program stops where a plain cell would have stopped it."""
    place.environ["CHECKPOINT_NB_BACKGROUND"] = "1"
    source = place.write("bad.ipynb", *FAILS)
    done = jupyter_execute(place, source, place.folder / "saved.ipynb")
    assert done.returncode != 0
    assert "IndexError: list index out of range" in done.stderr
    assert not (place.folder / "after").exists()


def test_papermill_keeps_what_failed_and_runs_it_again(place):
    """The saved notebook shows the error at its cell; corrected, only that cell runs."""
    source = place.write("bad.ipynb", BEGIN, "%%checkpoint\ngood = 1", FAILS[1])
    papermill(place, source, saved := place.folder / "saved.ipynb")
    failed = [cell for cell in read(saved).cells if cell.get("outputs")][-1]
    assert [output.output_type for output in failed.outputs][-1] == "error"
    assert "before\n" in [output.get("text") for output in failed.outputs]
    place.write("bad.ipynb", BEGIN, "%%checkpoint\ngood = 1", FAILS[1].replace("[][3]", "3"))
    assert papermill(place, source, saved).returncode == 0
    notebook = read(saved)
    assert counted(notebook) == (1, 1)


def test_another_parameter_runs_what_hangs_on_it(place):
    """Papermill's parameter is an input like any other, and the line names it."""
    apart = "%%checkpoint\napart = 'nothing of n'"
    source = place.write("a.ipynb", *CELLS[:3], apart, parameters="n = 4")
    words = ("papermill", source, saved := place.folder / "b.ipynb", "--no-progress-bar")
    for number, ran in ((4, 3), (5, 2), (5, 0), (4, 0)):
        done = place.call(*words, "-p", "n", number)
        assert done.returncode == 0, done.stderr
        assert counted(read(saved))[0] == ran, number
        if number == 5 and ran:
            assert "input n changed: 4 → 5" in lines(read(saved))[0]


def test_a_page_made_by_nbconvert_shows_outputs_and_picture(place):
    """As HTML the notebook has what the cells printed, the lines and the graph."""
    source = place.write("a.ipynb", *CELLS, parameters="n = 4")
    done = place.call("jupyter", "nbconvert", "--execute", "--to", "html", source)
    assert done.returncode == 0, done.stderr
    page = (place.folder / "a.html").read_text()
    assert "making 4" in page
    assert "base — ran 1" in page
    assert "data:image/svg+xml;base64," in page


def test_the_shell_command_runs_it_too(place):
    """``checkpoint-nb run`` says each cell, and fails as the notebook fails."""
    source = place.write("a.ipynb", *CELLS, parameters="n = 4")
    program = (sys.executable, "-m", "checkpoint_nb.cli", "run")
    first, second = place.call(*program, source), place.call(*program, source)
    assert first.returncode == second.returncode == 0, first.stderr
    assert first.stdout.count("ran 1") == NODES
    assert second.stdout.count("restored") == NODES
    assert "ran 1" not in second.stdout
    bad = place.call(*program, place.write("bad.ipynb", *FAILS))
    assert bad.returncode != 0
    assert "IndexError: list index out of range" in bad.stdout


def test_nbclient_in_a_program_raises_the_cells_error(place):
    """What nbclient gives a program: the error's name and text, and how far it came."""
    notebook = read(place.write("bad.ipynb", *FAILS))
    client = nbclient.NotebookClient(
        notebook, timeout=200, resources={"metadata": {"path": str(place.folder)}}
    )
    with pytest.raises(CellExecutionError) as caught:
        client.execute(env=place.environment())
    assert caught.value.ename == "IndexError"
    assert caught.value.evalue == "list index out of range"
    assert shown(notebook) == ["before\n", "IndexError"]
    nbformat.validate(notebook)
