"""Takes arrays with labels of xarray apart: what can be seen, not what was looked at before."""

from __future__ import annotations

import copyreg
from typing import Any, Final

from checkpoint_nb.fingerprint.instances import instance, plain_state, reduced_form
from checkpoint_nb.fingerprint.pieces import OBJECT, Piece, kind

_BY_CHANCE: Final = frozenset({"_cache", "_close"})
_MAY_BE_EMPTY: Final = ("_attrs", "_encoding")


@kind("xarray:Dataset", "xarray:DataArray", "xarray:Variable", derived=True)
def labelled(value: Any) -> Piece:
    """Take an array or a set of arrays with labels apart; no attributes are empty attributes."""
    reduced = reduced_form(value)
    if len(reduced) < 3 or reduced[0] is not copyreg.__newobj__:  # type: ignore[attr-defined]
        return instance(value)
    state = {name: one for name, one in plain_state(reduced[2]).items() if name not in _BY_CHANCE}
    for name in _MAY_BE_EMPTY:
        state[name] = state.get(name) or None
    return Piece(b"labelled", [type(value), state], OBJECT, ["class", "state"])
