"""Settings and where each may come from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from checkpoint_nb.errors import DeclarationError


@dataclass(frozen=True, slots=True)
class Config:
    """Settings of a session; an argument wins over the environment, the environment over defaults.

    Parameters
    ----------
    cache_dir
        Where results are kept: ``{CP_CACHE_DIR, or ./.cache}/checkpoint``, made at first use.
    key_file
        Secret that seals stored entries: ``CHECKPOINT_NB_KEY_FILE``, or one in the user's own
        configuration directory, made at first use. ``None`` means that default.
    slots
        Worker processes: ``CHECKPOINT_NB_SLOTS``, or the number of usable cores.
    background
        Cells are begun and not waited for, until a cell reads what they bind:
        ``CHECKPOINT_NB_BACKGROUND=1``.

    Examples
    --------
    >>> Config.resolve(environ={"CP_CACHE_DIR": "results", "CHECKPOINT_NB_SLOTS": "3"}).slots
    3
    """

    cache_dir: Path
    key_file: Path | None
    slots: int
    background: bool = False

    @classmethod
    def resolve(
        cls,
        *,
        cache_dir: str | os.PathLike[str] | None = None,
        key_file: str | os.PathLike[str] | None = None,
        slots: int | None = None,
        background: bool | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> Config:
        """Settle every setting now, relative paths against the current directory."""
        if cache_dir is None:
            cache_dir = Path(environ.get("CP_CACHE_DIR") or ".cache") / "checkpoint"
        if key_file is None:
            key_file = environ.get("CHECKPOINT_NB_KEY_FILE") or None
        return cls(
            cache_dir=Path(cache_dir).absolute(),
            key_file=None if key_file is None else Path(key_file).absolute(),
            slots=_slots(slots, environ.get("CHECKPOINT_NB_SLOTS")),
            background=_said(environ, "BACKGROUND") if background is None else background,
        )


def _said(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(f"CHECKPOINT_NB_{name}", "").lower() not in {"", "0", "no", "false", "off"}


def _slots(given: int | None, variable: str | None) -> int:
    said: int | str | None = given if given is not None else (variable or None)
    if said is None:
        return _usable_cores()
    try:
        slots = int(said)
    except ValueError:
        slots = 0
    if slots < 1:
        raise DeclarationError(
            "The number of slots must be a whole number, 1 or more.",
            {"given": said},
            "Unset CHECKPOINT_NB_SLOTS to use every core.",
        )
    return slots


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1
