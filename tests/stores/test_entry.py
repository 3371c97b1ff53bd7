"""Nothing that was changed, cut, exchanged or planted gets as far as the unpickler."""

import os
import time

import pytest
from store_contract import digest, record

from checkpoint_nb.errors import DamagedEntry, StoreUnavailable
from checkpoint_nb.stores.entry import ForeignEntry, file_size, open_entry, seal_entry
from checkpoint_nb.stores.interface import Stored
from checkpoint_nb.stores.payload import decode, encode
from checkpoint_nb.stores.rows import open_row, seal_row
from checkpoint_nb.stores.sealing import Secret, load_secret

SECRET, OTHER = Secret(bytes(32)), Secret(bytes(31) + b"\1")


class Gadget:
    """Unpickling it makes a directory: the canary."""

    def __init__(self, canary):
        self.canary = str(canary)

    def __reduce__(self):
        return os.mkdir, (self.canary,)


def sealed(value, name="a", secret=SECRET):
    payload = encode(value)
    before, after = seal_entry(digest(name), payload.chunks, payload.size, secret)
    return before + payload.join() + after


def opened(data, name="a"):
    return decode(open_entry(data, digest(name), SECRET))


def row(name, value, secret=SECRET):
    payload = encode(value).join()
    return seal_row(record(name, Stored(digest(name), len(payload), "", payload)), secret)


def open_and_load(data, name):
    found = open_row(data, digest(("key", name)), SECRET)
    return decode(found.outputs[""].inline)


def test_a_sealed_entry_and_row_open_again():
    """Untouched, both give the value back."""
    data = sealed([1, 2])
    assert opened(data) == [1, 2]
    assert len(data) == file_size(encode([1, 2]).size)
    assert open_and_load(row("a", [1, 2]), "a") == [1, 2]


@pytest.mark.parametrize("kind", ["entry", "row"])
def test_every_flipped_bit_is_noticed_before_unpickling(kind, tmp_path):
    """Exhaustive: each bit of a small entry and row; the gadget in it never runs."""
    gadget = Gadget(tmp_path / "canary")
    good = sealed(gadget) if kind == "entry" else row("a", gadget)
    load = opened if kind == "entry" else open_and_load
    data = bytearray(good)
    for place in range(len(data) * 8):
        data[place // 8] ^= 1 << place % 8
        with pytest.raises(DamagedEntry):
            load(bytes(data), "a")
        data[place // 8] ^= 1 << place % 8
    assert not (tmp_path / "canary").exists()
    load(bytes(data), "a")
    assert (tmp_path / "canary").exists()


@pytest.mark.parametrize("kind", ["entry", "row"])
def test_every_truncation_and_a_longer_tail_are_noticed(kind):
    """Each length from nothing to one byte less, and bytes after the end."""
    good = sealed("value") if kind == "entry" else row("a", "value")
    load = opened if kind == "entry" else open_and_load
    for bad in [good[:length] for length in range(len(good))] + [good + b"\0", good + good]:
        with pytest.raises(DamagedEntry):
            load(bad, "a")


@pytest.mark.parametrize("kind", ["entry", "row"])
def test_a_valid_entry_of_another_slot_is_refused(kind):
    """An exchanged pair does not pass, though both are sealed by us."""
    other = sealed("b", "b") if kind == "entry" else row("b", "b")
    with pytest.raises(DamagedEntry, match="another"):
        (opened if kind == "entry" else open_and_load)(other, "a")


@pytest.mark.parametrize("kind", ["entry", "row"])
def test_an_entry_sealed_with_another_key_is_foreign(kind, tmp_path):
    """It is a miss, with that reason, and never unpickled."""
    gadget = Gadget(tmp_path / "canary")
    other = sealed(gadget, secret=OTHER) if kind == "entry" else row("a", gadget, OTHER)
    with pytest.raises(ForeignEntry, match="sealed with another key"):
        (opened if kind == "entry" else open_and_load)(other, "a")
    assert not (tmp_path / "canary").exists()


def test_an_entry_that_claims_our_key_is_refused():
    """Naming our key is not enough: the seal is checked."""
    forged = sealed(1, secret=OTHER).replace(OTHER.id.hex().encode(), SECRET.id.hex().encode())
    with pytest.raises(DamagedEntry, match="seal is broken"):
        opened(forged)
    forged = row("a", 1, OTHER).replace(OTHER.id, SECRET.id)
    with pytest.raises(DamagedEntry, match="seal of its row is broken"):
        open_and_load(forged, "a")


def test_the_seal_of_a_row_is_no_seal_of_an_entry():
    """Each kind has a key of its own."""
    assert SECRET.tag("row", b"x") != SECRET.tag("entry", b"x")


def test_another_python_is_a_miss_without_blame(monkeypatch):
    """Byte code inside a payload must not reach another interpreter."""
    monkeypatch.setattr("checkpoint_nb.stores.entry._PYTHON", "3.99")
    data = sealed(1)
    monkeypatch.undo()
    with pytest.raises(ForeignEntry, match="another Python"):
        opened(data)


def test_the_secret_never_shows():
    """Neither in its repr nor by its public name."""
    secret = Secret(b"0123456789abcdef0123456789abcdef")
    assert "0123" not in repr(secret)


def test_a_key_is_made_once_for_the_user_alone(tmp_path):
    """32 bytes, 0600, in a directory of mode 0700."""
    file = tmp_path / "config" / "keys" / "user.key"
    assert load_secret(file) == load_secret(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["user.key"]


def test_the_default_key_is_in_the_users_configuration(tmp_path, monkeypatch):
    """Where no file is given."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    load_secret()
    assert len((tmp_path / "checkpoint_nb" / "keys" / "user.key").read_bytes()) == 32


@pytest.mark.parametrize("fault", ["readable", "short", "empty", "link", "directory"])
def test_a_key_that_cannot_be_trusted_is_refused(tmp_path, fault):
    """Readable by others, of a wrong length, or not a plain file: an error with a hint."""
    file = tmp_path / "user.key"
    load_secret(file)
    if fault == "readable":
        file.chmod(0o640)
    elif fault in ("short", "empty"):
        file.write_bytes(b"short" if fault == "short" else b"")
    elif fault == "link":
        file.rename(tmp_path / "real")
        file.symlink_to(tmp_path / "real")
    else:
        file.unlink()
        file.mkdir(mode=0o700)
    with pytest.raises(StoreUnavailable, match="Hint: ") as caught:
        load_secret(file)
    assert caught.value.facts["reason"]


def test_a_link_to_nowhere_makes_no_key_there(tmp_path):
    """Making the key follows no link."""
    (tmp_path / "user.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreUnavailable, match="symbolic link"):
        load_secret(tmp_path / "user.key")
    assert not (tmp_path / "elsewhere").exists()


def test_processes_that_make_the_key_at_once_agree(tmp_path, python):
    """Six processes start together; all print the same name of the key."""
    start = time.time() + 1.0
    script = (
        "import sys, time, pathlib\n"
        "from checkpoint_nb.stores.sealing import load_secret\n"
        "time.sleep(max(0, float(sys.argv[2]) - time.time()))\n"
        "print(load_secret(pathlib.Path(sys.argv[1])).id.hex())\n"
    )
    processes = [python(script, tmp_path / "keys" / "user.key", start) for _ in range(6)]
    assert len({process.communicate(timeout=60)[0] for process in processes}) == 1
