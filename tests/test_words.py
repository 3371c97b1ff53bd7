"""Errors, states, events, settings: the words everything else is said in."""

from __future__ import annotations

import inspect
import pickle

import pytest

from checkpoint_nb import errors, events
from checkpoint_nb.config import Config
from checkpoint_nb.errors import CheckpointError, DeclarationError
from checkpoint_nb.states import State

ERRORS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, CheckpointError)
]


@pytest.mark.parametrize("kind", ERRORS)
def test_every_error_survives_a_pickle(kind):
    """Headline, facts and hint arrive in another process as they left."""
    error = kind("It broke.", {"task": "clean", "n": 3}, "Mend it.")
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.facts) == (kind, str(error), error.facts)
    assert str(error) == "It broke.\n  task: clean\n  n:    3\nHint: Mend it."


def test_each_state_has_its_own_word_glyph_and_colour():
    """No two states can be taken for each other."""
    for what in ("word", "glyph", "colour", "code"):
        assert len({getattr(state, what) for state in State}) == len(State)


def test_a_broken_listener_does_not_stop_the_others(caplog):
    """A view that raises is logged; everybody else is still told."""
    bus, heard = events.EventBus(), []

    def broken(event):
        raise RuntimeError("no screen")

    bus.subscribe(broken)
    forget = bus.subscribe(heard.append)
    bus.tell(events.CommandRefused(0.0, "clear", "it runs"))
    forget()
    bus.tell(events.CommandRefused(1.0, "clear", "it runs"))
    assert [event.at for event in heard] == [0.0]
    assert "a listener failed" in caplog.text


def test_settings_come_from_arguments_then_environment_then_defaults(tmp_path):
    """An argument wins over a variable, a variable over the default."""
    environ = {"CP_CACHE_DIR": str(tmp_path), "CHECKPOINT_NB_SLOTS": "3"}
    assert Config.resolve(environ=environ).slots == 3
    assert Config.resolve(slots=5, environ=environ).slots == 5
    assert Config.resolve(environ=environ).cache_dir == tmp_path / "checkpoint"
    assert Config.resolve(environ={}).cache_dir.parts[-2:] == (".cache", "checkpoint")
    assert Config.resolve(environ={}).slots >= 1


@pytest.mark.parametrize("slots", ["0", "-1", "many"])
def test_a_senseless_number_of_slots_is_told(slots):
    """The error names what was given and how to get the default."""
    with pytest.raises(DeclarationError, match=slots):
        Config.resolve(environ={"CHECKPOINT_NB_SLOTS": slots})
