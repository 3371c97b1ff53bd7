"""Lets bars of tqdm in a worker report how far its task is."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from functools import wraps
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final

from checkpoint_nb.reporting import progress

_MODULE: Final = "tqdm.std"


def bars_report() -> None:
    """Let every bar of tqdm in this process report, also where tqdm is imported only later.

    Of bars within bars the outermost one does.

    Examples
    --------
    >>> before = list(sys.meta_path)
    >>> bars_report()
    >>> sys.meta_path[:] = before
    """
    module = sys.modules.get(_MODULE)
    if module is not None:
        _report(module)
    elif not any(isinstance(finder, _WhenImported) for finder in sys.meta_path):
        sys.meta_path.insert(0, _WhenImported())


class _WhenImported:
    """Finds tqdm as it would be found, and has a word with it when it is loaded."""

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        if name != _MODULE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def executed(module: ModuleType) -> None:
                execute(module)
                _report(module)

            spec.loader.exec_module = executed  # type: ignore[method-assign]
        return spec


def _report(module: ModuleType) -> None:
    bars: Any = getattr(module, "tqdm", None)
    refresh: Callable[..., object] | None = getattr(bars, "refresh", None)
    if refresh is None or hasattr(refresh, "__wrapped__"):
        return

    @wraps(refresh)
    def reporting_refresh(bar: Any, *args: Any, **words: Any) -> object:
        if not getattr(bar, "pos", 0):
            progress(bar.n, bar.total, str(bar.desc or "").rstrip(": "))
        return refresh(bar, *args, **words)

    bars.refresh = reporting_refresh
