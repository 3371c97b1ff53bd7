"""What a slot needs for one node: the work, and what it will look for when it runs."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import FunctionType, ModuleType

from checkpoint_nb.fingerprint import Fingerprint, late_imports, looked_up, registered
from checkpoint_nb.observing.content import files_named
from checkpoint_nb.work import Call, Recipe


@dataclass(frozen=True, slots=True)
class Parcel:
    """The work of one node, and what it needs where it runs; in the kernel most is there.

    Parameters
    ----------
    call
        The work.
    modules
        Modules of the user that the work imports while it runs, as they are here: a worker would
        find the file as it is on disk by now, or an older one it loaded before.
    globals
        Functions that look up names by texts in them, and these names with what they hold.
    named
        Texts in code and inputs that name a file: it counts as read.
    chosen
        What counts of the user's own types, as :func:`content_of` was told.
    """

    call: Call
    modules: Mapping[str, ModuleType] = field(default_factory=dict)
    globals: tuple[tuple[FunctionType, dict[str, object]], ...] = ()
    named: tuple[str, ...] = ()
    chosen: Mapping[type | str, Callable[..., object]] = field(default_factory=dict)


def parcel(recipe: Recipe) -> Parcel:
    """Return what must cross for the work of ``recipe``."""
    chosen = dict(registered())
    if recipe.code is None:
        return Parcel(recipe.call, chosen=chosen)
    return Parcel(
        recipe.call,
        modules=_imported_late(recipe.code),
        globals=tuple(looked_up(recipe.code.codes.values())),
        named=files_named(recipe),
        chosen=chosen,
    )


def at_home(recipe: Recipe) -> Parcel:
    """Return what the work of ``recipe`` needs where it stays in the kernel."""
    return Parcel(recipe.call, named=() if recipe.code is None else files_named(recipe))


def _imported_late(code: Fingerprint) -> dict[str, ModuleType]:
    """Return the user's modules that functions import when they run, by name."""
    modules: dict[str, ModuleType] = {}
    for module, names in late_imports(code.codes.values()):
        known = modules.get(module.__name__)
        if not names:
            modules[module.__name__] = module
        elif known is None or isinstance(known, Excerpt):
            excerpt = known or Excerpt(module)
            excerpt.__dict__.update({n: vars(module)[n] for n in names if n in vars(module)})
            modules[module.__name__] = excerpt
    return modules


class Excerpt(ModuleType):
    """A module of the user with the names that are needed of it; others come from its file."""

    def __init__(self, module: ModuleType) -> None:
        super().__init__(module.__name__)
        for name in ("__file__", "__path__", "__package__"):
            if name in vars(module):
                setattr(self, name, vars(module)[name])

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        here = sys.modules.pop(self.__name__, None)
        try:
            return getattr(importlib.import_module(self.__name__), name)
        finally:
            if here is not None:
                sys.modules[self.__name__] = here

    def __reduce__(self) -> tuple[object, ...]:
        return _excerpt, (self.__name__, dict(self.__dict__))


def _excerpt(name: str, names: dict[str, object]) -> Excerpt:
    made = Excerpt(ModuleType(name))
    made.__dict__.update(names)
    return made
