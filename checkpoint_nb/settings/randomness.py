"""Where the random generators of the notebook are, for work to go on from there and back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from checkpoint_nb.fingerprint import digest
from checkpoint_nb.settings.arrival import when_imported
from checkpoint_nb.settings.generators import GENERATORS, Generator, loaded

Drawn = dict[str, tuple[str, bytes]]
"""By generator: the digest of where it was before, and where it is now."""

_waiting: Final[dict[str, bytes]] = {}
_seeded: Final[set[str]] = set()


def count_on(names: Iterable[str]) -> None:
    """Note that the notebook seeded these generators: where they are counts from now on.

    Examples
    --------
    >>> count_on([])
    """
    _seeded.update(names)


@dataclass(frozen=True, slots=True)
class RandomState:
    """Where the generators are that the notebook seeded.

    Parameters
    ----------
    states
        By the name of the generator: ``"random"``, ``"numpy"``, ``"torch"``.

    Examples
    --------
    >>> import random
    >>> random.seed(1)
    >>> before = RandomState.here(["random"])
    >>> number = random.random()
    >>> before.enter()
    >>> random.random() == number
    True
    """

    states: Mapping[str, bytes] = field(default_factory=dict)

    @classmethod
    def here(cls, seeded: Collection[str] | None = None) -> RandomState:
        """Return where those in ``seeded`` are in this process, as far as they are imported.

        By default those that count: see :func:`count_on`.
        """
        seeded = _seeded if seeded is None else seeded
        known = {generator.name: generator for generator in GENERATORS}
        return cls({name: _state(known[name]) for name in sorted(seeded) if _has(known.get(name))})

    def enter(self) -> None:
        """Go on from there; a generator that the notebook did not seed starts where nobody was."""
        _waiting.clear()
        _seeded.clear()
        _seeded.update(self.states)
        for generator in GENERATORS:
            state = self.states.get(generator.name)
            if loaded(generator):
                generator.start_anew() if state is None else generator.go_to(state)
            elif state is not None:
                _waiting[generator.name] = state
                when_imported(generator.module, partial(_go_on_late, generator))


def drawn(before: RandomState, seeded_here: Iterable[str] = ()) -> Drawn:
    """Return which seeded generators moved since work began at ``before``.

    Parameters
    ----------
    seeded_here
        Those that the work itself seeds: they are in the answer whatever they were before, with
        ``""`` for a digest, as the result does not hang on that.

    Examples
    --------
    >>> import random
    >>> random.seed(1)
    >>> before = RandomState.here(["random"])
    >>> drawn(before)
    {}
    >>> _ = random.random()
    >>> list(drawn(before))
    ['random']
    """
    own = set(seeded_here)
    now = RandomState.here({*before.states, *own}).states
    return {
        name: ("" if name in own else digest(before.states[name]), state)
        for name, state in now.items()
        if name in own or state != before.states[name]
    }


def go_on(drawn: Mapping[str, tuple[str, bytes]]) -> None:
    """Let the generators of this process go on from where work left them.

    Examples
    --------
    >>> import random
    >>> random.seed(1)
    >>> before = RandomState.here(["random"])
    >>> _ = random.random()
    >>> moved, number = drawn(before), random.random()
    >>> go_on(moved)
    >>> random.random() == number
    True
    """
    for generator in GENERATORS:
        if generator.name in drawn:
            state = drawn[generator.name][1]
            if loaded(generator):
                generator.go_to(state)
            else:
                _waiting[generator.name] = state
                when_imported(generator.module, partial(_go_on_late, generator))


def state_digests(state: RandomState) -> dict[str, str]:
    """Return by generator the digest that :func:`drawn` gives for where it was before.

    Examples
    --------
    >>> state_digests(RandomState())
    {}
    """
    return {name: digest(found) for name, found in state.states.items()}


def _has(generator: Generator | None) -> bool:
    return generator is not None and (generator.name in _waiting or loaded(generator))


def _state(generator: Generator) -> bytes:
    if loaded(generator):
        return generator.state()
    return _waiting[generator.name]


def _go_on_late(generator: Generator) -> None:
    state = _waiting.pop(generator.name, None)
    if state is not None:
        generator.go_to(state)
