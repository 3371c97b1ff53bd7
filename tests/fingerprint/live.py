"""Live modules made from text, as a notebook makes them: no file behind them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def loaded(text: str) -> Iterator[dict[str, object]]:
    """Run the modules in ``text`` and give the namespace of the last one."""
    parts = text.split("## ")
    named = [part.split("\n", 1) for part in parts[1:]] or [["task", text]]
    before = {name: sys.modules.get(name) for name, _ in named}
    try:
        for name, source in named:
            module = ModuleType(name)
            sys.modules[name] = module
            exec(compile(source, f"/tmp/cell_{abs(hash(source))}.py", "exec"), vars(module))
        yield vars(module)
    finally:
        for name, was in before.items():
            sys.modules.pop(name, None)
            if was is not None:
                sys.modules[name] = was
