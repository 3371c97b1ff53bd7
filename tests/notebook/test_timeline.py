"""``%checkpoint timeline`` in a real kernel."""

from __future__ import annotations

import base64
import json
import re

import pytest

from tests.notebook.kernels import opened


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    """A kernel in which nothing ran yet."""
    with opened(tmp_path_factory.mktemp("timeline")) as made:
        yield made


def test_the_timeline_is_a_picture_with_a_text(notebook):
    """Before a run it says so; then what ran is drawn, also what ran in the notebook itself."""
    assert "nothing ran yet" in notebook.run("%checkpoint timeline").lines
    notebook.run("%%checkpoint first\nimport time\ntime.sleep(0.3)\na = 1")
    notebook.run("%%checkpoint second --here\ntime.sleep(0.2)\nb = a + 1")
    (shown,) = notebook.run("%checkpoint timeline").displays
    assert shown["data"]["text/plain"].startswith("1 node in ")
    assert "\nhere" in shown["data"]["text/plain"]
    found = re.fullmatch(r'<img alt="[^"]*" style="[^"]*" src="data:image/svg\+xml;base64,([^"]+)">',
                         shown["data"]["text/html"])  # fmt: skip
    svg = base64.b64decode(found[1]).decode()
    assert svg.startswith("<svg ")
    assert "second" in svg
    earlier = notebook.run("%checkpoint timeline --run 2").displays[0]["data"]["text/plain"]
    assert "slot 0" in earlier
    assert "first" in earlier
    assert "there are no 9 runs" in notebook.run("%checkpoint timeline --run 9").lines


def test_a_run_that_finds_all_fresh_keeps_the_timeline(notebook):
    """Nothing ran, so the last run that did something is still the last."""
    notebook.run("%%checkpoint third\nc = 3")
    before = notebook.run("%checkpoint timeline").lines
    notebook.run("%%checkpoint third\nc = 3")
    assert notebook.run("%checkpoint timeline").lines == before


def test_the_timeline_is_saved_by_suffix(notebook):
    """And what cannot be is refused in one line."""
    notebook.run("%%checkpoint fourth\nd = 4")
    said = notebook.run("%checkpoint timeline --save out.json").lines
    assert "timeline of 1 node written to out.json" in said
    trace = json.loads((notebook.folder / "out.json").read_text())
    assert "fourth" in [event["name"] for event in trace["traceEvents"]]
    answer = notebook.run("%checkpoint timeline --save out.pdf")
    assert ".svg, .png, .json" in answer.errors + answer.lines
    answer = notebook.run("%checkpoint timeline --run x")
    assert "takes a number" in answer.errors + answer.lines
