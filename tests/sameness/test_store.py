"""What the specification says of stored results: damage, killed writers, two at once, changed arrays."""

import os
import signal
import time

import numpy as np
import pytest

from checkpoint_nb import checkpoint
from checkpoint_nb.fingerprint import keys
from checkpoint_nb.session import Session, use
from tests.sameness.scripts import Scripts

BIG = "@checkpoint\ndef big(n):\n    return 'x' * n\n"
SIZE = 300_000


def stored_files(folder):
    objects = folder / "cache" / "checkpoint" / "objects"
    return [path for path in objects.rglob("*") if path.is_file()]


def flip(data):
    return data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :]


@pytest.mark.case(148)
@pytest.mark.parametrize(
    "damage", [flip, lambda d: d[:-10], lambda d: b""], ids=["bit", "cut", "empty"]
)
def test_a_damaged_result_is_computed_again(tmp_path, damage):
    """Another process meets a flipped bit, a short file or none: it computes, and gives the right value."""
    scripts, task = Scripts(tmp_path), f"{BIG}tell(big({SIZE}))"
    assert scripts.run(task) == ("x" * SIZE, True)
    assert scripts.run(task) == ("x" * SIZE, False)
    [file] = stored_files(tmp_path)
    file.chmod(0o600)
    file.write_bytes(damage(file.read_bytes()))
    assert scripts.run(task) == ("x" * SIZE, True)
    assert scripts.run(task) == ("x" * SIZE, False)


@pytest.mark.case(149)
def test_a_writer_killed_in_the_middle_leaves_no_result(tmp_path):
    """SIGKILL while a result is being written: the next process computes it, and nothing is in its way."""
    scripts, size = Scripts(tmp_path), 30_000_000
    task = f"{BIG}tell(big({size}))"
    slow = (
        "import os, time\nsync = os.fsync\n"
        "os.fsync = lambda f: time.sleep(600) if os.fstat(f).st_size > 1e7 else sync(f)\n"
    )
    writer = scripts.start(slow + task)
    drafts = tmp_path / "cache" / "checkpoint" / "tmp"
    deadline = time.monotonic() + 60
    while not (drafts.exists() and any(draft.stat().st_size > size for draft in drafts.iterdir())):
        if time.monotonic() > deadline or writer.poll() is not None:
            break
        time.sleep(0.01)
    os.kill(writer.pid, signal.SIGKILL)
    errors = writer.communicate()[1]
    assert any(drafts.iterdir()), errors
    assert stored_files(tmp_path) == []
    value, ran = scripts.run(task)
    assert (len(value), ran) == (size, True)
    assert scripts.run(task)[1] is False


@pytest.mark.case(150)
def test_two_processes_at_once_are_both_right(tmp_path):
    """Both compute or one waits; both have the value, and the third process finds it."""
    scripts = Scripts(tmp_path)
    task = "import time\n@checkpoint\ndef slow(n):\n    time.sleep(0.5)\n    return n + 1\ntell(slow(1))"
    started = [scripts.start(task), scripts.start(task)]
    assert [scripts.end(one)[0] for one in started] == [2, 2]
    assert scripts.run(task) == (2, False)


@pytest.mark.case(151)
def test_a_result_changed_by_its_owner_is_whole_at_the_next_hit(session):
    """What the caller does to an array, a frame or a list does not reach the store."""
    pd = pytest.importorskip("pandas")

    @checkpoint
    def made():
        return np.zeros(100_000), pd.DataFrame({"a": [1, 2, 3]}), [1, 2]

    for _ in range(3):
        array, frame, rows = made().run()
        assert (float(array.sum()), list(frame["a"]), rows) == (0.0, [1, 2, 3], [1, 2])
        try:
            array[:] = 9
        except ValueError:
            assert not array.flags.writeable
        frame.loc[0, "a"] = 9
        rows.append(3)
    again = use(Session(session.config, executor=session._executor))
    assert float(made().run()[0].sum()) == 0.0
    assert again is not session


@pytest.mark.case(105)
def test_another_python_minor_is_a_miss_and_never_a_wrong_load(session, monkeypatch):
    """Python's minor version is part of the key, and is named as the reason."""

    @checkpoint
    def one():
        return 1

    assert one().run_with_info()[1]["ran"]
    monkeypatch.setattr(keys, "_PYTHON", "3.99")
    assert any("3.99" in line for line in one().why())
    assert one().run_with_info()[1]["ran"]
    monkeypatch.undo()
    assert not one().run_with_info()[1]["ran"]
