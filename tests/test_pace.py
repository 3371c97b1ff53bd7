"""Progress as events: from a task in a worker to the board."""

from __future__ import annotations

import threading

import pytest

from checkpoint_nb import Session, progress, task
from checkpoint_nb.config import Config
from checkpoint_nb.events import NodeProgress
from checkpoint_nb.states import State


@task
def long(gate):
    import os
    import time

    def run():
        print("counting")
        for i in range(4):
            progress(i, 4, f"part {i}")
            while not os.path.exists(f"{gate}{i}"):
                time.sleep(0.01)
        return "counted"

    return run


@pytest.fixture
def session(tmp_path):
    session = Session(Config.resolve(cache_dir=str(tmp_path / "cache"), slots=1))
    yield session
    session.close()


def test_progress_is_on_the_board_while_the_task_runs_and_gone_after_it(session, tmp_path):
    """Each part is told once, in order; a node that is done has none."""
    heard, came = [], threading.Condition()

    def hear(event):
        if isinstance(event, NodeProgress):
            with came:
                heard.append((event.done, event.total, event.text))
                came.notify_all()

    session.bus.subscribe(hear)
    gate = str(tmp_path / "gate")
    run = session.start([long(gate)])
    for i in range(4):
        with came:
            assert came.wait_for(lambda i=i: len(heard) > i, 60)
        status = session.board.snapshot().statuses[0]
        assert (status.state, status.progress, status.doing) == (State.RUNNING, i / 4, f"part {i}")
        assert run.log_so_far(run.graph.nodes[0].id) == "counting\n" or i == 0
        open(f"{gate}{i}", "w").close()
    assert run.wait(60)
    assert heard == [(i, 4, f"part {i}") for i in range(4)]
    status = session.board.snapshot().statuses[0]
    assert (status.state, status.progress, status.doing) == (State.DONE, None, "")


def test_reporting_does_not_count_as_something_the_task_does(session, tmp_path):
    """A task that reports has no file of its own to be looked after, and is fresh the next time."""
    gate = str(tmp_path / "gate")
    for i in range(4):
        open(f"{gate}{i}", "w").close()
    run = session.start([long(gate)])
    assert run.wait(60)
    assert run.result_of(run.graph.nodes[0].id)
    assert not run.acted(run.graph.nodes[0].id)
    again = session.start([long(gate)])
    assert again.wait(60)
    assert not again.ran(again.graph.nodes[0].id)
