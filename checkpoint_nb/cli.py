"""``checkpoint-nb``: what may be asked of a store without a kernel, and running a notebook."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from checkpoint_nb.collecting import collect
from checkpoint_nb.config import Config
from checkpoint_nb.errors import CheckpointError, DeclarationError
from checkpoint_nb.explaining.matched import matched
from checkpoint_nb.headless import execute
from checkpoint_nb.holdings import holdings, old_keys, payload_size
from checkpoint_nb.journal import NodeLog
from checkpoint_nb.measures import counted, said_age, said_size, said_span, size_of, span_of
from checkpoint_nb.naming import called
from checkpoint_nb.stores.interface import Freed, Record, Store
from checkpoint_nb.tabling import Table, collected_line, holdings_table, log_text

_FOLDER: Final = "checkpoint"


def main(words: Sequence[str] | None = None) -> int:
    """Do what the command line asks; return the exit code.

    0: done. 1: a cell failed, or what was asked for is not there. 2: wrong words.
    """
    given = _parser().parse_args(words)
    try:
        code: int = given.does(given)
    except CheckpointError as error:
        print(f"checkpoint-nb: {error}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="checkpoint-nb",
        description="Ask a store of results, or run a notebook headless.",
        epilog="A NODE is named as in %checkpoint: by its label, its task, or how a label begins.",
    )
    verbs = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(
        name: str, does: Callable[[argparse.Namespace], int], says: str
    ) -> argparse.ArgumentParser:
        verb = verbs.add_parser(name, help=says, description=says)
        verb.add_argument(
            "--cache-dir",
            type=Path,
            metavar="DIR",
            help="what CP_CACHE_DIR would say: results are in DIR/checkpoint (default: ./.cache)",
        )
        verb.set_defaults(does=does)
        return verb

    status = add("status", _status, "what is stored of each node")
    status.add_argument("nodes", nargs="*", metavar="NODE")
    du = add("du", _du, "what is stored, by task, and how much of it is old versions")
    for verb in (status, du):
        verb.add_argument("--json", action="store_true", help="as JSON, for a program to read")
    for name, does, says in (
        ("log", _log, "what a node printed when its newest result was computed"),
        ("why", _why, "what the newest result of a node was matched on"),
    ):
        add(name, does, says).add_argument("nodes", nargs="+", metavar="NODE")
    gc = add("gc", _gc, "keep the store within a size and an age: the cheapest results go")
    gc.add_argument("--max", type=_said(size_of), metavar="SIZE", help="such as 5G")
    gc.add_argument("--older", type=_said(span_of), metavar="AGE", help="such as 30d")
    clear = add("clear", _clear, "forget results")
    clear.add_argument("nodes", nargs="*", metavar="NODE")
    clear.add_argument("--stale", action="store_true", help="only versions that are not the newest")
    clear.add_argument("--all", action="store_true", help="everything in the store")
    run = add("run", _run, "execute a notebook in its own folder, with a line for each cell")
    run.add_argument("notebook", type=Path, metavar="NOTEBOOK")
    return parser


def _said(read: Callable[[str], float]) -> Callable[[str], float]:
    def checked(text: str) -> float:
        try:
            return read(text)
        except DeclarationError as error:
            raise argparse.ArgumentTypeError(f"{error.headline} {error.hint}") from None

    return checked


# -- the store -----------------------------------------------------------------------------------


def _base(given: argparse.Namespace) -> Path | None:
    """Return what ``CP_CACHE_DIR`` would say; the folder in it, when named, means the same."""
    folder: Path | None = given.cache_dir
    if folder is not None and folder.name == _FOLDER and (folder / "index").is_dir():
        return folder.parent
    return folder


def _open(given: argparse.Namespace) -> Store:
    from checkpoint_nb.stores.disk import DiskStore

    base = _base(given)
    config = Config.resolve(cache_dir=None if base is None else base / _FOLDER)
    if not (config.cache_dir / "index").is_dir():
        raise CheckpointError(
            "Nothing is stored there.",
            {"looked in": config.cache_dir},
            "Say where with --cache-dir, or go to the folder of the notebook.",
        )
    store = DiskStore(config.cache_dir, config.key_file)
    store.listen(_rejected)
    return store


def _rejected(what: str, why: str) -> None:
    print(f"left out {what}: {why}", file=sys.stderr)  # noqa: T201


def _newest(store: Store, names: Sequence[str]) -> list[Record]:
    """Return the newest record of each node that is meant (of every node)."""
    newest: dict[str, Record] = {}
    for record in store.records():
        newest.setdefault(record.node, record)
    every = list(newest.values())
    return called(names, every) if names else every


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


# -- what is asked -------------------------------------------------------------------------------


def _status(given: argparse.Namespace) -> int:
    store = _open(given)
    found = _newest(store, given.nodes)
    versions = Counter(record.node for record in store.records())
    if given.json:
        _say(json.dumps([_as_json(record, versions[record.node]) for record in found], indent=2))
        return 0
    rows = tuple(
        (
            record.label,
            said_span(record.seconds),
            said_size(payload_size([record])),
            said_age(time.time() - record.created),
            f"{versions[record.node]:,}",
        )
        for record in found
    )
    _say(str(Table(("node", "time", "size", "age", "results"), rows)))
    return 0


def _as_json(record: Record, results: int) -> dict[str, object]:
    return {
        "node": record.node,
        "label": record.label,
        "task": record.task,
        "seconds": record.seconds,
        "size": payload_size([record]),
        "created": record.created,
        "outputs": {name: stored.shown for name, stored in record.outputs.items()},
        "results": results,
    }


def _du(given: argparse.Namespace) -> int:
    held = holdings(_open(given))
    _say(json.dumps(asdict(held), indent=2) if given.json else str(holdings_table(held)))
    return 0


def _log(given: argparse.Namespace) -> int:
    for record in _newest(_open(given), given.nodes):
        _say(log_text(NodeLog.of(record), time.time()))
    return 0


def _why(given: argparse.Namespace) -> int:
    for record in _newest(_open(given), given.nodes):
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.created))
        _say(f"{record.label} was computed {when} in {said_span(record.seconds)}, from")
        for line in matched(record):
            _say(f"    {line}")
    return 0


def _gc(given: argparse.Namespace) -> int:
    if given.max is None and given.older is None:
        raise DeclarationError("gc takes a limit.", {}, "checkpoint-nb gc --max 5G --older 30d")
    most = None if given.max is None else int(given.max)
    _say(collected_line(collect(_open(given), most=most, older=given.older)))
    return 0


def _clear(given: argparse.Namespace) -> int:
    if bool(given.nodes) + given.all + (given.stale and not given.nodes) != 1:
        raise DeclarationError(
            "clear takes names of nodes, or --stale, or --all.", {}, "checkpoint-nb clear --help"
        )
    store = _open(given)
    freed = store.clear() if given.all else _cleared(store, given.nodes, given.stale)
    results = counted(freed.entries, "old result" if given.stale else "stored result")
    _say(f"cleared {results}, {said_size(freed.size)} freed")
    return 0


def _cleared(store: Store, names: Sequence[str], stale: bool) -> Freed:
    nodes = {record.node for record in _newest(store, names)}
    if not stale:
        return store.clear(nodes=nodes)
    records = [record for record in store.records() if record.node in nodes]
    return store.clear(keys=old_keys(records, {}))


def _run(given: argparse.Namespace) -> int:
    base = _base(given)
    environ = {} if base is None else {"CP_CACHE_DIR": os.fspath(base.absolute())}
    return 0 if execute(given.notebook, _say, environ) else 1


if __name__ == "__main__":
    sys.exit(main())
