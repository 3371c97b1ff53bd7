"""``%checkpoint`` and its verbs in a real kernel; what the tab key offers; what ``?`` shows."""

from __future__ import annotations

import re

import pytest

from checkpoint_nb.errors import MagicUsageError
from checkpoint_nb.notebook.completion import after_cell, after_line, fitting
from checkpoint_nb.notebook.guide import GUIDE
from checkpoint_nb.notebook.verbs import VERBS, asked
from tests.notebook.kernels import opened


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    """A kernel in which ``first`` and ``second``, which reads it, are known."""
    with opened(tmp_path_factory.mktemp("asking")) as made:
        made.run("%%checkpoint first\nprint('hello')\na = 1 + len('xy')")
        made.run("%%checkpoint second\nb = [a] * 10")
        yield made


@pytest.fixture
def ask(notebook):
    """Ask with everything fresh; the answer is what the extension said, or the error."""
    notebook.run("%checkpoint run first second")

    def ask(words):
        answer = notebook.run(f"%checkpoint {words}")
        return answer.lines + answer.errors

    return ask


def rows(said):
    """The first words of each row of a table."""
    return [re.split(r"\s{2,}", line)[:2] for line in said.splitlines()[1:]]


def test_status_is_what_no_word_asks(ask):
    """A row for each node with its state; names narrow it."""
    assert ["✓ fresh", "first"] in rows(ask(""))
    assert rows(ask("status second")) == [["✓ fresh", "second"]]
    assert ask("status second").splitlines()[0].split() == [
        "state", "node", "why", "time", "size", "age", "kind",
    ]  # fmt: skip


def test_a_dry_run_says_what_would_run(ask):
    """And runs nothing: it says the same again."""
    assert "nothing would run" in ask("run --dry")
    ask("clear first")
    for _ in range(2):
        said = ask("run second --dry")
        assert ["○ stale", "first"] in rows(said)
        assert ["◌ pending", "second"] in rows(said)
        assert "would run 1 of 2 nodes, then up to 1 more that wait" in said


def test_log_shows_what_a_cell_printed(ask):
    """From the stored result."""
    assert re.search(r"first — ran .* in .*\nhello", ask("log first"))


def test_a_failed_cell_has_its_traceback_in_the_log(notebook, ask):
    """Status says failed and why; the log has what it printed, then the traceback."""
    notebook.run("%%checkpoint broken\nprint('nearly')\nbad = 1 / 0")
    assert ["✗ failed", "broken"] in rows(ask("status broken"))
    said = ask("log broken")
    assert "nearly\nTraceback" in said
    assert said.rstrip().endswith("ZeroDivisionError: division by zero")
    assert "is out of the picture" in ask("forget broken")
    assert "No node is called 'broken'" in ask("log broken")


def test_clear_says_what_it_frees_and_dry_frees_nothing(ask):
    """Named, with what is below, old versions only; the count of a dry one is the true one."""
    assert "would clear 2 stored results" in ask("clear first --down --dry")
    assert "would clear 0 old results" in ask("clear --stale --dry")
    assert "cleared 2 stored results, " in ask("clear first --down")
    assert ["○ stale", "first"] in rows(ask("status first"))


def test_old_versions_are_cleared_alone(notebook, ask):
    """What the cell was before goes, what it is now stays."""
    notebook.run("%%checkpoint edited\nw = 1")
    notebook.run("%%checkpoint edited\nw = 2")
    assert re.search(r"edited +1 +2 ", ask("du"))
    assert "cleared 1 old result" in ask("clear edited --stale")
    assert ["✓ fresh", "edited"] in rows(ask("status edited"))
    assert "is out of the picture" in ask("forget edited")


def test_forget_says_when_something_reads_it(ask):
    """A node that others need stays in the picture."""
    assert "first stays in the picture" in ask("forget first")


def test_verify_compares_and_keeps(notebook, ask):
    """A steady cell comes out the same; chance is found, named, and nothing is overwritten."""
    assert "✓ first — ran again, came out the same" in ask("verify first")
    notebook.run("%%checkpoint chance\nimport os\nluck, fixed = os.urandom(8).hex(), 1")
    before = notebook.value("luck")
    said = ask("verify chance")
    assert "✗ chance — ran again, came out different" in said
    assert re.search(r"luck: '\w+' -> '\w+'", said)
    assert "the same: fixed" in said
    notebook.run("%checkpoint run chance")
    assert notebook.value("luck") == before
    ask("forget chance")
    assert "has no fresh result" in ask("clear second") + ask("verify second")


def test_gc_and_du(ask):
    """What is stored is told; a limit that is no limit is refused."""
    assert "with the index" in ask("du")
    assert "nothing had to go" in ask("gc --max 5G --older 30d")
    assert "takes a limit" in ask("gc")
    assert "'5Q' is no size" in ask("gc --max 5Q")


def test_wait_and_cancel_where_nothing_runs(ask):
    """They say so."""
    assert ask("wait").strip() == "nothing runs"
    assert ask("cancel").strip() == "nothing runs"


def test_wait_raises_what_failed_in_the_background(notebook, ask):
    """A run that Python began is waited for; its exception is raised here."""
    notebook.run(
        "import checkpoint_nb, time\n"
        "@checkpoint_nb.checkpoint\n"
        "def late():\n    time.sleep(0.5)\n    raise KeyError('late')\n"
        "begun = checkpoint_nb.current_session().start([late()])"
    )
    answer = notebook.run("%checkpoint wait")
    assert answer.error == "KeyError"
    assert notebook.value("begun.over") == "True"
    ask("forget late")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("staus", "close: status"),
        ("run --dyr", "close: --dry"),
        ("why frist", "close: first"),
        ("why", "%checkpoint why NODE"),
        ("du first", "takes no names"),
        ("clear --all first", "nothing beside it"),
        ("clear --down", "the name of a node"),
        ("gc --max", "takes a value"),
        ("run --dry=yes", "no option"),
    ],
)
def test_wrong_words_are_refused_with_what_comes_close(ask, words, said):
    """One line of error, no traceback."""
    answer = ask(words)
    assert said in answer
    assert "Traceback" not in answer


def offered(notebook, code):
    """The whole texts that the front end would show, for a cursor at the end of the first line."""
    cursor = len(code.split("\n")[0])
    answer = notebook.client.complete(code, cursor, reply=True, timeout=60)["content"]
    return [code[: answer["cursor_start"]] + match for match in answer["matches"]]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("%checkpoint st", ["%checkpoint status"]),
        ("%checkpoint why sec", ["%checkpoint why second"]),
        ("%checkpoint run --d", ["%checkpoint run --dry"]),
        ("%checkpoint run first --", ["%checkpoint run first --dry"]),
        ("%%checkpoint fi", ["%%checkpoint first"]),
        ("%%checkpoint sec\nz = 1", ["%%checkpoint second"]),
        ("%%checkpoint --fi", ["%%checkpoint --file"]),
    ],
)
def test_the_tab_key_offers_words_of_ours_and_no_others(notebook, code, expected):
    """As a front end asks the kernel; the guesses of other completers stay away."""
    assert offered(notebook, code) == expected


def test_the_tab_key_offers_every_verb_and_all_nodes(notebook):
    """After a space."""
    assert [text.split()[1] for text in offered(notebook, "%checkpoint ")] == list(VERBS)
    assert {"first", "second"} <= {
        text.split()[2] for text in offered(notebook, "%checkpoint why ")
    }


def test_other_completions_go_on(notebook):
    """In plain code IPython answers as ever; after ``--ignore`` come the notebook's names."""
    notebook.run("checkpointing_is_fun = 1")
    assert "checkpointing_is_fun" in offered(notebook, "checkpointing_is")
    assert offered(notebook, "%%checkpoint --ignore checkpointing_is") == [
        "%%checkpoint --ignore checkpointing_is_fun"
    ]


def test_the_tab_key_is_given_back(tmp_path):
    """Nothing is offered after the extension was unloaded."""
    with opened(tmp_path) as notebook:
        assert offered(notebook, "%checkpoint st") == ["%checkpoint status"]
        notebook.run("%unload_ext checkpoint_nb")
        assert "%checkpoint status" not in offered(notebook, "%checkpoint st")


def test_a_word_with_spaces_and_brackets_is_completed_from_where_it_begins():
    """IPython's symbol begins at any bracket or space; a label does not."""
    labels = ["choose(6, 3)", "x, y"]
    assert fitting("why choose(6", "6", labels) == ["6, 3)"]
    assert fitting("why x, ", "", labels) == ["y"]
    assert fitting("why ", "", labels) == labels
    assert after_line("gc --max ", []) == []
    assert after_line("nonsense ", labels) == []
    assert after_cell("first ", ["second"], [])[0] == "--file"


def test_the_help_names_every_verb_and_option(notebook):
    """``%checkpoint?`` shows it, and so does ``%checkpoint help``."""
    reply = notebook.client.execute("%checkpoint?", reply=True, timeout=60)["content"]
    shown = reply["payload"][0]["data"]["text/plain"]
    assert GUIDE.strip().splitlines()[0] in shown
    assert all(verb.shown in shown for verb in VERBS.values())
    assert all(len(line) <= 96 for line in GUIDE.splitlines())
    assert GUIDE.strip() in notebook.run("%checkpoint help").lines


def test_words_are_read_as_in_a_shell():
    """Options may stand anywhere, values after a space or ``=``; unknown ones are refused."""
    assert asked([]).verb == "status"
    assert asked(["gc", "--older=30d", "--max", "5G"]).values == {"older": "30d", "max": "5G"}
    assert asked(["clear", "--down", "a", "b"]).names == ("a", "b")
    with pytest.raises(MagicUsageError):
        asked(["status", "--all"])
