"""Writes a timeline to a file: SVG, PNG, or trace events."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

from checkpoint_nb.errors import DeclarationError
from checkpoint_nb.gantt import Block, draw, row_name, to_svg
from checkpoint_nb.labels import line
from checkpoint_nb.timeline import Bar, Timeline

_MICRO: Final = 1_000_000
_PROCESS: Final = 1
_PNG_SECONDS: Final = 120


def save(drawn: Timeline, path: str | os.PathLike[str]) -> None:
    """Write ``drawn`` to ``path``, in the format that its name ends in.

    Raises
    ------
    DeclarationError
        When it ends in none that is known, or cannot be written.
    """
    target = Path(path).expanduser()
    made = _MAKERS.get(target.suffix.lower())
    if made is None:
        raise DeclarationError(
            f"A timeline cannot be written as {target.name!r}.",
            {"formats": ", ".join(_MAKERS)},
            "Let the name end in one of these.",
        )
    content = made(drawn)
    try:
        target.write_bytes(content)
    except OSError as error:
        raise DeclarationError(
            "The timeline could not be written.", {"file": target, "because": error}
        ) from None


def to_trace(drawn: Timeline) -> str:
    """Return trace events as JSON: a thread for each slot, its nodes, and in these the phases.

    Examples
    --------
    >>> sorted(json.loads(to_trace(Timeline("", 0.0, 0.0, "", (), 0, 0))))
    ['displayTimeUnit', 'otherData', 'traceEvents']
    """
    events = [*_names(drawn), *_waiting(drawn)]
    for number, bar in enumerate(drawn.bars):
        events += _bar(bar, _thread(drawn, bar.slot), number)
    about = {"run": drawn.run, "outcome": drawn.outcome, "started": drawn.started}
    whole = {"traceEvents": events, "displayTimeUnit": "ms", "otherData": about}
    return json.dumps(whole, separators=(",", ":"))


_Told = dict[str, object]


def _thread(drawn: Timeline, slot: int) -> int:
    return drawn.slots.index(slot) + 1


def _names(drawn: Timeline) -> Iterator[_Told]:
    yield _meta("process_name", 0, {"name": "checkpoint_nb"})
    for slot in drawn.slots:
        thread = _thread(drawn, slot)
        yield _meta("thread_name", thread, {"name": row_name(slot)})
        yield _meta("thread_sort_index", thread, {"sort_index": thread})


def _meta(name: str, thread: int, args: _Told) -> _Told:
    return {"ph": "M", "name": name, "pid": _PROCESS, "tid": thread, "ts": 0, "args": args}


def _waiting(drawn: Timeline) -> Iterator[_Told]:
    for at, number in drawn.waiting():
        args = {"nodes": number}
        yield {"ph": "C", "name": "waiting", "pid": _PROCESS, "tid": 0, "ts": _us(at), "args": args}


def _bar(bar: Bar, thread: int, number: int) -> Iterator[_Told]:
    label = line(bar.label)
    args: _Told = {"task": line(bar.task), "state": bar.state.word, "waited": round(bar.waited, 6)}
    place: _Told = {"pid": _PROCESS, "tid": thread}
    begin, end = _us(bar.start), _us(bar.end)
    length: _Told = {"ts": begin, "dur": end - begin}
    yield {"ph": "X", "name": label, "cat": "node", **place, **length, "args": args}
    if bar.waited > 0:
        one: _Told = {"name": f"{label} waits", "cat": "waiting", "id": number, "pid": _PROCESS}
        yield {"ph": "b", **one, "tid": thread, "ts": _us(bar.ready)}
        yield {"ph": "e", **one, "tid": thread, "ts": begin}
    for phase, seconds in asdict(bar.phases).items():
        # Each begins where the one before ends, in whole numbers, so that they nest.
        until = min(end, begin + _us(seconds))
        if until > begin:
            length = {"ts": begin, "dur": until - begin}
            yield {"ph": "X", "name": phase, "cat": "phase", **place, **length}
        begin = until


def _us(seconds: float) -> int:
    return round(seconds * _MICRO)


def _png(drawn: Timeline) -> bytes:
    """Draw with matplotlib in a process of its own: loading it here could change what cells see."""
    picture = draw(drawn)
    marks = [
        {"kind": "block" if isinstance(mark, Block) else "words", **asdict(mark)}
        for mark in picture.marks
    ]
    words = {"width": picture.width, "height": picture.height, "marks": marks}
    command = [sys.executable, "-m", "checkpoint_nb.gantt_png"]
    given = json.dumps(words).encode()
    try:
        done = subprocess.run(  # noqa: S603 - our own module, and data on its input
            command, input=given, capture_output=True, check=False, timeout=_PNG_SECONDS
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise _no_png(str(error)) from None
    if done.returncode or not done.stdout.startswith(b"\x89PNG"):
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise _no_png("".join(last))
    return done.stdout


def _no_png(why: str) -> DeclarationError:
    return DeclarationError(
        "A PNG could not be drawn.",
        {"because": why or "no reason was given"},
        "It takes matplotlib (pip install matplotlib); .svg and .json take nothing.",
    )


_MAKERS: Final[dict[str, Callable[[Timeline], bytes]]] = {
    ".svg": lambda drawn: to_svg(drawn).encode(),
    ".png": _png,
    ".json": lambda drawn: to_trace(drawn).encode(),
}
