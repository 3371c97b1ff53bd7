"""Settings of pandas and polars: their options."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Final

from checkpoint_nb.settings.drawing import shell_here
from checkpoint_nb.settings.kind import NOTHING, Part
from checkpoint_nb.settings.options import Options

_IN_NOTEBOOKS: Final[Mapping[str, object]] = {"display.max_columns": 20}
"""Options whose default pandas chooses by what it is imported in."""


class Pandas(Options):
    """``pd.set_option`` and ``pd.options``."""

    name = "pandas"
    library = "pandas"
    sign = "set_option"
    defaults_differ = True

    def unloaded(self) -> Part:
        """Return what pandas will choose where it is not imported in a notebook."""
        return NOTHING if hasattr(shell_here(), "kernel") else {"display.max_columns": 0}

    def live(self) -> Mapping[str, object]:
        """Return the tree of options."""
        # Asking for each of the options would take a hundred times as long, and warn of some.
        tree: object = getattr(_config(), "_global_config", None)
        return tree if isinstance(tree, dict) else {}

    def differing(self, live: Mapping[str, object]) -> Mapping[str, object]:
        """Return the options that are not at the default they were registered with."""
        found = {}
        for name, option in getattr(_config(), "_registered_options", {}).items():
            value: object = live
            for part in name.split("."):
                value = value.get(part, option.defval) if isinstance(value, dict) else value
            default = _IN_NOTEBOOKS.get(name, option.defval)
            if value is not default and value != default:
                found[name] = value
        return found

    def assign(self, name: str, value: object) -> None:
        """Set one option."""
        sys.modules["pandas"].set_option(name, value)

    def reset(self, name: str) -> None:
        """Set one option to its default."""
        if name in _IN_NOTEBOOKS:
            self.assign(name, _IN_NOTEBOOKS[name])
        else:
            sys.modules["pandas"].reset_option(name)


def _config() -> object:
    return getattr(sys.modules.get("pandas._config"), "config", None)


_DIRECT: Final[Mapping[str, object]] = {
    "set_fmt_float": "mixed",
    "set_thousands_separator": "",
    "set_decimal_separator": ".",
    "set_trim_decimal_zeros": False,
}
"""Options of polars that are no environment variables; what is not here is ``None`` at first."""


class Polars(Options):
    """``pl.Config``.

    To be put before the environment: most of it lives there, and polars must be told to look again.
    """

    name = "polars"
    library = "polars"
    sign = "Config"

    def live(self) -> Mapping[str, object]:
        """Return the environment, where most of the options live, and the rest of them."""
        polars = sys.modules["polars"]
        direct = getattr(sys.modules.get("polars.config"), "_POLARS_CFG_DIRECT_VARS", None)
        if direct is None:
            return {"text": polars.Config.save(if_set=True)}
        environ = os.environ._data  # type: ignore[attr-defined]
        return {"direct": [get() for get in direct.values()], "environ": environ}

    def differing(self, live: Mapping[str, object]) -> Mapping[str, object]:  # noqa: ARG002
        """Return the variables that are set, and the options that are not at their default."""
        saved = json.loads(sys.modules["polars"].Config.save(if_set=True))
        direct = saved.get("direct", {})
        found = {n: value for n, value in direct.items() if value != _DIRECT.get(n)}
        return {**found, **saved.get("environment", {})}

    def assign(self, name: str, value: object) -> None:
        """Set one option."""
        config = sys.modules["polars"].Config
        if name.startswith("set_"):
            getattr(config, name)(value)
        else:
            config.load(json.dumps({"environment": {name: value}}))

    def reset(self, name: str) -> None:
        """Set one option to its default."""
        if name.startswith("set_"):
            self.assign(name, _DIRECT.get(name))
        else:
            os.environ.pop(name, None)
            self.assign(name, None)
