"""What is around one job in a worker: settings, random generators, modules, ``__main__``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Final

from checkpoint_nb.fingerprint import by_content
from checkpoint_nb.settings import RandomState, Settings
from checkpoint_nb.work import Call

_Look = tuple[str, int, int]
_from_file: Final[dict[str, _Look]] = {}
_judged: Final[set[str]] = set()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the notebook has around its code, for a worker to take over.

    Parameters
    ----------
    settings
        What the process has set: directory, path, environment, options of libraries.
    random
        Where the random generators are that the notebook seeded.
    """

    settings: Settings
    random: RandomState = RandomState()  # noqa: RUF009 - it is frozen

    @classmethod
    def here(cls) -> Surroundings:
        """Return those of this process now."""
        return cls(Settings.here(), RandomState.here())

    def enter(self) -> None:
        """Take them over, for good: the next job brings its own."""
        self.settings.enter()
        self.random.enter()
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
def notebook_names() -> Iterator[dict[str, object]]:
    """Let ``__main__`` stand for the notebook while work is loaded and runs.

    Its functions find their names there, and so see what the work binds, as in the notebook.
    """
    main = ModuleType("__main__")
    with _loaded_as({"__main__": main}):
        try:
            yield vars(main)
        finally:
            _remember_loaded()


@contextmanager
def as_in_the_notebook(
    names: dict[str, object], call: Call, modules: Mapping[str, ModuleType]
) -> Iterator[None]:
    """Let ``names`` and ``modules`` be the notebook's while results are loaded and work runs."""
    names.update(call.names or getattr(call.function, "__globals__", {}))
    names["__name__"] = "__main__"
    held = [one for one in names.values() if isinstance(one, ModuleType)]
    own = {one.__name__: one for one in held if one.__name__ not in sys.modules}
    with _loaded_as({**own, **modules}):
        yield


@contextmanager
def _loaded_as(modules: Mapping[str, ModuleType]) -> Iterator[None]:
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module
