"""Settings that notebooks make, each with a question that tells whether it is in force."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One setting.

    ``needs``: imports; ``make``: makes it; ``question``: an expression; ``made`` and ``fresh``: the
    answer with it and without.
    """

    needs: str
    make: str
    question: str
    made: object
    fresh: object

    def __str__(self) -> str:
        return self.make


FLOATS = "pd.Series([1.23456]).to_string(index=False).strip()"
WARN = """
import warnings

def tell(text):
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.warn(text, RuntimeWarning)
        return len(told)
    except RuntimeWarning:
        return "raised"
"""
ROWS = [
    Row(
        "import numpy as np",
        "np.set_printoptions(precision=2)",
        "str(np.array([1.23456]))",
        "[1.23]",
        "[1.23456]",
    ),
    Row(
        "import numpy as np",
        "np.set_printoptions(formatter={'float': lambda x: f'<{x:.1f}>'})",
        "str(np.array([1.23456]))",
        "[<1.2>]",
        "[1.23456]",
    ),
    Row(
        "import numpy as np",
        "np.seterr(divide='ignore')",
        "np.geterr()['divide']",
        "ignore",
        "warn",
    ),
    Row(
        "import pandas as pd",
        "pd.set_option('display.max_rows', 7)",
        "pd.get_option('display.max_rows')",
        7,
        60,
    ),
    Row("import pandas as pd", "pd.options.display.precision = 2", FLOATS, "1.23", "1.23456"),
    Row(
        "import pandas as pd",
        "pd.set_option('display.float_format', '{:.1f}'.format)",
        FLOATS,
        "1.2",
        "1.23456",
    ),
    Row(
        "import pandas as pd",
        "pd.set_option('display.float_format', lambda x: f'{x:.3f}')",
        FLOATS,
        "1.235",
        "1.23456",
    ),
    Row(
        "import pandas as pd",
        "pd.set_option('compute.use_numexpr', False)",
        "pd.get_option('compute.use_numexpr')",
        False,
        True,
    ),
    Row(
        "import polars as pl",
        "pl.Config.set_tbl_rows(3)",
        "str(pl.DataFrame({'a': range(9)})).count('…')",
        1,
        0,
    ),
    Row(
        "import polars as pl",
        "pl.Config.set_float_precision(2)",
        "str(pl.Series([1.23456])).split()[-2]",
        "1.23",
        "1.23456",
    ),
    Row(
        "import matplotlib as mpl",
        "mpl.rcParams['figure.dpi'] = 33",
        "mpl.rcParams['figure.dpi']",
        33,
        100,
    ),
    Row(
        "import matplotlib as mpl",
        "mpl.rcParams['font.family'].append('serif')",
        "mpl.rcParams['font.family']",
        ["sans-serif", "serif"],
        ["sans-serif"],
    ),
    Row(
        "import matplotlib.pyplot as plt",
        "plt.style.use('ggplot')",
        "(plt.rcParams['axes.grid'], plt.rcParams['axes.prop_cycle'].by_key()['color'][0])",
        (True, "#E24A33"),
        (False, (0.12156862745098039, 0.4666666666666667, 0.7058823529411765)),
    ),
    Row("import matplotlib.pyplot as plt", "plt.xkcd()", "len(plt.rcParams['path.effects'])", 1, 0),
    Row("import matplotlib as mpl", "mpl.use('svg')", "mpl.get_backend()", "svg", "agg"),
    Row(
        "import decimal",
        "decimal.getcontext().prec = 5",
        "str(decimal.Decimal(1) / 3)",
        "0.33333",
        "0.3333333333333333333333333333",
    ),
    Row(
        "import decimal",
        "decimal.getcontext().traps[decimal.DivisionByZero] = False",
        "decimal.getcontext().traps[decimal.DivisionByZero]",
        False,
        True,
    ),
    Row(
        "import locale",
        "locale.setlocale(locale.LC_NUMERIC, 'C.UTF-8')",
        "locale.setlocale(locale.LC_NUMERIC)",
        "C.UTF-8",
        "C",
    ),
    Row("import sys", "sys.setrecursionlimit(4321)", "sys.getrecursionlimit()", 4321, 1000),
    Row("import os", "os.environ['CITY'] = 'Bern'", "os.environ.get('CITY')", "Bern", None),
    Row("import os", "os.chdir('below')", "os.path.basename(os.getcwd())", "below", "here"),
    Row("import sys", "sys.path.append('/not/there')", "sys.path.count('/not/there')", 1, 0),
    Row(
        "import sys",
        "sys.path.insert(0, '/nor/there')",
        "sys.path.index('/nor/there') if '/nor/there' in sys.path else None",
        0,
        None,
    ),
    Row(WARN, "warnings.simplefilter('error', RuntimeWarning)", "tell('new')", "raised", 1),
    Row(
        WARN,
        "warnings.filterwarnings('ignore', message='old .*')",
        "tell('old thing'), tell('new')",
        (0, 1),
        (1, 1),
    ),
    Row(
        WARN,
        "warnings.resetwarnings()",
        "any(one[2] is ImportWarning for one in warnings.filters)",
        False,
        True,
    ),
    Row("import os, time", "os.environ['TZ'] = 'UTC+3'; time.tzset()", "time.timezone", 10800, 0),
]
