"""What each of Python's audit events tells about the work that raised it."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from typing import Final

from checkpoint_nb.observing.machine_files import belongs

REMEMBERED: Final = 10_000
"""So many names of a kind are kept apart; what is beyond is only counted."""
_INQUIRIES: Final = frozenset(
    ("uname", "lscpu", "nvidia-smi", "ldconfig", "gcc", "cc", "ld", "objdump", "fc-list", "sysctl")
)
"""Programs that libraries ask about the machine."""
_SHELLS: Final = frozenset(("sh", "bash", "dash", "zsh"))
_IMPORTERS: Final = ("<frozen importlib", "<frozen zipimport")
_FINDERS: Final = (
    f"{os.sep}pkgutil.py",
    os.path.join("", "importlib", "metadata", "__init__.py"),
)
_SHOWER: Final = f"{os.sep}linecache.py"
CODE: Final = (".py", ".pyc", ".so", ".pyd")


Look = tuple[int, int, int, int]
"""What tells two states of a file apart without reading it."""


class Notes:
    """What one watch has noted so far."""

    __slots__ = (
        "adds",
        "files",
        "folders",
        "is_alone",
        "lost",
        "made",
        "network",
        "own",
        "passed",
        "ports",
        "programs",
        "variables",
        "variables_changed",
        "variables_set",
        "written",
    )

    def __init__(self, *, is_alone: bool = True) -> None:
        self.is_alone = is_alone
        self.adds = False
        """Whether it opened a file to add to it: done twice, that is not the same."""
        """Whether the process is there for this work, so that every thread works for it."""
        self.files: dict[str, Look] = {}
        """Files it read, as they were when it first opened them."""
        self.folders: dict[str, Look] = {}
        self.lost: dict[str, int] = {}
        """By kind, how often something was beyond what is remembered."""
        self.network: dict[str, None] = {}
        self.programs: dict[str, None] = {}
        self.written: dict[str, None] = {}
        """Of these, those whose whole content is the work's."""
        self.own: dict[str, None] = {}
        """Files the work wrote."""
        self.made: dict[str, None] = {}
        """Folders the work made."""
        self.ports: dict[str, None] = {}
        """Ports it asked a host's address for."""
        self.variables: dict[str, bytes | None] = {}
        """Environment variables, as they were when it first read them."""
        self.variables_changed: dict[str, None] = {}
        """Those that had another value when it read them again, and not by its own doing."""
        self.variables_set: dict[str, bool] = {}
        """Those it set or deleted itself before, and whether they were there."""
        self.passed: dict[str, str] = {}
        """What other work had read whose result it asked for, with digests."""


def _opened(notes: Notes, args: tuple[object, ...]) -> None:
    given, _, flags = args
    path = _absolute(given)
    if path is None or not isinstance(flags, int) or path in notes.files:
        return
    if flags & os.O_APPEND:
        notes.adds = True
    if flags & (os.O_TRUNC | os.O_EXCL):
        _remember(notes.own, path)
        _remember(notes.written, path)
    elif flags & os.O_ACCMODE == os.O_RDONLY:
        if not (path.endswith(CODE) and _for_import(sys._getframe(2))):
            _read(notes, path)
    elif flags & os.O_CREAT and not os.path.lexists(path):
        _remember(notes.own, path)
    elif flags & os.O_ACCMODE == os.O_RDWR:
        _read(notes, path)


def _read(notes: Notes, path: str) -> None:
    if path in notes.own or path in notes.files or belongs(path, here()):
        return
    look = look_at(path, stat.S_ISREG)
    if look is None:
        return
    if len(notes.files) < REMEMBERED:
        notes.files[path] = look
    else:
        notes.lost["files"] = notes.lost.get("files", 0) + 1


def look_at(path: str, kind: Callable[[int], bool]) -> Look | None:
    """Return the state of a file or folder, or ``None`` where there is none of that kind."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    if not kind(found.st_mode):
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _for_import(frame: object) -> bool:
    """Return whether a source file is read to run it, or to show a line of it."""
    for _ in range(3):
        name = getattr(getattr(frame, "f_code", None), "co_filename", "")
        if name.startswith(_IMPORTERS) or name.endswith(_SHOWER):
            return True
        frame = getattr(frame, "f_back", None)
    return False


def _listed(notes: Notes, args: tuple[object, ...]) -> None:
    path = _absolute("." if args[0] is None else args[0])
    caller = sys._getframe(2).f_code.co_filename
    looks_for_modules = caller.startswith(_IMPORTERS) or caller.endswith(_FINDERS)
    if path is None or looks_for_modules or path in notes.folders:
        return
    look = look_at(path, stat.S_ISDIR)
    if look is not None and len(notes.folders) < REMEMBERED:
        notes.folders[path] = look


def _made(notes: Notes, args: tuple[object, ...]) -> None:
    path = _absolute(args[0])
    if path is not None and not os.path.lexists(path):
        _remember(notes.made, path)


def _renamed(notes: Notes, args: tuple[object, ...]) -> None:
    old, new = _absolute(args[0]), _absolute(args[1])
    if old is None or new is None:
        return
    for mine in (notes.own, notes.made, notes.written):
        if old in mine:
            _remember(mine, new)


def _database(notes: Notes, args: tuple[object, ...]) -> None:
    given = os.fspath(args[0]) if isinstance(args[0], os.PathLike) else args[0]
    if isinstance(given, str) and given.startswith("file:"):
        given = given.removeprefix("file:").partition("?")[0]
    if given in {"", ":memory:"}:
        return
    path = _absolute(given)
    if path is not None and not os.path.lexists(path):
        _remember(notes.own, path)
    elif path is not None:
        _read(notes, path)


def _looked_up(notes: Notes, args: tuple[object, ...]) -> None:
    host, port = _text(args[0]), _text(args[1])
    if host:
        _remember(notes.ports, port)
        _remember(notes.network, f"{host}:{port}" if port else host)


def _connected(notes: Notes, args: tuple[object, ...]) -> None:
    address = args[1]
    if isinstance(address, tuple) and len(address) >= 2:
        # The number follows the name that was looked up for it.
        if _text(address[1]) not in notes.ports:
            _remember(notes.network, f"{_text(address[0])}:{_text(address[1])}")
    elif isinstance(address, str | bytes):
        path = _text(address)
        if "pymp-" not in path and not path.startswith("\0"):  # multiprocessing's own
            _remember(notes.network, f"unix:{path}")


def _requested(notes: Notes, args: tuple[object, ...]) -> None:
    """Note a request over a connection that may be older than the task."""
    host, port = getattr(args[0], "host", None), getattr(args[0], "port", None)
    _looked_up(notes, (host, port))


def _started(notes: Notes, args: tuple[object, ...]) -> None:
    words = args[1]
    if (
        isinstance(words, list | tuple)
        and len(words) > 2
        and _text(words[1]) == "-c"
        and os.path.basename(_text(words[0])) in _SHELLS
    ):
        _command(notes, (words[2],))
    else:
        _program(notes, _text(args[0]))


def _command(notes: Notes, args: tuple[object, ...]) -> None:
    words = [word for word in _text(args[0]).split() if "=" not in word]
    _program(notes, words[0].strip("'\"(;") if words else "sh")


def _program(notes: Notes, path: str) -> None:
    name = os.path.basename(path)
    if name and name not in _INQUIRIES:
        _remember(notes.programs, name)


def _text(given: object) -> str:
    if isinstance(given, bytes):
        return os.fsdecode(given)
    return "" if given is None else str(given)


def here() -> str:
    """Return the working directory, or the root where it is gone."""
    try:
        return os.getcwd()
    except OSError:
        return os.sep


def _absolute(given: object) -> str | None:
    if isinstance(given, os.PathLike):
        given = os.fspath(given)
    if isinstance(given, bytes):
        given = os.fsdecode(given)
    return os.path.abspath(given) if isinstance(given, str) else None


def _remember(names: dict[str, None], name: str) -> None:
    if len(names) < REMEMBERED:
        names[name] = None


EVENTS: Final[dict[str, Callable[[Notes, tuple[object, ...]], None]]] = {
    "open": _opened,
    "os.listdir": _listed,
    "os.scandir": _listed,
    "os.mkdir": _made,
    "os.rename": _renamed,
    "sqlite3.connect": _database,
    "socket.getaddrinfo": _looked_up,
    "socket.connect": _connected,
    "socket.sendto": _connected,
    "socket.sendmsg": _connected,
    "http.client.send": _requested,
    "subprocess.Popen": _started,
    "os.exec": _started,
    "os.posix_spawn": _started,
    "os.system": _command,
}
"""What is done about an event; any other is let pass."""
