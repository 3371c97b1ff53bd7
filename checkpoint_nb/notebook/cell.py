"""One checkpointed cell as a node: what it reads, what it does, what it leaves."""

from __future__ import annotations

import ast
import builtins
import linecache
from collections.abc import Collection, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from functools import partial
from types import CodeType, FunctionType, ModuleType
from typing import Final, Protocol

from checkpoint_nb.declared import NOTHING, Declared, code_changed
from checkpoint_nb.errors import DeclarationError, FingerprintError
from checkpoint_nb.fingerprint import Fingerprint, describe, digest, fingerprint, generators_apart
from checkpoint_nb.notebook.cellrun import CellWork, interactivity, run_cell
from checkpoint_nb.notebook.defining import define, import_stars, needed_to_define
from checkpoint_nb.notebook.executing import as_shown, future
from checkpoint_nb.notebook.held import held_digests
from checkpoint_nb.notebook.here import run_here
from checkpoint_nb.notebook.names import Names
from checkpoint_nb.notebook.needed import names_reached
from checkpoint_nb.notebook.taken import Edge, Origin, Taken, Value, is_definition
from checkpoint_nb.notebook.touches import Touches
from checkpoint_nb.observing.content import ATTRIBUTE, RANDOM, SETTING, WRITTEN
from checkpoint_nb.parts import Part
from checkpoint_nb.settings import RandomState, digests, state_digests
from checkpoint_nb.work import Call, Codes, Dependency, Recipe, Upstream

_TOP_LEVEL_AWAIT: Final = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_GONE: Final = object()
_SHELLS_OWN: Final = frozenset({"In", "Out", "exit", "quit", "open", "get_ipython"})
"""Names that IPython puts into the notebook."""


class Registry(Protocol):
    """What a cell must know of the notebook around it."""

    namespace: MutableMapping[str, object]
    touches: Touches
    held: dict[str, int]

    def origin(self, name: str, reader: Cell) -> Origin:
        """Where ``reader`` takes ``name`` from if it runs now."""

    def now(self, cell: Cell) -> Cell | None:
        """The cell that stands where ``cell`` stood."""

    def together(self, names: Collection[str]) -> list[set[str]]:
        """Which of ``names`` hold what was stored together, since it shares objects."""


@dataclass(eq=False)
class Cell:
    """One checkpointed cell as a node.

    Parameters
    ----------
    registry
        The notebook around it.
    label, title
        What people read, alone and apart from other cells' that would be called the same.
    place
        Which cell of the notebook it is.
    before
        The cell that stood there before it was run (perhaps edited) again.
    here
        It runs in the kernel itself.
    """

    registry: Registry = field(repr=False)
    label: str
    title: str
    place: str
    source: str = field(repr=False)
    tree: ast.Module = field(repr=False)
    names: Names = field(repr=False)
    declared: Declared = NOTHING
    before: Cell | None = field(default=None, repr=False)
    here: bool = False
    kind: str = "cell"
    compress_level: int = 0
    max_concurrency: int | None = None
    _taken: Taken | None = field(default=None, repr=False)
    _is_settled: bool = field(default=False, repr=False)
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

    def import_stars(self) -> None:
        """Do the imports of the cell that bring names it cannot tell, in the notebook itself."""
        import_stars(self.tree, self._file(), self.registry.namespace)

    @property
    def needed_to_define(self) -> set[str]:
        """Results of the cell that its definitions read there and then: defaults, decorators."""
        return needed_to_define(self.tree, self.names.defines).intersection(self.names.outputs)

    def define(self, names: Collection[str] | None = None) -> None:
        """Make functions, classes and imports of the cell in the notebook itself.

        Parameters
        ----------
        names
            Which; all of them by default.
        """
        wanted = self.names.defines if names is None else names
        define(self.tree, wanted, self._file(), self.registry.namespace)

    # -- what it reads ---------------------------------------------------------------------------

    @property
    def givers(self) -> list[Cell]:
        """The cells whose results it took."""
        taken = self._taken
        origins = () if taken is None else taken.origins.values()
        return [origin.cell for origin in origins if isinstance(origin, Edge)]

    def may_read(self, name: str) -> bool:
        """Whether the cell reads ``name``, perhaps."""
        return name in (*self.names.reads, *self.names.may_read)

    def may_leave(self, name: str) -> bool:
        """Whether the cell may bind or change ``name``."""
        return name in self.names.outputs or self.may_read(name)

    def settle(self) -> None:
        """Note that its user has what it left: what becomes of its files is others' doing."""
        self._is_settled = True

    def took(self, name: str) -> Origin | None:
        """Where the cell took ``name`` from when it last ran, if it has."""
        taken = self._taken or (self.before._taken if self.before is not None else None)
        return None if taken is None else taken.origins.get(name)

    def take(self) -> Taken:
        """Look at everything the cell reads, as it is now."""
        self._taken = None
        self._taken = taken = self._take({}, {})
        # What cannot be told apart (figures, iterators) is not to be copied either.
        if self.beyond:
            self.here = True
        return taken

    @property
    def why_not_kept(self) -> str:
        """Why the result cannot be kept; ``""`` when it can."""
        return "" if self._taken is None else self._taken.uncacheable

    @property
    def beyond(self) -> list[str]:
        """Inputs that have no content to compare, nor to be sent."""
        taken = self._taken
        if taken is None:
            return []
        _, data = taken.values()
        return [
            name
            for name in data
            if f"input {name}" not in taken.parts and name not in self.declared.ignore
        ]

    def recipe(self, _: Codes) -> Recipe:
        """What the cell depends on: as its user ran it, and what was run again before it since."""
        self._taken = taken = self.take() if self._taken is None else self._looked_again()
        definitions, data = taken.values()
        edges = {n: o for n, o in taken.origins.items() if isinstance(o, Edge)}
        work = CellWork(self.source, self.label, self.names.outputs, data, tuple(edges))
        numbers = tuple(Upstream(index) for index in range(len(edges)))
        places = () if taken.code is None else taken.code.places
        return Recipe(
            code=taken.code,
            inputs=taken.parts,
            upstream=tuple(Dependency(edge.cell, name) for name, edge in edges.items()),
            call=Call(
                run_here if self.here else run_cell,
                (work, *numbers),
                outputs=True,
                names=definitions,
                watched=places,
            ),
            uncacheable=taken.uncacheable,
            unchanged=partial(self._check_unchanged, taken),
            extras=partial(self.declared.parts, {}) if self.declared.declares else dict,
            values={f"input {name}": value for name, value in data.items()},
            hidden=frozenset(f"input {name}" for name in self.declared.secret),
            remarks={
                f"input {name}": origin.remark
                for name, origin in taken.origins.items()
                if isinstance(origin, Value) and origin.remark
            },
            here=self.here,
            conditions={**taken.conditions, **({WRITTEN: ""} if self._is_settled else {})},
            random=taken.random,
        )

    def _looked_again(self) -> Taken:
        taken = self._taken
        assert taken is not None
        touches, now = self.registry.touches, self.registry.now
        again = {
            name for name in {**taken.origins, **taken.reached} if touches.again(name, taken.since)
        }
        kept: dict[str, Origin] = {}
        for name, origin in taken.origins.items():
            if isinstance(origin, Edge):
                giver = now(origin.cell)
                if giver is None or not (giver is origin.cell or giver.may_leave(name)):
                    again.add(name)
                    continue
                origin = Edge(giver, name)
            if name not in again:
                kept[name] = origin
        if again:
            return self._take(kept, taken.parts)
        definitions, _ = taken.values()
        code, no_code = self._fingerprint(definitions)
        moved = any(
            self.registry.namespace.get(name, _GONE) is not was
            for name, was in taken.reached.items()
        ) or any(
            self.registry.held.get(name, -1) >= taken.since
            for name in (*definitions, *taken.reached)
        )
        if moved and code is not None and taken.code is not None:
            # A cell made something else of a name that a function looks up when it runs, or of
            # what a function or class holds.
            code, no_code = taken.code, ""
        reason = no_code or taken.uncacheable
        return replace(taken, origins=kept, uncacheable=reason, code=code)

    def _take(self, kept: Mapping[str, Origin], parts: Mapping[str, Part]) -> Taken:
        registry = self.registry
        origins: dict[str, Origin] = {}
        for name in self._reads():
            # What the cell itself defines is there by now, and was not when it ran.
            own = self.took(name) if name in self.names.defines else None
            origin = kept.get(name) or own or registry.origin(name, self)
            if name in self.declared.ignore and name in registry.namespace:
                origin = Value(registry.namespace[name])
            origins[name] = origin
        for names in registry.together(origins):
            # What shares objects comes from one place, or it would come apart on the way.
            if any(isinstance(origins[name], Value) for name in names):
                here = {n: Value(registry.namespace[n]) for n in names if n in registry.namespace}
                origins |= {n: one for n, one in here.items() if isinstance(origins[n], Edge)}
        before = self._taken
        random = RandomState.here() if before is None else before.random
        conditions = self._conditions(random) if before is None else before.conditions
        taken = Taken(registry.touches.serial, origins, {}, "", None, {}, random, conditions)
        definitions, data = taken.values()
        known = {name: parts[f"input {name}"] for name in kept if f"input {name}" in parts}
        found, reason = self._parts(data, known)
        code, no_code = self._fingerprint(definitions)
        through = {
            name: registry.namespace.get(name, _GONE)
            for name in names_reached(definitions.values(), registry.namespace)
            if name not in origins and name not in self.names.defines
        }
        reason = no_code or reason
        return replace(taken, parts=found, uncacheable=reason, code=code, reached=through)

    def _conditions(self, random: RandomState) -> dict[str, str]:
        """Return what a result may hang on beside names: settings, generators, attributes."""
        held = held_digests(self.registry.namespace)
        return {
            **{f"{SETTING}{kind}": found for kind, found in digests().items()},
            **{f"{RANDOM}{name}": found for name, found in state_digests(random).items()},
            **{f"{ATTRIBUTE}{place}": found for place, found in held.items()},
        }

    def _reads(self) -> tuple[str, ...]:
        """Names it reads: for sure, perhaps, and those that hide one of Python's own."""
        names, there = self.names, self.registry.namespace
        hiding = (
            name
            for name in names.builtins
            if name in there
            and name not in _SHELLS_OWN
            and there[name] is not getattr(builtins, name, None)
        )
        found = dict.fromkeys((*names.reads, *names.may_read, *hiding))
        if names.looks_up:
            found |= dict.fromkeys(name for name, value in there.items() if _counts(name, value))
        return tuple(found)

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
            with generators_apart():  # they are among the conditions
                return self.declared.without_secrets(fingerprint(last)), ""
        except FingerprintError as error:
            return None, f"{error.headline} ({error.facts.get('path', '')})"

    def _parts(
        self, data: Mapping[str, object], known: Mapping[str, Part]
    ) -> tuple[dict[str, Part], str]:
        parts: dict[str, Part] = {}
        reason = ""
        for name, value in data.items():
            if name in self.declared.ignore:
                continue
            label = f"input {name}"
            try:
                parts[label] = known.get(name) or self.declared.hidden(
                    label, Part(digest(value), describe(value))
                )
            except FingerprintError as error:
                reason = f"the input {name}: {error.headline} ({error.facts.get('path', '')})"
        return parts, reason

    def _check_unchanged(self, taken: Taken) -> None:
        definitions, data = taken.values()
        now, _ = self._fingerprint(definitions)
        if taken.code is not None and (now is None or now.digest != taken.code.digest):
            raise code_changed(self.label)
        parts, _ = self._parts(data, {})
        if taken.code is not None and parts != taken.parts:
            other = [n for n in data if parts.get(f"input {n}") != taken.parts.get(f"input {n}")]
            raise DeclarationError(
                f"What {self.label} reads was changed since the cell ran.",
                {"changed": ", ".join(other)},
                "Nothing was stored. Run that cell again: it then reads what is there now.",
            )

    # -- its code --------------------------------------------------------------------------------

    def _code(self) -> CodeType:
        # What it shows is a result too: `6 * 7` and `6 * 7;` are not the same.
        shown = as_shown(self.source, interactivity())
        code: CodeType = compile(
            shown, self._file(), "exec", flags=_TOP_LEVEL_AWAIT | future(), dont_inherit=True
        )
        return code

    def _file(self) -> str:
        """Return the name of the cell as a file, whose text tracebacks and ``why`` find."""
        file = f"<checkpoint {self.label}>"
        lines = self.source.splitlines(keepends=True)
        linecache.cache[file] = (len(self.source), None, lines, file)
        return file


def _same(one: Mapping[str, object], two: Mapping[str, object]) -> bool:
    return one.keys() == two.keys() and all(one[name] is two[name] for name in one)


def _counts(name: str, value: object) -> bool:
    """Return whether a name of the notebook can be an input of code that may look up any."""
    if name.startswith("_") or name in _SHELLS_OWN or isinstance(value, ModuleType):
        return False
    try:
        digest(value)
    except FingerprintError:
        return is_definition(value)
    return True
