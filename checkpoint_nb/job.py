"""What a slot does for one node: load upstream, call, catch what it prints, store."""

from __future__ import annotations

import pickle
import time
import traceback
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field

from checkpoint_nb.capture import Log, captured
from checkpoint_nb.errors import DamagedEntry, FingerprintError, MissingEntry, StoreError
from checkpoint_nb.fingerprint import describe, digest, register_all
from checkpoint_nb.mutation import Watch
from checkpoint_nb.observing.content import VARIABLE, digests_of
from checkpoint_nb.observing.environ import variables_read
from checkpoint_nb.observing.watch import observed
from checkpoint_nb.parcels import Parcel
from checkpoint_nb.stores.interface import Objects, Stored
from checkpoint_nb.surroundings import Surroundings, as_in_the_notebook
from checkpoint_nb.work import RETURNED, Call, fill


@dataclass(frozen=True, slots=True)
class Job:
    """One node's work, ready to go.

    Parameters
    ----------
    call
        The work: a pickled :class:`Parcel` where it must cross a process, live where it need not.
    upstream
        What ``Upstream`` numbers stand for.
    objects
        Where payloads are read and written.
    surroundings
        What the worker must take over; ``None`` where the job runs in the kernel.
    """

    call: bytes | Call
    upstream: tuple[Stored, ...]
    objects: Objects
    compress_level: int
    surroundings: Surroundings | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """The work is done and its outputs are stored.

    Parameters
    ----------
    unkept
        Outputs that could not be stored, and why.
    changed
        Labels of what the work changed in place: ``argument basket``, ``global log``.
    observed
        Files and folders that it read though nothing declares them, with the digest of each.
    asked
        Hosts it asked and programs it started, in words.
    """

    outputs: Mapping[str, Stored]
    unkept: Mapping[str, str]
    seconds: float
    log: str
    changed: tuple[str, ...] = ()
    observed: Mapping[str, str] = field(default_factory=dict)
    asked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """The work raised: everything as text, and the exception pickled if it survives that."""

    kind: str
    message: str
    traceback: str
    pickled: bytes
    seconds: float
    log: str


@dataclass(frozen=True, slots=True)
class UpstreamLost:
    """A payload to be read was missing or damaged; ``digest`` names it."""

    digest: str
    why: str


_Read = tuple[dict[str, str], tuple[str, ...]]
"""What was read, by name, with a digest each; and in words, whom it asked."""

Answer = Finished | Failed | UpstreamLost


def run_packed(payload: object) -> object:
    """Run a pickled :class:`Job` and pickle the :class:`Answer`: only bytes cross a process."""
    assert isinstance(payload, bytes)
    job: Job = pickle.loads(payload)
    return pickle.dumps(run_job(job))


def run_job(payload: object) -> Answer:
    """Run a :class:`Job`; never raises."""
    assert isinstance(payload, Job)
    log = Log()
    started = time.perf_counter()
    around = payload.surroundings
    try:
        with captured() if around is not None else nullcontext(log) as log:
            if around is not None:
                around.enter()
            parcel = _unpacked(payload.call)
            call = parcel.call
            register_all(parcel.chosen)
            for function, names in parcel.globals:
                function.__globals__.update(names)
            with nullcontext() if around is None else as_in_the_notebook(call, parcel.modules):
                results = _Results(payload)
                watch = Watch(call.given, call.watched)
                started = time.perf_counter()
                value, seen = _watched(payload, parcel, results)
                seconds = time.perf_counter() - started
                changed = watch.changed()
                outputs, unkept = _kept(payload, call, value)
        return Finished(outputs, unkept, seconds, log.text, changed, *seen)
    except (DamagedEntry, MissingEntry) as error:
        return UpstreamLost(error.facts.get("result", ""), error.headline)
    except BaseException as error:  # noqa: BLE001 - SystemExit too is the task's own failure
        return _failed(error, time.perf_counter() - started, log.text)


def _unpacked(call: bytes | Call) -> Parcel:
    if isinstance(call, Call):
        return Parcel(call)
    loaded: Parcel = pickle.loads(call)
    return loaded


class _Results:
    """Results by number; each one handed out a second time is loaded anew, as its own copy."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._first = {n: job.objects.get(stored) for n, stored in enumerate(job.upstream)}

    def __getitem__(self, number: int) -> object:
        if number in self._first:
            return self._first.pop(number)
        return self._job.objects.get(self._job.upstream[number])


def _watched(job: Job, parcel: Parcel, results: _Results) -> tuple[object, _Read]:
    """Do the work, and say what it was seen to read; in the kernel nothing is watched."""
    if job.surroundings is None:
        return _called(parcel.call, results), ({}, ())
    began = time.time()
    with observed(ignore=job.objects.folders) as seen, variables_read() as variables:
        value = _called(parcel.call, results)
    paths = (*seen.files, *seen.folders)
    read = digests_of(paths, seen.unsettled, parcel.named, began)
    read |= {f"{VARIABLE}{name}": found for name, found in variables.items()}
    words = [f"the network ({host})" for host in seen.network]
    words += [f"another program ({name})" for name in seen.programs]
    words += [f"{more:,} {kind} beyond what can be watched" for kind, more in seen.more.items()]
    return value, (read, tuple(words))


def _called(call: Call, results: _Results) -> object:
    args = [fill(argument, results) for argument in call.args]
    kwargs = {name: fill(argument, results) for name, argument in call.kwargs.items()}
    return call.function(*args, **kwargs)


def _kept(job: Job, call: Call, value: object) -> tuple[dict[str, Stored], dict[str, str]]:
    if not call.outputs:
        return {RETURNED: _stored(job, value)}, {}
    assert isinstance(value, Mapping)
    outputs: dict[str, Stored] = {}
    unkept: dict[str, str] = {}
    for name, output in value.items():
        try:
            outputs[name] = _stored(job, output)
        except StoreError as error:
            unkept[name] = str(error.facts.get("reason", error.headline))
    return outputs, unkept


def _stored(job: Job, value: object) -> Stored:
    try:
        name = digest(value)
    except FingerprintError:
        name = _name_by_pickle(value)
    return job.objects.put(value, name, describe(value), job.compress_level)


def _name_by_pickle(value: object) -> str:
    """Name a value that cannot be compared by content: at worst a needless miss downstream."""
    import cloudpickle

    try:
        return digest(cloudpickle.dumps(value))
    except Exception:  # noqa: BLE001 - storing it will fail too, and say what refused
        return digest("cannot be pickled")


def _failed(error: BaseException, seconds: float, log: str) -> Failed:
    own = error.__traceback__
    while own is not None and _is_ours(own.tb_frame.f_globals.get("__name__")):
        own = own.tb_next
    text = "".join(traceback.format_exception(type(error), error, own))
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - an exception may break in its own __str__
        message = "(its message cannot be shown)"
    return Failed(
        type(error).__name__, message[:4096], text[-65536:], _pickled(error), seconds, log
    )


def _is_ours(module: object) -> bool:
    return isinstance(module, str) and module.startswith("checkpoint_nb.")


def refused(error: Exception) -> Failed:
    """Tell as an answer that the work could not even be sent."""
    return Failed(type(error).__name__, str(error), "", _pickled(error), 0.0, "")


def _pickled(error: BaseException) -> bytes:
    import cloudpickle

    try:
        pickled: bytes = cloudpickle.dumps(error.with_traceback(None))
        pickle.loads(pickled)
    except Exception:  # noqa: BLE001 - what does not survive here would not survive there
        return b""
    return pickled
