"""Functions, classes, methods and modules as text."""

from __future__ import annotations

import functools
import hashlib
import sys
import types

_SKIPPED = {
    *("__dict__", "__weakref__", "__module__", "__qualname__", "__firstlineno__"),
    *("__static_attributes__", "__abstractmethods__", "_abc_impl", "__annotate__"),
    *("__slotnames__", "__annotations_cache__", "__annotate_func__", "__dataclass_fields__"),
}


def short(text: str) -> str:
    """Shorten a long text to a digest."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def is_foreign(value: object) -> bool:
    """Whether ``value`` is a function or class of a library, found there by its name."""
    module = getattr(value, "__module__", None)
    if not isinstance(value, types.FunctionType | types.BuiltinFunctionType | type):
        return False
    if not isinstance(module, str) or module == "__main__":
        return isinstance(value, types.BuiltinFunctionType) and module != "__main__"
    found = sys.modules.get(module)
    for part in value.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is value


def describe(account: object, value: object, path: str, depth: int) -> str | None:
    """Describe ``value`` if it is code of some kind."""
    if isinstance(value, types.ModuleType):
        return f"module {value.__name__}"
    if is_foreign(value):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, types.FunctionType):
        return _function(account, value, path, depth)
    if isinstance(value, types.MethodType):
        inner = account.text(value.__self__, f"{path}.__self__", depth + 1)
        return f"method {value.__func__.__qualname__} of {inner}"
    if isinstance(value, type):
        return _class(account, value, path, depth)
    if isinstance(value, functools._lru_cache_wrapper):
        inner = account.text(value.__wrapped__, f"{path}.__wrapped__", depth + 1)
        return f"lru_cache({value.cache_parameters()}, {inner})"
    if isinstance(value, staticmethod | classmethod):
        inner = account.text(value.__func__, f"{path}.__func__", depth + 1)
        return f"{type(value).__name__}({inner})"
    if isinstance(value, property):
        parts = [("fget", value.fget), ("fset", value.fset), ("fdel", value.fdel)]
        return f"property({account.fields(parts, path, depth)})"
    if isinstance(value, types.CodeType):
        return code(value)
    if isinstance(value, types.BuiltinFunctionType | types.WrapperDescriptorType):
        return f"{type(value).__name__} {value.__qualname__}"
    if isinstance(value, types.GetSetDescriptorType | types.MemberDescriptorType):
        return f"{type(value).__name__} {value.__name__}"
    return None


def code(value: types.CodeType) -> str:
    """Describe compiled code without the lines and the file it came from."""
    constants = ", ".join(sorted(map(_constant, value.co_consts)))
    names = (value.co_names, value.co_varnames, value.co_freevars, value.co_cellvars)
    shape = (value.co_argcount, value.co_posonlyargcount, value.co_kwonlyargcount, value.co_flags)
    body = hashlib.sha256(value.co_code).hexdigest()[:16]
    return f"code {value.co_qualname} {names} {shape} [{constants}] {body}"


def _constant(value: object) -> str:
    if isinstance(value, types.CodeType):
        return code(value)
    if isinstance(value, frozenset):
        return f"frozenset({sorted(map(repr, value))})"
    return repr(value)


def _function(account: object, value: types.FunctionType, path: str, depth: int) -> str:
    own = value.__globals__ is account.namespace
    where = "" if own or value.__module__ != "__main__" else ", other globals than the notebook's"
    closed = [(name, _cell(cell)) for name, cell in _closure(value)]
    parts = [
        ("defaults", value.__defaults__),
        ("kwdefaults", value.__kwdefaults__),
        ("annotations", value.__annotations__),
        ("doc", value.__doc__),
        *closed,
        *sorted(value.__dict__.items()),
    ]
    said = account.fields([(n, v) for n, v in parts if not _is_nothing(v)], path, depth)
    return (
        f"function {value.__module__}.{value.__qualname__}{where}({code(value.__code__)}; {said})"
    )


def _closure(value: types.FunctionType) -> list[tuple[str, object]]:
    return list(zip(value.__code__.co_freevars, value.__closure__ or (), strict=True))


def _is_nothing(value: object) -> bool:
    return value is None or (type(value) is dict and not value)


def _cell(cell: object) -> object:
    try:
        return cell.cell_contents
    except ValueError:
        return "(empty)"


def _class(account: object, value: type, path: str, depth: int) -> str:
    bases = ", ".join(account.kind(base) for base in value.__bases__)
    parts = sorted((n, v) for n, v in vars(value).items() if n not in _SKIPPED)
    said = account.fields(parts, path, depth)
    return f"class {account.kind(value)}({type(value).__name__}; {bases}; {said})"
