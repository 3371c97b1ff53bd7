"""The way VS Code talks to a kernel: cells named by addresses, one shell channel, no subshells."""

from __future__ import annotations

import time

import pytest

from tests.notebook.kernels import opened

pytestmark = pytest.mark.slow


def address(number):
    """How VS Code names the cell of a number."""
    return f"vscode-notebook-cell:/home/somebody/a%20b.ipynb#W{number}sZmlsZQ%3D%3D"


@pytest.fixture
def notebook(tmp_path):
    with opened(tmp_path / "nb", watched=True) as notebook:
        yield notebook


def ask(notebook, kind, code, **more):
    """One question on the shell channel, and its answer."""
    content = {"code": code, "cursor_pos": len(code), **more}
    message = notebook.client.session.msg(kind, content)
    notebook.client.shell_channel.send(message)
    return reply(notebook, message["header"]["msg_id"])


def reply(notebook, sent):
    while True:
        answer = notebook.client.get_shell_msg(timeout=60)
        if answer["parent_header"].get("msg_id") == sent:
            return answer["content"]


def heard(notebook, wanted, timeout=60):
    """The first message of iopub for which ``wanted`` is true."""
    until = time.monotonic() + timeout
    while (left := until - time.monotonic()) > 0:
        message = notebook.client.get_iopub_msg(timeout=left)
        if wanted(message["msg_type"], message["content"]):
            return message["content"]
    raise AssertionError("not heard in time")


def click(notebook, comm, number, command):
    """A message of a widget, on the channel of the cells."""
    content = {"id": number, "command": command, "node": None}
    data = {"comm_id": comm, "data": {"method": "custom", "content": content}}
    notebook.client.shell_channel.send(notebook.client.session.msg("comm_msg", data))


def answered(number):
    def wanted(kind, content):
        return kind == "comm_msg" and content["data"].get("content", {}).get("id") == number

    return wanted


def test_a_cell_is_known_by_its_address(notebook):
    """An edited cell is the same node: what it gave before is replaced, not added to."""
    notebook.run("%%checkpoint\nbase = [1, 2]", address(1))
    assert "never ran" in notebook.run("%%checkpoint\ntotal = sum(base)", address(2)).line
    edited = notebook.run("%%checkpoint\ntotal = sum(base) + 1", address(2))
    assert "code of total changed" in edited.line
    status = notebook.run("%checkpoint status", address(3)).lines
    assert status.count("total") == 1


def test_a_button_is_heard_while_the_cell_waits(notebook):
    """The cell is awaited: a click on the one channel there is comes through, and cancels it."""
    sent = notebook.begin("%%checkpoint slow\nimport time\ntime.sleep(300)\nx = 1", address(1))
    view = "application/vnd.jupyter.widget-view+json"
    shown = heard(notebook, lambda kind, c: kind == "display_data" and view in c["data"])
    comm = shown["data"][view]["model_id"]
    click(notebook, comm, 1, "ping")
    assert "now" in heard(notebook, answered(1))["data"]["content"]
    click(notebook, comm, 2, "cancel")
    heard(notebook, answered(2))
    assert notebook.end(sent, timeout=60).error == "RunCancelled"
    assert reply(notebook, sent)["status"] == "error"
    assert notebook.value("6 * 7") == "42"


def test_cells_sent_after_one_that_fails_are_not_run(notebook):
    """*Run All* sends every cell at once; the first failure, also an awaited one, stops the rest."""
    notebook.run("ran = []")
    sent = [
        notebook.begin("%%checkpoint\na = 1\nraise KeyError('no')", address(1)),
        notebook.begin("%%checkpoint\nb = 2", address(2)),
        notebook.begin("ran.append(3)", address(3)),
    ]
    assert [reply(notebook, each)["status"] for each in sent] == ["error", "aborted", "aborted"]
    time.sleep(0.5)  # the kernel goes on refusing for a moment
    assert notebook.value("ran, 'b' in globals()") == "([], False)"


def test_cells_are_queued_behind_one_that_is_awaited(notebook):
    """Awaiting lets clicks through, not the next cell: they run in the order they were sent."""
    body = "import time\ntime.sleep(0.5)"
    sent = [
        notebook.begin(f"%%checkpoint\n{body}\nfirst = 1", address(1)),
        notebook.begin("second = first + 1", address(2)),
        notebook.begin("%%checkpoint\nthird = second + 1", address(3)),
    ]
    assert [reply(notebook, each)["status"] for each in sent] == ["ok"] * 3
    assert notebook.value("third") == "3"


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("%checkpoint sta", "status"),
        ("%checkpoint why ba", "base"),
        ("%%checkpoint base --back", "--background"),
        ("%checkp", "%checkpoint"),
    ],
)
def test_what_is_typed_is_completed(notebook, typed, offered):
    """Verbs, names and options, in place of the word under the cursor."""
    notebook.run("%%checkpoint base\nbase = 1", address(1))
    answer = ask(notebook, "complete_request", typed)
    whole = {typed[: answer["cursor_start"]] + match for match in answer["matches"]}
    assert typed.rpartition(" ")[0] + " " * (" " in typed) + offered in whole


def test_hovering_over_the_magic_explains_it(notebook):
    """Help is found by the way of an inspection, for both spellings."""
    for typed in ("%checkpoint", "%%checkpoint"):
        answer = ask(notebook, "inspect_request", typed, detail_level=0)
        assert answer["found"]
        assert "Remember a cell" in answer["data"]["text/plain"]


def test_looking_at_a_name_that_is_on_its_way_waits_for_nothing(notebook, tmp_path):
    """Hovering and completing do not make the notebook wait; reading the name does."""
    gate = tmp_path / "gate"
    wait = f"import os, time\nwhile not os.path.exists({str(gate)!r}):\n    time.sleep(0.05)"
    notebook.run(f"%%checkpoint --background\n{wait}\nlate = 5", address(1))
    assert not ask(notebook, "inspect_request", "late", detail_level=0)["found"]
    assert ask(notebook, "complete_request", "late.")["status"] == "ok"
    gate.touch()
    assert notebook.run("late + 1", address(2)).result["text/plain"] == "6"
    assert ask(notebook, "inspect_request", "late", detail_level=0)["found"]
