"""What a runner is and what it requires."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, ParamSpec, TypeVar

from checkpoint_nb.errors import DeclarationError

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Runner(Generic[P, R]):
    """A function with what it requires; calling it calls the function.

    Parameters
    ----------
    function
        The work.
    requirements
        Each a Task, a list of Tasks or a dict of Tasks, in the order of the arguments.
    """

    function: Callable[P, R]
    requirements: tuple[object, ...]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function as it is."""
        return self.function(*args, **kwargs)


def requires(requirement: object) -> Callable[[Callable[P, R]], Runner[P, R]]:
    """Pass the result of a Task, of a list of Tasks or of a dict of Tasks to a runner.

    The result becomes the runner's first positional argument. Stacked, each passes its own, in the
    order they are written, top first.

    Parameters
    ----------
    requirement
        ``Task``, ``list[Task]`` or ``dict[K, Task]``; the runner gets a value, a list or a dict.

    Raises
    ------
    DeclarationError
        When it is anything else.

    Examples
    --------
    >>> from checkpoint_nb import requires, task
    >>> @task
    ... def double(n):
    ...     return lambda: 2 * n
    >>> @task
    ... def total(n):
    ...     @requires([double(i) for i in range(n)])
    ...     def run(doubles):
    ...         return sum(doubles)
    ...     return run
    """
    members: list[object]
    if isinstance(requirement, list):
        members = requirement
    elif isinstance(requirement, dict):
        members = list(requirement.values())
    else:
        members = [requirement]
    for member in members:
        if not callable(getattr(type(member), "recipe", None)):
            raise DeclarationError(
                "@requires takes a Task, a list of Tasks or a dict of Tasks.",
                {"given": type(requirement).__name__, "not a Task": type(member).__name__},
                "Call the task with its arguments first: @requires(load(path)), "
                "not @requires(load).",
            )

    def decorate(runner: Callable[P, R]) -> Runner[P, R]:
        if isinstance(runner, Runner):
            return Runner(runner.function, (requirement, *runner.requirements))
        return Runner(runner, (requirement,))

    return decorate
