"""The live view: what the board says, in the browser, and what the browser asks for."""

from __future__ import annotations

import base64
import logging
import threading
import time
import uuid
from array import array
from collections.abc import Callable, Mapping
from html import escape

from IPython import display as ipython

from checkpoint_nb.board import Board, Snapshot
from checkpoint_nb.drawing import Drawing, Picture, draw, to_dot
from checkpoint_nb.labels import clean, line
from checkpoint_nb.layout import lay_out
from checkpoint_nb.notebook.widget import Widget, legend, structure, widget_class
from checkpoint_nb.render import summary, to_strip, to_svg, to_text
from checkpoint_nb.states import State

Commands = Callable[[str, str | None, Callable[[str], None]], None]
"""Told what somebody asked for: the command, the node's identity or None, and how to answer."""

ON_NODES = frozenset({"run", "clear", "clear-downstream", "why"})
ON_ALL = frozenset({"run-stale", "cancel", "clear-all"})

_PERIOD = 0.1
_HEARTBEAT = 2.0
_MOST_RUNNING = 50
_STYLE = (
    "<style>.jp-OutputArea-child:has(> .lm-Panel):has(+ * .ckpt-still):not(:has(.ckpt-live))"
    "{display:none}</style>"
)
"""Hides what Jupyter says of a widget without its kernel: the picture says more."""
_NO_WIDGET = "No live view: anywidget is not installed (pip install anywidget)."
_log = logging.getLogger("checkpoint_nb")
_display: Callable[..., object] = ipython.display


class LiveView:
    """Shows one board live in a notebook, and leaves a still picture in the file.

    Parameters
    ----------
    board
        What is shown.
    commands
        Called for each request from the browser, on whichever thread brought it: it must only
        write the request down. ``reply`` may be called later, from any thread, more than once.

    Examples
    --------
    >>> view = LiveView(Board(), lambda command, node, reply: reply(f"{command}: not now"))
    >>> view.close()
    """

    def __init__(self, board: Board, commands: Commands) -> None:
        self._board = board
        self._commands = commands
        self._name = uuid.uuid4().hex
        self._mode = "graph"
        self._widget: Widget | None = None
        self._lacks_anywidget = False
        self._shown: list[str] = []
        self._drawn: tuple[int, Drawing, Picture] | None = None
        self._sent = -1
        self._closed = threading.Event()
        self._over = False
        self._published = threading.Condition()
        self._publisher: threading.Thread | None = None

    def show(self, mode: str = "graph", *, live: bool = True) -> None:
        """Display the view in the running cell: ``"graph"``, or ``"compact"`` for one line.

        Two outputs: the widget, and the still picture, which hides itself beside a live widget.
        Without ``live``, where nobody watches, the picture alone.
        """
        self._mode = mode
        name = f"checkpoint-{self._name}-{len(self._shown)}"
        if live and self._widget is None and not self._closed.is_set():
            self._widget = self._open_widget()
        if self._widget is not None:
            bundle = {
                "application/vnd.jupyter.widget-view+json": {
                    "version_major": 2,
                    "version_minor": 0,
                    "model_id": self._widget.model_id,
                }
            }
            _display(bundle, raw=True, display_id=f"{name}-live", metadata=self._metadata())
            self._start()
        still = self._still(self._board.snapshot(), picture=not live)
        _display(still, raw=True, display_id=name, metadata=self._metadata())
        self._shown.append(name)

    def settle(self) -> None:
        """Send what is left to the browser and keep the picture as it is now in the notebook.

        To be called on the main thread, at the end of a run, while the cell still runs.
        A strip has done its work then: where nobody opened it, the browser asks that it goes.
        """
        self._flush(1.0)
        if self._shown:
            still = self._still(self._board.snapshot(), picture=True)
            for name in self._shown:
                _display(still, raw=True, update=True, display_id=name, metadata=self._metadata())
        if self._mode == "compact":
            self._over = True
            self._board.wake()

    def _go(self) -> None:
        """Take a strip that is over off the page, and its picture: the cell's line says it all."""
        if not self._over:
            return
        nothing = {"text/html": "", "text/plain": ""}
        for name in self._shown:
            for each in (f"{name}-live", name):
                _display(nothing, raw=True, update=True, display_id=each, metadata=self._metadata())
        self.close()

    def close(self) -> None:
        """End the view: the widget goes, the still picture stays."""
        if self._closed.is_set():
            return
        self._flush(0.5)
        self._closed.set()
        self._board.wake()
        if self._publisher is not None and self._publisher is not threading.current_thread():
            self._publisher.join(1.0)
        if self._widget is not None:
            self._widget.close()

    # -- to the browser

    def _open_widget(self) -> Widget | None:
        try:
            widget = widget_class()(legend=legend())
        except ImportError:
            self._lacks_anywidget = True
            return None
        widget.on_msg(self._hear)
        return widget

    def _start(self) -> None:
        if self._publisher is None:
            self._publisher = threading.Thread(
                target=self._publish, name="checkpoint-view", daemon=True
            )
            self._publisher.start()

    def _publish(self) -> None:
        version, sent_at, over = -1, 0.0, False
        while not self._closed.is_set():
            changed = self._board.wait(version, _HEARTBEAT)
            if self._closed.is_set():
                break
            snapshot = self._board.snapshot()
            if changed or snapshot.running or over != self._over:
                over = self._over
                version, sent_at = snapshot.version, time.monotonic()
                try:
                    self._send(snapshot)
                except Exception:  # noqa: BLE001 - a view that fails must not end; the next may do
                    _log.exception("the view could not be brought up to date")
            with self._published:
                self._sent = version
                self._published.notify_all()
            self._closed.wait(max(0.0, sent_at + _PERIOD - time.monotonic()))

    def _send(self, snapshot: Snapshot) -> None:
        """Bring the widget's traits up to date, in one message."""
        drawing, picture = self._draw(snapshot)
        grouped = any(shape.group for shape in drawing.shapes)
        seconds = array("f", () if grouped else (status.seconds for status in snapshot.statuses))
        traits: dict[str, object] = {
            "states": snapshot.codes,
            "seconds": seconds.tobytes(),
            "facts": self._facts(snapshot),
        }
        widget = self._widget
        assert widget is not None
        if widget.structure.get("id") != snapshot.structure:
            traits["structure"] = structure(snapshot, drawing, picture)
        with widget.hold_sync():
            for name, value in traits.items():
                setattr(widget, name, value)

    def _facts(self, snapshot: Snapshot) -> dict[str, object]:
        now = time.time()
        running = [
            [index, snapshot.statuses[index].started]
            for index, code in enumerate(snapshot.codes)
            if code == State.RUNNING.code
        ]
        failed = snapshot.codes.find(State.FAILED.code)
        message = line(snapshot.note)
        if not message and failed >= 0:
            status = snapshot.statuses[failed]
            message = line(f"{snapshot.nodes[failed].label}: {status.message or 'failed'}")
        return {
            "counts": {state.word: number for state, number in snapshot.counts().items()},
            "line": summary(snapshot, None),
            "elapsed": round(snapshot.elapsed(now), 2),
            "now": now,
            "outcome": snapshot.outcome,
            "running": running[:_MOST_RUNNING],
            "message": message,
            "mode": self._mode,
            "over": self._over,
        }

    def _draw(self, snapshot: Snapshot) -> tuple[Drawing, Picture]:
        drawn = self._drawn
        if drawn is None or drawn[0] != snapshot.structure:
            drawing = draw(snapshot.nodes)
            drawn = self._drawn = snapshot.structure, drawing, lay_out(to_dot(drawing))
        return drawn[1], drawn[2]

    def _flush(self, timeout: float) -> None:
        if self._publisher is None:
            return
        version = self._board.version
        with self._published:
            self._published.wait_for(lambda: self._sent >= version, timeout)

    # -- from the browser

    def _hear(self, _widget: object, content: object, _buffers: object = None) -> None:
        """Check a message and pass it on; runs on whichever thread the front end's message came."""
        if not isinstance(content, dict):
            return
        command, number = content.get("command"), content.get("id")
        if not isinstance(command, str) or not isinstance(number, str | int):
            return
        if command == "ping":
            self._answer(number, {"now": time.time()})
        elif command == "over":
            self._go()
        elif command == "details":
            self._answer(number, {"details": self._details(content)})
        elif command in ON_ALL:
            self._commands(command, None, lambda text: self._answer(number, {"answer": text}))
        elif command in ON_NODES:
            index = self._index(content)
            if index is None:
                self._answer(number, {"answer": "This is no longer on the board."})
                return
            node = self._board.snapshot().nodes[index].node
            self._commands(command, node, lambda text: self._answer(number, {"answer": text}))

    def _index(self, content: Mapping[object, object]) -> int | None:
        """Find the node that is meant, if it is one that the browser can know."""
        index, snapshot = content.get("node"), self._board.snapshot()
        known = isinstance(index, int) and not isinstance(index, bool)
        if not known or content.get("structure") != snapshot.structure:
            return None
        assert isinstance(index, int)
        return index if 0 <= index < len(snapshot.nodes) else None

    def _details(self, content: Mapping[object, object]) -> dict[str, object] | None:
        index = self._index(content)
        if index is None:
            return None
        snapshot = self._board.snapshot()
        info, status = snapshot.nodes[index], snapshot.statuses[index]
        return {
            "node": index,
            "label": clean(info.label)[:2000],
            "task": line(info.task),
            "kind": info.kind,
            "state": status.state.word,
            "reason": clean(status.reason)[:2000],
            "seconds": status.seconds,
            "message": clean(status.message)[:2000],
            "traceback": clean(status.traceback)[-20000:],
        }

    def _answer(self, number: str | int, content: dict[str, object]) -> None:
        if self._widget is not None and not self._closed.is_set():
            cleaned = {
                key: clean(value)[:20000] if isinstance(value, str) else value
                for key, value in content.items()
            }
            self._widget.send({"id": number, **cleaned})

    # -- what is kept in the notebook

    def _metadata(self) -> dict[str, object]:
        return {"checkpoint_nb": {"view": self._name, "mode": self._mode}}

    def _still(self, snapshot: Snapshot, *, picture: bool) -> dict[str, str]:
        """Make the still picture; without one, when it would have to be waited for, the counts."""
        now = time.time()
        counts = summary(snapshot, now)
        html = f"<div>{escape(counts)}</div>"
        if self._mode == "compact":
            html = _image(to_strip(snapshot, now), counts)
        elif picture or self._widget is None:
            html = _image(to_svg(*self._draw(snapshot), snapshot, now), f"Task graph: {counts}")
        if self._lacks_anywidget:
            html += f"<div><small>{_NO_WIDGET}</small></div>"
        elif self._widget is not None:
            html += _STYLE
        return {
            "text/html": f'<div class="ckpt-still">{html}</div>',
            "text/plain": to_text(snapshot, now),
        }


def _image(svg: str, alt: str) -> str:
    """Wrap a picture so that it shows wherever notebooks are read."""
    data = base64.b64encode(svg.encode()).decode()
    return f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(alt)}">'
