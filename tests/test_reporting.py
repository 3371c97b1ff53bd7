"""Progress of long tasks: said in a worker, read in the kernel."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from checkpoint_nb import progress
from checkpoint_nb.errors import ArgumentError
from checkpoint_nb.reporting import HowFar, reported, reporting


def test_the_last_report_is_read_and_goes_with_the_task(tmp_path):
    """What was said last is there while the task runs, and no file is left after it."""
    path = str(tmp_path / "a")
    assert reported(path) is None
    with reporting(path):
        progress(1, 4, "first é")
        assert reported(path) == HowFar(1, 4, "first é")
        progress(4, 4)
        assert reported(path) == HowFar(4, 4, "")
    assert os.listdir(tmp_path) == []


def test_without_a_total_there_is_no_part(tmp_path):
    """Nobody knows how much of it is done."""
    with reporting(str(tmp_path / "a")):
        progress(7, text="files")
        found = reported(str(tmp_path / "a"))
    assert (found.part, found.said) == (None, "7 files")


@pytest.mark.parametrize("part", [(5, 4), (-1, 4)])
def test_a_part_is_never_more_than_all_or_less_than_nothing(part):
    """A task that counts wrong draws no bar beyond the box."""
    assert HowFar(*part).part in (0.0, 1.0)


@pytest.mark.parametrize("wrong", [("many",), (1, "x"), (None, 3)])
def test_what_is_no_number_is_refused_where_it_is_said(wrong):
    """Also outside a task, where nobody listens."""
    with pytest.raises(ArgumentError, match="progress takes numbers"):
        progress(*wrong)


BARS = """
import sys, os, time
{before}
from checkpoint_nb.bars import bars_report
from checkpoint_nb.reporting import reported, reporting
bars_report(); bars_report()
from {module} import tqdm
with reporting(sys.argv[1]):
    with tqdm(total=8, mininterval=0, desc="outer", file=open(os.devnull, "w")) as bar:
        time.sleep(.06)
        bar.update(2)
        for _ in tqdm(range(5), mininterval=0, desc="inner", file=open(os.devnull, "w")):
            time.sleep(.06)
        print(reported(sys.argv[1]))
print(len([f for f in sys.meta_path if "checkpoint_nb" in type(f).__module__]))
"""


@pytest.mark.parametrize("before", ["", "import tqdm.auto"])
@pytest.mark.parametrize("module", ["tqdm", "tqdm.auto", "tqdm.std"])
def test_bars_of_tqdm_report_by_themselves(tmp_path, before, module):
    """The outermost bar, whether tqdm was imported before or after."""
    code = BARS.format(before=before, module=module)
    words = [sys.executable, "-c", code, str(tmp_path / "a")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["HowFar(done=2.0, total=8.0, text='outer')", "0"]


def test_a_report_costs_a_loop_little(tmp_path):
    """About as much as a line printed to a file."""

    def spent(act):
        began = time.perf_counter()
        for i in range(20_000):
            act(i)
        return time.perf_counter() - began

    with reporting(str(tmp_path / "a")), open(tmp_path / "b", "w", buffering=1) as file:
        told = min(spent(lambda i: progress(i, 20_000)) for _ in range(3))
        printed = min(spent(lambda i: print(i, "of", 20_000, file=file)) for _ in range(3))
    assert told < 3 * printed
