"""What a task does that no key can see: files it reads, hosts it asks, programs it starts."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import ModuleType, TracebackType
from typing import Final

from checkpoint_nb.observing.environ import value_digest
from checkpoint_nb.observing.hook import begin, end
from checkpoint_nb.observing.machine_files import belongs
from checkpoint_nb.observing.noting import CODE, Notes, here, look_at

KEPT: Final = 20
"""So many hosts and programs are named, the rest is counted."""
CHANGED: Final = "changed meanwhile"
"""In place of the digest of a variable that had two values while it was read."""


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
    written
        Files that are there and whose whole content it wrote, and folders it made.
    unsettled
        Those of both that are not any more what they were when they were first looked at: what was
        read there, nobody can say.
    network
        ``host:port`` it connected to, or ``unix:path``.
    programs
        Names of other programs it started.
    more
        By kind, how many there were (at least) beyond the ones named.
    variables
        Environment variables that the user's own code read, each with the digest of its value.
    adds
        Whether it opened a file to add to it.
    passed
        What other work had read whose result was asked for, as its record has it.
    """

    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    unsettled: tuple[str, ...] = ()
    network: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    more: dict[str, int] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    adds: bool = False
    passed: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        paths = self.files or self.folders or self.passed
        return bool(paths or self.network or self.programs or self.variables)


class Watch:
    """One watch: a context manager that gives a :class:`Seen`."""

    __slots__ = ("before", "ignore", "notes", "seen", "within")

    def __init__(
        self,
        ignore: tuple[str | os.PathLike[str], ...],
        within: tuple[Notes, ...],
        is_alone: bool,
    ) -> None:
        self.ignore = ignore
        self.within = within
        self.notes = Notes(is_alone=is_alone)
        self.seen = Seen()

    def __enter__(self) -> Seen:
        self.before = begin(self.notes, self.within)
        return self.seen

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        end(self.notes, self.before)
        _fill(self)


def observed(
    *,
    ignore: Iterable[str | os.PathLike[str]] = (),
    within: tuple[Notes, ...] = (),
    is_alone: bool = True,
) -> Watch:
    """Watch what the code inside ``with`` reads, asks and starts.

    What this thread does counts for its own watches alone. What threads without one do counts for
    every watch that is on, for a task may use threads that are older than itself.

    Parameters
    ----------
    ignore
        Absolute paths of folders (or files) that do not count.
    within
        Other watches that all of this counts for too, as :func:`concerned` gave them.
    is_alone
        Whether the process is there for this work. Where it is not, the main thread and the
        threads of the kernel and of this package do not count.

    Examples
    --------
    >>> import tempfile
    >>> file = tempfile.NamedTemporaryFile("w", suffix=".csv")
    >>> with observed() as seen:
    ...     text = open(file.name).read()
    >>> seen.files == (file.name,), seen.network, seen.programs
    (True, (), ())
    """
    return Watch(tuple(ignore), within, is_alone)


def _fill(watch: Watch) -> None:
    notes, seen = watch.notes, watch.seen
    seen.variables = {
        name: CHANGED if name in notes.variables_changed else value_digest(value)
        for name, value in tuple(notes.variables.items())
    }
    seen.passed = dict(notes.passed)
    seen.adds = notes.adds
    network, programs = tuple(notes.network), tuple(notes.programs)
    seen.network, seen.programs = network[:KEPT], programs[:KEPT]
    beyond = {"network": len(network) - KEPT, "programs": len(programs) - KEPT, **notes.lost}
    seen.more = {kind: number for kind, number in beyond.items() if number > 0}
    if notes.files or notes.folders or notes.written or notes.made:
        _fill_paths(watch)


def _fill_paths(watch: Watch) -> None:
    notes, seen, cwd = watch.notes, watch.seen, here()
    mine = tuple(os.path.join(os.path.abspath(path), "") for path in (*watch.ignore, *notes.made))
    modules = _sources() if any(path.endswith(CODE) for path in notes.files) else frozenset()

    def counts(path: str) -> bool:
        return not (
            (path + os.sep).startswith(mine)
            or path in modules
            or belongs(path, cwd)
            or not os.path.exists(path)
        )

    seen.files = tuple(path for path in tuple(notes.files) if counts(path))
    seen.folders = tuple(path for path in tuple(notes.folders) if counts(path))
    ignored = tuple(os.path.join(os.path.abspath(path), "") for path in watch.ignore)
    seen.written = tuple(
        path
        for path in (*notes.made, *notes.written)
        if not ((path + os.sep).startswith(ignored) or belongs(path, cwd))
        and (os.path.isfile(path) or (path in notes.made and os.path.isdir(path)))
    )
    seen.unsettled = (
        *(path for path in seen.files if look_at(path, stat.S_ISREG) != notes.files[path]),
        *(path for path in seen.folders if look_at(path, stat.S_ISDIR) != notes.folders[path]),
    )


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
