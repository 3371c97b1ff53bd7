"""The store in memory keeps the contract."""

import pickle

import pytest
from store_contract import StoreContract, keep

from checkpoint_nb.stores.memory import MemoryStore


class TestMemoryStore(StoreContract):
    """The contract, in memory."""

    @pytest.fixture
    def store(self):
        return MemoryStore()


def test_its_payloads_can_be_written_in_another_process():
    """The objects of the store pickle to a few bytes, and everything is inside the record."""
    store = MemoryStore()
    assert len(pickle.dumps(store.objects)) < 200
    kept = keep(store, "x", "y" * 100_000)
    assert kept.outputs[""].inline is not None


def test_a_damaged_row_is_a_miss_and_is_told():
    """The row is dropped and the listener hears what and why."""
    store, told = MemoryStore(), []
    store.listen(lambda what, why: told.append((what, why)))
    kept = keep(store, "x", 1)
    store._rows[kept.key] = store._rows[kept.key][:-1] + b"?"
    assert store.lookup([kept.key]) == {}
    assert [what for what, _ in told] == [kept.key]
