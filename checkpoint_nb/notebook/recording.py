"""Records what a cell shows, in order: streams, displays, clears, the value of its last line."""

from __future__ import annotations

import datetime
import io
import numbers
import os
import threading
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Final, cast

from checkpoint_nb.notebook.condensing import Condensed
from checkpoint_nb.notebook.descriptors import Descriptors
from checkpoint_nb.notebook.static_form import NO_WIDGETS, Widgets
from checkpoint_nb.spool import Message, SpoolWriter

PULSE: Final = 0.05
"""Seconds after which what was written is passed on at the latest."""
_BARS: Final = 5
"""So many pulses between two looks at progress bars that are widgets."""


class Recorder:
    """Passes each message on to a spool at once, and keeps what they leave to see.

    Parameters
    ----------
    spool
        Where the kernel reads what is shown while the cell runs.
    descriptors
        Where what C code and other programs print arrives, if that is caught.

    Attributes
    ----------
    kept
        What is left to see.
    value
        The value that was shown last as a result, if no name holds it.
    """

    def __init__(self, spool: SpoolWriter, descriptors: Descriptors | None = None) -> None:
        self.kept = Condensed()
        self.value: object = None
        self._spool = spool
        self._descriptors = descriptors
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._pulse = threading.Thread(target=self._beat, name="checkpoint_nb pulse", daemon=True)
        self._widgets = Widgets()
        self._pid = os.getpid()

    def start(self) -> None:
        """Begin to pass on, in a thread of its own, what waits."""
        self._pulse.start()

    def end(self) -> None:
        """Pass on the rest: nothing comes any more."""
        self._over.set()
        if self._pulse.is_alive():
            self._pulse.join()
        with self._lock:
            self._drain()
            for message in self._widgets.changed():
                self._take(message)
            self._spool.end()

    def text(self, name: str, text: str) -> None:
        """Take text of a stream."""
        if not text:
            return
        if self._is_a_copy:
            os.write(2 if name == "stderr" else 1, text.encode("utf-8", "replace"))
            return
        with self._lock:
            self._drain()
            self._text(name, text)

    def show(self, kind: str, content: Mapping[str, object]) -> None:
        """Take a display, a result or a clear."""
        if self._is_a_copy:
            return
        plain = cast("dict[str, object]", _plain(content))
        with self._lock:
            self._drain()
            is_first_widget = self._widgets.take(kind, plain)
            self._take((kind, plain))
            if is_first_widget:
                self._take(NO_WIDGETS)

    def flush(self) -> None:
        """Pass on what waits."""
        if not self._is_a_copy:
            with self._lock:
                self._drain()
                self._spool.flush()

    @property
    def _is_a_copy(self) -> bool:
        """Whether this is a forked child: what is recorded there, nobody would see."""
        return os.getpid() != self._pid

    def _take(self, message: Message) -> None:
        self._spool.write(message)
        self.kept.add(message)

    def _text(self, name: str, text: str) -> None:
        self._spool.text(name, text)
        self.kept.add(("stream", {"name": name, "text": text}))

    def _drain(self) -> None:
        """Take what was printed past Python: it was printed before what comes now."""
        if self._descriptors is not None:
            for name, text in self._descriptors.read():
                self._text(name, text)

    def _beat(self) -> None:
        pulses = 0
        while not self._over.wait(PULSE):
            pulses += 1
            with self._lock:
                if pulses % _BARS == 0:
                    for message in self._widgets.changed(bars_only=True):
                        self._take(message)
                self.flush()


class Stream(io.TextIOBase):
    """Stands for ``sys.stdout`` or ``sys.stderr`` in a worker, for good.

    A logging handler that a cell made keeps the stream it was made with; what it writes later
    belongs to the cell that runs then.
    """

    def __init__(self, name: str, number: int) -> None:
        self.recorder: Recorder | None = None
        self.name = f"<{name}>"
        self._word = name
        self._number = number

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """As in a notebook."""
        return "UTF-8"

    def fileno(self) -> int:
        """Return the descriptor, for programs that are given this stream to write to."""
        return self._number

    def isatty(self) -> bool:
        """Return ``False``."""
        return False

    def writable(self) -> bool:
        """Return ``True``."""
        return True

    def write(self, text: str) -> int:
        """Record ``text``; between cells it goes to the log."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text)}")
        if self.recorder is None:
            os.write(self._number, text.encode("utf-8", "replace"))
        else:
            self.recorder.text(self._word, text)
        return len(text)

    def flush(self) -> None:
        """Pass on what waits."""
        if self.recorder is not None:
            self.recorder.flush()


_PLAIN: Final[tuple[tuple[type, Callable[..., object]], ...]] = (
    (str, str.__str__),
    (numbers.Integral, int),
    (numbers.Real, float),
    (bytes, lambda value: b64encode(value).decode("ascii")),
    (datetime.datetime, datetime.datetime.isoformat),
)


def _plain(value: object) -> object:
    """Return ``value`` made of what JSON knows, as a kernel makes it before it sends it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    for kind, made in _PLAIN:
        if isinstance(value, kind):
            return made(value)
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return str(value)
