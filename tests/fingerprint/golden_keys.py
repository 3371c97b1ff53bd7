"""Keys of fixed code and inputs; run this file to add those of the running Python to the table.

A key that is in the table is never replaced: raise ``FORMAT`` first, and tell it in the changelog.
"""

import json
import sys
from pathlib import Path

from checkpoint_nb.fingerprint import FORMAT, Part, digest, fingerprint, recipe_key

TABLE = Path(__file__).with_name("golden_keys.json")
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

TEXT = """
import math
from dataclasses import dataclass
from functools import partial

LIMIT = {"low": 1, "high": [2.5, None, "ä"]}

@dataclass
class Point:
    x: int = 1
    def norm(self, by=2.0):
        return math.hypot(self.x, by)

class Named(Point):
    kinds = frozenset({"a", "b"})
    @property
    def name(self):
        return f"{self.x:>3}"

def scale(value, *, by=LIMIT["low"]):
    try:
        return [value * by for _ in range(2)]
    except (TypeError, ValueError) as error:
        raise RuntimeError("no") from error

def make(n):
    def inner(m):
        nonlocal n
        n += m
        return n
    return inner

class Wrapped:
    def __init__(self, function):
        self.function = function
    def __call__(self, *args):
        return self.function(*args)

count = make(3)
double = partial(scale, by=2)

def plain(a, b=1):
    return a + b

@Wrapped
def wrapped(n):
    match n:
        case 1 | 2:
            return scale(n)
        case {"k": k, **rest}:
            return k
    return lambda x: (yield x)

def everything(n):
    with open(n) as file:
        point = Named(len(file.read()))
    if not (low := LIMIT["low"]) < n <= 10 and n in {1, 2, 3}:
        del point
    async def later():
        async for item in n:
            await item
    return double(n), count(n), wrapped(n), point.norm(), later, low
"""


def made() -> dict[str, str]:
    """Compute every key of the table."""
    names: dict[str, object] = {"__name__": "golden"}
    exec(compile(TEXT, "<golden>", "exec", dont_inherit=True), names)
    code = {
        name: fingerprint(names[name])
        for name in ("plain", "scale", "count", "wrapped", "everything")
    }
    keys = {f"code of {name}": one.digest for name, one in code.items()}
    keys["value of a class"] = digest(names["Named"])
    keys["value of an instance"] = digest(names["Named"](3))
    inputs = {"argument n": Part(digest(3), "3"), "argument x": Part(digest([1.5]), "list of 1")}
    upstream = [("clean", digest("a")), ("load.rows", digest(b"b"))]
    extras = {"file a.csv": Part(digest("c"), "1 byte"), "version": Part(digest(2), "2")}
    for name in ("plain", "everything"):
        keys[f"key of {name}"] = recipe_key(name, code[name], inputs, upstream, extras).digest
    keys["key of a cell"] = recipe_key("", code["scale"], {}, []).digest
    return keys


def main() -> None:
    table = json.loads(TABLE.read_text()) if TABLE.exists() else {}
    mine = table.setdefault(str(FORMAT), {}).setdefault(PYTHON, {})
    for name, key in made().items():
        if mine.setdefault(name, key) != key:
            sys.exit(f"{name} has another key by now: raise FORMAT and tell it in the changelog")
    TABLE.write_text(json.dumps(table, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
