"""Where the user's code ends: what comes from Python or an installed package counts by version."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from functools import cache
from types import ModuleType
from typing import Final, NamedTuple

from checkpoint_nb.fingerprint.tokens import text

_STDLIB: Final = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
_INSTALLED: Final = ("site-packages", "dist-packages")
_INSTALLED_KIND: Final = "installed"
_OURS: Final = "checkpoint_nb"
BINARY: Final = (".so", ".pyd", ".dylib")


class Owner(NamedTuple):
    """Who a module belongs to: ``python``, or a distribution and its version."""

    name: str
    version: str = ""

    def token(self, *words: str) -> bytes:
        """Return the bytes of something this owner has.

        Python's own version is part of each key, so it is not repeated here.

        Examples
        --------
        >>> PYTHON.token("math", "sin") == PYTHON.token("math", "cos")
        False
        """
        return b"library" + b"".join(map(text, (self.name, self.version, *words)))


PYTHON: Final = Owner("python")

_known: Final[dict[str, Owner]] = {}


def owner(name: object) -> Owner | None:
    """Return who the module ``name`` belongs to; ``None`` means the user.

    Examples
    --------
    >>> owner("json.decoder").name
    'python'
    >>> owner("__main__") is None
    True
    """
    if not isinstance(name, str) or name == "__main__":
        return None
    known = _known.get(name)
    if known is not None:
        return known
    found = _owner(name)
    if found is not None:
        _known[name] = found
    return found


def by_content(module: ModuleType) -> bool:
    """Return whether a module is the user's Python code and counts by what it contains.

    Examples
    --------
    >>> import json
    >>> by_content(json)
    False
    """
    file = vars(module).get("__file__")
    if isinstance(file, str) and file.endswith(BINARY):
        return False
    return owner(module.__name__) is None


def is_users(name: object) -> bool:
    """Return whether the module ``name`` is the user's; quick, for no version is looked up.

    Examples
    --------
    >>> is_users("json.decoder"), is_users("__main__")
    (False, True)
    """
    if not isinstance(name, str) or name == "__main__":
        return True
    return name not in _known and _kind(name) == ""


def _owner(name: str) -> Owner | None:
    top, kind = name.partition(".")[0], _kind(name)
    if kind in {_OURS, _INSTALLED_KIND}:
        return Owner(_OURS if kind == _OURS else distribution(top), version(top))
    return PYTHON if kind else None


def _kind(name: str) -> str:
    """Return ``"python"``, ``"installed"``, our own name, or ``""`` for what is the user's."""
    top = name.partition(".")[0]
    if top == _OURS or name in sys.builtin_module_names:
        return _OURS if top == _OURS else "python"
    place = _place(name)
    if place is None:
        return "python" if top in sys.stdlib_module_names else ""
    if place == "python":
        return place
    if any(part in place.split(os.sep) for part in _INSTALLED):
        return _INSTALLED_KIND
    return "python" if place.startswith(_STDLIB) else ""


def _place(name: str) -> str | None:
    """Return the file a loaded module came from, or that of a package around it."""
    while True:
        module = sys.modules.get(name)
        if isinstance(module, ModuleType):
            file = vars(module).get("__file__")
            if isinstance(file, str):
                return os.path.abspath(file)
            spec = vars(module).get("__spec__")
            origin = getattr(spec, "origin", None)
            if origin in {"built-in", "frozen"}:
                return "python"
            around = list(getattr(spec, "submodule_search_locations", None) or ())
            if around:
                return os.path.join(os.path.abspath(around[0]), "")
        name, dot, _ = name.rpartition(".")
        if not dot:
            return None


@cache
def _distributions() -> dict[str, list[str]]:
    from importlib import metadata  # slow to import, and needed late

    return {top: sorted(set(names)) for top, names in metadata.packages_distributions().items()}


def distribution(top: str) -> str:
    """Return the name of the distribution that brings the package ``top``.

    Examples
    --------
    >>> distribution("no_such_package")
    'no_such_package'
    """
    return "+".join(_distributions().get(top, [top]))


@cache
def version(top: str) -> str:
    """Return the version of the distribution that brings the package ``top``.

    Examples
    --------
    >>> version("no_such_package")
    ''
    """
    from importlib import metadata

    found = []
    for name in _distributions().get(top, [top]):
        try:
            found.append(metadata.version(name))
        except metadata.PackageNotFoundError:
            live = getattr(sys.modules.get(top), "__version__", "")
            found.append(live if isinstance(live, str) else "")
    return "+".join(found)


class Named(NamedTuple):
    """Something of an installed package, known by the words an import statement used."""

    owner: Owner
    module: str
    name: str = ""


class Absent(NamedTuple):
    """A name that leads nowhere now: using it would raise."""

    name: str


def imported(module: str, names: tuple[str, ...], package: str, level: int) -> list[object]:
    """Return what an import statement inside a function brings.

    A user's module that is not loaded yet is imported, as the function would do; so the answer is
    the same before and after its first call.

    Examples
    --------
    >>> imported("math", ("sin",), "", 0)
    [Named(owner=Owner(name='python', version=''), module='math', name='sin')]
    """
    try:
        full = importlib.util.resolve_name("." * level + module, package) if level else module
        found = _installed(full)
        if found is not None:
            return [Named(found, full, name) for name in names or ("",)]
        live = importlib.import_module(full)
    except Exception:  # noqa: BLE001 - whatever the user's module raises, the task will raise
        return [Absent(module)]
    if not names:
        return [live, sys.modules[full.partition(".")[0]]]
    if "*" in names:
        return [live]
    return [_member(live, name) for name in names]


def _installed(full: str) -> Owner | None:
    """Return the owner of a module, without loading what is not the user's."""
    top = full.partition(".")[0]
    if full in sys.modules or top in sys.modules:
        return owner(full if full in sys.modules else top)
    if top in sys.builtin_module_names:
        return PYTHON
    spec = importlib.util.find_spec(top)
    if spec is None:
        raise ModuleNotFoundError(full)
    where = spec.origin or "".join(list(spec.submodule_search_locations or ())[:1])
    if any(part in where.split(os.sep) for part in _INSTALLED):
        return Owner(distribution(top), version(top))
    return PYTHON if where == "frozen" or where.startswith(_STDLIB) else None


def _member(module: ModuleType, name: str) -> object:
    if hasattr(module, name):
        return getattr(module, name)
    try:
        return importlib.import_module(f"{module.__name__}.{name}")
    except ImportError:
        return Absent(name)
