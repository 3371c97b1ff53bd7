"""Texts that tell what is behind the parts of a recipe, so that a later *why* can show a change."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from functools import partial
from typing import Final

from checkpoint_nb.explaining.outline import outline_of
from checkpoint_nb.explaining.source import source_of
from checkpoint_nb.fingerprint import Place
from checkpoint_nb.parts import HIDDEN, Part
from checkpoint_nb.work import Recipe

_NONE: Final[Container[str]] = frozenset()


def details_of(recipe: Recipe, known: Container[str] = _NONE) -> dict[str, str]:
    """Return the text of each piece of code and the outline of each value, by part digest.

    What is secret has none, wherever else it is met.

    Parameters
    ----------
    recipe
        What a node depends on.
    known
        Digests that need no text any more.

    Examples
    --------
    >>> from checkpoint_nb.work import Call
    >>> part = Part("d1", "dict of 1")
    >>> recipe = Recipe(
    ...     None, {"argument c": part}, (), Call(print), values={"argument c": {"n": 10}}
    ... )
    >>> details_of(recipe)
    {'d1': "['n'] = 10"}
    """
    parts = {**(recipe.code.parts if recipe.code is not None else {}), **recipe.inputs}
    secret = {part.digest for part in parts.values() if part.shown == HIDDEN}
    texts: dict[str, str] = {}
    for label, tell in _tellers(recipe, parts):
        digest = parts[label].digest
        if digest in secret or digest in known or digest in texts:
            continue
        text = tell()
        if text:
            texts[digest] = text
    return texts


def _tellers(recipe: Recipe, parts: Mapping[str, Part]) -> Iterator[tuple[str, Callable[[], str]]]:
    """Yield each label that something can be told of, and what tells it."""
    if recipe.code is not None:
        for label in recipe.code.codes:
            live = recipe.code.codes.get(label)  # it may be gone by now
            if label in parts and live is not None:
                yield label, partial(source_of, live)
        for place in recipe.code.places:
            if place.label in parts:
                yield place.label, partial(_outlined, place)
    for label, value in recipe.values.items():
        if label in parts:
            yield label, partial(outline_of, value)


def _outlined(place: Place) -> str:
    try:
        return outline_of(place.read())
    except LookupError:
        return ""
