"""``python -m tests.equivalence FOLDER_OR_NOTEBOOK ...``: compares notebooks with their plain runs."""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.equivalence.comparing import Difference
from tests.equivalence.phases import Outcome, Runs
from tests.equivalence.reading import find, read


def main(words: list[str]) -> int:
    """Run every notebook in every way, report, and return 1 if anything differed."""
    parser = argparse.ArgumentParser(prog="python -m tests.equivalence", description=__doc__)
    parser.add_argument("places", nargs="+", type=Path, help="notebooks (.ipynb, .md), or folders")
    parser.add_argument("--seed", type=int, default=0, help="chooses the cells run again")
    parser.add_argument(
        "--mixed", action="store_true", help="also with half the cells checkpointed"
    )
    parser.add_argument("--brief", action="store_true", help="only the counts and the first lines")
    chosen = parser.parse_args(words)
    outcomes = []
    for path in find(chosen.places):
        with tempfile.TemporaryDirectory(prefix="equivalence-") as home:
            outcome = Runs(read(path), Path(home), chosen.seed).compare(mixed=chosen.mixed)
        outcomes.append(outcome)
        print(report(outcome, brief=chosen.brief), flush=True)
    print(total(outcomes))
    return 1 if any(outcome.differences for outcome in outcomes) else 0


def report(outcome: Outcome, *, brief: bool = False) -> str:
    """Say in readable lines what was found out about one notebook."""
    hits, again = outcome.hits, outcome.again
    lines = [
        f"{outcome.notebook.path.name}: {len(outcome.differences)} differences; warm "
        f"{sum(hits.values())} of {len(hits)} cells restored ({outcome.share():.0%}); run again "
        f"{again[1]} of {again[0]} restored"
    ]
    if outcome.stopped:
        lines.append(f"  {outcome.stopped}")
    if not brief:
        left = [f"{number + 1} ({why})" for number, why in outcome.left.items()]
        lines += [f"  left as they are: {', '.join(left)}"] if left else []
        lines += [f"  missed, cell {n + 1}: {line}" for n, line in outcome.misses.items()]
    for found in merged(outcome.differences):
        lines.append(str(found).splitlines()[0] if brief else str(found))
    unsteady = [f"{found.what} (cell {found.cell + 1})" for found in outcome.unsteady]
    if unsteady:
        lines.append(f"  not the same in two plain runs: {', '.join(dict.fromkeys(unsteady))}")
    return "\n".join(lines)


def merged(differences: list[Difference]) -> list[Difference]:
    """Say once what is the same in several runs."""
    first: dict[tuple[object, ...], Difference] = {}
    for found in differences:
        key = (found.cell, found.what, found.plain, found.ours)
        known = first.get(key)
        phase = found.phase if known is None else f"{known.phase}, {found.phase}"
        first[key] = replace(found, phase=phase)
    return list(first.values())


def total(outcomes: list[Outcome]) -> str:
    """Say it of all notebooks together."""
    cells = sum(len(outcome.hits) for outcome in outcomes)
    hits = sum(sum(outcome.hits.values()) for outcome in outcomes)
    clean = sum(not outcome.differences for outcome in outcomes)
    share = f"{hits / cells:.0%}" if cells else "no cells"
    return (
        f"{clean} of {len(outcomes)} notebooks equal; {hits} of {cells} cells restored in a new "
        f"kernel ({share})"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
