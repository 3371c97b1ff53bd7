"""Settings of the process: environment, directory, locale, limits of the interpreter."""

from __future__ import annotations

import locale
import os
import sys
import time
from collections.abc import Mapping
from typing import Final

from checkpoint_nb.settings.options import Options

_WORKERS_OWN: Final = ("_NUM_THREADS", "_MAXIMUM_THREADS")
"""Set in workers so that several of them do not each use every core."""
_GIVEN: Final = {n: value for n, value in os.environ.items() if n.endswith(_WORKERS_OWN)}
_CATEGORIES: Final = tuple(
    name for name in dir(locale) if name.startswith("LC_") and name not in ("LC_ALL", "LC_CTYPE")
)
_LIMITS: Final[Mapping[str, int]] = {
    "recursionlimit": 1000,
    "int_max_str_digits": sys.int_info.default_max_str_digits,
}


class Environ(Options):
    """``os.environ``, without the limits on threads that this process was started with."""

    name = "environ"

    def live(self) -> Mapping[str, object]:
        """Return the variables as the system has them: nobody counts that as reading them."""
        live: Mapping[str, object] = os.environ._data  # type: ignore[attr-defined]
        return live

    def differing(self, live: Mapping[str, object]) -> Mapping[str, object]:
        """Return the variables as text."""
        every = {_text(name): _text(value) for name, value in live.items()}
        return {name: value for name, value in every.items() if _GIVEN.get(name) != value}

    def assign(self, name: str, value: object) -> None:
        """Set a variable."""
        os.environ[name] = str(value)
        if name == "TZ" and hasattr(time, "tzset"):
            time.tzset()

    def reset(self, name: str) -> None:
        """Delete a variable, or set it to what this process was started with."""
        if name in _GIVEN:
            os.environ[name] = _GIVEN[name]
            return
        os.environ.pop(name, None)
        if name == "TZ" and hasattr(time, "tzset"):
            time.tzset()


def _text(value: object) -> str:
    return os.fsdecode(value) if isinstance(value, bytes) else str(value)


class Directory(Options):
    """The current directory."""

    name = "cwd"

    def live(self) -> Mapping[str, object]:
        """Return it, if it is still there."""
        try:
            return {"directory": os.getcwd()}
        except OSError:
            return {}

    def differing(self, live: Mapping[str, object]) -> Mapping[str, object]:
        """Return it: nothing says which one a fresh process would have."""
        return live

    def assign(self, name: str, value: object) -> None:  # noqa: ARG002 - there is only one
        """Go there."""
        os.chdir(str(value))

    def reset(self, name: str) -> None:
        """Stay: there is no other place to go to."""


class Locale(Options):
    """``locale.setlocale``."""

    name = "locale"

    def live(self) -> Mapping[str, object]:
        """Return the name of the whole."""
        return {"all": locale.setlocale(locale.LC_ALL)}

    def differing(self, live: Mapping[str, object]) -> Mapping[str, object]:  # noqa: ARG002
        """Return the categories that are not the C locale's.

        Python itself takes ``LC_CTYPE`` from the environment when it starts, so it counts only
        beside another.
        """
        found = {name: locale.setlocale(getattr(locale, name)) for name in _CATEGORIES}
        found = {name: value for name, value in found.items() if value not in ("C", "POSIX")}
        return {**found, "LC_CTYPE": locale.setlocale(locale.LC_CTYPE)} if found else {}

    def assign(self, name: str, value: object) -> None:
        """Set one category."""
        locale.setlocale(getattr(locale, name), str(value))

    def reset(self, name: str) -> None:
        """Set one category to what a process starts with."""
        self.assign(name, "" if name == "LC_CTYPE" else "C")


class Limits(Options):
    """``sys.setrecursionlimit`` and ``sys.set_int_max_str_digits``."""

    name = "limits"

    def live(self) -> Mapping[str, object]:
        """Return the limits."""
        return {name: getattr(sys, f"get{_name(name)}")() for name in _LIMITS}

    def differing(self, live: Mapping[str, object]) -> Mapping[str, object]:
        """Return those that are not Python's own."""
        return {name: value for name, value in live.items() if value != _LIMITS[name]}

    def assign(self, name: str, value: object) -> None:
        """Set one limit."""
        getattr(sys, f"set{_name(name)}")(value)

    def reset(self, name: str) -> None:
        """Set one limit to its default."""
        self.assign(name, _LIMITS[name])


def _name(limit: str) -> str:
    return limit if limit == "recursionlimit" else f"_{limit}"
