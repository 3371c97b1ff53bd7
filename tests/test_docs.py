"""The pages in docs/ are true: every example on them is run as it stands."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PROGRAM = """
import doctest, re, sys
from pathlib import Path
page = Path(sys.argv[1])
blocks = re.sub(r"(?m)^```.*$", "", page.read_text())
test = doctest.DocTestParser().get_doctest(blocks, {"__name__": "__main__"}, page.name, page.name, 0)
runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
sys.modules["__main__"].__dict__.update(test.globs)
test.globs = sys.modules["__main__"].__dict__
print(runner.run(test, clear_globs=False))
sys.exit(bool(runner.failures))
"""


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_every_example_on_a_page_does_what_it_says(page, tmp_path):
    """The examples of one page, in order, in a new process over an empty cache."""
    assert ">>> " in page.read_text()
    environ = {
        **os.environ,
        "CP_CACHE_DIR": str(tmp_path / "cache"),
        "CHECKPOINT_NB_KEY_FILE": str(tmp_path / "key"),
    }
    (tmp_path / "run.py").write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, "run.py", str(page)],
        cwd=tmp_path, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_links_on_a_page_lead_somewhere(page):
    """A file that is linked to is there."""
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target
