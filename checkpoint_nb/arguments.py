"""From the arguments of a call to a node's identity and to what travels."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from checkpoint_nb.declared import NOTHING, Declared
from checkpoint_nb.errors import ArgumentError, FingerprintError
from checkpoint_nb.fingerprint import describe, digest
from checkpoint_nb.parts import HIDDEN, Part
from checkpoint_nb.work import Node, Template, Upstream

_CONTAINERS = (list, tuple, dict)
_ATOMS = (int, float, str, bool, bytes, complex, type(None))


@dataclass(frozen=True, slots=True)
class Arguments:
    """The bound arguments of one call, defaults applied.

    Parameters
    ----------
    label
        What people read: ``choose(6, 3)``.
    node_id
        Digest of the task's name and the arguments.
    values
        Parameter to argument, Tasks and all.
    given
        Parameters for which an argument was given; the others have their default.
    parts
        Parameter to its part of the key; a Task inside counts by its place, not by itself.
        Parameters that are ignored have none.
    """

    label: str
    node_id: str
    values: Mapping[str, object]
    given: frozenset[str]
    parts: Mapping[str, Part]

    def check_unchanged(self) -> None:
        """Raise ArgumentError when an argument was changed in place since the call."""
        for name, part in self.parts.items():
            value = self.values[name]
            if isinstance(value, _ATOMS):
                continue
            if digest(_keyed(value, Numbered())) != part.digest:
                raise ArgumentError(
                    f"The argument {name} of {self.label} was changed after the call.",
                    {"argument": name, "type": type(value).__name__},
                    "Pass a copy, or call the task again after the change.",
                )

    def without_tasks(self) -> dict[str, object]:
        """Return the arguments that count and that have no Task in them, by name."""
        return {
            name: self.values[name]
            for name in self.parts
            if _keyed(self.values[name], Numbered()) is self.values[name]
        }

    def as_given(
        self, signature: inspect.Signature
    ) -> tuple[tuple[object, ...], dict[str, object]]:
        """Spell the call as it was given, as ``args, kwargs``, Tasks as they are.

        A default is left to the function: a wrapper around it may not take it by name.
        """
        given = {
            name: value
            for name, value in self.values.items()
            if name in self.given or _keyed(value, Numbered()) is not value
        }
        bound = inspect.BoundArguments(signature, given)
        return bound.args, bound.kwargs


def bind(
    task: str,
    signature: inspect.Signature,
    args: tuple[object, ...],
    kwargs: Mapping[str, object],
    declared: Declared = NOTHING,
) -> Arguments:
    """Bind a call of ``task``; raises ArgumentError that names the task and the argument."""
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        raise ArgumentError(
            f"The arguments do not fit {task}{signature}.", {"task": task, "because": error}
        ) from None
    given = frozenset(bound.arguments)
    bound.apply_defaults()
    values = _ordered(signature, bound.arguments)
    parts: dict[str, Part] = {}
    identity = [task]
    for name, value in values.items():
        inside = Numbered()
        if name in declared.ignore:
            _refuse_ignored(task, name, value, inside)
            continue
        try:
            part = Part(digest(_keyed(value, inside)), describe(value))
        except FingerprintError as error:
            raise _no_key(task, name, value, error) from error
        parts[name] = declared.hidden(name, part)
        identity += [name, part.digest, *(node.id for node in inside.nodes)]
    label = _label(task, signature, values, declared)
    return Arguments(label, digest("\0".join(identity)), values, given, parts)


def _ordered(signature: inspect.Signature, values: Mapping[str, object]) -> dict[str, object]:
    """Return the arguments in an order of their own: those that only have names, by name."""
    only = inspect.Parameter.KEYWORD_ONLY
    named = sorted(name for name in values if signature.parameters[name].kind is only)
    first = [name for name in values if name not in named]
    at = next((n for n, name in enumerate(first) if _takes_rest(signature, name)), len(first))
    return {name: values[name] for name in (*first[:at], *named, *first[at:])}


def _takes_rest(signature: inspect.Signature, name: str) -> bool:
    return signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD


def _refuse_ignored(task: str, name: str, value: object, met: Numbered) -> None:
    _keyed(value, met)
    if met.nodes:
        raise ArgumentError(
            f"The argument {name} of {task} is ignored, and cannot be a task's result.",
            {"argument": name, "given": met.nodes[0].label},
            "What a task gives always counts: take the name out of ignore=.",
        )


class Numbered:
    """Nodes by number, each once, in the order they were met."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._numbers: dict[str, int] = {}

    def number(self, node: Node) -> int:
        """Return the number of ``node``, a new one when it was not met before."""
        number = self._numbers.setdefault(node.id, len(self.nodes))
        if number == len(self.nodes):
            self.nodes.append(node)
        return number


def templated(value: object, met: Numbered) -> object:
    """Return ``value`` with each Task inside lists, tuples and dicts numbered into ``met``."""
    return _replaced(value, met, Upstream, Template)


def _keyed(value: object, met: Numbered) -> object:
    return _replaced(value, met, _place_of, _same)


def _place_of(number: int) -> object:
    return ("checkpoint_nb upstream", number)


def _same(container: object) -> object:
    return container


def _replaced(
    value: object,
    met: Numbered,
    stand_in: Callable[[int], object],
    rebuilt: Callable[[Any], object],
) -> object:
    """Replace Tasks; a container without one, or one that holds itself, passes as it is.

    Any depth: no recursion.
    """
    if type(value) not in _CONTAINERS:
        return stand_in(met.number(value)) if _is_node(value) else value
    inside: set[int] = set()
    stack: list[tuple[Any, list[object], list[object]]] = []
    todo: Any = value
    while True:
        if type(todo) in _CONTAINERS and id(todo) not in inside:
            inside.add(id(todo))
            items = list(todo.values()) if type(todo) is dict else list(todo)
            stack.append((todo, items, []))
        elif stack:
            new = todo
            stack[-1][2].append(stand_in(met.number(new)) if _is_node(new) else new)
        while stack and len(stack[-1][1]) == len(stack[-1][2]):
            container, items, new_items = stack.pop()
            inside.discard(id(container))
            made = _remade(container, items, new_items, rebuilt)
            if not stack:
                return made
            stack[-1][2].append(made)
        todo = stack[-1][1][len(stack[-1][2])]


def _remade(
    container: Any, items: list[object], new: list[object], rebuilt: Callable[[Any], object]
) -> object:
    if all(after is before for after, before in zip(new, items, strict=True)):
        return container
    if type(container) is dict:
        return rebuilt(dict(zip(container, new, strict=True)))
    return rebuilt(tuple(new) if type(container) is tuple else new)


def _is_node(value: object) -> TypeGuard[Node]:
    return callable(getattr(type(value), "recipe", None)) and hasattr(type(value), "id")


def templates(
    signature: inspect.Signature, arguments: Arguments
) -> tuple[tuple[object, ...], dict[str, object], list[Node]]:
    """Spell the call with numbers for Tasks: ``args, kwargs`` and the nodes by number."""
    met = Numbered()
    args, kwargs = arguments.as_given(signature)
    return (
        tuple(templated(value, met) for value in args),
        {name: templated(value, met) for name, value in kwargs.items()},
        met.nodes,
    )


def _label(
    task: str, signature: inspect.Signature, values: Mapping[str, object], declared: Declared
) -> str:
    words: list[str] = []
    for name, value in values.items():
        kind = signature.parameters[name].kind
        if name in declared.ignore:
            continue
        if name in declared.secret:
            words.append(HIDDEN)
        elif kind is inspect.Parameter.VAR_POSITIONAL and isinstance(value, tuple):
            words += [_shown(item) for item in value]
        elif kind is inspect.Parameter.VAR_KEYWORD and isinstance(value, dict):
            words += [f"{key}={_shown(item)}" for key, item in value.items()]
        elif kind is inspect.Parameter.KEYWORD_ONLY:
            words.append(f"{name}={_shown(value)}")
        else:
            words.append(_shown(value))
    # What is too large to show is one ellipsis at the end, so that labels tell nodes apart.
    hidden = [word for word in words if word.endswith("…")]
    words = [word for word in words if not word.endswith("…")] + ["…"] * bool(hidden)
    text = f"{task}({', '.join(words)})"
    return text if len(text) <= 72 else text[:70] + "…)"


def _shown(value: object) -> str:
    """Scalars as they are, a Task by its name, anything larger not at all."""
    if _is_node(value):
        return f"{value.task}(…)"
    return describe(value) if isinstance(value, _ATOMS) else "…"


def _no_key(task: str, name: str, value: object, error: FingerprintError) -> ArgumentError:
    return ArgumentError(
        f"The argument {name} of {task} cannot be part of a key.",
        {
            "task": task,
            "argument": name,
            "type": type(value).__name__,
            "where": error.facts.get("path", name),
            "because": error.headline,
        },
        error.hint or "Pass what it is made from (a path, a list) instead.",
    )
