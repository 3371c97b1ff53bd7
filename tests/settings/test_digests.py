"""A digest for each kind of settings that a result may hang on."""

from __future__ import annotations

import subprocess
import sys

import pytest

from checkpoint_nb.settings import DISPLAY, VALUE
from tests.settings.rows import ROWS

TOLD = """
from checkpoint_nb.settings import digests
import json
before = digests()
{needs}
loaded = digests()
{make}
print(json.dumps([before, loaded, digests()]))
"""
KINDS = {
    "np.set_printoptions(precision=2)": "numpy display",
    "np.set_printoptions(formatter={'float': lambda x: f'<{x:.1f}>'})": "numpy display",
    "np.seterr(divide='ignore')": "numpy",
    "pd.set_option('display.max_rows', 7)": "pandas display",
    "pd.set_option('display.float_format', lambda x: f'{x:.3f}')": "pandas display",
    "pd.set_option('compute.use_numexpr', False)": "pandas",
    "pl.Config.set_tbl_rows(3)": "polars display",
    "plt.style.use('ggplot')": "matplotlib",
    "decimal.getcontext().prec = 5": "decimal",
    "locale.setlocale(locale.LC_NUMERIC, 'C.UTF-8')": "locale",
    "mpl.use('svg')": "",
    "os.environ['CITY'] = 'Bern'": "",
}


def told(needs: str, make: str) -> list[dict[str, str]]:
    text = TOLD.format(needs=needs, make=make)
    answer = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    found: list[dict[str, str]] = __import__("json").loads(answer.stdout)
    return found


@pytest.mark.parametrize("row", [row for row in ROWS if row.make in KINDS], ids=str)
def test_just_the_digest_of_its_kind_changes(row):
    """Importing a library changes none; a setting changes its own, equally in every process."""
    before, loaded, after = told(row.needs, row.make)
    assert set(before) == {*DISPLAY, *VALUE}
    assert loaded == before
    assert [kind for kind in after if after[kind] != before[kind]] == KINDS[row.make].split("\n")[
        :1
    ] * bool(KINDS[row.make])
    assert told(row.needs, row.make) == [before, loaded, after]
