"""Arrays that share memory share it again when they come back, whichever way they lie in it."""

import numpy as np
import pytest

from checkpoint_nb.stores.payload import decode, encode

A = np.arange(6000.0)
PAIRS = {
    "slice": lambda a: (a, a[3:10]),
    "the part first": lambda a: (a[3:10], a),
    "backwards": lambda a: (a, a[::-2]),
    "reshaped": lambda a: (a, a.reshape(60, 100)),
    "transposed": lambda a: (a.reshape(60, 100), a.reshape(60, 100).T),
    "a column": lambda a: (a.reshape(60, 100), a.reshape(60, 100)[:, 7]),
    "fortran": lambda a: (f := np.asfortranarray(a.reshape(60, 100)), f[2:5]),
    "neither is whole": lambda a: (a[:4000], a[2000:]),
    "another type": lambda a: (a, a.view("int64")[5:9]),
    "bytes": lambda a: (a.view("uint8")[16:80], a),
    "records": lambda a: (r := a.view([("x", "f8"), ("y", "f8")]), r["y"]),
    "itself": lambda a: (a, a),
    "objects": lambda a: (o := np.array([[1], [2], None], dtype=object), o[::-1]),
}


@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize("kind", PAIRS)
def test_what_is_written_to_one_is_seen_in_the_other(kind, level):
    """Values, type, shape and layout are kept, and so is the memory they share."""
    pair = PAIRS[kind](A.copy())
    back = decode(bytearray(encode(pair, level).join()))
    for array, again in zip(pair, back, strict=True):
        np.testing.assert_array_equal(again, array)
        assert (again.dtype, again.shape) == (array.dtype, array.shape)
        assert again.flags.writeable
    assert np.shares_memory(*back)
    back[1].flat[0] = pair[1].flat[0] = pair[1].flat[-1]
    np.testing.assert_array_equal(back[0], pair[0])


def test_a_part_alone_is_stored_alone():
    """The array that it was taken from is not stored with it, however many parts there are."""
    assert encode(A[3:10]).size < 1000
    assert encode([A[3:10], A[100:110]]).size < 2000
    assert encode([A[::500], A[1::500]]).size < 2000


def test_shared_memory_is_stored_once():
    """A thousand windows of one array take no more room than the array."""
    windows = np.lib.stride_tricks.sliding_window_view(A, 1000)
    pair = [A, *(windows[n] for n in range(0, 5000, 50))]
    assert encode(pair).size < 1.5 * A.nbytes
    back = decode(bytearray(encode(pair).join()))
    np.testing.assert_array_equal(back[51], pair[51])


def test_two_thin_parts_of_a_large_array_do_not_bring_it_along():
    """Where the memory between would be most of it, each is stored for itself."""
    large = np.zeros((10_000, 100))
    column = large[:, 3]
    assert encode([column, column[:]]).size < 3 * column.nbytes + 2000


def test_a_view_that_cannot_be_written_to_stays_so():
    """And the array below it can."""
    part = A[3:10].view()
    part.flags.writeable = False
    whole, back = decode(bytearray(encode((A, part)).join()))
    assert whole.flags.writeable
    assert not back.flags.writeable
