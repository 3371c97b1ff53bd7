"""checkpoint, task: the decorators that declare."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from typing import TypedDict, TypeVar, Unpack, overload

from checkpoint_nb.declared import Declared, Paths, Words
from checkpoint_nb.task import TaskFactory

R = TypeVar("R")


class Options(TypedDict, total=False):
    """What ``@checkpoint`` and ``@task`` may be told; see :func:`checkpoint`."""

    compress_level: int
    max_concurrency: int | None
    file: str | PathLike[str] | None
    files: Paths
    env: Words
    version: str | float | None
    salt: str | float | bytes | None
    ignore: Words
    secret: Words


@overload
def checkpoint(function: Callable[..., R], /) -> TaskFactory[R]: ...
@overload
def checkpoint(**options: Unpack[Options]) -> Callable[[Callable[..., R]], TaskFactory[R]]: ...
def checkpoint(
    function: Callable[..., R] | None = None,
    /,
    *,
    compress_level: int = 0,
    max_concurrency: int | None = None,
    file: str | PathLike[str] | None = None,
    files: Paths = (),
    env: Words = (),
    version: str | float | None = None,
    salt: str | float | bytes | None = None,
    ignore: Words = (),
    secret: Words = (),
) -> TaskFactory[R] | Callable[[Callable[..., R]], TaskFactory[R]]:
    """Make a plain function a task: its body is the work.

    Nothing need be said: code, helpers, globals and arguments count by themselves. The options say
    what these cannot tell.

    Parameters
    ----------
    compress_level
        0 none, -1 the codec's default, 1-9. Not part of a result's key.
    max_concurrency
        At most so many of this task at once. Not part of a result's key.
    file, files
        A path, several, a folder, or a pattern such as ``"data/*.csv"``: they count by content,
        looked at before and after the work. ``"{path}"`` stands for the argument ``path``.
    env
        Environment variables that count. Their values are never shown.
    version
        Counts as it is, and ``why`` shows it: for what only you know has changed.
    salt
        Counts as it is, and is never shown.
    ignore
        Parameters, or globals the function reads itself, that do not count.
    secret
        Parameters or globals that count and are never shown.

    Examples
    --------
    >>> from checkpoint_nb import checkpoint
    >>> @checkpoint
    ... def area(width, height):
    ...     return width * height
    >>> area(3, height=2)
    <Task area(3, 2)>
    >>> @checkpoint(file="{path}", secret="password", ignore="verbose")
    ... def load(path, password, verbose=False):
    ...     return open(path).read()
    >>> load("data.csv", "1234", verbose=True)
    <Task load('data.csv', •••)>
    """
    declared = Declared.of(
        file=file, files=files, env=env, version=version, salt=salt, ignore=ignore, secret=secret
    )

    def declare(function: Callable[..., R]) -> TaskFactory[R]:
        return TaskFactory(
            function,
            builds=False,
            compress_level=compress_level,
            max_concurrency=max_concurrency,
            declared=declared,
        )

    return declare if function is None else declare(function)


@overload
def task(function: Callable[..., Callable[..., R]], /) -> TaskFactory[R]: ...
@overload
def task(
    **options: Unpack[Options],
) -> Callable[[Callable[..., Callable[..., R]]], TaskFactory[R]]: ...
def task(
    function: Callable[..., Callable[..., R]] | None = None,
    /,
    *,
    compress_level: int = 0,
    max_concurrency: int | None = None,
    file: str | PathLike[str] | None = None,
    files: Paths = (),
    env: Words = (),
    version: str | float | None = None,
    salt: str | float | bytes | None = None,
    ignore: Words = (),
    secret: Words = (),
) -> TaskFactory[R] | Callable[[Callable[..., Callable[..., R]]], TaskFactory[R]]:
    """Make a function that builds and returns the work a task: dependencies may hang on arguments.

    The API of checkpoint-tool, from which this project grew. The options are those of
    :func:`checkpoint`.

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
    declared = Declared.of(
        file=file, files=files, env=env, version=version, salt=salt, ignore=ignore, secret=secret
    )

    def declare(function: Callable[..., Callable[..., R]]) -> TaskFactory[R]:
        return TaskFactory(
            function,
            builds=True,
            compress_level=compress_level,
            max_concurrency=max_concurrency,
            declared=declared,
        )

    return declare if function is None else declare(function)
