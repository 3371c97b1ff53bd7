"""Payload files: durable, verified, mapped, and moved aside when they are not what was stored."""

import errno
import os
import pickle
import threading

import numpy as np
import pytest
from store_contract import digest, unit
from test_entry import Gadget

from checkpoint_nb.errors import DamagedEntry, MissingEntry, StoreError, StoreUnavailable
from checkpoint_nb.stores.entry import file_size
from checkpoint_nb.stores.interface import Stored
from checkpoint_nb.stores.objects import FileObjects


@pytest.fixture
def objects(cache_dir, key_file):
    return FileObjects(cache_dir, key_file, inline_limit=100)


@pytest.fixture
def large():
    return np.arange(10_000_000.0)


def put(objects, value, name="a", level=0):
    return objects.put(value, digest(name), "shown", level)


def names(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_small_payloads_are_inline_and_large_ones_files(objects, cache_dir):
    """The limit decides; a small one leaves no file."""
    small, big = put(objects, 1, "small"), put(objects, "x" * 1000, "big")
    assert small.inline is not None
    assert big.inline is None
    assert names(cache_dir / "objects") == [big.digest]
    assert objects.path(big.digest).parent.name == big.digest[:2]
    assert objects.get(small) == 1
    assert objects.get(big) == "x" * 1000


def test_a_large_array_comes_back_as_a_writable_map(objects, large):
    """80 MB, not copied; writing to it never reaches the file or another reader."""
    kept = put(objects, large)
    before = objects.path(kept.digest).read_bytes()
    back = objects.get(kept)
    assert back.flags.writeable
    assert not back.flags.owndata
    assert back.ctypes.data % 64 == 0
    back[:] = -1
    np.testing.assert_array_equal(objects.get(kept), large)
    del back
    assert objects.path(kept.digest).read_bytes() == before


def test_a_map_outlives_its_file(objects, large):
    """An array in use survives that its entry is cleared or replaced."""
    kept = put(objects, large)
    back = objects.get(kept)
    assert objects.remove(kept.digest) == file_size(kept.size)
    np.testing.assert_array_equal(back, large)


def test_it_pickles_to_a_few_bytes_and_works_in_another_process(
    objects, key_file, python, tmp_path
):
    """A worker writes, the kernel reads; the secret is not in the pickle."""
    data = pickle.dumps(objects)
    assert len(data) < 400
    objects.secret
    assert objects.secret.key not in pickle.dumps(objects)
    (tmp_path / "objects.pickle").write_bytes(data)
    process = python(
        "import pickle, sys\n"
        "from store_contract import digest\n"
        "objects = pickle.load(open(sys.argv[1], 'rb'))\n"
        "print(objects.put(list(range(1000)), digest('a'), 'list', 0).size)\n",
        tmp_path / "objects.pickle",
    )
    size = int(process.communicate(timeout=60)[0])
    kept = put(objects, list(range(1000)))
    assert kept.size == size
    assert objects.get(kept) == list(range(1000))


def test_a_second_put_leaves_an_intact_file(objects):
    """Also with another level: who knows the file by its size still finds it."""
    value = list(range(5000))
    one = put(objects, value)
    inode = objects.path(one.digest).stat().st_ino
    two = put(objects, value, level=9)
    assert objects.path(one.digest).stat().st_ino == inode
    assert one == two
    assert objects.holds(one)


@pytest.mark.parametrize("fault", ["flip", "cut", "empty", "tail", "swap", "link", "folder"])
def test_a_bad_file_is_moved_aside_and_a_put_heals_it(objects, cache_dir, fault, tmp_path):
    """Damaged once, quarantined with the reason, missing afterwards, whole after a put."""
    told = []
    objects.rejected = lambda what, why: told.append((what, why))
    kept, other = put(objects, "x" * 1000), put(objects, "y" * 1000, "b")
    path = objects.path(kept.digest)
    data = bytearray(path.read_bytes())
    if fault == "flip":
        data[700] ^= 1
        path.write_bytes(data)
    elif fault in ("cut", "empty"):
        path.write_bytes(data[:-5] if fault == "cut" else b"")
    elif fault == "tail":
        path.write_bytes(data + b"!")
    elif fault == "swap":
        path.write_bytes(objects.path(other.digest).read_bytes())
    elif fault == "link":
        path.rename(tmp_path / "target")
        path.symlink_to(tmp_path / "target")
    else:
        path.unlink()
        path.mkdir()
    with pytest.raises(DamagedEntry, match="Hint: "):
        objects.get(kept)
    assert len(list((cache_dir / "quarantine").glob("*.json"))) == 1
    assert [what for what, _ in told] == [kept.digest]
    with pytest.raises(MissingEntry):
        objects.get(kept)
    assert put(objects, "x" * 1000) == kept
    assert objects.get(kept) == "x" * 1000
    assert objects.get(other) == "y" * 1000


def test_intact_finds_damage_that_holds_does_not_see(objects, cache_dir):
    """The cheap look sees sizes; the thorough one every byte, and moves the file aside."""
    kept = put(objects, "x" * 1000)
    assert objects.get(kept)
    path = objects.path(kept.digest)
    data, status = bytearray(path.read_bytes()), path.stat()
    data[700] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert objects.holds(kept)
    assert not objects.intact(kept)
    assert not objects.holds(kept)
    assert len(list((cache_dir / "quarantine").glob("*.json"))) == 1


def test_a_planted_gadget_never_runs(cache_dir, key_file, tmp_path):
    """Sealed with the attacker's own key, it is foreign: refused, and left where it is."""
    gadget = Gadget(tmp_path / "canary")
    evil = FileObjects(cache_dir, tmp_path / "evil.key", inline_limit=0)
    kept = put(evil, gadget)
    mine, told = FileObjects(cache_dir, key_file, inline_limit=0), []
    mine.rejected = lambda what, why: told.append(why)
    with pytest.raises(DamagedEntry, match="sealed with another key"):
        mine.get(kept)
    assert told == ["sealed with another key"]
    assert evil.path(kept.digest).exists()
    assert not (tmp_path / "canary").exists()
    assert put(mine, "mine" * 100).size > 0
    assert mine.get(put(mine, "mine" * 100)) == "mine" * 100


def test_a_result_that_no_longer_loads_is_damaged(objects, monkeypatch):
    """A class that is gone, say: the reason is kept, and the result counts as missing."""

    class Gone:
        def __reduce__(self):
            return int, ("no number",)

    for limit in (0, 10_000):
        there = FileObjects(objects._folder.root, objects._key_file, inline_limit=limit)
        kept = put(there, Gone())
        with pytest.raises(DamagedEntry, match="cannot be loaded: ValueError"):
            there.get(kept)


def test_what_cannot_be_stored_leaves_nothing(objects, cache_dir):
    """No file, no draft, and the error says where in the result it is."""

    class Model:
        def __init__(self):
            self.weights, self.lock = np.zeros(1000), threading.Lock()

    with pytest.raises(StoreError, match=r"result\[0\]\.lock cannot be stored"):
        put(objects, [Model()])
    assert not cache_dir.exists() or names(cache_dir) == []


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_is_an_error_and_leaves_nothing(objects, cache_dir, monkeypatch, call):
    """StoreUnavailable; neither an entry nor a draft stays."""
    put(objects, "y" * 1000, "b")

    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(StoreUnavailable, match="No space left"):
        put(objects, "x" * 1000)
    monkeypatch.undo()
    assert names(cache_dir / "objects") == [digest("b")]
    assert names(cache_dir / "tmp") == []


def test_too_many_open_files_harm_no_entry(objects, monkeypatch):
    """A file that cannot be opened now is missing now, not damaged."""
    kept = put(objects, "x" * 1000)

    def fail(*_, **__):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(MissingEntry, match="Too many open files"):
        objects.get(kept)
    monkeypatch.undo()
    assert objects.get(kept) == "x" * 1000


def test_a_verified_file_is_not_hashed_again_until_it_changes(objects, monkeypatch):
    """The second look maps it; a touched file is verified anew."""
    kept = put(objects, "x" * 1000)
    hashed = []
    from checkpoint_nb.stores import entry

    real = entry.digest_of
    monkeypatch.setattr(entry, "digest_of", lambda *given: hashed.append(1) or real(*given))
    objects.get(kept)
    objects.get(kept)
    assert len(hashed) == 1
    os.utime(objects.path(kept.digest))
    objects.get(kept)
    assert len(hashed) == 2


def test_files_are_for_the_user_alone(objects, cache_dir):
    """0600 in directories of 0700, whatever the umask."""
    before = os.umask(0)
    try:
        put(objects, "x" * 1000)
    finally:
        os.umask(before)
    for path in [cache_dir, *cache_dir.rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.parametrize("name", ["../../victim", "/etc/passwd", "", "AB" * 8, "a.b" * 5])
def test_only_a_digest_names_a_file(objects, name):
    """Nothing else is ever made into a path, nor removed."""
    with pytest.raises(StoreError, match="lower-case hex"):
        objects.path(name)
    assert objects.remove(name) == 0


# Units


class _Around:
    """What ``unit`` of the contract asks for."""

    def __init__(self, objects):
        self.objects = objects


@pytest.mark.parametrize("fault", ["flip", "cut", "empty", "tail"])
def test_a_bad_unit_is_moved_aside_and_a_put_heals_it(objects, cache_dir, fault):
    """Damaged for whichever member asks first, missing for the others, whole after a put."""
    told = []
    objects.rejected = lambda what, why: told.append(what)
    rows = ["x" * 1000]
    kept = unit(_Around(objects), {"a": rows, "b": rows})
    path = objects.path(kept["a"].payload)
    data = bytearray(path.read_bytes())
    if fault == "flip":
        data[700] ^= 1
    changed = {"flip": data, "cut": data[:-5], "empty": b"", "tail": data + b"!"}[fault]
    path.write_bytes(changed)
    with pytest.raises(DamagedEntry, match="Hint: "):
        objects.get_all([kept["a"], kept["b"]])
    assert len(list((cache_dir / "quarantine").glob("*.json"))) == 1
    assert told == [kept["a"].payload]
    assert not objects.intact(kept["b"])
    with pytest.raises(MissingEntry):
        objects.get(kept["b"])
    assert unit(_Around(objects), {"a": rows, "b": rows}) == kept
    assert objects.get(kept["b"]) == rows


def test_a_unit_of_the_wrong_shape_is_damaged(objects):
    """A payload that is whole but has no such member is no result."""
    rows = [1]
    kept = unit(_Around(objects), {"a": rows, "b": rows})["a"]
    other = Stored(kept.digest, kept.size, "", kept.inline, kept.unit, "c")
    for load in (objects.get, lambda one: objects.get_all([one])):
        with pytest.raises(DamagedEntry, match="there is no c in it"):
            load(other)


def test_arrays_of_a_unit_are_maps_of_one_file(objects, large):
    """Not copied, aligned, writeable, and the file never hears of it."""
    kept = unit(_Around(objects), {"whole": large, "part": large[10:20], "model": [large]})
    before = objects.path(kept["part"].payload).read_bytes()
    assert len(before) < large.nbytes + 10_000
    whole, part, model = objects.get_all([kept["whole"], kept["part"], kept["model"]])
    assert whole is model[0]
    assert not whole.flags.owndata
    assert whole.ctypes.data % 64 == 0
    part[:] = -1
    assert (whole[10:20] == -1).all()
    assert (objects.get(kept["whole"]) == large).all()
    assert objects.path(kept["part"].payload).read_bytes() == before
