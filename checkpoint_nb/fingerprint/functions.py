"""Takes functions and modules apart: code, and everything the code can reach by name."""

from __future__ import annotations

import functools
import operator
import os
import re
from collections.abc import Iterator, Mapping
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FunctionType,
    MethodType,
    ModuleType,
)
from typing import Any, Final

from checkpoint_nb.fingerprint.boundary import BINARY, Absent, Named, Owner, imported, owner
from checkpoint_nb.fingerprint.code import Normal, normal
from checkpoint_nb.fingerprint.pieces import FUNCTION, LIBRARY, MODULE, Piece, kind
from checkpoint_nb.fingerprint.tokens import content, size, text

_MISSING: Final = object()
_NO_DEFAULTS: Final = size(0) + size(0)
_CACHED: Final = type(functools.lru_cache(len))


def library(found: Owner, *words: str) -> Piece:
    """Return the piece of something installed: owner, version, name.

    Examples
    --------
    >>> library(Owner("numpy", "2.4.6"), "numpy", "mean").label
    'numpy'
    """
    return Piece(found.token(*words), kind=LIBRARY, label=found.name, shown=found.version)


@kind(FunctionType)
def function(value: FunctionType) -> Piece:
    """Take a function apart: its code, defaults, cells, and the globals its code reads."""
    attributes, code = value.__dict__, value.__code__
    if attributes and _is_generic(value):
        return _generic(value)
    home = value.__globals__.get("__name__")
    found = owner(home)
    if found is not None:
        return _library_function(value, found, str(home))
    form = normal(code)
    # A wrapper made with functools.wraps carries the name of what it wraps.
    label = code.co_name if "__wrapped__" in attributes else value.__name__
    piece = Piece(b"function" + form.digest, [], FUNCTION, [], label=label, form=form)
    if value.__defaults__ or value.__kwdefaults__:
        _add_defaults(piece, value)
    else:
        piece.local += _NO_DEFAULTS
    if value.__closure__:
        _add_closure(piece, value)
    _add_reached(piece, value, form)
    piece.local += size(len(piece.children))
    return piece


def _child(piece: Piece, name: str, child: object) -> None:
    piece.names.append(name)
    piece.children.append(child)


def _add(piece: Piece, name: str, items: Any) -> None:
    """Add a counted run of children to the piece."""
    piece.local += size(len(items))
    for item in items:
        _child(piece, name, item)


def _add_defaults(piece: Piece, value: FunctionType) -> None:
    _add(piece, "default", value.__defaults__ or ())
    named = sorted((value.__kwdefaults__ or {}).items())
    piece.local += b"".join([text(name) for name, _ in named])
    _add(piece, "default", [default for _, default in named])


def _add_closure(piece: Piece, value: FunctionType) -> None:
    """Add what the function closes over, in the order of use, so that names do not count.

    Not the cells themselves, which two functions may share or not.
    """
    cells = dict(zip(value.__code__.co_freevars, value.__closure__ or (), strict=True))
    for name in normal(value.__code__).frees:
        cell = cells[name]
        try:
            _child(piece, f"closure {name}", cell.cell_contents)
        except ValueError:
            _child(piece, f"closure {name}", Absent("cell contents"))


def _library_function(value: FunctionType, found: Owner, home: str) -> Piece:
    """Return the piece of an installed function; one made for the user holds the user's objects."""
    piece = library(found, home, value.__code__.co_qualname)
    if "<" in value.__code__.co_qualname:
        # Lambdas and functions made in functions share their names.
        piece.local += normal(value.__code__).digest
    if value.__closure__ or "<locals>" in value.__code__.co_qualname:
        _add_closure(piece, value)
        _add(piece, "default", value.__defaults__ or ())
        _add(piece, "default", list((value.__kwdefaults__ or {}).values()))
    return piece


def _is_generic(value: FunctionType) -> bool:
    return value.__globals__ is vars(functools) and {"registry", "dispatch"} <= vars(value).keys()


def _generic(value: Any) -> Piece:
    """Return the piece of a ``singledispatch`` function: what is registered, not what is cached."""
    registry = sorted(value.registry.items(), key=lambda item: item[0].__qualname__)
    piece = Piece(b"singledispatch" + size(len(registry)))
    for cls, chosen in registry:
        _child(piece, f"type {cls.__name__}", cls)
        _child(piece, f"implementation for {cls.__name__}", chosen)
    return piece


def _add_reached(piece: Piece, value: FunctionType, form: Normal) -> None:
    """Add what the code reaches through globals, imports and annotations."""
    known = value.__globals__
    names, children = piece.names, piece.children
    for name, chains in form.uses:
        for chain in chains:
            if chain or name not in known:
                words, target = follow(value, name, chain)
            else:
                words, target = f"global {name}", known[name]
            names.append(words)
            children.append(target)
    for word in form.words:
        if word in known:
            _child(piece, f"global {word}", known[word])
    if form.imports:
        package = str(known.get("__package__") or "")
        for one in form.imports:
            for target in imported(one.module, one.names, package, one.level):
                _child(piece, f"import {one.module}", target)
    if value.__annotations__ or form.noted:
        for words, cls in _noted(value, form):
            if isinstance(cls, type) and owner(cls.__module__) is None:
                _child(piece, words, cls)


def _noted(value: FunctionType, form: Normal) -> Iterator[tuple[str, object]]:
    """Yield what annotations lead to: the function's own, and those of functions made inside."""
    notes = value.__annotations__
    for name in sorted(notes):
        note = notes[name]
        yield f"annotation {name}", value.__globals__.get(note) if isinstance(note, str) else note
    for name, chain in form.noted:
        words, cls = follow(value, name, chain)
        yield words.replace("global", "annotation"), cls


def builtins_of(value: FunctionType) -> Mapping[str, object]:
    """Return where a function finds names that are no globals.

    Examples
    --------
    >>> builtins_of(lambda: None)["len"] is len
    True
    """
    found: Any = value.__globals__.get("__builtins__", {})
    return found if isinstance(found, dict) else vars(found)


def follow(value: FunctionType, name: str, chain: tuple[str, ...]) -> tuple[str, object]:
    """Return what ``name.a.b`` leads to, as far as modules and functions lead, and how far.

    Examples
    --------
    >>> import json
    >>> def load(text): return json.loads(text)
    >>> follow(load, "json", ("loads",))[0]
    'global json.loads'
    """
    words = f"global {name}"
    target = value.__globals__.get(name, _MISSING)
    if target is _MISSING:
        target = builtins_of(value).get(name, _MISSING)
        return words, Absent(name) if target is _MISSING else target
    for attribute in chain:
        if isinstance(target, ModuleType):
            target = _attribute(target, attribute)
        elif isinstance(target, FunctionType) and attribute in target.__dict__:
            target = target.__dict__[attribute]
        else:
            break
        words += f".{attribute}"
    return words, target


def _attribute(module: ModuleType, name: str) -> object:
    found = vars(module).get(name, _MISSING)
    if found is not _MISSING:
        return found
    try:
        return getattr(module, name)
    except Exception:  # noqa: BLE001 - a module's __getattr__ may raise anything
        return Absent(name)


@kind(ModuleType, derived=True)
def module(value: ModuleType) -> Piece:
    """Take a module apart: an installed one by version, the user's by its public contents."""
    found = owner(value.__name__)
    if found is not None:
        return library(found, value.__name__)
    file = vars(value).get("__file__")
    if isinstance(file, str) and file.endswith(BINARY):
        return Piece(b"binary" + _file(file, os.stat(file).st_mtime_ns), kind=LIBRARY, label=file)
    public = sorted(name for name in vars(value) if not name.startswith("_"))
    piece = Piece(b"module" + b"".join(map(text, public)), kind=MODULE, label=value.__name__)
    for name in public:
        _child(piece, f"global {name}", vars(value)[name])
    return piece


@functools.cache
def _file(path: str, _changed: int) -> bytes:
    with open(path, "rb") as file:
        return content(file.read())


@kind(BuiltinFunctionType)
def builtin(value: BuiltinFunctionType) -> Piece:
    """Take a compiled function apart: by name, and by the object it is bound to."""
    home, bound = value.__module__, value.__self__
    if bound is not None and not isinstance(bound, ModuleType):
        return Piece(b"builtin method" + text(value.__name__), [bound], names=["self"])
    found = owner(home) if home else owner("builtins")
    if found is not None:
        return library(found, home or "", value.__qualname__)
    return Piece(b"compiled" + text(value.__qualname__), [bound], names=["module"])


@kind("numba:CPUDispatcher", derived=True)
def compiled(value: Any) -> Piece:
    """Take a function that numba compiles apart: the Python function, and how it is compiled."""
    options = dict(sorted(value.targetoptions.items()))
    return Piece(
        b"compiled",
        [type(value), value.py_func, options],
        names=["type", "function", "options"],
    )


@kind("pydantic:ValidateCallWrapper")
def validated(value: Any) -> Piece:
    """Take what ``validate_call`` makes apart: not the whole namespace that it keeps for types."""
    config = dict(value.config_wrapper.config_dict)
    return Piece(
        b"validated",
        [type(value), value.function, value.validate_return, config],
        names=["type", "function", "validate_return", "config"],
    )


@kind(MethodType)
def method(value: MethodType) -> Piece:
    """Take a bound method apart: the function and the object."""
    return Piece(b"method", [value.__func__, value.__self__], names=["function", "self"])


@kind(functools.partial)
def partial(value: functools.partial[object]) -> Piece:
    """Take a partial call apart: function, arguments, keyword arguments."""
    return Piece(
        b"partial",
        [value.func, value.args, dict(sorted(value.keywords.items()))],
        names=["function", "arguments", "keywords"],
    )


@kind(_CACHED)
def cached(value: Any) -> Piece:
    """Take an ``lru_cache`` function apart: what it wraps, not what it remembers."""
    return Piece(b"cached", [value.__wrapped__], names=["function"])


@kind(functools.cached_property)
def cached_property(value: functools.cached_property[object]) -> Piece:
    """Take a cached property apart: its function."""
    return Piece(b"cached_property", [value.func], names=["function"])


@kind(staticmethod, classmethod)
def unbound(value: Any) -> Piece:
    """Take a static or class method apart: its function."""
    return Piece(type(value).__name__.encode(), [value.__func__], names=["function"])


@kind(property)
def accessor(value: property) -> Piece:
    """Take a property apart: its functions, not its docstring."""
    return Piece(
        b"property", [value.fget, value.fset, value.fdel], names=["getter", "setter", "deleter"]
    )


@kind(CodeType)
def code(value: CodeType) -> Piece:
    """Take a code object apart: its normal form and the global names it uses."""
    form = normal(value)
    return Piece(b"code" + form.digest + text(repr(form.uses)))


@kind(CellType)
def cell(value: CellType) -> Piece:
    """Take a closure cell apart: what is in it."""
    try:
        return Piece(b"cell", [value.cell_contents])
    except ValueError:
        return Piece(b"empty cell")


@kind(re.Pattern)
def pattern(value: re.Pattern[Any]) -> Piece:
    """Take a compiled regular expression apart: pattern and flags."""
    return Piece(b"pattern" + size(value.flags), [value.pattern])


@kind(operator.attrgetter, operator.itemgetter, operator.methodcaller)
def getter(value: Any) -> Piece:
    """Take one of operator's callables apart: its arguments."""
    return Piece(b"operator", list(value.__reduce__()))


@kind(Named)
def named(value: Named) -> Piece:
    """Take an import of something installed apart: its words."""
    return library(value.owner, value.module, value.name)


@kind(Absent)
def absent(value: Absent) -> Piece:
    """Take a name that leads nowhere apart: the name."""
    return Piece(b"absent" + text(value.name))
