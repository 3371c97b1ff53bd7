"""Objects that count by type only, and objects that are refused, each with the reason."""

from __future__ import annotations

import contextvars
import io
import itertools
import os
import sys
import threading
import types
import weakref
from typing import Final

from checkpoint_nb.fingerprint.pieces import OPAQUE, Piece, kind, refuse
from checkpoint_nb.fingerprint.tokens import text

_LOCK: Final = "It guards work and holds no content; it cannot be a value."
_WATCH: Final = "It shows progress and does not decide the result."

OPAQUE_TYPES: Final[dict[type | str, tuple[bool, str]]] = {
    # type: (may also be part of a value, why it counts by type only)
    "logging:Logger": (True, "How much is logged does not decide the result."),
    "logging:LoggerAdapter": (True, "How much is logged does not decide the result."),
    "logging:Handler": (False, "Where is logged does not decide the result."),
    type(threading.Lock()): (False, _LOCK),
    type(threading.RLock()): (False, _LOCK),
    threading.Condition: (False, _LOCK),
    threading.Event: (False, _LOCK),
    threading.Semaphore: (False, _LOCK),
    threading.Barrier: (False, _LOCK),
    threading.local: (False, "Each thread sees another content."),
    contextvars.ContextVar: (False, "Each context sees another content."),
    type(os.environ): (False, "Declare the variables a task reads; the rest is the machine's."),
    weakref.ref: (False, "It does not hold what it points to."),
    weakref.WeakKeyDictionary: (False, "It is a cache: it does not hold its keys."),
    weakref.WeakValueDictionary: (False, "It is a cache: it does not hold its values."),
    weakref.WeakSet: (False, "It does not hold its elements."),
    "concurrent:Executor": (False, "It decides where work runs, not what it gives."),
    "multiprocessing:SyncManager": (False, "It decides where work runs, not what it gives."),
    "tqdm:tqdm": (False, _WATCH),
    "tqdm:tqdm_asyncio": (False, _WATCH),
    "rich:Console": (False, _WATCH),
    "rich:Progress": (False, _WATCH),
    "IPython:InteractiveShell": (False, "It is the notebook itself."),
    "ipykernel:OutStream": (False, "It shows output and does not decide the result."),
}

_USED_UP: Final = "Reading it would use it up."
_PASSING: Final = f"{_USED_UP} Pass a list of its items."
_ELSEWHERE: Final = "What it leads to is kept elsewhere and can change at any time."
_PROXY: Final = "It does not hold what it points to. Pass the object itself."
_MACHINE: Final = "It belongs to this process. Pass what is needed to make it."
_RUNNING: Final = "It is at work now. Pass its result."

REFUSED_TYPES: Final[dict[type | str, str]] = {
    types.GeneratorType: _PASSING,
    types.AsyncGeneratorType: _PASSING,
    types.CoroutineType: "It can be awaited once. Pass its result.",
    **dict.fromkeys((map, filter, zip, enumerate, reversed), _PASSING),
    **dict.fromkeys(map(type, (iter([]), iter(()), iter(""), iter(b""), iter({}))), _PASSING),
    **dict.fromkeys(map(type, (iter(set()), iter(range(0)), reversed([]))), _PASSING),
    **dict.fromkeys(map(type, (iter({}.values()), iter({}.items()))), _PASSING),
    type(iter(int, 0)): _PASSING,
    itertools.count: _PASSING,
    itertools.cycle: _PASSING,
    itertools.chain: _PASSING,
    itertools.islice: _PASSING,
    itertools.repeat: _PASSING,
    **dict.fromkeys(
        io.IOBase.__mro__[:-1], "Its content and place can change at any time. Pass the path."
    ),
    "_csv:reader": f"{_USED_UP} Pass a list of its rows, or the path.",
    "_csv:writer": f"{_ELSEWHERE} Pass the path.",
    "fileinput:FileInput": f"{_USED_UP} Pass the paths.",
    "matplotlib:Artist": "How far it is drawn is part of it. Pass what it is drawn from.",
    "mmap:mmap": f"{_ELSEWHERE} Pass the path, or bytes.",
    "pandas:HDFStore": f"{_ELSEWHERE} Pass the path.",
    "posix:DirEntry": f"{_ELSEWHERE} Pass its path.",
    "posix:ScandirIterator": f"{_USED_UP} Pass a list of paths.",
    "pyarrow:NativeFile": f"{_USED_UP} Pass the path, or bytes.",
    "pyarrow:RecordBatchReader": f"{_USED_UP} Pass the table.",
    "re:Match": "It cannot be sent to another process. Pass its groups.",
    "select:epoll": f"{_ELSEWHERE} Pass what is needed to make it.",
    "sqlite3:Connection": f"{_ELSEWHERE} Pass the path, or register it with content_of.",
    "sqlite3:Cursor": f"{_USED_UP} Pass a list of its rows.",
    weakref.CallableProxyType: _PROXY,
    weakref.ProxyType: _PROXY,
    "socket:socket": _MACHINE,
    "subprocess:Popen": _MACHINE,
    threading.Thread: _MACHINE,
    types.FrameType: _RUNNING,
    types.TracebackType: _RUNNING,
    "concurrent:Future": _RUNNING,
    "asyncio:Task": _RUNNING,
    "asyncio:Future": _RUNNING,
}


@kind(*OPAQUE_TYPES, derived=True)
def opaque(value: object) -> Piece:
    """Count an object by its type; ``label`` says why it cannot be part of a value."""
    for cls in type(value).__mro__:
        name = f"{cls.__module__.partition('.')[0]}:{cls.__qualname__}"
        found = OPAQUE_TYPES.get(cls) or OPAQUE_TYPES.get(name)
        if found is not None:
            allowed, why = found
            return Piece(b"opaque" + text(name), kind=OPAQUE, label="" if allowed else why)
    raise AssertionError(type(value))


def is_stream(value: object) -> bool:
    """Return whether an object is a standard stream of the process.

    Examples
    --------
    >>> import sys
    >>> is_stream(sys.stdout)
    True
    """
    streams = (sys.stdout, sys.stderr, sys.stdin, sys.__stdout__, sys.__stderr__, sys.__stdin__)
    return any(value is stream for stream in streams)


def stream() -> Piece:
    """Return the piece of a standard stream: that it is one.

    Examples
    --------
    >>> stream().kind
    'opaque'
    """
    return Piece(b"opaque stream", kind=OPAQUE, label="It belongs to this process.")


@kind(*REFUSED_TYPES, derived=True)
def refused(value: object) -> Piece:
    """Refuse an object before anything is read from it; streams of the process are opaque."""
    if is_stream(value):
        return stream()
    if isinstance(value, io.IOBase) and type(value).__module__ == "_io" and value.closed:
        name, mode = getattr(value, "name", ""), getattr(value, "mode", "")
        return Piece(b"closed file", [type(value), name, mode])
    for cls in type(value).__mro__:
        name = f"{cls.__module__.partition('.')[0]}:{cls.__qualname__}"
        why = REFUSED_TYPES.get(cls) or REFUSED_TYPES.get(name)
        if why is not None:
            reason, _, hint = why.partition(". ")
            raise refuse(value, reason + ".", hint or "Keep it out of what the task can reach.")
    raise AssertionError(type(value))


@kind(io.BytesIO, io.StringIO, derived=True)
def memory_file(value: io.BytesIO | io.StringIO) -> Piece:
    """Take a file in memory apart: content and place."""
    return Piece(b"memory file", [type(value), value.getvalue(), value.tell()])
