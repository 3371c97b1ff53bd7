"""The IPython of a worker: quiet, without a person, and everything it shows is recorded."""

from __future__ import annotations

import builtins
import gc
import getpass
import os
import sys
import warnings
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Final, NoReturn

from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import StdinNotImplementedError
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from checkpoint_nb.notebook.descriptors import Descriptors
from checkpoint_nb.notebook.executing import is_quiet
from checkpoint_nb.notebook.recording import Recorder, Stream
from checkpoint_nb.settings import connect_shell
from checkpoint_nb.spool import SpoolWriter, spool_path

if TYPE_CHECKING:
    from checkpoint_nb.notebook.cellrun import CellWork

_OUT, _ERR = Stream("stdout", 1), Stream("stderr", 2)
_LOGGED: Final = 64 * 1024
_WIDGETS_OWN: Final = os.path.join("ipywidgets", "widgets", "")


class WorkerShell(InteractiveShell):
    """The shell of a worker, for ``display``, ``get_ipython``, magics and the rich formatters."""

    def enable_gui(self, gui: str | None = None) -> None:
        """Do nothing: there is no screen, and ``%matplotlib inline`` asks."""


def worker_shell(main: ModuleType, kind: str) -> InteractiveShell:
    """Return the one shell of this process; its names are those of ``main``.

    Libraries ask what ``kind`` it is by name, to find out what they can show.
    """
    if not InteractiveShell.initialized():
        config = Config()
        config.HistoryManager.enabled = False
        config.InteractiveShell.colors = "NoColor"
        WorkerShell.instance(config=config)
        connect_shell()
    shell: InteractiveShell = InteractiveShell.instance()
    shell.user_module, shell.user_ns = main, main.__dict__
    WorkerShell.__name__ = WorkerShell.__qualname__ = kind
    return shell


class Publisher(DisplayPublisher):
    """Where displays go: to a recorder."""

    recorder: Recorder

    def publish(
        self,
        data: Mapping[str, object],
        metadata: Mapping[str, object] | None = None,
        source: object = None,  # noqa: ARG002 - part of the signature
        *,
        transient: Mapping[str, object] | None = None,
        update: bool = False,
        **_: object,
    ) -> None:
        """Record a display or the update of one."""
        content: dict[str, object] = {"data": data, "metadata": metadata or {}}
        content |= {"transient": transient or {}, "update": update}
        self.recorder.show("display", content)

    def clear_output(self, wait: bool = False) -> None:
        """Record a clear, but not one that means the inside of a widget."""
        if not _in_a_widget():
            self.recorder.show("clear", {"wait": wait})


@contextmanager
def recorded(
    shell: InteractiveShell, work: CellWork, namespace: MutableMapping[str, object]
) -> Iterator[Recorder]:
    """Record what the code inside ``with`` shows, and pass it on while it runs."""
    descriptors = Descriptors()
    recorder = Recorder(SpoolWriter(spool_path()), descriptors)
    publisher = Publisher(shell=shell)  # type: ignore[no-untyped-call]
    publisher.recorder = recorder
    with warnings.catch_warnings():
        pass  # forgets which warnings earlier cells of this process were given already
    _tidy()
    before = (shell.display_pub, sys.displayhook, sys.stdout, sys.stderr, sys.excepthook)
    asking = builtins.input, getpass.getpass
    try:
        with descriptors.in_place(), shell.builtin_trap:
            recorder.start()
            try:
                _OUT.recorder = _ERR.recorder = recorder
                shell.display_pub, sys.stdout, sys.stderr = publisher, _OUT, _ERR
                sys.displayhook = result_hook(shell, recorder, work, namespace)
                builtins.input = getpass.getpass = _nobody_answers
                try:
                    yield recorder
                finally:
                    flush_figures()
            finally:
                recorder.end()
                _OUT.recorder = _ERR.recorder = None
                shell.display_pub, sys.displayhook, sys.stdout, sys.stderr, sys.excepthook = before
                builtins.input, getpass.getpass = asking
    finally:
        descriptors.close()
        os.write(1, _text(recorder)[-_LOGGED:].encode("utf-8", "replace"))


class result_hook:  # noqa: N801 - stands for a function
    """``sys.displayhook`` of a cell: records the value, and remembers it."""

    def __init__(
        self,
        shell: InteractiveShell,
        recorder: Recorder,
        work: CellWork,
        namespace: Mapping[str, object],
    ) -> None:
        self._shell = shell
        self._recorder = recorder
        self._work = work
        self._namespace = namespace
        self.quiet = is_quiet(work.source)

    def __call__(self, value: object = None) -> None:
        """Record ``value`` as a kernel shows it."""
        if value is None or self.quiet:
            return
        data, metadata = self._shell.display_formatter.format(value)  # type: ignore[union-attr]
        self.take(value, data, metadata)

    def take(
        self, value: object, data: Mapping[str, object], metadata: Mapping[str, object]
    ) -> None:
        """Record ``value``, which is shown as ``data``."""
        known = (*self._work.outputs, *self._work.inputs, *self._work.upstream)
        name = next((n for n in known if self._namespace.get(n) is value), "")
        self._recorder.value = None if name else value
        self._recorder.show("result", {"data": data, "metadata": metadata, "name": name})


def _nobody_answers(*_: object, **__: object) -> NoReturn:
    raise StdinNotImplementedError(
        "a checkpointed cell runs in a worker, where nobody can answer: "
        "run it with --here, or ask in a plain cell"
    )


def _in_a_widget() -> bool:
    frame = sys._getframe(1)
    while frame is not None:
        if _WIDGETS_OWN in frame.f_code.co_filename:
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


def _tidy() -> None:
    """Forget what an earlier cell of this process left: open figures, widgets that complain."""
    if "ipywidgets" in sys.modules:
        gc.collect()
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def flush_figures() -> None:
    """Show the figures that are still open, as a notebook does at the end of a cell."""
    if "matplotlib.pyplot" in sys.modules and "matplotlib_inline.backend_inline" in sys.modules:
        sys.modules["matplotlib_inline.backend_inline"].flush_figures()


def _text(recorder: Recorder) -> str:
    return "".join(
        str(content["text"]) for kind, content in recorder.kept.messages() if kind == "stream"
    )
