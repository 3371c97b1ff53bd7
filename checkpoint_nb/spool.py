"""What work shows while it runs: a file that a worker appends to and the kernel reads."""

from __future__ import annotations

import json
import os
import shutil
import struct
import tempfile
import threading
import uuid
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from itertools import count
from typing import Final

from checkpoint_nb.capture import log_so_far
from checkpoint_nb.reporting import PROGRESS

Message = tuple[str, dict[str, object]]
"""``("stream" | "display" | "clear" | "result", content)``, the content plain JSON."""

_HEAD: Final = struct.Struct("<BI")
_MESSAGE, _STDOUT, _STDERR, _END = range(4)
_STREAMS: Final = {"stdout": _STDOUT, "stderr": _STDERR}
_NAMES: Final = {number: name for name, number in _STREAMS.items()}
_HELD: Final = 1 << 14
_MEMORY: Final = "/dev/shm"  # noqa: S108 - a folder of our own is made in it
_READ: Final = 1 << 22

_path: ContextVar[str] = ContextVar("path of the spool", default="")


class SpoolWriter:
    """Appends messages, whole frames at a time; made with the first one.

    A line of text is written when it is complete, so what was printed survives the process; a part
    of a line waits for :meth:`flush`. A disk that is full ends the spool, never the work.

    Parameters
    ----------
    path
        The file; ``""``: nobody reads, nothing is written.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     writer = SpoolWriter(os.path.join(folder, "spool"))
    ...     writer.write(("stream", {"name": "stdout", "text": "hi"}))
    ...     writer.end()
    ...     SpoolReader(os.path.join(folder, "spool")).read()
    [('stream', {'name': 'stdout', 'text': 'hi'})]
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = -1
        self._name = ""
        self._text: list[str] = []
        self._size = 0

    def write(self, message: Message) -> None:
        """Append one message."""
        kind, content = message
        if kind == "stream":
            self.text(str(content["name"]), str(content["text"]))
        elif self._path:
            self.flush()
            self._put(_MESSAGE, json.dumps(message).encode())

    def text(self, name: str, text: str) -> None:
        """Append text of a stream."""
        if not self._path:
            return
        if name != self._name:
            self.flush()
            self._name = name
        self._text.append(text)
        self._size += len(text)
        if self._size > _HELD or text.endswith("\n"):
            self.flush()

    def flush(self) -> None:
        """Write the text that waits."""
        if self._text:
            text, self._text, self._size = "".join(self._text), [], 0
            self._put(_STREAMS[self._name], text.encode("utf-8", "surrogatepass"))

    def end(self) -> None:
        """Say that this was all, and close."""
        self.flush()
        if self._path:
            self._put(_END, b"")
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        self._path = ""

    def _put(self, kind: int, payload: bytes) -> None:
        frame = _HEAD.pack(kind, len(payload)) + payload
        try:
            if self._file < 0:
                flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0)
                self._file = os.open(self._path, flags, 0o600)
                # Not with O_APPEND, which would count as something the work did to a file.
                os.lseek(self._file, 0, os.SEEK_END)
            whole = os.write(self._file, frame) == len(frame)
        except OSError:
            whole = False
        if not whole:
            self._path = ""


class SpoolReader:
    """Reads what has been written so far, each message once.

    Parameters
    ----------
    path
        The file, which need not be there yet.

    Attributes
    ----------
    ended
        Whether the writer said that all is there, and all was read.
    """

    def __init__(self, path: str) -> None:
        self.ended = False
        self._path = path
        self._offset = 0
        self._rest = b""

    def read(self) -> list[Message]:
        """Return what came since the last time; text of one stream in a row is one message.

        At most a few megabytes a call: an empty list says that there is no more for now. A frame
        that is not complete is left for later, or for good if its writer died.
        """
        messages: list[Message] = []
        while not messages and not self.ended:
            found = self._next()
            if not found:
                break
            self._rest = self._frames(self._rest + found, messages)
        return messages

    def _next(self) -> bytes:
        try:
            with open(self._path, "rb", buffering=0) as file:
                file.seek(self._offset)
                found: bytes = file.read(_READ)
        except OSError:
            return b""
        self._offset += len(found)
        return found

    def _frames(self, data: bytes, messages: list[Message]) -> bytes:
        place = 0
        while not self.ended and place + _HEAD.size <= len(data):
            kind, size = _HEAD.unpack_from(data, place)
            start = place + _HEAD.size
            if start + size > len(data):
                break
            _add(messages, kind, data[start : start + size])
            self.ended = kind == _END
            place = start + size
        return data[place:]


def _add(messages: list[Message], kind: int, payload: bytes) -> None:
    if kind in _NAMES:
        text = payload.decode("utf-8", "surrogatepass")
        last = messages[-1] if messages else None
        if last is not None and last[0] == "stream" and last[1]["name"] == _NAMES[kind]:
            last[1]["text"] = f"{last[1]['text']}{text}"
        else:
            messages.append(("stream", {"name": _NAMES[kind], "text": text}))
    elif kind == _MESSAGE:
        word, content = json.loads(payload)
        messages.append((word, content))


class Spools:
    """The spools of one run, a file for each node, in a folder that goes when this object goes.

    Examples
    --------
    >>> spools = Spools()
    >>> spools.path("a") == spools.path("a") != spools.path("b")
    True
    """

    def __init__(self) -> None:
        self._folder = os.path.join(tempfile.gettempdir(), f"checkpoint_nb-{uuid.uuid4().hex}")
        self._is_made = False
        self._hold = ""
        self._numbers = count()
        self._making = threading.Lock()

    def path(self, node: str) -> str:
        """Where the node with this id writes; the folder is made at first use."""
        with self._making:
            if not self._is_made:
                self._is_made = True
                os.mkdir(self._folder, 0o700)
                weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return os.path.join(self._folder, node)

    def hold(self, node: str, size: int) -> str:
        """Where ``size`` bytes for a node can be put: in memory, where that has room."""
        with self._making:
            if not self._hold and _free(_MEMORY) > 2 * size:
                self._hold = tempfile.mkdtemp(prefix="checkpoint_nb-", dir=_MEMORY)
                weakref.finalize(self, shutil.rmtree, self._hold, ignore_errors=True)
            fits = self._hold and _free(_MEMORY) > 2 * size
            number = next(self._numbers)
        return os.path.join(self._hold, str(number)) if fits else f"{self.path(node)}-{number}"

    def progress(self, node: str) -> str:
        """Where the node with this id says how far it is."""
        return os.path.join(self._folder, node + PROGRESS)

    def log(self, node: str) -> str:
        """Return the end of what the node with this id printed, while it runs."""
        return log_so_far(os.path.join(self._folder, node))

    def reader(self, node: str) -> SpoolReader:
        """Read from the beginning what the node with this id shows."""
        return SpoolReader(os.path.join(self._folder, node))


def _free(folder: str) -> int:
    try:
        return shutil.disk_usage(folder).free if os.access(folder, os.W_OK) else 0
    except OSError:
        return 0


@contextmanager
def spooled(path: str) -> Iterator[None]:
    """Let the work inside ``with`` find where it can write what it shows.

    Examples
    --------
    >>> with spooled("/tmp/spool"):
    ...     here = spool_path()
    >>> here, spool_path()
    ('/tmp/spool', '')
    """
    token = _path.set(path)
    try:
        yield
    finally:
        with suppress(ValueError):
            _path.reset(token)


def spool_path() -> str:
    """Return where the running work can write what it shows; ``""``: nowhere."""
    return _path.get()
