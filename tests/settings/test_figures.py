"""Figures in a worker whose IPython came after the first of them."""

from __future__ import annotations

import subprocess
import sys

FIRST_WITHOUT = """
import pickle
from checkpoint_nb.settings import Settings, changed, connect_shell
inline = "module://matplotlib_inline.backend_inline"
parts = {"matplotlib": {"backend": inline}, "figures": {"formats": ("svg",)}}
settings = Settings(pickle.dumps({**Settings.here().parts, **parts}))

settings.enter()
import matplotlib.pyplot as plt
plt.plot([1, 2])

settings.enter()
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
connect_shell()
before = Settings.here()
figure = plt.figure()
plt.plot([1])
print(sorted(shell.display_formatter.format(figure)[0]), plt.get_fignums(), changed(before))
"""


def test_work_without_ipython_may_draw_first():
    """A cell that runs later in the same worker shows its figures as the notebook does."""
    answer = subprocess.run([sys.executable, "-c", FIRST_WITHOUT], capture_output=True, text=True)
    assert answer.stdout.strip() == "['image/svg+xml', 'text/plain'] [1] {}", answer.stderr
