"""Runs the statements of a cell one after the other, as IPython would."""

from __future__ import annotations

import ast
import asyncio
import inspect
import io
import linecache
import sys
import tokenize
from collections.abc import Callable, Iterator, MutableMapping
from types import CodeType
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_FLAGS: Final = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_FUTURE: Final = 0x1FE0000
"""Bits of what ``from __future__`` switches on, as compiled code has them."""
_MAKES: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_LAST_EXPRESSION: Final = "last_expr"


def future() -> int:
    """Return flags of what ``from __future__`` switched on in cells before, for all after them."""
    shell = _shell()
    return 0 if shell is None else shell.compile.flags & _FUTURE


def keep_future(code: CodeType) -> None:
    """Let what ``from __future__`` switches on in ``code`` hold for later cells."""
    shell = _shell()
    if shell is not None:
        shell.compile.flags |= code.co_flags & _FUTURE


def _shell() -> InteractiveShell | None:
    interactive = sys.modules.get("IPython.core.interactiveshell")
    if interactive is None or not interactive.InteractiveShell.initialized():
        return None
    shell: InteractiveShell = interactive.InteractiveShell.instance()
    return shell


def compiled(
    source: str, file: str, interactivity: str = _LAST_EXPRESSION, flags: int | None = None
) -> list[CodeType]:
    r"""Compile a cell; what shows its value is compiled so that ``sys.displayhook`` gets it.

    Parameters
    ----------
    source
        The code, after IPython's transformation.
    file
        Name of the cell as a file, for tracebacks, which find the source by it.
    interactivity
        ``InteractiveShell.ast_node_interactivity``.
    flags
        What ``from __future__`` switched on before; by default what it did in this process.

    Examples
    --------
    >>> for code in compiled("x = 6\nx * 7", "<cell>"):
    ...     exec(code)
    42
    """
    lines = source.splitlines(keepends=True)
    linecache.cache[file] = (len(source), None, lines, file)
    flags = _FLAGS | (future() if flags is None else flags)
    codes = []
    for tree, mode in _parts(ast.parse(source, file), interactivity):
        code: CodeType = compile(tree, file, mode, flags=flags, dont_inherit=True)
        flags |= code.co_flags & _FUTURE
        codes.append(code)
    return codes


def _parts(
    tree: ast.Module, interactivity: str
) -> Iterator[tuple[ast.Module | ast.Interactive, Literal["exec", "single"]]]:
    body = tree.body
    if interactivity == "last_expr_or_assign":
        body = [*body, *_value_of(body[-1:])]
    shown = 0
    if interactivity == "all":
        shown = len(body)
    elif interactivity == "last" or (interactivity != "none" and _is_expression(body[-1:])):
        shown = min(1, len(body))
    quiet, loud = body[: len(body) - shown], body[len(body) - shown :]
    while quiet:
        # What a definition made can be looked at before anything is done with it.
        at = next((n for n, node in enumerate(quiet, 1) if isinstance(node, _MAKES)), len(quiet))
        yield ast.Module(quiet[:at], []), "exec"
        quiet = quiet[at:]
    for node in loud:
        yield ast.Interactive([node]), "single"


def as_shown(source: str, interactivity: str = _LAST_EXPRESSION) -> ast.Module:
    """Return a cell's statements with each value that it shows bound to ``_``.

    Compiled, that tells apart what plain code does not: a value that is shown and one that is not
    (``;``), and constants, which Python drops where nobody takes them.

    Examples
    --------
    >>> ast.unparse(as_shown("f(x)")), ast.unparse(as_shown("f(x);"))
    ('_ = f(x)', 'f(x)')
    """
    tree = ast.parse(source)
    if is_quiet(source):
        return tree
    body: list[ast.stmt] = []
    for part, mode in _parts(tree, interactivity):
        for node in part.body:
            if mode == "single" and isinstance(node, ast.Expr):
                shown = ast.Assign([ast.Name("_", ast.Store())], node.value)
                body.append(ast.fix_missing_locations(ast.copy_location(shown, node)))
            else:
                body.append(node)
    return ast.Module(body, [])


def _is_expression(last: list[ast.stmt]) -> bool:
    return bool(last) and isinstance(last[0], ast.Expr)


def _value_of(last: list[ast.stmt]) -> list[ast.stmt]:
    target: ast.expr | None = None
    for node in last:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            target = node.target
    if not isinstance(target, ast.Name):
        return []
    shown = ast.Expr(ast.Name(target.id, ast.Load()))
    ast.copy_location(shown, last[0])
    return [ast.fix_missing_locations(shown)]


def is_quiet(source: str) -> bool:
    """Whether the cell ends in ``;``, and so does not show its value.

    Examples
    --------
    >>> is_quiet("plot(x);  # done"), is_quiet("x")
    (True, False)
    """
    nothing = {tokenize.ENDMARKER, tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT}
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    last = next((token for token in reversed(tokens) if token.type not in nothing), None)
    return last is not None and last.string == ";"


def waits(codes: list[CodeType]) -> bool:
    """Whether some of the code has an ``await`` of its own."""
    return any(code.co_flags & inspect.CO_COROUTINE for code in codes)


def execute(
    codes: list[CodeType],
    namespace: MutableMapping[str, object],
    after: Callable[[], None] = lambda: None,
) -> None:
    """Run ``codes``; where one awaits, all of them in one loop, so that tasks go on between.

    Parameters
    ----------
    after
        Called after each of them.
    """
    if not waits(codes):
        for code in codes:
            exec(code, namespace)  # type: ignore[arg-type]  # noqa: S102 - the user's own cell
            after()
        return
    with asyncio.Runner() as runner:
        error = runner.run(_caught(codes, namespace, after))
    if error is not None:
        raise error


async def execute_here(
    codes: list[CodeType],
    namespace: MutableMapping[str, object],
    after: Callable[[], None] = lambda: None,
) -> None:
    """Run ``codes`` in the loop that runs."""
    __tracebackhide__ = True
    for code in codes:
        value = eval(code, namespace)  # type: ignore[arg-type]  # noqa: S307 - the user's own cell
        if code.co_flags & inspect.CO_COROUTINE:
            await value
        after()


async def _caught(
    codes: list[CodeType], namespace: MutableMapping[str, object], after: Callable[[], None]
) -> BaseException | None:
    """Return what was raised, so that no frame of the loop stands before those of the cell."""
    try:
        await execute_here(codes, namespace, after)
    except BaseException as error:  # noqa: BLE001 - raised again where the loop has ended
        return error
    return None
