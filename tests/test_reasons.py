"""``why`` from the outside: the state, what is behind it, for every way a node comes to its state."""

import sqlite3
import sys
from dataclasses import dataclass

import pytest

from checkpoint_nb import checkpoint
from checkpoint_nb.fingerprint import boundary

FACTOR = 2


@dataclass
class Settings:
    depth: int = 3
    path: str = "a.csv"


settings = Settings()


def scale(x):
    return x * FACTOR


@checkpoint
def fit(x, rate=1):
    return scale(x) * rate + settings.depth


@checkpoint
def report(value):
    return f"<{value}>"


@pytest.fixture
def module(session):
    """Hand out these globals, and put them back as they were."""
    here = sys.modules[__name__]
    before = (here.scale, here.FACTOR, here.settings.depth)
    yield here
    here.scale, here.FACTOR, here.settings.depth = before


def test_never_ran(module):
    """With nothing stored there is nothing to compare with."""
    assert fit(1).why() == ["fit(1, 1) is stale: never ran"]


def test_other_arguments_are_compared_with_the_closest(module):
    """A call that never ran says how the nearest stored one differs."""
    fit(1).run()
    said = fit(1, rate=5).why()
    assert said[0].startswith("fit(1, 5) is stale: never ran with these arguments; closest is fit")
    assert "argument rate changed: 1 → 5" in "\n".join(said)


def test_a_helper_is_shown_with_its_lines(module):
    """Which helper, how many lines, and the lines."""
    fit(1).run()

    def scale(x):
        return x * FACTOR * 2

    module.scale = scale
    assert fit(1).why() == [
        "fit(1, 1) is stale: helper scale changed (1 line)",
        "      def scale(x):",
        "    -     return x * FACTOR",
        "    +     return x * FACTOR * 2",
    ]


def test_a_value_is_shown_from_what_to_what(module):
    """A scalar by its value, an instance by the field that changed."""
    fit(1).run()
    module.FACTOR = 7
    assert fit(1).why() == ["fit(1, 1) is stale: global FACTOR changed: 2 → 7"]
    module.FACTOR, module.settings.depth = 2, 9
    assert fit(1).why() == ["fit(1, 1) is stale: global settings changed: .depth 3 → 9"]
    module.FACTOR = 7
    assert fit(1).why()[0] == "fit(1, 1) is stale:"
    assert sorted(fit(1).why()[1:]) == [
        "    global FACTOR changed: 2 → 7",
        "    global settings changed: .depth 3 → 9",
    ]


def test_a_package_is_shown_with_both_versions(module, monkeypatch):
    """An upgrade is named, from which version to which."""
    numpy = pytest.importorskip("numpy")

    @checkpoint
    def mean(x):
        return float(numpy.mean(x))

    assert mean(3).run() == 3.0
    monkeypatch.setattr(boundary, "version", lambda top: "99.1")
    monkeypatch.setattr(boundary, "_known", {})
    fresh = checkpoint(mean.__wrapped__)
    assert f"numpy changed: {numpy.__version__} → 99.1" in "\n".join(fresh(3).why())


def test_cleared(module):
    """What somebody cleared says so until it runs again."""
    fit(1).run()
    fit(1).clear()
    assert fit(1).why() == ["fit(1, 1) is stale: cleared"]
    fit(1).run()
    assert fit(1).why()[0].startswith("fit(1, 1) is fresh")


def test_damaged(module, session):
    """A record with a flipped bit is set aside, and why says that it was damaged."""
    fit(1).run()
    session.store.close()
    database = next((session.config.cache_dir / "index").glob("*.db"))
    with sqlite3.connect(database) as index:
        rows = index.execute("SELECT rowid, value FROM Cache WHERE tag LIKE 'task:%'").fetchall()
        for row, value in rows:
            bad = bytearray(value)
            bad[len(bad) // 2] ^= 1
            index.execute("UPDATE Cache SET value = ? WHERE rowid = ?", (bytes(bad), row))
    session._store = None
    assert fit(1).why() == ["fit(1, 1) is stale: its stored result was damaged"]
    assert fit(1).run() == 5
    assert fit(1).why()[0].startswith("fit(1, 1) is fresh")


def test_a_pending_node_says_what_it_waits_for_and_why_that_is_stale(module):
    """The cause upstream is shown as for the node itself."""
    report(fit(1)).run()
    module.FACTOR = 7
    said = report(fit(1)).why()
    assert said[0] == "report(fit(…)) is pending: waits for fit(1, 1)"
    assert said[1] == "    fit(1, 1) is stale: global FACTOR changed: 2 → 7"


def test_a_hit_says_what_it_was_matched_on(module):
    """Code, globals, arguments, defaults, each on a line of its own."""
    fit(1).run()
    said = "\n".join(fit(1).why())
    for words in ("code: fit, scale", "FACTOR = 2", "arguments: x = 1, rate = 1", "python: 3."):
        assert words in said
