"""A module in a folder that a notebook puts on the path."""


def double(x: float) -> float:
    return 2 * x
