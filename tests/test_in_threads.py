"""Tasks that run in threads of the kernel are watched as tasks in processes are."""

import os
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from checkpoint_nb import checkpoint
from checkpoint_nb.executors.inline import InlineExecutor
from checkpoint_nb.session import Session, use
from tests.notebook.kernels import opened

pytestmark = pytest.mark.slow

PARTS = ("da", "ta.txt")  # in one piece it would be seen in the code
OLDER = ThreadPoolExecutor(1)
OLDER.submit(int).result()


@pytest.fixture
def threads(session):
    """Two threads of the user's, beside a session with worker processes."""
    with ThreadPoolExecutor(2) as pool:
        yield pool


def ran(call, executor=None):
    return sum(call.run_with_info(executor=executor)[1]["ran"].values())


def text_of(name):
    return Path(name).read_text()


def write(name, text):
    """Write a file, and let the clock of the file system go on."""
    Path(name).write_text(text)
    time.sleep(0.05)


def here(name):
    return text_of(name)


def in_a_new_thread(name):
    found = []
    thread = threading.Thread(target=lambda: found.append(text_of(name)))
    thread.start()
    thread.join()
    return found[0]


def in_a_pool_of_its_own(name):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(text_of, name).result()


def in_an_older_pool(name):
    return OLDER.submit(text_of, name).result()


@pytest.mark.case(108)
@pytest.mark.parametrize("how", [here, in_a_new_thread, in_a_pool_of_its_own, in_an_older_pool])
def test_a_file_that_was_read_is_looked_at(threads, how):
    """Case 108 in a thread: another content is a miss, whichever thread of the task read it."""

    @checkpoint
    def load():
        return how("".join(PARTS))

    write("data.txt", "1")
    assert (load().run(executor=threads), ran(load(), threads)) == ("1", 0)
    write("data.txt", "2")
    assert load().why() == ["load() is stale: data.txt, which it read, changed"]
    assert (load().run(executor=threads), ran(load(), threads)) == ("2", 0)


def test_a_task_that_runs_inline_is_watched(session):
    """A session without worker processes looks at the same."""
    own = use(Session(session.config, executor=InlineExecutor()))

    @checkpoint
    def load():
        return text_of("".join(PARTS)), os.environ.get("TOWN")

    write("data.txt", "1")
    assert (load().run(), ran(load())) == (("1", None), 0)
    write("data.txt", "2")
    assert load().run() == ("2", None)
    own.close()


@pytest.mark.case(97)
def test_a_variable_that_was_read_is_looked_at(threads, monkeypatch):
    """Case 97 in a thread; after it the environment is as it was before."""

    @checkpoint
    def city():
        return os.environ.get("CITY"), in_a_new_variable("TOWN")

    def in_a_new_variable(name):
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(os.getenv, name).result()

    plain = type(os.environ)
    monkeypatch.setenv("CITY", "Kyiv")
    assert (city().run(executor=threads), ran(city(), threads)) == (("Kyiv", None), 0)
    assert type(os.environ) is plain
    monkeypatch.setenv("CITY", "Lviv")
    assert city().why() == [
        "city() is stale: the environment variable CITY, which it read, changed"
    ]
    assert city().run(executor=threads) == ("Lviv", None)
    monkeypatch.setenv("TOWN", "Uman")
    assert city().run(executor=threads) == ("Lviv", "Uman")
    monkeypatch.setenv("OTHER", "1")
    assert ran(city(), threads) == 0


@pytest.mark.parametrize("in_threads", [False, True])
def test_who_copies_the_environment_has_read_all_of_it(threads, monkeypatch, in_threads):
    """Nothing of it changed: a hit, in workers too; another variable: a miss that says so."""
    executor = threads if in_threads else None

    @checkpoint
    def mine():
        both = {**os.environ, "MINE_2": "x"}
        return sorted(name for name in both if name.startswith("MINE"))

    assert (mine().run(executor=executor), ran(mine(), executor)) == (["MINE_2"], 0)
    monkeypatch.setenv("MINE_1", "")
    assert "the list of environment variables" in mine().why()[0]
    assert mine().run(executor=executor) == ["MINE_1", "MINE_2"]


def test_tasks_that_run_together_are_kept_apart(threads):
    """Each is told what its own thread read, and its own digesting of it is no reading."""
    together = threading.Barrier(2)

    @checkpoint
    def load(name):
        together.wait(10)
        text = text_of(name + ".txt")
        together.wait(10)
        return text

    @checkpoint
    def both(a, b):
        return a + b

    write("a.txt", "a")
    write("b.txt", "b")
    call = both(load("a"), load("b"))
    assert call.run(executor=threads) == "ab"
    write("b.txt", "c")
    assert [load("a").why()[0].split(":")[0], load("b").why()[0]] == [
        "load('a') is fresh",
        "load('b') is stale: b.txt, which it read, changed",
    ]


def test_what_the_main_thread_and_others_tasks_do_is_not_counted(threads):
    """A file that is read in the main thread while a task runs is no input of the task."""
    begun, read = threading.Event(), threading.Event()

    @checkpoint
    def quiet():
        begun.set()
        return read.wait(10)

    write("other.txt", "1")
    with ThreadPoolExecutor(1) as starter:
        answer = starter.submit(quiet().run, executor=threads)
        begun.wait(10)
        text_of("other.txt")
        os.environ.get("HOME")
        os.listdir(".")
        subprocess.run(["true"], check=True)
        read.set()
        assert answer.result()
    write("other.txt", "2")
    assert ran(quiet(), threads) == 0
    assert "read: " not in "\n".join(quiet().why())


def test_a_file_named_in_the_code_counts(threads):
    """What a library in C opens is caught by its name, as in a process."""
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")

    @checkpoint
    def rows():
        return len(pandas.read_parquet("one.parquet"))

    for number in (1, 2):
        pandas.DataFrame({"a": [1] * number}).to_parquet("one.parquet")
        time.sleep(0.05)
        assert (rows().run(executor=threads), ran(rows(), threads)) == (number, 0)


def test_network_and_programs_are_told(threads):
    """What cannot be looked at again is said, as for processes."""

    @checkpoint
    def ask():
        return subprocess.run(["echo", "x"], capture_output=True, text=True, check=True).stdout

    with pytest.warns(match="another program .*echo"):
        assert ask().run(executor=threads) == "x\n"
    assert ran(ask(), threads) == 0


def test_the_package_installs_no_hook_before_it_is_needed():
    """Neither importing nor running in processes slows anything down in the kernel."""
    code = """
    import sys, tempfile
    from checkpoint_nb import checkpoint
    from checkpoint_nb.observing import hook
    @checkpoint
    def f(): return 1
    f().why()
    print(hook._installed)
    """
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == ["False"]


BUSY = """
import inspect, linecache, traceback, warnings, threading
from concurrent.futures import ThreadPoolExecutor
from checkpoint_nb import checkpoint
pool, gate, begun = ThreadPoolExecutor(2), threading.Event(), threading.Event()
def helper(): return 1
@checkpoint
def quiet(n):
    begun.set()
    print("in the thread")
    inspect.getsource(helper)
    try:
        1 / 0
    except ZeroDivisionError:
        traceback.format_exc()
    warnings.warn("said", UserWarning)
    return gate.wait(20)
def go(n):
    begun.clear(); gate.clear()
    answers.append(starter.submit(quiet(n).run_with_info, executor=pool)); begun.wait(20)
answers, starter = [], ThreadPoolExecutor(1)
"""
NOISE = """
import os, pathlib, sqlite3, subprocess
pathlib.Path("noise.txt").write_text("x")
pathlib.Path("noise.txt").read_text(); os.listdir("."); dict(os.environ)
subprocess.run(["true"]); get_ipython().history_manager.writeout_cache()
%history -g x
"""


def test_a_kernel_is_no_part_of_what_a_task_reads(tmp_path):
    """Cells that read while it runs, history and the text of cells: the task has read nothing."""
    with opened(tmp_path / "nb") as notebook:
        assert not notebook.run(BUSY).error
        notebook.run("go(1)")
        assert not notebook.run(NOISE).error
        notebook.run("1 / 0")
        notebook.run("inspect.getsource(go)")
        answer = notebook.run("gate.set(); print(answers[-1].result()[1]['ran'])")
        assert "'quiet': 1" in answer.text, answer
        (tmp_path / "nb" / "noise.txt").write_text("y")
        notebook.run("from checkpoint_nb.session import current_session")
        assert "read, and" not in notebook.value("quiet(1).why()")
        assert notebook.value("quiet(1).run_with_info(executor=pool)[1]['ran']") == "{}"


def test_a_task_in_a_thread_of_a_kernel_sees_another_file(tmp_path):
    """The promise, as a user meets it: nothing is declared, the file changed, the task runs."""
    with opened(tmp_path / "nb") as notebook:
        notebook.run(
            "import pathlib\nfrom concurrent.futures import ThreadPoolExecutor\n"
            "from checkpoint_nb import checkpoint\npool = ThreadPoolExecutor(1)\n"
            "def name(): return 'da' + str('ta.txt')\n"
            "@checkpoint\ndef load(): return pathlib.Path(name()).read_text()"
        )
        for text in ("1", "2"):
            write(tmp_path / "nb" / "data.txt", text)
            assert notebook.value("load().run(executor=pool)") == text
        assert notebook.value("load().run_with_info(executor=pool)[1]['ran']") == "{}"
