"""What a notebook sets beside its variables: options, seeds, the environment."""

from __future__ import annotations

import decimal
import hashlib
import locale
import logging
import os
import random
import re
import sys
import warnings

_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}")
_OURS = (
    *("CP_CACHE_DIR", "CHECKPOINT_NB_KEY_FILE", "JPY_PARENT_PID", "JPY_SESSION_NAME"),
    *("PYTEST_CURRENT_TEST", "PYTEST_VERSION", "KMP_INIT_AT_FORK", "KMP_DUPLICATE_LIB_OK"),
)


def now() -> dict[str, str]:
    """Say what is set; nothing of a library that is not loaded."""
    said: dict[str, str] = {
        "random": _short(repr(random.getstate())),
        "warnings": repr(_filters()),
        **{f"environ {n}": repr(v) for n, v in os.environ.items() if n not in _OURS},
        "cwd": os.getcwd(),
        "sys.path": repr(sys.path),
        "locale": repr(locale.setlocale(locale.LC_ALL)),
        "decimal": repr(decimal.getcontext()),
        "recursion": repr(sys.getrecursionlimit()),
        "logging": repr((logging.root.level, [type(h).__name__ for h in logging.root.handlers])),
    }
    said.update(_numpy(sys.modules.get("numpy")))
    said.update(_pandas(sys.modules.get("pandas")))
    said.update(_matplotlib(sys.modules.get("matplotlib")))
    return {name: _ADDRESS.sub("0x…", text) for name, text in said.items()}


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _filters() -> list[tuple[object, ...]]:
    return [
        (
            action,
            getattr(text, "pattern", text),
            category.__name__,
            getattr(module, "pattern", module),
            line,
        )
        for action, text, category, module, line in warnings.filters
    ]


def _numpy(numpy: object) -> dict[str, str]:
    if numpy is None:
        return {}
    state = numpy.random.get_state()
    return {
        "numpy random": _short(repr((state[0], state[1].tolist(), *state[2:]))),
        "numpy print": repr(numpy.get_printoptions()),
        "numpy err": repr(numpy.geterr()),
    }


def _pandas(pandas: object) -> dict[str, str]:
    if pandas is None or not hasattr(pandas, "get_option"):
        return {}
    known = sorted(sys.modules["pandas._config.config"]._registered_options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {f"pandas {name}": repr(pandas.get_option(name)) for name in known}


def _matplotlib(matplotlib: object) -> dict[str, str]:
    if matplotlib is None or not hasattr(matplotlib, "rcParams"):
        return {}
    raw = {n: v for n, v in dict.items(matplotlib.rcParams) if not n.startswith("backend")}
    helpers = sys.modules.get("matplotlib._pylab_helpers")
    return {
        **{f"matplotlib {name}": repr(value) for name, value in raw.items()},
        "matplotlib figures": repr(list(helpers.Gcf.figs)) if helpers else "[]",
    }
