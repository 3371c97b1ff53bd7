"""Whether a piece of text is that of a live function or class, by what it compiles to."""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterable, Iterator
from functools import cached_property
from types import CodeType, FunctionType, MemberDescriptorType
from typing import Final

from checkpoint_nb.explaining.listing import namespace_of
from checkpoint_nb.fingerprint import describe
from checkpoint_nb.fingerprint.code import normal

_NOTHING: Final = object()
_DEEPEST: Final = 4
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def function_agrees(live: FunctionType, code: CodeType, node: ast.AST | None) -> bool:
    """Return whether ``live`` has the code and the plain defaults of a text.

    Examples
    --------
    >>> node = ast.parse("lambda n=2: n + 1", mode="eval").body
    >>> code = (lambda n=2: n + 1).__code__
    >>> function_agrees(lambda m=2: m + 1, code, node)
    False
    >>> function_agrees(lambda n=3: n + 1, code, node)
    False
    """
    if normal(live.__code__) != normal(code):
        return False
    if not isinstance(node, _Function | ast.Lambda):
        return True
    written, given = node.args.defaults, live.__defaults__ or ()
    named = {
        argument.arg: value
        for argument, value in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        if value is not None
    }
    live_named = live.__kwdefaults__ or {}
    return (
        len(written) == len(given)
        and named.keys() == live_named.keys()
        and all(map(_is, written, given))
        and all(_is(value, live_named[name]) for name, value in named.items())
    )


def set_later(live: type, code: CodeType, node: ast.ClassDef) -> list[str] | None:
    """Return what a live class has and its text does not say; ``None``: it is not its text.

    Methods are compared by their code, plain values and annotated names by what they are, bases
    by number. What a class decorator or a call in the body made is taken as it is.

    Examples
    --------
    >>> class Config: n = 10
    >>> text = "class Config: n = 10"
    >>> code, node = compile(text, "", "exec").co_consts[0], ast.parse(text).body[0]
    >>> set_later(Config, code, node)
    []
    >>> Config.n = 11
    >>> set_later(Config, code, node)
    ['n = 11']
    """
    inside = namespace_of(live)
    bases = type.__getattribute__(live, "__bases__")
    same_bases = bool(node.bases) or bases == (object,) or bool(getattr(node, "type_params", ()))
    if not same_bases or not _annotations_agree(inside, node):
        return None
    if not _methods_agree(live, code, node) or not _nested_agree(inside, code, node):
        return None
    later = [name for name, value in _assigned(node) if not _value_agrees(inside, name, value)]
    if type(live) is type and not node.decorator_list:
        later += _added(inside, {*code.co_names, *_annotated(node)})
    return [f"{name} = {describe(inside.get(name))}" for name in later]


def functions_in(live: type) -> list[FunctionType]:
    """Return the functions of a class itself, inside properties and decorators too.

    Examples
    --------
    >>> class Circle:
    ...     @property
    ...     def area(self): return 3
    >>> [one.__name__ for one in functions_in(Circle)]
    ['area']
    """
    found: dict[int, FunctionType] = {}
    for value in namespace_of(live).values():
        _gather(value, found, _DEEPEST)
    return list(found.values())


def _gather(value: object, found: dict[int, FunctionType], depth: int) -> None:
    if depth == 0 or id(value) in found:
        return
    inner: Iterable[object] = ()
    if isinstance(value, FunctionType):
        found[id(value)] = value
        inner = (value.__dict__.get("__wrapped__"), *_closed_over(value))
    elif isinstance(value, classmethod | staticmethod):
        inner = (value.__func__,)
    elif isinstance(value, property):
        inner = (value.fget, value.fset, value.fdel)
    elif isinstance(value, cached_property):
        inner = (value.func,)
    for one in inner:
        _gather(one, found, depth - 1)


def _closed_over(function: FunctionType) -> Iterator[object]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:
            continue


def _is(written: ast.expr, value: object) -> bool:
    """Return whether a value can be what is written: anything, unless that is a plain constant."""
    plain = _constant(written)
    return plain is _NOTHING or (type(plain) is type(value) and repr(plain) == repr(value))


def _constant(written: ast.expr) -> object:
    try:
        value: object = ast.literal_eval(written)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _NOTHING
    # A list or dict may have been changed in place, and its text is right all the same.
    return value if _is_fixed(value) else _NOTHING


def _is_fixed(value: object) -> bool:
    if type(value) is tuple:
        return all(map(_is_fixed, value))
    return type(value) in {int, float, complex, bool, str, bytes, type(None), type(...)}


def _methods_agree(live: type, code: CodeType, node: ast.ClassDef) -> bool:
    """Return whether each method of the text is live, and each live one is in the text."""
    inside = f"{type.__getattribute__(live, '__qualname__')}."
    compiled: dict[str, list[CodeType]] = {}
    for one in _compiled(code):
        compiled.setdefault(one.co_name, []).append(one)
    functions: dict[str, list[FunctionType]] = {}
    for function in functions_in(live):
        functions.setdefault(function.__code__.co_name, []).append(function)
    found: dict[str, bool] = {}
    for method in (one for one in node.body if isinstance(one, _Function)):
        codes = [c for c in compiled[method.name] if c.co_firstlineno == _first_line(method)]
        found[method.name] = any(
            function_agrees(function, one, method)
            for one in codes
            for function in functions.get(method.name, ())
        )
    return all(found.values()) and all(
        any(normal(function.__code__) == normal(one) for one in compiled[name])
        for name, several in functions.items()
        for function in several
        if name in compiled and function.__code__.co_qualname == inside + name
    )


def _compiled(code: CodeType) -> list[CodeType]:
    """Return the code objects in that of a class; those of generic methods are one level down."""
    found = [one for one in code.co_consts if isinstance(one, CodeType)]
    deeper = [one for one in found if one.co_name.startswith("<generic parameters")]
    return found + [inner for one in deeper for inner in _compiled(one)]


def _first_line(node: _Function | ast.ClassDef) -> int:
    return min([node.lineno, *(one.lineno for one in node.decorator_list)])


def _assigned(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    """Yield the plain assignments of a class body; only the last of a name counts."""
    last: dict[str, ast.expr] = {}
    for one in node.body:
        if isinstance(one, ast.Assign):
            last.update({t.id: one.value for t in one.targets if isinstance(t, ast.Name)})
        elif isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and one.value:
            last[one.target.id] = one.value
    yield from last.items()


def _value_agrees(inside: dict[str, object], name: str, written: ast.expr) -> bool:
    if name.startswith("__"):
        return True
    value = inside.get(name, _NOTHING)
    fields = inside.get("__dataclass_fields__")
    if isinstance(value, MemberDescriptorType) or value is _NOTHING:
        field = fields.get(name) if isinstance(fields, dict) else None
        value = getattr(field, "default", _NOTHING)
    defaults = inside.get("_field_defaults")  # of a named tuple
    if isinstance(defaults, dict) and name in defaults:
        value = defaults[name]
    members = inside.get("_member_map_")
    if isinstance(members, dict) and isinstance(members.get(name), enum.Enum):
        value = _NOTHING if "__new__" in inside else members[name]._value_
    return value is _NOTHING or _is(written, value)


def _annotated(node: ast.ClassDef) -> set[str]:
    return {
        one.target.id
        for one in node.body
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
    }


def _annotations_agree(inside: dict[str, object], node: ast.ClassDef) -> bool:
    live = inside.get("__annotations__")
    return not isinstance(live, dict) or _annotated(node) <= live.keys()


def _added(inside: dict[str, object], written: set[str]) -> list[str]:
    """Return the names that somebody put into a class after its text was run."""
    return [
        name
        for name, value in inside.items()
        if not (name in written or name.startswith("_"))
        and not isinstance(value, MemberDescriptorType)
    ]


def _nested_agree(inside: dict[str, object], code: CodeType, node: ast.ClassDef) -> bool:
    for one in node.body:
        live = inside.get(one.name) if isinstance(one, ast.ClassDef) else None
        if isinstance(one, ast.ClassDef) and isinstance(live, type):
            codes = [c for c in _compiled(code) if c.co_firstlineno == _first_line(one)]
            if not any(set_later(live, c, one) == [] for c in codes if c.co_name == one.name):
                return False
    return True
