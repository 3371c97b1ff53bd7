"""Notebooks give with every cell checkpointed what they give without."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.equivalence.__main__ import report
from tests.equivalence.expected import DIFFERS, FLOOR, LOWER, NEEDS
from tests.equivalence.phases import Runs
from tests.equivalence.reading import find, read

NOTEBOOKS = find([Path(__file__).parent / "notebooks"])
QUICK = ("mutation", "async_cells")
"""Those that run each time; the others where there is time."""


def _rows() -> list[object]:
    rows = []
    for path in NOTEBOOKS:
        marks = [pytest.mark.timeout(600)]
        if path.stem not in QUICK:
            marks.append(pytest.mark.slow)
        if path.stem in DIFFERS:
            marks.append(pytest.mark.xfail(reason=DIFFERS[path.stem], strict=True))
        rows.append(pytest.param(path, id=path.stem, marks=marks))
    return rows


@pytest.mark.parametrize("path", _rows())
def test_a_checkpointed_notebook_gives_what_the_plain_one_gives(path, tmp_path):
    """Cold, warm in a new kernel, and with cells run again: every variable and output is the same."""
    if path.stem in NEEDS:
        pytest.importorskip(NEEDS[path.stem])
    home = tmp_path / "home"
    home.mkdir()
    outcome = Runs(read(path), home).compare(mixed=path.stem not in QUICK)
    assert not outcome.stopped
    assert not outcome.differences, report(outcome)
    assert not outcome.unsteady, report(outcome)
    assert outcome.share() >= LOWER.get(path.stem, FLOOR), report(outcome)


def test_there_are_notebooks_of_many_kinds():
    """A dozen and more notebooks, each of six cells at least."""
    assert len(NOTEBOOKS) >= 16
    assert all(len(read(path).cells) >= 6 for path in NOTEBOOKS)


def test_the_table_of_what_differs_names_notebooks_that_are_there():
    """A row that outlives its notebook would say nothing."""
    assert {*DIFFERS, *LOWER, *NEEDS} <= {path.stem for path in NOTEBOOKS}
