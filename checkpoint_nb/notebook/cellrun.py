"""Runs a cell in a worker and records what it shows, in order."""

from __future__ import annotations

import ast
import asyncio
import inspect
import io
import linecache
import sys
from collections.abc import Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from checkpoint_nb.errors import FingerprintError
from checkpoint_nb.fingerprint import digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from IPython.core.interactiveshell import InteractiveShell

SHOWN = ""
"""Name of the output that holds what the cell showed, a list of messages."""

Message = tuple[str, dict[str, object]]
"""``("stream" | "display" | "clear" | "result", content)``."""


@dataclass(frozen=True)
class CellWork:
    """What a worker must know to run a cell.

    Parameters
    ----------
    source
        The code, after IPython's transformation.
    label
        Name of the cell, for tracebacks.
    outputs
        Names whose values are results.
    inputs
        Values of the notebook that are not results of other cells.
    upstream
        Names of the results of other cells, in the order in which they are handed in.
    """

    source: str
    label: str
    outputs: tuple[str, ...]
    inputs: Mapping[str, object]
    upstream: tuple[str, ...]


def run_cell(work: CellWork, *results: object) -> dict[str, object]:
    """Run the cell in ``__main__`` as the worker has it; return its outputs and what it showed.

    An input that the cell changed in place is an output too: the notebook gets to see the change,
    as it would have without a checkpoint.
    """
    main = sys.modules["__main__"]
    namespace = main.__dict__
    given = {**work.inputs, **dict(zip(work.upstream, results, strict=True))}
    namespace.update(given)
    before = {name: _digest(value) for name, value in given.items() if name not in work.outputs}
    messages: list[Message] = []
    shell = _shell()
    shell.user_module, shell.user_ns = main, namespace
    with _recorded(shell, messages), shell.builtin_trap:
        _execute(work, namespace, messages, shell)
        _flush_figures()
    outputs = {name: namespace[name] for name in work.outputs if name in namespace}
    for name, digest_before in before.items():
        if name in namespace and _digest(namespace[name]) != digest_before:
            outputs[name] = namespace[name]
    outputs[SHOWN] = messages
    return outputs


def _execute(
    work: CellWork, namespace: dict[str, object], messages: list[Message], shell: InteractiveShell
) -> None:
    filename = f"<checkpoint {work.label}>"
    linecache.cache[filename] = (
        len(work.source),
        None,
        work.source.splitlines(keepends=True),
        filename,
    )
    tree = ast.parse(work.source, filename)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    _run_code(tree, "exec", filename, namespace)
    if last is None:
        return
    assert isinstance(last, ast.Expr)
    value = _run_code(ast.Expression(last.value), "eval", filename, namespace)
    if value is not None and not _is_quiet(work.source):
        data, metadata = shell.display_formatter.format(value)  # type: ignore[union-attr]
        name = last.value.id if isinstance(last.value, ast.Name) else ""
        messages.append(("result", {"data": data, "metadata": metadata, "name": name}))


def _run_code(
    tree: ast.Module | ast.Expression, mode: str, filename: str, namespace: dict[str, object]
) -> object:
    code = compile(tree, filename, mode, flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    value = eval(code, namespace)  # noqa: S307 - the user's own cell
    if code.co_flags & inspect.CO_COROUTINE:
        return asyncio.run(value)
    return value


def _is_quiet(source: str) -> bool:
    lines = [line.split("#")[0].rstrip() for line in source.splitlines()]
    return next((line for line in reversed(lines) if line), "").endswith(";")


def _digest(value: object) -> str:
    try:
        return digest(value)
    except FingerprintError:
        return ""


def _shell() -> InteractiveShell:
    """One quiet IPython a worker, for ``display``, ``get_ipython`` and the rich formatters."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    if not InteractiveShell.initialized():
        config = Config()
        config.HistoryManager.enabled = False
        config.InteractiveShell.colors = "NoColor"
        InteractiveShell.instance(config=config)
    shell: InteractiveShell = InteractiveShell.instance()
    return shell


class _Stream(io.TextIOBase):
    """Records what is written, in order with everything else, and passes it on to the log."""

    def __init__(self, name: str, messages: list[Message], log: TextIO) -> None:
        self._name = name
        self._messages = messages
        self._log = log

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        last = self._messages[-1] if self._messages else None
        if last is not None and last[0] == "stream" and last[1]["name"] == self._name:
            last[1]["text"] = f"{last[1]['text']}{text}"
        else:
            self._messages.append(("stream", {"name": self._name, "text": text}))
        self._log.write(text)
        return len(text)

    def flush(self) -> None:
        self._log.flush()


@contextmanager
def _recorded(shell: InteractiveShell, messages: list[Message]) -> Iterator[None]:
    from IPython.core.displaypub import DisplayPublisher

    class Recorder(DisplayPublisher):
        def publish(
            self,
            data: dict[str, object],
            metadata: dict[str, object] | None = None,
            source: object = None,  # noqa: ARG002 - part of the signature
            *,
            transient: dict[str, object] | None = None,
            update: bool = False,
            **_: object,
        ) -> None:
            content: dict[str, object] = {"data": data, "metadata": metadata or {}}
            content |= {"transient": transient or {}, "update": update}
            messages.append(("display", content))

        def clear_output(self, wait: bool = False) -> None:
            messages.append(("clear", {"wait": wait}))

    before = shell.display_pub
    shell.display_pub = Recorder(shell=shell)  # type: ignore[no-untyped-call]
    try:
        with (
            redirect_stdout(_Stream("stdout", messages, sys.stdout)),
            redirect_stderr(_Stream("stderr", messages, sys.stderr)),
        ):
            yield
    finally:
        shell.display_pub = before


def _flush_figures() -> None:
    if "matplotlib.pyplot" in sys.modules:
        from matplotlib_inline.backend_inline import flush_figures

        flush_figures()  # type: ignore[no-untyped-call]
