"""Does something in the moment in which a library has been imported, and not before."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Final

_waiting: Final[dict[str, list[Callable[[], None]]]] = {}


class _Finder:
    """Finds nothing itself; adds to the loading of the modules that are waited for."""

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Return the spec that the other finders have, its loader followed by what waits."""
        if name not in _waiting:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                _follow(spec, name)
                return spec
        return None


_finder: Final = _Finder()


def when_imported(module: str, do: Callable[[], None]) -> None:
    """Call ``do`` once, as soon as ``module`` has been imported.

    For a module that is not there yet; what ``do`` raises is nobody's.

    Examples
    --------
    >>> import sys
    >>> when_imported("colorsys", lambda: print("here it is"))
    >>> _ = sys.modules.pop("colorsys", None)
    >>> import colorsys
    here it is
    """
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    waiting = _waiting.setdefault(module, [])
    if do not in waiting:
        waiting.append(do)


def _follow(spec: ModuleSpec, name: str) -> None:
    loader = spec.loader
    load = getattr(loader, "exec_module", None)
    if loader is None or load is None:
        return

    def exec_module(module: ModuleType) -> None:
        load(module)
        if module.__name__ == name:
            with suppress(AttributeError):
                del loader.exec_module
            for do in _waiting.pop(name, ()):
                with suppress(Exception):
                    do()

    # A loader is made anew for each module; its type stays what libraries may ask it for.
    with suppress(AttributeError):
        loader.exec_module = exec_module  # type: ignore[method-assign]
