"""What every store promises, as one class of tests; the fixture ``store`` says which one."""

import threading
import time

import numpy as np
import pytest
from blake3 import blake3

from checkpoint_nb.errors import MissingEntry, StoreError
from checkpoint_nb.parts import Part
from checkpoint_nb.stores.interface import Member, Record, Stored


def digest(thing):
    """Return a digest for a test: hex, like the real ones."""
    return blake3(repr(thing).encode()).hexdigest()


def stored(store, value, name=None):
    """Put ``value`` into ``store``."""
    return store.objects.put(value, digest(name if name is not None else repr(value)), "shown", 0)


def unit(store, values, level=0):
    """Put ``values`` into ``store`` as one unit."""
    members = {name: Member(value, digest(repr(value)), "shown") for name, value in values.items()}
    return store.objects.put_unit(members, level)


def record(name, outputs, *, task="load", node=None, log="", parts=()):
    """Return a record; its key hangs on ``name``."""
    return Record(
        key=digest(("key", name)),
        task=task,
        node=digest(("node", name if node is None else node)),
        label=f"{task}({name!r})",
        outputs=outputs if isinstance(outputs, dict) else {"": outputs},
        parts=dict(parts),
        seconds=0.25,
        created=time.time(),
        log=log,
    )


def keep(store, name, value, **facts):
    """Store ``value`` under ``name`` and return the record."""
    kept = record(name, stored(store, value), **facts)
    store.commit([kept]).result(30)
    return kept


class StoreContract:
    """A subclass has a fixture ``store``."""

    def test_a_committed_record_comes_back_equal(self, store):
        """Everything a record says survives, parts and log and odd characters too."""
        kept = record(
            "x",
            {"a": stored(store, [1]), "größe": stored(store, "zwei")},
            task="päckchen",
            log="line\r\n\x1b[31mred \ud800 end",
            parts={"code:f": Part("d1", "def f(x)"), "arg x": Part("d2")},
        )
        store.commit([kept]).result(30)
        found = store.lookup([kept.key])
        assert found == {kept.key: kept}
        assert dict(found[kept.key].parts) == dict(kept.parts)

    def test_an_unknown_key_is_absent(self, store):
        """A lookup returns what is there and says nothing of the rest."""
        kept = keep(store, "x", 1)
        assert list(store.lookup([digest("no"), kept.key, digest("no2")])) == [kept.key]
        assert store.lookup([]) == {}

    def test_values_come_back_equal_and_are_never_shared(self, store):
        """Two readers get two objects, and neither is the one that was stored."""
        value = {"list": [1, 2], "array": np.arange(5000.0)}
        kept = stored(store, value)
        one, two = store.objects.get(kept), store.objects.get(kept)
        one["list"].append(3)
        one["array"][:] = 0
        assert two["list"] == value["list"] == [1, 2]
        np.testing.assert_array_equal(two["array"], np.arange(5000.0))
        np.testing.assert_array_equal(store.objects.get(kept)["array"], np.arange(5000.0))

    def test_each_compress_level_gives_the_value_back(self, store):
        """No level, the default and 1 to 9 all round trip."""
        for level in range(-1, 10):
            value = ["x" * 50_000, level]
            kept = store.objects.put(value, digest(level), "", level)
            assert store.objects.get(kept) == value

    def test_a_commit_replaces_the_record_of_its_key(self, store):
        """The last commit of a key is what lookup finds."""
        keep(store, "x", "old")
        kept = keep(store, "x", "new")
        found = store.lookup([kept.key])[kept.key]
        assert store.objects.get(found.outputs[""]) == "new"
        assert len(list(store.records())) == 1

    def test_old_versions_coexist(self, store):
        """Two keys of one node are two records, and both stay."""
        old, new = keep(store, "v1", 1, node="n"), keep(store, "v2", 2, node="n")
        assert set(store.lookup([old.key, new.key])) == {old.key, new.key}

    def test_records_are_listed_newest_first_and_by_task(self, store):
        """The last stored comes first; a task lists its own only."""
        a, b, c = keep(store, 1, 1), keep(store, 2, 2, task="clean"), keep(store, 3, 3)
        assert [found.key for found in store.records()] == [c.key, b.key, a.key]
        assert [found.key for found in store.records("load")] == [c.key, a.key]
        assert list(store.records("nobody")) == []

    def test_clearing_a_task_removes_it_and_nothing_else(self, store):
        """All records of the task go, others stay."""
        a, b, c = keep(store, 1, 1), keep(store, 2, 2), keep(store, 3, 3, task="clean")
        freed = store.clear(task="load")
        assert freed.entries == 2
        assert freed.size == a.size + b.size
        assert list(store.lookup([a.key, b.key, c.key])) == [c.key]

    def test_clearing_a_node_removes_every_version(self, store):
        """Old versions of the node go as well, other nodes stay."""
        a, b = keep(store, "v1", 1, node="n"), keep(store, "v2", 2, node="n")
        c = keep(store, "other", 3)
        assert store.clear(nodes=[a.node]).entries == 2
        assert list(store.lookup([a.key, b.key, c.key])) == [c.key]

    def test_clearing_keys_removes_just_those(self, store):
        """A key is one version."""
        a, b = keep(store, "v1", 1, node="n"), keep(store, "v2", 2, node="n")
        assert store.clear(keys=[a.key, digest("unknown")]).entries == 1
        assert list(store.lookup([a.key, b.key])) == [b.key]

    def test_a_task_narrows_what_nodes_and_keys_clear(self, store):
        """Nodes and keys of other tasks are left alone then."""
        a, b = keep(store, 1, 1), keep(store, 2, 2, task="clean")
        assert store.clear(task="load", keys=[a.key, b.key]).entries == 1
        assert store.clear(task="load", nodes=[b.node]).entries == 0
        assert list(store.lookup([a.key, b.key])) == [b.key]

    def test_clearing_all_leaves_nothing(self, store):
        """Nothing given means everything."""
        for number in range(5):
            keep(store, number, number, task=f"t{number}")
        assert store.clear().entries == 5
        assert list(store.records()) == []
        assert store.usage().entries == 0

    def test_an_empty_list_clears_nothing(self, store):
        """A caller that found no nodes must not lose everything."""
        kept = keep(store, 1, 1)
        assert store.clear(nodes=[]).entries == store.clear(keys=[]).entries == 0
        assert store.clear(task="load", nodes=[]).entries == 0
        assert store.lookup([kept.key])

    def test_a_value_that_cannot_be_stored_is_named(self, store):
        """The error says which part of the result it is."""
        with pytest.raises(StoreError, match=r"result\['x'\]\[1\] cannot be stored") as caught:
            store.objects.put({"a": 1, "x": [0, threading.Lock()]}, digest("l"), "", 0)
        assert "lock" in caught.value.facts["object"]

    def test_a_payload_that_is_not_there_is_missing(self, store):
        """Holding, verifying and loading agree about it."""
        gone = Stored(digest("gone"), 100_000, "")
        assert not store.objects.holds(gone)
        assert not store.objects.intact(gone)
        with pytest.raises(MissingEntry):
            store.objects.get(gone)

    def test_a_payload_that_is_there_is_held_and_intact(self, store):
        """Small and large alike."""
        for value in (1, np.zeros(100_000)):
            kept = stored(store, value)
            assert store.objects.holds(kept)
            assert store.objects.intact(kept)

    def test_many_threads_may_use_one_store(self, store):
        """Commits and lookups from eight threads all arrive."""
        kept = [[record((t, i), stored(store, i)) for i in range(40)] for t in range(8)]

        def work(mine):
            for one in mine:
                store.commit([one]).result(30)
                assert store.lookup([one.key])

        threads = [threading.Thread(target=work, args=(mine,)) for mine in kept]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        assert len(store.lookup([one.key for mine in kept for one in mine])) == 320

    def test_texts_for_people_come_back_by_digest(self, store):
        """What was kept is found, odd characters too; the rest is left out."""
        texts = {digest("a"): "def a():\n    return 'ü \ud800 \0'\n", digest("b"): ""}
        store.keep_details(texts)
        store.keep_details({})
        assert store.details([digest("no"), *texts]) == texts
        assert store.details([]) == {}

    def test_a_digest_keeps_its_first_text(self, store):
        """It is written once, however many refer to it."""
        store.keep_details({digest("a"): "first"})
        store.keep_details({digest("a"): "second", digest("b"): "other"})
        assert store.details([digest("a")]) == {digest("a"): "first"}

    def test_a_long_text_is_cut_and_says_so(self, store):
        """No more than 20,000 characters are kept."""
        long = {digest("a"): "x" * 20_000, digest("b"): "line\n" * 5_000}
        store.keep_details(long)
        found = store.details(long)
        assert found[digest("a")] == long[digest("a")]
        assert len(found[digest("b")]) < 20_050
        assert found[digest("b")].splitlines()[-1] == "… 5,000 more characters"

    def test_many_texts_can_be_asked_for_at_once(self, store):
        """More than one question to a database may ask for."""
        texts = {digest(number): f"text {number}" for number in range(1200)}
        store.keep_details(texts)
        assert store.details(texts) == texts

    def test_texts_are_no_records(self, store):
        """They are not listed, not counted and not found as one."""
        kept = keep(store, "x", 1)
        store.keep_details({kept.key: "text of the same name", digest("a"): "text"})
        assert store.details([kept.key])
        assert list(store.records()) == [kept]
        assert store.usage().entries == 1
        assert store.lookup([kept.key, digest("a")]) == {kept.key: kept}

    def test_clearing_a_part_leaves_records_readable_and_all_takes_texts_too(self, store):
        """What remains can still be explained; nothing remains of everything."""
        keep(store, 1, 1)
        store.keep_details({digest("a"): "text"})
        store.clear(task="load")
        store.clear(nodes=[])
        assert store.details([digest("a")]) in ({}, {digest("a"): "text"})
        store.clear()
        assert store.details([digest("a")]) == {}
        store.keep_details({digest("a"): "again"})
        assert store.details([digest("a")]) == {digest("a"): "again"}

    def test_keeping_texts_never_fails(self, store):
        """Not even when the store is closed."""
        store.close()
        store.keep_details({digest("a"): "text"})

    def test_usage_grows_and_shrinks(self, store):
        """It counts records and bytes."""
        before = store.usage()
        keep(store, 1, np.zeros(100_000))
        grown = store.usage()
        assert grown.entries == before.entries + 1
        assert grown.size >= before.size + 800_000
        store.clear()
        assert store.usage().size < grown.size

    # Units

    def test_members_of_a_unit_share_what_they_shared(self, store):
        """Loaded together they hold the same object; each is what it was, under its own digest."""
        weights = [np.zeros(3), np.ones(5000)]
        kept = unit(store, {"model": {"weights": weights}, "optimizer": [weights], "n": 1})
        model, optimizer, n = store.objects.get_all([kept["model"], kept["optimizer"], kept["n"]])
        assert model["weights"] is optimizer[0]
        assert n == 1
        assert kept["n"].digest == digest("1")
        assert len({one.digest for one in kept.values()}) == 3
        assert len({one.payload for one in kept.values()}) == 1

    def test_a_member_of_a_unit_can_be_loaded_alone(self, store):
        """And is never shared with another reader."""
        rows = [1, 2]
        kept = unit(store, {"a": rows, "b": rows})
        one, two = store.objects.get(kept["a"]), store.objects.get(kept["b"])
        assert one == two == rows
        assert one is not two

    def test_loading_several_keeps_apart_what_was_not_shared(self, store):
        """Equal results, and the same result named twice, are objects of their own."""
        alone, again, rows = stored(store, [1]), stored(store, [1]), [1]
        kept = unit(store, {"a": rows, "b": rows})
        asked = [alone, again, kept["a"], kept["b"], kept["a"], kept["b"]]
        values = store.objects.get_all(asked)
        assert values == [[1]] * 6
        assert values[2] is values[3]
        assert values[4] is values[5]
        assert len({id(value) for value in values}) == 4

    @pytest.mark.parametrize("size", [3, 100_000])
    def test_a_record_with_units_comes_back_equal(self, store, size):
        """Small ones are inside the row once, large ones in one file; all of it is found again."""
        rows = list(range(size))
        outputs = {"x": stored(store, "x")} | unit(store, {"größe": rows, "two words": rows})
        kept = record("x", outputs | {"y": stored(store, "y")})
        store.commit([kept]).result(30)
        found = store.lookup([kept.key])[kept.key]
        assert found == kept
        values = store.objects.get_all(list(found.outputs.values()))
        assert values == ["x", rows, rows, "y"]
        assert values[1] is values[2]

    def test_the_payload_of_a_unit_counts_once(self, store):
        """In the size of a record, in what a clear frees, and in the usage."""
        large = np.arange(100_000.0)
        kept = record("x", unit(store, {"a": [large], "b": [large], "c": large}))
        assert kept.size == kept.outputs["a"].size < 2 * large.nbytes
        before = store.usage().size
        store.commit([kept]).result(30)
        assert store.usage().size - before < 2 * large.nbytes
        freed = store.clear(keys=[kept.key])
        assert kept.size <= freed.size < 2 * large.nbytes
        assert not any(store.objects.holds(one) for one in kept.outputs.values()) or all(
            one.inline is not None for one in kept.outputs.values()
        )

    def test_what_is_shared_is_part_of_what_a_unit_is_named_by(self, store):
        """Equal values that share otherwise are another payload."""
        same, other = [1], [1]
        one = unit(store, {"a": [same, other], "b": same})
        two = unit(store, {"a": [same, other], "b": other})
        assert one["a"].digest == two["a"].digest
        assert one["a"].payload != two["a"].payload
        a, b = store.objects.get_all([two["a"], two["b"]])
        assert (a[0] is b, a[1] is b) == (False, True)

    def test_a_unit_that_cannot_be_stored_names_the_member(self, store):
        """So that the others can be stored without it."""
        with pytest.raises(StoreError, match=r"result\['x'\] cannot be stored") as caught:
            unit(store, {"a": [1], "b": {"x": threading.Lock()}, "c": 1})
        assert caught.value.facts["member"] == "b"

    def test_a_unit_that_is_not_there_is_missing(self, store):
        """Every member of it."""
        gone = Stored(digest("a"), 100_000, "", unit=digest("gone"), member="a")
        assert not store.objects.holds(gone)
        assert not store.objects.intact(gone)
        for load in (store.objects.get, lambda one: store.objects.get_all([one])):
            with pytest.raises(MissingEntry) as caught:
                load(gone)
            assert caught.value.facts["result"] == digest("gone")

    def test_each_compress_level_gives_a_unit_back(self, store):
        """No level, the default and the hardest."""
        for level in (-1, 0, 9):
            rows = ["x" * 50_000, level]
            kept = unit(store, {"a": rows, "b": rows}, level)
            a, b = store.objects.get_all([kept["a"], kept["b"]])
            assert a is b
            assert a == rows
