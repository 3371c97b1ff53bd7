"""Two commands that set themselves up: ``python3 run.py tour`` and ``python3 run.py test``."""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOUR = HERE / "notebooks" / "tour.ipynb"


def main() -> int:
    """Parse the words and do what they ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    tour = verbs.add_parser("tour", help="open the tour in JupyterLab")
    tour.add_argument("--headless", action="store_true", help="execute it and report instead")
    verbs.add_parser("test", help="lint, types, tests, notebooks; further words go to pytest")
    words, rest = parser.parse_known_args()
    if sys.version_info < (3, 11):  # noqa: UP036 - this file meets whatever Python is there
        sys.exit("checkpoint_nb needs Python 3.11 or newer.")
    if words.verb == "test":
        return run_tests(environment("test"), rest)
    python = environment("tour")
    if words.headless:
        return call(python, HERE / "notebooks" / "headless.py", TOUR)
    return call(python, "-m", "jupyterlab", TOUR)


def environment(extra: str) -> Path:
    """Return the Python of ``.venv`` with this checkout and what ``extra`` needs installed."""
    folder = Path(os.environ.get("CHECKPOINT_NB_VENV", HERE / ".venv"))
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / f"installed-{extra}"
    wanted = hashlib.sha256((HERE / "pyproject.toml").read_bytes()).hexdigest()
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    print(f"Setting up {folder.name} for '{extra}' (once) ...", flush=True)  # noqa: T201
    if not python.exists():
        venv.create(folder, with_pip=True)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "--editable", f"{HERE}[{extra}]"], check=True)  # noqa: S603
    stamp.write_text(wanted)
    return python


def run_tests(python: Path, rest: list[str]) -> int:
    """Check style and types, then run the tests; the first that fails ends it.

    Where ``CI`` is set the slow ones run too.
    """
    fast = () if os.environ.get("CI") or "-m" in rest else ("-m", "not slow")
    checks: list[tuple[str | Path, ...]] = [
        ("-m", "ruff", "check", HERE),
        ("-m", "ruff", "format", "--check", HERE),
        ("-m", "mypy"),
        ("-m", "pytest", *fast, *rest),
    ]
    for check in checks:
        print("::", *(str(word) for word in check[1:]), flush=True)  # noqa: T201
        if failed := call(python, *check):
            return failed
    return 0


def call(python: Path, *words: str | Path) -> int:
    """Run ``python`` with ``words`` here, its own commands first on the path."""
    environ = {**os.environ, "PATH": f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    return subprocess.run([python, *words], cwd=HERE, env=environ, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
