"""Values of settings as plain data, so that they travel without what they are made of."""

from __future__ import annotations

import pickle
from typing import Final

UNSENT: Final = object()
"""Stands for a value that cannot travel."""
_PICKLED: Final = "\0pickled"
_LONGEST: Final = 1 << 16
_ATOMS: Final = (type(None), bool, int, float, complex, str, bytes)
_MANY: Final = 1000

_known: Final[dict[int, tuple[object, tuple[str, bytes]]]] = {}


def to_plain(value: object) -> object:
    r"""Return ``value`` as numbers, texts and containers of them; ``UNSENT`` if that cannot be.

    Anything else, such as a function that formats numbers, is pickled; what is longer then than
    64 KiB is no setting any more.

    Examples
    --------
    >>> to_plain([1, "a", None])
    [1, 'a', None]
    >>> to_plain("{:.2f}".format)[0]
    '\x00pickled'
    """
    if type(value) in _ATOMS:
        return value
    if type(value) in (list, tuple):
        items = [to_plain(item) for item in value]  # type: ignore[attr-defined]
        if any(item is UNSENT for item in items):
            return UNSENT
        return items if type(value) is list else tuple(items)
    if type(value) is dict:
        plain = {to_plain(name): to_plain(item) for name, item in value.items()}
        return UNSENT if UNSENT in (*plain, *plain.values()) else plain
    return _pickled(value)


def from_plain(plain: object) -> object:
    """Return what :func:`to_plain` was given, or a copy of it.

    Examples
    --------
    >>> from_plain(to_plain("{:.2f}".format))(1)
    '1.00'
    """
    if type(plain) is tuple and len(plain) == 2 and plain[0] == _PICKLED:
        value: object = pickle.loads(plain[1])
        _keep(value, plain)
        return value
    if type(plain) is tuple:
        return tuple(from_plain(item) for item in plain)
    if type(plain) is list:
        return [from_plain(item) for item in plain]
    if type(plain) is dict:
        return {from_plain(name): from_plain(item) for name, item in plain.items()}
    return plain


def _pickled(value: object) -> object:
    # An object that was sent here must read as what it was sent as, and pickling it again may
    # give other bytes.
    known = _known.get(id(value))
    if known is not None and known[0] is value:
        return known[1]
    import cloudpickle

    try:
        text: bytes = cloudpickle.dumps(value)
    except Exception:  # noqa: BLE001 - whatever its own reduction raises
        return UNSENT
    return UNSENT if len(text) > _LONGEST else _keep(value, (_PICKLED, text))


def _keep(value: object, plain: tuple[str, bytes]) -> tuple[str, bytes]:
    if len(_known) >= _MANY:
        _known.clear()
    _known[id(value)] = value, plain
    return plain
