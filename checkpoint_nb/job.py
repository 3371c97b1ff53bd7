"""What a slot does for one node: load upstream, call, catch what it prints, store."""

from __future__ import annotations

import os
import pickle
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from types import ModuleType

from checkpoint_nb.capture import Log, captured
from checkpoint_nb.errors import DamagedEntry, FingerprintError, MissingEntry, StoreError
from checkpoint_nb.fingerprint import describe, digest
from checkpoint_nb.stores.interface import Objects, Stored
from checkpoint_nb.work import RETURNED, Call, fill


@dataclass(frozen=True, slots=True)
class Job:
    """One node's work, ready to go.

    Parameters
    ----------
    call
        The work: pickled where it must cross a process, live where it need not.
    upstream
        What ``Upstream`` numbers stand for.
    objects
        Where payloads are read and written.
    cwd, path
        The kernel's working directory and ``sys.path``; ``None`` where the job runs in the kernel.
    """

    call: bytes | Call
    upstream: tuple[Stored, ...]
    objects: Objects
    compress_level: int
    cwd: str | None = None
    path: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """The work is done and its outputs are stored; ``unkept`` says which could not be, and why."""

    outputs: Mapping[str, Stored]
    unkept: Mapping[str, str]
    seconds: float
    log: str


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
    alone = payload.cwd is not None
    try:
        with captured() if alone else nullcontext(log) as log:
            if payload.cwd is not None:
                _enter(payload.cwd, payload.path or ())
            call = _unpacked(payload.call)
            with _as_main(call) if alone else nullcontext():
                results = [payload.objects.get(stored) for stored in payload.upstream]
                started = time.perf_counter()
                value = _called(call, results)
                seconds = time.perf_counter() - started
                outputs, unkept = _kept(payload, call, value)
        return Finished(outputs, unkept, seconds, log.text)
    except (DamagedEntry, MissingEntry) as error:
        return UpstreamLost(error.facts.get("result", ""), error.headline)
    except BaseException as error:  # noqa: BLE001 - SystemExit too is the task's own failure
        return _failed(error, time.perf_counter() - started, log.text)


def _enter(cwd: str, path: tuple[str, ...]) -> None:
    with suppress(OSError):
        os.chdir(cwd)
    for entry in reversed(path):
        if entry not in sys.path:
            sys.path.insert(0, entry)


@contextmanager
def _as_main(call: Call) -> Iterator[None]:
    """Let ``__main__`` be the notebook's while its work is loaded and runs."""
    main = ModuleType("__main__")
    main.__dict__.update(call.names or getattr(call.function, "__globals__", {}))
    main.__dict__["__name__"] = "__main__"
    before = sys.modules["__main__"]
    sys.modules["__main__"] = main
    try:
        yield
    finally:
        sys.modules["__main__"] = before


def _unpacked(call: bytes | Call) -> Call:
    if isinstance(call, Call):
        return call
    loaded: Call = pickle.loads(call)
    return loaded


def _called(call: Call, results: list[object]) -> object:
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
