"""What is known to differ today, and why; a row goes when its notebook passes."""

from __future__ import annotations

_VALUE = "_ and Out hold a stand-in instead of the value"

DIFFERS: dict[str, str] = {
    "exceptions": "the error that a cell ended with is not in sys.last_value of a worker",
    "functions": "what lru_cache remembers, and a function in the closure of another, is not shared",
    "inline_magic": _VALUE,
    "linear_algebra": "Out holds a copy of what a variable holds",
    "model_sharing": "Out holds a copy of what a variable holds",
    "mutation": "a result in Out that holds a variable is a copy",
    "outside_effects": "files, connections and the working directory are not a cell's results",
    "plotting": "Out holds a copy of what a variable holds",
    "progress": "a logger that a plain cell set up is not set up in a worker",
    "sklearn_pipeline": "what an estimator shares with another when it is run again",
    "text_processing": "a value of a last line that cannot be stored (a match) is not in Out",
}
"""By notebook: the reason why a run of it is expected to differ."""
FLOOR = 0.9
"""Share of the checkpointed cells of a notebook that must be restored in a new kernel."""
LOWER: dict[str, float] = {
    "files": 0.85,
    "imports": 0.7,
    "outside_effects": 0.3,
    "plotting": 0.7,
    "text_processing": 0.8,
}
"""By notebook: a lower floor, where cells do what cannot be kept."""
NEEDS = {"progress": "tqdm"}
"""By notebook: what must be installed that the tests do not ask for otherwise."""
