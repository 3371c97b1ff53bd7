"""What a call in the instructions is given."""

from __future__ import annotations

from typing import Final

from checkpoint_nb.fingerprint.bytecode import Steps, opcodes

_ATTRIBUTE: Final = opcodes("LOAD_ATTR", "LOAD_METHOD")
_LOADS: Final = opcodes("LOAD_CONST")
_CALL: Final = opcodes("CALL")
_READY: Final = opcodes("PRECALL", "PUSH_NULL")
_GIVEN: Final = opcodes("CALL", "PRECALL", "BINARY_SUBSCR")


def is_given_constant(form: Steps, at: int, *, result: bool) -> bool:
    """Return whether what was loaded before ``at`` is called with constants only.

    Parameters
    ----------
    result
        What it gives is meant: ``globals()["name"]``.

    Examples
    --------
    >>> from checkpoint_nb.fingerprint.bytecode import steps
    >>> form = steps((lambda: eval("1")).__code__)
    >>> at = form.ops.index(next(iter(opcodes("LOAD_GLOBAL")))) + 1
    >>> is_given_constant(form, at, result=False)
    True
    """
    ops = form.ops
    between = _READY | _CALL | _ATTRIBUTE if result else _READY
    while ops[at] in between:
        at += 1
    start = at
    while ops[at] in _LOADS:
        at += 1
    return at > start and ops[at] in _GIVEN


def is_called_with_nothing(form: Steps, at: int) -> bool:
    """Return whether what was loaded before ``at`` is called without arguments.

    Examples
    --------
    >>> from checkpoint_nb.fingerprint.bytecode import steps
    >>> form = steps((lambda: dict()).__code__)
    >>> at = form.ops.index(next(iter(opcodes("LOAD_GLOBAL")))) + 1
    >>> is_called_with_nothing(form, at)
    True
    """
    while form.ops[at] in _READY:
        at += 1
    return form.ops[at] in _CALL and not form.args[at]
