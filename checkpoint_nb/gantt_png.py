"""Draws marks that come on the standard input as a PNG, with matplotlib; run as a process."""

from __future__ import annotations

import io
import json
import sys
from typing import Final

from checkpoint_nb.gantt import LOADING, STORING

_DOTS: Final = 72
_FINER: Final = 2
_HATCHES: Final = {LOADING: ("////", 0.62), STORING: ("....", 0.38)}


def main() -> None:
    """Read marks as JSON, write the picture to the standard output."""
    sys.stdout.buffer.write(png(json.load(sys.stdin)))


def png(picture: dict[str, object]) -> bytes:
    """Return the PNG of a picture of blocks and words, twice as fine as its pixels."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    width, height = float(str(picture["width"])), float(str(picture["height"]))
    figure = Figure(figsize=(width / _DOTS, height / _DOTS), dpi=_DOTS * _FINER, facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    marks = picture["marks"]
    assert isinstance(marks, list)
    for mark in marks:
        if mark["kind"] == "words":
            axes.text(
                mark["x"],
                mark["y"],
                mark["text"].replace("$", r"\$"),
                color=mark["colour"],
                fontsize=mark["size"] - 1,
                family="monospace",
                ha={"start": "left", "middle": "center", "end": "right"}[mark["anchor"]],
                va="baseline",
            )
            continue
        place = (mark["x"], mark["y"]), mark["w"], mark["h"]
        axes.add_patch(Rectangle(*place, facecolor=mark["colour"], linewidth=0))
        if mark["pattern"]:
            hatch, pale = _HATCHES[mark["pattern"]]
            axes.add_patch(Rectangle(*place, facecolor="white", alpha=pale, linewidth=0))
            axes.add_patch(
                Rectangle(
                    *place, fill=False, edgecolor="white", alpha=0.8, hatch=hatch, linewidth=0
                )
            )
    sink = io.BytesIO()
    figure.savefig(sink, format="png", dpi=_DOTS * _FINER)
    return sink.getvalue()


if __name__ == "__main__":
    main()
