"""Makes the job of a node that is ready: its work, packed where it must cross a process."""

from __future__ import annotations

import pickle
from collections.abc import Callable

from checkpoint_nb.job import Job, run_job, run_packed
from checkpoint_nb.parcels import parcel
from checkpoint_nb.stores.interface import Objects, Stored
from checkpoint_nb.surroundings import Surroundings
from checkpoint_nb.work import Node, Recipe


def job_of(
    node: Node,
    recipe: Recipe,
    upstream: tuple[Stored, ...],
    objects: Objects,
    surroundings: Surroundings | None,
) -> tuple[Callable[[object], object], object]:
    """Return what a slot has to call, and with what.

    Parameters
    ----------
    surroundings
        What a worker process must take over; ``None`` when the work stays in this process.

    Raises
    ------
    ArgumentError
        When the work cannot be sent.
    """
    if surroundings is None:
        return run_job, Job(recipe.call, upstream, objects, node.compress_level)
    from checkpoint_nb.travel import packed

    call = packed(node.label, parcel(recipe))
    job = Job(call, upstream, objects, node.compress_level, surroundings)
    return run_packed, pickle.dumps(job)
