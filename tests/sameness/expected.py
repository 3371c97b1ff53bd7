"""Where the answer differs from the table: misses we take, and faults that are known."""

from __future__ import annotations

FALSE_MISSES: dict[str, str] = {
    "65-function-renamed": "A task's name is part of its key, so a renamed task is a new one; a "
    "renamed helper is not noticed. In a checkpointed cell the function is a helper.",
    "65-recursive-function-renamed": "As above.",
}
"""Edits after which a *task* runs again although nothing changed, and why we take it."""

TAKEN: dict[int, str] = {
    61: "Parameters that are renamed: arguments can be given by name, so the name is part of what "
    "the function is.",
    95: "A method that is not called, of a class that is used: which methods are reached through "
    "an instance cannot be told from the code, so all of them count.",
    115: "Dicts with their items in another order: a task can see the order.",
}
"""Misses that the specification leaves open, for the documentation."""

SAME_FOR_A_TASK: dict[int, str] = {
    121: "C or F order, ", 122: "a view or a copy, ", 126: "a memory map or an array, read-only or not, ",
    125: "the byte order, ", 130: "padding, what is under a mask, the order of a sparse matrix's entries, ",
    135: "chunks and slices of columns: the result of the first is given for the second.",
}  # fmt: skip
"""Differences that a task could see, and that by the specification do not count."""

UNSHOWN = {54, 62, 91, 95, 96}
"""Cases whose value is the same before and after the edit: that it ran again is all one can see."""

FAULTS: dict[tuple[str, str], str] = {}
"""Known faults by the way a row is run and its name. A row whose fault is gone fails: take it out."""
