"""Runs a cell in the notebook's own process: shown as any cell is, and recorded on the side."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, TextIO

from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

from checkpoint_nb.errors import FingerprintError
from checkpoint_nb.fingerprint import digest
from checkpoint_nb.notebook.cellrun import Before, CellWork
from checkpoint_nb.notebook.executing import compiled
from checkpoint_nb.notebook.own_thread import execute_in_notebook
from checkpoint_nb.notebook.recording import Recorder
from checkpoint_nb.notebook.worker_shell import flush_figures, result_hook
from checkpoint_nb.spool import SpoolWriter, spool_path

_STREAMS: Final = ("stdout", "stderr")


def run_here(work: CellWork, *results: object) -> dict[str, object]:
    """Run the cell in the notebook's names, on this thread; return what ``run_cell`` returns.

    Parameters
    ----------
    work
        The cell.
    results
        What ``work.upstream`` names, in that order.
    """
    shell: InteractiveShell = InteractiveShell.instance()
    namespace = shell.user_ns
    for name, result in zip(work.upstream, results, strict=True):
        if name not in namespace or not _are_equal(namespace[name], result):
            namespace[name] = result
    before = Before(work, namespace, here=True)
    recorder = Recorder(SpoolWriter(""))
    try:
        with _both(shell, recorder, work):
            codes = compiled(work.source, work.file, work.interactivity)
            execute_in_notebook(codes, namespace)
            flush_figures()
    finally:
        recorder.end()
        # All of it was shown here: there is nothing left to be read.
        SpoolWriter(spool_path()).end()
    return before.left(recorder)


def _are_equal(one: object, other: object) -> bool:
    """Whether what the notebook has is the result: other names may share it, so it stays."""
    try:
        return digest(one) == digest(other)
    except FingerprintError:
        return False


@contextmanager
def _both(shell: InteractiveShell, recorder: Recorder, work: CellWork) -> Iterator[None]:
    """Show what the code inside ``with`` shows, and record it."""
    publisher, hook = shell.display_pub, sys.displayhook
    streams = {name: getattr(sys, name) for name in _STREAMS}
    shell.display_pub = _Both(shell, publisher, recorder)
    sys.displayhook = _both_results(shell, recorder, work)
    for name, stream in streams.items():
        setattr(sys, name, _Tee(name, stream, recorder))
    try:
        yield
    finally:
        shell.display_pub, sys.displayhook = publisher, hook
        for name, stream in streams.items():
            setattr(sys, name, stream)


class _Tee:
    """A stream of the notebook that is recorded; all but writing goes to the stream itself."""

    def __init__(self, name: str, stream: TextIO, recorder: Recorder) -> None:
        self._name = name
        self._stream = stream
        self._recorder = recorder

    def write(self, text: str) -> int:
        written = self._stream.write(text)
        self._recorder.text(self._name, text)
        return written

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


class _Both(DisplayPublisher):
    """Passes displays on to the notebook's own publisher, and records them."""

    def __init__(
        self, shell: InteractiveShell, publisher: DisplayPublisher, recorder: Recorder
    ) -> None:
        super().__init__(shell=shell)  # type: ignore[no-untyped-call]
        self._publisher = publisher
        self._recorder = recorder

    def publish(
        self,
        data: Mapping[str, object],
        metadata: Mapping[str, object] | None = None,
        source: object = None,  # noqa: ARG002 - part of the signature
        *,
        transient: Mapping[str, object] | None = None,
        update: bool = False,
        **more: object,
    ) -> None:
        """Show and record a display or the update of one."""
        content: dict[str, object] = {"data": data, "metadata": metadata or {}}
        content |= {"transient": transient or {}, "update": update}
        self._publisher.publish(**content, **more)
        self._recorder.show("display", content)

    def clear_output(self, wait: bool = False) -> None:
        """Clear, and record that."""
        self._publisher.clear_output(wait=wait)  # type: ignore[no-untyped-call]
        self._recorder.show("clear", {"wait": wait})

    def __getattr__(self, name: str) -> object:
        if name == "_publisher":
            raise AttributeError(name)
        return getattr(self._publisher, name)


def _both_results(
    shell: InteractiveShell, recorder: Recorder, work: CellWork
) -> Callable[[object], None]:
    """Return a ``sys.displayhook`` that shows a value as the notebook does, and records it."""
    recording = result_hook(shell, recorder, work, shell.user_ns)
    own = shell.displayhook

    def show(value: object) -> None:
        if value is None or recording.quiet:
            return
        data, metadata = shell.display_formatter.format(value)  # type: ignore[union-attr]
        own.compute_format_data = lambda _: (data, metadata)  # type: ignore[method-assign]
        try:
            own(value)
        finally:
            del own.compute_format_data
        recording.take(value, data, metadata)

    return show
