"""What programs made by chance read and leave when they are run, against what is told of them."""

from __future__ import annotations

import ast
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checkpoint_nb.notebook.names import names_of
from tests.notebook.programs import NAMES, Writer, left, run
from tests.notebook.test_names import CASES


@pytest.fixture(autouse=True)
def _silent():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32), st.integers(0, 2**32))
def test_a_program_reads_and_leaves_nothing_it_was_not_said_to(program, chance):
    """Values looked up are reads, what is left bound is bound, what is gone is deleted.

    And without the names it is not said to read, the program does just the same.
    """
    source = Writer(program).program()
    names = names_of(ast.parse(source))
    read = {*names.reads, *names.may_read}
    namespace, end = run(source, set(NAMES), chance)
    assert namespace.read <= read, source
    bound, gone = left(namespace)
    if not end:
        assert bound <= set(names.binds), source
        assert gone <= set(names.deletes), source
    if end != "stopped":
        again, end_again = run(source, set(NAMES) & read, chance)
        assert (end_again, left(again)[0]) == (end, bound), source


def test_the_programs_come_to_their_ends_often_enough():
    """The check above is one of something: programs read, bind, delete, and some end well."""
    ends, counts = [], {"read": 0, "bound": 0, "gone": 0}
    for seed in range(60):
        namespace, end = run(Writer(seed).program(), set(NAMES), seed)
        ends.append(end)
        bound, gone = left(namespace)
        for what, names in (("read", namespace.read), ("bound", bound), ("gone", gone)):
            counts[what] += bool(names)
    assert ends.count("") >= 5
    assert len(set(ends)) >= 4
    assert min(counts.values()) >= 5


RUNNABLE = [
    case[0] for case in CASES if not {"await", "async", "import", "get_ipython"} & set(case[0].split())
]  # fmt: skip


@pytest.mark.parametrize("source", RUNNABLE, ids=[code[:60] for code in RUNNABLE])
def test_the_cells_of_the_table_read_what_the_table_says(source):
    """Each is run a few times over values that go one way and the other."""
    if "get_ipython" in source or "import *" in source:
        pytest.skip("needs IPython")
    names = names_of(ast.parse(source))
    read = {*names.reads, *names.may_read}
    there = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    there -= {*names.builtins, "__name__"}
    for seed in range(8):
        namespace, end = run(source, there, seed)
        assert namespace.read <= read
        bound, gone = left(namespace)
        if not end:
            assert bound <= set(names.binds)
            assert gone <= set(names.deletes)
