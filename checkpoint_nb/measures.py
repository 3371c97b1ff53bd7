"""Sizes and times as people write and read them."""

from __future__ import annotations

import re
from typing import Final

from checkpoint_nb.errors import DeclarationError

_SIZES: Final = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_SPANS: Final = {
    "s": 1,
    "sec": 1,
    "m": 60,
    "min": 60,
    "h": 3600,
    "d": 86400,
    "day": 86400,
    "days": 86400,
    "w": 7 * 86400,
}
_WORDS: Final = re.compile(r"\s*([0-9]+(?:[.,][0-9]+)?)\s*([a-z]*)\s*")


def size_of(text: str) -> int:
    """Return the bytes that ``text`` says: ``5G``, ``300 MB``, ``1.5GiB``.

    Raises
    ------
    DeclarationError
        When it says none.

    Examples
    --------
    >>> size_of("5G"), size_of("1.5 MB"), size_of("2KiB"), size_of("700")
    (5000000000, 1500000, 2048, 700)
    """
    number, unit = _split(text)
    letter = unit.removesuffix("b").removesuffix("i")
    if number is None or letter not in _SIZES or ("i" in unit and not letter):
        raise DeclarationError(f"{text!r} is no size.", {}, "Say it like 5G, 300M or 1.5 GB.")
    factor = _SIZES[letter]
    if "i" in unit:
        factor = 1024 ** list(_SIZES).index(letter)
    return round(number * factor)


def span_of(text: str) -> float:
    """Return the seconds that ``text`` says: ``30d``, ``12 h``, ``90 min``.

    Raises
    ------
    DeclarationError
        When it says none.

    Examples
    --------
    >>> span_of("30d"), span_of("1.5 h"), span_of("90min")
    (2592000.0, 5400.0, 5400.0)
    """
    number, unit = _split(text)
    if number is None or unit not in _SPANS:
        raise DeclarationError(f"{text!r} is no time.", {}, "Say it like 30d, 12h or 90min.")
    return number * _SPANS[unit]


def said_size(size: int) -> str:
    """Return ``size`` bytes in words.

    Examples
    --------
    >>> said_size(0), said_size(999), said_size(1_234_567), said_size(25_000_000_000)
    ('0 B', '999 B', '1.2 MB', '25 GB')
    """
    value, unit = float(size), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if round(value, 1) < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" or value >= 10 else f"{value:.1f} {unit}"


def said_span(seconds: float) -> str:
    """Return ``seconds`` in words, two units at most.

    Examples
    --------
    >>> said_span(0.004), said_span(3.21), said_span(192), said_span(7300), said_span(90_000)
    ('4 ms', '3.2 s', '3 m 12 s', '2 h 1 m', '1 d 1 h')
    """
    if seconds < 0.0995:
        return f"{max(0.0, seconds) * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return _two(whole, 60, "m", 1, "s")
    if whole < 86400:
        return _two(whole, 3600, "h", 60, "m")
    return _two(whole, 86400, "d", 3600, "h")


def said_age(seconds: float) -> str:
    """Return how long ago, in one unit.

    Examples
    --------
    >>> said_age(2), said_age(150), said_age(7300), said_age(200_000)
    ('just now', '2 m ago', '2 h ago', '2 d ago')
    """
    for length, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= length:
            return f"{int(seconds // length)} {unit} ago"
    return f"{int(seconds)} s ago" if seconds >= 10 else "just now"


def counted(number: int, one: str, many: str = "") -> str:
    """Return ``1 result``, ``2 results``.

    Examples
    --------
    >>> counted(1, "entry", "entries"), counted(0, "node")
    ('1 entry', '0 nodes')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _two(whole: int, large: int, larges: str, small: int, smalls: str) -> str:
    rest = whole % large // small
    return f"{whole // large} {larges}" + (f" {rest} {smalls}" if rest else "")


def _split(text: str) -> tuple[float | None, str]:
    found = _WORDS.fullmatch(text.lower())
    if found is None:
        return None, ""
    return float(found[1].replace(",", ".")), found[2]
