"""Makes the job of a node that is ready: its work, packed where it must cross a process."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace

from checkpoint_nb.freight import loaded
from checkpoint_nb.job import Job, run_job, run_packed
from checkpoint_nb.observing.hook import concerned
from checkpoint_nb.parcels import at_home, parcel
from checkpoint_nb.spool import Spools
from checkpoint_nb.stores.interface import Objects, Stored
from checkpoint_nb.surroundings import Surroundings
from checkpoint_nb.work import Node, Recipe

_HERE_INSTEAD = (
    "Make the object inside the cell, or let the cell run in the kernel itself: "
    "%%checkpoint --here (with --ignore NAME, if what it holds does not count)."
)


def job_of(
    node: Node,
    recipe: Recipe,
    upstream: tuple[Stored, ...],
    objects: Objects,
    surroundings: Surroundings | None,
    spools: Spools | None = None,
) -> tuple[Callable[[object], object], object]:
    """Return what a slot has to call, and with what.

    Parameters
    ----------
    surroundings
        What a worker process must take over; ``None`` when the work stays in this process.
    spools
        Where work writes what it shows, prints and reports while it runs.

    Raises
    ------
    ArgumentError
        When the work cannot be sent.
    """
    live = "" if spools is None else spools.path(node.id)
    spool = live if node.kind == "cell" else ""
    if surroundings is None:
        work, level = at_home(recipe), node.compress_level
        asking = concerned()
        return run_job, Job(work, upstream, objects, level, None, asking, spool=spool, live=live)
    from checkpoint_nb.travel import MAKE_IT_THERE, packed

    hint = _HERE_INSTEAD if node.kind == "cell" else MAKE_IT_THERE
    buffers: list[pickle.PickleBuffer] = []
    apart = None if spools is None else buffers.append
    call = packed(node.label, parcel(recipe), hint, apart)
    job = Job(call, upstream, objects, node.compress_level, surroundings, spool=spool, live=live)
    if spools is not None and buffers:
        size = sum(buffer.raw().nbytes for buffer in buffers)
        job = replace(job, freight=loaded(buffers, spools.hold(node.id, size)))
    return run_packed, pickle.dumps(job)
