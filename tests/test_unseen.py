"""What decides a result and no key can see: said, or looked at all the same."""

import datetime
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from checkpoint_nb import CheckpointWarning, checkpoint


def ran(call):
    return sum(call.run_with_info()[1]["ran"].values())


def clock():
    return time.time() > 0


def today():
    return str(datetime.date.today())[:2]


def dice():
    return random.randint(1, 1)


def by_name():
    return eval("1 + " + str(len("x")))


def program():
    return subprocess.run(["echo", "x"], capture_output=True, text=True, check=True).stdout


@pytest.mark.case(97)
@pytest.mark.case(107)
@pytest.mark.parametrize(
    ("function", "words"),
    [
        (clock, "the clock"),
        (today, "the clock"),
        (dice, "chance"),
        (by_name, "names computed"),
        (program, "another program"),
    ],
    ids=lambda one: getattr(one, "__name__", None),
)
def test_what_no_key_can_see_is_said_when_it_runs(session, function, words):
    """Cases 97 and 107: the message names it; the result is kept, and a hit is silent."""
    call = checkpoint(function)()
    with pytest.warns(CheckpointWarning, match=words):
        call.run()
    assert ran(call) == 0


def test_what_the_network_said_is_told(session):
    """A task that asks a host says which."""
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    threading.Thread(target=server.accept, daemon=True).start()

    @checkpoint
    def ask(port):
        with socket.create_connection(("127.0.0.1", port)):
            return port

    with pytest.warns(CheckpointWarning, match=f"the network .*{port}"):
        ask(port).run()
    server.close()


def test_a_declared_variable_is_no_unseen_environment(session, recwarn):
    """Whoever declares what is read is not told again."""

    @checkpoint(env="HOME")
    def home():
        return os.environ["HOME"]

    home().run()
    assert not [one for one in recwarn if one.category is CheckpointWarning]


@pytest.mark.case(97)
def test_a_variable_that_was_read_is_looked_at(session, monkeypatch):
    """Case 97: seen to be read, so another value is a miss that names it, and shows neither."""

    @checkpoint
    def city():
        return os.environ.get("CITY"), os.getenv("TOWN", "none"), "VILLAGE" in os.environ

    monkeypatch.setenv("CITY", "Kyiv")
    assert (city().run(), ran(city())) == (("Kyiv", "none", False), 0)
    monkeypatch.setenv("CITY", "Lviv")
    assert city().why() == [
        "city() is stale: the environment variable CITY, which it read, changed"
    ]
    assert city().run() == ("Lviv", "none", False)
    monkeypatch.setenv("TOWN", "Uman")
    monkeypatch.setenv("VILLAGE", "")
    assert city().run() == ("Lviv", "Uman", True)
    monkeypatch.setenv("OTHER", "1")
    assert ran(city()) == 0


def test_a_variable_that_the_task_sets_itself_is_no_input(session, monkeypatch):
    """What a task sets before it reads it is its own; the kernel's is left alone."""

    @checkpoint
    def own():
        os.environ["MODE"] = "fast"
        return os.environ["MODE"]

    monkeypatch.setenv("MODE", "slow")
    assert (own().run(), ran(own())) == ("fast", 0)
    assert os.environ["MODE"] == "slow"


def opened(name):
    return Path(name).read_text()


def settle():
    """Let the clock of the file system go on, so that what was written before is older."""
    time.sleep(0.05)


@pytest.mark.case(108)
def test_an_undeclared_file_that_python_opened_is_looked_at(session):
    """Case 108: seen to be read, so another content is a miss with its name; the same is a hit."""

    @checkpoint
    def load():
        return json.loads(opened("da" + "ta.json"))

    data = Path("data.json")
    data.write_text("1")
    settle()
    assert (load().run(), ran(load())) == (1, 0)
    os.utime(data)
    assert ran(load()) == 0
    data.write_text("2")
    assert load().why() == ["load() is stale: data.json, which it read, changed"]
    settle()
    assert (load().run(), ran(load())) == (2, 0)
    data.unlink()
    assert ran(load()) == 0


def test_a_file_named_in_the_code_counts_though_a_library_in_c_reads_it(session):
    """What opens files out of Python's sight is caught by the file's name."""
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")

    @checkpoint
    def rows(name):
        return len(pandas.read_parquet(name)) + len(pandas.read_parquet("two.parquet"))

    for name in ("one.parquet", "two.parquet"):
        pandas.DataFrame({"a": [1]}).to_parquet(name)
    settle()
    assert (rows("one.parquet").run(), ran(rows("one.parquet"))) == (2, 0)
    for name in ("one.parquet", "two.parquet"):
        pandas.DataFrame({"a": [1, 2]}).to_parquet(name)
        settle()
        assert ran(rows("one.parquet")) == 1
    assert rows("one.parquet").run() == 4


def test_what_a_task_writes_is_no_input_of_it(session):
    """A file that the task made itself, or a folder it filled, makes nothing stale."""

    @checkpoint
    def save(name):
        Path("out").mkdir(exist_ok=True)
        Path(f"out/{name}").write_text("result")
        Path("log.txt").open("a").write("saved\n")
        return len(Path(f"out/{name}").read_text())

    assert save("a.txt").run() == 6
    assert ran(save("a.txt")) == 0
    Path("out/a.txt").write_text("edited")
    Path("log.txt").write_text("")
    assert ran(save("a.txt")) == 0


def test_a_folder_that_was_listed_counts_by_its_names(session):
    """A file added to a folder the task listed is a miss."""

    @checkpoint
    def names():
        return sorted(os.listdir("raw"))

    Path("raw").mkdir()
    Path("raw/a").write_text("")
    settle()
    assert names().run() == ["a"]
    assert ran(names()) == 0
    Path("raw/b").write_text("")
    assert names().run() == ["a", "b"]


def test_a_file_written_while_it_is_read_is_read_again(session):
    """Nobody can say which content the task saw, so the next run looks again."""

    @checkpoint
    def race():
        text = opened("shared.txt")
        script = "open('shared.txt', 'w').write('new')"
        subprocess.run([sys.executable, "-c", script], check=True)
        return text

    Path("shared.txt").write_text("old")
    settle()
    with pytest.warns(CheckpointWarning):
        assert race().run() == "old"
    with pytest.warns(CheckpointWarning):
        assert race().run() == "new"


def test_what_was_read_is_looked_at_downstream_too(session):
    """A node that is decided in the middle of a run is not reused with an edited file."""

    @checkpoint
    def first(n):
        return n % 2

    @checkpoint
    def second(x):
        return x, opened("late.txt")

    Path("late.txt").write_text("a")
    settle()
    assert second(first(1)).run() == (1, "a")
    Path("late.txt").write_text("b")
    assert second(first(3)).run() == (1, "b")
