"""checkpoint, task: from functions to nodes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from concurrent.futures import Executor as AnyExecutor
from functools import update_wrapper
from typing import Generic, TypedDict, TypeVar, cast, overload

from checkpoint_nb.arguments import Arguments, Numbered, bind, templated, templates
from checkpoint_nb.errors import DeclarationError, FingerprintError
from checkpoint_nb.fingerprint import Fingerprint, fingerprint
from checkpoint_nb.parts import Part
from checkpoint_nb.requires import Runner
from checkpoint_nb.stores.interface import Freed
from checkpoint_nb.work import Call, Codes, Dependency, Node, Recipe

R = TypeVar("R")


class RunInfo(TypedDict, total=False):
    """What :meth:`Task.run_with_info` says beside the result.

    ``stats``: task name to nodes left after trimming (the plan). ``ran``, ``reused``: task name to
    nodes that really ran, and that early cut-off spared. ``seconds``: the whole run.
    ``saved``: seconds of earlier work not done again. ``generations``, when asked for: what was
    left, by task name, at each step.
    """

    stats: dict[str, int]
    ran: dict[str, int]
    reused: dict[str, int]
    seconds: float
    saved: float
    generations: list[dict[str, list[str]]]


class Task(Generic[R]):
    """One call of one task, not yet run. Made by calling what ``@checkpoint`` or ``@task`` gave.

    Two calls with equal arguments are the same node, however they were spelled.
    """

    __slots__ = ("_arguments", "factory", "id", "label")
    kind = "function"

    def __init__(self, factory: TaskFactory[R], arguments: Arguments) -> None:
        self.factory = factory
        self._arguments = arguments
        self.id = arguments.node_id
        self.label = arguments.label

    def __repr__(self) -> str:
        return f"<Task {self.label}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Task) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __reduce__(self) -> str:
        raise TypeError(
            f"{self!r} is work, not a value: it can stand among a task's arguments or inside their "
            "lists, tuples and dicts, and nowhere else"
        )

    @property
    def __checkpoint_task__(self) -> str:
        return self.factory.__checkpoint_task__

    @property
    def task(self) -> str:
        """Name of the task."""
        return self.factory.__checkpoint_task__

    @property
    def compress_level(self) -> int:
        """How hard results are compressed: 0 none, -1 the codec's default, 1-9."""
        return self.factory.compress_level

    @property
    def max_concurrency(self) -> int | None:
        """At most so many nodes of this task at once; ``None``: no limit."""
        return self.factory.max_concurrency

    def recipe(self, codes: Codes) -> Recipe:
        """What this node depends on as things are now; a ``@task`` body runs here."""
        return self.factory.recipe_for(self._arguments, codes)

    def run(self, *, executor: AnyExecutor | None = None) -> R:
        """Bring the result: build the graph, trim what is fresh, run the rest.

        Parameters
        ----------
        executor
            Any ``concurrent.futures`` executor; it is used and left open. By default the session's
            own worker processes.

        Raises
        ------
        Exception
            What the task itself raised, with the task's name and arguments as a note.
        CycleError, ArgumentError, DeclarationError
            What is wrong with the graph.
        RunCancelled
            When somebody cancelled the run.
        """
        from checkpoint_nb.session import current_session

        __tracebackhide__ = True
        return cast("R", current_session().bring(self, executor=executor)[0])

    def run_with_info(
        self, *, executor: AnyExecutor | None = None, dump_generations: bool = False
    ) -> tuple[R, RunInfo]:
        """Run, and say what was planned, what really ran and what was reused."""
        from checkpoint_nb.session import current_session

        result, report = current_session().bring(self, executor=executor)
        return cast("R", result), cast("RunInfo", report.info(dump_generations))

    def get_result(self) -> R:
        """Load the stored result without running anything.

        Raises
        ------
        MissingEntry
            When there is no fresh one; the message says why.
        """
        from checkpoint_nb.session import current_session

        return cast("R", current_session().load(self))

    def clear(self) -> Freed:
        """Forget every stored result of this node, old versions too."""
        from checkpoint_nb.session import current_session

        return current_session().clear([self])

    def why(self) -> list[str]:
        """Say why this node is fresh, stale or pending, a line for each cause."""
        from checkpoint_nb.session import current_session

        return current_session().why(self)


class TaskFactory(Generic[R]):
    """A declared task: called with arguments it gives the :class:`Task`, and runs nothing."""

    def __init__(
        self,
        function: Callable[..., object],
        *,
        builds: bool,
        compress_level: int,
        max_concurrency: int | None,
    ) -> None:
        _check_declaration(function, compress_level, max_concurrency)
        update_wrapper(self, function)
        self.__wrapped__ = function
        self.__checkpoint_task__ = function.__qualname__.rpartition("<locals>.")[2]
        self.compress_level = compress_level
        self.max_concurrency = max_concurrency
        self._builds = builds
        self._signature = inspect.signature(function)

    def __repr__(self) -> str:
        return f"<{'task' if self._builds else 'checkpoint'} {self.__checkpoint_task__}>"

    def __call__(self, *args: object, **kwargs: object) -> Task[R]:
        """Bind the arguments, defaults applied; a Task among them becomes a dependency.

        Raises
        ------
        ArgumentError
            When they do not fit the signature, or one cannot be part of a key.
        """
        return Task(self, bind(self.__checkpoint_task__, self._signature, args, kwargs))

    def clear(self) -> Freed:
        """Forget every stored result of this task."""
        from checkpoint_nb.session import current_session

        return current_session().clear_task(self.__checkpoint_task__)

    def recipe_for(self, arguments: Arguments, codes: Codes) -> Recipe:
        """What the call with ``arguments`` depends on as things are now."""
        if self not in codes:
            codes[self] = self._code()
        code, reason = codes[self]
        if self._builds:
            call, upstream = self._build(arguments)
        else:
            args, kwargs, nodes = templates(self._signature, arguments)
            call, upstream = Call(self.__wrapped__, args, kwargs), nodes
        return Recipe(
            code=code,
            inputs=_counted(arguments),
            upstream=tuple(Dependency(node) for node in upstream),
            call=call,
            uncacheable=reason,
            unchanged=arguments.check_unchanged,
        )

    def _code(self) -> tuple[Fingerprint | None, str]:
        try:
            return fingerprint(self.__wrapped__, builds=self._builds), ""
        except FingerprintError as error:
            return None, f"{error.headline} ({error.facts.get('path', '')})"

    def _build(self, arguments: Arguments) -> tuple[Call, list[Node]]:
        args, kwargs = arguments.as_given(self._signature)
        runner = self.__wrapped__(*args, **kwargs)
        if not callable(runner) or isinstance(runner, Task | TaskFactory):
            raise DeclarationError(
                f"Task {arguments.label} returned no runner.",
                {"returned": type(runner).__name__, "task": self.__checkpoint_task__},
                "The body of a @task builds and returns the function that does the work; "
                "for a plain function use @checkpoint.",
            )
        if not isinstance(runner, Runner):
            return Call(runner), []
        met = Numbered()
        filled = tuple(templated(requirement, met) for requirement in runner.requirements)
        return Call(runner.function, filled), met.nodes


def _counted(arguments: Arguments) -> Mapping[str, Part]:
    return {f"argument {name}": part for name, part in arguments.parts.items()}


def _check_declaration(function: object, compress_level: object, max_concurrency: object) -> None:
    if not inspect.isfunction(function):
        raise DeclarationError(
            "A task is declared on a plain function.",
            {"given": type(function).__name__},
            "Write @task or @checkpoint directly above a def.",
        )
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise DeclarationError(
            f"{function.__qualname__} is async or a generator; a task returns its result at once.",
            {"task": function.__qualname__},
            "Return a list instead of yielding; call asyncio.run inside the task.",
        )
    if not isinstance(compress_level, int) or not -1 <= compress_level <= 9:
        raise DeclarationError(
            "compress_level is 0 (none), -1 (the codec's default) or 1 to 9.",
            {"task": function.__qualname__, "given": compress_level},
        )
    if max_concurrency is not None and (
        not isinstance(max_concurrency, int) or max_concurrency < 1
    ):
        raise DeclarationError(
            "max_concurrency is a whole number, 1 or more, or None for no limit.",
            {"task": function.__qualname__, "given": max_concurrency},
        )


@overload
def checkpoint(function: Callable[..., R], /) -> TaskFactory[R]: ...
@overload
def checkpoint(
    *, compress_level: int = 0, max_concurrency: int | None = None
) -> Callable[[Callable[..., R]], TaskFactory[R]]: ...
def checkpoint(
    function: Callable[..., R] | None = None,
    /,
    *,
    compress_level: int = 0,
    max_concurrency: int | None = None,
) -> TaskFactory[R] | Callable[[Callable[..., R]], TaskFactory[R]]:
    """Make a plain function a task: its body is the work.

    Parameters
    ----------
    compress_level
        0 none, -1 the codec's default, 1-9. Not part of a result's key.
    max_concurrency
        At most so many of this task at once. Not part of a result's key.

    Examples
    --------
    >>> from checkpoint_nb import checkpoint
    >>> @checkpoint
    ... def area(width, height):
    ...     return width * height
    >>> area(3, height=2)
    <Task area(3, 2)>
    """

    def declare(function: Callable[..., R]) -> TaskFactory[R]:
        return TaskFactory(
            function,
            builds=False,
            compress_level=compress_level,
            max_concurrency=max_concurrency,
        )

    return declare if function is None else declare(function)


@overload
def task(function: Callable[..., Callable[..., R]], /) -> TaskFactory[R]: ...
@overload
def task(
    *, compress_level: int = 0, max_concurrency: int | None = None
) -> Callable[[Callable[..., Callable[..., R]]], TaskFactory[R]]: ...
def task(
    function: Callable[..., Callable[..., R]] | None = None,
    /,
    *,
    compress_level: int = 0,
    max_concurrency: int | None = None,
) -> TaskFactory[R] | Callable[[Callable[..., Callable[..., R]]], TaskFactory[R]]:
    """Make a function that builds and returns the work a task: dependencies may hang on arguments.

    The API of checkpoint-tool, from which this project grew.

    Parameters
    ----------
    compress_level
        0 none, -1 the codec's default, 1-9. Not part of a result's key.
    max_concurrency
        At most so many of this task at once. Not part of a result's key.

    Examples
    --------
    >>> from checkpoint_nb import requires, task
    >>> @task
    ... def choose(n, k):
    ...     if 0 < k < n:
    ...         @requires([choose(n - 1, k - 1), choose(n - 1, k)])
    ...         def run(previous):
    ...             return sum(previous)
    ...     else:
    ...         def run():
    ...             return 1
    ...     return run
    >>> choose(6, k=3)
    <Task choose(6, 3)>
    """

    def declare(function: Callable[..., Callable[..., R]]) -> TaskFactory[R]:
        return TaskFactory(
            function,
            builds=True,
            compress_level=compress_level,
            max_concurrency=max_concurrency,
        )

    return declare if function is None else declare(function)
