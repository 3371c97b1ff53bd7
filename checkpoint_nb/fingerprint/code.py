"""Normal form of code objects: what runs, without names of locals, lines, files, docstrings."""

from __future__ import annotations

import re
from types import CodeType
from typing import Final, NamedTuple
from weakref import ref

from blake3 import blake3

from checkpoint_nb.fingerprint.reading import Chain, Import, Reading, read

_SEES_GLOBALS: Final = frozenset({"globals", "vars", "eval", "exec"})
_WORD: Final = re.compile(r"[^\W\d]\w*")
_MARKED: Final = re.compile(r"@([^\W\d]\w*)")
"""Names in texts such as ``"price > @limit"``, which ``DataFrame.query`` looks up."""


class Normal(NamedTuple):
    """The normal form of a code object with all code nested in it.

    Parameters
    ----------
    digest
        Of the code alone; global names do not count, what they lead to does.
    uses
        Global names in order of first use, each with the attribute chains read from it.
    imports
        Import statements in the code.
    words
        Names inside string constants, when the code can look globals up by name.
    frees
        Names of the closure cells in order of first use, so that their own order does not count.
    noted
        Global names in annotations of functions made inside, as in ``uses``.
    notes
        Digest of those annotations, which do not count in ``digest``.
    names
        Every name of a global or an attribute in the code.
    computed
        Builtins that are given a name or a text made at run time: ``globals``, ``eval``, ``exec``.
    bare
        Makers of random generators that are called with nothing: no seed is given.
    """

    digest: bytes
    uses: tuple[tuple[str, tuple[Chain, ...]], ...]
    imports: tuple[Import, ...]
    words: Chain
    frees: Chain
    noted: tuple[tuple[str, Chain], ...]
    notes: bytes
    names: frozenset[str]
    computed: Chain
    bare: tuple[tuple[str, Chain], ...]


_normal: Final[dict[int, tuple[ref[CodeType], Normal]]] = {}
"""By identity: to compare code objects takes longer than to read some."""


def normal(code: CodeType) -> Normal:
    """Return the normal form of ``code``; remembered for as long as ``code`` lives.

    Examples
    --------
    >>> def one(a):
    ...     b = a + 1
    ...     return b
    >>> def two(a):
    ...     'A docstring.'
    ...     c = a + 1  # and a comment
    ...     return c
    >>> normal(one.__code__).digest == normal(two.__code__).digest
    True
    """
    known = _normal.get(id(code))
    return _remembered(code) if known is None else known[1]


def _remembered(code: CodeType) -> Normal:
    number = id(code)
    watch = ref(code, lambda _: _normal.pop(number, None))
    made = _made(code)
    _normal[number] = (watch, made)
    return made


def _made(code: CodeType) -> Normal:
    reading = Reading()
    data, frees = read(code, reading)
    words: set[str] = set()
    if reading.texts:
        pattern = _MARKED if _SEES_GLOBALS.isdisjoint(reading.names) else _WORD
        words.update(*map(pattern.findall, reading.texts))
    return Normal(
        blake3(data).digest(),
        tuple(reading.uses.items()),
        tuple(reading.imports),
        tuple(sorted(words)),
        frees,
        tuple(reading.noted),
        blake3(b"".join(reading.notes)).digest() if reading.notes else b"",
        frozenset(reading.names),
        tuple(reading.computed),
        tuple(reading.bare),
    )
