"""One real kernel over one folder: runs cells, and says what is in its namespace."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_client.manager import KernelManager

_INSIDE = Path(__file__).parent / "inside" / "__init__.py"
_LOAD = (
    "(lambda util, sys: (lambda spec: (lambda module: (sys.modules.__setitem__('_account', module),"
    " spec.loader.exec_module(module)))(util.module_from_spec(spec)))(util.spec_from_file_location("
    f"'_account', {str(_INSIDE)!r}, submodule_search_locations=[{str(_INSIDE.parent)!r}])))("
    "__import__('importlib.util', fromlist=['']), __import__('sys'))"
)


@dataclass
class State:
    """What a kernel held at some moment: texts by name, and who shares what."""

    variables: dict[str, str]
    aliases: list[str]
    settings: dict[str, str]


@dataclass
class Answer:
    """The messages one cell sent, in order, and those of the extension, apart."""

    messages: list[tuple[str, dict]] = field(default_factory=list)
    ours: list[tuple[dict, str]] = field(default_factory=list)

    @property
    def error(self) -> str:
        """The error the cell ended with, or ``""``."""
        errors = [c for kind, c in self.messages if kind == "error"]
        return f"{errors[-1]['ename']}: {errors[-1]['evalue']}" if errors else ""

    @property
    def line(self) -> str:
        """The extension's last line."""
        lines = [
            text for facts, text in self.ours if facts.get("kind") == "line" and "note" not in facts
        ]
        return lines[-1] if lines else ""

    @property
    def hit(self) -> bool:
        """Whether nothing had to run: all restored, or nothing but definitions."""
        counted = [facts for facts, _ in self.ours if "ran" in facts]
        if counted:
            return counted[-1]["ran"] == 0 and counted[-1]["restored"] > 0
        return "definitions" in self.line


class Kernel:
    """A kernel of the Python that runs this, in ``folder``.

    Parameters
    ----------
    folder
        Where it works.
    home
        Where what it writes beside the notebook's own files goes.
    cache
        Where results are kept; ``None`` for a plain kernel, without the extension.
    """

    def __init__(self, folder: Path, home: Path, cache: Path | None = None) -> None:
        environ = {
            name: value
            for name, value in os.environ.items()
            if name not in ("MPLBACKEND", "PYTEST_CURRENT_TEST")
        }
        environ["IPYTHONDIR"] = str(home / "ipython")
        environ["CP_CACHE_DIR"] = str(cache or home / "cache")
        environ["CHECKPOINT_NB_KEY_FILE"] = str(home / "secret" / "user.key")
        self._home = home
        self._manager = KernelManager(kernel_name="python3")
        self._manager.start_kernel(cwd=str(folder), env=environ)
        self._client = self._manager.blocking_client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=120)
        self._ask(_LOAD)
        if cache is not None:
            answer = self.run("%load_ext checkpoint_nb", history=False)
            assert not answer.error, answer.error

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def run(
        self, code: str, cell: str = "", *, history: bool = True, timeout: float = 300
    ) -> Answer:
        """Run one cell as a front end would, and wait for all its messages."""
        content = {
            "code": code,
            "silent": False,
            "store_history": history,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        answer = Answer()
        for kind, message in self._sent(content, cell, timeout):
            if kind in ("stream", "display_data", "update_display_data", "clear_output"):
                facts = message.get("metadata", {}).get("checkpoint_nb")
                if facts is None:
                    answer.messages.append((kind, message))
                else:
                    answer.ours.append((facts, message["data"].get("text/plain", "")))
            elif kind in ("execute_result", "error"):
                answer.messages.append((kind, message))
        return answer

    def state(self) -> State:
        """Say what the namespace holds."""
        path = self._home / "state.json"
        path.unlink(missing_ok=True)
        call = f"write_state(__import__('IPython').get_ipython(), {str(path)!r})"
        self._ask(f"__import__('sys').modules['_account'].{call}")
        return State(**json.loads(path.read_text(encoding="utf-8", errors="surrogatepass")))

    def load(self, library: str) -> None:
        """Import a library as a cell would, and bind no name."""
        self.run(f"None if __import__({library!r}) else None", history=False)

    def touch(self, names: list[str]) -> None:
        """Run a cell that reads ``names`` and leaves nothing."""
        self.run(f"({', '.join(names)},) and None", history=False)

    def _ask(self, expression: str) -> None:
        content = {
            "code": "",
            "silent": True,
            "store_history": False,
            "user_expressions": {"answer": expression},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        for kind, message in self._sent(content, "", 120):
            if kind == "reply":
                told = message["user_expressions"]["answer"]
                assert told["status"] == "ok", "\n".join(told["traceback"])

    def _sent(self, content: dict, cell: str, timeout: float) -> list[tuple[str, dict]]:
        metadata = {"cellId": cell} if cell else {}
        request = self._client.session.msg("execute_request", content, metadata=metadata)
        self._client.shell_channel.send(request)
        sent, deadline = request["header"]["msg_id"], time.monotonic() + timeout
        found: list[tuple[str, dict]] = []
        while True:
            message = self._client.get_iopub_msg(timeout=max(0.1, deadline - time.monotonic()))
            if message["parent_header"].get("msg_id") != sent:
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                break
            found.append((message["msg_type"], message["content"]))
        while True:
            reply = self._client.get_shell_msg(timeout=max(0.1, deadline - time.monotonic()))
            if reply["parent_header"].get("msg_id") == sent:
                return [*found, ("reply", reply["content"])]
