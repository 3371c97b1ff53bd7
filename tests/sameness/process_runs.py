"""Runs cases as modules in fresh processes over one cache directory each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.sameness.kernel_runs import ROOT, Step, Story, write_modules
from tests.sameness.notebook_cells import Book
from tests.sameness.texts import Case

HEAD = "from checkpoint_nb import checkpoint\n"
SEEDS = ("0", "1", "77")


def stories(folder: Path, cases: dict[str, Case], in_pool: set[str]) -> dict[str, Story]:
    """Run the old texts in one process, the new ones in another, the old ones again in a third."""
    told = {name: Story() for name in cases}
    for step, seed in zip(("first", "edited", "back"), SEEDS, strict=True):
        wanted = []
        for name, case in cases.items():
            book = Book.of(case.after if step == "edited" else case.before).declared()
            task = HEAD + "\n".join(book.cells) + "\n"
            write_modules(folder / name / "code", {**book.modules, "task": task})
            wanted.append({"name": name, "called": case.called, "in_pool": name in in_pool})
        for name, said in run_process("modules", folder, wanted, seed).items():
            setattr(told[name], step, said)
    return told


def run_process(what: str, folder: Path, wanted: list[dict], seed: str) -> dict[str, Step]:
    """Start a process under a hash seed, and read what it told of each name."""
    environ = {
        **os.environ,
        "PYTHONHASHSEED": seed,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.sameness.child", what, str(folder)],
        input=json.dumps(wanted), env=environ, capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    told: dict[str, Step] = {}
    for line in done.stdout.splitlines():
        if line.startswith("@@"):
            said = json.loads(line[2:])
            name = said.pop("name")
            told[name] = Step(**said)
    for one in wanted:
        told.setdefault(one["name"], Step(error=f"the process said nothing: {done.stderr[-3000:]}"))
    return told
