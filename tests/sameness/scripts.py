"""Small scripts in fresh processes over one cache directory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.sameness.kernel_runs import ROOT

HEAD = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
from checkpoint_nb import checkpoint
def tell(call):
    with ThreadPoolExecutor(1) as thread:
        value, info = call.run_with_info(executor=thread)
    print(json.dumps([value, bool(info["ran"])]))
"""


@dataclass
class Scripts:
    """A folder in which scripts run one after the other."""

    folder: Path
    seed: int = 0
    places: list[Path] = field(default_factory=list)

    def start(self, text: str, python: str = sys.executable) -> subprocess.Popen:
        """Start a script; each has another hash seed."""
        self.seed += 1
        places = [*map(str, self.places), str(self.folder), str(ROOT)]
        environ = {
            **os.environ,
            "CP_CACHE_DIR": str(self.folder / "cache"),
            "CHECKPOINT_NB_KEY_FILE": str(self.folder / "secret" / "key"),
            "PYTHONHASHSEED": str(self.seed),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.pathsep.join(places),
        }
        return subprocess.Popen(
            [python, "-c", HEAD + text], cwd=self.folder, env=environ, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def end(self, started: subprocess.Popen) -> tuple[object, bool]:
        """Wait for a script; return the value it told and whether its task ran."""
        said, errors = started.communicate(timeout=120)
        assert started.returncode == 0, errors
        value, ran = json.loads(said.splitlines()[-1])
        return value, ran

    def run(self, text: str, python: str = sys.executable) -> tuple[object, bool]:
        """Run a script to its end."""
        return self.end(self.start(text, python))
