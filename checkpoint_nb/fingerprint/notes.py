"""Takes the annotations of functions made inside a function out of its instructions."""

from __future__ import annotations

from types import CodeType
from typing import Final, NamedTuple

from checkpoint_nb.fingerprint.bytecode import (
    CONST,
    JUMP,
    LOCAL,
    MEANING,
    SHIFT,
    Steps,
    locals_of,
    opcodes,
)

(_MAKE,) = opcodes("MAKE_FUNCTION")
_SET: Final = opcodes("SET_FUNCTION_ATTRIBUTE")
_NULL: Final = opcodes("LOAD_GLOBAL")
_ATTRIBUTE: Final = opcodes("LOAD_ATTR")
_PUSH: Final = opcodes(
    "LOAD_CONST", "LOAD_GLOBAL", "LOAD_NAME", "LOAD_FAST", "LOAD_DEREF", "LOAD_CLASSDEREF"
)
_TWO: Final = opcodes("BINARY_SUBSCR", "BINARY_OP")
_MANY: Final = opcodes("BUILD_TUPLE", "BUILD_LIST")
_NOTES, _CLOSURE = 4, 8


class Note(NamedTuple):
    """One instruction of an annotation, its name resolved, with the attributes read from it."""

    op: int
    arg: int
    meaning: int
    word: str = ""
    chain: tuple[str, ...] = ()


def taken_out(form: Steps, code: CodeType) -> tuple[Steps, list[Note]]:
    """Return the instructions without annotations, and the annotations.

    An annotation that calls something is left where it is: the call may do anything.

    Examples
    --------
    >>> from checkpoint_nb.fingerprint.bytecode import steps
    >>> def f():
    ...     def g(n: int): return n
    ...     return g
    >>> without, notes = taken_out(steps(f.__code__), f.__code__)
    >>> len(without.ops) < len(steps(f.__code__).ops), bool(notes)
    (True, True)
    """
    if _MAKE not in form.ops:
        return form, []
    out: set[int] = set()
    notes: list[Note] = []
    args = list(form.args)
    for at, op in enumerate(form.ops):
        if op != _MAKE:
            continue
        marks = _marks(form, at)
        end = at - 1
        if _CLOSURE in marks:
            end -= 1 + form.args[end - 1]
        start = _start(form, end) if _NOTES in marks else None
        if start is not None:
            out.update(range(start, end))
            notes += _words(form, code, start, end)
            if marks[_NOTES] == at:
                args[at] &= ~_NOTES
            else:
                out.add(marks[_NOTES])
    return (_without(Steps(form.ops, args, form.covered), out), notes) if out else (form, [])


def _marks(form: Steps, at: int) -> dict[int, int]:
    """Return what a new function is given, and the instruction that says so."""
    if form.args[at]:
        return {flag: at for flag in (_NOTES, _CLOSURE) if form.args[at] & flag}
    found: dict[int, int] = {}
    while at + 1 < len(form.ops) and form.ops[at + 1] in _SET:
        at += 1
        found[form.args[at]] = at
    return found


def _start(form: Steps, end: int) -> int | None:
    """Return where the plain instructions begin that leave one value before ``end``."""
    need, at = 1, end
    while need:
        at -= 1
        if at < 0:
            return None
        op, arg = form.ops[at], form.args[at]
        if op in _PUSH and not (op in _NULL and arg & 1):
            need -= 1
        elif op in _TWO:
            need += 1
        elif op in _MANY:
            need += arg - 1
        elif op not in _ATTRIBUTE or (SHIFT[op] and arg & 1):
            return None
    return at


def _words(form: Steps, code: CodeType, start: int, end: int) -> list[Note]:
    """Return the annotation between two instructions, names resolved."""
    notes: list[Note] = []
    for at in range(start, end):
        op, arg = form.ops[at], form.args[at]
        meaning = MEANING[op]
        if op in _ATTRIBUTE:
            before = notes.pop()
            notes.append(before._replace(chain=(*before.chain, code.co_names[arg >> SHIFT[op]])))
        elif meaning == CONST or op not in _PUSH:
            notes.append(Note(op, arg, meaning))
        else:
            notes.append(Note(op, 0, meaning, _word(code, op, arg)))
    return notes


def _word(code: CodeType, op: int, arg: int) -> str:
    if MEANING[op] == LOCAL:
        return locals_of(code)[arg]
    return code.co_names[arg >> SHIFT[op]]


def _without(form: Steps, out: set[int]) -> Steps:
    """Return the instructions without some of them; jumps and handlers lead where they led."""
    numbers: list[int] = []
    kept: list[int] = []
    for at in range(len(form.ops)):
        numbers.append(len(kept))
        if at not in out:
            kept.append(at)
    numbers.append(len(kept))
    args = [
        numbers[form.args[at]] if MEANING[form.ops[at]] == JUMP else form.args[at] for at in kept
    ]
    covered = [(numbers[a], numbers[b], numbers[c], depth) for a, b, c, depth in form.covered]
    return Steps(bytes(form.ops[at] for at in kept), args, tuple(covered))
