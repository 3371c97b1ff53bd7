"""Shows in the notebook what a cell shows where it runs, or showed when it ran, in order."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TextIO

from checkpoint_nb.spool import Message, SpoolReader

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_NAMES_RESULTS: Final = re.compile(r"\b(_+|_\d+|_oh|Out)\b")


@dataclass(frozen=True)
class LastValue:
    """The value of a cell's last line, as it is stored.

    Parameters
    ----------
    load
        Returns it.
    is_big
        It is loaded only when a cell names it.
    """

    load: Callable[[], object]
    is_big: bool = False


class Recorded:
    """Stands for the value of a cell's last line: shows what was recorded of it.

    Parameters
    ----------
    data, metadata
        How it is shown.
    """

    def __init__(self, data: Mapping[str, object], metadata: Mapping[str, object]) -> None:
        self._data = data
        self._metadata = metadata
        self.load: Callable[[], object] | None = None

    def __repr__(self) -> str:
        return str(self._data.get("text/plain", "(recorded output)"))

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, object], dict[str, object]]:
        return dict(self._data), dict(self._metadata)


class Replayer:
    """Shows what one cell shows: :meth:`look` often while it runs, then :meth:`end` once.

    Each message is shown once and in order, also where some came while the cell ran and the rest
    is found in the store.

    Parameters
    ----------
    shell
        Where it is shown.
    reader
        What the cell shows while it runs; ``None``: it is shown only in the end.
    quiet
        Show nothing.
    """

    def __init__(
        self, shell: InteractiveShell, reader: SpoolReader | None = None, *, quiet: bool = False
    ) -> None:
        self.has_shown = False
        self.is_mid_line = False
        self.make_room: Callable[[], None] = lambda: None
        self._shell = shell
        self._reader = reader
        self._quiet = quiet
        self._results: list[tuple[str, Recorded]] = []

    def look(self) -> bool:
        """Show what came since the last time; say whether there was any."""
        messages = [] if self._quiet or self._reader is None else self._reader.read()
        self._show(messages)
        return bool(messages)

    def end(
        self,
        recorded: Sequence[Message] | None = None,
        value: LastValue | None = None,
    ) -> None:
        """Show the rest, and let ``_`` and ``Out`` hold the value of the last line.

        Parameters
        ----------
        recorded
            What was stored of all that the cell showed; ``None`` where it was not finished.
        value
            The value of the last line, where it was stored; a big one is loaded when a cell names
            it (see :func:`restore_results`).
        """
        if self._quiet:
            return
        while self.look():
            pass
        whole = self._reader is not None and self._reader.ended
        if recorded is not None and not whole:
            if self.has_shown:
                self._clear(wait=False)
                self._results.clear()
            self._show(recorded)
        self._bind_results(value)

    # -- showing ---------------------------------------------------------------------------------

    def _show(self, messages: Sequence[Message]) -> None:
        if messages:
            self.make_room()
        written: TextIO | None = None
        for kind, content in messages:
            if kind == "stream":
                stream = sys.stderr if content["name"] == "stderr" else sys.stdout
                if written is not None and written is not stream:
                    written.flush()
                text = str(content["text"])
                stream.write(text)
                written, self.is_mid_line = stream, not text.endswith("\n")
            elif kind == "display":
                self._shell.display_pub.publish(**content)
            elif kind == "clear":
                self._clear(wait=bool(content["wait"]))
            elif kind == "result":
                self._show_result(content)
        if written is not None:
            written.flush()
        self.has_shown = self.has_shown or bool(messages)

    def _clear(self, *, wait: bool) -> None:
        self._shell.display_pub.clear_output(wait=wait)  # type: ignore[no-untyped-call]

    def _show_result(self, content: Mapping[str, object]) -> None:
        data, metadata = content["data"], content["metadata"]
        assert isinstance(data, Mapping)
        assert isinstance(metadata, Mapping)
        stand_in = Recorded(data, metadata)
        self._results.append((str(content["name"]), stand_in))
        hook = self._shell.displayhook
        # Shown as it was recorded, and not as this process would show it.
        hook.compute_format_data = lambda _: (dict(data), dict(metadata))  # type: ignore[method-assign]
        try:
            hook(stand_in)
        finally:
            del hook.compute_format_data

    def _bind_results(self, value: LastValue | None) -> None:
        for name, stand_in in self._results:
            if name in self._shell.user_ns:
                _put(self._shell, stand_in, self._shell.user_ns[name])
        if value is None or not self._results or self._results[-1][0]:
            return
        stand_in = self._results[-1][1]
        if value.is_big:
            stand_in.load = value.load
        else:
            _put(self._shell, stand_in, value.load())


def replay(shell: InteractiveShell, messages: Sequence[Message]) -> None:
    """Show ``messages`` in the running cell: streams, displays, updates, clears, the result."""
    Replayer(shell).end(messages)


def restore_results(shell: InteractiveShell, source: str) -> None:
    """Put values in the place of what stands for them, if ``source`` names a result of a cell.

    To be called before a cell runs.

    Parameters
    ----------
    source
        The code of the cell that is about to run.
    """
    if not _NAMES_RESULTS.search(source):
        return
    waiting = [one for one in shell.user_ns.get("_oh", {}).values() if isinstance(one, Recorded)]
    for stand_in in waiting:
        load, stand_in.load = stand_in.load, None
        if load is not None:
            _put(shell, stand_in, load())


def replace_result(was: object, now: object) -> None:
    """Let ``now`` be where ``was`` is among the results of cells: ``Out``, ``_``, ``_12``."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is not None and was is not now:
        _put(shell, was, now)


def _put(shell: InteractiveShell, stand_in: object, value: object) -> None:
    """Let ``value`` be where ``stand_in`` is: ``Out``, ``_``, ``__``, ``_12``."""
    outputs = shell.user_ns.get("_oh", {})
    names = ["_", "__", "___"]
    for number, held in list(outputs.items()):
        if held is stand_in:
            outputs[number] = value
            names.append(f"_{number}")
    hook = shell.displayhook
    for name in names:
        for holder in (shell.user_ns, shell.user_ns_hidden):
            if holder.get(name) is stand_in:
                holder[name] = value
        # The hook remembers them too, to see whether the user made something else of them.
        if vars(hook).get(name) is stand_in:
            setattr(hook, name, value)
    result = getattr(hook, "exec_result", None)
    if result is not None and result.result is stand_in:
        result.result = value
