"""Why one node of a plan is as it is, in lines for people: a diff, or what it was matched on."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final

from checkpoint_nb.explaining import why
from checkpoint_nb.explaining.details import details_of
from checkpoint_nb.explaining.matched import matched
from checkpoint_nb.fingerprint import Key
from checkpoint_nb.observing.content import in_words
from checkpoint_nb.parts import Part
from checkpoint_nb.plan import Plan
from checkpoint_nb.states import State
from checkpoint_nb.stores.interface import Record, Store

_MOST_CANDIDATES: Final = 500
_MOST_UPSTREAM: Final = 5


def reasons(plan: Plan, number: int, store: Store) -> list[str]:
    """Return the lines: a headline with the state, then what is behind it, indented.

    Parameters
    ----------
    number
        Of the node in the plan.
    store
        Where earlier computations, and texts about their parts, are.
    """
    remarks = plan.graph.recipes[number].remarks
    return [*_reasons(plan, number, store), *(f"    {k}: {said}" for k, said in remarks.items())]


def _reasons(plan: Plan, number: int, store: Store) -> list[str]:
    node, decision = plan.graph.nodes[number], plan.decisions[number]
    if decision.record is not None:
        return _fresh(plan, number, decision.record)
    if decision.state is State.PENDING:
        lines = [f"{node.label} is pending: {decision.reason}"]
        above = [n for n in _above(plan, number) if plan.decisions[n].state is State.STALE]
        for stale in above[:_MOST_UPSTREAM]:
            lines += _indented(_stale(plan, stale, store))
        if len(above) > _MOST_UPSTREAM:
            lines.append(f"    and {len(above) - _MOST_UPSTREAM} more are stale")
        return lines
    return _stale(plan, number, store)


def _fresh(plan: Plan, number: int, record: Record) -> list[str]:
    label, recipe = plan.graph.nodes[number].label, plan.graph.recipes[number]
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.created))
    lines = [f"{label} is fresh: computed {when} in {record.seconds:.2f} s, matched on"]
    lines += _indented(matched(record))
    lines += [f"    {words}, and the same" for words in in_words(record.observed)]
    if recipe.code is not None and recipe.code.unseen:
        lines.append(f"    not seen: {', '.join(recipe.code.unseen)}")
    return lines


def _stale(plan: Plan, number: int, store: Store) -> list[str]:
    node, decision = plan.graph.nodes[number], plan.decisions[number]
    headline = f"{node.label} is stale: {decision.reason}"
    key = decision.key
    if key is None or (decision.before is None) != (decision.reason == why.NEVER_RAN):
        return [headline]
    mine = details_of(plan.graph.recipes[number])
    if decision.before is None:
        candidates = list(islice(store.records(node.task), _MOST_CANDIDATES))
        closest = why.nearest(key.parts, candidates)
        texts = _texts(store, [] if closest is None else [closest.parts], key) | mine
        told = why.never_ran(key.parts, [] if closest is None else [closest], texts)
        return [f"{node.label} is stale: {told[0]}", *told[1:]]
    if decision.before.key == key.digest:
        return [headline]
    before = decision.before.parts
    told = why.explain(before, key.parts, _texts(store, [before], key) | mine)
    if not told:
        return [headline]
    if len(told) == 1 or not any(not line.startswith(" ") for line in told[1:]):
        return [f"{node.label} is stale: {told[0]}", *told[1:]]
    return [f"{node.label} is stale:", *_indented(told)]


def _texts(store: Store, parts: Iterable[Mapping[str, Part]], key: Key) -> dict[str, str]:
    every = [part.digest for one in (*parts, key.parts) for part in one.values()]
    return store.details(every)


def _above(plan: Plan, number: int) -> list[int]:
    """Return every node that ``number`` waits for, nearest last."""
    found: set[int] = set()
    todo = [number]
    while todo:
        new = [n for n in plan.graph.upstream[todo.pop()] if n not in found]
        found.update(new)
        todo += new
    return sorted(found)


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]
