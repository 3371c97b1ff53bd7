"""Texts for people are sealed, shared by many processes, and never in the way of results."""

import sqlite3

import pytest
from store_contract import digest, keep

from checkpoint_nb.errors import DamagedEntry
from checkpoint_nb.stores.disk import DiskStore
from checkpoint_nb.stores.entry import ForeignEntry
from checkpoint_nb.stores.sealing import Secret
from checkpoint_nb.stores.texts import open_text, seal_text

A, B = digest("a"), digest("b")


def database(cache_dir):
    return sqlite3.connect(cache_dir / "index" / "cache.db", isolation_level=None)


def test_every_flipped_bit_of_a_sealed_text_is_found():
    """The seal covers all of it, and the digest it is kept under."""
    secret = Secret(bytes(32))
    row = seal_text(A, "def f(): return 1", secret)
    assert open_text(row, A, secret) == "def f(): return 1"
    for at in range(len(row)):
        flipped = row[:at] + bytes([row[at] ^ 1]) + row[at + 1 :]
        with pytest.raises(DamagedEntry):
            open_text(flipped, A, secret)
    for bad in (b"", row[:-1], row + b"x"):
        with pytest.raises(DamagedEntry):
            open_text(bad, A, secret)
    with pytest.raises(DamagedEntry):
        open_text(row, B, secret)
    with pytest.raises(ForeignEntry):
        open_text(row, A, Secret(b"1" * 32))


def test_a_planted_or_exchanged_text_is_left_out_and_mended(disk, cache_dir):
    """What the database says is not believed; the next time the text is kept it is right again."""
    disk.keep_details({A: "text a", B: "text b"})
    assert len(disk.details([A, B])) == 2
    with database(cache_dir) as db:
        (other,) = db.execute("SELECT value FROM Cache WHERE key = ?", (f"text:{B}",)).fetchone()
        db.execute("UPDATE Cache SET value = ? WHERE key = ?", (other, f"text:{A}"))
    assert disk.details([A, B]) == {B: "text b"}
    disk.keep_details({A: "text a"})
    assert disk.details([A, B]) == {A: "text a", B: "text b"}


def test_a_text_is_written_once_by_two_stores_on_one_directory(disk, cache_dir, key_file):
    """Two kernels may keep the same text; each reads what the other wrote, in one row."""
    other = DiskStore(cache_dir, key_file)
    try:
        disk.keep_details({A: "text"})
        assert disk.details([A]) == other.details([A]) == {A: "text"}
        with database(cache_dir) as db:
            before = db.execute(
                "SELECT rowid, store_time FROM Cache WHERE tag = 'texts'"
            ).fetchall()
            other.keep_details({A: "text"})
            assert other.details([A]) == {A: "text"}
            after = db.execute("SELECT rowid, store_time FROM Cache WHERE tag = 'texts'").fetchall()
        assert before == after
        assert len(after) == 1
    finally:
        other.close()


def test_texts_outlive_the_store(disk, cache_dir, key_file):
    """They are there in the next session; closing waits for them."""
    disk.keep_details({A: "text"})
    disk.close()
    again = DiskStore(cache_dir, key_file)
    try:
        assert again.details([A]) == {A: "text"}
    finally:
        again.close()


def test_results_are_kept_where_texts_cannot_be(disk):
    """A text that the database cannot take takes no result with it, nor what comes later."""
    before = keep(disk, "x", 1)
    disk.keep_details({"\ud800": "its name cannot be written", A: "text"})
    after = keep(disk, "y", 2)
    assert set(disk.lookup([before.key, after.key])) == {before.key, after.key}
    disk.keep_details({B: "text"})
    assert disk.details([A, B]) == {B: "text"}


def test_results_stay_durable_after_texts_were_written(disk):
    """Only the transaction of the texts does without waiting for the disk."""
    disk.keep_details({A: "text"})
    disk.details([A])
    level = disk._thread.ask(lambda: disk._index._sql("PRAGMA synchronous"))
    assert level == [(2,)]


def test_many_results_are_looked_up_without_reading_texts(disk):
    """A look-up of everything still finds every record beside many texts."""
    kept = [keep(disk, number, number) for number in range(3)]
    disk.keep_details({digest(("text", number)): "x" * 1000 for number in range(600)})
    keys = [one.key for one in kept] + [digest(("absent", number)) for number in range(600)]
    assert set(disk.lookup(keys)) == {one.key for one in kept}
