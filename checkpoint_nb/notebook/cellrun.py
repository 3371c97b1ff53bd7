"""Runs a cell in a worker: what it binds, changes and shows."""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Final

from checkpoint_nb.errors import FingerprintError
from checkpoint_nb.fingerprint import digest
from checkpoint_nb.notebook.executing import compiled, execute, future
from checkpoint_nb.notebook.held import Held
from checkpoint_nb.notebook.recording import Recorder
from checkpoint_nb.notebook.worker_shell import recorded, worker_shell
from checkpoint_nb.settings import (
    DISPLAY,
    VALUE,
    RandomState,
    Settings,
    changed,
    drawn,
    figures_are_shown,
    seeded_by,
)
from checkpoint_nb.sharing import units
from checkpoint_nb.spool import Message
from checkpoint_nb.work import EFFECTS, HELD, Unfinished

__all__ = ["EFFECTS", "RESULT", "SHOWN", "CellWork", "Message", "interactivity", "run_cell"]

SHOWN: Final = ""
"""Name of the output that holds what the cell showed, a list of messages."""
RESULT: Final = ".result"
"""Name of the output that holds the value of the cell's last line, where no name holds it."""


def interactivity() -> str:
    """Return which values a cell of this notebook shows."""
    interactive = sys.modules.get("IPython.core.interactiveshell")
    if interactive is None or not interactive.InteractiveShell.initialized():
        return "last_expr"
    return str(interactive.InteractiveShell.instance().ast_node_interactivity)


def shell_kind() -> str:
    """Return what kind of IPython the notebook runs in, by name."""
    interactive = sys.modules.get("IPython.core.interactiveshell")
    if interactive is None or not interactive.InteractiveShell.initialized():
        return "ZMQInteractiveShell"
    return type(interactive.InteractiveShell.instance()).__name__


@dataclass(frozen=True)
class CellWork:
    """What a worker must know to run a cell.

    Parameters
    ----------
    source
        The code, after IPython's transformation.
    label
        Name of the cell, for tracebacks.
    outputs
        Names whose values are results.
    inputs
        Values of the notebook that are not results of other cells.
    upstream
        Names of the results of other cells, in the order in which they are handed in.
    interactivity
        Which values it shows: ``InteractiveShell.ast_node_interactivity`` of the notebook.
    shell
        What kind of IPython the notebook runs in.
    future
        What cells before switched on by ``from __future__``, as flags of a compiler.
    """

    source: str
    label: str
    outputs: tuple[str, ...]
    inputs: Mapping[str, object]
    upstream: tuple[str, ...]
    interactivity: str = field(default_factory=interactivity)
    shell: str = field(default_factory=shell_kind)
    future: int = field(default_factory=future)

    @property
    def file(self) -> str:
        """Name of the cell as a file, for tracebacks."""
        return f"<checkpoint {self.label}>"


def run_cell(work: CellWork, *results: object) -> dict[str, object]:
    """Run the cell in ``__main__`` as the worker has it; return its outputs and what it showed.

    The names that its text binds, public ones that it bound in another way (``exec``, a star
    import), and inputs that it changed in place: the notebook gets to see the change, as it would
    have without a checkpoint.
    """
    main = sys.modules["__main__"]
    namespace = main.__dict__
    namespace.update(work.inputs)
    namespace.update(zip(work.upstream, results, strict=True))
    shell = worker_shell(main, work.shell)
    before = Before(work, namespace)
    recorder: Recorder | None = None
    try:
        with recorded(shell, work, namespace) as recorder:
            codes = compiled(work.source, work.file, work.interactivity, work.future)
            execute(codes, namespace, before.look)
    except BaseException as error:
        if recorder is None:
            raise
        raise Unfinished(error, before.left_unfinished(recorder)) from None
    return before.left(recorder)


class Before:
    """The names as they were before a cell ran, to tell what it made of them.

    Parameters
    ----------
    work
        The cell.
    namespace
        The names, its inputs among them.
    here
        They are the notebook's own.
    """

    def __init__(
        self, work: CellWork, namespace: MutableMapping[str, object], *, here: bool = False
    ) -> None:
        self._work = work
        self._namespace = namespace
        self._held = dict(namespace)
        self._given = {*work.inputs, *work.upstream}
        self._settings = Settings.here()
        self._random = RandomState.here()
        self._places = Held(namespace)
        self._attributes = self._places.attributes()
        self._digests = {
            name: _digest(value)
            # In a worker there is nothing but what the cell can reach.
            for name, value in self._held.items()
            if name in self._given or not here
            if name not in work.outputs and _may_change(name, value)
        }

    def left(self, recorder: Recorder) -> dict[str, object]:
        """Return what the cell left: each output by name, what it showed, what else it did."""
        names, now = self._work.outputs, self._namespace
        outputs = {n: now[n] for n in names if n in now and not self._is_defined_before(n)}
        changed = [
            name
            for name, before in self._digests.items()
            # What cannot be told apart may have been changed.
            if name in now and (not before or _digest(now[name]) != before)
            if before or name in self._given
        ]
        outputs |= {name: now[name] for name in changed}
        for name in self._found(outputs):
            outputs[name] = now[name]
        tied = self._tied_to(outputs)
        outputs |= {name: now[name] for name in tied}
        if held := self._places.changed(besides=outputs):
            outputs[HELD] = held
        changed += [*tied, *(name for name in names if self._is_still(name))]
        # What its text changes in place may be known by other names too.
        changed += [n for n in names if n in self._given and self._held[n] is now.get(n)]
        outputs[SHOWN] = recorder.kept.messages()
        if recorder.value is not None and _digest(recorder.value):
            outputs[RESULT] = recorder.value
        if effects := self._effects(changed, bool(outputs[SHOWN])):
            outputs[EFFECTS] = effects
        return outputs

    def left_unfinished(self, recorder: Recorder) -> dict[str, object]:
        """Return what the cell left that raised, and which definitions it had come to."""
        recorder.value = None
        left = self.left(recorder)
        made = [
            name
            for name in _defined(ast.parse(self._work.source).body)
            if name in self._namespace and self._held.get(name) is not self._namespace[name]
        ]
        effects = left.setdefault(EFFECTS, {})
        assert isinstance(effects, dict)
        effects["made"] = made
        return left

    def look(self) -> None:
        """Look at the functions and classes that the statements so far made."""
        self._places.look()

    def _is_still(self, name: str) -> bool:
        """Whether a name that the cell is about to give back has the object it was given."""
        value = self._namespace.get(name)
        fixed = isinstance(value, (*_ATOMS, *_FIXED))
        return not fixed and name in self._given and self._held.get(name) is value

    def _is_defined_before(self, name: str) -> bool:
        """Whether a name still has the function or class it had: what is in that goes apart."""
        value = self._namespace[name]
        return isinstance(value, _FIXED) and self._held.get(name) is value

    def _tied_to(self, outputs: Mapping[str, object]) -> list[str]:
        """Inputs that an output shares objects or memory with: they go back together."""
        now = self._namespace
        if all(isinstance(value, (*_ATOMS, *_FIXED)) for value in outputs.values()):
            return []
        inputs = {n: now[n] for n in self._digests if n in self._given and n in now}
        groups = units({**inputs, **outputs})
        return [
            name
            for group in groups
            if any(name in outputs for name in group)
            for name in group
            if name not in outputs
        ]

    def _found(self, known: Collection[str]) -> list[str]:
        """Names that the cell bound in a way that its text does not show."""
        skipped = {*known, *self._digests, *_defined(ast.parse(self._work.source).body)}
        return [
            name
            for name, value in self._namespace.items()
            if not (name.startswith("_") or name in skipped or isinstance(value, ModuleType))
            and (name not in self._held or self._held[name] is not value)
        ]

    def _effects(self, changed_inputs: list[str], shows: bool) -> dict[str, object]:
        effects: dict[str, object] = {}
        if changed_inputs:
            effects["changed"] = changed_inputs
        there = {*self._held, *_deleted(ast.parse(self._work.source).body)}
        if deleted := sorted(there - self._namespace.keys()):
            effects["deleted"] = deleted
        if drawn_numbers := drawn(self._random, seeded_by(self._work.source)):
            effects["random"] = drawn_numbers
        effects["hangs on"] = _hangs_on(shows)
        if self._attributes:
            effects["held"] = self._attributes
        if figures_are_shown():
            effects["figures"] = True
        if settings := changed(self._settings):
            effects["settings"] = settings
        return effects


def _hangs_on(shows: bool) -> list[str]:
    """Return the kinds of settings that a result may hang on, of libraries that are loaded."""
    kinds = (*VALUE, *(DISPLAY if shows else ()))
    library = {"figures": "matplotlib"}
    return [k for k in kinds if library.get(k, k.partition(" ")[0]) in sys.modules]


_ATOMS: Final = (int, float, complex, str, bytes, bool, type(None))
_FIXED: Final = (ModuleType, FunctionType, BuiltinFunctionType, type)


def _may_change(name: str, value: object) -> bool:
    """Whether a cell can change what a name holds, beside binding it anew."""
    return not (name.startswith("__") or isinstance(value, _FIXED))


_SCOPES: Final = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda


def _nodes(body: Iterable[ast.AST]) -> Iterable[ast.AST]:
    """Every node that stands in the cell's own scope."""
    for node in body:
        yield node
        if not isinstance(node, _SCOPES):
            yield from _nodes(ast.iter_child_nodes(node))


def _defined(body: list[ast.stmt]) -> set[str]:
    """Names of functions, classes and modules that the cell makes: the notebook makes its own."""
    names: set[str] = set()
    for node in _nodes(body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update((one.asname or one.name).split(".")[0] for one in node.names)
    return names


def _deleted(body: list[ast.stmt]) -> set[str]:
    return {
        target.id
        for node in _nodes(body)
        if isinstance(node, ast.Delete)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _digest(value: object) -> str:
    try:
        return digest(value)
    except FingerprintError:
        return ""
