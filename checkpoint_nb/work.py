"""What a node is, whoever declared it: a function's call or a cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from checkpoint_nb.fingerprint import Fingerprint, Place
from checkpoint_nb.parts import Part
from checkpoint_nb.settings import RandomState

RETURNED = ""
"""Name of the one output of a function."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """Stands for the result of the dependency number ``index`` until the work is called."""

    index: int


EFFECTS = "=effects"
"""Name of the output that says what work did beside giving results."""
HELD = "held__"
"""Name of the output that has what functions and classes of the notebook hold since."""


class Unfinished(BaseException):
    """Work that raised, with the outputs it had by then.

    Parameters
    ----------
    error
        What it raised.
    left
        Its outputs, by name.
    """

    def __init__(self, error: BaseException, left: Mapping[str, object]) -> None:
        super().__init__()
        self.error = error
        self.left = left


@dataclass(frozen=True, slots=True)
class Call:
    """Work to do: ``function(*args, **kwargs)``, with :class:`Upstream` where results go.

    Parameters
    ----------
    outputs
        ``False``: the value returned is the one output. Otherwise the function returns a mapping
        and each of its items is an output of its own.
    names
        What ``__main__`` must hold in a worker before results are loaded and while the work runs:
        the classes of the notebook, so that an instance loaded there is an instance of them.
    given
        Arguments that the caller still holds, by name: changed in place, that would be lost.
    watched
        Where the data lives that the work reads beside its arguments.
    """

    function: Callable[..., object]
    args: tuple[object, ...] = ()
    kwargs: Mapping[str, object] = field(default_factory=dict)
    outputs: bool = False
    names: Mapping[str, object] = field(default_factory=dict)
    given: Mapping[str, object] = field(default_factory=dict)
    watched: tuple[Place, ...] = ()


Codes = dict[object, tuple[Fingerprint | None, str]]
"""Fingerprint of a task's code, or why there is none, by task."""


class Node(Protocol):
    """One call of one task: what the graph, the plan and the scheduler know of it."""

    @property
    def id(self) -> str:
        """Identity, hex: the task's name and the arguments, not the code."""

    @property
    def label(self) -> str:
        """What people read."""

    @property
    def task(self) -> str:
        """Name of the task."""

    @property
    def kind(self) -> str:
        """``"function"`` or ``"cell"``."""

    @property
    def compress_level(self) -> int:
        """How hard results are compressed: 0 none, -1 the codec's default, 1-9."""

    @property
    def max_concurrency(self) -> int | None:
        """At most so many nodes of the task at once; ``None``: no limit."""

    def recipe(self, codes: Codes) -> Recipe:
        """What the node depends on as things are now. Runs a builder's own code.

        Parameters
        ----------
        codes
            Fingerprints already taken while this graph is built, by task; one more may be added.
        """


@dataclass(frozen=True, slots=True)
class Dependency:
    """One output of one node that another node reads."""

    node: Node
    output: str = RETURNED


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a node depends on and what it does.

    Parameters
    ----------
    code
        Fingerprint of the code and all it reaches; ``None`` when something has none.
    inputs
        The bound arguments or the values read, by label.
    upstream
        What it reads of other nodes, in the order of ``Upstream.index``.
    call
        The work.
    uncacheable
        Why the result cannot be kept; ``""`` when it can.
    unchanged
        Called when the work is packed and ready to go: raises DeclarationError if its code or an
        input is by now another than the key was made of.
    extras
        Gives the declared extras by label, as they are when it is called: files may be written by
        what is upstream. Raises DeclarationError when one is not there.
    values
        The live values behind ``inputs``, by the same labels, where they can be looked at.
    hidden
        Labels of what must not be shown.
    remarks
        Why an input is not what it might be taken for, by label: another cell changed it.
    here
        The work must run in the notebook's own thread.
    conditions
        What else the work may hang on, by marked name, with the digest it had when the node took
        its inputs; a record says which of these it did hang on.
    random
        Where the random generators were then; ``None``: wherever they are.
    """

    code: Fingerprint | None
    inputs: Mapping[str, Part]
    upstream: tuple[Dependency, ...]
    call: Call
    uncacheable: str = ""
    unchanged: Callable[[], None] = lambda: None
    extras: Callable[[], Mapping[str, Part]] = dict
    values: Mapping[str, object] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    remarks: Mapping[str, str] = field(default_factory=dict)
    here: bool = False
    conditions: Mapping[str, str] = field(default_factory=dict)
    random: RandomState | None = None


class Results(Protocol):
    """Results of what a node depends on, by number."""

    def __getitem__(self, number: int, /) -> object:
        """Return one result."""


@dataclass(frozen=True, slots=True)
class Template:
    """A list, tuple or dict with :class:`Upstream` or further templates inside."""

    container: list[object] | tuple[object, ...] | dict[object, object]


def fill(template: object, results: Results) -> object:
    """Return ``template`` with each :class:`Upstream` replaced by its result.

    Only a :class:`Template` is looked into: the user's own values pass as they are.

    Examples
    --------
    >>> fill(Template([1, Template((Upstream(0),))]), ["a"])
    [1, ('a',)]
    """
    if isinstance(template, Upstream):
        return results[template.index]
    if not isinstance(template, Template):
        return template
    container = template.container
    if isinstance(container, dict):
        return {name: fill(item, results) for name, item in container.items()}
    filled = [fill(item, results) for item in container]
    return tuple(filled) if isinstance(container, tuple) else filled
