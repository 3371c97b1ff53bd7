"""Brings results of cells into the notebook's names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Final, cast

from checkpoint_nb.job import UNKEPT
from checkpoint_nb.notebook.cell import Cell
from checkpoint_nb.notebook.cellrun import EFFECTS, RESULT, SHOWN, Message
from checkpoint_nb.notebook.cells import Cells
from checkpoint_nb.notebook.held import Path, hold
from checkpoint_nb.notebook.owed import Running, Stays, Unkept
from checkpoint_nb.notebook.replay import LastValue, replace_result
from checkpoint_nb.run import Run
from checkpoint_nb.session import Session
from checkpoint_nb.settings import apply, count_on, go_on, show_figures
from checkpoint_nb.stores.interface import Record
from checkpoint_nb.work import HELD

BIG: Final = 16 * 2**20
"""Bytes from which on a result is loaded only when a cell names it."""
_HIDDEN: Final = frozenset({SHOWN, RESULT, EFFECTS, UNKEPT})


def bind_outputs(
    session: Session,
    cells: Cells,
    run: Run,
    *,
    asked: bool = True,
    besides: Collection[str] = (),
) -> dict[str, Sequence[Message]]:
    """Bind what the cells of ``run`` left; return what each of the asked-for cells showed.

    A cell upstream that ran again is bound only where the notebook still holds what a checkpointed
    cell had put there: what the user rebound since stays. Without ``asked`` (a button began the
    run, no cell waits for it) that goes for every cell. Of those in ``besides`` nothing is bound.
    """
    shown: dict[str, Sequence[Message]] = {}
    targets = {run.graph.nodes[number].id for number in run.graph.targets} if asked else set()
    for node in run.graph.nodes:
        record = run.record(node.id)
        if not isinstance(node, Cell) or record is None:
            continue
        asked_for = node.id in targets
        if asked_for:
            shown[node.id] = messages(session, record)
            cells.lasting.note(_settings(session, record))
        if node.id in besides:
            node.settle()
            continue
        wanted = _wanted(cells, node, record, asked_for)
        is_live = node.here and run.ran(node.id)
        before = _to_change(session, cells, record) if asked_for else {}
        bind(session, cells, node, record, wanted, is_live=is_live)
        for name, was in before.items():
            replace_result(was, cells.namespace.get(name, was))
        if not run.stored(node.id):
            # Nobody can take it from the store: it is the notebook's own, like a plain cell's.
            _release(session, cells, wanted)
        if asked_for:
            node.settle()
        if asked_for and not is_live:
            _repeat(session, cells, record)
            _miss(session, cells, node, record)
    return shown


def _wanted(cells: Cells, cell: Cell, record: Record, asked_for: bool) -> list[str]:
    """Return the names to bind: what was stored together is bound together."""
    names = {name: stored for name, stored in record.outputs.items() if name not in _HIDDEN}
    if asked_for:
        return list(names)
    names.pop(HELD, None)
    following = [n for n, stored in names.items() if cells.follows(cell, n, stored.digest)]
    units = {names[name].unit for name in following} - {""}
    return [
        name
        for name, stored in names.items()
        if name in following or (stored.unit in units and cells.follows(cell, name, ""))
    ]


def define(session: Session, cells: Cells, cell: Cell, record: Record) -> None:
    """Make what ``cell`` defines, with those of its results that its definitions read.

    These are what is bound later, too, so that a default is the object that the name holds.
    """
    needed = {name for name in cell.needed_to_define if name in record.outputs}
    units = {record.outputs[name].unit for name in needed} - {""}
    needed |= {n for n, stored in record.outputs.items() if stored.unit in units}
    values = session.store.objects.get_all([record.outputs[name] for name in needed])
    made = dict(zip(needed, values, strict=True))
    cells.namespace.update({name: value for name, value in made.items() if name != HELD})
    cells.loaded = cell, made
    effects = record.outputs.get(EFFECTS)
    did = {} if effects is None else session.store.objects.get(effects)
    # Where modules are looked for is a setting too.
    apply(cast("Mapping[str, Mapping[str, object]]", did).get("settings", {}))
    cell.define(cast("Mapping[str, list[str]]", did).get("made"))


def bind_unfinished(session: Session, cells: Cells, run: Run, cell: Cell) -> None:
    """Bind what ``cell`` left that raised in ``run``: the notebook goes on with it."""
    failures = run.scheduler.failures if run.scheduler is not None else []
    for failure in failures:
        if run.graph.nodes[failure.number].id != cell.id or failure.answer is None:
            continue
        record = Record("", cell.task, cell.id, cell.label, failure.answer.left, {}, 0.0, 0.0)
        if record.outputs:
            define(session, cells, cell, record)
            names = [name for name in record.outputs if name not in _HIDDEN]
            bind(session, cells, cell, record, names)
            _release(session, cells, names)
            _repeat(session, cells, record)


def _release(session: Session, cells: Cells, names: Collection[str]) -> None:
    """Count what ``names`` hold as the notebook's own."""
    load(session, cells, {n: d for n, d in cells.owed.among(names) if isinstance(d, Stays)})
    for name in names:
        cells.release(name)


def bind_awaited(session: Session, cells: Cells, run: Run, cell: Cell) -> list[str]:
    """Bind what a cell left that ran in the background; return names somebody bound meanwhile."""
    record = run.record(cell.id)
    assert record is not None
    awaited = {
        name
        for name in record.outputs
        if isinstance(debt := cells.owed.get(name), Running) and debt.run is run
    }
    others = [n for n in record.outputs if n not in awaited and n in cell.names.outputs]
    bind(session, cells, cell, record, awaited | (record.outputs.keys() & {HELD}))
    cells.lasting.note(_settings(session, record))
    _repeat(session, cells, record)
    _miss(session, cells, cell, record)
    return others


def bind(
    session: Session,
    cells: Cells,
    cell: Cell,
    record: Record,
    names: Collection[str],
    *,
    is_live: bool = False,
) -> None:
    """Bind ``names`` to results of ``cell``: small ones now, big ones when a cell names them.

    What ``is_live`` was made in the notebook itself, and is there.
    """
    now = []
    for name in names:
        stored = record.outputs[name]
        if is_live and name in cells.namespace:
            cells.bind(cell, name, cells.namespace[name], stored)
        elif is_live and name == HELD:
            continue
        elif stored.size < BIG or name == HELD:
            now.append(name)
        else:
            cells.owe(cell, name, stored)
            cells.owed.put(name, Stays(cell, stored))
    loaded = cells.loaded[1] if cells.loaded[0] is cell else {}
    for name in [name for name in now if name in loaded]:
        now.remove(name)
        cells.bind(cell, name, loaded[name], record.outputs[name])
    if loaded:
        cells.loaded = None, {}
    values = session.store.objects.get_all([record.outputs[name] for name in now])
    for name, value in zip(now, values, strict=True):
        if name == HELD:
            held = cast("Mapping[str, Mapping[Path, object]]", value)
            hold(cells.namespace, held)
            cells.held.update((path[0], cells.touches.serial) for path in held["set"])
        else:
            cells.bind(cell, name, value, record.outputs[name])


def load(session: Session, cells: Cells, debts: Mapping[str, Stays]) -> None:
    """Load what was left in the store until a cell names it, and what was stored with it."""
    payloads = {debt.stored.payload for debt in debts.values()}
    wanted = {
        name: debt
        for name, debt in cells.owed.among(None)
        if isinstance(debt, Stays) and debt.stored.payload in payloads
    }
    values = session.store.objects.get_all([debt.stored for debt in wanted.values()])
    for (name, debt), value in zip(wanted.items(), values, strict=True):
        cells.bind(debt.cell, name, value, debt.stored)


def messages(session: Session, record: Record) -> list[Message]:
    """Return what a cell showed, as it is stored."""
    stored = record.outputs.get(SHOWN)
    return [] if stored is None else cast("list[Message]", session.store.objects.get(stored))


def last_value(session: Session, record: Record) -> LastValue | None:
    """Return how to load the value of a cell's last line, where it was stored."""
    stored = record.outputs.get(RESULT)
    if stored is None:
        return None
    return LastValue(partial(session.store.objects.get, stored), is_big=stored.size >= BIG)


def _repeat(session: Session, cells: Cells, record: Record) -> None:
    """Do to the notebook what the cell did beside binding names."""
    stored = record.outputs.get(EFFECTS)
    if stored is None:
        return
    effects = cast("Mapping[str, object]", session.store.objects.get(stored))
    for name in cast("Sequence[str]", effects.get("deleted", ())):
        cells.namespace.pop(name, None)
        cells.owed.settle(name)
    apply(_settings(session, record))
    if effects.get("figures"):
        show_figures()
    drawn = cast("Mapping[str, tuple[str, bytes]]", effects.get("random", {}))
    go_on(drawn)
    count_on(drawn)


def _to_change(session: Session, cells: Cells, record: Record) -> dict[str, object]:
    """Return what names hold that a cell changed in place: what it gives back stands for it."""
    stored = record.outputs.get(EFFECTS)
    effects = {} if stored is None else session.store.objects.get(stored)
    names = cast("Mapping[str, list[str]]", effects).get("changed", ())
    return {name: cells.namespace[name] for name in names if name in cells.namespace}


def _settings(session: Session, record: Record) -> Mapping[str, object]:
    """Return what the cell set."""
    stored = record.outputs.get(EFFECTS)
    effects = {} if stored is None else session.store.objects.get(stored)
    return cast("Mapping[str, Mapping[str, object]]", effects).get("settings", {})


def _miss(session: Session, cells: Cells, cell: Cell, record: Record) -> None:
    """Owe what the cell bound and could not keep."""
    stored = record.outputs.get(UNKEPT)
    if stored is None:
        return
    for name, why in cast("Mapping[str, str]", session.store.objects.get(stored)).items():
        if name in _HIDDEN:
            continue
        cells.owe(cell, name)
        cells.owed.put(name, Unkept(cell, why))
