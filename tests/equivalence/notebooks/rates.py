"""A module beside a notebook."""

from __future__ import annotations

TABLE = {"EUR": 1.0, "USD": 1.25}
calls = 0


def convert(amount: float, currency: str) -> float:
    global calls
    calls += 1
    return amount * TABLE[currency]
