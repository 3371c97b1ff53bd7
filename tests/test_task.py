"""Functions as tasks: declared, called, run, cleared, as users do."""

from __future__ import annotations

import threading
import traceback
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

import checkpoint_nb
from checkpoint_nb import checkpoint, requires, task
from checkpoint_nb.errors import (
    ArgumentError,
    CycleError,
    DeclarationError,
    MissingEntry,
)

pytestmark = pytest.mark.usefixtures("session")


def make_choose():
    @task
    def choose(n: int, k: int):
        """Binomial coefficients, as in Pascal's triangle."""
        if 0 < k < n:

            @requires([choose(n - 1, k - 1), choose(n - 1, k)])
            def run(previous: list[int]) -> int:
                return sum(previous)

        elif k in (0, n):

            def run() -> int:
                return 1

        else:
            raise ValueError(f"{k} is not between 0 and {n}")
        return run

    return choose


def test_a_graph_runs_once_and_then_comes_back():
    """A first run plans every node, a second none, and both give the answer."""
    choose = make_choose()
    result, info = choose(6, 3).run_with_info()
    assert (result, info["stats"], info["ran"]) == (
        20,
        {info_name(choose): 15},
        {info_name(choose): 15},
    )
    result, info = choose(6, 3).run_with_info()
    assert (result, info["stats"], info["ran"]) == (20, {}, {})


def info_name(factory):
    return factory.__checkpoint_task__


def test_a_cleared_node_runs_and_an_equal_answer_stops_there():
    """After a clear four nodes are planned; one really runs, three are cut off early."""
    choose = make_choose()
    choose(6, 3).run()
    freed = choose(3, 3).clear()
    assert freed.entries == 1
    assert freed.size > 0
    result, info = choose(6, 3).run_with_info()
    name = info_name(choose)
    assert (result, info["stats"], info["ran"], info["reused"]) == (
        20,
        {name: 4},
        {name: 1},
        {name: 3},
    )


def test_generations_show_what_is_left_at_each_step():
    """``dump_generations`` lists what was left, by name, before each step."""
    choose = make_choose()
    _, info = choose(3, 1).run_with_info(dump_generations=True)
    name = info_name(choose)
    assert [len(step[name]) for step in info["generations"]] == [5, 2, 1]
    assert info["generations"][-1][name] == [f"{name}(3, 1)"]


def test_clearing_a_task_forgets_all_of_it():
    """``factory.clear()`` forgets every node of the task."""
    choose = make_choose()
    choose(4, 2).run()
    assert choose.clear().entries == 8
    _, info = choose(4, 2).run_with_info()
    assert info["ran"] == {info_name(choose): 8}


def test_arguments_are_bound_and_defaults_applied():
    """``f(1)``, ``f(x=1)`` and ``f(1, y=2)`` are one node."""

    @checkpoint
    def f(x, y=2):
        return x + y

    assert f(1) == f(x=1) == f(1, 2) == f(y=2, x=1)
    assert f(1) != f(1.0)
    assert f(1) != f(True)


def test_a_task_among_the_arguments_is_a_dependency():
    """Results take the place of Tasks, also inside lists, tuples and dicts."""

    @checkpoint
    def number(n):
        return n

    @checkpoint
    def combine(first, rest, *, named):
        return first, rest, named

    call = combine(number(1), [number(2), (number(3), "x")], named={"four": number(4)})
    assert call.run() == (1, [2, (3, "x")], {"four": 4})


def test_requirements_come_in_the_order_they_are_written():
    """Stacked ``@requires`` pass theirs top first; lists stay lists and dicts dicts."""

    @checkpoint
    def number(n):
        return n

    @task
    def collect():
        @requires(number(1))
        @requires([number(2), number(3)])
        @requires({"four": number(4), 5: number(5)})
        def run(one, several, named):
            return one, several, named

        return run

    assert collect().run() == (1, [2, 3], {"four": 4, 5: 5})


def test_equal_results_upstream_stop_the_wave():
    """Editing an upstream task so that it gives the same answer leaves what is downstream alone."""

    def declare(body):
        @checkpoint
        def source():
            return body()

        @checkpoint
        def sink(value):
            return value * 10

        return sink(source())

    declare(lambda: len("ab")).run()
    result, info = declare(lambda: max(1, 2)).run_with_info()
    assert (result, info["ran"], info["reused"]) == (20, {"source": 1}, {"sink": 1})


def test_an_edit_and_its_undoing_hit_at_once():
    """Old versions stay: going back to them runs nothing."""

    def declare(factor):
        @checkpoint
        def scaled(x):
            return x * factor

        return scaled(7)

    assert declare(2).run() == 14
    assert declare(3).run() == 21
    result, info = declare(2).run_with_info()
    assert (result, info["ran"]) == (14, {})


def test_a_failing_runner_raises_its_own_exception():
    """The caller gets the original type, with the task and the worker's traceback as a note."""

    @checkpoint
    def broken(x):
        raise ValueError(f"no {x}")

    with pytest.raises(ValueError, match="no 3") as caught:
        broken(3).run()
    notes = "\n".join(caught.value.__notes__)
    assert "broken(3)" in notes
    assert 'raise ValueError(f"no {x}")' in notes


def test_an_exception_that_cannot_be_rebuilt_is_told_in_words():
    """A custom exception that does not survive a pickle arrives as TaskFailed, not as a hang."""

    class Awkward(Exception):
        def __init__(self, a, b):
            super().__init__(a)

    @checkpoint
    def broken():
        raise Awkward("left", "right")

    with pytest.raises(checkpoint_nb.errors.TaskFailed, match="left"):
        broken().run()


def test_exit_inside_a_task_does_not_end_the_caller():
    """``sys.exit`` in a task is that task's failure."""

    @checkpoint
    def leaves():
        raise SystemExit(3)

    with pytest.raises(checkpoint_nb.errors.TaskFailed, match="SystemExit"):
        leaves().run()


def test_failure_blocks_only_what_is_downstream():
    """Neighbours of a failing node finish and are kept."""

    @checkpoint
    def good(n):
        return n

    @checkpoint
    def bad():
        raise RuntimeError("bad")

    @checkpoint
    def both(a, b):
        return a, b

    with pytest.raises(RuntimeError):
        both(bad(), good(1)).run()
    assert good(1).get_result() == 1
    with pytest.raises(MissingEntry):
        bad().get_result()


def test_an_error_in_a_builder_is_raised_where_it_happens():
    """What the body of a ``@task`` raises reaches the caller as it is, before anything runs."""
    with pytest.raises(ValueError, match="7 is not between") as caught:
        make_choose()(3, 7).run()
    assert any("choose" in frame.name for frame in traceback.extract_tb(caught.value.__traceback__))


def test_a_cycle_is_named():
    """Tasks that need each other are told, with one cycle, before anything runs."""

    @task
    def ping(n):
        @requires(pong(n))
        def run(x):
            return x

        return run

    @task
    def pong(n):
        @requires(ping(n))
        def run(x):
            return x

        return run

    with pytest.raises(
        CycleError,
        match=r"ping\(1\) → .*pong\(1\) → .*ping\(1\)|pong\(1\) → .*ping\(1\) → .*pong\(1\)",
    ):
        ping(1).run()


def test_a_task_that_returns_no_runner_is_told():
    """The message names the task and what it returned."""

    @task
    def wrong(n):
        return n

    with pytest.raises(DeclarationError, match=r"wrong\(3\) returned no runner"):
        wrong(3).run()


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: (i for i in range(3)), "generator"),
        (threading.Lock, "lock"),
        (lambda: Path(__file__).open(), "TextIOWrapper"),
    ],
    ids=["generator", "lock", "file"],
)
def test_an_argument_that_cannot_be_a_key_is_refused_at_the_call(make, name):
    """The error names the task, the argument and the type, at the call and unconsumed."""

    @checkpoint
    def f(first, second):
        return second

    value = make()
    with pytest.raises(ArgumentError, match="second") as caught:
        f(1, [value])
    assert name in str(caught.value)
    assert "f" in caught.value.facts["task"]
    if name == "generator":
        assert list(value) == [0, 1, 2]


def test_arguments_that_do_not_fit_are_refused_at_the_call():
    """A wrong spelling is an ArgumentError, which is a TypeError too."""

    @checkpoint
    def f(x):
        return x

    with pytest.raises(TypeError, match="unexpected"):
        f(x=1, y=2)


def test_requires_wants_tasks():
    """A factory without its arguments is the usual slip; the hint says so."""
    with pytest.raises(DeclarationError, match="Call the task with its arguments"):
        requires(make_choose())


def test_an_argument_changed_after_the_call_is_noticed():
    """A list that changed between the call and the run would lie in the key."""

    @checkpoint
    def total(numbers):
        return sum(numbers)

    numbers = [1, 2]
    call = total(numbers)
    numbers.append(3)
    with pytest.raises(ArgumentError, match="changed after the call"):
        call.run()


@pytest.mark.parametrize("kind", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_any_executor_may_be_passed_and_stays_open(kind):
    """``concurrent.futures`` executors are used and left to their owner."""
    with kind(2) as executor:
        assert make_choose()(5, 2).run(executor=executor) == 10
        assert executor.submit(max, 1, 2).result() == 2


def test_max_concurrency_holds(tmp_path):
    """Never more nodes of a limited task at once, however many slots are free."""

    @checkpoint(max_concurrency=1)
    def alone(n, folder):
        import time

        mark = Path(folder) / "running"
        mark.touch(exist_ok=False)
        time.sleep(0.05)
        mark.unlink()
        return n

    @checkpoint
    def total(numbers):
        return sum(numbers)

    assert total([alone(n, str(tmp_path)) for n in range(6)]).run() == 15


def test_what_a_task_prints_is_kept_with_its_result(session):
    """Output of a worker is captured per task, of C level writes too."""

    @checkpoint
    def talk():
        import os

        print("from Python")
        os.write(1, b"from the descriptor\n")
        return 1

    talk().run()
    (record,) = session.store.records(talk.__checkpoint_task__)
    assert "from Python" in record.log
    assert "from the descriptor" in record.log


def test_results_that_cannot_be_stored_say_what_and_where():
    """A lock inside a result is named; nothing is kept."""

    @checkpoint
    def makes_lock():
        import threading

        return {"fine": 1, "lock": threading.Lock()}

    with pytest.raises(checkpoint_nb.errors.StoreError, match="lock"):
        makes_lock().run()


def test_global_values_and_helpers_count():
    """A helper of a helper and a global value are part of the key."""
    namespace: dict = {}

    def declare(text):
        exec(text, namespace)
        return namespace["f"](1)

    body = "from checkpoint_nb import checkpoint\nK = {k}\ndef g(x): return x + K\ndef h(x): return g(x) * {m}\n@checkpoint\ndef f(x): return h(x)\n"
    assert declare(body.format(k=1, m=2)).run() == 4
    assert declare(body.format(k=5, m=2)).run() == 12
    assert declare(body.format(k=5, m=3)).run() == 18
    _, info = declare(body.format(k=1, m=2)).run_with_info()
    assert info["ran"] == {}


class Connection:
    """A handle to data elsewhere; travels by its address alone."""

    def __init__(self, url):
        self.url = url
        self.handle = iter([])

    def __reduce__(self):
        return Connection, (self.url,)


def test_what_counts_of_a_type_may_be_chosen(session):
    """``content_of`` holds for arguments, globals and results, here and in the workers."""
    from checkpoint_nb import content_of

    class Handle(Connection):
        pass

    @content_of(Handle)
    def _(handle):
        return handle.url

    @checkpoint
    def opened(handle):
        return handle

    @checkpoint
    def asked(handle):
        return handle.url.upper()

    assert asked(opened(Handle("db://a"))).run() == "DB://A"
    info = asked(opened(Handle("db://a"))).run_with_info()[1]
    assert info["ran"] == {}
    assert asked(opened(Handle("db://b"))).run() == "DB://B"
