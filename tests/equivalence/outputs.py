"""What a cell showed, in a form in which equal means that a reader sees the same."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re

from PIL import Image

Shown = list[tuple[str, str]]
"""Kind and text of each output, in order."""

_SAME = [
    (re.compile(r"\b0x[0-9a-fA-F]{6,}"), "0x…"),
    (re.compile(r"\[\d+:\d\d(:\d\d)?<[^\]\n]*\]"), "[time]"),
    (re.compile(r"^ ?(CPU times|Wall time):.*$", re.MULTILINE), "<time>"),
    (re.compile(r"^.* per loop \(mean ± .*$", re.MULTILINE), "<time>"),
    (re.compile(r"^ *\x1b\[[\d;]*m.*Wall time.*$", re.MULTILINE), "<time>"),
    (re.compile(r"/\S*/ipykernel_\d+/\d+\.py:\d+|<checkpoint [^>]*>:\d+"), "<cell>"),
    (re.compile(r"\((\d+\.py|<cell>|<checkpoint [^>]*>), line"), "(<cell>, line"),
]
_IDS = [
    re.compile(r"\bT_[0-9a-f]{5}(?=\w*)"),
    re.compile(r"(?<=sk-estimator-id-|sk-container-id-)\d+"),
]
_SVG_ID = re.compile(r'(?:\bid="|#|url\(#)([A-Za-z]\w*)')
_LEFT_OUT = ("application/vnd.jupyter.widget-view+json",)


class Screen:
    """Turns messages into what is shown; numbers display ids in the order of their first use."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}

    def shown(self, messages: list[tuple[str, dict]]) -> Shown:
        """Return what the messages of one cell leave to see: updated and cleared as they ask."""
        found: list[tuple[str, Shown]] = []
        streams: dict[str, str] = {}
        is_cleared = False
        for kind, content in messages:
            if is_cleared or (kind == "clear_output" and not content.get("wait", False)):
                found.clear()
                streams.clear()
            is_cleared = kind == "clear_output" and bool(content.get("wait", False))
            name = content.get("transient", {}).get("display_id", "")
            if kind == "stream":
                streams[content["name"]] = streams.get(content["name"], "") + content["text"]
            elif kind == "update_display_data" and any(name == known for known, _ in found):
                new = self._one("display_data", content)
                found = [(known, new if name == known else old) for known, old in found]
            elif kind != "clear_output":
                found += [("", _streams(streams)), (name, self._one(kind, content))]
        return [one for _, shown in found for one in shown] + _streams(streams)

    def _one(self, kind: str, content: dict) -> Shown:
        if kind == "error":
            return [("error", f"{content['ename']}: {normal(content['evalue'])}")]
        label = kind.replace("_data", "").replace("execute_", "")
        name = content.get("transient", {}).get("display_id")
        if name:
            label += f" #{self._ids.setdefault(name, len(self._ids) + 1)}"
        return [
            (f"{label} {mime}", _mime(mime, data))
            for mime, data in sorted(content["data"].items())
            if mime not in _LEFT_OUT
        ]


def normal(text: str) -> str:
    """Take out of a text what differs from one kernel to the next."""
    for pattern, instead in _SAME:
        text = pattern.sub(instead, text)
    for pattern in _IDS:
        text = _numbered(text, pattern)
    return text


def _streams(streams: dict[str, str]) -> Shown:
    found = [(name, normal(_overwritten(text))) for name, text in sorted(streams.items())]
    streams.clear()
    return [(name, text) for name, text in found if text]


def _overwritten(text: str) -> str:
    """Keep of each line what a screen keeps after the carriage returns in it."""
    return "\n".join(
        max(line.rstrip("\r").rpartition("\r")[2:], key=len) for line in text.split("\n")
    )


def _numbered(text: str, pattern: re.Pattern[str]) -> str:
    known: dict[str, str] = {}
    return pattern.sub(lambda m: known.setdefault(m[0], f"id{len(known) + 1}"), text)


def _mime(mime: str, data: object) -> str:
    if mime in ("image/png", "image/jpeg"):
        return _pixels(str(data))
    if not isinstance(data, str):
        return normal(json.dumps(data, sort_keys=True))
    if mime == "image/svg+xml":
        text = re.sub(r"<dc:date>.*?</dc:date>", "", data)
        known: dict[str, str] = {}
        for found in _SVG_ID.finditer(text):
            known.setdefault(found[1], f"id{len(known) + 1}")
        return re.sub(r"[A-Za-z]\w*", lambda m: known.get(m[0], m[0]), text)
    return normal(data)


def _pixels(data: str) -> str:
    picture = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA")
    return f"{picture.size} pixels {hashlib.sha256(picture.tobytes()).hexdigest()[:16]}"
