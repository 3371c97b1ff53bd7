"""From a cell to a node: what it reads, where from, and what it leaves."""

from __future__ import annotations

import ast
import builtins
import inspect
import linecache
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import partial
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType

from checkpoint_nb.declared import NOTHING, Declared, check_names, code_changed
from checkpoint_nb.errors import DeclarationError, FingerprintError, MagicUsageError
from checkpoint_nb.fingerprint import Fingerprint, describe, digest, fingerprint
from checkpoint_nb.notebook.cellrun import CellWork, run_cell
from checkpoint_nb.notebook.names import Names, names_of
from checkpoint_nb.parts import Part
from checkpoint_nb.work import Call, Codes, Dependency, Recipe, Upstream

_TOP_LEVEL_AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


VALUE = "\0value"
"""A name is read by the value it has in the notebook."""
ABSENT = "\0absent"
"""A name is not there to be read."""


@dataclass(frozen=True)
class Bound:
    """Who bound a name last, and the digest of what it was bound to."""

    cell: Cell
    digest: str


class Cells:
    """The checkpointed cells of one kernel, and which of them bound what.

    Parameters
    ----------
    namespace
        The notebook's names.
    """

    def __init__(self, namespace: MutableMapping[str, object]) -> None:
        self.namespace = namespace
        self._cells: dict[str, Cell] = {}
        self._bound: dict[str, Bound] = {}
        self._binders: dict[str, list[str]] = {}
        self._origins: dict[tuple[str, str], str] = {}

    def register(self, source: str, name: str, place: str, declared: Declared = NOTHING) -> Cell:
        """Make the cell a node; the same cell again (same ``place`` or same name) replaces it.

        Parameters
        ----------
        source
            Its code, after IPython's own transformation.
        name
            What the user calls it, or ``""``.
        place
            Which cell of the notebook it is, where the front end says so, or ``""``.
        declared
            What counts beside what it reads.
        """
        tree = ast.parse(source)
        names = names_of(tree)
        if names.star:
            raise MagicUsageError(
                "A checkpointed cell cannot tell which names `from ... import *` binds.",
                {"cell": name or _title(names, source)},
                "Move that line to a plain cell, or name what you import.",
            )
        _check_names(declared, names)
        before = next(iter(self.at(place)), None)
        label = self._label(name or _title(names, source), bool(name), source, place, before)
        if before is not None and before.label != label:
            self._forget(before)
        cell = Cell(self, label, place, source, tree, names, declared)
        self._cells[label] = cell
        return cell

    def at(self, place: str) -> list[Cell]:
        """The cell that stands at ``place`` in the notebook, if it is known which."""
        return [cell for cell in self._cells.values() if place and cell.place == place]

    def bind(self, cell: Cell, name: str, value: object, result: str) -> None:
        """Bind ``name`` in the notebook to a result of ``cell`` with the digest ``result``."""
        self.namespace[name] = value
        self._bound[name] = Bound(cell, result)
        binders = self._binders.setdefault(name, [])
        if cell.label not in binders:
            binders.append(cell.label)

    def untouched(self, name: str) -> bool:
        """Whether ``name`` still holds what a checkpointed cell bound it to."""
        bound = self._bound.get(name)
        if bound is None or name not in self.namespace:
            return False
        try:
            return digest(self.namespace[name]) == bound.digest
        except FingerprintError:
            return False

    def origin(self, name: str, reader: Cell) -> Cell | str:
        """Where ``reader`` takes ``name`` from: a cell, :data:`VALUE` or :data:`ABSENT`.

        While the name holds what ``reader`` itself or a later cell bound it to, the reader keeps
        its place: it takes the name from where it took it before.
        """
        bound, binders = self._bound.get(name), self._binders.get(name, [])
        untouched = self.untouched(name)
        place = binders.index(reader.label) if reader.label in binders else len(binders)
        if bound is not None and untouched and bound.cell.label in binders[place:]:
            before = binders[place - 1] if place else VALUE
            found = self._origins.get((reader.label, name), before)
        else:
            if name not in self.namespace:
                found = ABSENT
            else:
                found = bound.cell.label if bound is not None and untouched else VALUE
            self._origins[reader.label, name] = found
        return found if found in (VALUE, ABSENT) else self._cells.get(found, VALUE)

    def follows(self, cell: Cell, name: str, result: str) -> bool:
        """Whether a new ``result`` of ``cell`` should take the place of what ``name`` holds."""
        bound = self._bound.get(name)
        if bound is None or bound.cell.label != cell.label:
            return bound is None and name not in self.namespace
        return bound.digest != result and self.untouched(name)

    def _label(self, title: str, named: bool, source: str, place: str, before: Cell | None) -> str:
        if named or (before is not None and before.label.split(" (")[0] == title):
            return title if named or before is None else before.label
        label, number = title, 1
        while (other := self._cells.get(label)) is not None and not (
            other is before or (other.source == source and (not place or not other.place))
        ):
            number += 1
            label = f"{title} ({number})"
        return label

    def _forget(self, cell: Cell) -> None:
        self._cells.pop(cell.label, None)
        for binders in self._binders.values():
            if cell.label in binders:
                binders.remove(cell.label)


@dataclass(frozen=True, eq=False)
class Cell:
    """One checkpointed cell as a node."""

    cells: Cells = field(repr=False)
    label: str
    place: str
    source: str = field(repr=False)
    tree: ast.Module = field(repr=False)
    names: Names
    declared: Declared = NOTHING
    kind: str = "cell"
    compress_level: int = 0
    max_concurrency: int | None = None
    _last: list[FunctionType] = field(default_factory=list, repr=False)

    @property
    def id(self) -> str:
        """Identity of the node: the cell's name."""
        return digest(("checkpoint_nb cell", self.label))

    @property
    def task(self) -> str:
        """Name of the task."""
        return self.label

    @property
    def only_defines(self) -> bool:
        """Whether the cell has nothing but functions, classes and imports: nothing to keep."""
        definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        return all(
            isinstance(node, (*definitions, ast.Import, ast.ImportFrom)) for node in self.tree.body
        )

    def define(self) -> None:
        """Make the cell's functions, classes and imports in the notebook itself."""
        body = [node for node in self.tree.body if set(_names(node)) & set(self.names.defines)]
        code = compile(ast.Module(body, []), self._file(), "exec")
        exec(code, self.cells.namespace)  # type: ignore[arg-type]  # noqa: S102 - the user's own cell

    def recipe(self, _: Codes) -> Recipe:
        """What the cell depends on as things are now."""
        definitions: dict[str, object] = {}
        inputs: dict[str, object] = {}
        upstream: dict[str, Dependency] = {}
        for name in (*self.names.reads, *self.names.may_read):
            ignored = name in self.declared.ignore and name in self.cells.namespace
            origin = VALUE if ignored else self.cells.origin(name, self)
            if isinstance(origin, Cell):
                upstream[name] = Dependency(origin, name)
            elif origin == VALUE:
                value = self.cells.namespace[name]
                (definitions if _is_definition(value) else inputs)[name] = value
        parts, reason = self._parts(inputs)
        code, no_code = self._fingerprint(definitions)
        work = CellWork(self.source, self.label, self.names.outputs, inputs, tuple(upstream))
        numbers = tuple(Upstream(index) for index in range(len(upstream)))
        places = () if code is None else code.places
        return Recipe(
            code=code,
            inputs=parts,
            upstream=tuple(upstream.values()),
            call=Call(run_cell, (work, *numbers), outputs=True, names=definitions, watched=places),
            uncacheable=no_code or reason,
            unchanged=partial(self._check_unchanged, definitions, code, inputs, parts),
            extras=partial(self.declared.parts, {}) if self.declared.declares else dict,
            values={f"input {name}": value for name, value in inputs.items()},
            hidden=frozenset(f"input {name}" for name in self.declared.secret),
        )

    def _fingerprint(self, definitions: Mapping[str, object]) -> tuple[Fingerprint | None, str]:
        seen = {
            "__builtins__": builtins,
            **{n: one for n, one in definitions.items() if n not in self.declared.ignore},
        }
        last = self._last[-1] if self._last else None
        if last is None or not _same(last.__globals__, seen):
            last = FunctionType(self._code(), seen, self.label)
            self._last[:] = [last]
        try:
            return self.declared.without_secrets(fingerprint(last)), ""
        except FingerprintError as error:
            return None, f"{error.headline} ({error.facts.get('path', '')})"

    def _parts(self, inputs: Mapping[str, object]) -> tuple[dict[str, Part], str]:
        parts: dict[str, Part] = {}
        reason = ""
        for name, value in inputs.items():
            if name in self.declared.ignore:
                continue
            label = f"input {name}"
            try:
                parts[label] = self.declared.hidden(label, Part(digest(value), describe(value)))
            except FingerprintError as error:
                reason = f"the input {name}: {error.headline} ({error.facts.get('path', '')})"
        return parts, reason

    def _check_unchanged(
        self,
        definitions: Mapping[str, object],
        code: Fingerprint | None,
        inputs: Mapping[str, object],
        parts: Mapping[str, Part],
    ) -> None:
        now, _ = self._fingerprint(definitions)
        if code is not None and (now is None or now.digest != code.digest):
            raise code_changed(self.label)
        if code is not None and self._parts(inputs)[0] != parts:
            raise DeclarationError(
                f"What {self.label} reads was changed before its work began.",
                {"reads": ", ".join(inputs)},
                "Nothing was stored. Run it again.",
            )

    def _code(self) -> CodeType:
        code: CodeType = compile(
            self.tree, self._file(), "exec", flags=_TOP_LEVEL_AWAIT, dont_inherit=True
        )
        return code

    def _file(self) -> str:
        """Return the name of the cell as a file, whose text tracebacks and ``why`` find."""
        file = f"<checkpoint {self.label}>"
        lines = self.source.splitlines(keepends=True)
        linecache.cache[file] = (len(self.source), None, lines, file)
        return file


def _check_names(declared: Declared, names: Names) -> None:
    read = (*names.reads, *names.may_read)
    try:
        check_names("--ignore", declared.ignore, read, "the cell")
        check_names("--secret", declared.secret, read, "the cell")
    except DeclarationError as error:
        raise MagicUsageError(error.headline, error.facts, error.hint) from None


def _same(one: Mapping[str, object], two: Mapping[str, object]) -> bool:
    return one.keys() == two.keys() and all(one[name] is two[name] for name in one)


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).split(".")[0] for alias in node.names]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    return []


def _is_definition(value: object) -> bool:
    return (
        inspect.isfunction(value)
        or inspect.isclass(value)
        or isinstance(value, ModuleType | BuiltinFunctionType)
        or isinstance(getattr(type(value), "recipe", None), Callable)  # type: ignore[arg-type]
    )


def _title(names: Names, source: str) -> str:
    if names.outputs:
        return ", ".join(names.outputs[:3]) + (", …" if len(names.outputs) > 3 else "")
    first = next((line.strip() for line in source.splitlines() if line.strip()), "empty cell")
    return first if len(first) <= 32 else first[:31] + "…"
