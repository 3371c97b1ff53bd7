"""Settings of numpy: how arrays are printed, and what errors in numbers do."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

from checkpoint_nb.settings.options import Options

_DEFAULTS: Final[Mapping[str, Mapping[str, object]]] = {
    "print": {
        "edgeitems": 3,
        "threshold": 1000,
        "floatmode": "maxprec",
        "precision": 8,
        "suppress": False,
        "linewidth": 75,
        "nanstr": "nan",
        "infstr": "inf",
        "sign": "-",
        "formatter": None,
        "legacy": False,
    },
    "error": {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"},
    "other": {"call": None, "bufsize": 8192},
}


class Arrays(Options):
    """``np.set_printoptions``, ``np.seterr``, ``np.seterrcall``, ``np.setbufsize``."""

    name = "numpy"
    library = "numpy"
    sign = "set_printoptions"

    def live(self) -> Mapping[str, object]:
        """Return the options by group."""
        numpy = sys.modules["numpy"]
        return {
            "print": numpy.get_printoptions(),
            "error": numpy.geterr(),
            "other": {"call": numpy.geterrcall(), "bufsize": numpy.getbufsize()},
        }

    def differing(self, live: Mapping[str, object]) -> Mapping[str, object]:
        """Return what is not as numpy documents it, as ``group.option``."""
        found = {}
        for group, options in live.items():
            assert isinstance(options, dict)
            for name, value in options.items():
                if value != _DEFAULTS[group].get(name):
                    found[f"{group}.{name}"] = value
        return found

    def assign(self, name: str, value: object) -> None:
        """Set one option."""
        numpy = sys.modules["numpy"]
        group, _, option = name.partition(".")
        if group == "print":
            # It forgets the formatter unless it is told it again.
            numpy.set_printoptions(**{**numpy.get_printoptions(), option: value})
        elif group == "error":
            numpy.seterr(**{option: value})
        elif option == "call":
            numpy.seterrcall(value)
        else:
            numpy.setbufsize(value)

    def reset(self, name: str) -> None:
        """Set one option to its default."""
        group, _, option = name.partition(".")
        self.assign(name, _DEFAULTS[group].get(option))
