"""Small programs by chance, and a notebook's namespace that sees what they read."""

from __future__ import annotations

import builtins
import os
import random
import sys

NAMES = ["a", "b", "c", "d", "f", "g", "K"]
OPERATIONS = 300
"""After so many operations a program is stopped: chance may have made an endless loop."""


class Stopped(BaseException):
    """The program went on for too long."""


class Chance:
    """Decides what values do: how long they are, whether they are true, whether they raise."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.left = OPERATIONS

    def below(self, n: int) -> int:
        self.left -= 1
        if self.left < 0:
            raise Stopped
        return self.random.randrange(n)


class Value:
    """Does whatever it is asked to: adds, calls what it is given, is iterated, entered, matched."""

    def __init__(self, chance: Chance) -> None:
        self.chance = chance

    def _result(self, *_: object) -> Value:
        if self.chance.below(8) == 0:
            raise ValueError
        return Value(self.chance)

    def __call__(self, *given: object, **_: object) -> object:
        for one in given:
            if callable(one) and not isinstance(one, Value) and self.chance.below(2):
                one()
        return self._result()

    def __getattr__(self, name: str) -> Value:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._result()

    def __setattr__(self, name: str, value: object) -> None:
        if name == "chance":
            object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        self._result()

    def __getitem__(self, key: object) -> Value:
        return self._result()

    def __setitem__(self, key: object, value: object) -> None:
        self._result()

    def __delitem__(self, key: object) -> None:
        self._result()

    def __iter__(self):
        return iter([Value(self.chance) for _ in range(self.chance.below(3))])

    def __bool__(self) -> bool:
        return self.chance.below(2) == 0

    def __enter__(self) -> Value:
        return self._result()

    def __exit__(self, kind, *_: object) -> bool:
        return kind is not Stopped and self.chance.below(2) == 0

    def __format__(self, spec: str) -> str:
        return "v"

    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        return self.chance.below(2) == 0

    __add__ = __radd__ = __iadd__ = __lt__ = __gt__ = __neg__ = _result


class Recorder(dict):
    """A namespace that notes which of the values it began with were looked up."""

    def __init__(self, given: dict[str, object]) -> None:
        super().__init__(given)
        self.given = dict(given)
        self.replaced: set[str] = set()
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> object:
        value = super().__getitem__(name)
        if name in self.given and name not in self.replaced and value is self.given[name]:
            self.read.add(name)
        return value

    def __setitem__(self, name: str, value: object) -> None:
        self.replaced.add(name)
        super().__setitem__(name, value)

    def __delitem__(self, name: str) -> None:
        # Through __getitem__, because a STORE_GLOBAL goes past __setitem__.
        _ = self[name]
        self.replaced.add(name)
        super().__delitem__(name)


def run(source: str, given: set[str], seed: int) -> tuple[Recorder, str]:
    """Run a program in a namespace of values; return it, and how the program ended."""
    chance = Chance(seed)
    namespace = Recorder({name: Value(chance) for name in sorted(given)})
    dict.__setitem__(namespace, "__builtins__", builtins)
    code = compile(source, "<program>", "exec", dont_inherit=True)
    try:
        exec(code, namespace)
    except Stopped:
        return namespace, "stopped"
    except Exception as error:
        return namespace, type(error).__name__
    finally:
        for module in (os, os.path):
            vars(module).pop("x", None)
    return namespace, ""


class Writer:
    """Writes a program by chance."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.left = 14
        self.loops = 0
        self.functions = 0
        self.classes = 0
        self.finals = 0

    def program(self) -> str:
        while True:
            lines = self.block(0, self.random.randint(2, 6))
            source = "\n".join(lines) + "\n"
            try:
                compile(source, "<program>", "exec", dont_inherit=True)
            except SyntaxError:
                self.left = 14
                continue
            return source

    def pick(self, *options: object) -> object:
        return self.random.choice(options)

    def name(self) -> str:
        return self.random.choice(NAMES)

    def block(self, depth: int, size: int) -> list[str]:
        lines: list[str] = []
        for _ in range(size):
            lines += ["    " * depth + line for line in self.statement(depth)]
        return lines or ["    " * depth + "pass"]

    def inner(self, depth: int) -> list[str]:
        self.left -= 1
        size = self.random.randint(1, 3) if self.left > 0 else 1
        return [
            line.replace("    " * (depth + 1), "    ", 1) for line in self.block(depth + 1, size)
        ]

    # -- expressions -------------------------------------------------------------------------------

    def expression(self, deep: int = 2) -> str:
        if deep == 0 or self.random.random() < 0.3:
            return self.name()
        e = lambda: self.expression(deep - 1)  # noqa: E731
        v, w = self.name(), self.name()
        return str(
            self.pick(
                lambda: f"{e()}({e()})",
                lambda: f"{v}()",
                lambda: f"{v}()",
                lambda: f"({e()} + {e()})",
                lambda: f"({e()} and {e()})",
                lambda: f"({e()} or {e()})",
                lambda: f"(not {e()})",
                lambda: f"({e()} if {e()} else {e()})",
                lambda: f"({e()} < {e()} < {e()})",
                lambda: f"({v} := {e()})",
                lambda: f"({v} := {e()})",
                lambda: f"[{e()} for {v} in {e()} if {e()}]",
                lambda: f"[{e()} for {v} in {e()} for {w} in {e()}]",
                lambda: f"{{{v}: {e()} for {v} in {e()}}}",
                lambda: f"list({e()} for {v} in {e()} if {e()})",
                lambda: f"({e()} for {v} in {e()})",
                lambda: f"(lambda {v}={e()}: {e()})",
                lambda: f"(lambda: {e()})()",
                lambda: f"f'{{{v}:{{{w}}}}}'",
                lambda: f"{v}.x",
                lambda: f"{v}[{e()}]",
                lambda: f"[*{e()}, {e()}]",
                lambda: f"{{{e()}: {e()}, {e()}: {e()}}}",
                lambda: f"eval({self.expression(1)!r})",
                lambda: f"globals()[{v!r}]",
                lambda: f"({v!r} in globals())",
            )()
        )

    def target(self) -> str:
        v, w = self.name(), self.name()
        return str(
            self.pick(
                v, v, v, f"{v}, {w}", f"{v}, *{w}", f"[{v}, {w}]", f"{v}.x", f"{v}[{w}]", f"*{v},"
            )
        )

    # -- statements --------------------------------------------------------------------------------

    def statement(self, depth: int) -> list[str]:
        simple = [
            self.assign, self.assign, self.assign, self.expr, self.augment, self.delete, self.delete,
            self.noted, self.execute, self.imports, self.jump, self.asserts,
        ]  # fmt: skip
        compound = [
            self.if_, self.if_, self.for_, self.while_, self.try_, self.try_, self.with_, self.match,
            self.function, self.function, self.function, self.klass, self.star,
        ]  # fmt: skip
        if sys.version_info >= (3, 12):
            compound.append(self.generic)
            simple.append(self.alias)
        kind = self.random.choice(simple + (compound if self.left > 0 and depth < 4 else []))
        return kind(depth)

    def assign(self, _: int) -> list[str]:
        return [f"{self.target()} = {self.expression()}"]

    def expr(self, _: int) -> list[str]:
        return [self.expression()]

    def augment(self, _: int) -> list[str]:
        v = self.name()
        return [f"{self.pick(v, v, v + '.x', v + '[' + self.name() + ']')} += {self.expression()}"]

    def delete(self, _: int) -> list[str]:
        v = self.name()
        return [f"del {self.pick(v, v, v, v + '.x', v + '[0]', f'{v}, {self.name()}')}"]

    def noted(self, _: int) -> list[str]:
        return [f"{self.name()}: {self.expression(1)}{self.pick('', ' = ' + self.expression(1))}"]

    def execute(self, _: int) -> list[str]:
        inner = self.pick(self.assign, self.expr, self.delete)(0)  # type: ignore[operator]
        return [f"exec({inner[0]!r})"]

    def imports(self, _: int) -> list[str]:
        v = self.name()
        return [str(self.pick(f"import os.path as {v}", f"from os import path as {v}"))]

    def jump(self, _: int) -> list[str]:
        options = ["raise ValueError"]
        if self.loops and not self.finals:
            options += ["break", "continue"] * 2
        if self.functions:
            options += [f"return {self.expression(1)}"] * 2
        return [f"if {self.expression(1)}:", "    " + self.random.choice(options)]

    def asserts(self, _: int) -> list[str]:
        return [f"assert {self.expression(1)}"]

    def if_(self, depth: int) -> list[str]:
        lines = [f"if {self.expression()}:", *self.inner(depth)]
        return [*lines, "else:", *self.inner(depth)] if self.random.random() < 0.5 else lines

    def _looped(self, depth: int) -> list[str]:
        before, self.finals = self.finals, 0
        self.loops += 1
        lines = self.inner(depth)
        self.loops -= 1
        self.finals = before
        return [*lines, "else:", *self.inner(depth)] if self.random.random() < 0.3 else lines

    def for_(self, depth: int) -> list[str]:
        return [f"for {self.target()} in {self.expression(1)}:", *self._looped(depth)]

    def while_(self, depth: int) -> list[str]:
        return [
            f"while {self.pick(self.expression(1), 'a()', 'True')}:",
            "    a(0)",
            *self._looped(depth),
        ]

    def try_(self, depth: int) -> list[str]:
        lines = ["try:", *self.inner(depth)]
        handled = self.random.random() < 0.8
        if handled:
            star = self.pick("", "", "", "*")
            before = (self.loops, self.functions)
            if star:
                self.loops = self.functions = 0
            lines += [f"except{star} Exception{self.pick('', ' as ' + self.name())}:"]
            lines += self.inner(depth)
            self.loops, self.functions = before
            if self.random.random() < 0.3:
                lines += ["else:", *self.inner(depth)]
        if not handled or self.random.random() < 0.4:
            self.finals += 1
            lines += ["finally:", *self.inner(depth)]
            self.finals -= 1
        return lines

    def with_(self, depth: int) -> list[str]:
        return [f"with {self.expression(1)} as {self.target()}:", *self.inner(depth)]

    def match(self, depth: int) -> list[str]:
        v, w = self.name(), self.name()
        lines = [f"match {self.expression(1)}:"]
        for _ in range(self.random.randint(1, 2)):
            pattern = self.pick(
                v, "_", f"[{v}, *{w}]", f"{{'k': {v}, **{w}}}", f"K(x={v})", "a.x | b.x", f"[{v}] | {v}",
                f"[_] as {v}",
            )  # fmt: skip
            guard = self.pick("", f" if {self.expression(1)}")
            lines += [f"    case {pattern}{guard}:", *("    " + line for line in self.inner(depth))]
        return lines

    def _body(self, depth: int) -> list[str]:
        before = (self.loops, self.finals, self.functions)
        self.loops, self.finals, self.functions = 0, 0, 1
        lines = self.inner(depth)
        self.loops, self.finals, self.functions = before
        if self.random.random() < 0.4:
            lines = [f"    global {self.name()}", *lines]
        return lines

    def function(self, depth: int, kind: str = "") -> list[str]:
        name = self.pick("f", "g", self.name())
        decorator = [f"@{self.name()}"] if self.random.random() < 0.15 else []
        note = f": {self.name()}" if self.random.random() < 0.2 else ""
        default = f"{self.name()}{note}={self.expression(1)}" if self.random.random() < 0.4 else ""
        return [*decorator, f"def {name}{kind}({default}):", *self._body(depth)]

    def klass(self, depth: int) -> list[str]:
        base = f"({self.name()})" if self.random.random() < 0.1 else ""
        before = (self.loops, self.finals, self.functions)
        self.loops = self.finals = self.functions = 0
        lines = self.inner(depth)
        self.loops, self.finals, self.functions = before
        if self.random.random() < 0.2:
            lines = [f"    global {self.name()}", *lines]
        return [f"class {self.pick('K', self.name())}{base}:", *lines]

    def star(self, _: int) -> list[str]:
        return [f"{self.name()} = {self.name()}({', '.join(self.name() for _ in range(2))})"]

    def generic(self, depth: int) -> list[str]:
        parameter = self.name()
        if self.random.random() < 0.5:
            return self.function(depth, f"[{parameter}]")
        return [f"class K[{parameter}]:", *self.klass(depth)[1:]]

    def alias(self, _: int) -> list[str]:
        v = self.name()
        return [f"type {v} = {self.expression(1)}", f"{self.name()}"]


def left(namespace: Recorder) -> tuple[set[str], set[str]]:
    """Return the names a program left bound anew, and those it left deleted."""
    hidden = {"__builtins__", "__annotations__"}
    bound = {
        name
        for name, value in namespace.items()
        if name not in hidden and not (name in namespace.given and value is namespace.given[name])
    }
    return bound, set(namespace.given) - set(namespace)
