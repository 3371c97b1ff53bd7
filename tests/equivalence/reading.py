"""Notebooks as lists of cells: from .ipynb files, and from MyST's .md files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat

_FENCE = re.compile(
    r"^```\{code-cell\}[^\n]*\n(?P<options>(?::[^\n]*\n)*)(?P<code>.*?)^```\s*$",
    re.DOTALL | re.MULTILINE,
)
_SEEDS = {
    "numpy random": re.compile(r"\b(np|numpy)\.random\.(seed|set_state)\("),
    "random": re.compile(r"(?<!np\.)(?<!numpy\.)\brandom\.(seed|setstate)\("),
}
RAISES = "raises-exception"


@dataclass(frozen=True)
class Cell:
    """One code cell.

    Parameters
    ----------
    source
        Its text, as a user would type it.
    raises
        Whether the notebook goes on after an error in it.
    """

    source: str
    raises: bool = False

    @property
    def checkpointed(self) -> str:
        """The cell with the magic before it; as it is, where the magic has no business."""
        return f"%%checkpoint\n{self.source}" if self.plain_because == "" else self.source

    @property
    def plain_because(self) -> str:
        """Why the cell is left as it is, or ``""``."""
        lines = [line.strip() for line in self.source.splitlines() if line.strip()]
        if not lines or all(line.startswith("#") for line in lines):
            return "empty"
        if lines[0].startswith("%%"):
            return "cell magic " + lines[0].split()[0]
        if any(line.startswith("%load_ext") for line in lines):
            return "%load_ext"
        if all(line.startswith(("#", "%", "!", "?")) or line.endswith("?") for line in lines):
            return "line magics only"
        return ""


@dataclass(frozen=True)
class Notebook:
    """A notebook file.

    Parameters
    ----------
    path
        Where it is; the files beside it are there when it runs.
    cells
        Its code cells, in order.
    """

    path: Path
    cells: tuple[Cell, ...]

    def seeded(self, setting: str, cell: int) -> bool:
        """Whether a generator that all share has been given a state by the end of ``cell``."""
        pattern = _SEEDS[setting]
        return any(pattern.search(one.source) for one in self.cells[: cell + 1])


def read(path: Path) -> Notebook:
    """Read one notebook."""
    if path.suffix == ".ipynb":
        return Notebook(path, _from_ipynb(path))
    found = _FENCE.finditer(path.read_text(encoding="utf-8"))
    cells = tuple(Cell(m["code"].rstrip("\n"), RAISES in m["options"]) for m in found)
    return Notebook(path, cells)


def find(places: list[Path]) -> list[Path]:
    """Return the notebooks among ``places`` and in the folders among them."""
    found: list[Path] = []
    for place in places:
        if place.is_dir():
            inside = [p for p in sorted(place.rglob("*")) if p.suffix in (".ipynb", ".md")]
            hidden = [p for p in inside if any(part.startswith(".") for part in p.parts)]
            found += [p for p in inside if p not in hidden and read(p).cells]
        else:
            found.append(place)
    return found


def _from_ipynb(path: Path) -> tuple[Cell, ...]:
    notebook = nbformat.read(path, as_version=4)
    return tuple(
        Cell(cell.source, RAISES in cell.metadata.get("tags", ()))
        for cell in notebook.cells
        if cell.cell_type == "code" and cell.source.strip()
    )
