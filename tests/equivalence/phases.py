"""The runs of one notebook: plain, cold, warm, again in random order, and mixed."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tests.equivalence.comparing import AGAIN, Difference, Watcher
from tests.equivalence.kernel import Answer, Kernel, State
from tests.equivalence.outputs import Screen, Shown
from tests.equivalence.reading import Notebook
from tests.equivalence.rerunning import Reads, keeps_place, moved, unmoved

_IGNORED = ("__pycache__", ".ipynb_checkpoints", ".git", ".cache")


@dataclass
class Step:
    """One cell run in the plain kernel: what it showed, and what was there before and after."""

    cell: int
    shown: Shown
    before: State
    after: State
    error: str = ""


@dataclass
class Plain:
    """The plain run: the cells in order, then those that were run again, and those to be kept."""

    steps: list[Step] = field(default_factory=list)
    again: list[Step] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)


@dataclass
class Outcome:
    """All that was found out about one notebook.

    Parameters
    ----------
    notebook
        Which.
    differences
        What differed from the plain run, in the order in which it was seen.
    unsteady
        What differed too between two plain runs.
    hits
        By number of the cell: whether it was restored in the new kernel, where it could be.
    left
        By number of the cell: why it was not checkpointed.
    misses
        By number of the cell: what the extension said of a cell that ran in the warm kernel.
    again
        How many cells were run again in the warm kernel: in all, and restored.
    """

    notebook: Notebook
    differences: list[Difference] = field(default_factory=list)
    unsteady: list[Difference] = field(default_factory=list)
    hits: dict[int, bool] = field(default_factory=dict)
    left: dict[int, str] = field(default_factory=dict)
    misses: dict[int, str] = field(default_factory=dict)
    again: tuple[int, int] = (0, 0)
    stopped: str = ""

    def share(self) -> float:
        """Share of the checkpointed cells that were restored in the new kernel."""
        return sum(self.hits.values()) / len(self.hits) if self.hits else 1.0


class Runs:
    """The runs of one notebook, below one temporary folder.

    All happen at the same place, one after the other, each in a copy of the notebook's folder.

    Parameters
    ----------
    notebook
        What to run.
    home
        An empty folder.
    seed
        Chooses the cells that are run again, and the mixed half.
    """

    def __init__(self, notebook: Notebook, home: Path, seed: int = 0) -> None:
        self.notebook = notebook
        self._home = home
        self._seed = seed
        self._work = home / "work"

    def compare(self, *, mixed: bool = False) -> Outcome:
        """Run the notebook in every way and compare."""
        outcome = Outcome(self.notebook)
        outcome.left = {
            number: cell.plain_because
            for number, cell in enumerate(self.notebook.cells)
            if cell.plain_because
        }
        plain = self.plain()
        last = plain.steps[-1]
        if last.error and not self.notebook.cells[last.cell].raises:
            outcome.stopped = f"stops at cell {last.cell + 1}: {last.error}"
        watcher = Watcher(self.notebook, plain)
        every = frozenset(range(len(plain.steps)))
        self._checkpointed("cold", every, plain, watcher, outcome)
        self._checkpointed("warm", every, plain, watcher, outcome, keep=True)
        if mixed:
            half = frozenset(random.Random(self._seed).sample(sorted(every), len(every) // 2))
            self._checkpointed("mixed", half, plain, watcher, outcome)
            self._checkpointed("mixed warm", half, plain, watcher, outcome, keep=True)
        outcome.differences = watcher.differences
        if outcome.differences:
            self._sort_out(plain, outcome)
        return outcome

    def plain(self) -> Plain:
        """Run the notebook without the extension, then some of its cells again."""
        plain, screen = Plain(), Screen()
        reads = Reads(self.notebook.cells)
        self._fresh_folder()
        with Kernel(self._work, self._home) as kernel:
            state = kernel.state()
            for number, cell in enumerate(self.notebook.cells):
                step = self._step(kernel, number, screen, state)
                plain.steps.append(step)
                state = step.after
                if step.error and not cell.raises:
                    break
            for number in self._chosen(len(plain.steps)):
                if plain.steps[number].error:
                    continue
                before = plain.steps[number].before
                if not unmoved(reads.of(number), before, state):
                    others = moved(reads.of(number), before, state)
                    if keeps_place(reads.own(number), others, state):
                        plain.kept.append(number)
                    continue
                step = self._step(kernel, number, screen, state)
                plain.again.append(step)
                state = step.after
        return plain

    def _step(self, kernel: Kernel, number: int, screen: Screen, before: State) -> Step:
        answer = kernel.run(self.notebook.cells[number].source, f"cell-{number}")
        return Step(number, screen.shown(answer.messages), before, kernel.state(), answer.error)

    def _chosen(self, count: int) -> list[int]:
        return random.Random(self._seed).sample(range(count), -(-count // 3))

    def _checkpointed(
        self,
        phase: str,
        chosen: frozenset[int],
        plain: Plain,
        watcher: Watcher,
        outcome: Outcome,
        *,
        keep: bool = False,
    ) -> None:
        cache = self._home / "cache"
        if not keep:
            shutil.rmtree(cache, ignore_errors=True)
            self._fresh_folder()
        watcher.begin(phase)
        with Kernel(self._work, self._home, cache) as kernel:
            for step in plain.steps:
                answer = self._run(kernel, step.cell, chosen)
                watcher.look(kernel, answer, step)
                if phase == "warm":
                    self._count(kernel, step, answer, outcome)
            if phase == "warm":
                self._again(kernel, plain, watcher, outcome)

    def _run(self, kernel: Kernel, number: int, chosen: frozenset[int]) -> Answer:
        cell = self.notebook.cells[number]
        return kernel.run(cell.checkpointed if number in chosen else cell.source, f"cell-{number}")

    def _again(self, kernel: Kernel, plain: Plain, watcher: Watcher, outcome: Outcome) -> None:
        """Run cells again: first those that find what they found, then the others.

        A checkpointed cell keeps its place: run again after later cells changed what it reads, it
        takes what it took before, so it must show and bind what it did the first time (see
        :func:`~tests.equivalence.rerunning.keeps_place`).
        """
        every = frozenset(range(len(plain.steps)))
        answers = []
        watcher.begin("again")
        for step in plain.again:
            answers.append(self._run(kernel, step.cell, every))
            watcher.look(kernel, answers[-1], step)
        watcher.begin("kept place")
        for number in plain.kept:
            if number in outcome.left:
                continue
            answers.append(self._run(kernel, number, every))
            watcher.look_at_own(kernel, answers[-1], plain.steps[number])
        outcome.again = (len(answers), sum(answer.hit for answer in answers))

    def _count(self, kernel: Kernel, step: Step, answer: Answer, outcome: Outcome) -> None:
        if step.cell in outcome.left or step.error:
            return
        outcome.hits[step.cell] = answer.hit
        if not answer.hit:
            outcome.misses[step.cell] = answer.line or answer.error or "nothing said"

    def _fresh_folder(self) -> None:
        shutil.rmtree(self._work, ignore_errors=True)
        ignored = shutil.ignore_patterns(*_IGNORED)
        shutil.copytree(self.notebook.path.parent, self._work, ignore=ignored)

    def _sort_out(self, plain: Plain, outcome: Outcome) -> None:
        """Set apart what is not the same in two plain runs either."""
        watcher = Watcher(self.notebook, plain)
        watcher.begin("plain again")
        second = self.plain()
        for one, other in zip(plain.steps, second.steps, strict=False):
            watcher.compare(one, other.shown, other.after)
        since: dict[str, int] = {}
        for found in watcher.differences:
            since.setdefault(found.what, found.cell)
        outputs = {found.cell for found in watcher.differences if found.what == "output"}
        for found in list(outcome.differences):
            later = found.phase in AGAIN or since.get(found.what, found.cell + 1) <= found.cell
            if found.cell in outputs if found.what == "output" else found.what in since and later:
                outcome.differences.remove(found)
                outcome.unsteady.append(found)
