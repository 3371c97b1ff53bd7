"""Lets code of the user run in the notebook without showing anything."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress

from IPython.utils.capture import capture_output


@contextmanager
def muted() -> Iterator[None]:
    """Drop what is printed and displayed inside ``with``.

    ``sys.stdout`` stays the object that it is where that can be: a logging handler made inside
    keeps it, and writes to the notebook later.

    Examples
    --------
    >>> with muted():
    ...     print("nobody reads this")
    """
    redirected = {"stdout": redirect_stdout, "stderr": redirect_stderr}
    with ExitStack() as stack, capture_output(stdout=False, stderr=False, display=True):
        for name, redirect in redirected.items():
            stream = getattr(sys, name)
            try:
                stream.write = len
            except AttributeError:
                stack.enter_context(redirect(io.StringIO()))
            else:
                stack.callback(_speak_again, stream)
        yield


def _speak_again(stream: object) -> None:
    with suppress(AttributeError):
        del stream.write  # type: ignore[attr-defined]
