"""The error tree, drawn at the top of the file.

::

    CheckpointError
    ├── DeclarationError       a task, cell or argument is not what it must be
    │   ├── ArgumentError      an argument cannot be part of a key, or cannot travel
    │   └── CycleError         tasks wait for each other
    ├── FingerprintError       something reached cannot be fingerprinted
    ├── StoreError             the place where results are kept failed
    │   ├── StoreUnavailable   it cannot be opened or written
    │   ├── MissingEntry       a result that should be there is not
    │   └── DamagedEntry       a result is there and is not what was stored
    ├── TaskFailed             a task failed and its own exception cannot be shown
    │   └── WorkerLost         the process that ran it died
    ├── RunCancelled           somebody cancelled what was waited for
    └── MagicUsageError        a magic was called with words it does not know

    CheckpointWarning          a result is right, and something about it should be known
"""

from __future__ import annotations

from collections.abc import Mapping


class CheckpointError(Exception):
    """Root of every error this package raises: a headline, the facts, a hint.

    Parameters
    ----------
    headline
        One sentence that says what is wrong.
    facts
        What is known, by name; shown aligned below the headline.
    hint
        What to do about it.

    Examples
    --------
    >>> print(CheckpointError("It broke.", {"task": "clean"}, "Mend it."))
    It broke.
      task: clean
    Hint: Mend it.
    """

    def __init__(
        self, headline: str, facts: Mapping[str, object] | None = None, hint: str = ""
    ) -> None:
        self.headline = headline
        self.facts = {name: str(fact) for name, fact in (facts or {}).items()}
        self.hint = hint
        super().__init__(headline, self.facts, hint)

    def __str__(self) -> str:
        width = max((len(name) for name in self.facts), default=0)
        lines = [self.headline]
        lines += [f"  {name + ':':<{width + 1}} {fact}" for name, fact in self.facts.items()]
        if self.hint:
            lines.append(f"Hint: {self.hint}")
        return "\n".join(lines)


class DeclarationError(CheckpointError):
    """A task, a cell or what it requires is not declared as it must be."""


class ArgumentError(DeclarationError, TypeError):
    """An argument cannot be part of a key, or cannot be sent to a worker."""


class CycleError(DeclarationError):
    """Tasks wait for each other; the message names one cycle."""


class FingerprintError(CheckpointError, TypeError):
    """Something a task reaches has no fingerprint; ``facts["path"]`` says where it is."""


class StoreError(CheckpointError):
    """The place where results are kept failed."""


class StoreUnavailable(StoreError):
    """The store cannot be opened or written."""


class MissingEntry(StoreError):
    """A result that should be in the store is not there."""


class DamagedEntry(StoreError):
    """A stored result is not what was stored; it was moved aside and counts as a miss."""


class TaskFailed(CheckpointError):
    """A task failed and its own exception could not be brought here."""


class WorkerLost(TaskFailed):
    """The process that ran a task died before it answered."""


class RunCancelled(CheckpointError):
    """A run was cancelled before what was asked of it was there."""

    def _render_traceback_(self) -> list[str]:
        """Tell IPython to show the message alone: where we waited is nobody's concern."""
        return [f"RunCancelled: {self}"]


class MagicUsageError(CheckpointError):
    """A magic was called with words it does not know."""


class CheckpointWarning(UserWarning):
    """A result is right, and something about it should be known: it was not kept, or not seen."""
