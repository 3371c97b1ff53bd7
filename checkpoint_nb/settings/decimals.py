"""The context of ``decimal``: precision, rounding and what is trapped."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

from checkpoint_nb.settings.options import Options

_DEFAULTS: Final[Mapping[str, object]] = {
    "prec": 28,
    "rounding": "ROUND_HALF_EVEN",
    "Emin": -999999,
    "Emax": 999999,
    "capitals": 1,
    "clamp": 0,
    "flags": (),
    "traps": ("DivisionByZero", "InvalidOperation", "Overflow"),
}
_SIGNALS: Final = ("flags", "traps")


class Decimals(Options):
    """``decimal.getcontext()`` of the thread that asks."""

    name = "decimal"
    library = "decimal"
    sign = "getcontext"

    def live(self) -> Mapping[str, object]:
        """Return what the context holds."""
        context = sys.modules["decimal"].getcontext()
        live = {name: getattr(context, name) for name in _DEFAULTS}
        return {**live, **{name: _names(live[name]) for name in _SIGNALS}}

    def differing(self, live: Mapping[str, object]) -> Mapping[str, object]:
        """Return what is not as Python documents it."""
        return {name: value for name, value in live.items() if value != _DEFAULTS[name]}

    def assign(self, name: str, value: object) -> None:
        """Set one part of the context."""
        context = sys.modules["decimal"].getcontext()
        if name not in _SIGNALS:
            setattr(context, name, value)
            return
        assert isinstance(value, tuple)
        signals = getattr(context, name)
        for signal in signals:
            signals[signal] = signal.__name__ in value

    def reset(self, name: str) -> None:
        """Set one part of the context to its default."""
        self.assign(name, _DEFAULTS[name])


def _names(signals: object) -> tuple[str, ...]:
    assert isinstance(signals, Mapping)
    return tuple(sorted(signal.__name__ for signal, on in signals.items() if on))
