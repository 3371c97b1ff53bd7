"""Keys are what they were: another key makes every stored result unknown."""

import json
from pathlib import Path

import pytest
from golden_keys import PYTHON, TABLE, made

from checkpoint_nb.fingerprint import FORMAT

CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"


def test_keys_change_only_with_the_format():
    """Each fixed input has the key it always had in this format, on this Python."""
    table = json.loads(TABLE.read_text())[str(FORMAT)]
    if PYTHON not in table:
        pytest.skip(f"no table for Python {PYTHON} yet")
    assert made() == table[PYTHON]


def test_every_format_is_told_in_the_changelog():
    """Whoever raises the format says what becomes of stored results."""
    said = CHANGELOG.read_text()
    formats = json.loads(TABLE.read_text())
    assert max(map(int, formats)) == FORMAT
    assert [one for one in formats if f"key format {one}" not in said] == []


def test_the_table_has_every_python_we_test():
    """Three Pythons have keys of their own, since each compiles to other code."""
    table = json.loads(TABLE.read_text())[str(FORMAT)]
    assert {"3.11", "3.12", "3.13"} <= table.keys()
    assert len({json.dumps(one) for one in table.values()}) == len(table)
