"""Each pair of values in the specification as a task's arguments: the second hits where it is equal."""

import pytest

from tests.sameness.expected import FAULTS
from tests.sameness.value_runs import all_pairs, in_kernel, in_processes

PAIRS = all_pairs()


def rows(way):
    marks = {
        name: [pytest.mark.xfail(reason=why, strict=True)]
        for (known, name), why in FAULTS.items()
        if known == way
    }
    return [pytest.param(pair, id=pair.id, marks=marks.get(pair.id, [])) for pair in PAIRS]


@pytest.fixture(scope="module")
def told_in_kernel(kernel, chosen):
    return in_kernel(kernel, chosen("test_values_in_a_notebook", PAIRS))


@pytest.fixture(scope="module")
def told_in_processes(tmp_path_factory, chosen):
    folder = tmp_path_factory.mktemp("values") / "tasks"
    return in_processes(folder, chosen("test_values_in_fresh_processes", PAIRS))


def check(pair, asked):
    assert not asked.error, asked.error
    for name in ("one", "two", "again"):
        step = getattr(asked, name)
        assert not step.error, f"{name}: {step.error}"
        assert step.value == step.oracle, f"{name}: a wrong value"
    assert asked.one.ran, "the first value was known"
    assert asked.two.ran == (not pair.equal)
    assert not asked.again.ran, "the first value was forgotten"


@pytest.mark.parametrize("pair", rows("values"))
def test_values_in_a_notebook(pair, told_in_kernel):
    """The task runs for the second value if and only if it is another one."""
    check(pair, told_in_kernel[pair.id])


@pytest.mark.slow
@pytest.mark.parametrize("pair", rows("values in processes"))
def test_values_in_fresh_processes(pair, told_in_processes):
    """A process under another hash seed finds the first value, and the second where it is equal."""
    check(pair, told_in_processes[pair.id])
