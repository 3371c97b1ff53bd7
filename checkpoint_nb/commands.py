"""What buttons and magics may ask: checked here, done in a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue

from checkpoint_nb import events
from checkpoint_nb.clearing import downstream
from checkpoint_nb.run import Run
from checkpoint_nb.session import Session
from checkpoint_nb.work import Node

_log = logging.getLogger("checkpoint_nb")

Reply = Callable[[str], None]


class Commands:
    """Takes commands from any thread at once and does them in order.

    A button's handler may run in the kernel's main thread, in a subshell's, or while a cell runs:
    here it only leaves a note. ``cancel`` is done on the spot, since it only leaves a note itself.

    Parameters
    ----------
    session
        Whom the commands concern.
    began
        Told each run that a command begins.
    """

    def __init__(self, session: Session, began: Callable[[Run], None] = lambda _: None) -> None:
        self._session = session
        self._began = began
        self._looking = threading.Event()
        self._inbox: SimpleQueue[tuple[str, str | None, Reply]] = SimpleQueue()
        self._known: dict[str, Callable[[str | None], str]] = {
            "run-stale": self._run_stale,
            "run": self._run,
            "clear": self._clear,
            "clear-downstream": self._clear_downstream,
            "clear-all": self._clear_all,
            "why": self._why,
            "look": self._look,
        }
        threading.Thread(target=self._main, name="checkpoint_nb commands", daemon=True).start()

    def __call__(self, command: str, node: str | None, reply: Reply) -> None:
        """Take a command; ``reply`` is called once with a line that says what was done."""
        if command == "cancel":
            reply(self.cancel(node))
        else:
            self._inbox.put((command, node, reply))

    def cancel(self, node: str | None = None) -> str:
        """Cancel what runs, or one node of it."""
        running = list(self._session.running)
        for run in running:
            run.cancel(node)
        return "cancelling" if running else "nothing runs"

    def look(self) -> None:
        """Compare everything with the store again, soon, unless somebody asked for it already."""
        if not self._looking.is_set():
            self._looking.set()
            self._inbox.put(("look", None, lambda _: None))

    def _main(self) -> None:
        while True:
            command, node, reply = self._inbox.get()
            try:
                said = self._known[command](node)
            except Exception as error:  # noqa: BLE001 - whoever asked is told, the next is served
                _log.debug("command %s refused", command, exc_info=True)
                said = str(error)
                if command != "look":
                    self._session.bus.tell(events.CommandRefused(time.time(), command, said))
            reply(said)

    def _node(self, node: str | None) -> Node:
        for known in self._session.graph().nodes:
            if known.id == node:
                return known
        raise LookupError("that node is no longer part of the notebook")

    def _run_stale(self, _: str | None) -> str:
        nodes = self._session.nodes
        if not nodes:
            return "nothing is known yet: run a checkpointed cell or task first"
        self._began(self._session.start(nodes))
        return "running what is stale"

    def _run(self, node: str | None) -> str:
        chosen = self._node(node)
        self._began(self._session.start([chosen]))
        return f"running {chosen.label}"

    def _clear(self, node: str | None) -> str:
        return self._cleared([self._node(node)])

    def _clear_downstream(self, node: str | None) -> str:
        return self._cleared(downstream(self._session, [self._node(node)]))

    def _clear_all(self, _: str | None) -> str:
        return self._cleared(list(self._session.graph().nodes))

    def _cleared(self, nodes: list[Node]) -> str:
        freed = self._session.clear(nodes)
        results = "result" if freed.entries == 1 else "results"
        return f"cleared {freed.entries} {results}, {freed.size:,} bytes freed"

    def _look(self, _: str | None) -> str:
        self._looking.clear()
        if self._session.active is None and self._session.nodes:
            self._session.plan(why=events.LOOK)
        return ""

    def _why(self, node: str | None) -> str:
        return "\n".join(self._session.why(self._node(node)))
