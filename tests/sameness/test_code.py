"""Each edit of code in the specification, in a notebook and as modules: run, edit, run, edit back."""

import pytest

from tests.sameness.expected import FALSE_MISSES, FAULTS, UNSHOWN
from tests.sameness.process_runs import stories
from tests.sameness.texts import all_cases

CASES = all_cases()


def rows(way):
    return [
        pytest.param(case, id=case.id, marks=_known(way, case.id)) for case in CASES
    ]  # fmt: skip


def _known(way, name):
    why = FAULTS.get((way, name))
    return [pytest.mark.xfail(reason=why, strict=True)] if why else []


@pytest.fixture(scope="module")
def tasks_told(kernel, chosen):
    cases = chosen("test_a_task_in_a_notebook", CASES)
    return {case.id: kernel.story(f"task {at}", case, cells=False) for at, case in enumerate(cases)}


@pytest.fixture(scope="module")
def cells_told(kernel, chosen):
    cases = chosen("test_a_checkpointed_cell", CASES)
    return {case.id: kernel.story(f"cell {at}", case, cells=True) for at, case in enumerate(cases)}


@pytest.fixture(scope="module")
def modules_told(tmp_path_factory, chosen):
    cases = {
        f"case {at}": case
        for at, case in enumerate(chosen("test_a_task_in_fresh_processes", CASES))
    }
    texts = {case.before: name for name, case in reversed(cases.items()) if not case.hits}
    told = stories(tmp_path_factory.mktemp("modules"), cases, set(texts.values()))
    return {case.id: told[name] for name, case in cases.items()}


def check(case, story, *, misses):
    assert not story.error, story.error
    for name, step in story.steps.items():
        assert not step.error, f"{name}: {step.error}"
        assert step.value == step.oracle, f"{name}: a wrong value"
    assert story.first.ran, "the first run found a result"
    assert story.edited.ran == misses
    assert not story.back.ran, "edited back, it ran again"
    if not case.hits and case.number not in UNSHOWN:
        assert story.first.oracle != story.edited.oracle, "the case does not show its edit"


@pytest.mark.parametrize("case", rows("task"))
def test_a_task_in_a_notebook(case, tasks_told):
    """Only the edited cells are run again; the task runs if and only if the edit counts."""
    check(case, tasks_told[case.id], misses=not case.hits or case.id in FALSE_MISSES)


@pytest.mark.slow
@pytest.mark.parametrize("case", rows("cell"))
def test_a_checkpointed_cell(case, cells_told):
    """A checkpointed cell that calls the function runs again if and only if the edit counts."""
    check(case, cells_told[case.id], misses=not case.hits)


@pytest.mark.parametrize("case", rows("modules"))
def test_a_task_in_fresh_processes(case, modules_told):
    """What one process stored, another under another hash seed finds if and only if it is right."""
    check(case, modules_told[case.id], misses=not case.hits or case.id in FALSE_MISSES)
