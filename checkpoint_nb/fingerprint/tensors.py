"""Takes sparse matrices and tensors apart: type, shape and content; not where it lives."""

from __future__ import annotations

import sys
from typing import Any

from checkpoint_nb.fingerprint.instances import instance
from checkpoint_nb.fingerprint.pieces import Piece, kind
from checkpoint_nb.fingerprint.tokens import content, text


@kind("scipy:_spbase", derived=True)
def sparse(value: Any) -> Piece:
    """Take a sparse matrix apart: format and stored entries; their order does not count.

    Zeros that are stored and several entries for one place can be seen, so they count.
    """
    name = type(value).__name__
    if type(value).__module__.partition(".")[0] != "scipy":
        return instance(value)
    if value.format in {"csr", "csc"}:
        rows = value if value.has_sorted_indices else value.sorted_indices()
        places, data = [rows.indptr, rows.indices], rows.data
    else:
        entries = value.tocoo()
        order = sys.modules["numpy"].lexsort(entries.coords[::-1])
        places, data = [one[order] for one in entries.coords], entries.data[order]
    wide = [one.astype("<i8", copy=False) for one in places]
    return Piece(b"sparse" + text(name), [value.shape, data, wide])


@kind("torch:Tensor", "torch:Parameter", derived=True)
def tensor(value: Any) -> Piece:
    """Take a tensor apart: type, shape, items, gradient; device and strides do not count."""
    torch = sys.modules["torch"]
    local = text(str(value.dtype)) + text(repr(value.layout)) + text(repr(_shape(value)))
    local += bytes((value.requires_grad, value.is_leaf, isinstance(value, torch.nn.Parameter)))
    piece = Piece(b"tensor" + local)
    if value.is_leaf and value.grad is not None:
        piece.children.append(value.grad)
        piece.local += b"gradient"
    if type(value) is not torch.Tensor and type(value) is not torch.nn.Parameter:
        piece.children.append(type(value))
    if vars(value):
        piece.children.append(dict(vars(value)))
    plain = torch.Tensor.detach(value)
    if type(plain) is not torch.Tensor and plain.layout is torch.strided:
        plain = plain.as_subclass(torch.Tensor)
    _add_items(piece, plain)
    return piece


def _shape(value: Any) -> tuple[int, ...] | None:
    return None if value.is_nested else tuple(value.shape)


def _add_items(piece: Piece, plain: Any) -> None:
    """Add the items in the form that the layout has."""
    torch = sys.modules["torch"]
    if plain.is_nested:
        piece.children.append(list(plain.unbind()))
    elif plain.device.type == "meta":
        piece.local += b"meta"
    elif plain.layout is not torch.strided:
        plain = (plain if plain.layout is torch.sparse_coo else plain.to_sparse_coo()).coalesce()
        piece.children += [plain.indices(), plain.values()]
    elif plain.is_quantized:
        piece.children += [plain.int_repr(), plain.dequantize()]
    else:
        flat = plain.cpu().resolve_conj().resolve_neg().contiguous().reshape(-1)
        piece.local += content(flat.view(torch.uint8).numpy() if flat.numel() else b"")
