"""Finds what differs from the plain run, and says it so that one can read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.equivalence.outputs import Screen, Shown

if TYPE_CHECKING:
    from tests.equivalence.kernel import Answer, Kernel, State
    from tests.equivalence.phases import Plain, Step
    from tests.equivalence.reading import Notebook

AGAIN = ("again", "kept place")
"""The phases in which cells are run again, in a kernel that has run all of them."""
_LIBRARIES = {"numpy": "numpy", "pandas": "pandas", "matplotlib": "matplotlib.pyplot"}


@dataclass(frozen=True)
class Difference:
    """Something that is not as in the plain run.

    Parameters
    ----------
    phase
        In which run.
    cell
        After which cell, counted from 0.
    what
        ``variable x``, ``output``, ``setting x`` or ``sharing``.
    plain, ours
        What the plain run gave, and what the checkpointed one gave.
    source
        The cell.
    """

    phase: str
    cell: int
    what: str
    plain: str
    ours: str
    source: str

    def __str__(self) -> str:
        plain, ours = around(self.plain, self.ours)
        body = "\n".join(f"      | {line}" for line in self.source.splitlines()[:12])
        return (
            f"  {self.phase}, cell {self.cell + 1}: {self.what}\n{body}\n"
            f"      plain: {plain}\n      ours:  {ours}"
        )


class Watcher:
    """Compares what a kernel shows and holds with the plain run, cell by cell.

    A variable that stays different is told once in each phase.

    Parameters
    ----------
    notebook, plain
        What is run, and what it must give.
    """

    def __init__(self, notebook: Notebook, plain: Plain) -> None:
        self._notebook = notebook
        self._plain = plain
        self.differences: list[Difference] = []
        self._phase = ""
        self._told: dict[str, str] = {}
        self._screen = Screen()

    def begin(self, phase: str) -> None:
        """Begin a phase; running cells again goes on in the kernel of the phase before."""
        self._phase = phase
        if phase not in AGAIN:
            self._told, self._screen = {}, Screen()

    def look(self, kernel: Kernel, answer: Answer, step: Step) -> None:
        """Compare after a cell."""
        state = kernel.state()
        missing = sorted(step.after.variables.keys() - state.variables.keys())
        if missing:
            kernel.touch(missing)
            state = kernel.state()
        there, here = ({name.split()[0] for name in one.settings} for one in (step.after, state))
        absent = [library for name, library in _LIBRARIES.items() if name in there - here]
        if absent:
            for library in absent:
                kernel.load(library)
            state.settings = kernel.state().settings
        self.compare(step, self._screen.shown(answer.messages), state)

    def look_at_own(self, kernel: Kernel, answer: Answer, step: Step) -> None:
        """Compare only what the cell itself showed and bound."""
        self._outputs(step, self._screen.shown(answer.messages))
        state = kernel.state()
        for name, said in step.after.variables.items():
            if name not in ("_", "Out") and step.before.variables.get(name) != said:
                self._tell(step, f"variable {name}", said, state.variables.get(name, "(missing)"))

    def compare(self, step: Step, shown: Shown, state: State) -> None:
        """Compare all that was shown and is held with what the plain run had."""
        self._outputs(step, shown)
        self._missing(step, state)
        for name in sorted(state.variables):
            plain = step.after.variables.get(name, "(missing)")
            self._tell(step, f"variable {name}", plain, state.variables[name])
        ours, plain = set(state.aliases), set(step.after.aliases)
        self._tell(step, "sharing", _lines(plain - ours), _lines(ours - plain))
        self._settings(step, state)

    def _settings(self, step: Step, state: State) -> None:
        """Tell together what differs of the settings of one library."""
        plain, ours = step.after.settings, state.settings
        told: dict[str, list[str]] = {}
        for name in sorted(plain.keys() | ours.keys()):
            names = told.setdefault(name.split()[0], [])
            steady = "random" not in name or self._notebook.seeded(name, step.cell)
            if steady and plain.get(name) != ours.get(name):
                names.append(name)
        for library, names in told.items():
            texts = ["; ".join(f"{n} = {one.get(n)}" for n in names) for one in (plain, ours)]
            self._tell(step, f"setting {library}", *texts)

    def _missing(self, step: Step, state: State) -> None:
        """Tell together the names that are missing since this cell."""
        missing = step.after.variables.keys() - state.variables.keys()
        fresh = sorted(name for name in missing if f"missing {name}" not in self._told)
        self._told = {
            what: ours
            for what, ours in self._told.items()
            if not what.startswith("missing ") or what.removeprefix("missing ") in missing
        }
        self._told.update({f"missing {name}": "" for name in fresh})
        if fresh:
            said = "; ".join(f"{name} = {step.after.variables[name][:80]}" for name in fresh)
            what = "variable " + (fresh[0] if len(fresh) == 1 else f"{fresh[0]} and others")
            self._add(step, what, said, "(missing)")

    def _outputs(self, step: Step, shown: Shown) -> None:
        if shown != step.shown:
            plain, ours = _without_same(step.shown, shown)
            self._add(step, "output", plain, ours)

    def _tell(self, step: Step, what: str, plain: str, ours: str) -> None:
        told = self._told.get(what)
        if plain == ours:
            self._told.pop(what, None)
        elif told is None:
            self._told[what] = ours
            self._add(step, what, plain, ours)

    def _add(self, step: Step, what: str, plain: str, ours: str) -> None:
        source = self._notebook.cells[step.cell].source
        self.differences.append(Difference(self._phase, step.cell, what, plain, ours, source))


def around(plain: str, ours: str, before: int = 60, after: int = 240) -> tuple[str, str]:
    """Cut two texts down to where they begin to differ."""
    same = next((at for at, (a, b) in enumerate(zip(plain, ours, strict=False)) if a != b), None)
    same = min(len(plain), len(ours)) if same is None else same
    begin = max(0, same - before)
    return tuple(  # type: ignore[return-value]
        ("…" if begin else "")
        + text[begin : same + after]
        + ("…" if same + after < len(text) else "")
        for text in (plain, ours)
    )


def _lines(found: set[str]) -> str:
    return "; ".join(sorted(found)) or "(nothing more)"


def _without_same(plain: Shown, ours: Shown) -> tuple[str, str]:
    """Leave out the outputs that are the same at the beginning."""
    same = 0
    while same < min(len(plain), len(ours)) and plain[same] == ours[same]:
        same += 1
    return tuple(  # type: ignore[return-value]
        "\n".join(f"[{kind}] {text}" for kind, text in shown[same:]) or "(nothing more)"
        for shown in (plain, ours)
    )
