"""A node that failed in a run, and how."""

from __future__ import annotations

from dataclasses import dataclass

from checkpoint_nb.job import Failed


@dataclass(frozen=True, slots=True)
class Failure:
    """A node that failed, and how."""

    number: int
    answer: Failed | None
    why: str
