"""Large inputs go to a worker beside the work, not with it."""

from __future__ import annotations

import pickle

import numpy as np

from checkpoint_nb import checkpoint, configure
from checkpoint_nb.freight import unloaded
from checkpoint_nb.job import Job
from checkpoint_nb.parcels import Parcel
from checkpoint_nb.sending import job_of
from checkpoint_nb.spool import Spools
from checkpoint_nb.stores.memory import MemoryStore
from checkpoint_nb.surroundings import Surroundings
from checkpoint_nb.work import Call, Recipe


class Node:
    label, kind, compress_level, id = "total", "function", 0, "n1"


def sent(value) -> tuple[bytes, Job]:
    """What goes down the pipe for a task with one argument, and the job in it."""
    recipe = Recipe(code=None, inputs={}, upstream=(), call=Call(len, (value,)))
    objects = MemoryStore().objects
    sent.spools = Spools()  # its folders live as long as it does
    _, payload = job_of(Node, recipe, (), objects, Surroundings.here(), sent.spools)
    return payload, pickle.loads(payload)


def test_a_large_array_does_not_go_down_the_pipe():
    """What is sent stays small however large the array is, and the array arrives whole."""
    array = np.arange(2_000_000)
    payload, job = sent([array, "small"])
    assert len(payload) < array.nbytes / 100
    parcel: Parcel = pickle.loads(job.call, buffers=unloaded(job.freight))
    (arrived, small), *_ = parcel.call.args
    assert np.array_equal(arrived, array)
    assert small == "small"
    arrived[0] = 7
    assert array[0] == 0


def test_small_values_have_no_file():
    """A file for every few bytes would cost more than it saves."""
    _, job = sent(np.arange(10))
    assert job.freight.sizes == ()


def test_a_task_may_write_to_a_large_argument(tmp_path):
    """It works on a copy of its own, as with a small one."""
    configure(cache_dir=tmp_path, slots=1)

    @checkpoint
    def doubled(array):
        array *= 2
        return int(array.sum())

    array = np.ones(1_000_000, dtype=int)
    assert doubled(array).run() == 2_000_000
    assert array.sum() == 1_000_000
