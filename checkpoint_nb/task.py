"""From functions to nodes: a task, and each call of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from concurrent.futures import Executor as AnyExecutor
from dataclasses import replace
from functools import partial, update_wrapper
from types import CodeType
from typing import Generic, TypedDict, TypeVar, cast

from checkpoint_nb.arguments import Arguments, Numbered, bind, templated, templates
from checkpoint_nb.declared import Declared, check_declaration, code_changed
from checkpoint_nb.errors import DeclarationError, FingerprintError
from checkpoint_nb.fingerprint import Fingerprint, Place, fingerprint
from checkpoint_nb.requires import Runner
from checkpoint_nb.stores.interface import Freed
from checkpoint_nb.work import Call, Codes, Dependency, Node, Recipe

R = TypeVar("R")
T = TypeVar("T")


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
        declared: Declared,
    ) -> None:
        check_declaration(function, compress_level, max_concurrency, declared)
        update_wrapper(self, function)
        self.__wrapped__ = function
        self.__checkpoint_task__ = function.__qualname__.rpartition("<locals>.")[2]
        self.compress_level = compress_level
        self.max_concurrency = max_concurrency
        self._builds = builds
        self._declared = declared
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
        given = bind(self.__checkpoint_task__, self._signature, args, kwargs, self._declared)
        return Task(self, given)

    def clear(self) -> Freed:
        """Forget every stored result of this task."""
        from checkpoint_nb.session import current_session

        return current_session().clear_task(self.__checkpoint_task__)

    def recipe_for(self, arguments: Arguments, codes: Codes) -> Recipe:
        """What the call with ``arguments`` depends on as things are now."""
        if self not in codes:
            codes[self] = self._code()
        code, reason = codes[self]
        given = arguments.without_tasks()
        if self._builds:
            call, upstream = self._build(arguments, codes)
        else:
            args, kwargs, nodes = templates(self._signature, arguments)
            places = () if code is None else code.places
            call, upstream = (
                Call(self.__wrapped__, args, kwargs, given=given, watched=places),
                nodes,
            )
        declares = self._declared.declares
        return Recipe(
            code=code,
            inputs=_counted(arguments.parts),
            upstream=tuple(Dependency(node) for node in upstream),
            call=call,
            uncacheable=reason,
            unchanged=partial(self._check_unchanged, arguments, code),
            extras=partial(self._declared.parts, arguments.values) if declares else dict,
            values=_counted(given),
        )

    def _code(self) -> tuple[Fingerprint | None, str]:
        try:
            code = fingerprint(self.__wrapped__, builds=self._builds, ignore=self._declared.ignore)
        except FingerprintError as error:
            return None, f"{error.headline} ({error.facts.get('path', '')})"
        return self._declared.without_secrets(code), ""

    def _check_unchanged(self, arguments: Arguments, code: Fingerprint | None) -> None:
        arguments.check_unchanged()
        if code is not None:
            now, _ = self._code()
            if now is None or now.digest != code.digest:
                raise code_changed(arguments.label)

    def _watched(self, runner: Callable[..., object], codes: Codes) -> tuple[Place, ...]:
        """Where the data lives that a runner reads; found once for each code it may have."""
        if not inspect.isfunction(runner):
            return ()
        which = (self, runner.__code__)
        if which not in codes:
            try:
                codes[which] = fingerprint(runner, ignore=self._declared.ignore), ""
            except FingerprintError as error:
                codes[which] = None, error.headline
        code = codes[which][0]
        if code is None:
            return ()
        return tuple(
            replace(place, holder=runner) if _has_code(place.holder, runner.__code__) else place
            for place in code.places
        )

    def _build(self, arguments: Arguments, codes: Codes) -> tuple[Call, list[Node]]:
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
            return Call(runner, watched=self._watched(runner, codes)), []
        met = Numbered()
        filled = tuple(templated(requirement, met) for requirement in runner.requirements)
        places = self._watched(runner.function, codes)
        return Call(runner.function, filled, watched=places), met.nodes


def _has_code(holder: object, code: CodeType) -> bool:
    return inspect.isfunction(holder) and holder.__code__ is code


def _counted(items: Mapping[str, T]) -> dict[str, T]:
    return {f"argument {name}": item for name, item in items.items()}
