"""Declared extras: files, environment, version, salt; and what is left out or never shown."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from checkpoint_nb import CheckpointWarning, checkpoint, requires, task
from checkpoint_nb.declared import Declared
from checkpoint_nb.errors import ArgumentError, DeclarationError
from checkpoint_nb.fingerprint.files import file_part


def ran(call):
    """How many nodes really ran to bring a result."""
    return sum(call.run_with_info()[1]["ran"].values())


@pytest.mark.case(108)
def test_a_declared_file_counts_by_content(session):
    """Case 108: another content is a miss, the old content again a hit, a new time is neither."""

    @checkpoint(file="data.csv")
    def load():
        return Path("data.csv").read_text()

    data = Path("data.csv")
    data.write_text("one")
    assert (load().run(), ran(load())) == ("one", 0)
    data.write_text("two")
    assert "file data.csv" in str(load().why())
    assert load().run() == "two"
    data.write_text("one")
    os.utime(data, (1, 1))
    assert (ran(load()), load().run()) == (0, "one")


def test_a_path_may_be_an_argument(session):
    """``{path}`` stands for the argument, each name in a list for a file of its own."""

    @checkpoint(files="{paths}")
    def count(paths):
        return sum(len(Path(path).read_text()) for path in paths)

    Path("a").write_text("1")
    Path("b").write_text("22")
    assert count(["a", "b"]).run() == 3
    Path("b").write_text("333")
    assert count(["a", "b"]).run() == 4
    assert ran(count(["a"])) == 1
    assert ran(count(["a", "b"])) == 0


def test_a_folder_and_a_pattern_count_with_all_in_them(session):
    """A file added, renamed or edited below a folder, or matched by a pattern, is a miss."""

    @checkpoint(files=["raw", "*.csv"])
    def names():
        return sorted(str(p) for p in Path().rglob("*.*"))

    Path("raw/deep").mkdir(parents=True)
    Path("raw/deep/a.txt").write_text("1")
    Path("one.csv").write_text("1")
    names().run()
    edits = [
        lambda: Path("raw/deep/b.txt").write_text("1"),
        lambda: Path("raw/deep/b.txt").rename("raw/deep/c.txt"),
        lambda: Path("raw/deep/a.txt").write_text("2"),
        lambda: Path("two.csv").write_text("1"),
    ]
    for edit in edits:
        assert ran(names()) == 0
        edit()
        assert ran(names()) == 1
    Path("raw/.hidden").write_text("1")
    Path("raw/__pycache__").mkdir()
    Path("raw/__pycache__/x.pyc").write_text("1")
    assert ran(names()) == 0


def test_a_missing_file_is_an_error_that_names_it(session, trace):
    """A declared file that is not there stops the node before it begins, not the plan."""

    @checkpoint(file="nowhere.csv")
    def load():
        return 1

    assert "nowhere.csv" in load().why()[0]
    with pytest.raises(DeclarationError, match=r"There is no file nowhere\.csv"):
        load().run()
    assert not [event for event in trace if type(event).__name__ == "NodeStarted"]
    Path("nowhere.csv").write_text("")
    assert load().run() == 1


def test_a_file_that_an_upstream_task_writes_is_looked_for_when_that_is_done(session):
    """The file of a node counts as it is when all that the node waits for has run."""

    @checkpoint
    def write(text):
        Path("made.txt").write_text(text)
        return len(text)

    @checkpoint(file="made.txt")
    def read(size):
        return Path("made.txt").read_text()

    assert read(write("one")).run() == "one"
    assert read(write("three")).run() == "three"
    assert read(write("three")).run() == "three"
    assert ran(read(write("three"))) == 0


def test_a_file_changed_while_the_task_ran_is_noticed(session):
    """The result is used and not kept, and the message names the file."""

    @checkpoint(file="data.csv")
    def load():
        text = Path("data.csv").read_text()
        Path("data.csv").write_text(text + "!")
        return text

    Path("data.csv").write_text("a")
    with pytest.warns(CheckpointWarning, match="file data.csv changed while load"):
        assert load().run() == "a"
    with pytest.warns(CheckpointWarning):
        assert load().run() == "a!"


def test_a_content_of_the_same_size_and_time_is_seen(tmp_path):
    """A file just written is read again, whatever its time says."""
    file = tmp_path / "a"
    seen = set()
    for text in "abcdefgh":
        file.write_text(text)
        os.utime(file, ns=(10**18, 10**18))
        seen.add(file_part(str(file)).digest)
    assert len(seen) == 8


def test_a_settled_file_is_read_once(tmp_path):
    """The digest of a file that has not changed for a while is remembered."""
    file = tmp_path / "big"
    file.write_bytes(os.urandom(1 << 26))
    time.sleep(2.1)
    started = time.perf_counter()
    first = file_part(str(file))
    cold = time.perf_counter() - started
    started = time.perf_counter()
    assert file_part(str(file)) == first
    assert time.perf_counter() - started < cold / 5


@pytest.mark.case(97)
def test_a_declared_variable_counts_and_reaches_the_worker(session, monkeypatch):
    """Case 97: another value is a miss; the worker sees what the kernel sees; nothing is shown."""

    @checkpoint(env="CITY")
    def city():
        return os.environ.get("CITY")

    monkeypatch.delenv("CITY", raising=False)
    assert city().run() is None
    monkeypatch.setenv("CITY", "Kyiv")
    assert "Kyiv" not in str(city().why())
    assert "environment CITY" in str(city().why())
    assert (city().run(), ran(city())) == ("Kyiv", 0)
    monkeypatch.delenv("CITY")
    assert (ran(city()), city().run()) == (0, None)


@pytest.mark.parametrize("option", ["version", "salt"])
def test_version_and_salt_count(session, option):
    """Another version or salt is a miss, the former again a hit; only the version is shown."""

    def of(value):
        @checkpoint(**{option: value})
        def load():
            return 1

        return load()

    assert (ran(of(1)), ran(of(2)), ran(of(1)), ran(of(3))) == (1, 1, 0, 1)
    said = str(of(44444).why())
    assert ("44444" in said) == (option == "version")


def test_an_ignored_parameter_does_not_count(session):
    """Any value of an ignored parameter is the same node, and is not part of its label."""

    @checkpoint(ignore=["verbose"])
    def fit(x, verbose=False):
        return x

    assert ran(fit(1)) == 1
    assert ran(fit(1, verbose=True)) == 0
    assert fit(1, verbose=(i for i in range(3))) == fit(1)
    assert repr(fit(1, verbose=True)) == "<Task fit(1)>"


LIMIT = [1]


def test_an_ignored_global_does_not_count(session):
    """A global that the task reads itself can be left out too."""

    @checkpoint(ignore="LIMIT")
    def capped():
        return len(LIMIT)

    assert capped().run() == 1
    LIMIT.append(2)
    try:
        assert ran(capped()) == 0
    finally:
        LIMIT.pop()


PASSWORD = "hunter2"


def test_a_secret_counts_and_is_never_shown(session, trace):
    """Another secret is a miss; its value is in no label, no reason, no record, no event."""

    @checkpoint(secret=["token", "PASSWORD"])
    def fetch(token, page=1):
        return (len(token), len(PASSWORD))

    assert fetch("sesame", 2).run() == (6, 7)
    assert ran(fetch("other", 2)) == 1
    records = list(session.store.records("fetch"))
    shown = [str(one.parts) + one.label for one in records] + fetch("sesame", 2).why()
    shown += [repr(event) for event in trace] + fetch("third").why() + [repr(fetch("sesame"))]
    assert not [text for text in shown if "sesame" in text or "hunter2" in text]
    assert "•••" in repr(fetch("sesame"))


def test_declarations_hold_for_tasks_that_build(session):
    """``@task`` takes the same options."""

    @task(file="{path}", ignore="verbose", version=1)
    def size(path, verbose=False):
        def run():
            return len(Path(path).read_text())

        return run

    @task
    def double(path):
        @requires(size(path, verbose=True))
        def run(n):
            return 2 * n

        return run

    Path("a").write_text("12")
    assert double("a").run() == 4
    Path("a").write_text("123")
    assert double("a").run() == 6
    assert ran(size("a")) == 0


@pytest.mark.parametrize(
    "options",
    [
        {"file": 3},
        {"files": 3},
        {"files": [""]},
        {"files": [None]},
        {"env": 3},
        {"env": ["A=1"]},
        {"version": ["a"]},
        {"salt": True},
        {"ignore": "nothing_of_the_kind"},
        {"secret": "nothing_of_the_kind"},
    ],
    ids=str,
)
def test_a_wrong_declaration_is_refused_where_it_is_made(options):
    """The error is raised by the decorator, with what was given."""
    with pytest.raises(DeclarationError):

        @checkpoint(**options)
        def load(path):
            return path


def test_a_path_that_cannot_be_filled_in_is_an_error(session):
    """A name in braces that is no argument, or a task's result, is refused with what is known."""

    @checkpoint(file="{wrong}")
    def one(path):
        return path

    @checkpoint(file="{path}")
    def two(path):
        return path

    with pytest.raises(DeclarationError, match="cannot be filled in"):
        one("a").run()
    Path("a").write_text("")
    with pytest.raises(DeclarationError, match="a task's result"):
        two(two("a")).run()


def test_a_task_cannot_be_ignored(session):
    """What a task gives always counts."""

    @checkpoint(ignore="x")
    def f(x):
        return x

    with pytest.raises(ArgumentError, match="ignored"):
        f([f(1)])


def test_other_executors_check_files_too(session):
    """A thread pool keeps nothing of a task whose file changed meanwhile."""

    @checkpoint(file="f")
    def touch():
        Path("f").write_text(Path("f").read_text() + "!")
        return 1

    Path("f").write_text("")
    with ThreadPoolExecutor(1) as threads, pytest.warns(CheckpointWarning, match="file f changed"):
        touch().run(executor=threads)
    assert not list(session.store.records("touch"))


def test_nothing_declared_costs_nothing():
    """Without a declaration there is no part of a key to compute."""
    assert not Declared.of().declares
    assert Declared.of().parts({}) == {}
