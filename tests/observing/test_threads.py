"""Whose an event is when several threads are at work."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cloudpickle
import pytest

from checkpoint_nb.executors.mailbox import Mailbox
from checkpoint_nb.observing.content import edited
from checkpoint_nb.observing.environ import variable_digest
from checkpoint_nb.observing.hook import aside, concerned, on_behalf, pass_on
from checkpoint_nb.observing.watch import observed


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A file that is older than any watch."""
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("x")
    return Path("a.txt")


def in_thread(work):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def in_a_thread_of_ours(work):
    mailbox = Mailbox("example")
    mailbox.start()
    mailbox.post(work)
    mailbox.stop()
    mailbox.join(10)


def watch_meanwhile(work, **words):
    """Watch a thread that does nothing while ``work`` goes on here."""

    def idle():
        with observed(**words) as seen:
            begun.set()
            over.wait(10)
        return seen

    begun, over = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(idle)
        begun.wait(10)
        try:
            work()
        finally:
            over.set()
        return answer.result()


@pytest.mark.parametrize(
    ("where", "counts"),
    [
        (lambda work: work(), False),
        (in_a_thread_of_ours, False),
        (in_thread, True),
    ],
    ids=["main", "ours", "unknown"],
)
def test_threads_that_do_something_else_do_not_count(file, where, counts):
    """In a kernel the main thread and our own are no part of a task; any other one may be."""

    def read():
        file.read_text()

    seen = watch_meanwhile(lambda: where(read), is_alone=False)
    assert bool(seen.files) == counts
    assert watch_meanwhile(lambda: where(read), is_alone=True).files


def test_a_thread_of_ours_counts_for_the_task_that_asked_it(file):
    """What runs another task for a task belongs to it."""

    def work():
        with on_behalf(asking):
            file.read_text()

    with observed(is_alone=False) as seen:
        asking = concerned()
        in_a_thread_of_ours(work)
    assert len(seen.files) == 1


def test_a_watch_within_another_tells_both(file):
    """What a task does that another one asked for counts for both, from whichever thread."""
    with observed(is_alone=False) as outer:
        within = concerned()

        def work():
            with observed(within=within, is_alone=False) as inner:
                file.read_text()
            return inner

        inner = in_thread(work)
        os.listdir(".")
    assert (len(outer.files), len(inner.files)) == (1, 1)
    assert (len(outer.folders), len(inner.folders)) == (1, 0)


def test_what_a_record_says_was_read_is_passed_on():
    """Whoever asks for a result that is known has read what it was made from."""
    with observed(is_alone=False) as seen:
        assert edited({"$no such variable": variable_digest("no such variable")}) == ""
        pass_on({"a.csv": "abc"})
    assert list(seen.passed) == ["$no such variable", "a.csv"]
    in_thread(lambda: pass_on({"b.csv": "abc"}))
    assert list(seen.passed) == ["$no such variable", "a.csv"]


def test_what_is_done_aside_counts_for_nobody(file):
    """What a thread does between two tasks is neither's."""

    def work():
        with aside():
            file.read_text()

    assert not watch_meanwhile(lambda: in_thread(work), is_alone=False)


def test_a_variable_counts_for_the_thread_that_reads_it(monkeypatch):
    """The main thread's reading and setting is not the task's, nor another task's."""
    monkeypatch.setenv("CITY", "Kyiv")

    def work():
        os.environ["TOWN"] = "x"
        os.environ.get("CITY")

    monkeypatch.setenv("TOWN", "")

    def other():
        with observed(is_alone=False) as seen:
            work()
        assert list(seen.variables) == ["CITY"]

    assert not watch_meanwhile(lambda: (work(), in_thread(other)), is_alone=False)


def test_a_variable_with_two_values_is_never_the_same_again(monkeypatch):
    """Somebody else set it between two looks: nobody can say which one counted."""
    monkeypatch.setenv("CITY", "Kyiv")
    setting = ThreadPoolExecutor(1)

    def set_it():
        with aside():
            os.environ["CITY"] = "Lviv"

    with observed(is_alone=False) as seen:
        os.environ.get("CITY")
        setting.submit(set_it).result()
        os.environ.get("CITY")
    assert seen.variables == {"CITY": "changed meanwhile"}
    setting.shutdown()


@pytest.mark.parametrize(
    "use",
    [
        copy.copy,
        copy.deepcopy,
        os._Environ.copy,
        dict,
        repr,
        sorted,
        lambda environ: environ | {"A": "1"},
        lambda environ: {"A": "1"} | environ,
        lambda environ: pickle.loads(cloudpickle.dumps(environ)),
        lambda environ: subprocess.run(
            [sys.executable, "-c", "import os; print(len(os.environ))"],
            env=environ, check=True, capture_output=True,
        ).stdout,
        lambda environ: (environ.setdefault("B", "1"), environ.pop("B"), "B" in environ),
    ],
)  # fmt: skip
def test_the_environment_behaves_as_ever(use):
    """Whatever is done to it gives the same, of the same type, while a task is watched."""
    plain = use(os.environ)
    with observed(is_alone=False):
        watched = use(os.environ)
        assert isinstance(os.environ, os._Environ)
    assert (type(watched), watched) == (type(plain), plain)
    assert type(os.environ) is os._Environ


def test_an_environment_of_somebody_elses_is_left_alone(monkeypatch):
    """Where a dict was put in its place nothing is seen, and nothing breaks."""
    monkeypatch.setattr(os, "environ", {"CITY": "Kyiv"})
    with observed() as seen:
        assert os.environ["CITY"] == "Kyiv"
    assert not seen


HOOKED = """
import copy, sys, timeit
from checkpoint_nb.observing.watch import observed
number = {i: [1, 2, (i,)] for i in range(50)}
class Point:
    x = 1
point = Point()
kinds = {
    "id": (lambda: id(point), 20000),
    "deepcopy": (lambda: copy.deepcopy(number), 100),
    "open": (lambda: open("/dev/null").close(), 1000),
    "attribute": (lambda: point.x, 20000),
}
def cost():
    return {k: min(timeit.repeat(f, number=n, repeat=9)) for k, (f, n) in kinds.items()}
before = cost()
with observed(is_alone=False):
    pass
after = cost()
print({k: round(after[k] / before[k], 2) for k in kinds})
"""


def test_a_kernel_that_watched_once_is_hardly_slower():
    """The hook stays for good: what raises an event pays one test, all the rest nothing."""
    found = subprocess.run(
        [sys.executable, "-c", HOOKED], capture_output=True, text=True, check=True
    )
    ratios = eval(found.stdout)
    assert ratios["attribute"] < 1.5, ratios
    assert ratios["open"] < 1.5, ratios
    assert ratios["deepcopy"] < 4, ratios
    assert ratios["id"] < 12, ratios
