"""A readable listing of live code whose text is not at hand: what it does, step by step."""

from __future__ import annotations

import dis
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Final

from checkpoint_nb.fingerprint import describe

UNAVAILABLE: Final = "# the source is not available; this is what was compiled"
"""First line of every listing."""

_SILENT: Final = frozenset(
    {"CACHE", "COPY_FREE_VARS", "EXTENDED_ARG", "MAKE_CELL", "NOP", "PRECALL", "RESUME"}
)
_JUMPS: Final = frozenset((*dis.hasjrel, *dis.hasjabs))
_CONSTANTS: Final = frozenset(dis.hasconst)
_LONGEST: Final = 200


def listing_of(live: FunctionType | type) -> str:
    """Return what live code does, a line for each step; the same in every process.

    Addresses, lines and docstrings are left out. Nothing of the user's runs.

    Examples
    --------
    >>> print(listing_of(lambda x: x * 2).splitlines()[0])
    # the source is not available; this is what was compiled
    """
    return "\n".join([UNAVAILABLE, *_lines(live)])


def namespace_of(cls: type) -> dict[str, object]:
    """Return what a class itself contains, without asking its metaclass.

    Examples
    --------
    >>> class Config: n = 10
    >>> namespace_of(Config)["n"]
    10
    """
    return dict(type.__getattribute__(cls, "__dict__"))


def _lines(live: object) -> list[str]:
    if isinstance(live, FunctionType):
        return list(_code(live.__code__))
    if isinstance(live, type):
        return list(_class(live))
    return [describe(live)]


def _class(cls: type) -> Iterator[str]:
    bases = ", ".join(type.__getattribute__(base, "__name__") for base in _bases(cls))
    yield f"class {type.__getattribute__(cls, '__name__')}({bases}):"
    for name, value in namespace_of(cls).items():
        plain = value.__func__ if isinstance(value, classmethod | staticmethod) else value
        functions = [plain]
        if type(value) is property:
            functions = [value.fget, value.fset, value.fdel]
        codes = [one.__code__ for one in functions if isinstance(one, FunctionType)]
        for code in codes:
            yield from (f"    {line}" for line in _code(code))
        if not codes and not (name.startswith("__") and name.endswith("__")):
            yield f"    {name} = {describe(value)}"


def _bases(cls: type) -> tuple[type, ...]:
    found: tuple[type, ...] = type.__getattribute__(cls, "__bases__")
    return found


def _code(code: CodeType) -> Iterator[str]:
    last = code.co_argcount + code.co_kwonlyargcount
    last += bool(code.co_flags & 4) + bool(code.co_flags & 8)
    yield f"{code.co_name}({', '.join(code.co_varnames[:last])}):"
    steps = list(dis.get_instructions(code))
    targets = sorted({step.argval for step in steps if step.opcode in _JUMPS})
    labels = {target: f"L{number}" for number, target in enumerate(targets, 1)}
    for step in steps:
        if step.offset in labels:
            yield f"  {labels[step.offset]}:"
        if step.opname not in _SILENT:
            yield f"    {step.opname} {_argument(step, code, labels)}".rstrip()
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from (f"    {line}" for line in _code(constant))


def _argument(step: dis.Instruction, code: CodeType, labels: dict[int, str]) -> str:
    if step.arg is None:
        return ""
    if step.opcode in _JUMPS:
        return f"to {labels[step.argval]}"
    if step.opcode in _CONSTANTS:
        return _constant(code.co_consts[step.arg])
    return step.argrepr or str(step.arg)


def _constant(value: object) -> str:
    if isinstance(value, CodeType):
        return f"code {value.co_name}"
    if isinstance(value, frozenset):
        return f"{{{', '.join(sorted(map(_constant, value)))}}}"
    if isinstance(value, tuple):
        return f"({', '.join(map(_constant, value))})"
    words = repr(value)
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}… ({len(words):,} characters)"
