"""Settings of matplotlib: its parameters, and what draws its figures."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, Protocol

from checkpoint_nb.settings.arrival import when_imported
from checkpoint_nb.settings.kind import NOTHING, Part
from checkpoint_nb.settings.options import Options, copied

INLINE: Final = "module://matplotlib_inline.backend_inline"
BACKEND: Final = "backend"
INTERACTIVE: Final = "interactive"
_INLINE_MODULE: Final = INLINE.removeprefix("module://")
_WITHOUT_SCREEN: Final = frozenset({"agg", "cairo", "pdf", "pgf", "ps", "svg", "template"})
_TREATED_APART: Final = frozenset({BACKEND, INTERACTIVE, "backend_fallback"})


class Drawing(Options):
    """``plt.rcParams``, styles and themes, and the backend."""

    name = "matplotlib"
    library = "matplotlib"
    sign = "get_backend"
    defaults_differ = True

    def __init__(self) -> None:
        super().__init__()
        self._wanted: Part = NOTHING
        self._defaults: Mapping[str, object] = {}

    def live(self) -> Mapping[str, object]:
        """Return the parameters, and whether a cell's figures are shown at its end."""
        # Asking for the backend as one should would choose one.
        parameters = _values(sys.modules["matplotlib"].rcParams)
        parameters["\0connected"] = connected()
        return parameters

    def differing(self, live: Mapping[str, object]) -> Mapping[str, object]:
        """Return the parameters that are not matplotlib's own, and a backend that is not Agg."""
        self._look_at_defaults()
        found = {
            name: live[name]
            for name, value in self._defaults.items()
            if name not in _TREATED_APART and name in live and live[name] != value
        }
        backend = without_screen(live[BACKEND])
        if backend != "agg":
            found[BACKEND] = backend
        if live[INTERACTIVE] != live["\0connected"]:
            found[INTERACTIVE] = live[INTERACTIVE]
        return found

    def unloaded(self) -> Part:
        """Return the backend that the environment asks for."""
        when_imported(self.library, self._look_at_defaults)
        backend = without_screen(
            os.environ._data.get(  # type: ignore[attr-defined]
                os.environ.encodekey("MPLBACKEND")
            )
        )
        return {BACKEND: backend} if backend != "agg" else {}

    def put(self, wanted: Part) -> None:
        """Make matplotlib differ from a fresh one in just this, with no figure left open."""
        close_figures()
        super().put(wanted)
        self._wanted = wanted
        if not connected():
            # It lets figures be drawn at once when it is imported, whatever was wanted.
            when_imported(_INLINE_MODULE, self.put_again)

    def put_again(self) -> None:
        """Put in force what is wanted, after the inline backend has put its own."""
        if self.loaded():
            super().put(self._wanted)

    def assign(self, name: str, value: object) -> None:
        """Set one parameter."""
        matplotlib = sys.modules["matplotlib"]
        if name == BACKEND:
            matplotlib.use(value, force=False)
        else:
            matplotlib.rcParams[name] = value

    def reset(self, name: str) -> None:
        """Set one parameter to its default."""
        default: object = "agg"
        if name == INTERACTIVE:
            default = connected()
        elif name != BACKEND:
            self._look_at_defaults()
            default = copied(self._defaults[name])
        self.assign(name, default)

    def _look_at_defaults(self) -> None:
        """Copy the defaults as early as can be.

        matplotlib shares its lists with them, so that ``rcParams["font.family"].append(...)``
        changes both.
        """
        if not self._defaults:
            defaults = copied(_values(sys.modules["matplotlib"].rcParamsDefault))
            assert isinstance(defaults, dict)
            self._defaults = defaults


def without_screen(backend: object) -> str:
    """Return what draws in a process that has no screen, where ``backend`` is asked for.

    Examples
    --------
    >>> without_screen("svg"), without_screen("TkAgg"), without_screen(None)
    ('svg', 'agg', 'agg')
    """
    if isinstance(backend, bytes):
        backend = os.fsdecode(backend)
    name = backend.lower() if isinstance(backend, str) and backend else "agg"
    if name in _WITHOUT_SCREEN:
        return name
    if name in ("inline", INLINE) or type(shell_here()).__name__ == "ZMQInteractiveShell":
        return INLINE
    return "agg"


def connected() -> bool:
    """Return whether figures are shown at the end of the cell that draws them."""
    config = getattr(sys.modules.get("matplotlib_inline.config"), "InlineBackend", None)
    if config is None or _INLINE_MODULE not in sys.modules or not config.initialized():
        return False
    return config.instance().shell is not None


def figures_are_shown() -> bool:
    """Return whether ``pyplot`` is in use, and shows its figures at the end of a cell.

    Examples
    --------
    >>> figures_are_shown()
    False
    """
    return "matplotlib.pyplot" in sys.modules and connected()


def show_figures() -> None:
    """Let ``pyplot`` show figures at the end of a cell, as it does from the first one on.

    Examples
    --------
    >>> show_figures()
    """
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None or connected():
        return
    backend = dict.get(sys.modules["matplotlib"].rcParams, BACKEND)
    if without_screen(backend) == INLINE:
        pyplot.switch_backend(INLINE)


def close_figures() -> None:
    """Close the figures that ``pyplot`` keeps open."""
    managers = getattr(sys.modules.get("matplotlib._pylab_helpers"), "Gcf", None)
    if managers is not None and managers.figs:
        with suppress(Exception):
            managers.destroy_all()


class _Shell(Protocol):
    config: dict[str, Mapping[str, object]]


def shell_here() -> _Shell | None:
    """Return the IPython of this process, if there is one."""
    ipython = sys.modules.get("IPython")
    shell: _Shell | None = ipython.get_ipython() if ipython is not None else None
    return shell


def _values(parameters: dict[str, object]) -> dict[str, object]:
    # Its own ways to copy it sort the names each time.
    return dict(dict.items(parameters))
