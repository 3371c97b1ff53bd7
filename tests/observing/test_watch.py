"""What is seen of a task from outside: files it reads, hosts it asks, programs it starts."""

from __future__ import annotations

import http.server
import importlib
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from checkpoint_nb.observing import noting
from checkpoint_nb.observing.machine_files import rules
from checkpoint_nb.observing.noting import EVENTS
from checkpoint_nb.observing.watch import KEPT, observed

MADE = """
import json, os, pickle, sqlite3
open("a.csv", "w").write("a,b\\n1,2\\n3,4\\n")
open("a.json", "w").write("[1, 2]")
open("a.xml", "w").write("<a/>")
pickle.dump([1], open("a.pkl", "wb"))
with sqlite3.connect("a.db") as db: db.execute("create table t (x)")
"""
WITH = {
    "numpy": "import numpy; numpy.save('a.npy', numpy.arange(3)); numpy.arange(3).tofile('a.bin')",
    "pandas": "import pandas; pandas.DataFrame({'a': [1]}).to_parquet('a.parquet')",
    "pyarrow": "import pyarrow.csv, pyarrow.parquet, pyarrow.feather, pyarrow as pa;"
    "pyarrow.parquet.write_table(pa.table({'a': [1]}), 'a.parquet')",
    "scipy": "import scipy.io; scipy.io.savemat('a.mat', {'a': 1})",
    "PIL": "from PIL import Image; Image.new('RGB', (2, 2)).save('a.png')",
    "joblib": "import joblib; joblib.dump([1], 'a.joblib')",
    "h5py": "import h5py; h5py.File('a.h5', 'w')['x'] = [1]",
    "polars": "import polars; polars.DataFrame({'a': [1]}).write_parquet('a.parquet')",
    "duckdb": "import duckdb",
    "lxml": "import lxml.etree",
}
"""What each library needs to have made before."""

SEEN = [
    ("", "a.csv", "open('a.csv').read()"),
    ("", "a.csv", "open(b'a.csv').read()"),
    ("", "a.csv", "Path('a.csv').read_text()"),
    ("", "a.csv", "Path('../' + Path.cwd().name + '/a.csv').read_bytes()"),
    ("", "a.csv", "os.close(os.open(Path('a.csv'), os.O_RDONLY))"),
    ("", "a.csv", "open('a.csv', 'r+').close()"),
    ("", "a.csv", "list(__import__('csv').reader(open('a.csv')))"),
    ("", "a.json", "__import__('json').load(open('a.json'))"),
    ("", "a.pkl", "__import__('pickle').load(open('a.pkl', 'rb'))"),
    ("", "a.csv", "__import__('shutil').copy('a.csv', 'copy.csv')"),
    ("", "a.csv", "__import__('linecache').getlines('a.csv')"),
    ("", "a.xml", "__import__('xml.etree.ElementTree').etree.ElementTree.parse('a.xml')"),
    ("", "a.db", "sqlite3.connect('a.db').execute('select * from t').fetchall()"),
    ("", "a.db", "sqlite3.connect(Path('a.db')).close()"),
    ("", "a.db", "sqlite3.connect('file:a.db?mode=ro', uri=True).close()"),
    ("numpy", "a.npy", "numpy.load('a.npy')"),
    ("numpy", "a.npy", "numpy.load('a.npy', mmap_mode='r')"),
    ("numpy", "a.bin", "numpy.fromfile('a.bin')"),
    ("numpy", "a.bin", "numpy.memmap('a.bin')"),
    ("numpy", "a.csv", "numpy.loadtxt('a.csv', delimiter=',', skiprows=1)"),
    ("numpy", "a.csv", "numpy.genfromtxt('a.csv', delimiter=',')"),
    ("pandas", "a.csv", "pandas.read_csv('a.csv')"),
    ("pandas", "a.csv", "pandas.read_csv(Path('a.csv'), engine='pyarrow')"),
    ("pandas", "a.csv", "pandas.read_csv('a.csv', engine='python')"),
    ("pandas", "a.json", "pandas.read_json('a.json')"),
    ("pandas", "a.pkl", "pandas.read_pickle('a.pkl')"),
    ("scipy", "a.mat", "scipy.io.loadmat('a.mat')"),
    ("PIL", "a.png", "Image.open('a.png').load()"),
    ("joblib", "a.joblib", "joblib.load('a.joblib')"),
]
UNSEEN = [
    ("pandas", "pandas.read_parquet('a.parquet')"),
    ("pyarrow", "pyarrow.csv.read_csv('a.csv')"),
    ("pyarrow", "pyarrow.parquet.read_table('a.parquet')"),
    ("pyarrow", "pyarrow.memory_map('a.csv').read()"),
    ("h5py", "h5py.File('a.h5', 'r')['x'][:]"),
    ("polars", "polars.read_csv('a.csv')"),
    ("polars", "polars.read_parquet('a.parquet')"),
    ("duckdb", "duckdb.sql(\"select * from 'a.csv'\").fetchall()"),
    ("lxml", "lxml.etree.parse('a.xml')"),
]
"""Libraries that open files in C, C++ or Rust: no audit event, nothing to be seen."""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of data that is older than any watch."""
    monkeypatch.chdir(tmp_path)
    exec(MADE, {})
    return tmp_path


def words(library: str) -> dict[str, object]:
    names = {"Path": Path, "os": os, "sqlite3": sqlite3}
    if library:
        pytest.importorskip(library)
        exec(WITH[library], names)
    return names


def names(paths: tuple[str, ...]) -> list[str]:
    return [os.path.basename(path) for path in paths]


@pytest.mark.parametrize(("library", "file", "how"), SEEN, ids=[row[2] for row in SEEN])
def test_reading_a_file_is_seen(here, library, file, how):
    """A file that Python code opens is named by its absolute path, once."""
    known = words(library)
    with observed() as seen:
        eval(how, known)
        eval(how, known)
    assert seen.files == (str(here / file),)


@pytest.mark.parametrize(("library", "how"), UNSEEN, ids=[row[1] for row in UNSEEN])
def test_what_a_library_opens_without_python_is_not_seen(here, library, how):
    """The limit that the documentation names: a change here is good news to write down."""
    known = words(library)
    eval(how, known)
    with observed() as seen:
        eval(how, known)
    assert seen.files == ()


def test_nothing_seen_is_false(here):
    """Work that reads nothing gives an empty record, which is false."""
    with observed() as seen:
        sum(range(10))
    assert not seen
    assert seen.more == {}


def test_reading_in_a_thread_is_seen(here):
    """Threads of the task count, also those that are older than the task."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        with observed() as seen:
            pool.submit(Path("a.csv").read_text).result()
    assert names(seen.files) == ["a.csv"]


def test_two_watches_in_two_threads_keep_apart(here):
    """Where several tasks share a process, each is told what its own thread did."""
    together = threading.Barrier(2)

    def work(file):
        with observed() as seen:
            together.wait()
            Path(file).read_text()
            together.wait()
        return names(seen.files)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, ["a.csv", "a.json"])) == [["a.csv"], ["a.json"]]


def test_after_a_watch_nothing_is_noted(here):
    """A watch ends with its block, also when the block raises."""
    with pytest.raises(ValueError), observed() as seen:
        raise ValueError
    Path("a.csv").read_text()
    assert not seen


def test_what_the_work_wrote_itself_is_not_an_input(here):
    """A file written first, in whatever way, is not reported when it is read back."""
    with observed() as seen:
        Path("new.txt").write_text("x")
        os.rename("new.txt", "other.txt")
        Path("other.txt").read_text()
        os.makedirs("folder/inner")
        subprocess.run("echo x > folder/inner/by_another", shell=True, check=True)  # in our folder
        Path("folder/inner/by_another").read_text()
        os.listdir("folder")
        with tempfile.NamedTemporaryFile("w+") as file:
            file.write("x")
            Path(file.name).read_text()
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "x").write_text("x")
            (Path(folder) / "x").read_text()
        sqlite3.connect("new.db").execute("create table t (x)")
        sqlite3.connect("new.db").close()
    assert (seen.files, seen.folders) == ((), ())


def test_a_file_that_somebody_else_wrote_meanwhile_is_an_input(here):
    """Another program may have written it for the work, or a person under its hands: it counts."""
    with observed() as seen:
        subprocess.run(["cp", "a.csv", "copy.csv"], check=True)
        Path("copy.csv").read_text()
    assert (names(seen.files), seen.unsettled) == (["copy.csv"], ())


def test_a_file_that_was_added_to_is_still_an_input(here):
    """Appending does not make what stood there before the work's own."""
    with observed() as seen:
        with open("a.csv", "a") as file:
            file.write("5,6\n")
        Path("a.csv").read_text()
    assert (names(seen.files), seen.unsettled) == (["a.csv"], ())


def test_a_file_is_an_input_although_it_is_overwritten_later(here):
    """What was read first counts."""
    with observed() as seen:
        Path("a.csv").write_text(Path("a.csv").read_text() + "5,6\n")
    assert seen.files == seen.unsettled == (str(here / "a.csv"),)


def test_what_changes_after_it_was_read_is_unsettled(here):
    """Of a file or folder that is another at the end, nobody can say what was read."""
    with observed() as seen:
        Path("a.csv").read_text()
        Path("a.json").read_text()
        os.listdir()
        subprocess.run(["cp", "a.json", "a.csv"], check=True)
        subprocess.run(["touch", "another"], check=True)
    assert names(seen.files) == ["a.csv", "a.json"]
    assert seen.unsettled == (str(here / "a.csv"), str(here))


def test_what_is_not_there_is_not_reported(here):
    """A file that was looked for in vain, or that is gone afterwards, is not named."""
    with observed() as seen:
        with pytest.raises(FileNotFoundError):
            Path("nowhere.csv").read_text()
        Path("a.csv").read_text()
        os.remove("a.csv")
    assert seen.files == ()


def test_our_own_folder_is_ignored(here):
    """What lies in an ignored folder, or is one, is not named; a name that only begins so is."""
    for folder in ("cache", "cache2"):
        os.mkdir(folder)
        Path(folder, "x").write_text("x")
    with observed(ignore=(here / "cache", str(here / "a.csv"))) as seen:
        os.listdir("cache")
        for file in ("cache/x", "a.csv", "cache2/x"):
            Path(file).read_text()
    assert (seen.files, seen.folders) == ((str(here / "cache2" / "x"),), ())


@pytest.mark.parametrize(
    "how",
    [
        "os.listdir()",
        "os.listdir(Path.cwd())",
        "list(os.scandir('.'))",
        "list(os.walk('.'))",
        "list(Path('.').glob('*.csv'))",
        "__import__('glob').glob('*.csv')",
    ],
)
def test_listing_a_folder_is_seen(here, how):
    """A folder whose contents were asked for is named."""
    with observed() as seen:
        eval(how, {"os": os, "Path": Path})
    assert seen.folders == (str(here),)


def test_importing_is_not_reading(here, monkeypatch):
    """Modules of the user are code; data that their package brings is data."""
    (here / "mine_seen").mkdir()
    (here / "mine_seen" / "__init__.py").write_text("X = 1\n")
    (here / "mine_seen" / "table.csv").write_text("1\n")
    monkeypatch.syspath_prepend(str(here))
    with observed() as seen:
        mine = importlib.import_module("mine_seen")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.warn_explicit("x", UserWarning, mine.__file__, 1)
        Path(mine.__file__).read_text()
        importlib.import_module("importlib.metadata").version("pytest")
    assert (seen.files, seen.folders) == ((), ())
    with observed() as seen:
        importlib.import_module("pkgutil").get_data("mine_seen", "table.csv")
    assert names(seen.files) == ["table.csv"]
    sys.modules.pop("mine_seen")


def test_a_script_that_is_run_from_its_file_is_an_input(here):
    """Code that is read as text is data until somebody imports it."""
    (here / "script.py").write_text("x = 1\n")
    with observed() as seen:
        exec(Path("script.py").read_text())
    assert names(seen.files) == ["script.py"]


def test_the_machinery_of_libraries_is_not_reported(here):
    """Imports, plots, time zones and the machine's settings are nobody's data."""
    code = """if True:
        from checkpoint_nb.observing.watch import observed
        with observed() as seen:
            import datetime, platform, zoneinfo
            import matplotlib
            matplotlib.use("agg")
            import matplotlib.pyplot as plt
            plt.plot([1]); plt.title("x"); plt.savefig("plot.png")
            import pandas, sklearn.datasets
            sklearn.datasets.load_iris()
            datetime.datetime.now(zoneinfo.ZoneInfo("Europe/Berlin"))
            platform.platform(), platform.processor()
            open("/proc/self/status").read(), open("/dev/null").read(), open("/etc/hosts").read()
        assert not seen, seen
    """
    pytest.importorskip("matplotlib"), pytest.importorskip("sklearn")
    subprocess.run([sys.executable, "-c", code], check=True)


def test_processes_of_the_work_are_not_programs(here):
    """A pool inside a task starts Python by means that are not another program."""
    pytest.importorskip("joblib")
    code = """if True:
        from joblib import Parallel, delayed
        import multiprocessing
        from checkpoint_nb.observing.watch import observed
        with observed() as seen:
            Parallel(n_jobs=2)(delayed(len)("ab") for _ in range(3))
            with multiprocessing.get_context("fork").Pool(1) as pool:
                pool.map(len, ["ab"])
        assert not seen, seen
    """
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.why)
def test_every_rule_names_something(rule):
    """A rule without a folder or a name would hide nothing."""
    assert rule.starts or rule.parts
    assert all(os.path.isabs(start) for start in rule.starts)


def test_who_works_in_the_home_of_settings_has_data_there(here, monkeypatch):
    """A rule does not hide what lies under the current directory."""
    code = """if True:
        import os
        from pathlib import Path
        from checkpoint_nb.observing.watch import observed
        for cwd in (".", ".work"):
            os.chdir(Path.home() / cwd)
            with observed() as seen:
                (Path.home() / ".work" / "a.csv").read_text()
            print(len(seen.files))
    """
    (here / ".work").mkdir()
    (here / ".work" / "a.csv").write_text("x")
    monkeypatch.setenv("HOME", str(here))
    answer = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert answer.stdout.split() == ["0", "1"]


@pytest.fixture
def server():
    class Quiet(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *words):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def test_asking_a_host_is_seen(server):
    """A host is named once, by the name it was asked for."""
    with observed() as seen:
        for _ in range(2):
            urllib.request.urlopen(f"http://localhost:{server}/").close()
    assert seen.network == (f"localhost:{server}",)


def test_a_request_over_an_old_connection_is_seen(server):
    """A connection that an earlier task left open asks a host all the same."""
    import http.client

    connection = http.client.HTTPConnection("localhost", server)
    connection.request("GET", "/")
    connection.getresponse().read()
    with observed() as seen:
        connection.request("GET", "/")
        connection.getresponse().read()
    connection.close()
    assert seen.network == (f"localhost:{server}",)


def test_a_bare_socket_is_seen(server, tmp_path):
    """A number stands for a host that has no name; a socket in a folder is named by its path."""
    with observed() as seen:
        socket.create_connection(("127.0.0.1", server)).close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.sendto(b"x", ("127.0.0.1", 9))
        with socket.socket(socket.AF_UNIX) as out, pytest.raises(OSError):
            out.connect(str(tmp_path / "x"))
    assert seen.network == (f"127.0.0.1:{server}", "127.0.0.1:9", f"unix:{tmp_path / 'x'}")


@pytest.mark.parametrize(
    ("how", "program"),
    [
        ("subprocess.run(['echo', 'x'], capture_output=True)", "echo"),
        ("subprocess.run('A=1 cat /dev/null | wc', shell=True, capture_output=True)", "cat"),
        ("subprocess.run(['/bin/sh', 'a.csv'], capture_output=True)", "sh"),
        ("subprocess.run([sys.executable, '-c', '1'])", os.path.basename(sys.executable)),
        ("os.system('true')", "true"),
        ("os.popen('echo').read()", "echo"),
        ("os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)", "true"),
    ],
)
def test_starting_a_program_is_seen(here, how, program):
    """A program is named, also behind a shell."""
    with observed() as seen:
        eval(how, {"subprocess": subprocess, "os": os, "sys": sys})
    assert seen.programs == (program,)


def test_what_another_process_does_is_not_seen(here):
    """The limit that the documentation names: files are seen where they are opened."""
    with observed() as seen:
        child = os.fork()
        if not child:
            Path("a.csv").read_text()
            os._exit(0)
        os.waitpid(child, 0)
        subprocess.run(["cat", "a.csv"], check=True, capture_output=True)
    assert (seen.files, seen.programs) == ((), ("cat",))


def test_many_names_are_counted(here):
    """All files are told, for each may matter; of hosts the first, and how many more."""
    for number in range(KEPT + 5):
        Path(f"{number}.txt").touch()
    with observed() as seen:
        for number in range(KEPT + 5):
            Path(f"{number}.txt").read_text()
            with pytest.raises(OSError), socket.socket() as out:
                out.connect(("127.0.0.1", number + 1))
    assert names(seen.files) == [f"{number}.txt" for number in range(KEPT + 5)]
    assert seen.network == tuple(f"127.0.0.1:{number + 1}" for number in range(KEPT))
    assert seen.more == {"network": 5}


def test_more_files_than_can_be_remembered_are_said_to_be_more(monkeypatch, here):
    """Memory has a limit; that it was reached is told."""
    monkeypatch.setattr(noting, "REMEMBERED", 2)
    with observed() as seen:
        for file in ("a.csv", "a.json", "a.xml", "a.pkl"):
            Path(file).read_bytes()
    assert names(seen.files) == ["a.csv", "a.json"]
    assert seen.more == {"files": 2}


def test_what_the_hook_meets_never_reaches_the_work(here):
    """Odd arguments are the work's own affair: it gets Python's error, not ours."""
    with observed() as seen:
        for odd in ("a\0b", "", 10**6, b"\xff\xfe"):
            with pytest.raises((OSError, ValueError)):
                open(odd).close()
        with pytest.raises(ValueError):
            os.listdir("a\0b")
        sys.audit("open")
        sys.audit("socket.connect", None, object())
    assert not seen


def test_one_hook_is_enough(here):
    """Hooks cannot be removed, so there is never a second one."""
    with observed():
        pass
    calls = []
    before = EVENTS["open"]
    EVENTS["open"] = lambda *given: calls.append(given)
    try:
        with observed():
            open("a.csv").close()
    finally:
        EVENTS["open"] = before
    assert len(calls) == 1


def test_a_watch_survives_the_end_of_python(here):
    """A watch that is never ended does not spoil the interpreter's exit."""
    code = "from checkpoint_nb.observing.watch import observed; observed().__enter__(); open('a.csv').read()"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (answer.returncode, answer.stderr) == (0, "")


def test_the_record_travels(here):
    """A worker can send what was seen."""
    import pickle

    with observed() as seen:
        Path("a.csv").read_text()
    assert pickle.loads(pickle.dumps(seen)) == seen


def test_watching_costs_little(here):
    """A watch costs less than opening one file; a file that is opened under it less than twice."""
    clock = time.process_time

    def cost(work, times):
        found = []
        for _ in range(7):
            started = clock()
            for _ in range(times):
                work()
            found.append((clock() - started) / times)
        return min(found)

    def read():
        with open("a.csv") as file:
            file.read()

    def watch():
        with observed():
            pass

    plain = cost(read, 2000)
    assert cost(watch, 2000) < plain
    with observed():
        assert cost(read, 2000) < 2 * plain
