"""Reads the instructions of a code object as plain numbers, many times faster than ``dis``."""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterable
from types import CodeType
from typing import Final, NamedTuple

_CACHE: Final = b"\0\0"
_EXTENDED: Final = dis.EXTENDED_ARG
_JUMPS: Final = frozenset((*dis.hasjrel, *dis.hasjabs))
_BACKWARD: Final = frozenset(at for at, name in enumerate(dis.opname) if "BACKWARD" in name)

PLAIN, CONST, GLOBAL, NAME, BY_NAME, IMPORT, LOCAL, TWO_LOCALS, JUMP = range(9)
"""What the argument of an instruction means."""


def opcodes(*names: str) -> frozenset[int]:
    """Return the opcodes with these names, those that this Python has.

    Examples
    --------
    >>> len(opcodes("LOAD_CONST", "NO_SUCH_THING"))
    1
    """
    return frozenset(dis.opmap[name] for name in names if name in dis.opmap)


def _small(numbers: Iterable[int]) -> list[int]:
    return [number for number in numbers if number < 256]


def _meanings() -> bytes:
    table = bytearray(256)
    for number in _small((*dis.haslocal, *dis.hasfree)):
        # Superinstructions of Python 3.13 hold two locals in one argument.
        table[number] = TWO_LOCALS if dis.opname[number].count("_FAST") == 2 else LOCAL
    for kind, numbers in (
        (CONST, dis.hasconst),
        (NAME, dis.hasname),
        (JUMP, _JUMPS),
        (GLOBAL, opcodes("LOAD_GLOBAL")),
        (BY_NAME, opcodes("LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")),
        (IMPORT, opcodes("IMPORT_NAME")),
    ):
        for number in _small(numbers):
            table[number] = kind
    return bytes(table)


def _shifts() -> bytes:
    """Return by opcode how many low bits of the argument are flags beside the name."""
    table = bytearray(256)
    flags = {"LOAD_GLOBAL": 1, "LOAD_SUPER_ATTR": 2}
    if sys.version_info >= (3, 12):
        flags["LOAD_ATTR"] = 1
    for name, bits in flags.items():
        for number in opcodes(name):
            table[number] = bits
    return bytes(table)


MEANING: Final = _meanings()
"""By opcode, what its argument means."""
SHIFT: Final = _shifts()


class Steps(NamedTuple):
    """The instructions of one code object, caches left out and arguments put together.

    Parameters
    ----------
    ops
        The opcode of each instruction.
    args
        Their arguments; a jump has the number of the instruction it leads to.
    covered
        Exception table: start, end, handler as instruction numbers, then depth and flag.
    """

    ops: bytes
    args: list[int]
    covered: tuple[tuple[int, int, int, int], ...] = ()


def steps(code: CodeType) -> Steps:
    """Return the instructions of ``code``.

    Examples
    --------
    >>> def f(a): return a
    >>> [dis.opname[op] for op in steps(f.__code__).ops][-2:]
    ['LOAD_FAST', 'RETURN_VALUE']
    """
    raw = code.co_code
    # A cache is two zeros, and nothing else begins with a zero.
    without = raw.replace(_CACHE, b"")
    ops, args = without[::2], list(without[1::2])
    if _EXTENDED in ops:
        ops, args = _extended(ops, args)
    table = code.co_exceptiontable
    if not table and JUMP not in ops.translate(MEANING):
        return Steps(ops, args)
    numbers, ends = _positions(raw[::2])
    for at, op in enumerate(ops):
        if op in _JUMPS:
            distance = args[at]
            args[at] = numbers[ends[at] + (-distance if op in _BACKWARD else distance)]
    return Steps(ops, args, tuple(_covered(table, numbers)) if table else ())


def _extended(ops: bytes, args: list[int]) -> tuple[bytes, list[int]]:
    """Return the instructions, with what stands before a large argument put into it."""
    whole, high = [], 0
    for op, arg in zip(ops, args, strict=True):
        if op == _EXTENDED:
            high = (high | arg) << 8
        else:
            whole.append(high | arg)
            high = 0
    return ops.translate(None, bytes([_EXTENDED])), whole


def _positions(units: bytes) -> tuple[list[int], list[int]]:
    """Return the instruction that each unit leads to, and the unit after each instruction."""
    numbers: list[int] = []
    ends: list[int] = []
    for unit, op in enumerate(units):
        numbers.append(len(ends))
        if not op:
            ends[-1] = unit + 1
        elif op != _EXTENDED:
            ends.append(unit + 1)
    numbers.append(len(ends))
    return numbers, ends


def _covered(table: bytes, numbers: list[int]) -> list[tuple[int, int, int, int]]:
    """Return the entries of an exception table: numbers in base 64, the first byte marked."""
    values: list[int] = []
    at = 0
    while at < len(table):
        value = table[at] & 63
        while table[at] & 64:
            at += 1
            value = value << 6 | table[at] & 63
        values.append(value)
        at += 1
    entries = zip(values[::4], values[1::4], values[2::4], values[3::4], strict=True)
    return [
        (numbers[start], numbers[start + length], numbers[handler], depth)
        for start, length, handler, depth in entries
    ]


def locals_of(code: CodeType) -> tuple[str, ...]:
    """Return the names of locals, cells and free variables, by the numbers instructions use.

    Examples
    --------
    >>> def f(a): return lambda: a
    >>> locals_of(f.__code__)
    ('a',)
    """
    own = code.co_varnames
    if not code.co_cellvars:
        return own + code.co_freevars
    return (*own, *(name for name in code.co_cellvars if name not in own), *code.co_freevars)
