"""Runs cases in one long-lived kernel, cell by cell, as a user would."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.notebook.kernels import Answer, Notebook
from tests.sameness.notebook_cells import Book, changed_modules, run_again
from tests.sameness.texts import Case

ROOT = Path(__file__).parents[2]

SETUP = f"""
import sys; sys.path.insert(0, {str(ROOT)!r}); sys.dont_write_bytecode = True
from checkpoint_nb import checkpoint, session
from checkpoint_nb.executors.slots import SlotExecutor
from tests.sameness import probe
from concurrent.futures import ThreadPoolExecutor as _Threads
_pool, _thread = probe.KeptOpen(SlotExecutor(2)), _Threads(1)
def _begin(folder):
    import os
    for name in set(globals()) - _kept:
        del globals()[name]
    probe.forget_modules(os.getcwd())
    os.makedirs(folder, exist_ok=True)
    os.chdir(folder)
    probe.new_session(os.path.join(folder, "cache", "checkpoint"), _pool)
_kept = {{*globals(), "_kept"}} | {{"_i", "_ii", "_iii", "_dh", "_oh", "_ih"}}
"""


@dataclass
class Step:
    """What one run of the task said."""

    ran: bool | None = None
    value: str = ""
    oracle: str = ""
    error: str = ""

    @classmethod
    def told(cls, answer: Answer) -> list[Step]:
        """Read what the probe printed."""
        lines = [line for line in answer.text.splitlines() if line.startswith("@@")]
        if not lines:
            return [cls(error=answer.traceback or answer.errors or "nothing was told")]
        return [cls(**json.loads(line[2:])) for line in lines]


@dataclass
class Story:
    """A case from its first run to the edit and back; ``again`` says which cells were run again."""

    first: Step = field(default_factory=Step)
    edited: Step = field(default_factory=Step)
    back: Step = field(default_factory=Step)
    again: list[int] = field(default_factory=list)
    error: str = ""

    @property
    def steps(self) -> dict[str, Step]:
        """The three runs by name."""
        return {"first": self.first, "edited": self.edited, "back": self.back}


class CaseKernel:
    """One kernel for many cases; each has a folder, a store and a namespace of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notebook = Notebook(folder)
        self.run(SETUP)

    def close(self) -> None:
        """End the kernel."""
        self.notebook.close()

    def run(self, code: str) -> Answer:
        """Run one cell that must not fail."""
        answer = self.notebook.run(code, timeout=60)
        if answer.error:
            raise RuntimeError(f"a cell failed:\n{code}\n{answer.traceback}")
        return answer

    def begin(self, name: str) -> None:
        """Begin anew: an empty notebook in a folder of its own."""
        self.run(f"_begin({str(self.folder / name)!r})")

    def ask(self, *calls: str, here: bool = False) -> list[Step]:
        """Run the task for each call, in the kernel itself if ``here``, and read what it said."""
        executor = "_thread" if here else "None"
        asked = (f"probe.tell(probe.ask(globals(), {called!r}, {executor}))" for called in calls)
        return Step.told(self.run("\n".join(asked)))

    def story(self, name: str, case: Case, *, cells: bool) -> Story:
        """Run a case with ``@checkpoint`` on the task, or with ``%%checkpoint`` on a cell."""
        story, folder = Story(), self.folder / name
        old, new = Book.of(case.before), Book.of(case.after)
        if not cells:
            old, new = old.declared(), new.declared()
        empty = Book({}, ("", "", ""))
        try:
            self.begin(name)
            for step, was, now in (
                ("first", empty, old), ("edited", old, new), ("back", new, old),
            ):  # fmt: skip
                self._edit(folder, was, now)
                again = run_again(was, now)
                story.again = again if step == "edited" else story.again
                for at in again:
                    self.run(now.cells[at])
                setattr(story, step, self._cell(name, case) if cells else self.ask(case.called)[-1])
        except (RuntimeError, TimeoutError) as error:
            story.error = str(error)
        return story

    def _edit(self, folder: Path, was: Book, now: Book) -> None:
        for module in changed_modules(was, now):
            _write(folder, module, now.modules)
            if module in was.modules:
                self.run(
                    "import importlib, sys; importlib.invalidate_caches()\n"
                    f"if {module!r} in sys.modules: importlib.reload(sys.modules[{module!r}]);"
                )
        if any(module not in now.modules for module in was.modules):
            for module in was.modules.keys() - now.modules.keys():
                _path(folder, module, was.modules).unlink()

    def _cell(self, name: str, case: Case) -> Step:
        name = "out_" + "".join(c if c.isalnum() else "_" for c in name)
        said = self.run(f"%%checkpoint {name}\n{name} = f({case.called})")
        asked = f"probe.tell(probe.compare({name}, lambda: f({case.called})))"
        [told] = Step.told(self.run(asked))
        told.ran = ran_in(said)
        return told


def ran_in(answer: Answer) -> bool:
    """Return whether a checkpointed cell ran, from the facts in its own line."""
    facts = [d["metadata"].get("checkpoint_nb", {}) for d in answer.displays]
    return bool([fact for fact in facts if "ran" in fact][-1]["ran"])


def write_modules(folder: Path, modules: dict[str, str]) -> None:
    """Write modules as files, and take away what was there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in modules:
        _write(folder, name, modules)


def _write(folder: Path, module: str, modules: Iterable[str]) -> None:
    path = _path(folder, module, modules)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(modules[module])


def _path(folder: Path, module: str, modules: Iterable[str]) -> Path:
    path = folder.joinpath(*module.split("."))
    is_package = any(other.startswith(f"{module}.") for other in modules)
    return path / "__init__.py" if is_package else path.with_suffix(".py")
