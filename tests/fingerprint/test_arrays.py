"""Cases 120 to 137: arrays, frames and columns count by what can be seen of them."""

import copy
import pickle
import time
from decimal import Decimal as D

import pytest
from blake3 import blake3

from checkpoint_nb.fingerprint import describe, digest

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")

A = np.arange(6.0).reshape(2, 3)
BIG = np.zeros(600_000)
CHANGED = BIG.copy()
CHANGED[300_001] = 1
READ_ONLY = A.copy()
READ_ONLY.flags.writeable = False
PADDED = np.dtype([("a", "i1"), ("b", "i8")], align=True)


def padded(garbage):
    made = np.frombuffer(bytes([garbage]) * 32, dtype=PADDED).copy()
    made["a"], made["b"] = 1, 2
    return made


ARRAYS = [
    (120, "transposed", A, A.T, False),
    (120, "square transposed", np.arange(4).reshape(2, 2), np.arange(4).reshape(2, 2).T, False),
    (121, "C and F order", A, np.asfortranarray(A), True),
    (122, "view and copy", A[:, 1:], A[:, 1:].copy(), True),
    (122, "reversed view", A[::-1], A[::-1].copy(), True),
    (122, "broadcast", np.broadcast_to(np.arange(3), (2, 3)), np.array([[0, 1, 2]] * 2), True),
    (123, "shapes", np.zeros((2, 3)), np.zeros((3, 2)), False),
    (123, "empty shapes", np.zeros((0, 3)), np.zeros((3, 0)), False),
    (123, "no dimension", np.array(1), np.array([1]), False),
    (124, "types of zeros", np.zeros(3, "i4"), np.zeros(3, "f4"), False),
    (124, "signs", np.zeros(3, "i4"), np.zeros(3, "u4"), False),
    (125, "byte order", np.arange(3, dtype="<i4"), np.arange(3, dtype=">i4"), True),
    (126, "read only", A.copy(), READ_ONLY, True),
    (127, "one of many", BIG, CHANGED, False),
    (127, "one of many, other order", BIG.reshape(2, -1).T, CHANGED.reshape(2, -1).T, False),
    (128, "objects", np.array(["a", None, 1], object), np.array(["a", None, 1], object), True),
    (128, "other objects", np.array(["a", None], object), np.array(["b", None], object), False),
    (128, "objects in other order", np.array([["a", 1], [2, 3]], object), np.array([["a", 1], [2, 3]], object, order="F"), True),
    (128, "objects and shapes", np.array([["a", 1]], object), np.array([["a"], [1]], object), False),
    (129, "numpy and python scalar", np.float64(1), 1.0, False),
    (129, "scalar and array", np.float64(1), np.array(1.0), False),
    (129, "scalar types", np.float64(1), np.float32(1), False),
    (129, "scalars", np.float64(1), np.float64(1), True),
    (129, "text scalars", np.str_("a"), "a", False),
    (130, "datetime units", np.array(["2026"], "M8[ns]"), np.array(["2026"], "M8[s]"), False),
    (130, "datetimes", np.array(["2026"], "M8[s]"), np.array(["2026"], "M8[s]"), True),
    (130, "texts", np.array(["ab", "c"]), np.array(["ab", "d"]), False),
    (130, "structured padding", padded(1), padded(2), True),
    (130, "structured names", np.zeros(2, "i4,i4"), np.zeros(2, [("a", "i4"), ("b", "i4")]), False),
    (130, "structured byte order", np.ones(2, "<i4,<i4"), np.ones(2, ">i4,>i4"), True),
    (130, "masked", np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 3], mask=[0, 1]), True),
    (130, "masks", np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 2], mask=[0, 0]), False),
    (130, "dtypes", np.dtype("i4"), np.dtype("i8"), False),
    (130, "generators", np.random.default_rng(1), np.random.default_rng(1), True),
    (130, "other generators", np.random.default_rng(1), np.random.default_rng(2), False),
    (130, "random state", np.random.RandomState(1), np.random.RandomState(2), False),
    (130, "long doubles", np.ones(3, "g"), np.ones(3, "g")[::-1], True),
    (130, "functions", np.mean, np.sum, False),
    (130, "ufuncs", np.add, np.subtract, False),
]  # fmt: skip

F = pd.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"], "c": [0.5, np.nan, 1.5]})
BLOCKS = pd.DataFrame({"a": [1, 2, 3]}).assign(b=["x", None, "z"], c=[0.5, np.nan, 1.5])
NOTED = F.copy()
NOTED.attrs["unit"] = "m"
TIMES = pd.date_range("2026", periods=2, tz="UTC")


def cats(*categories, ordered=False):
    return pd.Series(pd.Categorical(["a", "b"], categories, ordered=ordered))


FRAMES = [
    (131, "copies", F, F.copy(), True),
    (131, "block layout", F, BLOCKS, True),
    (131, "renamed column", F, F.rename(columns={"a": "z"}), False),
    (131, "dtype", F, F.astype({"a": "int32"}), False),
    (131, "value", F, F.assign(b=["x", None, "y"]), False),
    (131, "null and text", F, F.assign(b=["x", "", "z"]), False),
    (131, "index", F, F.set_axis([1, 2, 3]), False),
    (131, "index name", F, F.rename_axis("i"), False),
    (131, "duplicate index", F.set_axis([1, 1, 2]), F.assign(a=[1, 9, 3]).set_axis([1, 1, 2]), False),
    (131, "attrs", F, NOTED, False),
    (131, "drop_duplicates", F, F.drop_duplicates(), True),
    (131, "range and numbers", F, F.set_axis(pd.Index([0, 1, 2])), True),
    (131, "rows", F, F.iloc[:2], False),
    (131, "slice and copy", F.iloc[1:], F.iloc[1:].copy(), True),
    (131, "column order", F, F[["b", "a", "c"]], False),
    (131, "duplicate columns", F[["a", "a"]], F[["a"]], False),
    (131, "frame and series", F[["a"]], F["a"], False),
    (131, "multi index", F.set_index(["a", "b"]), F.set_index(["a", "b"]).copy(), True),
    (131, "multi index levels", F.set_index(["a", "b"]).iloc[1:], F.iloc[1:].set_index(["a", "b"]), True),
    (131, "empty", pd.DataFrame(), pd.DataFrame({"a": []}), False),
    (132, "series name", F["a"], F["a"].rename("z"), False),
    (133, "order of categories", cats("a", "b"), cats("b", "a"), False),
    (133, "ordered categories", cats("a", "b"), cats("a", "b", ordered=True), False),
    (133, "equal categories", cats("a", "b"), cats("a", "b"), True),
    (134, "aware and naive", TIMES, TIMES.tz_localize(None), False),
    (134, "zones", TIMES, TIMES.tz_convert("Asia/Tokyo"), False),
    (134, "zones of series", TIMES.to_series(), TIMES.tz_convert("Asia/Tokyo").to_series(), False),
    (134, "periods", TIMES.tz_localize(None).to_period("D"), TIMES.tz_localize(None).to_period("M"), False),
    (134, "intervals", pd.interval_range(0, 3), pd.interval_range(0, 3, closed="left"), False),
    (134, "masked ints", pd.array([1, None], "Int64"), pd.array([1, None], "Int64"), True),
    (134, "masked ints that differ", pd.array([1, None], "Int64"), pd.array([1, 0], "Int64"), False),
    (134, "masked bools", pd.array([True, None], "boolean"), pd.array([True, False], "boolean"), False),
    (134, "sparse", pd.Series([0, 1], dtype="Sparse[int]"), pd.Series([0, 2], dtype="Sparse[int]"), False),
    (134, "timestamps", pd.Timestamp("2026"), pd.Timestamp("2027"), False),
    (134, "objects", pd.Series([{1}, [2]]), pd.Series([{1}, [3]]), False),
    (135, "sliced text", pd.Series(["a", "b", None])[1:].reset_index(drop=True), pd.Series(["b", None]), True),
    (135, "joined text", pd.concat([pd.Series(["a"]), pd.Series(["b"])], ignore_index=True), pd.Series(["a", "b"]), True),
    (135, "text", pd.Series(["apple", "x"]), pd.Series(["pearl", "x"]), False),
    (135, "text cut elsewhere", pd.Series(["ab", "c"]), pd.Series(["a", "bc"]), False),
    (135, "text and objects", pd.Series(["a"]), pd.Series(["a"], dtype=object), False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "two", "equal"),
    [pytest.param(*p[2:], id=f"{p[0]}-{p[1].replace(' ', '-')}") for p in ARRAYS + FRAMES],
)
def test_two_arrays_or_frames_are_the_same_or_not(one, two, equal):
    """Each pair of the specification has the expected answer, alone and inside others."""
    assert (digest(one) == digest(two)) == equal
    assert (digest({"k": [one]}) == digest({"k": [two]})) == equal


@pytest.mark.parametrize("value", [F, F["b"], TIMES, cats("a", "b"), F.set_index(["a", "b"])])
def test_a_frame_that_was_stored_is_the_same(value):
    """What comes back from a pickle has the same digest."""
    assert digest(pickle.loads(pickle.dumps(value))) == digest(value)


def test_a_memory_map_is_an_array(tmp_path):
    """Case 126: where the bytes live does not count."""
    made = np.memmap(tmp_path / "m", dtype="f8", mode="w+", shape=(2, 3))
    made[:] = A
    assert digest(made) == digest(A)


def arrow_pairs():
    pa = pytest.importorskip("pyarrow")
    words = pa.array(["a", "b", None, "d"])
    numbers = pa.array([1, 2, None, 4])
    # The same nulls over other bytes.
    over = pa.Array.from_buffers(
        pa.int64(), 4, [numbers.buffers()[0], pa.array([1, 2, 9, 4]).buffers()[1]]
    )
    lists = pa.array([[1], [], None, [2, 3]])
    structs = pa.array([{"a": 1}, None, {"a": 3}])
    yield "chunked", pa.chunked_array([["a"], ["b", None, "d"]]), words, True
    yield "sliced text", words[1:], pa.array(["b", None, "d"]), True
    yield "sliced numbers", numbers[1:], pa.array([2, None, 4]), True
    yield "sliced lists", lists[1:], pa.array([[], None, [2, 3]]), True
    yield "sliced structs", structs[1:], pa.array([None, {"a": 3}]), True
    yield "sliced bools", pa.array([True, False, None])[1:], pa.array([False, None]), True
    yield "under nulls", over, numbers, True
    yield "null and zero", numbers, pa.array([1, 2, 0, 4]), False
    yield "null and empty", words, pa.array(["a", "b", "", "d"]), False
    yield "lists", lists, pa.array([[1], None, [], [2, 3]]), False
    yield "list borders", pa.array([[1, 2], [3]]), pa.array([[1], [2, 3]]), False
    yield (
        "dictionaries",
        pa.array(["a", "b"]).dictionary_encode(),
        pa.array(["b", "a"]).dictionary_encode(),
        False,
    )
    yield (
        "decimals",
        pa.array([D(1)]),
        pa.array([D(2)]),
        False,
    )
    yield "tables", pa.table({"a": [1, 2]}), pa.table({"a": [1, 3]}), False
    yield "names", pa.table({"a": [1, 2]}), pa.table({"b": [1, 2]}), False
    yield (
        "types",
        pa.table({"a": pa.array([1], "int32")}),
        pa.table({"a": pa.array([1], "int64")}),
        False,
    )
    yield (
        "equal tables",
        pa.table({"a": [1, 2]}),
        pa.concat_tables([pa.table({"a": [1]}), pa.table({"a": [2]})]),
        True,
    )
    yield (
        "nested chunks",
        pa.chunked_array([[{"a": ["x"]}], [None]]),
        pa.array([{"a": ["x"]}, None]),
        True,
    )


def test_arrow_counts_by_what_can_be_seen():
    """Cases 135 to 135c: chunks, slices and bytes under nulls do not count."""
    for name, one, two, equal in arrow_pairs():
        kind = type(one).__name__
        if kind == "ChunkedArray" or not equal:
            assert (digest(one) == digest(two)) == equal, name
        assert (digest([one]) == digest([two])) == equal, name


def test_sparse_matrices_count_by_their_entries():
    """Entries in another order are the same matrix; another format is not."""
    sparse = pytest.importorskip("scipy.sparse")
    one = sparse.coo_array(([1, 2, 3], ([0, 1, 1], [0, 0, 1])), shape=(2, 2))
    two = sparse.coo_array(([3, 2, 1], ([1, 1, 0], [1, 0, 0])), shape=(2, 2))
    assert digest(one) == digest(two)
    assert digest(one) != digest(one * 2)
    assert digest(one) != digest(one.tocsr())


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


def test_polars_frames_count_by_schema_and_content():
    """Case 136: names and types count."""
    pl = pytest.importorskip("polars")
    one = pl.DataFrame({"a": [1, None], "b": ["x", "y"]})
    assert digest(one) == digest(one.clone()) == digest(pl.concat([one[:1], one[1:]]))
    assert digest(one) != digest(one.rename({"a": "z"}))
    assert digest(one) != digest(one.cast({"a": pl.Int32}))
    assert digest(one["b"]) != digest(one["b"].reverse())


def test_tensors_count_by_type_shape_and_content():
    """Case 137: strides do not count, gradients do."""
    torch = pytest.importorskip("torch")
    one = torch.arange(6.0).reshape(2, 3)
    assert digest(one.T) == digest(one.T.contiguous()) != digest(one)
    assert digest(one) != digest(one.clone().requires_grad_())
    assert digest(torch.nn.Linear(2, 2)) != digest(torch.nn.Linear(2, 2))


def test_descriptions_of_arrays_and_frames():
    """Shape and type are what people want to see."""
    assert describe(A) == "ndarray (2, 3) float64"
    assert describe(F) == "DataFrame 3 x 3"
    assert describe(np.float64(1.5)) == "1.5 float64"
    assert describe(F["a"]) == "Series (3,) int64"


@pytest.mark.parametrize("order", ["C", "F"])
def test_large_arrays_are_read_at_memory_speed(order):
    """100 MB take little more than blake3 itself takes for the same bytes."""
    array = np.ones((3000, 4200)) if order == "C" else np.ones((3000, 4200)).T
    ratios = []
    for _ in range(4):
        start = time.perf_counter()
        blake3(np.ascontiguousarray(array).reshape(-1).view("u1"), max_threads=blake3.AUTO).digest()
        middle = time.perf_counter()
        digest(array)
        ratios.append((time.perf_counter() - middle) / (middle - start))
    assert min(ratios) <= 1.5
