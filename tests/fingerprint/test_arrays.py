"""Cases 120 to 137: arrays, frames and columns count by what can be seen of them."""

import copy
import pickle

import pytest
from array_cases import ARRAY_PAIRS, ARRAY_PREAMBLE
from value_cases import values_of

from checkpoint_nb.fingerprint import describe, digest

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")

NAMES: dict[str, object] = {"__name__": "cases"}
exec(ARRAY_PREAMBLE, NAMES)
A, F, TIMES, cats = (NAMES[name] for name in ("A", "F", "TIMES", "cats"))


@pytest.mark.parametrize("row", ARRAY_PAIRS, ids=lambda row: row.id)
def test_two_arrays_or_frames_are_the_same_or_not(row):
    """Each pair of the specification has the expected answer, alone and inside others."""
    for library in row.needs:
        pytest.importorskip(library)
    one, two = values_of(row, ARRAY_PREAMBLE)
    assert (digest(one) == digest(two)) == row.equal
    assert (digest({"k": [one]}) == digest({"k": [two]})) == row.equal


@pytest.mark.parametrize("value", [F, F["b"], TIMES, cats("a", "b"), F.set_index(["a", "b"])])
def test_a_frame_that_was_stored_is_the_same(value):
    """What comes back from a pickle has the same digest."""
    assert digest(pickle.loads(pickle.dumps(value))) == digest(value)


def test_estimators_count_by_parameters_and_state():
    """An estimator that learned the same is the same."""
    linear = pytest.importorskip("sklearn.linear_model")
    trees = pytest.importorskip("sklearn.ensemble")
    x, y = np.arange(20.0).reshape(10, 2), np.arange(10) % 2
    for make in (linear.LogisticRegression, trees.RandomForestClassifier):
        one, two = (make(random_state=1).fit(x, y) for _ in range(2))
        assert digest(one) == digest(two) == digest(copy.deepcopy(one))
        assert digest(one) != digest(make(random_state=1).fit(x[1:], y[1:]))
        assert digest(make()) != digest(one)


def test_layers_of_a_network_count_by_their_weights():
    """Case 137: two layers with other weights differ."""
    torch = pytest.importorskip("torch")
    assert digest(torch.nn.Linear(2, 2)) != digest(torch.nn.Linear(2, 2))


def test_descriptions_of_arrays_and_frames():
    """Shape and type are what people want to see."""
    assert describe(A) == "ndarray (2, 3) float64"
    assert describe(F) == "DataFrame 3 x 3"
    assert describe(np.float64(1.5)) == "1.5 float64"
    assert describe(F["a"]) == "Series (3,) int64"
