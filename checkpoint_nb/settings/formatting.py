"""How IPython shows plain text: ``%precision``, ``%pprint``, ``%config PlainTextFormatter``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from checkpoint_nb.settings.drawing import shell_here
from checkpoint_nb.settings.options import Options

_DEFAULTS: Final[Mapping[str, object]] = {
    "float_format": "%r",
    "max_seq_length": 1000,
    "max_width": 79,
    "newline": "\n",
    "pprint": True,
}


class Formatting(Options):
    """What the formatter of plain text is told."""

    name = "IPython"
    library = "IPython"

    def loaded(self) -> bool:
        """Return whether this process has an IPython."""
        return shell_here() is not None

    def live(self) -> Mapping[str, object]:
        """Return the formatter's options."""
        formatter = _formatter()
        return {name: getattr(formatter, name) for name in _DEFAULTS}

    def differing(self, live: Mapping[str, object]) -> Mapping[str, object]:
        """Return what is not as IPython has it at first."""
        return {name: value for name, value in live.items() if value != _DEFAULTS[name]}

    def assign(self, name: str, value: object) -> None:
        """Set one option."""
        setattr(_formatter(), name, value)

    def reset(self, name: str) -> None:
        """Set one option as IPython has it at first."""
        self.assign(name, _DEFAULTS[name])


def _formatter() -> Any:
    shell: Any = shell_here()
    return shell.display_formatter.formatters["text/plain"]
