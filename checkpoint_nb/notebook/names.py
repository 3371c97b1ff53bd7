"""Which names a cell reads and binds, by the rules of Python's scopes."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass
from typing import Final

from checkpoint_nb.notebook.flow import BODIES, GONE, OUT, OWN
from checkpoint_nb.notebook.scopes import FUNCTIONS, Scope, imported
from checkpoint_nb.notebook.statements import Statements
from checkpoint_nb.notebook.texts import names_in_texts

_BUILTIN: Final = frozenset(dir(builtins)) | {"get_ipython", "display"}
_ALWAYS_THERE: Final = frozenset({"__name__", "__builtins__", "__annotations__"})


@dataclass(frozen=True)
class Names:
    """What a cell does with the notebook's names.

    Parameters
    ----------
    reads
        Names it uses before it has bound them itself, in the order of first use.
    may_read
        Names it binds on some path only and uses afterwards: there before, or its own; and names
        that only a text in it has, such as ``"price > @limit"``.
    binds
        Names it may bind at top level that may still be there at its end, and names of objects
        that it changes by ``x.a = ...`` or ``x[0] = ...``.
    defines
        Those of ``binds`` that are functions, classes and modules made by statements of their own.
    deletes
        Names that may be gone at its end, whether or not they were there before.
    stars
        Modules of which it imports everything: what that binds cannot be told from the text.
    looks_up
        What makes its reads uncertain, such as ``"exec"`` of a text that is not a constant, or a
        magic: it may read and bind any name.
    builtins
        Names of Python's own that it uses; the notebook may have put something in their place.
    """

    reads: tuple[str, ...]
    may_read: tuple[str, ...]
    binds: tuple[str, ...]
    defines: tuple[str, ...]
    deletes: tuple[str, ...] = ()
    stars: tuple[str, ...] = ()
    looks_up: tuple[str, ...] = ()
    builtins: tuple[str, ...] = ()

    @property
    def star(self) -> bool:
        """Whether a ``from x import *`` binds names that cannot be told from the text."""
        return bool(self.stars)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names whose values are results; private ones are not."""
        return tuple(n for n in self.binds if n not in self.defines and not n.startswith("_"))


def names_of(tree: ast.Module) -> Names:
    """Tell what the cell ``tree`` reads and binds.

    In doubt a name counts as read: a read too many costs a needless input, one too few a stale
    result. So a read too many is told of

    - a name bound in a ``with`` whose context manager is not known to let exceptions pass, and in
      a ``%time``, which shows an error and goes on;
    - a name that a function of the cell reads, where that function is used, passed on, decorated
      or a method of a class with bases before the cell binds the name: it may be called there;
      a lambda and a generator expression, as soon as they are made;
    - a name that no path can read because of values, as in ``if f: x = 1`` and again ``if f: x``.

    What a function of the *notebook* reads when the cell calls it counts with that function.

    Examples
    --------
    >>> names_of(ast.parse("total = sum(x * k for x in rows)")).reads
    ('rows', 'k')
    >>> names_of(ast.parse("df = clean(df)")).binds
    ('df',)
    """
    flow = Statements(Scope(), annotations=not _notes_stay_text(tree))
    flow.block(tree.body)
    end = flow.finish()
    binds = [n for n in flow.bound if _there(end.get(n, OUT), n in flow.changed)]
    defines = {name for node in tree.body for name in defined(node)} - flow.assigned
    texts = names_in_texts(tree, everything=bool(flow.looks_up))
    read = {*flow.reads, *flow.may_read}
    reads = [n for n in flow.reads if n not in _ALWAYS_THERE and _counts(n, flow)]
    may_read = dict.fromkeys(
        n for n in flow.may_read if n not in _ALWAYS_THERE and _counts(n, flow)
    )
    return Names(
        reads=tuple(reads),
        may_read=tuple(n for n in dict.fromkeys((*may_read, *texts)) if n not in flow.reads),
        binds=tuple(binds),
        defines=tuple(sorted(defines.intersection(binds))),
        deletes=tuple(n for n in flow.removed if end.get(n, OUT) & GONE),
        stars=tuple(flow.stars),
        looks_up=tuple(flow.looks_up),
        builtins=tuple(sorted(n for n in read & _BUILTIN if not n.startswith("__"))),
    )


def defined(node: ast.stmt) -> tuple[str, ...]:
    """Return the names that a statement of definition or import binds, none for any other.

    Examples
    --------
    >>> defined(ast.parse("class A: pass").body[0])
    ('A',)
    """
    if isinstance(node, ast.Import | ast.ImportFrom):
        return tuple(name for name in imported(node) if name != "*")
    return (node.name,) if isinstance(node, (*FUNCTIONS, ast.ClassDef)) else ()


def _counts(name: str, flow: Statements) -> bool:
    """Whether a name that is read may be the notebook's: a builtin is, where the cell binds it."""
    return name not in _BUILTIN or name in flow.bound or name in flow.removed


def _there(mask: int, changed: bool) -> bool:
    return bool(mask & OWN or mask >> BODIES or (changed and mask & OUT))


def _notes_stay_text(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(alias.name == "annotations" for alias in node.names)
        for node in tree.body
    )
