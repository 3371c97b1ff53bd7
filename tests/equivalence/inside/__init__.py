"""What runs inside a kernel: a faithful account of its variables and settings, as text.

It stands on its own: only the standard library, nothing of checkpoint_nb, and no library is
imported that the notebook did not load.
"""

from __future__ import annotations

import json
from pathlib import Path

from . import settings
from .values import Account


def write_state(shell: object, path: str) -> None:
    """Write what the namespace of ``shell`` holds, and the settings, to the file ``path``."""
    state = {"variables": {}, "aliases": [], "settings": settings.now()}
    account = Account(shell.user_ns)
    for name in sorted(public(shell)):
        state["variables"][name] = account.of(name, shell.user_ns[name])
    state["aliases"] = account.aliases()
    state["variables"]["_"] = Account(shell.user_ns).of("_", shell.user_ns.get("_"))
    # Each on its own: which results of different cells share objects is not told.
    results = [
        f"{number}: {Account(shell.user_ns).of(f'Out[{number}]', value)}"
        for number, value in shell.user_ns.get("Out", {}).items()
    ]
    state["variables"]["Out"] = "\n".join(results)
    Path(path).write_text(json.dumps(state), encoding="utf-8", errors="surrogatepass")


def public(shell: object) -> list[str]:
    """Return the names a user can see."""
    hidden = {"In", "Out", "exit", "quit", "get_ipython", "open"}
    return [
        name
        for name, value in shell.user_ns.items()
        if not name.startswith("_")
        and name not in hidden
        and not (name in shell.user_ns_hidden and shell.user_ns_hidden[name] is value)
    ]
