"""How the inline backend shows figures: PNG, SVG, retina."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial
from typing import Any, Final, Protocol

from checkpoint_nb.settings.drawing import INLINE, connected, shell_here
from checkpoint_nb.settings.kind import Part
from checkpoint_nb.settings.options import Options
from checkpoint_nb.settings.plain import to_plain

_MODULE: Final = INLINE.removeprefix("module://")
_FORMATS: Final = ("png", "jpeg", "svg", "pdf")
_TYPES: Final = ("image/png", "image/jpeg", "image/svg+xml", "application/pdf")
_SAME: Final = {"jpg": "jpeg", "png2x": "retina"}
_DEFAULTS: Final[Mapping[str, object]] = {
    "formats": ("png",),
    "words": {"bbox_inches": "tight"},
    "close": True,
}


class Figures(Options):
    """``%config InlineBackend.figure_formats`` and ``set_matplotlib_formats``."""

    name = "figures"
    library = _MODULE
    sign = "flush_figures"

    def loaded(self) -> bool:
        """Return whether the inline backend shows figures through an IPython."""
        return super().loaded() and connected()

    def unloaded(self) -> Part:
        """Return what is configured for the time when the first figure is shown."""
        found: dict[str, object] = {}
        for option, value in _section().items():
            if option in ("figure_format", "figure_formats") and value:
                chosen = (value,) if isinstance(value, str) else tuple(value)
                names = {_SAME.get(name, name) for name in chosen}
                found["formats"] = tuple(name for name in ("retina", *_FORMATS) if name in names)
            elif option == "print_figure_kwargs" and isinstance(value, dict):
                found["words"] = to_plain(dict(value))
            elif option == "close_figures":
                found["close"] = bool(value)
        return {name: value for name, value in found.items() if value != _DEFAULTS[name]}

    def live(self) -> Mapping[str, object]:
        """Return the formats, what the figures are printed with, and whether they are closed."""
        formats: list[str] = []
        words: dict[str, object] = {}
        for name, kind in zip(_FORMATS, _TYPES, strict=True):
            printer = _printer(kind)
            if printer is not None:
                retina = getattr(printer.func, "__name__", "") == "retina_figure"
                formats.append("retina" if retina else name)
                words = {n: v for n, v in printer.keywords.items() if n not in ("fmt", "base64")}
        return {"formats": tuple(formats), "words": words, "close": _config().close_figures}

    def differing(self, live: Mapping[str, object]) -> Mapping[str, object]:
        """Return what is not as the inline backend is at first."""
        return {name: value for name, value in live.items() if value != _DEFAULTS[name]}

    def assign(self, name: str, value: object) -> None:
        """Set the formats, or what figures are printed with, or whether they are closed."""
        if name == "close":
            _config().close_figures = value
        else:
            wanted: Mapping[str, Any] = {**self.live(), name: value}
            select = sys.modules["IPython.core.pylabtools"].select_figure_formats
            select(_config().shell, wanted["formats"], **wanted["words"])

    def reset(self, name: str) -> None:
        """Set one of them as the inline backend is at first."""
        self.assign(name, _DEFAULTS[name])


class _Config(Protocol):
    shell: _Shell
    close_figures: object


class _Shell(Protocol):
    display_formatter: _Display


class _Display(Protocol):
    formatters: Mapping[str, _Formatter]


class _Formatter(Protocol):
    type_printers: Mapping[object, object]


def _config() -> _Config:
    config: _Config = sys.modules["matplotlib_inline.config"].InlineBackend.instance()
    return config


def _section() -> Mapping[str, Any]:
    """Return what IPython's configuration says, without adding to it as asking does."""
    shell = shell_here()
    return dict.get(shell.config, "InlineBackend", {}) if shell is not None else {}


def _printer(kind: str) -> partial[object] | None:
    """Return what shows a figure as this type of data, as IPython itself put it there."""
    formatter = _config().shell.display_formatter.formatters[kind]
    printer = formatter.type_printers.get(sys.modules["matplotlib.figure"].Figure)
    return printer if isinstance(printer, partial) else None
