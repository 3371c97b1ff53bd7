"""Which warnings are shown: ``warnings.filters``."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable
from functools import partial
from typing import Final

from checkpoint_nb.settings.arrival import when_imported
from checkpoint_nb.settings.kind import NOTHING, Part
from checkpoint_nb.settings.plain import UNSENT, from_plain, to_plain
from checkpoint_nb.settings.sequences import Sequence, entries

_CLASS: Final = "\0class"
_ADDS: Final = "_add_filter"
_OWN: Final = "checkpoint_nb.settings.options"
"""Sets options while a library is imported, and keeps its warnings quiet meanwhile."""


class Filters(Sequence):
    """The filters of warnings, first that fits first.

    A filter for a class whose module is not imported yet comes into force with that module. Those
    that libraries add while they are imported stay where the library stays.
    """

    name = "warnings"

    def __init__(self) -> None:
        self._last: list[object] = []
        self._part: Part = NOTHING
        self._wanted: list[object] = []
        self._by_imports: list[object] = []

    def read(self) -> Part:
        """Return the filters as plain data, without those that imports added here."""
        if self._last != warnings.filters:
            last = list(warnings.filters)
            plain = [_plain(item) for item in last]
            found = [item for item in plain if item is not UNSENT and not self._is_own(item)]
            if found != entries(self._part):
                self._part = {"entries": found}
            self._last = list[object](last)
        return self._part

    def put(self, wanted: Part) -> None:
        """Let the filters be these, and every warning count as not shown yet."""
        self._note_imports()
        now = [_plain(item) for item in warnings.filters]
        self._by_imports = [item for item in self._by_imports if item in now]
        self._wanted = entries(wanted)
        own = [item for item in self._by_imports if item not in self._wanted]
        self.replace([*own, *self._wanted])
        self._last = []
        warnings.onceregistry.clear()  # type: ignore[attr-defined]

    def replace(self, entries: list[object]) -> None:
        """Let the list hold just these."""
        found = []
        for entry in entries:
            item = _filter(entry)
            if item is not None:
                found.append(item)
            else:
                _when_class_is_there(entry, partial(self._insert, entry))
        warnings.filters[:] = found  # type: ignore[index]
        _forget_shown()

    def _is_own(self, entry: object) -> bool:
        return entry in self._by_imports and entry not in self._wanted

    def _insert(self, entry: object) -> None:
        """Insert a wanted filter that had to wait, before the next one that is there."""
        item = _filter(entry)
        if entry not in self._wanted or item is None or item in warnings.filters:
            return
        now = [_plain(one) for one in warnings.filters]
        after = self._wanted[self._wanted.index(entry) + 1 :]
        place = min((now.index(one) for one in after if one in now), default=len(now))
        warnings.filters.insert(place, item)  # type: ignore[attr-defined]
        _forget_shown()

    def _note_imports(self) -> None:
        """Note from now on which filters are added while a module is being imported."""
        add = getattr(warnings, _ADDS, None)
        if add is None or isinstance(add, _Adding):
            return
        setattr(warnings, _ADDS, _Adding(add, self._adds_itself))

    def _adds_itself(self, item: object) -> bool:
        """Return whether a filter that an import adds has its place already.

        Where the notebook has imported that library too, the filter stands where it stands there:
        behind an "ignore" that came later, say.
        """
        entry = _plain(item)
        if entry is UNSENT:
            return False
        if entry not in self._by_imports:
            self._by_imports.append(entry)
        if entry not in self._wanted:
            return False
        self._insert(entry)
        return True


class _Adding:
    """What ``warnings`` adds a filter with, asking first about those that an import adds."""

    def __init__(self, add: Callable[..., None], is_placed: Callable[[object], bool]) -> None:
        self._add = add
        self._is_placed = is_placed

    def __call__(self, *item: object, append: bool = False) -> None:
        if not (_while_importing() and self._is_placed(item)):
            self._add(*item, append=append)


def _while_importing() -> bool:
    frame = sys._getframe(2)
    while frame is not None:
        module = frame.f_globals.get("__name__")
        if module == _OWN:
            return False
        if module == "importlib._bootstrap":
            return True
        if frame.f_back is None:
            break
        frame = frame.f_back
    return False


def _forget_shown() -> None:
    # On its way in and out this makes Python forget, in each module, what it showed there.
    with warnings.catch_warnings():
        pass


def _plain(item: object) -> object:
    assert isinstance(item, tuple)
    action, message, category, module, line = item
    there = getattr(sys.modules.get(category.__module__), category.__qualname__, None)
    known = there is category and category.__module__ != "__main__"
    name = (_CLASS, category.__module__, category.__qualname__) if known else to_plain(category)
    if name is UNSENT:
        return UNSENT
    return action, _pattern(message), name, _pattern(module), line


def _pattern(pattern: object) -> object:
    return (pattern.pattern, pattern.flags) if isinstance(pattern, re.Pattern) else pattern


def _filter(entry: object) -> tuple[object, ...] | None:
    """Return the filter as Python wants it, or ``None`` where its class is not there."""
    assert isinstance(entry, tuple)
    action, message, name, module, line = entry
    if name[0] == _CLASS:
        category = getattr(sys.modules.get(name[1]), name[2], None)
    else:
        category = from_plain(name)
    if not isinstance(category, type):
        return None
    return action, _compiled(message), category, _compiled(module), line


def _compiled(pattern: object) -> object:
    return re.compile(*pattern) if isinstance(pattern, tuple) else pattern


def _when_class_is_there(entry: object, do: Callable[[], None]) -> None:
    assert isinstance(entry, tuple)
    if entry[2][0] == _CLASS and entry[2][1] not in sys.modules:
        when_imported(entry[2][1], do)
