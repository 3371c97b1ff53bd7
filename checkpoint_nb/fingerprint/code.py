"""Normal form of code objects: what runs, without names of locals, lines, files, docstrings."""

from __future__ import annotations

import dis
import re
from dataclasses import dataclass, field
from types import CodeType
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

from blake3 import blake3

from checkpoint_nb.fingerprint.tokens import leaf, size, sized, text

_CONST: Final = frozenset(dis.hasconst)
_NAME: Final = frozenset(dis.hasname)
_LOCAL: Final = frozenset((*dis.haslocal, *dis.hasfree))
_GLOBAL: Final = frozenset({"LOAD_GLOBAL"})
_BY_NAME: Final = frozenset({"LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})
_ATTRIBUTE: Final = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_BOOKKEEPING: Final = frozenset(
    {"__doc__", "__qualname__", "__module__", "__firstlineno__", "__static_attributes__"}
)
_SEES_LOCALS: Final = frozenset({"locals", "vars", "eval", "exec", "dir"})
_SEES_GLOBALS: Final = frozenset({"globals", "vars", "eval", "exec"})
_WORD: Final = re.compile(r"[^\W\d]\w*")
# varargs, varkeywords, generator, coroutine, iterable coroutine, async generator
_FLAGS: Final = 0x4 | 0x8 | 0x20 | 0x80 | 0x100 | 0x200


class Import(NamedTuple):
    """One import statement inside a function: level, module, names taken from it."""

    level: int
    module: str
    names: tuple[str, ...]


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
    """

    digest: bytes
    uses: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]
    imports: tuple[Import, ...]
    words: tuple[str, ...]


@dataclass(slots=True)
class _Reading:
    """What is gathered while a code object and those nested in it are read."""

    uses: dict[str, dict[tuple[str, ...], None]] = field(default_factory=dict)
    imports: dict[Import, None] = field(default_factory=dict)
    words: dict[str, None] = field(default_factory=dict)
    sees_globals: bool = False

    def use(self, name: str, chain: tuple[str, ...]) -> int:
        self.uses.setdefault(name, {})[chain] = None
        return list(self.uses).index(name)


_normal: Final[WeakKeyDictionary[CodeType, Normal]] = WeakKeyDictionary()


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
    known = _normal.get(code)
    if known is None:
        reading = _Reading()
        digest = blake3(_read(code, reading)).digest()
        uses = tuple((name, tuple(chains)) for name, chains in reading.uses.items())
        words = tuple(sorted(reading.words)) if reading.sees_globals else ()
        known = _normal[code] = Normal(digest, uses, tuple(reading.imports), words)
    return known


def _read(code: CodeType, reading: _Reading) -> bytes:
    """Return the bytes that stand for one code object, nested code included."""
    steps = [step for step in dis.get_instructions(code) if step.opname != "EXTENDED_ARG"]
    slots = _slots(code)
    constants: dict[bytes, int] = {}
    stream: list[bytes] = []
    for at, step in enumerate(steps):
        stream.append(bytes((step.opcode,)))
        if step.opcode in _CONST:
            if _is_bookkeeping(steps, at):
                continue
            # Not argval: dis does not resolve the names of keyword arguments on Python 3.11.
            token = _constant(code.co_consts[step.arg or 0], reading)
            stream.append(size(constants.setdefault(token, len(constants))))
        elif step.opname in _GLOBAL:
            stream.append(size(reading.use(step.argval, _chain(steps, at))))
        elif step.opcode in _NAME:
            _note_name(steps, at, reading)
            stream.append(text(step.argval))
        elif step.opcode in _LOCAL:
            names = step.argval if isinstance(step.argval, tuple) else (step.argval,)
            stream += (size(slots.setdefault(name, len(slots))) for name in names)
        else:
            stream.append(size(step.arg or 0))
    read = frozenset(code.co_names)
    reading.sees_globals |= not _SEES_GLOBALS.isdisjoint(read)
    shown = () if _SEES_LOCALS.isdisjoint(read) else code.co_varnames + code.co_cellvars
    parts = [_signature(code), *map(text, shown), b"|", *constants]
    parts += (b"|", sized(b"".join(stream)), code.co_exceptiontable)
    return b"".join(map(sized, parts))


def _signature(code: CodeType) -> bytes:
    """Return how the code can be called; names of parameters count, callers may use them."""
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount)
    named = code.co_varnames[code.co_posonlyargcount : code.co_argcount]
    only = sorted(code.co_varnames[code.co_argcount :][: code.co_kwonlyargcount])
    words = b"".join(map(text, (*named, *only)))
    return b"".join(map(size, (*counts, code.co_flags & _FLAGS))) + words


def _slots(code: CodeType) -> dict[str, int]:
    """Return the numbers of the parameters; other locals are numbered when they are met."""
    last = code.co_argcount + code.co_kwonlyargcount
    rest = code.co_varnames[last : last + bool(code.co_flags & 4) + bool(code.co_flags & 8)]
    only = sorted(code.co_varnames[code.co_argcount : last])
    names = (*code.co_varnames[: code.co_argcount], *only, *rest)
    return {name: at for at, name in enumerate(names)}


def _is_bookkeeping(steps: list[dis.Instruction], at: int) -> bool:
    following = steps[at + 1] if at + 1 < len(steps) else None
    return (
        following is not None
        and following.opname == "STORE_NAME"
        and following.argval in _BOOKKEEPING
    )


def _chain(steps: list[dis.Instruction], at: int) -> tuple[str, ...]:
    """Return the attributes read one after the other from what step ``at`` loads."""
    names: list[str] = []
    for step in steps[at + 1 :]:
        if step.opname not in _ATTRIBUTE:
            break
        names.append(step.argval)
    return tuple(names)


def _note_name(steps: list[dis.Instruction], at: int, reading: _Reading) -> None:
    step = steps[at]
    if step.opname in _BY_NAME:
        reading.use(step.argval, _chain(steps, at))
    elif step.opname == "IMPORT_NAME":
        level, names = steps[at - 2].argval, steps[at - 1].argval
        reading.imports[Import(level or 0, step.argval, tuple(names or ()))] = None


def _constant(value: object, reading: _Reading) -> bytes:
    """Return the typed bytes of a constant."""
    if isinstance(value, CodeType):
        return b"{" + _read(value, reading)
    if type(value) is tuple:
        return b"(" + b"".join(sized(_constant(item, reading)) for item in value)
    if type(value) is frozenset:
        return b"<" + b"".join(sorted(sized(_constant(item, reading)) for item in value))
    if type(value) is str:
        reading.words.update(dict.fromkeys(_WORD.findall(value)))
    if type(value) is slice:  # constants from Python 3.14 on
        bounds = (value.start, value.stop, value.step)
        return b":" + b"".join(sized(_constant(item, reading)) for item in bounds)
    local = leaf(value)
    assert local is not None, f"a constant of type {type(value)}"
    return local
