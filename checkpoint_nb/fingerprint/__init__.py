"""What makes two computations the same: code, values, keys."""

from __future__ import annotations

from checkpoint_nb.fingerprint import arrays, arrow, classes, frames, functions, opaque, values
from checkpoint_nb.fingerprint.boundary import by_content
from checkpoint_nb.fingerprint.describe import describe
from checkpoint_nb.fingerprint.graphs import fingerprint
from checkpoint_nb.fingerprint.keys import FORMAT, Fingerprint, Key, recipe_key
from checkpoint_nb.fingerprint.places import Place
from checkpoint_nb.fingerprint.walk import digest
from checkpoint_nb.parts import Part

__all__ = [
    "FORMAT",
    "Fingerprint",
    "Key",
    "Part",
    "Place",
    "by_content",
    "describe",
    "digest",
    "fingerprint",
    "recipe_key",
]

# Imported for the ways to take objects apart that they register.
_ = (arrays, arrow, classes, frames, functions, opaque, values)
