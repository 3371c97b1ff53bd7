"""The house: layers point down, heavy parts stay in their room, files stay small."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "checkpoint_nb"
LAYERS = [
    {
        "errors",
        "states",
        "events",
        "config",
        "parts",
        "capture",
        "measures",
        "spool",
        "reporting",
        "bars",
        "labels",
        "turns",
        "freight",
    },
    {"fingerprint"},
    {"stores", "executors"},
    {"settings"},
    {"work", "declared", "mutation"},
    {"surroundings", "observing", "explaining", "naming", "comparing"},
    {
        "arguments",
        "requires",
        "graph",
        "travel",
        "job",
        "parcels",
        "board",
        "origins",
        "sharing",
        "storing",
    },
    {
        "task",
        "plan",
        "drawing",
        "keeping",
        "sending",
        "timeline",
        "tape",
        "pace",
        "gantt",
        "gantt_text",
        "gantt_files",
        "gantt_png",
    },
    {
        "priority",
        "layout",
        "render",
        "remaining",
        "ready",
        "decorators",
        "reasons",
        "holdings",
        "collecting",
        "standing",
    },
    {"flights", "failure"},
    {"scheduler"},
    {"run"},
    {"journal"},
    {"tabling"},
    {"wiring", "waiting", "clearing", "verifying"},
    {"session"},
    {"commands"},
    {"notebook"},
    {"headless"},
    {"cli"},
]
"""Top to bottom of what may import what, lowest first; task reaches the session when called."""
HOMES = {
    "IPython": "notebook",
    "ipywidgets": "notebook",
    "anywidget": "notebook",
    "networkx": "graph",
    "diskcache": "stores",
    "loky": "executors",
    "graphviz": "layout",
}
FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


def imports_of(path: Path) -> list[tuple[str, bool]]:
    """Modules imported in a file, and whether at the top of it."""
    tree = ast.parse(path.read_text())
    top = set(tree.body)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node in top) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            base = node.module
            found += [
                (f"{base}.{alias.name}" if base == "checkpoint_nb" else base, node in top)
                for alias in node.names
            ]
    return found


def level(room: str) -> int:
    return next((n for n, rooms in enumerate(LAYERS) if room in rooms), len(LAYERS))


def test_every_module_has_its_layer():
    """A new module is given a place before it is used."""
    rooms = {p.relative_to(PACKAGE).parts[0].removesuffix(".py") for p in FILES} - {"__init__"}
    assert rooms <= set().union(*LAYERS)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path):
    """No module imports from a layer above its own; services never import each other."""
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for module, _ in imports_of(path):
        if not module.startswith("checkpoint_nb.") or room == "__init__":
            continue
        other = room_of(module)
        if other == room or (room, other) == ("task", "session"):
            continue
        assert level(other) < level(room) or (
            level(other) == level(room) and room not in {"stores", "executors"}
        ), f"{room} imports {other}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_heavy_libraries_stay_in_their_room(path):
    """diskcache, networkx, loky, graphviz and the notebook libraries each live in one place."""
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    type_checking = "TYPE_CHECKING"
    for module, _ in imports_of(path):
        home = HOMES.get(module.split(".")[0])
        allowed = room == "__init__" and type_checking in path.read_text()
        assert home is None or home == room or allowed, f"{path.name} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_stay_small_and_say_what_they_are(path):
    """400 lines are two things; each module opens with its line in the layout."""
    text = path.read_text()
    assert text.count("\n") <= 400
    assert ast.get_docstring(ast.parse(text))


def test_importing_the_package_loads_nothing_heavy():
    """``import checkpoint_nb`` loads none of the libraries it may need later."""
    heavy = "IPython ipywidgets anywidget networkx loky diskcache graphviz numpy pandas cloudpickle".split()
    code = f"import sys, checkpoint_nb; print([m for m in {heavy} if m in sys.modules])"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


def test_the_public_names_are_there():
    """``__all__`` says what exists."""
    import checkpoint_nb

    assert all(hasattr(checkpoint_nb, name) for name in checkpoint_nb.__all__)
