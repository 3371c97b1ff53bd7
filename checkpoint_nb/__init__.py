"""Notebooks that remember: cached cells and functions, run in parallel, watched live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkpoint_nb.decorators import checkpoint, task
from checkpoint_nb.errors import CheckpointWarning
from checkpoint_nb.fingerprint import content_of
from checkpoint_nb.reporting import progress
from checkpoint_nb.requires import requires
from checkpoint_nb.session import Session, configure, current_session
from checkpoint_nb.task import Task, TaskFactory

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = [
    "CheckpointWarning",
    "Session",
    "Task",
    "TaskFactory",
    "checkpoint",
    "configure",
    "content_of",
    "current_session",
    "progress",
    "requires",
    "task",
]
__version__ = "0.1.0"


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Do what ``%load_ext checkpoint_nb`` asks: register the magics."""
    from checkpoint_nb.notebook.extension import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take the magics and hooks away again; what is stored stays."""
    from checkpoint_nb.notebook.extension import unload

    unload(shell)
