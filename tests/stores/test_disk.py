"""The store on disk keeps the contract, and stays right when things around it go wrong."""

import os
import shutil
import signal
import sqlite3
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from store_contract import StoreContract, digest, keep, record, stored, unit
from test_entry import Gadget

from checkpoint_nb.errors import StoreUnavailable
from checkpoint_nb.stores.disk import DiskStore
from checkpoint_nb.stores.entry import file_size

BIG = np.arange(10_000.0)


class TestDiskStore(StoreContract):
    """The contract, on disk."""

    @pytest.fixture
    def store(self, disk):
        return disk


def database(cache_dir):
    return sqlite3.connect(cache_dir / "index" / "cache.db", isolation_level=None)


def listen(store):
    told = []
    store.listen(lambda what, why: told.append((what, why)))
    return told


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


# Layout and access


def test_the_directory_explains_itself_and_is_the_users_alone(disk, cache_dir):
    """FORMAT, a cache tag, a .gitignore; 0700 and 0600 throughout, the database too."""
    keep(disk, "x", BIG)
    assert (cache_dir / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f")
    assert (cache_dir / ".gitignore").read_text() == "*\n"
    assert "format 1" in (cache_dir / "FORMAT").read_text()
    for path in [cache_dir, *cache_dir.rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
    assert (cache_dir / "index" / "cache.db-wal").exists()


def test_a_link_a_file_and_another_format_are_refused(tmp_path, key_file):
    """StoreUnavailable with the reason; what the link leads to stays untouched."""
    (tmp_path / "victim").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "victim")
    (tmp_path / "file").write_text("")
    (tmp_path / "newer").mkdir()
    (tmp_path / "newer" / "FORMAT").write_text("checkpoint_nb cache, format 9\n")
    for name in ("link", "file", "newer"):
        with pytest.raises(StoreUnavailable, match="cannot be used"):
            DiskStore(tmp_path / name, key_file)
    assert list((tmp_path / "victim").iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_a_directory_of_another_user_is_refused(cache_dir, key_file):
    """As pip does, and for the same reason."""
    cache_dir.mkdir()
    os.chown(cache_dir, 12345, 12345)
    with pytest.raises(StoreUnavailable, match="belongs to another user"):
        DiskStore(cache_dir, key_file)


def test_a_closed_store_says_so(cache_dir, key_file):
    """Closing twice is harmless; using it afterwards is an error, not a hang."""
    store = DiskStore(cache_dir, key_file)
    store.close()
    store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        store.lookup(["x"])


def test_a_store_that_nobody_closed_keeps_everything(cache_dir, key_file, python):
    """The process ends at once, and what was committed last is there."""
    process = python(
        "import sys, pathlib\n"
        "from store_contract import record, stored\n"
        "from checkpoint_nb.stores.disk import DiskStore\n"
        "store = DiskStore(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))\n"
        "for i in range(200): store.commit([record(i, stored(store, i))])\n",
        cache_dir,
        key_file,
    )
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    store = DiskStore(cache_dir, key_file)
    assert len(list(store.records())) == 200
    store.close()


# One read, one transaction


def test_a_lookup_of_ten_thousand_keys_is_one_read(disk):
    """At most one statement for each 500 keys, however many are there."""
    disk.commit([record(i, stored(disk, 1)) for i in range(600)]).result(60)
    statements = []
    disk._thread.ask(lambda: disk._index._cache._con.set_trace_callback(statements.append))
    found = disk.lookup([digest(("key", i)) for i in range(10_000)])
    assert len(found) == 600
    assert len(statements) <= 2
    statements.clear()
    disk.commit([record(i, stored(disk, 1)) for i in range(1000, 15_000)]).result(60)
    statements.clear()
    assert len(disk.lookup([digest(("key", i)) for i in range(-5000, 5000)])) == 4600
    assert len(statements) <= 21


def test_waiting_commits_share_a_transaction(disk):
    """A hundred commits posted while the thread is busy are one COMMIT."""
    ready = [record(i, stored(disk, i)) for i in range(100)]
    statements = []
    disk._thread.ask(lambda: disk._index._cache._con.set_trace_callback(statements.append))
    busy = threading.Thread(target=disk._thread.ask, args=(lambda: time.sleep(0.5),))
    busy.start()
    time.sleep(0.1)
    futures = [disk.commit([one]) for one in ready]
    [future.result(30) for future in futures]
    busy.join()
    assert statements.count("COMMIT") == 1


def test_a_callback_of_a_commit_may_use_the_store(disk):
    """It runs in the store's thread, which must not wait for itself."""
    found = []
    kept = record("x", stored(disk, 1))
    future = disk.commit([kept])
    future.add_done_callback(lambda _: found.append(disk.lookup([kept.key])))
    future.result(30)
    disk.lookup([])
    assert found == [{kept.key: kept}]


# Deduplication and clearing


def test_equal_results_are_stored_once_and_live_as_long_as_somebody_refers(disk, cache_dir):
    """Clearing one record keeps the payload; clearing the other removes it and says how much."""
    a, b = keep(disk, "a", BIG), keep(disk, "b", BIG, task="clean")
    assert a.outputs[""] == b.outputs[""]
    assert len(files(cache_dir / "objects")) == 1
    assert disk.clear(task="load").size == 0
    assert disk.objects.get(b.outputs[""]).size == BIG.size
    freed = disk.clear(keys=[b.key])
    assert (freed.entries, freed.size) == (1, file_size(b.size))
    assert files(cache_dir / "objects") == []


def test_clearing_reports_inline_bytes_and_files(disk, cache_dir):
    """What was inline and what was a file add up."""
    kept = record("x", {"a": stored(disk, 1), "b": stored(disk, BIG)})
    disk.commit([kept]).result(30)
    expected = kept.outputs["a"].size + file_size(kept.outputs["b"].size)
    assert disk.clear(nodes=[kept.node]).size == expected
    assert files(cache_dir / "objects") == []


def test_clearing_all_removes_orphans_too(disk, cache_dir):
    """A payload whose record was never committed goes as well."""
    keep(disk, "x", BIG)
    stored(disk, BIG + 1)
    disk.clear()
    assert files(cache_dir / "objects") == []
    assert list(database(cache_dir).execute("SELECT key FROM Cache")) == []


def test_a_replaced_result_is_removed_when_nothing_refers_to_it(disk, cache_dir):
    """The key was computed again with another answer: the old payload goes."""
    keep(disk, "x", BIG)
    new = keep(disk, "x", BIG + 1)
    assert [path.name for path in files(cache_dir / "objects")] == [new.outputs[""].digest]


def test_a_unit_lives_as_long_as_somebody_refers_to_it(disk, cache_dir):
    """Two records with the same unit: one file, gone with the second."""
    outputs = unit(disk, {"a": [BIG], "b": BIG})
    one, two = record("one", outputs), record("two", outputs, task="clean")
    disk.commit([one, two]).result(30)
    assert [path.name for path in files(cache_dir / "objects")] == [outputs["a"].payload]
    assert disk.clear(task="load").size == 0
    assert disk.clear(task="clean").size == file_size(outputs["a"].size)
    assert files(cache_dir / "objects") == []


# Damage and attack


def test_a_damaged_row_is_a_miss_moved_aside_and_told(disk, cache_dir):
    """And its payload, which nothing refers to then, is removed."""
    told, kept, good = listen(disk), keep(disk, "x", BIG), keep(disk, "y", 1)
    with database(cache_dir) as db:
        (value,) = db.execute("SELECT value FROM Cache WHERE key = ?", [kept.key]).fetchone()
        bad = value[:60] + bytes([value[60] ^ 1]) + value[61:]
        db.execute("UPDATE Cache SET value = ? WHERE key = ?", [bad, kept.key])
    assert disk.lookup([kept.key, good.key]) == {good.key: good}
    assert told == [(kept.key, "the seal of its row is broken")]
    assert [p.read_bytes() for p in files(cache_dir / "quarantine") if p.suffix != ".json"] == [bad]
    assert disk.lookup([kept.key]) == {}
    assert len(told) == 1
    assert files(cache_dir / "objects") == []


def test_exchanged_rows_are_refused(disk, cache_dir):
    """Both are ours and valid, but in the wrong slot."""
    told, a, b = listen(disk), keep(disk, "a", 1), keep(disk, "b", 2)
    with database(cache_dir) as db:
        rows = dict(db.execute("SELECT key, value FROM Cache WHERE key IN (?, ?)", [a.key, b.key]))
        db.execute("UPDATE Cache SET value = ? WHERE key = ?", [rows[b.key], a.key])
        db.execute("UPDATE Cache SET value = ? WHERE key = ?", [rows[a.key], b.key])
    assert disk.lookup([a.key, b.key]) == {}
    assert {why for _, why in told} == {"its row is one of another key"}


def test_a_cache_of_somebody_else_is_a_miss(disk, cache_dir, tmp_path):
    """Another key opens nothing, harms nothing, and says why."""
    kept = keep(disk, "x", BIG)
    other = DiskStore(cache_dir, tmp_path / "other.key")
    told = listen(other)
    assert other.lookup([kept.key]) == {}
    assert told == [(kept.key, "sealed with another key")]
    other.close()
    assert disk.lookup([kept.key]) == {kept.key: kept}


PLANTED = {
    "pickle": (4, None, b"gadget"),
    "pickle file": (4, "../../victim", None),
    "binary file": (2, "../../victim", None),
    "text file": (3, "../../victim", None),
    "raw with a file": (1, "../../victim", b"gadget"),
    "text value": (1, None, "text"),
    "number": (1, None, 7),
}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_row_is_refused_and_touches_nothing(disk, cache_dir, tmp_path, kind):
    """Looked up, listed, overwritten and cleared: no code runs and the victim stays."""
    import pickle

    victim = tmp_path / "victim"
    victim.write_bytes(pickle.dumps(Gadget(tmp_path / "canary")))
    mode, filename, value = PLANTED[kind]
    value = victim.read_bytes() if value == b"gadget" else value
    keys = [digest(("key", name)) for name in "abcd"]
    with database(cache_dir) as db:
        for key in keys:
            db.execute(
                "INSERT INTO Cache (key, raw, store_time, tag, size, mode, filename, value)"
                " VALUES (?, 1, 0, 'task:load', 0, ?, ?, ?)",
                [key, mode, filename, value],
            )
        db.execute(
            "INSERT INTO Cache (key, raw, mode, filename, tag, value) VALUES (?, 1, 1, ?, ?, x'')",
            ["ref:../../../victim:" + keys[3], filename, "ref:" + keys[3]],
        )
        db.execute(
            "INSERT INTO Cache (key, raw, mode, tag, value) VALUES (?, 0, 1, 'task:load', x'')",
            [victim.read_bytes()],
        )
    told = listen(disk)
    assert disk.lookup(keys[:1]) == {}
    assert [what for what, _ in told] == keys[:1]
    kept = keep(disk, "b", 5)
    assert disk.lookup([kept.key]) == {kept.key: kept}
    assert disk.clear(keys=[keys[3]]).entries == 1
    assert list(disk.records("load")) == [kept]
    disk.clear()
    assert victim.exists()
    assert not (tmp_path / "canary").exists()


def test_planted_settings_are_not_run(disk, cache_dir, key_file):
    """The library would run a PRAGMA for each; the index is set aside instead."""
    keep(disk, "x", 1)
    disk.close()
    with database(cache_dir) as db:
        db.execute("INSERT INTO Settings VALUES ('sqlite_writable_schema', 1)")
    store = DiskStore(cache_dir, key_file)
    assert list(store.records()) == []
    assert len(list(cache_dir.glob("index.damaged-*"))) == 1
    store.close()


@pytest.mark.parametrize("garbage", [b"garbage" * 1000, b"", "pages"])
def test_a_garbled_database_is_renamed_aside(disk, cache_dir, key_file, garbage):
    """At the next opening; results are computed again, the damaged file is kept, nothing raises."""
    kept = keep(disk, "x", BIG)
    disk.commit([record(i, stored(disk, i)) for i in range(500)]).result(30)
    disk.close()
    file = cache_dir / "index" / "cache.db"
    if garbage == "pages":
        data = bytearray(file.read_bytes())
        data[4096:] = bytes(255 - byte for byte in data[4096:])
        garbage = bytes(data)
    file.write_bytes(garbage)
    store = DiskStore(cache_dir, key_file)
    assert store.lookup([kept.key]) == {}
    again = keep(store, "x", BIG)
    assert store.lookup([kept.key]) == {kept.key: again}
    assert bool(garbage) == bool(list(cache_dir.glob("index.damaged-*")))
    store.close()


def test_a_database_garbled_while_in_use_is_renamed_aside(disk, cache_dir):
    """The running store notices, tells, and works on."""
    told = listen(disk)
    disk.commit([record(i, stored(disk, i)) for i in range(500)]).result(30)
    disk._thread.ask(disk._index.close)
    (cache_dir / "index" / "cache.db").write_bytes(b"garbage" * 1000)
    kept = keep(disk, "x", 1)
    assert disk.lookup([kept.key]) == {kept.key: kept}
    assert [what for what, _ in told] == ["index"]


# Trouble while running


def test_a_removed_directory_is_made_again(disk, cache_dir):
    """Somebody deletes the cache in mid-run: what comes after is kept."""
    keep(disk, "old", BIG)
    shutil.rmtree(cache_dir)
    kept = keep(disk, "new", BIG)
    assert disk.lookup([kept.key]) == {kept.key: kept}
    assert disk.objects.get(kept.outputs[""]).size == BIG.size
    assert (cache_dir / "FORMAT").exists()
    assert len(list(disk.records())) == 1


def test_a_locked_database_is_an_error_in_bounded_time(disk, cache_dir):
    """Not a hang: three tries, five seconds, then StoreUnavailable; and it recovers."""
    kept = record("x", stored(disk, 1))
    with database(cache_dir) as blocker:
        blocker.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match="does not work"):
            disk.commit([kept]).result(30)
        assert time.monotonic() - began < 6
        blocker.execute("ROLLBACK")
    disk.commit([kept]).result(30)
    assert disk.lookup([kept.key])


def test_a_full_disk_fails_the_commit_and_leaves_the_store_usable(disk):
    """As SQLite reports it: the future fails, the next commit works."""
    one, two = record("x", stored(disk, "y" * 9000)), record("y", stored(disk, 1))
    disk._thread.ask(lambda: disk._index._sql("PRAGMA max_page_count = 1"))
    disk.commit([one])
    many = [record(i, stored(disk, "z" * 9000)) for i in range(100)]
    index, real = disk._index, disk._index._be_open

    def still_full():
        real()
        index._sql("PRAGMA max_page_count = 1")

    index._be_open = still_full
    with pytest.raises(StoreUnavailable, match="full"):
        disk.commit(many).result(30)
    index._be_open = real
    disk._thread.ask(index.close)
    disk.commit([two]).result(30)
    assert disk.lookup([two.key]) == {two.key: two}
    assert disk.lookup([many[0].key]) == {}


WORK = """
import pathlib, random, sys, time
import numpy as np
from store_contract import digest, record, stored
from checkpoint_nb.stores.disk import DiskStore
store = DiskStore(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
who = sys.argv[3]
"""


def test_four_processes_share_a_directory(cache_dir, key_file, python):
    """All open it at once, commit, look up and clear; nothing is lost, nothing is locked."""
    script = WORK + (
        "for i in range(60):\n"
        "    value = np.full(4000, i % 7)\n"
        "    common = record(('common', i), stored(store, value))\n"
        "    own = record((who, i), stored(store, i))\n"
        "    scrap = record((who, 'scrap', i), stored(store, (who, i)), task='scrap' + who)\n"
        "    store.commit([common, own]); store.commit([scrap]).result(60)\n"
        "    found = store.lookup([common.key, own.key, scrap.key])\n"
        "    assert len(found) == 3, len(found)\n"
        "    assert (store.objects.get(found[common.key].outputs['']) == i % 7).all()\n"
        "    if i % 20 == 19: assert store.clear(task='scrap' + who).entries == 20\n"
        "store.close(); print('fine')\n"
    )
    processes = [python(script, cache_dir, key_file, who) for who in "abcd"]
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert out.strip() == "fine", err
    store = DiskStore(cache_dir, key_file)
    assert len(list(store.records())) == 60 + 4 * 60
    assert len(files(cache_dir / "objects")) == 7
    assert store.clear().entries == 300
    store.close()


def test_whatever_is_listed_loads_after_a_kill(cache_dir, key_file, python):
    """A writer is killed ten times in the middle; every record it confirmed is there and loads."""
    script = WORK + (
        "for i in range(10**6):\n"
        "    value = np.full(3000, i) if i % 3 == 0 else i\n"
        "    kept = record((who, i), {'v': stored(store, value), 'i': stored(store, i)})\n"
        "    store.commit([kept]).result()\n"
        "    print(kept.key, flush=True)\n"
    )
    confirmed = set()
    for turn in range(10):
        process = python(script, cache_dir, key_file, str(turn))
        first = process.stdout.readline()
        time.sleep(0.03 + 0.02 * turn)
        process.send_signal(signal.SIGKILL)
        lines = (first + process.communicate(timeout=60)[0]).split()
        confirmed.update(line for line in lines if len(line) == 64)
    store = DiskStore(cache_dir, key_file)
    found = {kept.key: kept for kept in store.records()}
    assert confirmed <= set(found)
    assert len(confirmed) >= 10
    for kept in found.values():
        number = store.objects.get(kept.outputs["i"])
        assert np.all(store.objects.get(kept.outputs["v"]) == number)
    store.close()


def test_an_interrupt_storm_leaves_the_store_usable(cache_dir, key_file, python):
    """A SIGINT every millisecond while commits, lookups and puts go on: nothing is stuck."""
    script = WORK + (
        "import signal\n"
        "def interrupt(*_): raise KeyboardInterrupt\n"
        "signal.signal(signal.SIGALRM, interrupt)\n"
        "def wait_for(done):\n"
        "    while not done: time.sleep(0.0005)\n"
        "shots, i, end = 0, 0, time.monotonic() + 3\n"
        "kept = []\n"
        "while time.monotonic() < end:\n"
        "    try:\n"
        "        signal.setitimer(signal.ITIMER_REAL, random.uniform(0.0001, 0.004))\n"
        "        i += 1\n"
        "        one = record(i, stored(store, np.full(3000, i) if i % 5 == 0 else i))\n"
        # Not result(): an interrupt inside a Future's own lock is Python's to answer for.
        "        done = []\n"
        "        store.commit([one]).add_done_callback(done.append)\n"
        "        wait_for(done)\n"
        "        kept.append(one.key)\n"
        "        store.lookup(kept[-5:])\n"
        "        time.sleep(0.01)\n"
        "    except KeyboardInterrupt:\n"
        "        shots += 1\n"
        "signal.setitimer(signal.ITIMER_REAL, 0)\n"
        "last = record('last', stored(store, 'last'))\n"
        "store.commit([last]).result(10)\n"
        "assert len(store.lookup([*kept, last.key])) == len(set(kept)) + 1\n"
        "assert not list(pathlib.Path(sys.argv[1], 'tmp').iterdir())\n"
        "store.close(); print('fine', shots, len(kept))\n"
    )
    process = python(script, cache_dir, key_file, "x")
    out, err = process.communicate(timeout=60)
    assert out.startswith("fine"), err
    assert int(out.split()[1]) > 100


def test_importing_the_store_does_not_import_diskcache(python):
    """It is loaded when a store is opened; importing stays cheap."""
    process = python("import sys, checkpoint_nb.stores.disk; print('diskcache' in sys.modules)")
    assert process.communicate(timeout=60)[0].strip() == "False"


def test_only_one_file_knows_diskcache():
    """And the store imports nothing of other services."""
    import checkpoint_nb.stores.disk as module

    sources = {path.name: path.read_text() for path in Path(module.__file__).parent.glob("*.py")}
    assert [name for name, text in sources.items() if "import diskcache" in text] == ["index.py"]
    for text in sources.values():
        assert "checkpoint_nb.fingerprint" not in text
        assert "checkpoint_nb.executors" not in text


def test_a_row_that_was_verified_once_is_still_noticed_when_it_changes(disk, cache_dir):
    """What is remembered are the bytes: other bytes are verified anew."""
    kept = keep(disk, "x", 1)
    first, second = disk.lookup([kept.key]), disk.lookup([kept.key])
    assert first == second == {kept.key: kept}
    with database(cache_dir) as db:
        db.execute("UPDATE Cache SET value = x'00' || value WHERE key = ?", [kept.key])
    assert disk.lookup([kept.key]) == {}
