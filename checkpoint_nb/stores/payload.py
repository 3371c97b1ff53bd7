"""From a value to bytes and back: one frame, its large buffers aligned and never copied.

::

    magic, version, codec, number of buffers, lengths | body
    body: lengths of the buffers | pickle | padding, buffer | padding, buffer | ...
"""

from __future__ import annotations

import io
import pickle
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from checkpoint_nb.errors import StoreError
from checkpoint_nb.stores.classes import ResultPickler
from checkpoint_nb.stores.views import Array, View, views_among

ALIGN = 64
_HEAD = struct.Struct("<4sBBxxIQQ")  # magic, version, codec, buffers, pickle bytes, body bytes
_MAGIC, _VERSION = b"CKPL", 1
_PLAIN, _ZLIB = 0, 1
_SMALL_BUFFER = 1024  # padding would cost more than the copy that it saves
_DEPTH_OF_BLAME = 3

Chunk = bytes | memoryview


@dataclass(frozen=True, slots=True)
class Payload:
    """An encoded value, as chunks that may be views into the value itself."""

    chunks: tuple[Chunk, ...]
    size: int

    def join(self) -> bytes:
        """Return all of it in one piece."""
        return b"".join(self.chunks)


def encode(value: object, compress_level: int = 0) -> Payload:
    """Encode ``value``.

    Parameters
    ----------
    value
        Anything cloudpickle can write.
    compress_level
        0 none, -1 the default of zlib, 1 to 9.

    Examples
    --------
    >>> decode(encode({"a": [1, 2]}).join())
    {'a': [1, 2]}
    >>> encode("x" * 1000, 9).size < 100
    True
    """
    stream, buffers = _pickled(value)
    table = struct.pack(f"<{len(buffers)}Q", *(buffer.nbytes for buffer in buffers))
    body: list[Chunk] = [table, stream]
    size = len(table) + len(stream)
    for buffer in buffers:
        padding = -(_HEAD.size + size) % ALIGN
        body += [bytes(padding), buffer]
        size += padding + buffer.nbytes
    head = (_MAGIC, _VERSION, _ZLIB if compress_level else _PLAIN, len(buffers), len(stream), size)
    if compress_level:
        squeeze = zlib.compressobj(compress_level)
        body = [squeeze.compress(chunk) for chunk in body]
        body.append(squeeze.flush())
        size = sum(map(len, body))
    return Payload((_HEAD.pack(*head), *body), _HEAD.size + size)


def decode(data: bytes | bytearray | memoryview) -> object:
    """Return the value in ``data``; its buffers are slices of it where it is not compressed.

    Raises ValueError where the frame is not one, and whatever unpickling raises.
    """
    frame = memoryview(data).cast("B")
    if len(frame) < _HEAD.size:
        raise ValueError("the payload is too short")
    magic, version, codec, count, pickled, size = _HEAD.unpack_from(frame)
    if (magic, version) != (_MAGIC, _VERSION) or codec not in (_PLAIN, _ZLIB):
        raise ValueError("the payload has a format this version does not know")
    body = frame[_HEAD.size :]
    if codec == _ZLIB:
        body = memoryview(_inflated(body, size))
    if len(body) != size or count * 8 + pickled > size:
        raise ValueError("the payload has another length than it says")
    lengths = struct.unpack_from(f"<{count}Q", body)
    stream = body[count * 8 :][:pickled]
    return pickle.loads(stream, buffers=_slices(body, count * 8 + pickled, lengths))


def _pickled(value: object) -> tuple[bytes, list[memoryview]]:
    stream, buffers, arrays = _written(value, {})
    views = views_among(arrays) if len(arrays) > 1 else {}
    if views:
        stream, buffers, _ = _written(value, views)
    return stream, buffers


def _written(
    value: object, views: Mapping[int, View]
) -> tuple[bytes, list[memoryview], list[Array]]:
    sink, buffers = io.BytesIO(), list[memoryview]()

    def keep_in_band(buffer: pickle.PickleBuffer) -> bool:
        view = buffer.raw()
        if view.nbytes < _SMALL_BUFFER:
            return True
        buffers.append(view)
        return False

    pickler = ResultPickler(sink, buffer_callback=keep_in_band, views=views)
    pickler.dump(value)
    return sink.getvalue(), buffers, pickler.arrays


def _slices(body: memoryview, start: int, lengths: tuple[int, ...]) -> Iterator[memoryview]:
    for length in lengths:
        start += -(_HEAD.size + start) % ALIGN
        if start + length > len(body):
            raise ValueError("the payload is shorter than its buffers")
        yield body[start : start + length]
        start += length


def _inflated(body: memoryview, size: int) -> bytearray:
    inflate = zlib.decompressobj()
    try:
        content = inflate.decompress(body, size + 1)
    except zlib.error as error:
        raise ValueError(f"the payload cannot be decompressed: {error}") from error
    # A bytearray, so that an array in it may be written to like the one that was stored.
    return bytearray(content)


def refusal(value: object, error: Exception) -> StoreError:
    """Return the error for a value that cannot be encoded; it names the part that cannot.

    Examples
    --------
    >>> import threading
    >>> print(refusal({"x": threading.Lock()}, TypeError("no")).facts["object"])
    result['x'] (lock)
    """
    path, culprit, reason = _blame("result", value, error, _DEPTH_OF_BLAME)
    return StoreError(
        f"{path} cannot be stored.",
        {"object": f"{path} ({type(culprit).__name__})", "reason": f"{reason}"},
        "Return plain data: open files, locks, connections and generators cannot be kept.",
    )


def _blame(path: str, value: object, error: Exception, depth: int) -> tuple[str, object, Exception]:
    if depth:
        for name, part in _parts_of(value):
            try:
                _pickled(part)
            except Exception as reason:  # noqa: BLE001  code of the user runs here
                return _blame(path + name, part, reason, depth - 1)
    return path, value, error


def _parts_of(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        yield from ((f"[{key!r}]", part) for key, part in value.items())
    elif isinstance(value, list | tuple):
        yield from ((f"[{index}]", part) for index, part in enumerate(value))
    else:
        attributes = getattr(value, "__dict__", None)
        if isinstance(attributes, dict):
            yield from ((f".{name}", part) for name, part in attributes.items())
