"""Takes classes apart: bases and contents, minus what only says where they were written."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import Field
from types import (
    FunctionType,
    GetSetDescriptorType,
    MappingProxyType,
    MemberDescriptorType,
    MethodDescriptorType,
    WrapperDescriptorType,
)
from typing import Any, Final

from checkpoint_nb.fingerprint.boundary import Absent, owner
from checkpoint_nb.fingerprint.functions import library
from checkpoint_nb.fingerprint.pieces import CLASS, Piece, kind, sequence
from checkpoint_nb.fingerprint.tokens import size, text

BOOKKEEPING: Final = frozenset(
    {
        "__doc__",
        "__module__",
        "__qualname__",
        "__dict__",
        "__weakref__",
        "__annotations__",
        "__annotate__",
        "__annotate_func__",
        "__annotations_cache__",
        "__firstlineno__",
        "__static_attributes__",
        "__slotnames__",  # remembered by copyreg when an instance is pickled
        "__orig_bases__",
        "__parameters__",
        "__abstractmethods__",
        "__signature__",
        "_abc_impl",
        "__dataclass_fields__",
        "__checkpoint_task__",
    }
)
"""Names in a class that say where it was written, or follow from the others."""
_METHODS: Final = (FunctionType, classmethod, staticmethod, property)


@kind(type, derived=True)
def class_(value: type) -> Piece:
    """Take a class apart: an installed one by version, the user's by name, bases and contents."""
    found = owner(value.__module__)
    if found is not None:
        return library(found, value.__module__, value.__qualname__)
    contents = dict(_contents(value))
    piece = Piece(b"class" + text(value.__name__), kind=CLASS, label=value.__name__)
    piece.local += size(len(value.__bases__)) + b"".join(map(text, contents))
    piece.names = [*(f"base {base.__name__}" for base in value.__bases__), "metaclass", *contents]
    piece.children = [*value.__bases__, type(value), *contents.values()]
    return piece


def _contents(value: type) -> Iterator[tuple[str, object]]:
    """Yield what counts of the class's own namespace, sorted by name."""
    own = vars(value)
    members = own.get("_member_map_", {}) if isinstance(value, enum.EnumType) else {}
    for name in sorted(own):
        if name in BOOKKEEPING or name in members or name.startswith("__pydantic_"):
            continue
        if isinstance(own[name], MemberDescriptorType):
            continue  # __slots__ says the same, and survives a pickle by value
        if isinstance(value, enum.EnumType) and not isinstance(own[name], _METHODS):
            continue
        yield name, own[name]
    if isinstance(value, enum.EnumType):
        yield "enum members", [(name, member._value_) for name, member in members.items()]
    fields = own.get("__dataclass_fields__")
    if isinstance(fields, dict):
        yield "dataclass fields", list(fields.values())
    if "__pydantic_fields__" in own:
        yield "pydantic fields", dict(own["__pydantic_fields__"])


@kind(Field)
def field(value: Field[object]) -> Piece:
    """Take a dataclass field apart; its type is an annotation and does not count."""
    parts = (value.name, value.init, value.repr, value.hash, value.compare, value.kw_only)
    made = (value.default, value.default_factory, dict(value.metadata))
    return sequence(b"field", (*parts, *made), len(parts) + len(made))


@kind("typing:TypeAliasType")
def alias(value: Any) -> Piece:
    """Take a type alias of Python 3.12 apart: its name and what it stands for."""
    try:
        meant = value.__value__
    except Exception:  # noqa: BLE001 - it is worked out now, by code of the user
        meant = Absent(value.__name__)
    return Piece(b"alias" + text(value.__name__), [meant], names=["value"])


@kind(
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodDescriptorType,
    WrapperDescriptorType,
    type(dict.__dict__["fromkeys"]),
)
def descriptor(value: Any) -> Piece:
    """Take a compiled descriptor apart: its name; the class holds what it stands for."""
    cls = value.__objclass__
    found = owner(cls.__module__)
    local = found.token(cls.__qualname__) if found is not None else b""
    return Piece(b"descriptor" + text(value.__name__) + local)


@kind(MappingProxyType)
def proxy(value: MappingProxyType[object, object]) -> Piece:
    """Take a read-only view of a dictionary apart: the dictionary's content."""
    return Piece(b"mappingproxy", [dict(value)])


@kind(enum.Enum, derived=True)
def member(value: enum.Enum) -> Piece:
    """Take an enum member apart: class, name, value."""
    return Piece(
        b"member" + text(str(value._name_)),
        [type(value), value._value_],
        names=["class", "value"],
    )
