"""Random numbers: seeded in the notebook they go on in a task, otherwise they never repeat."""

from __future__ import annotations

import random
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from checkpoint_nb.settings import RandomState, drawn, go_on, seeded_by, state_digests

ONE = {"random": "random.random()", "numpy": "__import__('numpy').random.rand()"}


def draw(state: RandomState, name: str) -> tuple[float, dict[str, tuple[str, bytes]]]:
    """In a worker: begin a job, draw a number, say what moved."""
    state.enter()
    return eval(ONE[name]), drawn(state)


def draw_all(state: RandomState) -> list[float]:
    """In a worker that has drawn before, and seeded besides: begin a job and draw."""
    random.seed(0)
    __import__("numpy").random.seed(0)
    state.enter()
    return [eval(source) for source in ONE.values()]


def seeded(name):
    exec({"random": "random.seed(5)", "numpy": "__import__('numpy').random.seed(5)"}[name])


@pytest.fixture(params=["spawn", "fork"])
def pool(request):
    with ProcessPoolExecutor(1, mp_context=get_context(request.param)) as executor:
        yield executor


@pytest.mark.parametrize("name", ONE)
def test_a_seeded_generator_goes_on_in_the_worker_and_back(pool, name):
    """The numbers are those of a plain notebook: first here, then there, then here again."""
    seeded(name)
    plain = [eval(ONE[name]) for _ in range(4)]
    seeded(name)
    drawn_here = [eval(ONE[name])]
    for _ in range(2):
        before = RandomState.here([name])
        number, moved = pool.submit(draw, before, name).result()
        assert moved[name][0] == state_digests(before)[name]
        go_on(moved)
        drawn_here.append(number)
    assert [*drawn_here, eval(ONE[name])] == plain


def test_generators_that_nobody_seeded_never_repeat(pool):
    """Neither what a task seeded, nor a state that processes inherit, decides the next numbers."""
    random.seed(1)
    __import__("numpy").random.seed(1)
    numbers = [pool.submit(draw_all, RandomState()).result() for _ in range(3)]
    assert len({number for row in numbers for number in row}) == 6


def test_nothing_moved_is_nothing_to_tell():
    """Work that draws nothing does not hang on the state."""
    random.seed(1)
    assert drawn(RandomState.here(["random"])) == {}


def test_what_the_work_seeds_itself_is_told_without_what_was_before():
    """Its result does not hang on the state before, and the notebook goes on from there."""
    before = RandomState.here()
    random.seed(7)
    moved = drawn(before, ["random"])
    assert moved["random"][0] == ""
    expected = random.random()
    random.seed(8)
    go_on(moved)
    assert random.random() == expected


def test_equal_states_have_equal_digests():
    """A state is known again in another kernel."""
    found = []
    for seed in (1, 1, 2):
        random.seed(seed)
        __import__("numpy").random.seed(seed)
        found.append(state_digests(RandomState.here(["random", "numpy"])))
    assert found[0] == found[1]
    assert all(found[0][name] != found[2][name] for name in ONE)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("random.seed(1)", "random"),
        ("import random as r\nr.seed(1)", "random"),
        ("from random import seed\nseed(1)", "random"),
        ("random.setstate(saved)", "random"),
        ("np.random.seed(0)", "numpy"),
        ("import numpy\nnumpy.random.seed(seed=0)", "numpy"),
        ("import numpy as n\nn.random.seed(0)", "numpy"),
        ("from numpy import random\nrandom.seed(0)", "numpy"),
        ("from numpy.random import seed as s\ns(3)", "numpy"),
        ("import numpy.random as npr\nnpr.seed(0)", "numpy"),
        ("for i in range(3):\n    np.random.seed(i)", "numpy"),
        ("def run():\n    np.random.seed(0)", "numpy"),
        ("torch.manual_seed(0)", "torch"),
        ("random.seed(1); np.random.seed(1)", "numpy random"),
        ("pl.seed_everything(1)", "numpy random torch"),
        ("set_seed(1)", "numpy random torch"),
        ("from transformers import set_seed\nset_seed(1)", "numpy random torch"),
        ("tf.keras.utils.set_random_seed(1)", "numpy random torch"),
        ("seed(1)", "numpy random torch"),
        ("np.random.seed()", ""),
        ("np.random.seed(None)", ""),
        ("np.random.rand()", ""),
        ("np.random.default_rng(0)", ""),
        ("np.random.SeedSequence(0)", ""),
        ("rng.seed(0)", ""),
        ("df.sample(random_state=0)", ""),
        ("train(seed=0)", ""),
        ("not python (", ""),
    ],
)
def test_what_seeds_is_found_in_the_text(source, expected):
    """Calls that seed, under each of their names; a generator of one's own is a plain value."""
    assert sorted(seeded_by(source)) == expected.split()
