"""The quick reader of instructions agrees with dis."""

import dis
import os
import random
import types

import pytest

from checkpoint_nb.fingerprint import bytecode
from checkpoint_nb.fingerprint.code import normal

LIBRARY = os.path.dirname(os.__file__)
FILES = sorted(
    os.path.join(folder, name)
    for folder, folders, names in os.walk(LIBRARY)
    if "site-packages" not in folder and "bad" not in folder
    for name in names
    if name.endswith(".py") and not name.startswith(("bad", "badsyntax"))
)
CHOSEN = random.Random(1).sample(FILES, 120)


def codes(code: types.CodeType):
    """Yield a code object and all code inside it."""
    yield code
    for one in code.co_consts:
        if isinstance(one, types.CodeType):
            yield from codes(one)


def read(path: str) -> types.CodeType | None:
    with open(path, "rb") as file:
        try:
            return compile(file.read(), path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return None


def by_dis(code: types.CodeType):
    """Return the instructions as dis has them: opcodes, and what each argument means."""
    number, at = 0, {}
    found = list(dis.get_instructions(code))
    for step in found:
        at[step.offset] = number
        number += step.opname not in {"EXTENDED_ARG", "CACHE"}
    at[len(code.co_code)] = number
    steps = [step for step in found if step.opname not in {"EXTENDED_ARG", "CACHE"}]
    jumps = {*dis.hasjrel, *dis.hasjabs}
    named = {*dis.haslocal, *dis.hasfree, *dis.hasname}
    meant = [
        at[step.argval]
        if step.opcode in jumps
        else step.argval
        if step.opcode in named
        else step.arg or 0
        for step in steps
    ]
    covered = [
        (at[one.start], at[one.end], at[one.target], one.depth << 1 | one.lasti)
        for one in dis._parse_exception_table(code)
    ]
    return [step.opcode for step in steps], meant, covered


def by_us(code: types.CodeType):
    """Return the same from the quick reader."""
    form = bytecode.steps(code)
    names = bytecode.locals_of(code)
    meant = []
    for op, arg in zip(form.ops, form.args, strict=True):
        meaning = bytecode.MEANING[op]
        if meaning == bytecode.LOCAL:
            meant.append(names[arg])
        elif meaning == bytecode.TWO_LOCALS:
            meant.append((names[arg >> 4], names[arg & 15]))
        elif meaning in {bytecode.PLAIN, bytecode.CONST, bytecode.JUMP}:
            meant.append(arg)
        else:
            meant.append(code.co_names[arg >> bytecode.SHIFT[op]])
    return list(form.ops), meant, list(form.covered)


@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
def test_instructions_are_those_of_dis():
    """Thousands of code objects of the standard library are read alike."""
    count = 0
    for path in CHOSEN:
        module = read(path)
        for code in codes(module) if module is not None else ():
            assert by_us(code) == by_dis(code), (path, code)
            count += 1
    assert count > 1000


def test_long_arguments_and_far_jumps_are_read():
    """More than 256 constants, names, locals and steps of a jump take extended arguments."""
    lines = [f"    v{i} = n{i} + {i + 1000}\n" for i in range(300)]
    text = "def f(x):\n  while x:\n" + "".join(lines) + "    try: g(v299)\n    except E: x = v298\n"
    names = {}
    exec(text, names)
    code = names["f"].__code__
    assert dis.EXTENDED_ARG in code.co_code[::2]
    assert by_us(code) == by_dis(code)


@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
def test_every_code_object_has_a_normal_form_of_its_text():
    """Compiled again under other names of files and on other lines, all code is the same."""
    for path in CHOSEN[:40]:
        if (module := read(path)) is None:
            continue
        with open(path, "rb") as file:
            text = file.read()
        if b"coding" in text[:200] or b"__future__" in text:
            continue
        again = compile(b"\n\n" + text, "<elsewhere>", "exec", dont_inherit=True)
        one, two = list(codes(module)), list(codes(again))
        assert [normal(code).digest for code in one] == [normal(code).digest for code in two], path
