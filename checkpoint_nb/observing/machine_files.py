"""Files that belong to Python, to programs and to the machine, and are nobody's data."""

from __future__ import annotations

import os
import sys
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

_BRANCHES: Final = ("bin", "conda-meta", "etc", "include", "lib", "lib64", "pyvenv.cfg", "share")
_VARIABLES: Final = ("MPLCONFIGDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "JUPYTER_CONFIG_DIR")


@dataclass(frozen=True, slots=True)
class Rule:
    """Folders whose files do not count, and the reason.

    Parameters
    ----------
    why
        In words, for people.
    starts
        What such a path begins with.
    parts
        Names of folders that say it wherever they stand.
    """

    why: str
    starts: tuple[str, ...]
    parts: tuple[str, ...] = ()


def _of_python() -> tuple[str, ...]:
    roots = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    found = {os.path.join(root, branch) for root in roots for branch in _BRANCHES}
    found |= {*sysconfig.get_paths().values(), os.path.dirname(os.path.abspath(os.__file__))}
    found -= roots
    found |= {os.path.realpath(path) for path in found}
    return tuple(sorted(os.path.join(path, "") for path in found))


def _of_programs() -> tuple[str, ...]:
    try:
        home = str(Path.home())
    except RuntimeError:  # no home directory is known
        home = ""
    hidden = (home + "/.",) if len(home) > 1 else ()
    named = (os.environ.get(name) for name in _VARIABLES)
    return hidden + tuple(os.path.join(os.path.abspath(path), "") for path in named if path)


@cache
def rules() -> tuple[Rule, ...]:
    """Return all rules.

    Examples
    --------
    >>> [rule.why for rule in rules()][1]
    "devices and the kernel's view of itself"
    """
    return (
        Rule(
            "Python and installed packages count by version",
            _of_python(),
            ("site-packages", "dist-packages"),
        ),
        Rule("devices and the kernel's view of itself", ("/proc/", "/sys/", "/dev/")),
        Rule(
            "settings, fonts and time zones of the machine",
            ("/etc/", "/usr/lib/", "/usr/share/", "/usr/local/share/", "/System/", "/Library/"),
        ),
        Rule("settings and caches of programs in the home directory", _of_programs()),
        Rule("compiled code counts as code", (), ("__pycache__",)),
    )


@cache
def beginnings(cwd: str) -> tuple[str, ...]:
    """Return what paths that do not count begin with, for someone who works in ``cwd``.

    Whoever works inside such a folder has data there.

    Examples
    --------
    >>> "/etc/" in beginnings("/home/me"), "/etc/" in beginnings("/etc/experiment")
    (True, False)
    """
    starts = (start for rule in rules() for start in rule.starts)
    return tuple(start for start in starts if not (cwd + os.sep).startswith(start))


@cache
def _parts() -> frozenset[str]:
    return frozenset(part for rule in rules() for part in rule.parts)


def belongs(path: str, cwd: str) -> bool:
    """Return whether an absolute path is Python's, a program's or the machine's.

    Examples
    --------
    >>> belongs(os.__file__, "/home/me"), belongs("/home/me/data.csv", "/home/me")
    (True, False)
    """
    folder = path + os.sep
    return folder.startswith(beginnings(cwd)) or not _parts().isdisjoint(path.split(os.sep))
