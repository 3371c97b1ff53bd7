"""Two texts about one part compared: lines of code, or what is in a value."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Final

from checkpoint_nb.explaining.listing import UNAVAILABLE
from checkpoint_nb.explaining.outline import MORE, TEXT

UNKNOWN: Final = "its source is not available on both sides"


def changed_lines(before: str, now: str) -> tuple[int, list[str]]:
    r"""Return how many lines of code differ, and these lines with one of context each.

    Comments and empty lines count for nothing.

    Examples
    --------
    >>> one, two = "def f(x):\n    return x + 1\n", "def f(x):\n    return x + 2\n"
    >>> count, lines = changed_lines(one, two)
    >>> count
    1
    >>> print(*lines, sep="\n")
      def f(x):
    -     return x + 1
    +     return x + 2
    """
    if before.startswith(UNAVAILABLE) != now.startswith(UNAVAILABLE):
        return 0, [UNKNOWN]
    old, new = _telling(before), _telling(now)
    if old == new:
        old, new = before.splitlines(), now.splitlines()
    return _compared(old, new)


def changed_text(before: str, now: str) -> tuple[int, list[str]] | None:
    r"""Return how many lines of two long texts differ, and these; ``None``: they are no texts.

    Examples
    --------
    >>> changed_text("| select *\n| from a", "| select *\n| from b")
    (1, ['  select *', '- from a', '+ from b'])
    """
    if not before.startswith(TEXT) or not now.startswith(TEXT):
        return None
    old, new = ([line.removeprefix(TEXT) for line in one.splitlines()] for one in (before, now))
    return _compared(old, new)


def changed_leaves(before: str, now: str) -> tuple[int, list[str]]:
    r"""Return how many things in a value differ, and a line for each.

    Examples
    --------
    >>> changed_leaves(".n = 10\n.path = 'a'", ".n = 20\n.seed = 1\n.path = 'a'")
    (2, ['.n: 10 → 20', '+ .seed = 1'])
    """
    old, new = dict(_leaves(before)), dict(_leaves(now))
    # A line that is not there may only have been cut off.
    cut_old, cut_new = _is_cut(before), _is_cut(now)
    lines = [
        f"{path}: {old[path]} → {words}"
        for path, words in new.items()
        if path in old and old[path] != words
    ]
    lines += [f"+ {_said(path, new[path])}" for path in new if path not in old and not cut_old]
    lines += [f"- {_said(path, old[path])}" for path in old if path not in new and not cut_new]
    return len(lines), lines


def _telling(text: str) -> list[str]:
    lines = (line.rstrip() for line in text.splitlines())
    return [
        line
        for line in lines
        if line and (not line.lstrip().startswith("#") or line.startswith("# set later: "))
    ]


def _compared(old: list[str], new: list[str]) -> tuple[int, list[str]]:
    count, lines, shown = 0, list[str](), -1
    for what, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            continue
        count += max(b - a, d - c)
        if c > 0 and c - 1 > shown:
            lines.append(f"  {new[c - 1]}")
        lines += [f"- {line}" for line in old[a:b]]
        lines += [f"+ {line}" for line in new[c:d]]
        shown = d - 1
    return count, lines


def _leaves(outline: str) -> Iterator[tuple[str, str]]:
    for line in outline.splitlines():
        if not line.startswith(MORE):
            path, _, words = line.partition(" = ")
            yield path, words


def _is_cut(outline: str) -> bool:
    return outline.rpartition("\n")[2].startswith(MORE)


def _said(path: str, words: str) -> str:
    return f"{path} = {words}" if words else path
