"""The README is true: its first screen runs, and it names what there is."""

from __future__ import annotations

import re
from pathlib import Path

import checkpoint_nb
from checkpoint_nb.notebook.options import USAGE
from checkpoint_nb.notebook.verbs import VERBS
from tests.notebook.kernels import opened

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
FIRST_SCREEN = README.partition("## Two commands")[0]


def test_the_first_screen_runs_and_the_second_time_nothing_does(tmp_path):
    """At most 15 lines, run as they stand in a kernel, twice."""
    cells = re.findall(r"```python\n(.*?)```", FIRST_SCREEN, flags=re.DOTALL)
    assert sum(bool(line.strip()) for cell in cells for line in cell.splitlines()) <= 15
    with opened(tmp_path) as notebook:
        for _ in range(2):
            for cell in cells:
                answer = notebook.run(cell)
                assert answer.error == "", answer.traceback
        assert 0.9 < float(notebook.value("best([accuracy(10, images, labels)]).run()")) < 1
        info = "best([accuracy(C, images, labels) for C in (0.01, 0.1, 1, 10)]).run_with_info()[1]['ran']"
        assert notebook.value(info) == "{}"


def test_every_file_it_points_at_is_there():
    """Links and pictures lead somewhere."""
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_every_magic_is_named():
    """The table of magics is the list of the verbs that exist."""
    told = set(re.findall(r"`%checkpoint (\w+)", README))
    assert told == set(VERBS)
    assert all(f"{name}" in README for name in ("@checkpoint", "@task", "@requires"))
    assert set(re.findall(r"` (--\w+)", README)) == set(re.findall(r"(--\w+)", USAGE))
    assert checkpoint_nb.__version__ in (ROOT / "CHANGELOG.md").read_text()
