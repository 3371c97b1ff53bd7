"""Figures and what is drawn in them as text."""

from __future__ import annotations

import sys

_ASKED = (
    *("get_label", "get_visible", "get_alpha", "get_zorder", "get_color", "get_facecolor"),
    *("get_edgecolor", "get_linewidth", "get_linestyle", "get_marker", "get_markersize"),
    *("get_xydata", "get_offsets", "get_array", "get_extent", "get_text", "get_position"),
    *("get_fontsize", "get_xlim", "get_ylim", "get_xscale", "get_yscale", "get_bbox", "get_xy"),
)


def describe(account: object, value: object, path: str, depth: int) -> str | None:
    """Describe ``value`` if it is a figure, or something drawn in one."""
    if type(value).__module__.split(".")[0] not in ("matplotlib", "mpl_toolkits", "seaborn"):
        return None
    artist = getattr(sys.modules.get("matplotlib.artist"), "Artist", ())
    figure = getattr(sys.modules.get("matplotlib.figure"), "FigureBase", ())
    axes = getattr(sys.modules.get("matplotlib.axes"), "Axes", ())
    if isinstance(value, figure):
        return _figure(account, value, path, depth)
    if isinstance(value, axes):
        figure_said = account.text(value.figure, f"{path}.figure", depth + 1)
        return f"{account.kind(type(value))} of {figure_said}\n  {_artists(account, value, path)}"
    if isinstance(value, artist):
        owner = getattr(value, "axes", None)
        said = account.text(owner, f"{path}.axes", depth + 1) if owner is not None else "no axes"
        return f"{_artist(account, value, path)} in {said}"
    container = getattr(sys.modules.get("matplotlib.container"), "Container", ())
    if isinstance(value, container):
        inner = [account.text(one, f"{path}[{at}]", depth + 1) for at, one in enumerate(value)]
        return f"{type(value).__name__}[{', '.join(inner)}]"
    return f"{type(value).__module__}.{type(value).__name__}"


def _figure(account: object, value: object, path: str, depth: int) -> str:
    numbers = sys.modules["matplotlib._pylab_helpers"].Gcf.figs if _pyplot() else {}
    managed = any(m.canvas.figure is value for m in numbers.values())
    size = [round(float(x), 6) for x in value.get_size_inches()] if hasattr(value, "dpi") else []
    inner = [
        account.text(one, f"{path}.axes[{at}]", depth + 1) for at, one in enumerate(value.axes)
    ]
    drawn = "; ".join(_artist(account, one, path) for one in [*value.texts, *value.artists])
    kept = "open in pyplot" if managed else "closed"
    return f"{type(value).__name__}({size}, {value.dpi}, {kept}; {drawn}; axes={inner})"


def _pyplot() -> bool:
    return "matplotlib._pylab_helpers" in sys.modules


def _artists(account: object, axes: object, path: str) -> str:
    shown = [_artist(account, axes, path)]
    for one in axes.findobj(include_self=False):
        module = type(one).__module__
        if module.endswith((".axis", ".spines")) or "Tick" in type(one).__name__:
            continue
        shown.append(_artist(account, one, path))
    return "\n  ".join(shown)


def _artist(account: object, value: object, path: str) -> str:
    said = []
    for name in _ASKED:
        ask = getattr(value, name, None)
        if ask is None:
            continue
        try:
            answer = ask()
        except Exception:
            continue
        fresh = type(account)(account.namespace)
        said.append(f"{name[4:]}={fresh.of(path, _plain(answer))}")
    return f"{type(value).__name__}({', '.join(said)})"


def _plain(answer: object) -> object:
    numpy = sys.modules["numpy"]
    if isinstance(answer, numpy.ndarray):
        return (
            numpy.ma.filled(numpy.ma.asarray(answer, dtype=float), -1.0).round(9).tolist()
            if answer.dtype.kind in "fiub"
            else answer.tolist()
        )
    if isinstance(answer, numpy.generic):
        return answer.item()
    if hasattr(answer, "bounds"):
        return [round(float(x), 9) for x in answer.bounds]
    return answer
