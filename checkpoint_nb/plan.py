"""Fresh, stale or pending, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from checkpoint_nb.errors import DeclarationError
from checkpoint_nb.explaining import why
from checkpoint_nb.fingerprint import Key, recipe_key
from checkpoint_nb.graph import Graph
from checkpoint_nb.observing.content import edited
from checkpoint_nb.parts import HIDDEN, Part
from checkpoint_nb.states import State
from checkpoint_nb.stores.interface import Record, Store, Stored


@dataclass(slots=True)
class Decision:
    """What was decided of one node.

    Parameters
    ----------
    state
        Fresh, stale or pending.
    reason
        Why, in words; empty for a fresh node.
    key
        Recipe key; ``None`` while something upstream is undecided, or without a fingerprint.
    record
        The stored record of a fresh node.
    before
        The last record of the same node, whatever it depended on then.
    expected
        Seconds it took when it last ran, 0.0 where it never did.
    """

    state: State
    reason: str = ""
    key: Key | None = None
    record: Record | None = None
    before: Record | None = None
    expected: float = 0.0


@dataclass(frozen=True)
class Plan:
    """What must run, and why.

    Parameters
    ----------
    graph
        What was planned.
    decisions
        In the order of ``graph.nodes``.
    recorded
        Names of the tasks left of which the store has any record.
    """

    graph: Graph
    decisions: Sequence[Decision]
    recorded: Collection[str]
    left: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        left = (n for n, d in enumerate(self.decisions) if d.state is not State.FRESH)
        object.__setattr__(self, "left", tuple(left))

    def stats(self) -> dict[str, int]:
        """Task name to nodes left after trimming."""
        return dict(Counter(self.graph.nodes[number].task for number in self.left))

    def generations(self) -> Iterator[dict[str, list[str]]]:
        """What is left, by task name, before each step of the work."""
        depth: dict[int, int] = {}
        for number in self.left:
            above = [depth[n] for n in self.graph.upstream[number] if n in depth]
            depth[number] = 1 + max(above, default=-1)
        for step in range(max(depth.values(), default=-1) + 1):
            names: dict[str, list[str]] = {}
            for number in self.left:
                if depth[number] >= step:
                    node = self.graph.nodes[number]
                    names.setdefault(node.task, []).append(node.label)
            yield names

    @property
    def saved(self) -> float:
        """Seconds of earlier work in the fresh nodes."""
        return sum(d.record.seconds for d in self.decisions if d.record is not None)


def results_of(graph: Graph, number: int, outputs: Callable[[int], Record]) -> list[Stored]:
    """Return what node ``number`` reads of others, in the order of its recipe."""
    return [
        outputs(above).outputs[edge.output]
        for above, edge in zip(graph.upstream[number], graph.recipes[number].upstream, strict=True)
    ]


def key_of(graph: Graph, number: int, outputs: Callable[[int], Record]) -> Key | None:
    """Return the recipe key of node ``number``, given the records of all it reads.

    Looks at its declared files now; raises DeclarationError when one is not there.
    """
    recipe, node = graph.recipes[number], graph.nodes[number]
    if recipe.code is None or recipe.uncacheable:
        return None
    read = list(zip(recipe.upstream, results_of(graph, number, outputs), strict=True))
    if node.kind == "function":
        upstream = [(edge.node.task, stored.digest) for edge, stored in read]
        return recipe_key(node.task, recipe.code, recipe.inputs, upstream, recipe.extras())
    # A cell is what it says, whatever it is called and whoever made what it reads.
    inputs = dict(recipe.inputs)
    for edge, stored in read:
        label = f"input {edge.output}"
        shown = HIDDEN if label in recipe.hidden else stored.shown
        inputs[label] = Part(stored.digest, shown)
    inputs = dict(sorted(inputs.items()))
    return recipe_key("", recipe.code, inputs, (), recipe.extras())


def make_plan(
    graph: Graph,
    store: Store,
    *,
    forced: Collection[str] = (),
    cleared: Collection[str] = (),
    damaged: Collection[str] = (),
    verify: bool = False,
) -> Plan:
    """Compare ``graph`` with ``store``: one bulk read for each level of nodes.

    Parameters
    ----------
    forced
        Ids of nodes to run whatever the store has.
    cleared
        Ids of nodes somebody cleared, to give that as the reason.
    damaged
        Keys of records that were found damaged; a store may add to it while it is asked.
    verify
        Read every payload of every fresh node to its last byte, not only its presence.
    """
    decisions = [Decision(State.PENDING) for _ in graph.nodes]
    read = _outputs_read(graph)
    for level in _levels(graph):
        ready = [n for n in level if _settled(graph, decisions, n)]
        for number in ready:
            try:
                decisions[number].key = key_of(graph, number, lambda n: _record(decisions, n))
            except DeclarationError as error:
                decisions[number].reason = error.headline.rstrip(".")
        keys = [key.digest for n in ready if (key := decisions[n].key) is not None]
        known = store.lookup(keys) if keys else {}
        for number in ready:
            _decide(graph, store, decisions[number], number, known, forced, verify)
            _require_outputs(decisions[number], read[number])
    for decision, node in zip(decisions, graph.nodes, strict=True):
        if decision.state is State.PENDING and node.id in forced:
            decision.state, decision.reason = State.STALE, why.FORCED
    recorded = _give_reasons(graph, store, decisions, cleared, damaged)
    return Plan(graph, decisions, recorded)


def _levels(graph: Graph) -> list[list[int]]:
    depth = [0] * len(graph)
    levels: list[list[int]] = []
    for number, needed in enumerate(graph.upstream):
        depth[number] = 1 + max((depth[above] for above in needed), default=-1)
        while len(levels) <= depth[number]:
            levels.append([])
        levels[depth[number]].append(number)
    return levels


def _settled(graph: Graph, decisions: list[Decision], number: int) -> bool:
    return all(decisions[above].record is not None for above in graph.upstream[number])


def _record(decisions: list[Decision], number: int) -> Record:
    record = decisions[number].record
    assert record is not None, "asked for the record of a node that is not fresh"
    return record


def _decide(
    graph: Graph,
    store: Store,
    decision: Decision,
    number: int,
    known: dict[str, Record],
    forced: Collection[str],
    verify: bool,
) -> None:
    decision.state = State.STALE
    recipe = graph.recipes[number]
    if decision.key is None:
        decision.reason = decision.reason or f"cannot be cached: {recipe.uncacheable}"
        return
    if graph.nodes[number].id in forced:
        decision.reason = why.FORCED
        return
    record = known.get(decision.key.digest)
    if record is None:
        return
    there = store.objects.intact if verify else store.objects.holds
    if not all(there(stored) for stored in record.outputs.values()):
        decision.reason = why.DAMAGED if verify else why.MISSING
    elif other := edited(record.observed, recipe.conditions):
        decision.reason = other
    else:
        decision.state, decision.record = State.FRESH, record


def _outputs_read(graph: Graph) -> list[set[str]]:
    read: list[set[str]] = [set() for _ in graph.nodes]
    for needed, recipe in zip(graph.upstream, graph.recipes, strict=True):
        for above, edge in zip(needed, recipe.upstream, strict=True):
            read[above].add(edge.output)
    return read


def _require_outputs(decision: Decision, read: set[str]) -> None:
    if decision.record is not None and not read <= decision.record.outputs.keys():
        missing = ", ".join(sorted(read - decision.record.outputs.keys()))
        decision.state, decision.record = State.STALE, None
        decision.reason = f"{missing} was not kept"


def _give_reasons(
    graph: Graph,
    store: Store,
    decisions: list[Decision],
    cleared: Collection[str],
    damaged: Collection[str],
) -> Collection[str]:
    """Say why each node is as it is; return the tasks of which there was a record."""
    tasks = {graph.nodes[n].task for n, d in enumerate(decisions) if d.state is not State.FRESH}
    last = _last_records(store, tasks)
    for number, decision in enumerate(decisions):
        node = graph.nodes[number]
        before = decision.record or last.get(node.id)
        if before is not None:
            decision.before, decision.expected = before, before.seconds
        if decision.state is State.PENDING:
            waits = [
                graph.nodes[above].label
                for above in dict.fromkeys(graph.upstream[number])
                if decisions[above].state is not State.FRESH
            ]
            more = f" and {len(waits) - 1} more" if len(waits) > 1 else ""
            decision.reason = f"waits for {waits[0]}{more}"
        elif decision.state is State.STALE and not decision.reason:
            found_damaged = decision.key is not None and decision.key.digest in damaged
            decision.reason = (
                why.DAMAGED
                if found_damaged
                else _own_reason(node.id, decision.key, before, cleared)
            )
    return {record.task for record in last.values()}


def _own_reason(node: str, key: Key | None, before: Record | None, cleared: Collection[str]) -> str:
    if node in cleared:
        return why.CLEARED
    if before is None or key is None:
        return why.NEVER_RAN
    return "; ".join(why.differences(before.parts, key.parts)) or why.ANOTHER_KEY


def _last_records(store: Store, tasks: Collection[str]) -> dict[str, Record]:
    last: dict[str, Record] = {}
    for task in tasks:
        for record in store.records(task):
            last.setdefault(record.node, record)
    return last
