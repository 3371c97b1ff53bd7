"""No case of the specification is left out."""

import ast
from pathlib import Path

from array_cases import ARRAY_PAIRS
from value_cases import PAIRS

from tests.sameness.expected import FALSE_MISSES, FAULTS, SAME_FOR_A_TASK, TAKEN
from tests.sameness.texts import all_cases
from tests.sameness.value_runs import all_pairs

ELSEWHERE = {
    90: "tests/test_mutation.py",
    97: "tests/test_declared.py",
    106: "tests/fingerprint/test_code.py",
    107: "tests/test_unseen.py",
    108: "tests/test_declared.py",
    147: "tests/test_mutation.py",
}
"""Cases with tests of their own, and where."""


def marked():
    for file in Path(__file__).parent.glob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.case":
                yield from (ast.literal_eval(number) for number in node.args)


def test_every_number_is_exercised():
    """Each of the 151 numbers is in a table, in a marker, or in a file named here."""
    tables = {row.number for row in (*all_cases(), *PAIRS, *ARRAY_PAIRS)}
    assert sorted(set(range(1, 152)) - tables - set(marked()) - set(ELSEWHERE)) == []


def test_what_is_expected_otherwise_is_in_the_tables():
    """A miss that is taken, or a known fault, names a row that exists."""
    names = {case.id for case in all_cases()} | {pair.id for pair in all_pairs()}
    assert set(FALSE_MISSES) | {name for _, name in FAULTS} <= names
    assert set(TAKEN) | set(SAME_FOR_A_TASK) <= set(range(1, 152))


def test_every_row_has_its_own_name():
    """A failing row can be told from all others."""
    names = [case.id for case in all_cases()] + [pair.id for pair in all_pairs()]
    assert len(names) == len(set(names))
