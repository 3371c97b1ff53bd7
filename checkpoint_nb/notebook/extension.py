"""Loads the extension into a shell and takes it out again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from checkpoint_nb.notebook.awaiting import AwaitMagics
from checkpoint_nb.notebook.magics import CheckpointMagics

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_NAME = "checkpoint"
_loaded: dict[int, tuple[CheckpointMagics, AwaitMagics]] = {}


def load(shell: InteractiveShell) -> None:
    """Register the magics and the hook that makes them awaited; loading twice is loading once."""
    if id(shell) in _loaded:
        return
    magics, hook = CheckpointMagics(shell), AwaitMagics(shell)
    shell.register_magics(magics)
    shell.input_transformers_post.append(hook)
    shell.input_transformers_cleanup.append(magics.comment_form)
    shell.events.register("pre_run_cell", magics.before_cell)
    shell.events.register("post_run_cell", magics.after_cell)
    _loaded[id(shell)] = (magics, hook)
    threading.Thread(target=_get_ready, name="checkpoint_nb ready", daemon=True).start()


def _get_ready() -> None:
    """Import what the first cell will need, while its user still writes it."""
    import checkpoint_nb.travel
    from checkpoint_nb.graph import get_ready

    get_ready()
    _ = checkpoint_nb.travel.packed


def unload(shell: InteractiveShell) -> None:
    """Take magics and hook away again; what is stored stays."""
    magics, hook = _loaded.pop(id(shell), (None, None))
    if magics is None or hook is None:
        return
    magics.close()
    shell.events.unregister("pre_run_cell", magics.before_cell)
    shell.events.unregister("post_run_cell", magics.after_cell)
    shell.input_transformers_post.remove(hook)
    shell.input_transformers_cleanup.remove(magics.comment_form)
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop(_NAME, None)
