"""What each name may stand for at each point of a cell: the notebook's value, its own, or nothing.

A name that may still be the notebook's is one the cell reads. Along one path that can only end: a
cell never gets back a value it has replaced. So a function counts where it first gets out of hand;
what it reads later can only be less.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from checkpoint_nb.notebook.scopes import Scope, text_scope

OUT, GONE, OWN = 1, 2, 4
"""A name as the notebook has it, deleted by the cell, bound by the cell."""
BODIES = 3
"""From this bit on: the name may be function number so and so of the cell."""

State = dict[str, int]
"""By name, what it may be; a name that is not there is as the notebook has it."""


def joined(*states: State | None) -> State | None:
    """Return what holds after one of several paths; ``None`` is a path that does not come here.

    Examples
    --------
    >>> joined({"x": OWN}, {}, None)
    {'x': 5}
    """
    alive = [state for state in states if state is not None]
    if len(alive) <= 1:
        return dict(alive[0]) if alive else None
    names = dict.fromkeys(name for state in alive for name in state)
    result = {}
    for name in names:
        result[name] = 0
        for state in alive:
            result[name] |= state.get(name, OUT)
    return result


@dataclass(frozen=True)
class Body:
    """What a function does with the notebook's names when it is called."""

    reads: tuple[str, ...]
    binds: tuple[str, ...] = ()
    deletes: tuple[str, ...] = ()
    changes: frozenset[str] = frozenset()


@dataclass
class Frame:
    """A loop or a ``finally`` that a jump ends at, and what holds when it does."""

    loop: bool
    jumps: dict[str, State] = field(default_factory=dict)

    def arrive(self, kind: str, state: State) -> None:
        """Note that a jump of this kind ends here."""
        came = joined(self.jumps.get(kind), state)
        assert came is not None
        self.jumps[kind] = came


class Flow:
    """The state of names, and everything that was read and bound on the way."""

    def __init__(self, scope: Scope, annotations: bool) -> None:
        self.scope = scope
        self.annotations = annotations
        self.state: State | None = {}
        self.died: State | None = None
        self.traps: list[State] = []
        self.frames: list[Frame] = []
        self.reads: dict[str, None] = {}
        self.may_read: dict[str, None] = {}
        self.bound: dict[str, None] = {}
        self.removed: dict[str, None] = {}
        self.changed: set[str] = set()
        self.assigned: set[str] = set()
        self.looks_up: dict[str, None] = {}
        self.stars: dict[str, None] = {}
        self.late: State = {}
        self.bodies: list[Body] = []
        self.numbers: dict[int, int] = {}
        self.texts: dict[int, list[ast.stmt]] = {}
        self.escaped: set[str] = set()
        self._using: set[int] | None = None

    # -- what subclasses walk ----------------------------------------------------------------------

    def block(self, body: Iterable[ast.stmt]) -> None:
        """Walk statements."""
        raise NotImplementedError

    def expression(self, node: ast.expr) -> None:
        """Walk one expression."""
        raise NotImplementedError

    def condition(self, node: ast.expr) -> tuple[State | None, State | None]:
        """Walk a test; return what holds if it is true and if it is false."""
        raise NotImplementedError

    def target(self, node: ast.expr) -> None:
        """Assign to ``node``."""
        raise NotImplementedError

    # -- reading -----------------------------------------------------------------------------------

    def read(self, name: str) -> None:
        """Read a name where the walk stands."""
        own, outer = self.scope.find(self.scope.mangled(name))
        if own and self.state is not None:
            mask = self.state.get(own, OUT)
            self.activate(mask)
            if not mask & (OUT | GONE):
                return
        if outer:
            self.read_outer(outer)

    def read_outer(self, name: str, certain: bool = True) -> None:
        """Read a name of the notebook; not ``certain``: perhaps."""
        if self.state is None:
            return
        mask = self.state.get(name, OUT)
        self.activate(mask)
        if mask & OUT:
            # After exec or import *, the name may have been bound without our seeing it.
            certain = certain and mask == OUT and not self.stars and not self.looks_up
            (self.reads if certain else self.may_read)[name] = None

    def is_notebooks(self, name: str) -> bool:
        """Whether ``name`` may be here what it was before the cell: a builtin, say."""
        own, outer = self.scope.find(self.scope.mangled(name))
        return bool(outer) and not own and bool((self.state or {}).get(outer, OUT) & OUT)

    def look_up(self, what: str) -> None:
        """Note that the cell may read, and bind, names that it does not name."""
        if self.state is not None:
            self.looks_up[what] = None

    # -- binding -----------------------------------------------------------------------------------

    def bind(self, name: str, mask: int = OWN, by_value: bool = True) -> None:
        """Bind a name where the walk stands."""
        place = self.scope.place(self.scope.mangled(name))
        if not place or self.state is None:
            return
        self.put(place, mask)
        if "." not in place:
            self.bound[place] = None
            if by_value:
                self.assigned.add(place)

    def delete(self, name: str) -> None:
        """Delete a name where the walk stands: it has to be there, so that is a read too."""
        self.read(name)
        self.forget(name)

    def forget(self, name: str) -> None:
        """Leave a name deleted."""
        place = self.scope.place(self.scope.mangled(name))
        if place and self.state is not None:
            self.put(place, GONE)
            if "." not in place:
                self.removed[place] = None

    def put(self, key: str, mask: int) -> None:
        """Say what a name is from here on, also to who may come here by an exception."""
        assert self.state is not None
        self.state[key] = mask
        for trap in self.traps:
            trap[key] = trap.get(key, OUT) | mask
        if mask >> BODIES and key in self.escaped:
            self.activate(mask)

    def change(self, root: str) -> None:
        """Note that part of what ``root`` is was assigned or deleted."""
        own, outer = self.scope.find(self.scope.mangled(root))
        if self.state is not None and outer and not own and self.state.get(outer, OUT) & OUT:
            # The cell changes an object it did not make: what it leaves is a result of it too.
            self.changed.add(outer)
            self.bound[outer] = None

    def bind_outer(self, name: str) -> None:
        """Bind a name of the notebook."""
        if self.state is not None:
            self.put(name, OWN)
            self.bound[name] = None
            self.assigned.add(name)

    def forget_outer(self, name: str) -> None:
        """Leave a name of the notebook deleted."""
        if self.state is not None:
            self.put(name, GONE)
            self.removed[name] = None

    # -- functions ---------------------------------------------------------------------------------

    def number(self, node: ast.AST, make: Callable[[], Body]) -> int:
        """Return the bit of the function that ``node`` makes, the same each time round a loop."""
        if id(node) not in self.numbers:
            self.bodies.append(make())
            self.numbers[id(node)] = 1 << (BODIES + len(self.bodies) - 1)
        return self.numbers[id(node)]

    def activate(self, mask: int) -> None:
        """Take it that each function ``mask`` holds is called here, or kept to be called later."""
        mask >>= BODIES
        if not mask or self.state is None:
            return
        outermost = self._using is None
        if self._using is None:
            self._using = set()
        while mask:
            number = (mask & -mask).bit_length() - 1
            mask &= mask - 1
            if number not in self._using:
                self._using.add(number)
                self.use(self.bodies[number])
        if outermost:
            self._using = None

    def use(self, body: Body) -> None:
        """Take it that a function may be called here and at any time later."""
        for name in body.reads:
            self.escaped.add(name)
            self.read_outer(name)
        for names, mask, seen in (
            (body.binds, OWN, self.bound),
            (body.deletes, GONE, self.removed),
        ):
            for name in names:
                seen[name] = None
                if name not in body.changes:
                    self.assigned.add(name)
                self.late[name] = self.late.get(name, 0) | mask
                if self.state is not None:
                    self.put(name, self.state.get(name, OUT) | mask)

    def apart(self, scope: Scope, walk: Callable[[Flow], None]) -> Body:
        """Return what code in a scope of its own does, whenever it is run."""
        inner = type(self)(scope, self.annotations)
        walk(inner)
        inner.finish()
        self.looks_up |= inner.looks_up
        return Body(
            tuple(inner.reads | inner.may_read),
            tuple(inner.bound),
            tuple(inner.removed),
            frozenset(inner.changed - inner.assigned),
        )

    def text(self, key: ast.AST, body: list[ast.stmt]) -> None:
        """Walk code that a text gives, run with the names that are visible here."""
        body = self.texts.setdefault(id(key), body)
        scope, before = self.scope, joined(self.state)
        while scope.kind in ("comprehension", "types") and scope.parent is not None:
            scope = scope.parent
        outside, self.scope = self.scope, scope
        if scope.kind != "module":
            self.scope = text_scope(scope, body, id(key))
        self.block(body)
        self.scope = outside
        if outside is not scope:
            # Before Python 3.12 what a text binds in a comprehension is gone after it.
            self.state = joined(before, self.state)

    # -- paths -------------------------------------------------------------------------------------

    def jump(self, kind: str) -> None:
        """Leave by ``break``, ``continue`` or ``return`` to the loop or ``finally`` around."""
        if self.state is not None:
            for frame in reversed(self.frames):
                if not frame.loop or kind != "return":
                    frame.arrive(kind, self.state)
                    break
        self.state = None

    def die(self) -> None:
        """Leave by an exception."""
        self.died = joined(self.died, self.state)
        self.state = None

    def finish(self) -> State:
        """Return what the names may be at the end, with all that functions may still do."""
        if self.state is None:
            self.state = self.died or {}
        for name, mask in self.late.items():
            self.state[name] = self.state.get(name, OUT) | mask
        for name, mask in list(self.state.items()):
            # Nobody has called these; the notebook may, by their names.
            if "." not in name:
                self.activate(mask)
        return self.state
