"""The live view: against a stand-in for the widget, and in a real JupyterLab in a real Chromium."""

from __future__ import annotations

import base64
import json
import re
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from checkpoint_nb.board import Board
from checkpoint_nb.events import GraphPlanned, NodeFinished, NodeInfo, NodeStarted, RunStarted
from checkpoint_nb.notebook import view as module
from checkpoint_nb.notebook.view import LiveView
from checkpoint_nb.notebook.widget import STATIC
from checkpoint_nb.states import State

# the fixtures of jupyter.py, under a name that is not that of the installed jupyter.py
sys.path.insert(0, str(Path(__file__).parents[2]))
pytest_plugins = ["tests.notebook.jupyter"]

CHAIN = tuple(
    NodeInfo(f"x{i}", f"step({i})", f"task{i % 3}", "function", ((f"x{i - 1}", "v"),) if i else ())
    for i in range(5)
)


def planned(nodes=CHAIN, state=State.STALE):
    count = len(nodes)
    return GraphPlanned(0.0, "r", nodes, (state,) * count, ("never ran",) * count, (0.0,) * count)


class Widget:
    """Stands in for the widget: keeps what is set and sent."""

    def __init__(self, **traits):
        self.model_id = "m1"
        self.structure = {}
        self.updates = 0
        self.sent = []
        self.closed = False
        self.__dict__.update(traits)

    @contextmanager
    def hold_sync(self):
        yield
        self.updates += 1

    def on_msg(self, callback):
        self.say = lambda content: callback(self, content, [])

    def send(self, content):
        self.sent.append(json.loads(json.dumps(content)))

    def close(self):
        self.closed = True


class Shown:
    """One view on a stand-in widget, and what was displayed and asked."""

    def __init__(self, monkeypatch, widget=True):
        self.displays, self.asked = [], []
        self.board = Board()
        self.widget = None

        def make(**traits):
            if not widget:
                raise ModuleNotFoundError("anywidget")
            self.widget = Widget(**traits)
            return self.widget

        def commands(command, node, reply):
            self.asked.append((command, node))
            reply(f"{command} it is")

        monkeypatch.setattr(module, "widget_class", lambda: make)
        monkeypatch.setattr(
            module, "_display", lambda data, **options: self.displays.append((data, options))
        )
        self.view = LiveView(self.board, commands)


@pytest.fixture
def shown(monkeypatch):
    shown = Shown(monkeypatch)
    shown.board.hear(planned())
    shown.view.show()
    shown.view._flush(5)
    yield shown
    shown.view.close()


def test_the_structure_travels_once_and_states_as_bytes(shown):
    widget = shown.widget
    assert [box["label"] for box in widget.structure["boxes"]] == [f"step({i})" for i in range(5)]
    assert len(widget.structure["edges"]) == 4
    assert widget.states == bytes([State.STALE.code] * 5)
    structure = widget.structure
    shown.board.hear(RunStarted(0.0, "r", 5))
    shown.board.hear(NodeStarted(1.0, "r", "x0", 0))
    shown.view._flush(5)
    assert widget.states[0] == State.RUNNING.code
    assert widget.facts["running"] == [[0, 1.0]]
    assert widget.structure is structure
    json.dumps([widget.structure, widget.facts, widget.legend])


def test_at_most_ten_updates_a_second_and_the_last_state_arrives(shown):
    before, began = shown.widget.updates, time.monotonic()
    shown.board.hear(RunStarted(0.0, "r", 5))
    while time.monotonic() < began + 1.5:
        for node in CHAIN:
            shown.board.hear(NodeStarted(1.0, "r", node.node, 0))
            shown.board.hear(NodeFinished(1.0, "r", node.node, 0.5, 1))
        time.sleep(0.001)
    shown.view._flush(5)
    assert shown.widget.updates - before <= 10 * (time.monotonic() - began) + 2
    assert shown.widget.states == bytes([State.DONE.code] * 5)


def test_commands_are_passed_on_and_answered(shown):
    structure = shown.board.structure
    for number, (command, node) in enumerate(
        [("run-stale", None), ("cancel", None), ("clear-all", None), ("run", 1), ("clear", 2),
         ("clear-downstream", 3), ("why", 4)]
    ):  # fmt: skip
        shown.widget.say({"id": number, "command": command, "node": node, "structure": structure})
        assert shown.asked[-1] == (command, None if node is None else f"x{node}")
        assert shown.widget.sent[-1] == {"id": number, "answer": f"{command} it is"}


def test_a_ping_is_answered_at_once_on_any_thread(shown):
    thread = threading.Thread(target=shown.widget.say, args=[{"id": "p", "command": "ping"}])
    thread.start()
    thread.join()
    assert shown.widget.sent[-1]["id"] == "p"
    assert shown.widget.sent[-1]["now"] == pytest.approx(time.time(), abs=5)
    assert shown.asked == []


@pytest.mark.parametrize(
    "content",
    [
        None,
        "run",
        [],
        {},
        {"command": "run"},
        {"id": 1},
        {"id": [], "command": "run-stale"},
        {"id": 1, "command": ["run-stale"]},
        {"id": 1, "command": "eval", "node": 0},
        {"id": 1, "command": "__class__"},
        {"id": 1, "command": "run"},
        {"id": 1, "command": "run", "node": -1, "structure": 1},
        {"id": 1, "command": "run", "node": 5, "structure": 1},
        {"id": 1, "command": "run", "node": True, "structure": 1},
        {"id": 1, "command": "run", "node": "x0", "structure": 1},
        {"id": 1, "command": "run", "node": 0, "structure": 99},
        {"id": 1, "command": "run", "node": 0},
        {"id": 1, "command": "details", "node": {}, "structure": 1},
    ],
)
def test_forged_messages_do_nothing(shown, content):
    shown.widget.say(content)
    assert shown.asked == []


def test_two_outputs_a_widget_and_a_still_picture(shown):
    (live, _), (still, options) = shown.displays
    assert live["application/vnd.jupyter.widget-view+json"]["model_id"] == "m1"
    assert set(still) == {"text/html", "text/plain"}
    assert options["metadata"]["checkpoint_nb"]["mode"] == "graph"
    shown.view.settle()
    still, again = shown.displays[-1]
    assert again["update"]
    assert again["display_id"] == options["display_id"]
    picture = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', still["text/html"])
    assert b"step(4)" in base64.b64decode(picture[1])
    assert "step(4)" in still["text/plain"]


def test_without_anywidget_there_is_the_picture_and_a_line(monkeypatch):
    shown = Shown(monkeypatch, widget=False)
    shown.board.hear(planned())
    shown.view.show()
    ((still, _),) = shown.displays
    assert "<img" in still["text/html"]
    assert "anywidget is not installed" in still["text/html"]
    shown.view.settle()
    shown.view.close()


def test_close_ends_the_thread_and_the_widget(shown):
    thread = shown.view._publisher
    shown.view.close()
    shown.view.close()
    assert shown.widget.closed
    assert not thread.is_alive()


def test_a_failing_update_does_not_end_the_view(shown, caplog):
    good = shown.widget.hold_sync
    shown.widget.hold_sync = lambda: 1 / 0
    shown.board.hear(RunStarted(0.0, "r", 5))
    shown.view._flush(5)
    shown.widget.hold_sync = good
    shown.board.hear(NodeStarted(1.0, "r", "x3", 0))
    shown.view._flush(5)
    assert shown.widget.states[3] == State.RUNNING.code
    assert "brought up to date" in caplog.text


def test_the_module_is_small():
    assert (STATIC / "view.js").stat().st_size <= 20 * 1024
    text = (STATIC / "view.js").read_text()
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|https?://(?!www\.w3\.org/2000/svg)",
        text,
    )


# -- in a real browser

SETUP = r"""
import asyncio, threading, time
from checkpoint_nb.events import *
from checkpoint_nb.states import State
from checkpoint_nb.board import Board
from checkpoint_nb.notebook.view import LiveView

def info(node, label, kind, *upstream):
    return NodeInfo(node, label, label.partition("(")[0], kind, upstream)

nodes = (
    info("a", "raw", "cell"),
    info("b", "clean(raw, drop='na')", "function", ("a", "raw")),
    info("c", "features", "cell", ("b", "frame"), ("a", "raw")),
    info("d", "fit(features, depth=3)", "function", ("c", "X")),
    info("e", "fit(features, depth=9)", "function", ("c", "X")),
    info("f", "report", "cell", ("d", "model"), ("e", "model"), ("c", "y")),
)
heard, board = [], Board()

def tell(kind, *parts):
    board.hear(kind(time.time(), *parts))

def commands(command, node, reply):
    heard.append((command, node))
    reply(f"{command} was heard")

def plan(states, nodes=nodes):
    n = len(nodes)
    tell(GraphPlanned, "r", nodes, tuple(states), ("helper `scale` changed (2 lines)",) * n, (1.2,) * n)

def script(gate=None, fail=None):
    tell(RunStarted, "r", 5)
    for each in nodes[1:]:
        tell(NodeQueued, "r", each.node)
    for each in nodes[1:]:
        tell(NodeStarted, "r", each.node, 0)
        while not gate(each.node):
            time.sleep(0.02)
        if each.node == fail:
            tell(NodeFailed, "r", each.node, "ValueError: no <b>columns</b>", "Traceback:\n  <img src=x onerror=alert(1)>")
            tell(NodeBlocked, "r", "f", each.node)
            return tell(RunFinished, "r", "failed", 3.0, 0.0)
        tell(NodeFinished, "r", each.node, 1.5, 10)
    tell(RunFinished, "r", "done", 3.0, 0.0)

async def run(gate, fail=None):
    thread = threading.Thread(target=script, args=[gate, fail])
    thread.start()
    while thread.is_alive():
        await asyncio.sleep(0.05)

plan([State.FRESH, State.STALE] + [State.PENDING] * 4)
view = LiveView(board, commands)
"""
FIRST = {
    "raw": "fresh",
    "clean(raw, drop='na')": "stale",
    "features": "pending",
    "report": "pending",
}
LAST = {"clean(raw, drop='na')": "done", "features": "done", "report": "done"}


@pytest.mark.browser
def test_clicks_arrive_in_order_while_a_cell_runs_and_states_follow(browser, lab):
    from tests.notebook.jupyter import opened

    steps = "'b': 'why', 'c': 'clear-downstream', 'd': 'cancel', 'e': 'clear'"
    gate = f"lambda node: {{{steps}}}.get(node, 'clear') in [c for c, _ in heard]"
    cells = SETUP, f"view.show()\nawait run({gate})\nview.settle()", "print(heard)", "1"
    with opened(browser, lab, *cells) as nb:
        nb.run_cell(0)
        nb.run_cell(1, wait=False)
        nb.wait_states({"clean(raw, drop='na')": "running", "report": "queued"})
        assert nb.page.get_by_role("button", name="features: queued").count() == 1
        assert nb.page.get_by_role("button", name="Run stale").is_disabled()
        nb.screenshot("view-running", selector=".ckpt-live")
        nb.select_node("raw")
        nb.click_button("Why")
        nb.page.get_by_text("why was heard").wait_for()
        nb.wait_states({"clean(raw, drop='na')": "done", "features": "running"})
        nb.click_button("Clear with downstream")
        nb.wait_states({"fit(features, depth=3)": "running"})
        nb.screenshot("view-selected", selector=".ckpt-live")
        nb.click_button("Cancel")
        nb.wait_states({"fit(features, depth=9)": "running"})
        nb.click_button("Clear")
        nb.wait_states(LAST)
        nb.wait_idle()
        nb.run_cell(2)
        assert nb.output(2).strip() == str(
            [("why", "a"), ("clear-downstream", "a"), ("cancel", None), ("clear", "a")]
        )
        assert not nb.page.get_by_text("cannot deliver clicks").count()
        assert nb.errors == []


@pytest.mark.browser
def test_the_page_is_loaded_anew_in_the_middle_of_a_run(browser, lab):
    from tests.notebook.jupyter import opened

    cells = SETUP, "view.show()\nawait run(lambda node: node != 'd' or heard)\nview.settle()", "1"
    with opened(browser, lab, *cells) as nb:
        nb.run_cell(0)
        nb.run_cell(1, wait=False)
        nb.wait_states({"fit(features, depth=3)": "running"})
        nb.save()
        nb.reload()
        nb.wait_states({"features": "done", "fit(features, depth=3)": "running"}, timeout=20)
        text = nb.page.locator(".ckpt-line").first.inner_text()
        assert re.fullmatch(r"3 of 6 done · \d+\.\d s", text)
        nb.screenshot("view-reloaded", selector=".ckpt-live")
        nb.click_button("Cancel")
        nb.wait_states(LAST)


@pytest.mark.browser
def test_keys_confirmation_and_themes(browser, lab):
    from tests.notebook.jupyter import opened

    cells = SETUP, "view.show()", "await run(lambda node: True, 'e')\nview.settle()", "print(heard)"
    with opened(browser, lab, *cells, height=1100) as nb:
        nb.run_cell(0)
        nb.run_cell(1)
        nb.wait_states(FIRST)
        assert nb.page.locator(".ckpt-still").is_hidden()
        assert nb.page.get_by_role("button", name="Cancel", exact=True).is_disabled()
        nb.run_cell(2)
        nb.wait_states({"fit(features, depth=9)": "failed", "report": "blocked"})
        nb.page.locator("[data-node='fit(features, depth=9)']").focus()
        nb.page.keyboard.press("Enter")
        nb.page.locator(".ckpt-panel").get_by_text("<img src=x onerror=alert(1)>").wait_for()
        nb.screenshot("view-failed", selector=".ckpt-live")
        nb.theme("JupyterLab Dark")
        nb.screenshot("view-dark", selector=".ckpt-live")
        nb.theme("JupyterLab Dark High Contrast")
        nb.screenshot("view-contrast", selector=".ckpt-live")
        nb.theme("JupyterLab Light")
        nb.page.keyboard.press("Escape")
        assert nb.page.locator(".ckpt-title").count() == 0
        nb.click_button("Clear all")
        nb.click_button("Keep")
        nb.click_button("Clear all")
        nb.click_button("Clear 4 results")
        nb.click_button("Run stale")
        nb.page.get_by_text("run-stale was heard").wait_for()
        nb.run_cell(3)
        assert nb.output(3).strip() == "[('clear-all', None), ('run-stale', None)]"
        nb.page.set_viewport_size({"width": 900, "height": 1100})
        nb.page.wait_for_timeout(300)
        nb.screenshot("view-narrow", selector=".ckpt-live")
        assert nb.errors == []


@pytest.mark.browser
def test_the_strip_grows_into_the_graph_and_leaves_a_picture(browser, lab):
    from tests.notebook.jupyter import opened

    cells = SETUP, "view.show('compact')\nawait run(lambda n: heard)\nview.settle()", "view.close()"
    with opened(browser, lab, *cells) as nb:
        nb.run_cell(0)
        nb.run_cell(1, wait=False)
        nb.page.locator(".ckpt-line").get_by_text("1 running").wait_for()
        assert nb.page.locator(".ckpt-live").bounding_box()["height"] < 60
        nb.screenshot("strip", selector=".ckpt-live")
        nb.click_button("Graph")
        nb.wait_states({"clean(raw, drop='na')": "running"})
        assert nb.page.locator("[data-node='raw']").is_visible()
        nb.screenshot("strip-open", selector=".ckpt-live")
        nb.click_button("Cancel")
        nb.wait_states(LAST)
        nb.wait_idle()
        nb.run_cell(2)
        nb.page.locator(".ckpt-still img").wait_for()
        assert nb.page.locator(".ckpt-live").count() == 0


@pytest.mark.browser
def test_a_front_end_that_cannot_click_says_so(browser, lab):
    from tests.notebook.jupyter import opened

    # no answer, as from a kernel that is busy and has no subshells
    deaf = "view._answer = lambda *_: None\nview.show()\nawait run(lambda n: heard)"
    with opened(browser, lab, SETUP, deaf, "1") as nb:
        nb.run_cell(0)
        nb.run_cell(1, wait=False)
        nb.page.get_by_text("this front end cannot deliver clicks to a busy kernel").wait_for()
        nb.click_button("Cancel")
        nb.wait_states(LAST)


SIXTY = r"""
sixty = tuple(
    info(f"x{i}", f"transform(frame, step={i})", "cell" if i % 7 == 0 else "function",
         *[(f"x{j}", "frame") for j in {i - 1 - i % 3, i - 1 - i % 5} if j >= 0])
    for i in range(60)
)
board.forget([each.node for each in nodes])
plan([list(State)[i % 10] for i in range(60)], sixty)
"""


@pytest.mark.browser
def test_what_is_saved_is_small_and_shows_without_a_kernel(browser, lab):
    from tests.notebook.jupyter import opened

    with opened(browser, lab, SETUP, SIXTY, "view.show()", "view.settle()", "1") as nb:
        nb.run_cell(0)
        nb.run_cell(1)
        nb.save()
        before = nb.path.stat().st_size
        nb.run_cell(2)
        nb.wait_states({"transform(frame, step=59)": "cancelled"})
        nb.screenshot("view-sixty", selector=".ckpt-live")
        nb.run_cell(3)
        saved = nb.save()
        grown = nb.path.stat().st_size - before
        print(f"60 nodes: the file grew by {grown} bytes")
        assert grown <= 60_000
        html = "".join(saved["cells"][2]["outputs"][1]["data"]["text/html"])
        assert "<img" in html
        assert "widgets" not in saved["metadata"]
        nb.page.evaluate("() => window.__nb.sessionContext.shutdown()")
        nb.reload()
        picture = nb.page.locator(".ckpt-still img, .jp-RenderedHTML img").first
        picture.wait_for()
        picture.scroll_into_view_if_needed()
        assert picture.evaluate("i => i.complete && i.naturalWidth > 300")
        nb.screenshot("view-reopened")


HOSTILE = r"""
bad = ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", 'q"\\', "javascript:alert(1)",
       "</title><svg onload=alert(1)>", "a\nb", "\x1b[31mred", "\u202egnp", "🎉 party", "x" * 10_000, "\\N"]
hostile = tuple(NodeInfo(f"h{i}", f"{i}{b}", b, "cell" if i % 2 else "function",
                         ((f"h{i-1}", b),) if i else ()) for i, b in enumerate(bad))
board.forget([each.node for each in nodes])
tell(GraphPlanned, "r", hostile, (State.FAILED,) * len(bad), tuple(bad), (0.0,) * len(bad))
for i, b in enumerate(bad):
    tell(NodeFailed, "r", f"h{i}", b, b * 3)
"""


@pytest.mark.browser
def test_hostile_labels_are_text(browser, lab):
    from tests.notebook.jupyter import opened

    with opened(browser, lab, SETUP, HOSTILE, "view.show(); view.settle()", "1") as nb:
        alerts = []
        nb.page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
        for number in (0, 1, 2):
            nb.run_cell(number)
        nb.wait_states({"0<script>alert(1)</script>": "failed"})
        for at in range(11):
            nb.page.locator(".ckpt-node").nth(at).focus()
            nb.page.keyboard.press("Enter")
            nb.click_button("Why")
            nb.page.wait_for_timeout(60)
        tags = nb.page.evaluate(
            "() => [...new Set([...document.querySelectorAll('.ckpt-live *')].map(e => e.tagName.toLowerCase()))]"
        )
        assert not set(tags) & {"script", "img", "a", "iframe", "foreignobject", "style"}
        nb.screenshot("view-hostile", selector=".ckpt-live")
        assert alerts == []
        assert nb.errors == []


@pytest.mark.browser
def test_a_thousand_nodes_are_shown_by_task(browser, lab):
    from tests.notebook.jupyter import opened

    many = (
        "many = tuple(NodeInfo(f'x{i}', f'step({i})', f'task{i % 6}', 'function',"
        " ((f'x{i - 1 - i % 4}', 'v'),) if i > 4 else ()) for i in range(1000))\n"
        "board.forget([each.node for each in nodes])\n"
        "plan([State.FRESH if i < 600 else State.STALE for i in range(1000)], many)\n"
    )
    cells = SETUP, many, "view.show()", "tell(NodeFailed, 'r', 'x3', 'no', 'trace')", "print(heard)"
    with opened(browser, lab, *cells, height=1000) as nb:
        for number in (0, 1, 2):
            nb.run_cell(number)
        nb.wait_states({"task0": "stale"})
        assert nb.page.locator(".ckpt-node").count() == 6
        nb.run_cell(3)
        nb.wait_states({"task3": "failed", "task2": "stale"})
        nb.select_node("task3")
        nb.screenshot("view-groups", selector=".ckpt-live")
        nb.page.get_by_role("button", name="step(3)", exact=True).click()
        nb.click_button("Why")
        nb.page.get_by_text("why was heard").wait_for()
        nb.run_cell(4)
        assert nb.output(4).strip() == "[('why', 'x3')]"
