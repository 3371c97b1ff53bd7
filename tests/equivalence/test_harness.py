"""The harness tells apart what differs, and does not what is the same."""

from __future__ import annotations

import pytest

from tests.equivalence.comparing import Watcher
from tests.equivalence.inside.values import Account
from tests.equivalence.outputs import Screen
from tests.equivalence.phases import Runs
from tests.equivalence.reading import Cell, Notebook, find, read
from tests.equivalence.rerunning import Reads


def described(value: object) -> str:
    return Account({}).of("x", value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([1, 2], (1, 2)),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (1, True),
        (0.0, -0.0),
        ([[]] * 2, [[], []]),
        (lambda x: x + 1, lambda x: x + 2),
    ],
)
def test_values_that_a_user_can_tell_apart_are_told_apart(one, other):
    """Kind, order, sign and shared parts count."""
    assert described(one) != described(other)


def test_arrays_differ_by_content_kind_and_whether_they_can_be_written():
    """The same numbers in another dtype, or read-only, are another array."""
    numpy = pytest.importorskip("numpy")
    array = numpy.arange(4.0)
    frozen = array.copy()
    frozen.flags.writeable = False
    assert described(array) == described(array.copy())
    assert len({described(array), described(array.astype("f4")), described(frozen)}) == 3


def test_variables_that_share_an_object_are_told():
    """An alias, a part and a view are found; equal values that are apart are not."""
    numpy = pytest.importorskip("numpy")
    inner, array = [1], numpy.arange(3)
    account = Account({})
    for name, value in {
        "a": inner,
        "b": {"k": inner},
        "c": [1],
        "x": array,
        "y": array[1:],
    }.items():
        account.of(name, value)
    assert account.aliases() == ["a is b['k']", "x shares memory with y"]


def test_addresses_times_and_chosen_ids_do_not_count_in_outputs():
    """A progress bar, an object's address and the display ids of two kernels are the same."""

    def shown(address: str, rate: str, name: str) -> object:
        return Screen().shown(
            [
                ("stream", {"name": "stderr", "text": f"\r50%\r100% [00:01<00:00, {rate}it/s]\n"}),
                (
                    "display_data",
                    {
                        "data": {"text/plain": f"<A at {address}>"},
                        "transient": {"display_id": name},
                    },
                ),
            ]
        )

    assert shown("0x7f0011aa", "3.1", "u1") == shown("0x7f9922bb", "4.5", "u2")
    assert "100%" in str(shown("0x7f0011aa", "3.1", "u1"))


def test_a_cell_that_only_binds_reads_nothing_and_one_that_calls_reads_what_the_function_reads():
    """What running a cell again must give hangs on what it reads, also through functions."""
    cells = ("def f(): return k", "k = 1", "k = 2; y = k", "y = f()", "y += 1")
    reads = Reads(tuple(Cell(source) for source in cells))
    assert "k" not in reads.of(1)
    assert "k" not in reads.of(2)
    assert "k" in reads.of(3)
    assert "y" in reads.of(4)


def test_cells_that_are_left_as_they_are():
    """A cell magic, %load_ext, line magics alone and comments are not checkpointed."""
    left = ("%%time\nx = 1", "%load_ext a", "!ls\n%pwd", "# nothing")
    assert all(Cell(source).checkpointed == source for source in left)
    assert Cell("# a\nx = 1").checkpointed.startswith("%%checkpoint\n")


def test_two_plain_runs_differ_where_a_notebook_is_not_steady(tmp_path):
    """The kernels are asked: a changed value, output and sharing is found, cell by cell."""
    source = "```{code-cell}\nimport os\nx = [os.getpid()]\ny = x\nx\n```\n\n```{code-cell}\nz = 1\n```\n"
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "pid.md").write_text(source)
    (tmp_path / "home").mkdir()
    notebook = read(find([tmp_path / "in"])[0])
    assert notebook == Notebook(tmp_path / "in" / "pid.md", notebook.cells)
    runs = Runs(notebook, tmp_path / "home")
    plain, again = runs.plain(), runs.plain()
    watcher = Watcher(notebook, plain)
    for one, other in zip(plain.steps, again.steps, strict=True):
        watcher.compare(one, other.shown, other.after)
    found = {(difference.cell, difference.what) for difference in watcher.differences}
    assert {(0, "output"), (0, "variable x"), (0, "variable y")} <= found
    assert (1, "variable z") not in found
    assert plain.steps[0].after.aliases == ["x is y"]
