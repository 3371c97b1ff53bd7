"""The same questions in a shell, without a kernel; and a notebook run headless."""

from __future__ import annotations

import json
import subprocess
import sys

import nbformat
import pytest

from checkpoint_nb import checkpoint
from checkpoint_nb.cli import main
from checkpoint_nb.config import Config
from checkpoint_nb.session import Session, use


@checkpoint
def load(n):
    print("loading", n)
    return list(range(n * 1000))


@checkpoint
def top(values):
    return len(values)


@pytest.fixture
def base(session, tmp_path, monkeypatch):
    """What CP_CACHE_DIR would say; two nodes are stored there."""
    monkeypatch.setenv("CHECKPOINT_NB_KEY_FILE", str(tmp_path / "secret" / "key"))
    base = tmp_path / "base"
    own = Session(Config.resolve(cache_dir=base / "checkpoint"), executor=session.slots())
    use(own)
    top(load(40)).run()
    yield base
    own.close()


@pytest.fixture
def shell(base, capsys):
    """``shell(words)``: the exit code, and what was printed."""

    def run(*words, where=base):
        code = main([words[0], "--cache-dir", str(where), *words[1:]])
        out = capsys.readouterr()
        return code, out.out, out.err

    return run


def entries(shell):
    return json.loads(shell("du", "--json")[1])["entries"]


def test_status_and_du_tell_what_is_stored(shell, base):
    """As a table for people, as JSON for programs; DIR and DIR/checkpoint mean the same."""
    code, said, _ = shell("status")
    assert code == 0
    assert "load(40)" in said
    assert said == shell("status", where=base / "checkpoint")[1]
    nodes = json.loads(shell("status", "--json", "load")[1])
    assert [node["label"] for node in nodes] == ["load(40)"]
    assert nodes[0]["results"] == 1
    held = json.loads(shell("du", "--json")[1])
    assert held["entries"] == 2
    assert sum(task["size"] for task in held["tasks"]) == held["size"]
    assert "2 results" in shell("du")[1]


def test_log_and_why_tell_of_the_newest_result(shell):
    """What it printed; what it was made of."""
    assert "loading 40" in shell("log", "load(40)")[1]
    assert "arguments: n = 40" in shell("why", "load")[1]


def test_clear_forgets_what_is_named(shell):
    """By label or task; everything only when it is said."""
    assert "cleared 1 stored result" in shell("clear", "load(40)")[1]
    assert entries(shell) == 1
    assert shell("clear")[0] == 1
    assert shell("clear", "top", "--all")[0] == 1
    assert entries(shell) == 1
    assert shell("clear", "--stale")[1].startswith("cleared 0 old results")
    assert shell("clear", "--all")[0] == 0
    assert entries(shell) == 0


def test_gc_keeps_the_store_small(shell):
    """The larger result goes, which took as long; a limit must be given and must be one."""
    assert shell("gc")[0] == 1
    assert "removed 1 result" in shell("gc", "--max", "10k")[1]
    assert json.loads(shell("status", "--json")[1])[0]["task"].endswith("top")
    with pytest.raises(SystemExit) as error:
        main(["gc", "--max", "much"])
    assert error.value.code == 2


def test_what_is_not_there_is_told(shell, tmp_path):
    """An unknown name, a folder without a store: exit code 1, said on stderr, nothing made."""
    code, _, errors = shell("log", "laod")
    assert code == 1
    assert "load" in errors
    code, _, errors = shell("status", where=tmp_path / "nowhere")
    assert code == 1
    assert "Nothing is stored there" in errors
    assert not (tmp_path / "nowhere").exists()


def notebook_of(path, *cells):
    cells = [nbformat.v4.new_code_cell(source) for source in ("%load_ext checkpoint_nb", *cells)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path.read_bytes()


def command(*words):
    """Run the command as a shell would."""
    words = [sys.executable, "-m", "checkpoint_nb.cli", *words]
    return subprocess.run(words, capture_output=True, text=True, timeout=240, check=False)


def test_a_notebook_runs_headless_and_its_results_are_stored(tmp_path, base, shell):
    """In its own folder, a line for each cell; the second time results come back."""
    path = tmp_path / "work" / "a.ipynb"
    path.parent.mkdir()
    (path.parent / "data.txt").write_text("12")
    before = notebook_of(path, "%%checkpoint n\nn = int(open('data.txt').read())", "assert n == 12")
    first = command("run", "--cache-dir", str(base), str(path))
    assert first.returncode == 0, first.stderr
    assert "cell 2/3: %%checkpoint n" in first.stdout
    assert "ran 1" in first.stdout
    again = command("run", "--cache-dir", str(base), str(path))
    assert "restored" in again.stdout
    assert path.read_bytes() == before
    assert "n" in [node["label"] for node in json.loads(shell("status", "--json")[1])]


def test_a_notebook_that_fails_says_where(tmp_path, base):
    """Exit code 1, the traceback without colours, and nothing after the cell."""
    path = tmp_path / "b.ipynb"
    notebook_of(path, "%%checkpoint\nbad = 1 / 0", "print('never')")
    done = command("run", "--cache-dir", str(base), str(path))
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stdout
    assert "failed after" in done.stdout
    assert "\x1b" not in done.stdout
    assert "cell 3/3" not in done.stdout
    missing = command("run", str(tmp_path / "gone.ipynb"))
    assert missing.returncode == 1
    assert "There is no notebook" in missing.stderr
