"""What the texts of magics and shell lines say: Python to run, names in ``$x`` and ``{x}``."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

WORD: Final = re.compile(r"[^\W\d]\w*")
_DOLLAR: Final = re.compile(r"\$([^\W\d]\w*)")
_BRACES: Final = re.compile(r"\{([^{}]+)\}")
_OPTION: Final = re.compile(r"\s*-([A-Za-z])(\S*)\s*|\s*--[\w-]+(=\S*)?\s*")
_OUTPUT: Final = re.compile(r"--(?:out|err|proc)[ =]+([^\W\d]\w*)")


def words(text: str) -> frozenset[str]:
    """Return the words of ``text``.

    Examples
    --------
    >>> sorted(words("a b"))
    ['a', 'b']
    """
    return frozenset(text.split())


_RUNS: Final = {"time": "", "prun": "lsTD", "lprun": "fmTDuzo", "mprun": "fT", "memit": "rti"}
"""Magics that run Python in the notebook, and those of their options that take a value."""
_ASKS: Final = frozenset({"pinfo", "pinfo2", "pdoc", "pdef", "psource", "pfile"})
_FOREIGN: Final = words(
    """
    bash sh html HTML javascript js latex markdown svg SVG writefile file perl ruby python
    python2 python3 pypy script system sx !
    """
)
"""Cell magics whose body is no Python of the notebook."""
_HARMLESS: Final = words(
    """
    matplotlib load_ext reload_ext unload_ext autoreload config cd pwd ls ll la lsmagic env
    set_env precision pip conda mamba micromamba uv colors xmode pdb alias unalias
    alias_magic mkdir rmdir cat man more less cp mv rm lf lk ldir sx system history hist
    quickref magic automagic pushd popd dirs dhist bookmark gui tensorboard checkpoint
    profile subshell connect_info doctest_mode autosave clear cls autoawait autocall pycat
    logstart logstop logon logoff logstate watermark pprint Pprint page killbgscripts
    rehashx
    """
)
"""Line magics that touch no name but those in ``$x`` and ``{x}``."""


@dataclass(frozen=True)
class Spoken:
    """What a magic or a shell line does with the notebook's names.

    Parameters
    ----------
    code
        Python that it runs in the notebook.
    apart
        Python that it runs in a function.
    words
        Names it may read.
    binds
        Names it binds.
    looks_up
        The magic, if it can do anything with any name.
    """

    code: str = ""
    apart: str = ""
    words: tuple[str, ...] = ()
    binds: tuple[str, ...] = ()
    looks_up: str = ""


def shell_line(text: str) -> Spoken:
    """Tell what ``!text`` does.

    Examples
    --------
    >>> shell_line("ls $folder {names[0]}").words
    ('folder', 'names')
    """
    return Spoken(words=_filled_in(text))


def line_magic(name: str, text: str) -> Spoken:
    """Tell what ``%name text`` does.

    Examples
    --------
    >>> line_magic("time", "x = f(y)").code.strip()
    'x = f(y)'
    >>> line_magic("who", "").looks_up
    '%who'
    """
    if name in _RUNS or name == "timeit":
        options, code = _options(text, _RUNS.get(name, "nrpv"))
        named = tuple(WORD.findall(options))
        if name == "timeit":
            return Spoken(apart=python(code), words=named)
        return Spoken(code=python(code), words=named)
    if name in _ASKS:
        return Spoken(words=tuple(WORD.findall(text)))
    if name in _HARMLESS:
        return Spoken(words=_filled_in(text))
    return Spoken(words=tuple(WORD.findall(text)), looks_up=f"%{name}")


def cell_magic(name: str, line: str, body: str) -> Spoken:
    r"""Tell what ``%%name line`` over ``body`` does.

    Examples
    --------
    >>> cell_magic("capture", "shown --no-stderr", "x = f(y)")
    Spoken(code='x = f(y)\n', apart='', words=(), binds=('shown',), looks_up='')
    """
    if name == "checkpoint":
        return Spoken()
    if name == "capture":
        binds = [word for word in line.split() if word.isidentifier()]
        return Spoken(code=python(body), words=_filled_in(line), binds=tuple(binds))
    if name in _RUNS or name == "timeit":
        first = line_magic(name, line)
        if name == "timeit":
            return Spoken(apart=f"{first.apart}\n{python(body)}", words=first.words)
        return Spoken(code=f"{first.code}\n{python(body)}".lstrip("\n"), words=first.words)
    if name in _FOREIGN:
        return Spoken(words=_filled_in(line), binds=tuple(_OUTPUT.findall(line)))
    return Spoken(words=(*WORD.findall(line), *WORD.findall(body)), looks_up=f"%%{name}")


@lru_cache(maxsize=64)
def python(text: str) -> str:
    """Return a text that IPython runs as Python: magics and the like transformed."""
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        manager = TransformerManager()  # type: ignore[no-untyped-call]
        return str(manager.transform_cell(text)) if text.strip() else ""
    except SyntaxError:
        return text


def _options(text: str, valued: str) -> tuple[str, str]:
    """Split the values that a magic takes as options from the code after them."""
    at, values = 0, []
    while match := _OPTION.match(text, at):
        end = match.end()
        if match[1] and match[1] in valued and not match[2]:
            value = re.compile(r"\S+\s*").match(text, end)
            end = value.end() if value else end
            values += [value[0]] if value else []
        at = end
    return " ".join(values), text[at:]


def _filled_in(text: str) -> tuple[str, ...]:
    found = dict.fromkeys(_DOLLAR.findall(text))
    for inside in _BRACES.findall(text):
        try:
            tree = ast.parse(inside.strip(), mode="eval")
        except SyntaxError:
            found.update(dict.fromkeys(WORD.findall(inside)))
        else:
            names = (node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
            found.update(dict.fromkeys(names))
    return tuple(found)
