"""Arrays, frames and tensors as text, and which arrays lie in the same memory."""

from __future__ import annotations

import collections
import hashlib
import sys
import types

_CHANGE = (list, dict, set, bytearray, collections.deque)


def is_array(value: object) -> bool:
    """Whether ``value`` is a numpy array."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)


def can_change(value: object) -> bool:
    """Whether a change of ``value`` would be seen by all who hold it."""
    kind = type(value)
    if _is(value, "pandas", "Index") or _is(value, "numpy", "generic", "dtype"):
        return False
    if kind.__module__.split(".")[0] == "pandas":
        return _is(value, "pandas", "Series", "DataFrame")
    return (
        isinstance(value, _CHANGE)
        or hasattr(value, "__dict__")
        or kind.__module__ == "__main__"
        or isinstance(value, types.GeneratorType)
    )


def overlaps(found: list[tuple[str, object]]) -> list[str]:
    """Say which arrays of different variables share memory."""
    numpy = sys.modules.get("numpy")
    pairs = []
    for at, (path, one) in enumerate(found[:300]):
        for other, two in found[at + 1 : 300]:
            if _root(path) == _root(other):
                continue
            if one is two:
                pairs.append(f"{path} is {other}")
            elif (one.flags.writeable or two.flags.writeable) and _overlap(numpy, one, two):
                pairs.append(f"{path} shares memory with {other}")
    return pairs


def describe(account: object, value: object, path: str, depth: int) -> str | None:
    """Describe ``value`` if a library for data made it."""
    library = type(value).__module__.split(".")[0]
    if is_array(value):
        return _array(account, value, path, depth)
    if library == "numpy":
        return _numpy(account, value, path, depth)
    if library == "pandas" or _is(value, "pandas", "DataFrame", "Series", "Index"):
        return _pandas(account, value, path, depth)
    if library == "polars" and _is(value, "polars", "DataFrame"):
        return f"polars.DataFrame({value.schema}; {_list(account, value.rows(), path, depth)})"
    if library == "polars" and _is(value, "polars", "Series"):
        said = _list(account, value.to_list(), path, depth)
        return f"polars.Series({value.name!r}, {value.dtype}; {said})"
    if library == "scipy" and hasattr(value, "tocoo"):
        coo = value.tocoo()
        parts = [("row", coo.row), ("col", coo.col), ("data", coo.data)]
        return f"{type(value).__name__}({value.shape}; {account.fields(parts, path, depth)})"
    if library == "torch" and hasattr(value, "detach"):
        inner = _array(account, value.detach().cpu().numpy(), path, depth)
        return f"Tensor({value.dtype}, {value.requires_grad}, {inner})"
    return None


def _is(value: object, library: str, *names: str) -> bool:
    module = sys.modules.get(library)
    kinds = tuple(k for k in (getattr(module, name, None) for name in names) if k is not None)
    return bool(kinds) and isinstance(value, kinds)


def _root(path: str) -> str:
    return path.split(".")[0].split("[")[0]


def _overlap(numpy: object, one: object, two: object) -> bool:
    try:
        return bool(numpy.shares_memory(one, two, max_work=1000))
    except Exception:
        return bool(numpy.may_share_memory(one, two))


def _array(account: object, value: object, path: str, depth: int) -> str:
    numpy = sys.modules["numpy"]
    kind = type(value)
    flags = value.flags
    marks = "" if flags.writeable else ", read-only"
    marks += ", by columns" if flags.f_contiguous and not flags.c_contiguous else ""
    mask = ""
    if isinstance(value, numpy.ma.MaskedArray):
        mask = f"; mask={_bytes(numpy.asarray(numpy.ma.getmaskarray(value)))}"
        value = numpy.ma.getdata(value)
    plain = numpy.asarray(value)
    if plain.dtype.hasobject:
        content = _list(account, plain.ravel().tolist(), path, depth)
    else:
        content = _bytes(plain)
    name = "array" if kind is numpy.ndarray else account.kind(kind)
    return f"{name}({plain.dtype.str}{plain.dtype.descr if plain.dtype.names else ''}, {plain.shape}{marks}; {content}{mask})"


def _bytes(plain: object) -> str:
    numpy = sys.modules["numpy"]
    digest = hashlib.sha256(numpy.ascontiguousarray(plain).tobytes()).hexdigest()[:16]
    return f"{plain.ravel()[:8].tolist()}{'…' if plain.size > 8 else ''} {digest}"


def _numpy(account: object, value: object, path: str, depth: int) -> str | None:
    numpy = sys.modules["numpy"]
    if isinstance(value, numpy.generic):
        return f"{type(value).__name__}({value.item()!r}, {value.dtype})"
    if isinstance(value, numpy.dtype):
        return f"dtype({value.str}, {value.descr if value.names else value})"
    if isinstance(value, numpy.random.Generator):
        state = account.text(value.bit_generator.state, f"{path}.state", depth + 1)
        return f"Generator({state})"
    if isinstance(value, numpy.random.RandomState):
        state = account.text(value.get_state(), f"{path}.state", depth + 1)
        return f"RandomState({state})"
    return None


def _list(account: object, values: list[object], path: str, depth: int) -> str:
    said = [account.text(one, f"{path}[{at}]", depth + 1) for at, one in enumerate(values[:2000])]
    text = ", ".join(said)
    if len(values) > 2000:
        text += f" … {len(values)} {hashlib.sha256(repr(values).encode()).hexdigest()[:16]}"
    return f"[{text}]"


def _pandas(account: object, value: object, path: str, depth: int) -> str | None:
    pandas = sys.modules["pandas"]
    kind = account.kind(type(value)).replace("pandas.", "")
    if isinstance(value, pandas.DataFrame):
        columns = [value.iloc[:, at] for at in range(value.shape[1])]
        said = "".join(f"\n  {c.name!r}: {_values(account, c, path, depth)}" for c in columns)
        attrs = f"; attrs={account.text(dict(value.attrs), f'{path}.attrs', depth + 1)}"
        return (
            f"{kind}({value.shape}; columns={_index(account, value.columns, path, depth)}; "
            f"index={_index(account, value.index, path, depth)}{attrs if value.attrs else ''}{said})"
        )
    if isinstance(value, pandas.Series):
        index = _index(account, value.index, path, depth)
        return f"{kind}({value.name!r}; {_values(account, value, path, depth)}; index={index})"
    if isinstance(value, pandas.Index):
        return _index(account, value, path, depth)
    if isinstance(value, pandas.api.extensions.ExtensionArray):
        return f"{kind}({_values(account, pandas.Series(value), path, depth)})"
    if isinstance(value, pandas.Timestamp | pandas.Timedelta | pandas.Period | pandas.Interval):
        return repr(value)
    if isinstance(value, pandas.api.extensions.ExtensionDtype):
        return repr(value)
    if value is pandas.NaT or value is pandas.NA:
        return repr(value)
    return None


def _values(account: object, series: object, path: str, depth: int) -> str:
    dtype = series.dtype
    if dtype.name == "category":
        inner = series.cat.categories.tolist(), series.cat.ordered, series.cat.codes.tolist()
        return f"category {_list(account, list(inner), path, depth)}"
    if type(dtype).__module__.startswith("numpy") and not dtype.hasobject:
        return f"{dtype} {_bytes(series.to_numpy())}"
    return f"{dtype!r} {_list(account, series.tolist(), path, depth)}"


def _index(account: object, index: object, path: str, depth: int) -> str:
    kind, names = type(index).__name__, list(index.names)
    freq = getattr(index, "freqstr", None)
    if kind == "RangeIndex":
        return f"{kind}({index.start}, {index.stop}, {index.step}, {names})"
    values = _list(account, index.tolist(), path, depth)
    dtype = [str(level.dtype) for level in index.levels] if kind == "MultiIndex" else index.dtype
    return f"{kind}({dtype}, {names}{f', {freq}' if freq else ''}; {values})"
