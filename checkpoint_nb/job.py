"""What a slot does for one node: load upstream, call, catch what it prints, store."""

from __future__ import annotations

import io
import pickle
import time
import traceback
from collections.abc import Collection, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Final

from checkpoint_nb.bars import bars_report
from checkpoint_nb.capture import Log, captured
from checkpoint_nb.errors import DamagedEntry, MissingEntry
from checkpoint_nb.events import UNTIMED, Phases
from checkpoint_nb.fingerprint import register_all
from checkpoint_nb.freight import NO_FREIGHT, Freight, unloaded
from checkpoint_nb.mutation import Watch
from checkpoint_nb.observing.content import (
    ATTRIBUTE,
    RANDOM,
    SETTING,
    VARIABLE,
    as_written,
    digests_of,
)
from checkpoint_nb.observing.hook import aside
from checkpoint_nb.observing.noting import Notes
from checkpoint_nb.observing.watch import observed
from checkpoint_nb.parcels import Parcel
from checkpoint_nb.reporting import PROGRESS, reporting
from checkpoint_nb.settings import digests
from checkpoint_nb.spool import spooled
from checkpoint_nb.stores.interface import Objects, Stored
from checkpoint_nb.storing import store_all, store_one
from checkpoint_nb.surroundings import Surroundings, as_in_the_notebook, notebook_names
from checkpoint_nb.work import EFFECTS, HELD, RETURNED, Call, Unfinished, fill


@dataclass(frozen=True, slots=True)
class Job:
    """One node's work, ready to go.

    Parameters
    ----------
    call
        The work: a :class:`Parcel`, pickled where it must cross a process.
    upstream
        What ``Upstream`` numbers stand for.
    objects
        Where payloads are read and written.
    surroundings
        What the worker must take over; ``None`` where the job runs in the kernel.
    within
        Watches of the tasks that asked for this one, where it runs in their process.
    spool
        Where the work can write what it shows while it runs; ``""``: nowhere.
    freight
        Where the large buffers of ``call`` are.
    live
        How the names of files begin in which it can be followed what the work prints and how far
        it is; ``""``: nobody wants to know.
    """

    call: bytes | Parcel
    upstream: tuple[Stored, ...]
    objects: Objects
    compress_level: int
    surroundings: Surroundings | None = None
    within: tuple[Notes, ...] = ()
    spool: str = ""
    freight: Freight = NO_FREIGHT
    live: str = ""


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
    acts
        It did something to the world that would not be the same done twice.
    """

    outputs: Mapping[str, Stored]
    unkept: Mapping[str, str]
    seconds: float
    log: str
    changed: tuple[str, ...] = ()
    observed: Mapping[str, str] = field(default_factory=dict)
    asked: tuple[str, ...] = ()
    acts: bool = False
    phases: Phases = UNTIMED


@dataclass(frozen=True, slots=True)
class Failed:
    """The work raised: everything as text, and the exception pickled if it survives that.

    Parameters
    ----------
    left
        Outputs that a cell had by then, stored for the notebook to go on with.
    """

    kind: str
    message: str
    traceback: str
    pickled: bytes
    seconds: float
    log: str
    left: Mapping[str, Stored] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UpstreamLost:
    """A payload to be read was missing or damaged; ``digest`` names it."""

    digest: str
    why: str


UNKEPT: Final = "=unkept"
"""Name of the output that says which outputs could not be stored, and why."""
_Read = tuple[dict[str, str], tuple[str, ...], bool]
"""What was read, by name, with a digest each; in words, whom it asked; whether it acted."""

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
        with (
            captured(payload.live) if around is not None else nullcontext(log) as log,
            aside(),
            spooled(payload.spool),
            reporting(payload.live and payload.live + PROGRESS),
        ):
            if around is None:
                done = _done(payload, _unpacked(payload))
            else:
                bars_report()
                around.enter()
                with notebook_names() as names:
                    parcel = _unpacked(payload)
                    with as_in_the_notebook(names, parcel.call, parcel.modules):
                        done = _done(payload, parcel)
        loading = time.perf_counter() - started - done.phases.total
        return replace(done, log=log.text, phases=replace(done.phases, loading=max(0.0, loading)))
    except (DamagedEntry, MissingEntry) as error:
        return UpstreamLost(error.facts.get("result", ""), error.headline)
    except _WorkFailed as failed:
        return replace(_failed(failed.error, failed.seconds, log.text), left=failed.left)
    except BaseException as error:  # noqa: BLE001 - whatever kept it from being done
        return _failed(error, time.perf_counter() - started, log.text)


class _WorkFailed(BaseException):
    """The work itself raised."""

    def __init__(
        self, error: BaseException, seconds: float, left: Mapping[str, Stored] | None = None
    ) -> None:
        super().__init__()
        self.error = error
        self.seconds = seconds
        self.left = left or {}


def _done(job: Job, parcel: Parcel) -> Finished:
    """Do the work and store what it gives."""
    call = parcel.call
    register_all(parcel.chosen)
    for function, names in parcel.globals:
        function.__globals__.update(names)
    results = _Results(job)
    watch = Watch(call.given, call.watched)
    started = time.perf_counter()
    try:
        value, seen = _watched(job, parcel, results)
    except (DamagedEntry, MissingEntry):
        raise
    except Unfinished as cut:
        seconds = time.perf_counter() - started
        raise _WorkFailed(cut.error, seconds, _left(job, call, cut.left)) from None
    except BaseException as error:  # noqa: BLE001 - SystemExit too is the task's own failure
        raise _WorkFailed(error, time.perf_counter() - started) from None
    seconds = time.perf_counter() - started
    if call.outputs:
        seen[0].update(_conditions(job, value))
    outputs, unkept = _kept(job, call, value)
    # What a cell gives back, it may change: its key was made of what was there before.
    given_back = {*outputs, *(_words(value) if HELD in outputs else ())} if call.outputs else ()
    changed = tuple(one for one in watch.changed() if one.partition(" ")[2] not in given_back)
    if unkept:
        outputs[UNKEPT] = _stored(job, unkept)
    phases = Phases(computing=seconds, storing=time.perf_counter() - started - seconds)
    return Finished(outputs, unkept, seconds, "", changed, *seen, phases)


def _left(job: Job, call: Call, left: Mapping[str, object]) -> Mapping[str, Stored]:
    """Store what a cell left that raised; nothing of it is kept under a key."""
    try:
        _conditions(job, left)
        outputs, _ = _kept(job, call, left)
    except Exception:  # noqa: BLE001 - what the cell raised is what its user must see
        return {}
    return outputs


def _conditions(job: Job, value: object) -> dict[str, str]:
    """Return the settings and generators that the result of a cell hangs on, with digests."""
    effects = value.get(EFFECTS, {}) if isinstance(value, Mapping) else {}
    around = digests(None if job.surroundings is None else job.surroundings.settings)
    found = {f"{SETTING}{kind}": around[kind] for kind in effects.pop("hangs on", ())}
    found |= {f"{ATTRIBUTE}{place}": was for place, was in effects.pop("held", {}).items()}
    if isinstance(value, dict) and not effects:
        value.pop(EFFECTS, None)
    drawn = effects.get("random", {})
    return found | {f"{RANDOM}{name}": before for name, (before, _) in drawn.items() if before}


def _words(value: object) -> Collection[str]:
    """Return what a cell calls the places in functions and classes that it gives back."""
    held = value.get(HELD, {}) if isinstance(value, Mapping) else {}
    words: Collection[str] = held.get("words", ())
    return words


def _unpacked(job: Job) -> Parcel:
    if isinstance(job.call, Parcel):
        return job.call
    parcel: Parcel = pickle.loads(job.call, buffers=unloaded(job.freight))
    return parcel


class _Results:
    """Results by number; each one handed out a second time is loaded anew, as its own copy.

    Those that were stored together come from one load, and share what they shared.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._first = dict(enumerate(job.objects.get_all(job.upstream)))

    def __getitem__(self, number: int) -> object:
        if number in self._first:
            return self._first.pop(number)
        return self._job.objects.get(self._job.upstream[number])


def _watched(job: Job, parcel: Parcel, results: _Results) -> tuple[object, _Read]:
    """Do the work, and say what it was seen to read."""
    began = time.time()
    is_alone = job.surroundings is not None
    with observed(ignore=job.objects.folders, within=job.within, is_alone=is_alone) as seen:
        value = _called(parcel.call, results)
    paths = (*seen.files, *seen.folders)
    read = seen.passed | digests_of(paths, seen.unsettled, parcel.named, began)
    if parcel.call.outputs:
        read |= as_written(seen.written)
    read |= {f"{VARIABLE}{name}": found for name, found in seen.variables.items()}
    words = [f"the network ({host})" for host in seen.network]
    words += [f"another program ({name})" for name in seen.programs]
    words += [f"{more:,} {kind} beyond what can be watched" for kind, more in seen.more.items()]
    return value, (read, tuple(words), bool(seen.adds or seen.network or seen.programs))


def _called(call: Call, results: _Results) -> object:
    args = [fill(argument, results) for argument in call.args]
    kwargs = {name: fill(argument, results) for name, argument in call.kwargs.items()}
    return call.function(*args, **kwargs)


def _kept(job: Job, call: Call, value: object) -> tuple[dict[str, Stored], dict[str, str]]:
    if not call.outputs:
        return {RETURNED: _stored(job, value)}, {}
    assert isinstance(value, Mapping)
    return store_all(job.objects, value, job.compress_level)


def _stored(job: Job, value: object) -> Stored:
    return store_one(job.objects, value, job.compress_level)


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
    from checkpoint_nb.stores.classes import ResultPickler

    sink = io.BytesIO()
    try:
        ResultPickler(sink).dump(error.with_traceback(None))
        pickle.loads(sink.getvalue())
    except Exception:  # noqa: BLE001 - what does not survive here would not survive there
        return b""
    return sink.getvalue()
