"""What runs inside the kernel or process under test: asks a task, and compares with an oracle."""

from __future__ import annotations

import enum
import json
import os
import re
import sys
import threading
import traceback
import zlib
from collections.abc import Callable
from functools import cached_property
from pathlib import Path, PurePath

from checkpoint_nb.config import Config
from checkpoint_nb.session import Session, use

_DEPTH = 60
_LEAVES = (bool, int, float, complex, str, bytes, bytearray, range, slice)
_LIBRARIES = ("numpy", "pandas", "pyarrow", "polars", "scipy", "torch")


class KeptOpen:
    """A pool that many sessions use and none closes."""

    def __init__(self, executor):
        self._executor = executor

    def __getattr__(self, name):
        return getattr(self._executor, name)

    def close(self):
        """Leave it open."""


def new_session(cache: str, executor: object = None) -> Session:
    """Begin over a directory of its own, beside which the secret lies."""
    config = Config.resolve(cache_dir=cache, key_file=Path(cache).parent / "secret" / "key")
    return use(Session(config, executor=executor))


def forget_modules(folder: str) -> None:
    """Unload the modules of a folder."""
    import importlib

    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(folder + os.sep):
            del sys.modules[name]
    importlib.invalidate_caches()


def live(make: Callable[[], object]) -> object:
    """Return what plain Python gives, in a thread of its own as no event loop runs there."""
    found: list[object] = []

    def call():
        try:
            found.append(make())
        except Exception as error:
            found.append(("raised", type(error).__name__, str(error)))

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    return found[0]


def tell(said: dict) -> None:
    """Print one line for the test to read."""
    print("\n@@" + json.dumps(said))


def ask(names: dict, called: str, executor: object = None) -> dict:
    """Run ``f(called)`` and the plain function beside it; return both values as text."""
    said = {"ran": None, "value": "", "oracle": "", "error": ""}
    try:
        result, info = eval(f"f({called})", names).run_with_info(executor=executor)
        said |= {"ran": bool(info["ran"]), "value": repr(plain(result))}
    except Exception:
        said["error"] = traceback.format_exc()[-2500:]
    oracle = live(lambda: eval(f"f.__wrapped__({called})", names))
    return said | {"oracle": repr(plain(oracle))}


def compare(value: object, make: Callable[[], object]) -> dict:
    """Return a value that a cell bound, and what plain Python gives."""
    return {"value": repr(plain(value)), "oracle": repr(plain(live(make)))}


def plain(value: object, above: tuple[int, ...] = ()) -> object:
    """Return plain data that is equal exactly where two values look the same to a user."""
    kind = type(value)
    if value is None or kind in _LEAVES:
        return kind.__name__, repr(value)
    if isinstance(value, type):
        return "class", value.__qualname__
    if isinstance(value, PurePath):
        return kind.__qualname__, str(value)
    if isinstance(value, enum.Enum):
        return kind.__qualname__, value.name
    if any(cls.__module__.split(".")[0] in _LIBRARIES for cls in kind.__mro__):
        noted = {} if kind.__module__.split(".")[0] in _LIBRARIES else vars(value)
        notes = [(n, plain(v, above)) for n, v in sorted(noted.items()) if not n.startswith("_")]
        return "value", *_table(value), notes
    if id(value) in above:
        return "circle", above.index(id(value))
    if len(above) > _DEPTH:
        return "..."
    if callable(value):
        return "callable", getattr(value, "__name__", kind.__name__)
    inner, state = _items(value, (*above, id(value))), _state(value)
    if inner is None and not state:
        return kind.__qualname__, re.sub(r" at 0x[0-9a-f]+", "", repr(value))
    return kind.__qualname__, inner, plain(state, (*above, id(value))) if state else None


def _items(value: object, above: tuple[int, ...]) -> object:
    if isinstance(value, list | tuple):
        return [plain(one, above) for one in value]
    if isinstance(value, dict):
        return [(plain(k, above), plain(v, above)) for k, v in value.items()]
    if isinstance(value, set | frozenset):
        return sorted(repr(plain(one, above)) for one in value)
    return None


def _state(value: object) -> dict[str, object]:
    kept = {name for name, one in vars(type(value)).items() if isinstance(one, cached_property)}
    state = {n: v for n, v in getattr(value, "__dict__", {}).items() if n not in kept}
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in [slots] if isinstance(slots, str) else slots:
            if hasattr(value, name):
                state[name] = getattr(value, name)
    return state


def _table(value: object) -> tuple[str, str]:
    """Describe arrays and frames by what a task can see: not chunks, byte order or where bytes lie."""
    kind = type(value)
    name = "ndarray" if kind.__name__ == "memmap" else kind.__name__
    if kind.__module__.startswith("numpy.random"):
        state = value.bit_generator.state if hasattr(value, "bit_generator") else value.get_state()
        return name, repr(state)
    if kind.__module__.startswith("scipy.sparse"):
        return name, repr(value.toarray())
    if name == "MaskedArray":
        return name, f"{value.dtype} {value.shape} {value.tolist()} {value.hardmask}"
    if kind.__module__.startswith("pyarrow"):
        return (
            name,
            f"{getattr(value, 'schema', '')} {getattr(value, 'type', '')} {_listed(value)}",
        )
    shape, dtype = getattr(value, "shape", ""), getattr(value, "dtype", "")
    if name == "ndarray" and kind.__module__ == "numpy":
        listed = zlib.crc32(value.tobytes()) if value.size > 10_000 else value.tolist()
        return name, f"{_native(dtype)} {shape} {listed}"
    types, attrs = getattr(value, "dtypes", ""), getattr(value, "attrs", "")
    return name, re.sub(r" at 0x[0-9a-fA-F]+", "", f"{shape} {dtype} {types} {attrs} {value!r}")


def _listed(value: object) -> object:
    return value.to_pylist() if hasattr(value, "to_pylist") else getattr(value, "as_py", repr)()


def _native(dtype: object) -> object:
    try:
        return dtype.newbyteorder("=")
    except TypeError:  # texts have no byte order
        return dtype
