"""Stores what work gave back: each value on its own, those that share objects together."""

from __future__ import annotations

from collections.abc import Mapping

from checkpoint_nb.errors import FingerprintError, StoreError
from checkpoint_nb.fingerprint import describe, digest
from checkpoint_nb.sharing import units
from checkpoint_nb.stores.interface import Member, Objects, Stored


def store_one(objects: Objects, value: object, compress_level: int) -> Stored:
    """Store one value under the digest of its content.

    Examples
    --------
    >>> from checkpoint_nb.stores.memory import MemoryObjects
    >>> store_one(MemoryObjects(), [1, 2], 0).shown
    'list of 2'
    """
    member = _member(value)
    return objects.put(value, member.digest, member.shown, compress_level)


def store_all(
    objects: Objects, values: Mapping[str, object], compress_level: int
) -> tuple[dict[str, Stored], dict[str, str]]:
    """Store the outputs of a cell; return what is stored, and why something is not.

    Variables that share an object or memory go into one payload. One that cannot be stored does
    not keep the others from it.

    Examples
    --------
    >>> from checkpoint_nb.stores.memory import MemoryObjects
    >>> rows = [1, 2]
    >>> objects = MemoryObjects()
    >>> stored, refused = store_all(objects, {"a": rows, "b": rows, "c": (n for n in rows)}, 0)
    >>> a, b = objects.get_all([stored["a"], stored["b"]])
    >>> a is b, list(refused)
    (True, ['c'])
    """
    variables = {name: value for name, value in values.items() if name.isidentifier()}
    groups = [*units(variables), *((name,) for name in values if name not in variables)]
    stored: dict[str, Stored] = {}
    refused: dict[str, str] = {}
    for group in groups:
        if len(group) == 1:
            (name,) = group
            try:
                stored[name] = store_one(objects, values[name], compress_level)
            except StoreError as error:
                refused[name] = _reason(error)
        else:
            unit = {name: values[name] for name in group}
            _store_unit(objects, unit, compress_level, stored, refused)
    return {name: stored[name] for name in values if name in stored}, refused


def _store_unit(
    objects: Objects,
    values: Mapping[str, object],
    compress_level: int,
    stored: dict[str, Stored],
    refused: dict[str, str],
) -> None:
    try:
        members = {name: _member(value) for name, value in values.items()}
        stored |= objects.put_unit(members, compress_level)
    except StoreError as error:
        name = error.facts.get("member", "")
        if name not in values:
            refused |= dict.fromkeys(values, _reason(error))
            return
        refused[name] = _reason(error)
        rest = {other: value for other, value in values.items() if other != name}
        others, more = store_all(objects, rest, compress_level)
        stored |= others
        refused |= more


def _member(value: object) -> Member:
    try:
        name = digest(value)
    except FingerprintError:
        name = _name_by_pickle(value)
    return Member(value, name, describe(value))


def _name_by_pickle(value: object) -> str:
    """Name a value that cannot be compared by content: at worst a needless miss downstream."""
    import cloudpickle

    try:
        return digest(cloudpickle.dumps(value))
    except Exception:  # noqa: BLE001 - storing it will fail too, and say what refused
        return digest("cannot be pickled")


def _reason(error: StoreError) -> str:
    return str(error.facts.get("reason", error.headline))
