"""What of the settings a result may hang on, as a digest for each kind."""

from __future__ import annotations

import uuid
from functools import lru_cache
from typing import Final

from checkpoint_nb.errors import FingerprintError
from checkpoint_nb.fingerprint import digest
from checkpoint_nb.settings.kind import Part
from checkpoint_nb.settings.plain import from_plain
from checkpoint_nb.settings.snapshot import Settings

DISPLAY: Final = (
    *("matplotlib", "figures", "IPython", "locale"),
    *("numpy display", "pandas display", "polars display"),
)
"""Kinds that decide what is shown."""
VALUE: Final = ("decimal", "numpy", "pandas", "polars")
"""Kinds that decide what is computed."""

_SHOWN: Final = {
    "numpy": ("print.",),
    "pandas": ("display.", "styler.", "plotting."),
    "polars": ("set_", "POLARS_FMT_", "POLARS_TABLE_"),
}
_NO_LOOKS: Final = frozenset({"backend", "interactive", "flags"})


def digests(settings: Settings | None = None) -> dict[str, str]:
    """Return a digest for each of ``DISPLAY`` and ``VALUE``: of what is not at its default.

    Equal settings have equal digests in every process, and also where a library is not imported.

    Examples
    --------
    >>> import decimal
    >>> before = digests()
    >>> decimal.getcontext().prec = 50
    >>> after = digests()
    >>> [kind for kind in before if before[kind] != after[kind]]
    ['decimal']
    >>> decimal.getcontext().prec = 28
    """
    return dict(_digests(Settings.here() if settings is None else settings))


@lru_cache(maxsize=4)
def _digests(settings: Settings) -> dict[str, str]:
    return {kind: _digest(_options(kind, settings)) for kind in (*DISPLAY, *VALUE)}


def _options(kind: str, settings: Settings) -> Part:
    library, _, shown = kind.partition(" ")
    part = settings.parts.get(library, {})
    if library not in _SHOWN:
        return {name: value for name, value in part.items() if name not in _NO_LOOKS}
    words = _SHOWN[library]
    return {name: value for name, value in part.items() if name.startswith(words) is bool(shown)}


def _digest(options: Part) -> str:
    try:
        return digest(tuple((name, from_plain(options[name])) for name in sorted(options)))
    except FingerprintError:
        # What cannot be compared is another each time it is set.
        return uuid.uuid4().hex
