"""Settings that are options with a name and a default each."""

from __future__ import annotations

import sys
import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from checkpoint_nb.settings.arrival import when_imported
from checkpoint_nb.settings.kind import NOTHING, Part
from checkpoint_nb.settings.plain import UNSENT, from_plain, to_plain

_ABSENT: Final = object()


class Options(ABC):
    """A kind of settings, read as a whole and set one by one.

    Where its library is not imported yet, what is put waits until it is.

    Attributes
    ----------
    name
        What the kind is called.
    library, sign
        The module it belongs to, and a name that is in it once it can be used.
    defaults_differ
        Whether a library just imported is not in its clean state, so that one must always wait.
    """

    name: str
    library: str = "sys"
    sign: str = "path"
    defaults_differ: bool = False

    def __init__(self) -> None:
        self._last: object = None
        self._part: Part = NOTHING
        self._waiting: Part | None = None

    @abstractmethod
    def live(self) -> Mapping[str, object]:
        """Return everything that can differ, cheaply, to be compared with ``==``."""

    @abstractmethod
    def differing(self, live: Mapping[str, object]) -> Mapping[str, object]:
        """Return the options that are not at their default, by name."""

    @abstractmethod
    def assign(self, name: str, value: object) -> None:
        """Set one option."""

    @abstractmethod
    def reset(self, name: str) -> None:
        """Set one option to its default."""

    def unloaded(self) -> Part:
        """Return what a process differs in where the library is not imported yet."""
        return NOTHING

    def loaded(self) -> bool:
        """Return whether the library is imported."""
        module = sys.modules.get(self.library)
        return module is not None and hasattr(module, self.sign)

    def read(self) -> Part:
        """Return what differs from a fresh process; the same object while nothing changed."""
        if not self.loaded():
            return self._same(self.unloaded() if self._waiting is None else self._waiting)
        live = self.live()
        if not _equal(self._last, live):
            found = {name: to_plain(value) for name, value in self.differing(live).items()}
            self._same({n: value for n, value in sorted(found.items()) if value is not UNSENT})
            self._last = copied(live)
        return self._part

    def put(self, wanted: Part) -> None:
        """Make the process differ from a fresh one in just this."""
        if not self.loaded():
            self._wait(wanted)
            return
        self._waiting = None
        now = self.read()
        if now == wanted:
            return
        self._set(
            [name for name in now if name not in wanted],
            {n: value for n, value in wanted.items() if now.get(n, _ABSENT) != value},
        )

    def difference(self, before: Part, after: Part) -> Part:
        """Return ``{"set": values by name, "reset": names}``, either only where there are any."""
        if before is after or before == after:
            return NOTHING
        changed = {n: value for n, value in after.items() if before.get(n, _ABSENT) != value}
        gone = [name for name in before if name not in after]
        return {word: what for word, what in (("set", changed), ("reset", gone)) if what}

    def apply(self, difference: Part) -> None:
        """Put a difference in force and leave everything else as it is."""
        changed, gone = difference.get("set", {}), difference.get("reset", [])
        assert isinstance(changed, dict)
        assert isinstance(gone, list)
        if self.loaded():
            self._set(gone, changed)
        else:
            kept = {n: value for n, value in self.read().items() if n not in gone}
            self._wait({**kept, **changed})

    def arrived(self) -> None:
        """Put in force what waited for the library."""
        if self._waiting is not None and self.loaded():
            self.put(self._waiting)

    def _same(self, part: Part) -> Part:
        if part != self._part:
            self._part = part
        return self._part

    def _wait(self, wanted: Part) -> None:
        needed = bool(wanted) or self.defaults_differ
        self._waiting = wanted if needed else None
        if needed:
            when_imported(self.library, self.arrived)

    def _set(self, gone: list[str], changed: Mapping[str, object]) -> None:
        # One that is unknown here, or deprecated, must not keep the work from running.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name in gone:
                with suppress(Exception):
                    self.reset(name)
            for name, value in changed.items():
                with suppress(Exception):
                    self.assign(name, from_plain(value))


def _equal(last: object, live: object) -> bool:
    try:
        return bool(last == live)
    except Exception:  # noqa: BLE001 - arrays among the values do not say yes or no
        return False


def copied(value: object) -> object:
    """Copy containers: an option's list may be changed in place."""
    if isinstance(value, Mapping):
        return {name: copied(item) for name, item in value.items()}
    return list(value) if isinstance(value, list) else value
