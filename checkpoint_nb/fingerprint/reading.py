"""Reads code objects into bytes that mean the same, and gathers what they lead to."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from itertools import compress, count
from types import CodeType
from typing import Final, NamedTuple

from checkpoint_nb.fingerprint.bytecode import (
    BY_NAME,
    CONST,
    GLOBAL,
    IMPORT,
    JUMP,
    LOCAL,
    MEANING,
    NAME,
    PLAIN,
    SHIFT,
    TWO_LOCALS,
    Steps,
    locals_of,
    opcodes,
    steps,
)
from checkpoint_nb.fingerprint.calls import is_called_with_nothing, is_given_constant
from checkpoint_nb.fingerprint.notes import Note, taken_out
from checkpoint_nb.fingerprint.tokens import SCALARS, size, sized, text

_ATTRIBUTE: Final = opcodes("LOAD_ATTR", "LOAD_METHOD")
_CELLS: Final = bytes(opcodes("MAKE_CELL", "COPY_FREE_VARS"))
(_MAKE,) = opcodes("MAKE_FUNCTION")
_TUPLE: Final = opcodes("BUILD_TUPLE")
(_STORE_NAME,) = opcodes("STORE_NAME")
_LOADS: Final = opcodes("LOAD_CONST")
_BOOKKEEPING: Final = frozenset(
    {"__doc__", "__qualname__", "__module__", "__firstlineno__", "__static_attributes__"}
)
_SEES_LOCALS: Final = frozenset({"locals", "vars", "eval", "exec", "dir"})
_TEXTS: Final = frozenset({"globals", "eval", "exec"})
_SEEDED: Final = frozenset({"default_rng", "Random", "RandomState"})
_TELLING: Final = _TEXTS | _SEEDED
# varargs, varkeywords, generator, coroutine, iterable coroutine, async generator
_FLAGS: Final = 0x4 | 0x8 | 0x20 | 0x80 | 0x100 | 0x200
_RENUMBERED: Final = MEANING.replace(bytes([JUMP]), bytes([PLAIN]))
"""As ``MEANING``; where a jump leads is in its argument already."""
_counts: Final = struct.Struct("<4I").pack
_lengths: Final = struct.Struct("<8Q").pack

Chain = tuple[str, ...]


class Import(NamedTuple):
    """One import statement inside a function: level, module, names taken from it."""

    level: int
    module: str
    names: Chain


class Reading:
    """What is gathered while a code object and those nested in it are read; see ``Normal``."""

    __slots__ = (
        "bare",
        "computed",
        "imports",
        "names",
        "noted",
        "notes",
        "numbers",
        "texts",
        "uses",
    )

    def __init__(self) -> None:
        self.uses: dict[str, tuple[Chain, ...]] = {}
        self.numbers: dict[str, int] = {}
        self.imports: dict[Import, None] = {}
        self.texts: list[str] = []
        self.noted: dict[tuple[str, Chain], None] = {}
        self.notes: list[bytes] = []
        self.names: set[str] = set()
        self.computed: dict[str, None] = {}
        self.bare: dict[tuple[str, Chain], None] = {}

    def note(self, notes: list[Note], code: CodeType) -> None:
        """Gather the annotations that were taken out of ``code``."""
        for one in notes:
            if one.meaning in {GLOBAL, BY_NAME}:
                self.noted[one.word, one.chain] = None
            constant = b""
            if one.meaning == CONST:
                constant = _constant(code.co_consts[one.arg], Reading())
            self.notes.append(size(one.op) + text(one.word) + sized(constant))


def read(code: CodeType, reading: Reading) -> tuple[bytes, Chain]:
    """Return the bytes that stand for one code object, and its free names in canonical order.

    Examples
    --------
    >>> def f(n): return n + 1
    >>> def g(n):  # a comment
    ...     'A docstring.'
    ...     return n + 1
    >>> read(f.__code__, Reading()) == read(g.__code__, Reading())
    True
    """
    form, notes = taken_out(steps(code), code)
    if notes:
        reading.note(notes, code)
    reader = _Reader(code, form, reading)
    words = reader.words
    reading.names.update(words)
    arguments = reader.arguments()
    frees = reader.frees() if code.co_freevars else ()
    parts = (
        _signature(code),
        b"" if _SEES_LOCALS.isdisjoint(words) else reader.shown(),
        b"".join(reader.constants),
        _joined(reader.names),
        form.ops,
        _numbers(arguments),
        b"".join([_counts(*one) for one in form.covered]) if form.covered else b"",
    )
    # A call of super() without arguments finds its class by this name.
    own = frees.index("__class__") + 1 if "__class__" in frees else 0
    return _lengths(own, *map(len, parts)) + b"".join(parts), frees


def _numbers(arguments: list[int]) -> bytes:
    try:
        return bytes(arguments)
    except ValueError:  # not all below 256
        return struct.pack(f"<{len(arguments)}Q", *arguments)


def _joined(names: Iterable[str]) -> bytes:
    return "\0".join(names).encode("utf-8", "surrogatepass")


class _Reader:
    """Turns the arguments of one code object's instructions into numbers that mean the same."""

    __slots__ = ("code", "constants", "form", "inner", "names", "reading", "slots", "words")

    def __init__(self, code: CodeType, form: Steps, reading: Reading) -> None:
        self.code = code
        self.form = form
        self.reading = reading
        self.constants: dict[bytes, int] = {}
        self.names: dict[str, int] = {}
        self.slots = _slots(code)
        self.words: Chain = code.co_names
        self.inner: dict[int, tuple[bytes, Chain]] = {}

    def arguments(self) -> list[int]:
        """Return a number for each instruction; constants and names are put into tables."""
        ops, args, _ = self.form
        slots, names, words = self.slots, self.names, self.words
        plain: dict[int, int] = {}
        result = list(args)
        meanings = ops.translate(_RENUMBERED)
        if ops[0] in _CELLS:
            # Cells stand in the order of their names; which locals they are is seen in use.
            start = len(ops) - len(ops.lstrip(_CELLS))
            result[:start] = bytes(start)
            meanings = bytes(start) + meanings[start:]
        if _MAKE in ops:
            args = self._with_closures()
        hidden = self._bookkeeping() if _STORE_NAME in ops else ()
        for at, meaning, arg in compress(zip(count(), meanings, args), meanings):
            if meaning == LOCAL:
                if arg not in slots:
                    slots[arg] = len(slots)
                result[at] = slots[arg]
            elif meaning == CONST:
                if arg in plain:
                    result[at] = plain[arg]
                elif at in hidden:
                    result[at] = 0
                else:
                    result[at] = plain[arg] = self._constant_number(arg)
            elif meaning == GLOBAL:
                result[at] = self._use(at, words[arg >> SHIFT[ops[at]]])
            elif meaning == TWO_LOCALS:
                one = slots.setdefault(arg >> 4, len(slots))
                result[at] = one << 32 | slots.setdefault(arg & 15, len(slots))
            else:
                name = words[arg >> SHIFT[ops[at]]]
                number = names.setdefault(name, len(names))
                result[at] = number if meaning == NAME else self._named(at, meaning, name, number)
        return result

    def _named(self, at: int, meaning: int, name: str, number: int) -> int:
        """Return the number of what an instruction means by a name that leads elsewhere."""
        if meaning == BY_NAME:
            # A name in a class body may be the class's own, so the name counts.
            return self._use(at, name) << 32 | number
        if meaning == IMPORT:
            near = (self.form.args[at - 2], self.form.args[at - 1])
            level, taken = (self.code.co_consts[index] for index in near)
            self.reading.imports[Import(level or 0, name, tuple(taken or ()))] = None
        return number

    def _use(self, at: int, name: str) -> int:
        """Return the number of a global name, and gather what is read from it."""
        ops = self.form.ops
        after: Chain = ()
        at += 1
        while ops[at] in _ATTRIBUTE:
            after += (self.words[self.form.args[at] >> SHIFT[ops[at]]],)
            at += 1
        if (after[-1] if after else name) in _TELLING:
            self._tell(at, name, after)
        uses, numbers = self.reading.uses, self.reading.numbers
        if name not in uses:
            uses[name] = (after,)
            numbers[name] = len(numbers)
        elif after not in uses[name]:
            uses[name] += (after,)
        return numbers[name]

    def _tell(self, last: int, name: str, after: Chain) -> None:
        """Gather calls that look something up by a text, or make a generator without a seed."""
        if (after[-1] if after else name) in _SEEDED:
            if is_called_with_nothing(self.form, last):
                self.reading.bare[name, after] = None
        elif not after and not is_given_constant(self.form, last, result=name == "globals"):
            self.reading.computed[name] = None

    def _bookkeeping(self) -> set[int]:
        """Return where constants are loaded that a class keeps about itself."""
        ops, args, _ = self.form
        stored = [at for at, op in enumerate(ops) if op == _STORE_NAME]
        return {at - 1 for at in stored if self.words[args[at]] in _BOOKKEEPING}

    def _constant_number(self, index: int) -> int:
        """Return the number of a constant; equal constants have one."""
        if index in self.inner:
            token = b"{" + self.inner[index][0]
        else:
            token = _constant(self.code.co_consts[index], self.reading)
        return self.constants.setdefault(sized(token), len(self.constants))

    def _with_closures(self) -> list[int]:
        """Return the arguments, closures filled in the order in which their code uses them."""
        ops, args, _ = self.form
        result = args
        for at, op in enumerate(ops):
            if op not in _LOADS:
                continue
            value = self.code.co_consts[args[at]]
            if not isinstance(value, CodeType) or not value.co_freevars:
                continue
            count = len(value.co_freevars)
            first = at - 1 - count
            if first < 0 or ops[at - 1] not in _TUPLE or args[at - 1] != count:
                continue
            if any(MEANING[one] != LOCAL for one in ops[first : at - 1]):
                continue
            loaded = dict(zip(value.co_freevars, args[first : at - 1], strict=True))
            if args[at] not in self.inner:
                self.inner[args[at]] = read(value, self.reading)
            result = list(result)
            result[first : at - 1] = [loaded[name] for name in self.inner[args[at]][1]]
        return result

    def frees(self) -> Chain:
        """Return the free names in the order of first use; those never used come last."""
        names, free = locals_of(self.code), self.code.co_freevars
        first = len(names) - len(free)
        met = [names[index] for index in self.slots if index >= first]
        rest = sorted(set(free).difference(met), key=lambda name: (name != "__class__", name))
        return (*met, *rest)

    def shown(self) -> bytes:
        """Return the names of locals by their numbers, for code that can see them."""
        names = locals_of(self.code)
        ordered = sorted(self.slots, key=self.slots.__getitem__)
        others = sorted(set(range(len(names))).difference(ordered))
        return _joined([names[at] for at in (*ordered, *others)])


def _signature(code: CodeType) -> bytes:
    """Return how the code can be called; names of parameters count, callers may use them."""
    first, positional, only = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount
    names = code.co_varnames
    named = names[positional:first]
    if only:
        named += tuple(sorted(names[first : first + only]))
    return _counts(first, positional, only, code.co_flags & _FLAGS) + _joined(named)


def _slots(code: CodeType) -> dict[int, int]:
    """Return the numbers of the parameters; other locals are numbered when they are met."""
    first, only, flags = code.co_argcount, code.co_kwonlyargcount, code.co_flags
    last = first + only
    total = last + bool(flags & 4) + bool(flags & 8)
    if not only:
        return dict(enumerate(range(total)))
    names = sorted(range(first, last), key=code.co_varnames.__getitem__)
    return {index: at for at, index in enumerate((*range(first), *names, *range(last, total)))}


def _constant(value: object, reading: Reading) -> bytes:
    """Return the typed bytes of a constant."""
    write = SCALARS.get(type(value))
    if write is not None:
        if type(value) is str:
            reading.texts.append(value)
        return write(value)
    if type(value) is tuple:
        return b"(" + b"".join(sized(_constant(item, reading)) for item in value)
    if type(value) is frozenset:
        return b"<" + b"".join(sorted(sized(_constant(item, reading)) for item in value))
    if isinstance(value, CodeType):
        return b"{" + read(value, reading)[0]
    assert isinstance(value, slice), f"a constant of type {type(value)}"  # Python 3.14
    bounds = (value.start, value.stop, value.step)
    return b":" + b"".join(sized(_constant(item, reading)) for item in bounds)
