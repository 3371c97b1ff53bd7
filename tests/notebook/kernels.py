"""A real kernel to run cells in, as a front end would."""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_client.manager import KernelManager


@dataclass
class Answer:
    """What one cell gave back."""

    text: str = ""
    errors: str = ""
    displays: list[dict] = field(default_factory=list)
    result: dict | None = None
    order: list[str] = field(default_factory=list)
    error: str = ""
    traceback: str = ""

    @property
    def line(self) -> str:
        """The extension's own last line."""
        lines = [d["data"]["text/plain"] for d in self.displays if "ran" in _ours(d)]
        return lines[-1] if lines else ""

    @property
    def lines(self) -> str:
        """All the extension's own lines and tables."""
        return "\n".join(d["data"].get("text/plain", "") for d in self.displays if _ours(d))

    @property
    def own(self) -> list[dict]:
        """What the cell itself displayed."""
        return [d for d in self.displays if not _ours(d)]


def _ours(display: dict) -> dict:
    return display["metadata"].get("checkpoint_nb", {})


class Notebook:
    """One kernel over one folder; ``run`` executes a cell and waits for it."""

    def __init__(self, folder: Path, *, cache: Path | None = None, watched: bool = False) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.watched = watched
        self.cache = cache or folder / "cache"
        self._environ = {
            **os.environ,
            "CP_CACHE_DIR": str(self.cache),
            "CHECKPOINT_NB_KEY_FILE": str(self.cache.parent / "secret" / "user.key"),
            "IPYTHONDIR": str(folder / "ipython"),
        }
        self.start()

    def start(self) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(cwd=str(self.folder), env=self._environ)
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.run("%load_ext checkpoint_nb")

    def restart(self) -> None:
        self.close()
        self.start()

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def begin(self, code: str, cell: str = "") -> str:
        """Send a cell without waiting; the answer is the message's id."""
        message = self.client.session.msg(
            "execute_request",
            {
                "code": code,
                "silent": False,
                "store_history": True,
                "user_expressions": {},
                "allow_stdin": self.watched,
                "stop_on_error": True,
            },
            metadata={"cellId": cell} if cell else {},
        )
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def end(self, sent: str, timeout: float = 120) -> Answer:
        """Wait until the cell that ``begin`` sent is done."""
        answer, deadline = Answer(), time.monotonic() + timeout
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"cell not done after {timeout} s: {answer}")
            try:
                message = self.client.get_iopub_msg(timeout=left)
            except queue.Empty:
                continue
            if message["parent_header"].get("msg_id") != sent:
                continue
            if self._take(answer, message["msg_type"], message["content"]):
                return answer

    def run(self, code: str, cell: str = "", timeout: float = 120) -> Answer:
        """Execute one cell and wait for it."""
        return self.end(self.begin(code, cell), timeout)

    def value(self, expression: str) -> str:
        """The printed value of an expression."""
        answer = self.run(f"print(({expression}))")
        assert not answer.error, answer.traceback
        return answer.text.strip()

    def _take(self, answer: Answer, kind: str, content: dict) -> bool:
        if kind == "stream":
            if content["name"] == "stdout":
                answer.text += content["text"]
            else:
                answer.errors += content["text"]
            answer.order.append(content["name"])
        elif kind in ("display_data", "update_display_data"):
            answer.displays.append(content)
            if _ours(content).get("kind") != "progress":
                answer.order.append("line" if _ours(content) else "display")
        elif kind == "execute_result":
            answer.result = content["data"]
            answer.order.append("result")
        elif kind == "error":
            answer.error = content["ename"]
            answer.traceback = "\n".join(content["traceback"])
        return kind == "status" and content["execution_state"] == "idle"


@contextmanager
def opened(folder: Path, **words: object) -> Iterator[Notebook]:
    """A notebook that is closed again."""
    notebook = Notebook(folder, **words)
    try:
        yield notebook
    finally:
        notebook.close()
