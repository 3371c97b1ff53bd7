"""Commands from buttons: left as notes from any thread, done in order, always answered."""

from __future__ import annotations

import queue
import threading

import pytest

from checkpoint_nb import checkpoint, events
from checkpoint_nb.commands import Commands


@checkpoint
def base(n):
    return n


@checkpoint
def top(value):
    return value + 1


@pytest.fixture
def ask(session):
    commands = Commands(session)

    def ask(command, node=None):
        answers: queue.Queue = queue.Queue()
        thread = threading.Thread(target=commands, args=(command, node, answers.put))
        thread.start()
        return answers.get(timeout=30)

    return ask


def finish(session):
    while session.active is not None:
        session.active.wait(10)


def test_clear_and_run_do_what_they_say(session, ask, trace):
    """Clear frees the node, Run brings it back, Run stale brings everything."""
    top(base(1)).run()
    assert "cleared 1" in ask("clear", base(1).id)
    assert "running" in ask("run", base(1).id)
    finish(session)
    assert session.plan([top(base(1))]).left == ()
    assert "cleared 2" in ask("clear-downstream", base(1).id)
    assert ask("run-stale") == "running what is stale"
    finish(session)
    assert session.plan([top(base(1))]).left == ()
    assert "cleared 2" in ask("clear-all")
    assert len(session.plan([top(base(1))]).left) == 2


def test_why_answers_in_words(session, ask):
    """Why says what the node was matched on, or what it waits for."""
    top(base(1)).run()
    assert "is fresh" in ask("why", top(base(1)).id)
    base(1).clear()
    assert "cleared" in ask("why", top(base(1)).id)


def test_a_command_that_cannot_be_done_is_refused_and_told(session, ask, trace):
    """An unknown node is answered with the reason, on the bus too, and the next command works."""
    assert "no longer part" in ask("clear", "nobody")
    assert [event.command for event in trace if isinstance(event, events.CommandRefused)] == [
        "clear"
    ]
    assert ask("cancel") == "nothing runs"
    assert "nothing is known yet" in ask("run-stale")
