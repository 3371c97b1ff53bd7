"""Several values in one payload, so that what they share is one object when they come back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from checkpoint_nb.errors import StoreError
from checkpoint_nb.stores.entry import damaged, digest_of
from checkpoint_nb.stores.interface import Member, Stored
from checkpoint_nb.stores.payload import Payload, encode, refusal


def encode_unit(members: Mapping[str, Member], compress_level: int) -> tuple[Payload, str]:
    """Encode the values of a unit by name; return the payload and the digest that names it.

    The digest is of the payload itself: the members' own do not say what is shared.

    Raises
    ------
    StoreError
        The fact ``member`` names the one that cannot be encoded.

    Examples
    --------
    >>> rows = [1, 2]
    >>> members = {name: Member(rows, "d1", "list of 2") for name in ("rows", "same")}
    >>> payload, digest = encode_unit(members, 0)
    >>> len(digest)
    64
    """
    try:
        payload = encode({name: member.value for name, member in members.items()}, compress_level)
    except Exception as error:  # code of the user runs here
        raise _refusal(members, error) from error
    return payload, digest_of(payload.chunks, payload.size)


def _refusal(members: Mapping[str, Member], error: Exception) -> StoreError:
    for name, member in members.items():
        try:
            encode(member.value)
        except Exception as reason:  # noqa: BLE001  code of the user runs here
            refused = refusal(member.value, reason)
            refused.facts["member"] = name
            return refused
    return refusal({name: member.value for name, member in members.items()}, error)


def members_stored(
    members: Mapping[str, Member], unit: str, size: int, inline: bytes | None
) -> dict[str, Stored]:
    """Return what is known of each member of a unit once its payload is stored.

    Examples
    --------
    >>> members_stored({"a": Member([1], "d1", "list of 1")}, "d9", 40, None)
    {'a': Stored(digest='d1', size=40, shown='list of 1', unit='d9', member='a')}
    """
    return {
        name: Stored(member.digest, size, member.shown, inline, unit, name)
        for name, member in members.items()
    }


def member_of(loaded: object, stored: Stored) -> object:
    """Return what ``stored`` names of a payload that was loaded.

    Examples
    --------
    >>> member_of({"a": [1]}, Stored("d1", 40, "", unit="d9", member="a"))
    [1]
    """
    if not stored.unit:
        return loaded
    if not isinstance(loaded, dict) or stored.member not in loaded:
        raise damaged(stored.unit, f"there is no {stored.member} in it")
    return loaded[stored.member]


def load_all(stored: Sequence[Stored], load: Callable[[Stored], object]) -> list[object]:
    """Return several values, with one load for each unit.

    A result named once more is loaded once more, as an object of its own.

    Examples
    --------
    >>> one, two = (Stored("d1", 40, "", unit="d9", member=name) for name in "ab")
    >>> a, b, again = load_all([one, two, one], lambda _: {"a": (rows := [1]), "b": rows})
    >>> a is b, a is again
    (True, False)
    """
    loaded: dict[str, list[dict[str, Any]]] = {}
    values: list[object] = []
    for one in stored:
        if not one.unit:
            values.append(load(one))
            continue
        loads = loaded.setdefault(one.unit, [])
        rest = next((load for load in loads if one.member in load), None)
        if rest is None:
            found = load(one)
            member_of(found, one)
            assert isinstance(found, dict)
            rest = dict(found)
            loads.append(rest)
        values.append(rest.pop(one.member))
    return values
