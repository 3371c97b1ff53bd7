"""What is around one job in a worker: directory, path, environment, modules, ``__main__``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import ModuleType
from typing import Final

from checkpoint_nb.fingerprint import by_content
from checkpoint_nb.work import Call

_WORKERS_OWN: Final = ("_NUM_THREADS", "_MAXIMUM_THREADS")
"""Set in workers so that several of them do not each use every core."""

_Look = tuple[str, int, int]
_from_file: Final[dict[str, _Look]] = {}
_judged: Final[set[str]] = set()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the notebook has around its code, for a worker to take over.

    Parameters
    ----------
    cwd, path, environ
        The current directory, ``sys.path`` and the environment variables.
    """

    cwd: str
    path: tuple[str, ...]
    environ: Mapping[str, str]

    @classmethod
    def here(cls) -> Surroundings:
        """Return those of this process now."""
        return cls(os.getcwd(), tuple(sys.path), dict(os.environ))

    def enter(self) -> None:
        """Take them over, for good: the next job brings its own."""
        with suppress(OSError):
            os.chdir(self.cwd)
        for entry in reversed(self.path):
            if entry not in sys.path:
                sys.path.insert(0, entry)
        for name in os.environ.keys() - self.environ.keys():
            if not name.endswith(_WORKERS_OWN):
                del os.environ[name]
        for name, value in self.environ.items():
            if os.environ.get(name) != value and not name.endswith(_WORKERS_OWN):
                os.environ[name] = value
        _forget_edited()


def _forget_edited() -> None:
    """Let go of the user's modules that this process loaded from a file that was edited since."""
    for name, look in list(_from_file.items()):
        if _look(look[0]) != look:
            sys.modules.pop(name, None)
            del _from_file[name]
            _judged.discard(name)


def _remember_loaded() -> None:
    for name in sys.modules.keys() - _judged:
        _judged.add(name)
        module = sys.modules[name]
        if isinstance(module, ModuleType) and name != "__main__" and by_content(module):
            file = vars(module).get("__file__")
            look = _look(file) if isinstance(file, str) else None
            if look is not None:
                _from_file[name] = look


def _look(path: str) -> _Look | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return path, found.st_mtime_ns, found.st_size


@contextmanager
def as_in_the_notebook(call: Call, modules: Mapping[str, ModuleType]) -> Iterator[None]:
    """Let ``__main__`` and ``modules`` be the notebook's while work is loaded and runs."""
    main = ModuleType("__main__")
    main.__dict__.update(call.names or getattr(call.function, "__globals__", {}))
    main.__dict__["__name__"] = "__main__"
    sent = {"__main__": main, **modules}
    before = {name: sys.modules.get(name) for name in sent}
    sys.modules.update(sent)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module
        _remember_loaded()
