"""What makes two computations the same: code, values, keys."""

from __future__ import annotations

from checkpoint_nb.fingerprint import arrays, arrow, classes, frames, functions, opaque, values
from checkpoint_nb.fingerprint.boundary import by_content, is_users, owner
from checkpoint_nb.fingerprint.chance import generators_apart
from checkpoint_nb.fingerprint.content_of import content_of, register_all, registered
from checkpoint_nb.fingerprint.describe import describe
from checkpoint_nb.fingerprint.graphs import fingerprint
from checkpoint_nb.fingerprint.keys import FORMAT, Fingerprint, Key, recipe_key
from checkpoint_nb.fingerprint.late import late_imports, looked_up
from checkpoint_nb.fingerprint.places import Place
from checkpoint_nb.fingerprint.walk import digest, state_digest
from checkpoint_nb.parts import Part

__all__ = [
    "FORMAT",
    "Fingerprint",
    "Key",
    "Part",
    "Place",
    "by_content",
    "content_of",
    "describe",
    "digest",
    "fingerprint",
    "generators_apart",
    "is_users",
    "late_imports",
    "looked_up",
    "owner",
    "recipe_key",
    "register_all",
    "registered",
    "state_digest",
]

# Imported for the ways to take objects apart that they register.
_ = (arrays, arrow, classes, frames, functions, opaque, values)
