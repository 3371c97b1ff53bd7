"""Notices when work changes in place what its key was made of."""

from __future__ import annotations

from collections.abc import Mapping

from checkpoint_nb.errors import FingerprintError
from checkpoint_nb.fingerprint import Place, state_digest

ARGUMENT = "argument "
_ATOMS = (int, float, complex, str, bytes, bool, type(None), type)


class Watch:
    """What work was given and what it reads, as it was when the watch began.

    Parameters
    ----------
    given
        Arguments by name.
    places
        Where other data that it reads lives.

    Examples
    --------
    >>> basket = [1]
    >>> watch = Watch({"basket": basket}, ())
    >>> basket.append(2)
    >>> watch.changed()
    ('argument basket',)
    """

    def __init__(self, given: Mapping[str, object], places: tuple[Place, ...]) -> None:
        self._given = {n: value for n, value in given.items() if not isinstance(value, _ATOMS)}
        self._places = places
        self._before = self._look()

    def changed(self) -> tuple[str, ...]:
        """Return the labels of what is another now: ``argument basket``, ``global log``."""
        now = self._look()
        return tuple(label for label, before in self._before.items() if now[label] != before)

    def _look(self) -> dict[str, str]:
        seen = {f"{ARGUMENT}{name}": _digest(value) for name, value in self._given.items()}
        for place in self._places:
            try:
                seen[place.label] = _digest(place.read())
            except LookupError:
                seen[place.label] = "not there"
        return seen


def _digest(value: object) -> str:
    try:
        return state_digest(value)
    except FingerprintError:
        return "cannot be told"


def said(label: str, changed: tuple[str, ...]) -> list[str]:
    """Say in words what ``label`` changed, a line for each variable.

    Examples
    --------
    >>> said("fit(model)", ("argument model",))[0]
    'fit(model) changed its argument model in place: only the copy it worked on. Return it instead.'
    """
    lines = []
    for one in changed:
        kind, _, name = one.partition(" ")
        if kind == "argument":
            lines.append(
                f"{label} changed its argument {name} in place: only the copy it worked on. "
                "Return it instead."
            )
        else:
            lines.append(
                f"{label} changed {name}, which it also reads ({kind}): its result is not kept. "
                f"Pass {name} as an argument and return what becomes of it, "
                f"or leave it out with ignore={name!r}."
            )
    return lines
