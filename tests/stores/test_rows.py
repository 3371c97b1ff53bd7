"""Rows: what was stored before units were there is read as it was, and written as it was."""

import pytest
from blake3 import blake3
from store_contract import digest

from checkpoint_nb.errors import DamagedEntry
from checkpoint_nb.stores.interface import Record, Stored
from checkpoint_nb.stores.rows import open_row, seal_row
from checkpoint_nb.stores.sealing import Secret

SECRET = Secret(bytes(32))


def record(outputs):
    return Record("k1", "load", "n1", "load(7)", outputs, {}, 0.5, 0.0, "log", {"/data": "d3"})


def test_a_row_without_units_is_byte_for_byte_what_it_was():
    """So the format need not change: rows of before are valid."""
    outputs = {"": Stored("d1", 3, "int 7", b"..."), "big": Stored("d2", 9, "array")}
    row = seal_row(record(outputs), SECRET)
    assert blake3(row).hexdigest().startswith("16a2b24cd48592bff746e5268ba0aa09")
    assert open_row(row, "k1", SECRET) == record(outputs)


def test_the_payload_of_a_small_unit_is_in_the_row_once():
    """However many members it has."""
    payload = bytes(range(256)) * 10
    unit = {
        name: Stored(digest(name), len(payload), "", payload, digest("unit"), name)
        for name in ("a", "b c", "größe")
    }
    outputs = {"first": Stored("d1", 3, "", b"..."), **unit, "last": Stored("d2", 3, "", b",,,")}
    row = seal_row(record(outputs), SECRET)
    assert row.count(payload) == 1
    assert open_row(row, "k1", SECRET) == record(outputs)


def test_every_flipped_byte_of_a_row_with_a_unit_is_noticed():
    """Exhaustive."""
    unit = {name: Stored(digest(name), 3, "", b"...", digest("unit"), name) for name in ("a", "b")}
    row = seal_row(record(unit), SECRET)
    for place in range(len(row)):
        bad = row[:place] + bytes([row[place] ^ 1]) + row[place + 1 :]
        with pytest.raises(DamagedEntry):
            open_row(bad, "k1", SECRET)
    for length in range(len(row)):
        with pytest.raises(DamagedEntry):
            open_row(row[:length], "k1", SECRET)
