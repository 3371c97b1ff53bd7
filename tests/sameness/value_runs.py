"""Runs the pairs of values through a task: in one kernel, and in fresh processes over one store."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from pathlib import Path

from array_cases import ARRAY_PAIRS, ARRAY_PREAMBLE
from value_cases import PAIRS, PREAMBLE, Pair

from tests.sameness.kernel_runs import CaseKernel, Step
from tests.sameness.process_runs import run_process

TASK = """
@checkpoint
def f(value, row, shy=False):
    return type(value).__name__ if shy else value
"""

DEEP = "nested too deep to travel"
AS_BYTES = "comes back as bytes"
ODD = "cannot be pickled and loaded again as it is"

SHY = {
    "138-deep": DEEP,
    "138-deep-and-different": DEEP,
    "138-deep-tuples": DEEP,
    "138-chains-of-instances": DEEP,
    "141-memoryview": AS_BYTES,
    "143-strided-views": AS_BYTES,
    "143-states-of-two-parts": ODD,
    "143-state-that-a-class-leaves-out": ODD,
    "143-singletons-that-hold-state": ODD,
    "143-objects-that-raise": ODD,
    "143-equal-objects-that-raise": ODD,
}
"""Pairs whose values stay in the process: the task runs beside them, looks, and does not return them."""


@dataclass
class Asked:
    """What the task said of one value and then of the other."""

    one: Step = field(default_factory=Step)
    two: Step = field(default_factory=Step)
    again: Step = field(default_factory=Step)
    error: str = ""


def all_pairs() -> list[Pair]:
    """Return the pairs whose libraries are installed, with different names."""
    pairs: dict[str, Pair] = {}
    for pair in [*PAIRS, *ARRAY_PAIRS]:
        if all(importlib.util.find_spec(name) for name in pair.needs):
            named, count = pair, 1
            while named.id in pairs:
                count += 1
                named = pair._replace(title=f"{pair.title} {count}")
            pairs[named.id] = named
    return list(pairs.values())


def _preambles(pairs: list[Pair]) -> list[str]:
    wanted = any(pair.needs for pair in pairs)
    return [PREAMBLE, ARRAY_PREAMBLE] if wanted else [PREAMBLE]


def _called(pair: Pair, text: str, row: int) -> str:
    return f"({text}), {row}" + (", shy=True" if pair.id in SHY else "")


def in_kernel(kernel: CaseKernel, pairs: list[Pair]) -> dict[str, Asked]:
    """Ask about the first value, the second, and the first again, in cells of one kernel."""
    kernel.begin("values")
    for cell in [*_preambles(pairs), TASK]:
        kernel.run(cell)
    found: dict[str, Asked] = {}
    for row, pair in enumerate(pairs):
        try:
            if pair.setup:
                kernel.run(pair.setup)
            calls = [_called(pair, text, row) for text in (pair.one, pair.two, pair.one)]
            found[pair.id] = Asked(*kernel.ask(*calls, here=pair.id in SHY))
        except (RuntimeError, TimeoutError) as error:
            found[pair.id] = Asked(error=str(error))
    return found


def in_processes(folder: Path, pairs: list[Pair]) -> dict[str, Asked]:
    """Ask about the first values in one process; in another about the second, and the first again."""
    folder.mkdir(parents=True)
    head = "from checkpoint_nb import checkpoint\n"
    (folder / "value_tasks.py").write_text(head + "\n".join([*_preambles(pairs), TASK]))
    first, second = [], []
    for row, pair in enumerate(pairs):
        for name, text in (("one", pair.one), ("two", pair.two), ("again", pair.one)):
            called = _called(pair, text, row)
            asked = {"name": f"{name} {pair.id}", "called": called, "setup": pair.setup}
            (first if name == "one" else second).append(asked)
    told = run_process("values", folder, first, "0") | run_process("values", folder, second, "77")
    return {
        pair.id: Asked(*(told[f"{name} {pair.id}"] for name in ("one", "two", "again")))
        for pair in pairs
    }
