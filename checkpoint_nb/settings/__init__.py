"""What a process has set: taken in the notebook, put in force in a worker, told apart after."""

from __future__ import annotations

from checkpoint_nb.settings.digests import DISPLAY, VALUE, digests
from checkpoint_nb.settings.drawing import figures_are_shown, show_figures
from checkpoint_nb.settings.randomness import RandomState, count_on, drawn, go_on, state_digests
from checkpoint_nb.settings.seeding import seeded_by
from checkpoint_nb.settings.snapshot import (
    Difference,
    Settings,
    apply,
    changed,
    connect_shell,
)

__all__ = [
    "DISPLAY",
    "VALUE",
    "Difference",
    "RandomState",
    "Settings",
    "apply",
    "changed",
    "connect_shell",
    "count_on",
    "digests",
    "drawn",
    "figures_are_shown",
    "go_on",
    "seeded_by",
    "show_figures",
    "state_digests",
]
