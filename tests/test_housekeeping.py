"""What is stored is counted right, and what is kept within a limit is what is worth most."""

from __future__ import annotations

import time

import pytest

from checkpoint_nb import checkpoint
from checkpoint_nb.collecting import collect
from checkpoint_nb.errors import DeclarationError
from checkpoint_nb.holdings import holdings, old_keys
from checkpoint_nb.measures import said_size, said_span, size_of, span_of
from checkpoint_nb.stores.disk import DiskStore
from checkpoint_nb.stores.interface import Record, Stored
from checkpoint_nb.stores.memory import MemoryStore

BIG = 100_000


@pytest.fixture(params=["disk", "memory"])
def store(request, tmp_path):
    if request.param == "memory":
        yield MemoryStore()
        return
    made = DiskStore(tmp_path / "cache", tmp_path / "keys" / "key")
    yield made
    made.close()


def put(store, key, *, node="", seconds=1.0, size=BIG, age=0.0, value=None, task="t"):
    """One result of about ``size`` bytes."""
    content = value if value is not None else key.encode() * (size // len(key))
    stored = store.objects.put(content, content[:8].hex() + f"{len(content):08x}", "bytes", 0)
    record = Record(
        key,
        task,
        node or f"node of {key}",
        f"{task}({key})",
        {"": stored},
        {},
        seconds,
        time.time() - age,
    )
    store.commit([record]).result()
    return record


def left(store):
    return {record.key for record in store.records()}


def test_the_cheapest_to_compute_for_its_bytes_goes_first(store):
    """Seconds for each byte decide: a small quick result stays longer than a large quick one."""
    put(store, "slow", seconds=100)
    put(store, "quick", seconds=1)
    put(store, "small", seconds=1, size=1000)
    done = collect(store, most=BIG + 50_000)
    assert left(store) == {"slow", "small"}
    assert (done.entries, done.fresh) == (1, 0)
    assert done.left <= BIG + 50_000


def test_of_equals_the_oldest_goes_first(store):
    """The same worth, then age."""
    put(store, "new1", age=10)
    put(store, "old1", age=1000)
    collect(store, most=BIG + 50_000)
    assert left(store) == {"new1"}


def test_what_is_fresh_goes_last_and_is_told(store):
    """A result that a current node would use is removed only where there is no other way."""
    put(store, "fresh", seconds=0.001)
    put(store, "other", seconds=1000)
    done = collect(store, most=BIG + 50_000, fresh={"fresh"})
    assert (left(store), done.fresh) == ({"fresh"}, 0)
    done = collect(store, most=10, fresh={"fresh"})
    assert (left(store), done.fresh, done.left) == (set(), 1, 0)


def test_what_is_too_old_goes_unless_it_is_fresh(store):
    """An age is a limit of its own."""
    for key in ("aged", "used"):
        put(store, key, age=1000)
    put(store, "young", age=1)
    collect(store, older=500, fresh={"used"})
    assert left(store) == {"used", "young"}


def test_nothing_goes_while_all_of_it_fits(store):
    """A store below its limit stays as it is."""
    put(store, "one", seconds=0.0)
    assert collect(store, most=BIG * 2).entries == 0
    assert left(store) == {"one"}


def test_a_result_that_frees_nothing_stays(store):
    """Where two results share their payload, removing one of them frees nothing: it stays."""
    same = b"same payload" * 10_000
    put(store, "shares1", value=same, seconds=1)
    put(store, "shares2", value=same, seconds=1000)
    put(store, "single", seconds=2)
    held = holdings(store)
    if isinstance(store, MemoryStore):
        assert held.size > 2 * len(same)
        return
    assert held.size < 2 * len(same)
    collect(store, most=len(same) + 1000)
    assert left(store) == {"shares1", "shares2"}
    collect(store, most=1000)
    assert left(store) == set()


def test_what_is_counted_is_what_a_clear_frees(store):
    """Bytes by task add up, shared payloads once, to what removing everything frees."""
    same = b"same payload" * 10_000
    put(store, "k1", value=same, task="a")
    put(store, "k2", value=same, task="b")
    put(store, "k3", task="b")
    held = holdings(store)
    assert held.entries == 3
    freed = store.clear()
    assert held.size == pytest.approx(freed.size, rel=0.01)


def test_versions_that_are_not_the_newest_are_old():
    """Of a node that nobody knows now, the newest result counts as the one it would use."""

    def record(key, node):
        return Record(key, "t", node, node, {"": Stored("d", 1, "", b"x")}, {}, 1.0, 0.0)

    records = [record("a2", "a"), record("b1", "b"), record("a1", "a")]
    assert old_keys(records, {}) == {"a1"}
    assert old_keys(records, {"a": {"a1"}}) == {"a2"}
    assert old_keys(records, {"a": ()}) == {"a1", "a2"}


@pytest.mark.parametrize("text", ["", "5Q", "G", "-1", "five", "1..2", "3ib"])
def test_what_is_no_size_is_refused(text):
    """The message shows how to say it."""
    with pytest.raises(DeclarationError, match="5G"):
        size_of(text)


@pytest.mark.parametrize("text", ["", "30", "d", "3 years", "-3d"])
def test_what_is_no_time_is_refused(text):
    """A number without a unit could mean anything."""
    with pytest.raises(DeclarationError, match="30d"):
        span_of(text)


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 12_345, 999_949, 999_999, 10**9, 5 * 10**13])
def test_a_size_in_words_says_nearly_the_size(size):
    """Read back, it is off by 5 % at most."""
    assert size_of(said_size(size)) == pytest.approx(size, rel=0.05)


def test_spans_in_words_never_say_sixty():
    """59.96 s is 60 s or one minute, never "0 m 60 s"."""
    for tenths in range(40_000):
        said = said_span(tenths / 10 + 0.05)
        assert "60" not in said.split(), said


@checkpoint
def grows(n, step=1):
    return list(range(n * step))


def test_du_counts_old_versions_of_known_nodes_only(session):
    """A result that an edited task no longer uses is old; one of another notebook is not."""
    grows(1000).run()
    grows(2000).run()
    assert [task.task for task in session.du().tasks] == [grows(1).task]
    assert session.du().old_entries == 0
    foreign = Record("k", "elsewhere", "n", "elsewhere()", {}, {}, 1.0, 0.0)
    session.store.commit([foreign]).result()
    before = session.store.lookup([key_of_fresh(session, grows(1000))])
    old = next(iter(before.values()))
    edited = Record("older", old.task, old.node, old.label, old.outputs, {}, 1.0, 0.0)
    session.store.commit([edited]).result()
    held = session.du()
    assert (held.entries, held.old_entries) == (4, 1)
    assert session.clear_old().entries == 1
    assert session.du().old_entries == 0
    assert session.plan([grows(1000), grows(2000)]).left == ()


def key_of_fresh(session, node):
    plan = session.plan([node])
    return plan.decisions[plan.graph.number[node.id]].record.key


def test_gc_of_a_session_spares_what_is_fresh(session):
    """The session knows what its nodes use; limits may be words."""
    grows(30_000).run()
    stored = session.store.objects.put(b"x" * BIG, "ab" * 8, "bytes", 0)
    session.store.commit([Record("k", "else", "n", "else()", {"": stored}, {}, 1e9, 0.0)]).result()
    done = session.gc("100 kB")
    assert (done.entries, done.fresh) == (1, 0)
    assert session.plan([grows(30_000)]).left == ()
    with pytest.raises(DeclarationError):
        session.gc("much")
