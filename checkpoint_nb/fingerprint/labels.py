"""Names what a fingerprint is made of: parts for people, live code, places of data."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import repeat
from types import FunctionType, ModuleType
from typing import Final, Literal, NamedTuple
from weakref import ref

from checkpoint_nb.fingerprint.boundary import Absent, Named, owner
from checkpoint_nb.fingerprint.code import normal
from checkpoint_nb.fingerprint.describe import describe
from checkpoint_nb.fingerprint.pieces import CLASS, DATA, FUNCTION, LIBRARY, MODULE, OBJECT
from checkpoint_nb.fingerprint.places import Place
from checkpoint_nb.fingerprint.tokens import node
from checkpoint_nb.fingerprint.walk import Graph, Ignored, TaskName, undecorated
from checkpoint_nb.parts import Part

_CODE: Final = frozenset({FUNCTION, CLASS, MODULE, LIBRARY})
_NAMED: Final = ("global ", "closure ")
_WRAPPERS: Final = (
    property,
    staticmethod,
    classmethod,
    functools.cached_property,
    functools.partialmethod,
    functools.singledispatchmethod,
    type(functools.lru_cache(len)),
    FunctionType,
    Absent,
    Named,
    TaskName,
    Ignored,
)
"""Types that lead to code; what else a name leads to is data."""

_LIVE: Final = (FunctionType, type)
Holder = FunctionType | ModuleType | type
_Kind = Literal["global", "closure", "attribute"]


class Codes(Mapping[str, FunctionType | type]):
    """The live function or class behind each label, for as long as somebody else keeps it.

    Examples
    --------
    >>> def scale(n): return n
    >>> Codes({"helper scale": ref(scale)})["helper scale"] is scale
    True
    """

    __slots__ = ("_codes",)

    def __init__(self, codes: Mapping[str, ref[FunctionType | type]]) -> None:
        self._codes = codes

    def __getitem__(self, label: str) -> FunctionType | type:
        found = self._codes[label]()
        if found is None:
            raise KeyError(label)
        return found

    def __iter__(self) -> Iterator[str]:
        return (label for label, found in self._codes.items() if found() is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Spot(NamedTuple):
    """A place that keeps nobody alive."""

    label: str
    holder: ref[Holder]
    kind: _Kind
    name: str

    def place(self) -> Place | None:
        """Return the place, or ``None`` when who had it is gone."""
        holder = self.holder()
        return None if holder is None else Place(self.label, holder, self.kind, self.name)


class Labels:
    """Names the parts of one graph.

    Parameters
    ----------
    graph
        What was reached.
    found
        The digest of each object.
    """

    def __init__(self, graph: Graph, found: list[bytes]) -> None:
        self.graph = graph
        self.found = found
        self.parts: dict[str, Part] = {}
        self.codes: dict[str, ref[FunctionType | type]] = {}
        self.spots: dict[tuple[int, str], Spot] = {}
        self._plain = self._plain_root()
        self._name()

    def _name(self) -> None:
        """Give every object its label, nearest first."""
        pieces, edges = self.graph.pieces, self.graph.edges
        seen = {0}
        met: set[tuple[int, str, int]] = set()
        queue = deque([0])
        self._label(0, "")
        while queue:
            here = queue.popleft()
            piece = pieces[here]
            for name, child in zip(piece.names or repeat(""), edges[here], strict=False):
                is_code = pieces[child].kind in _CODE
                if child not in seen:
                    seen.add(child)
                    if edges[child]:
                        queue.append(child)
                elif is_code or not name.startswith(_NAMED):
                    continue
                if not is_code and name.startswith("global "):
                    # Functions of one module have their globals in common.
                    use = (self._names_of(here), name, child)
                    if use in met:
                        continue
                    met.add(use)
                label = self._label(child, name, piece.kind)
                if label:
                    self._place(here, name, child, label)
                elif piece.kind == CLASS:
                    self._place_in_class(here, name, child)

    def _names_of(self, number: int) -> int:
        """Return the identity of a function's globals, or of what is no function itself."""
        live = undecorated(self.graph.objects[number])
        return id(live.__globals__ if isinstance(live, FunctionType) else live)

    def _plain_root(self) -> object:
        root = self.graph.objects[0]
        met = set()
        while isinstance(root, FunctionType) and "__wrapped__" in root.__dict__:
            if id(root) in met:
                break
            met.add(id(root))
            root = undecorated(root.__dict__["__wrapped__"])
        return root

    def _label(self, number: int, name: str, inside: str = "") -> str:
        """Add the part of one object, if it is one people know; return the label of data."""
        piece = self.graph.pieces[number]
        value = self.graph.objects[number]
        if piece.kind == FUNCTION:
            if inside != CLASS:
                word = "code of" if value is self._plain or number == 0 else "helper"
                self._add_code(f"{word} {piece.label}", number)
        elif piece.kind == LIBRARY:
            if piece.shown:
                self._add(piece.label, Part(node(piece.shown.encode()).hex(), piece.shown))
            if name.startswith(_NAMED):
                words = _library_words(value)
                self._add(name, Part(node(words.encode()).hex(), words))
        elif piece.kind == CLASS:
            self._add_code(f"class {piece.label}", number)
        elif piece.kind != MODULE and (number == 0 or name.startswith(_NAMED)):
            if type(value) is not Ignored:
                return self._add(name or "callable", Part(self.found[number].hex(), _shown(value)))
        elif name == "default":
            self._add("defaults", Part(self.found[number].hex(), describe(value)))
        return ""

    def _add_code(self, label: str, number: int) -> None:
        label = self._add(label, Part(self._own(number)))
        if label not in self.codes:
            live = undecorated(self.graph.objects[number])
            if isinstance(live, _LIVE):
                self.codes[label] = ref(live)

    def _add(self, label: str, part: Part) -> str:
        free, count = label, 1
        while (known := self.parts.setdefault(free, part)) is not part and known != part:
            count += 1
            free = f"{label} ({count})"
        return free

    def _place(self, here: int, words: str, child: int, label: str) -> None:
        """Remember where data that has a label lives."""
        if not self._is_data(child):
            return
        found = _home(self.graph.objects[here], *words.partition(" ")[::2])
        if found is not None:
            self._spot(label, *found)

    def _place_in_class(self, here: int, name: str, child: int) -> None:
        cls = self.graph.objects[here]
        if isinstance(cls, type) and name in vars(cls) and self._is_data(child):
            self._spot(f"class {cls.__name__}.{name}", cls, "attribute", name)

    def _spot(self, label: str, holder: Holder, kind: _Kind, name: str) -> None:
        if isinstance(holder, ModuleType) and owner(holder.__name__) is not None:
            return
        space: object = holder
        if isinstance(holder, ModuleType):
            space = vars(holder)
        elif isinstance(holder, FunctionType) and kind == "global":
            space = holder.__globals__
        self.spots.setdefault((id(space), name), Spot(label, ref(holder), kind, name))

    def _is_data(self, number: int) -> bool:
        kind, value = self.graph.pieces[number].kind, self.graph.objects[number]
        return kind in {DATA, OBJECT} and not isinstance(value, _WRAPPERS)

    def _own(self, number: int, depth: int = 0) -> str:
        """Return the digest of a function or class itself, not of what it calls."""
        piece, value = self.graph.pieces[number], self.graph.objects[number]
        if isinstance(value, FunctionType):
            form = normal(value.__code__)
            # Names that change places are an edit of the text, though each is what it was.
            words = "\0".join([*form.frees, *dict(form.uses)])
            own = node(form.digest, words.encode("utf-8", "surrogatepass"))
            if piece.names[:1] != ["default"]:
                return own.hex()
            names, below = ["default"], [own]
        elif piece.kind == CLASS:
            names, below = list(piece.names), [piece.local]
        else:
            return self.found[number].hex()
        if depth > 2:
            return node(piece.local).hex()
        for at, child in enumerate(self.graph.edges[number]):
            if piece.names[at] in names:
                below.append(bytes.fromhex(self._member(child, depth)))
        return node(b"own", b"".join(node(one) for one in below)).hex()

    def _member(self, number: int, depth: int) -> str:
        """Return the digest of one member of a class: a method counts by its own code."""
        piece = self.graph.pieces[number]
        if piece.kind == FUNCTION:
            return self._own(number, depth + 1)
        if piece.kind in {CLASS, MODULE}:
            return node(piece.label.encode()).hex()
        inner = self.graph.edges[number]
        if inner and any(self.graph.pieces[one].kind == FUNCTION for one in inner):
            return node(
                piece.local, b"".join(bytes.fromhex(self._member(one, depth + 1)) for one in inner)
            ).hex()
        return self.found[number].hex()


def _home(parent: object, sort: str, name: str) -> tuple[Holder, _Kind, str] | None:
    """Return who has what ``parent`` reaches by a name: ``cfg``, or ``module.cfg``."""
    if isinstance(parent, ModuleType):
        return parent, "attribute", name
    function = undecorated(parent)
    if not isinstance(function, FunctionType):
        return None
    if sort == "closure":
        return function, "closure", name
    first, *rest = name.split(".")
    if first not in function.__globals__:
        return None
    if not rest:
        return function, "global", first
    holder: object = function.__globals__[first]
    for attribute in rest[:-1]:
        holder = vars(holder).get(attribute) if isinstance(holder, _OPEN) else None
    return (holder, "attribute", rest[-1]) if isinstance(holder, _OPEN) else None


_OPEN: Final = (ModuleType, FunctionType)
"""Types whose attributes are followed by name."""


def _library_words(value: object) -> str:
    """Return the name of something of Python's own."""
    if isinstance(value, Named):
        return f"{value.module}.{value.name}".rstrip(".")
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", "")
    home = getattr(value, "__module__", None) or ""
    return f"{home}.{name}".removeprefix("builtins.").strip(".")


def _shown(value: object) -> str:
    if isinstance(value, Absent):
        return "not there"
    return f"task {value.name}" if isinstance(value, TaskName) else describe(value)
