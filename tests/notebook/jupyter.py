"""A real JupyterLab and a real Chromium for tests; use it with ``from jupyter import ...`` or as a plugin."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

KERNEL = "this-python"  # not "python3": the environment's own kernel spec would win
ARTEFACTS = Path(__file__).parents[1] / "artefacts"
MODES = {
    "lab": ("lab", "LabApp", "lab/workspaces/{workspace}/tree/{name}?reset"),
    "notebook": ("notebook", "JupyterNotebookApp", "notebooks/{name}"),
}


def find_browser() -> str:
    """The Chromium of this machine; without one tests are skipped, on CI they fail."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    if os.environ.get("CI"):
        pytest.fail("no Chromium on this machine")
    pytest.skip("no Chromium on this machine")


def write_notebook(path: Path, *cells: str) -> Path:
    """Write a notebook of code cells."""
    path.write_text(
        json.dumps(
            {
                "nbformat": 4,
                "nbformat_minor": 5,
                "metadata": {
                    "kernelspec": {"name": KERNEL, "display_name": "here", "language": "python"}
                },
                "cells": [
                    {
                        "cell_type": "code",
                        "id": f"cell{number}",
                        "metadata": {},
                        "execution_count": None,
                        "outputs": [],
                        "source": source,
                    }
                    for number, source in enumerate(cells)
                ],
            }
        )
    )
    return path


class Server:
    """A JupyterLab of its own: its own home, settings, kernels and port; ended with `stop`."""

    def __init__(self, folder: Path, mode: str = "lab", *options: str) -> None:
        self.root = folder / "work"
        self.root.mkdir(parents=True, exist_ok=True)
        self.mode = mode
        self.token = secrets.token_hex(16)
        home = folder / "home"
        for name in ("config", "data", "runtime", "ipython"):
            (home / name).mkdir(parents=True, exist_ok=True)
        kernel = home / "data" / "kernels" / KERNEL
        kernel.mkdir(parents=True, exist_ok=True)
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        (kernel / "kernel.json").write_text(
            json.dumps({"argv": argv, "display_name": "here", "language": "python"})
        )
        quiet = {"@jupyterlab/apputils-extension:announcements": True}
        (home / "config" / "labconfig").mkdir(exist_ok=True)
        (home / "config" / "labconfig" / "page_config.json").write_text(
            json.dumps({"disabledExtensions": quiet})
        )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        subcommand, app, self._where = MODES[mode]
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("JUPYTER")},
            "HOME": str(home),
            "JUPYTER_CONFIG_DIR": str(home / "config"),
            "JUPYTER_DATA_DIR": str(home / "data"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "IPYTHONDIR": str(home / "ipython"),
            "XDG_CACHE_HOME": str(home / "cache"),
            "NO_PROXY": "127.0.0.1,localhost",
        }
        self.log = folder / f"{mode}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "jupyter",
                    subcommand,
                    "--no-browser",
                    "--allow-root",
                    "--ServerApp.ip=127.0.0.1",
                    f"--ServerApp.port={self.port}",
                    "--ServerApp.port_retries=0",
                    f"--IdentityProvider.token={self.token}",
                    f"--ServerApp.root_dir={self.root}",
                    f"--{app}.expose_app_in_browser=True",
                    *options,
                ],
                env=self.environment,
                cwd=self.root,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def url(self, name: str) -> str:
        where = self._where.format(workspace=secrets.token_hex(4), name=name)
        return f"{self.base}{where}{'&' if '?' in where else '?'}token={self.token}"

    def _wait(self) -> None:
        until = time.monotonic() + 60
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while time.monotonic() < until:
            if self.process.poll() is not None:
                break
            with contextlib.suppress(OSError):
                opener.open(f"{self.base}api?token={self.token}", timeout=2).close()
                return
            time.sleep(0.2)
        self.stop()
        pytest.fail("Jupyter did not start:\n" + self.log.read_text()[-3000:])

    def stop(self) -> None:
        """End the server; it ends its kernels."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)


class Notebook:
    """One notebook open in a browser page; cells are counted from 0."""

    def __init__(self, page: Any, server: Server, name: str) -> None:
        self.page = page
        self.server = server
        self.name = name
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.open()

    @property
    def path(self) -> Path:
        return self.server.root / self.name

    def open(self) -> None:
        """Open the page, or open it again, and wait until the kernel can be asked."""
        self.page.goto(self.server.url(self.name))
        self.page.wait_for_function("() => !!window.jupyterapp", timeout=60_000)
        self.page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=60_000)
        self.page.wait_for_function(
            """async () => {
                await window.jupyterapp.restored;
                const w = [...window.jupyterapp.shell.widgets('main')]
                    .find(w => w.sessionContext && w.content && w.content.widgets);
                window.__nb = w;
                if (!w) return false;
                await w.sessionContext.ready;
                return !!w.sessionContext.session?.kernel;
            }""",
            timeout=60_000,
        )

    def command(self, name: str, **arguments: object) -> None:
        """Have the front end carry out one of its commands."""
        self.page.evaluate(
            "([name, args]) => window.jupyterapp.commands.execute(name, args)", [name, arguments]
        )

    def theme(self, name: str) -> None:
        """``"JupyterLab Dark"``, ``"JupyterLab Light"``, ``"JupyterLab Dark High Contrast"``."""
        self.command("apputils:change-theme", theme=name)
        self.page.wait_for_timeout(800)

    def run_cell(self, number: int, *, wait: bool = True, timeout: float = 60) -> None:
        """Run a cell by the keyboard, as people do."""
        self.page.evaluate(
            "n => { window.__nb.content.activeCellIndex = n; window.__nb.content.mode = 'command';"
            " window.__nb.content.activate(); }",
            number,
        )
        self.page.locator(".jp-Notebook").focus()
        before = self.execution_count(number)
        self.page.keyboard.press("Shift+Enter")
        if wait:
            self.page.wait_for_function(
                "([n, before]) => { const c = window.__nb.content.widgets[n].model.sharedModel;"
                " return c.execution_count !== null && c.execution_count !== before; }",
                arg=[number, before],
                timeout=timeout * 1000,
            )
            self.wait_idle(timeout)

    def execution_count(self, number: int) -> int | None:
        count = self.page.evaluate(
            "n => window.__nb.content.widgets[n].model.sharedModel.execution_count", number
        )
        return count if isinstance(count, int) else None

    def run_all(self, *, wait: bool = True, timeout: float = 120) -> None:
        self.page.evaluate(
            "() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }"
        )
        if wait:
            self.page.wait_for_timeout(300)
            self.wait_idle(timeout)

    def status(self) -> str:
        """The kernel's: ``"idle"``, ``"busy"``."""
        return str(
            self.page.evaluate("() => window.__nb.sessionContext.session?.kernel?.status ?? 'none'")
        )

    def wait_idle(self, timeout: float = 60) -> None:
        """Wait until no cell is waiting and the kernel is idle."""
        self.page.wait_for_function(
            """() => window.__nb.sessionContext.session?.kernel?.status === 'idle'
                && ![...document.querySelectorAll('.jp-InputPrompt')]
                    .some(p => p.textContent.includes('[*]'))""",
            timeout=timeout * 1000,
        )

    def click_button(self, name: str, *, nth: int = 0, timeout: float = 10) -> None:
        """Click the button with just this accessible name, in an output."""
        area = self.page.locator(".jp-OutputArea")
        area.get_by_role("button", name=name, exact=True).nth(nth).click(timeout=timeout * 1000)

    def select_node(self, label: str) -> None:
        """Click the node in the graph."""
        self.page.locator(f"[data-node={json.dumps(label)}]").first.click()

    def node_states(self) -> dict[str, str]:
        """What the page shows: the state's word of each node, by label."""
        states = self.page.evaluate(
            "() => Object.fromEntries([...document.querySelectorAll('[data-node]')]"
            ".map(n => [n.dataset.node, n.dataset.state]))"
        )
        return dict(states)

    def wait_states(self, wanted: dict[str, str], timeout: float = 10) -> dict[str, str]:
        """Wait until the nodes named are in the states wanted; the answer is what was seen last."""
        until = time.monotonic() + timeout
        while True:
            states = self.node_states()
            if all(states.get(label) == word for label, word in wanted.items()):
                return states
            if time.monotonic() > until:
                raise AssertionError(f"wanted {wanted}, the page shows {states}")
            self.page.wait_for_timeout(50)

    def output(self, number: int) -> str:
        """The text a cell shows."""
        return str(
            self.page.evaluate(
                "n => window.__nb.content.widgets[n].outputArea.node.innerText", number
            )
        )

    def restart_kernel(self, timeout: float = 60) -> None:
        self.page.evaluate("() => window.__nb.sessionContext.session.kernel.restart()")
        self.page.wait_for_timeout(500)
        self.wait_idle(timeout)

    def interrupt(self) -> None:
        self.page.evaluate("() => window.__nb.sessionContext.session.kernel.interrupt()")

    def save(self) -> dict[str, Any]:
        """Save, and return what is in the file."""
        self.page.evaluate("() => window.__nb.context.save()")
        return dict(json.loads(self.path.read_text()))

    def reload(self) -> None:
        """Load the page anew; the kernel goes on."""
        self.open()

    def screenshot(self, name: str, *, selector: str | None = None) -> Path:
        """Keep a picture in ``tests/artefacts``."""
        ARTEFACTS.mkdir(exist_ok=True)
        path = ARTEFACTS / f"{re.sub(r'[^a-z0-9-]+', '-', name.lower())}.png"
        if selector:
            self.page.locator(selector).first.screenshot(path=path)
        else:
            self.page.screenshot(path=path)
        return path


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One Chromium for all tests."""
    executable = find_browser()
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=executable,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One JupyterLab for all tests."""
    find_browser()
    pytest.importorskip("jupyterlab")
    server = Server(tmp_path_factory.mktemp("lab"))
    yield server
    server.stop()


@contextlib.contextmanager
def opened(
    browser: Any, server: Server, *cells: str, name: str = "", width: int = 1280, height: int = 900
) -> Iterator[Notebook]:
    """Write a notebook of ``cells`` and open it in a page of its own; its kernel ends with it."""
    name = name or f"nb{secrets.token_hex(4)}.ipynb"
    if cells or not (server.root / name).exists():
        write_notebook(server.root / name, *cells)
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    try:
        notebook = Notebook(page, server, name)
        yield notebook
        page.evaluate("() => window.__nb.sessionContext.shutdown()")
    finally:
        context.close()
