"""What a task does that no key can see: files it reads, hosts it asks, programs it starts."""

from __future__ import annotations

import os
import stat
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import ModuleType, TracebackType
from typing import Final

from checkpoint_nb.observing.machine_files import belongs
from checkpoint_nb.observing.noting import CODE, EVENTS, Notes, here, look_at

KEPT: Final = 20
"""So many hosts and programs are named, the rest is counted."""


@dataclass(slots=True)
class Seen:
    """What was seen; filled when the watch ends.

    Parameters
    ----------
    files
        Files that were opened for reading and that Python code had not written itself before: all
        of them, for a result may hang on each.
    folders
        Folders whose contents were listed.
    unsettled
        Those of both that are not any more what they were when they were first looked at: what was
        read there, nobody can say.
    network
        ``host:port`` it connected to, or ``unix:path``.
    programs
        Names of other programs it started.
    more
        By kind, how many there were (at least) beyond the ones named.
    """

    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    unsettled: tuple[str, ...] = ()
    network: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    more: dict[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.files or self.folders or self.network or self.programs)


class Watch:
    """One watch: a context manager that gives a :class:`Seen`."""

    __slots__ = ("ignore", "notes", "seen", "thread")

    def __init__(self, ignore: tuple[str | os.PathLike[str], ...]) -> None:
        self.ignore = ignore
        self.seen = Seen()
        self.notes: Notes | None = None

    def __enter__(self) -> Seen:
        if not _installed:
            _install()
        self.thread = threading.get_ident()
        _begin(self)
        return self.seen

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        _end(self)
        if self.notes is not None:
            _fill(self, self.notes)


def observed(*, ignore: Iterable[str | os.PathLike[str]] = ()) -> Watch:
    """Watch what the code inside ``with`` reads, asks and starts.

    Where only one watch is on in the process, whatever any thread does counts, for a task may use
    threads that are older than itself. Where several are on, a thread with a watch of its own
    counts for that one.

    Parameters
    ----------
    ignore
        Absolute paths of folders (or files) that do not count.

    Examples
    --------
    >>> import tempfile
    >>> file = tempfile.NamedTemporaryFile("w", suffix=".csv")
    >>> with observed() as seen:
    ...     text = open(file.name).read()
    >>> seen.files == (file.name,), seen.network, seen.programs
    (True, (), ())
    """
    return Watch(tuple(ignore))


_lock: Final = threading.Lock()
_installed = False
_watches: tuple[Watch, ...] = ()


def _install() -> None:
    global _installed
    with _lock:
        if not _installed:
            sys.addaudithook(_hook)
            _installed = True


def _begin(watch: Watch) -> None:
    global _watches
    with _lock:
        _watches = (*_watches, watch)


def _end(watch: Watch) -> None:
    global _watches
    with _lock:
        _watches = tuple([other for other in _watches if other is not watch])


def _hook(event: str, args: tuple[object, ...]) -> None:
    if not _watches:
        return
    note = EVENTS.get(event)
    if note is None:
        return
    try:
        for watch in _whose(_watches):
            if watch.notes is None:
                watch.notes = Notes()
            note(watch.notes, args)
    except Exception:  # noqa: BLE001, S110 - what raises here would stop what the user does
        pass


def _whose(watches: tuple[Watch, ...]) -> Iterable[Watch]:
    if len(watches) == 1:
        return watches
    me = threading.get_ident()
    return [watch for watch in watches if watch.thread == me] or watches


def _fill(watch: Watch, notes: Notes) -> None:
    cwd = here()
    mine = tuple(os.path.join(os.path.abspath(path), "") for path in (*watch.ignore, *notes.made))
    modules = _sources() if any(path.endswith(CODE) for path in notes.files) else frozenset()

    def counts(path: str) -> bool:
        return not (
            (path + os.sep).startswith(mine)
            or path in modules
            or belongs(path, cwd)
            or not os.path.exists(path)
        )

    seen = watch.seen
    seen.files = tuple(path for path in tuple(notes.files) if counts(path))
    seen.folders = tuple(path for path in tuple(notes.folders) if counts(path))
    seen.unsettled = (
        *(path for path in seen.files if look_at(path, stat.S_ISREG) != notes.files[path]),
        *(path for path in seen.folders if look_at(path, stat.S_ISDIR) != notes.folders[path]),
    )
    network, programs = tuple(notes.network), tuple(notes.programs)
    seen.network, seen.programs = network[:KEPT], programs[:KEPT]
    beyond = {"network": len(network) - KEPT, "programs": len(programs) - KEPT, **notes.lost}
    seen.more = {kind: number for kind, number in beyond.items() if number > 0}


def _sources() -> frozenset[str]:
    """Return the files of all loaded modules: they count as code."""
    found = set()
    for module in tuple(sys.modules.values()):
        if isinstance(module, ModuleType):
            # A module that loads itself at first use would do so if asked in any other way.
            file = object.__getattribute__(module, "__dict__").get("__file__")
            if isinstance(file, str):
                found.add(os.path.abspath(file))
    return frozenset(found)
