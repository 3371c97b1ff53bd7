"""Classes that several processes import, so that values made of them can travel as pickles."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass, field

Row = namedtuple("Row", "a b")


@dataclass
class Point:
    x: object = 0
    tags: list = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Frozen:
    x: object = 0
