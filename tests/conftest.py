"""Sessions over a fresh store, with workers that outlive the tests."""

from __future__ import annotations

import pytest

from checkpoint_nb.config import Config
from checkpoint_nb.executors.slots import SlotExecutor
from checkpoint_nb.session import Session, use


class KeptOpen:
    """A pool that sessions use and do not close."""

    def __init__(self, executor):
        self._executor = executor

    def __getattr__(self, name):
        return getattr(self._executor, name)

    def close(self):
        pass


@pytest.fixture(scope="session")
def pool():
    executor = SlotExecutor(2)
    yield KeptOpen(executor)
    executor.close()


@pytest.fixture
def session(tmp_path, monkeypatch, pool):
    """The current session: a fresh store, two worker processes."""
    monkeypatch.chdir(tmp_path)
    config = Config.resolve(cache_dir=tmp_path / "cache", key_file=tmp_path / "secret" / "key")
    return use(Session(config, executor=pool))


@pytest.fixture
def trace(session):
    """Every event of the session, in order."""
    heard = []
    session.bus.subscribe(heard.append)
    return heard
