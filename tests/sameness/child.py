"""The fresh process: reads what to run as JSON, and prints one line for each thing it ran."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor

from tests.sameness import probe


def modules(folder: str, one: dict, thread: Executor) -> dict:
    """Import the task of one case from its files, and ask it."""
    here = os.path.join(folder, one["name"])
    code = os.path.join(here, "code")
    sys.path.insert(0, code)
    os.chdir(code)
    probe.new_session(os.path.join(here, "cache", "checkpoint"), pool())
    try:
        import task

        return probe.ask(vars(task), one["called"], None if one["in_pool"] else thread)
    finally:
        sys.path.remove(code)
        probe.forget_modules(code)


def values(folder: str, one: dict, thread: Executor) -> dict:
    """Make one value from its expression, and ask a task about it."""
    if folder not in sys.path:
        sys.path.insert(0, folder)
        probe.new_session(os.path.join(folder, "cache", "checkpoint"), pool())
    import value_tasks

    names = vars(value_tasks)
    exec(one["setup"], names)
    return probe.ask(names, one["called"], thread)


_pools: list[object] = []


def pool() -> object:
    """Return worker processes for all cases, started at first use."""
    from checkpoint_nb.executors.slots import SlotExecutor

    if not _pools:
        _pools.append(probe.KeptOpen(SlotExecutor(2)))
    return _pools[0]


def main(what: str, folder: str) -> None:
    """Be the process."""
    run: Callable[[str, dict, Executor], dict] = {"modules": modules, "values": values}[what]
    with ThreadPoolExecutor(1) as thread:
        for one in json.load(sys.stdin):
            try:
                said = run(folder, one, thread)
            except Exception as error:
                said = {"error": f"{type(error).__name__}: {error}"}
            probe.tell({"name": one["name"], **said})


if __name__ == "__main__":
    main(*sys.argv[1:])
