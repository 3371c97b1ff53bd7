"""What a checkpointed cell declares, and what it does that should be known: in a real kernel."""

from pathlib import Path

import pytest

from checkpoint_nb.errors import MagicUsageError
from checkpoint_nb.notebook.options import cell_options
from tests.notebook.kernels import opened


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("options")) as made:
        yield made


def edit(notebook, name, text):
    (notebook.folder / name).write_text(text)


def test_a_declared_file_makes_the_cell_stale(notebook):
    """``--file`` counts by content; the line says which file it was."""
    cell = (
        "%%checkpoint rows --file rows.csv --file 'more rows.csv'\nrows = open('rows.csv').read()"
    )
    edit(notebook, "rows.csv", "a")
    edit(notebook, "more rows.csv", "")
    notebook.run(cell)
    assert "restored" in notebook.run(cell).line
    edit(notebook, "rows.csv", "b")
    answer = notebook.run(cell)
    assert "ran 1" in answer.line
    assert "file rows.csv changed" in answer.line
    assert notebook.value("rows") == "b"
    edit(notebook, "rows.csv", "a")
    assert "restored" in notebook.run(cell).line


def test_a_name_in_braces_is_one_of_the_notebook(notebook):
    """The path of a declared file may come from a variable, as in every magic."""
    edit(notebook, "chosen.csv", "1")
    notebook.run("chosen = 'chosen.csv'")
    cell = "%%checkpoint --file {chosen}\nchosen_text = open(chosen).read()"
    notebook.run(cell)
    edit(notebook, "chosen.csv", "2")
    assert "file chosen.csv changed" in notebook.run(cell).line


def test_a_missing_file_is_an_error_in_the_cell(notebook):
    """Nothing runs, and the error says what is missing and where it was looked for."""
    answer = notebook.run("%%checkpoint --file gone.csv\nnever = 1")
    assert answer.error == "DeclarationError"
    assert "There is no file gone.csv" in answer.traceback


def test_environment_version_and_salt_count(notebook):
    """Another value is a run, the former a hit; the value of a variable is never shown."""
    notebook.run("import os\nos.environ['CITY'] = 'Kyiv'")
    cell = "%%checkpoint --env CITY --version {v} --salt {s}\nimport os\ncity = os.environ['CITY']"
    notebook.run("v, s = 1, 1")
    notebook.run(cell)
    for change in ("os.environ['CITY'] = 'Lviv'", "v = 2", "s = 2"):
        assert "restored" in notebook.run(cell).line
        notebook.run(change)
        answer = notebook.run(cell)
        assert "ran 1" in answer.line
        assert "Lviv" not in answer.lines
    assert notebook.value("city") == "Lviv"
    notebook.run("v, s = 1, 1\nos.environ['CITY'] = 'Kyiv'")
    assert "restored" in notebook.run(cell).line
    assert notebook.value("city") == "Kyiv"


def test_an_ignored_name_does_not_count_and_is_there(notebook):
    """The cell runs with what the name holds, and not again because it holds something else."""
    notebook.run("verbose = True")
    cell = "%%checkpoint --ignore verbose\nif verbose:\n    print('so much')\nten = 10"
    assert "so much" in notebook.run(cell).text
    notebook.run("verbose = False")
    assert "restored" in notebook.run(cell).line


def test_a_secret_is_never_shown(notebook):
    """It counts; no line, reason or stored word tells what it is."""
    notebook.run("token = 'sesame open'")
    cell = "%%checkpoint page --secret token\npage = len(token)"
    notebook.run(cell)
    notebook.run("token = 'another one'")
    answer = notebook.run(cell)
    assert "ran 1" in answer.line
    said = answer.lines + notebook.run("%checkpoint why page").lines
    assert "token" in said
    assert "sesame" not in said
    assert "another one" not in said


def test_a_module_imported_in_a_cell_is_the_one_of_the_kernel(notebook):
    """A worker runs a module as the kernel has it: not the file of now, not what it had before."""
    cell = "%%checkpoint\nimport fresh_module\nfrom fresh_module import more\nfresh = fresh_module.g() + more()"
    edit(notebook, "fresh_module.py", "def g(): return 'one'\ndef more(): return '!'\n")
    notebook.run(cell)
    assert notebook.value("fresh") == "one!"
    edit(notebook, "fresh_module.py", "def g(): return 'three'\ndef more(): return '?'\n")
    assert "restored" in notebook.run(cell).line
    notebook.run("%checkpoint clear fresh")
    assert "ran 1" in notebook.run(cell).line
    assert notebook.value("fresh") == "one!"
    notebook.run("import importlib; importlib.reload(fresh_module)")
    assert "ran 1" in notebook.run(cell).line
    assert notebook.value("fresh") == "three?"


def test_what_a_helper_adds_to_a_global_is_there(notebook):
    """Each run adds to the list of the notebook, as a plain cell does."""
    notebook.run("seen = []\ndef note(x):\n    seen.append(x)\n    return len(seen)")
    for expected in ("[3]", "[3, 3]"):
        assert "ran 1" in notebook.run("%%checkpoint noted\nnoted = note(3)").line
        assert notebook.value("seen") == expected


@pytest.mark.parametrize(
    "line",
    ["a b", "--wrong x", "--file", "--ignore nothing", "--secret nothing", "--env A=1"],
)
def test_wrong_words_are_refused_with_the_usage(notebook, line):
    """Nothing runs, and the message says what it takes."""
    answer = notebook.run(f"%%checkpoint {line}\nnot_made = 1")
    assert "UsageError" in answer.errors
    assert not answer.traceback
    assert notebook.value("'not_made' in dir()") == "False"


def test_the_words_of_a_cell_are_read_as_in_a_shell():
    """A name may stand before or after the options; unknown ones are refused."""
    assert cell_options(["--file", "a", "clean"]).name == "clean"
    assert cell_options([]).name == ""
    with pytest.raises(MagicUsageError):
        cell_options(["--nothing"])


def test_the_folder_is_clean(notebook):
    """Nothing but what the tests wrote stands beside the notebook."""
    names = {path.name for path in Path(notebook.folder).iterdir()}
    assert names <= {
        "rows.csv", "more rows.csv", "chosen.csv", "fresh_module.py", "__pycache__",
        "cache", "secret", "ipython",
    }  # fmt: skip
