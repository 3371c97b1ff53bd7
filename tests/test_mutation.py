"""Work that changes what its key was made of: noticed, named, never kept under a key that lies."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pytest

from checkpoint_nb import CheckpointWarning, checkpoint, requires, task
from checkpoint_nb.errors import DeclarationError

log = []
count = 0
table = {"rows": [1]}


class Shelf:
    size = 1
    books: ClassVar[list] = []


def note(text):
    log.append(text)
    return len(log)


def ran(call):
    return sum(call.run_with_info()[1]["ran"].values())


@pytest.fixture(autouse=True)
def unchanged():
    """The globals of this file as they were."""
    yield
    global count
    log.clear()
    table["rows"][:] = [1]
    Shelf.size, Shelf.books = 1, []
    count = 0


def by_helper():
    return note("a")


def by_statement():
    global count
    count += 1
    return count


def deep_inside():
    table["rows"].append(2)
    return table


def of_a_class():
    Shelf.size += 1
    return Shelf.size


def inside_a_class():
    Shelf.books.append(1)
    return len(Shelf.books)


def make_counter():
    seen = []

    def counter():
        seen.append(1)
        return len(seen)

    return counter


@pytest.mark.case(90)
@pytest.mark.parametrize(
    ("function", "name"),
    [
        (by_helper, "log"),
        (by_statement, "count"),
        (deep_inside, "table"),
        (of_a_class, "Shelf"),
        (inside_a_class, "Shelf"),
        (make_counter(), "seen"),
    ],
    ids=["helper", "statement", "deep", "class", "class-list", "closure"],
)
def test_a_task_that_changes_a_global_it_reads_is_not_kept(session, function, name):
    """Case 90: the message names the variable, the value is right, nothing is stored."""
    noisy = checkpoint(function)
    with pytest.warns(CheckpointWarning, match=rf"changed \S*{name}"):
        first = noisy().run()
    assert not list(session.store.records(noisy.__checkpoint_task__))
    with pytest.warns(CheckpointWarning):
        assert noisy().run() == first


@pytest.mark.case(147)
def test_an_argument_changed_in_place_is_named_and_the_result_kept(session):
    """Case 147: the result belongs to the argument as it was when it was given."""

    @checkpoint
    def pop(items):
        items.pop()
        return items

    given = [1, 2, 3]
    with pytest.warns(CheckpointWarning, match="argument items in place"):
        assert pop(given).run() == [1, 2]
    assert given == [1, 2, 3]
    assert ran(pop([1, 2, 3])) == 0


def test_the_result_of_another_task_may_be_changed(session, recwarn):
    """Each reader has a copy of its own, so nobody else can see it."""

    @checkpoint
    def items():
        return [3, 1, 2]

    @checkpoint
    def ordered(items):
        items.sort()
        return items

    assert ordered(items()).run() == [1, 2, 3]
    assert items().run() == [3, 1, 2]
    assert not [one for one in recwarn if one.category is CheckpointWarning]


def test_a_task_that_builds_is_watched_too(session):
    """The runner of a ``@task`` is what runs, so it is what is looked at."""

    @task
    def outer(n):
        @requires([])
        def run(_):
            note("b")
            return n

        return run

    with pytest.warns(CheckpointWarning, match="changed log"):
        assert outer(3).run() == 3
    assert not list(session.store.records("outer"))


def test_threads_that_change_an_argument_keep_nothing(session):
    """In this process others may have seen the change, so no key can say what was read."""

    @checkpoint
    def pop(items):
        items.pop()
        return items

    given = [1, 2, 3]
    with ThreadPoolExecutor(1) as threads, pytest.warns(CheckpointWarning, match="items"):
        assert pop(given).run(executor=threads) == [1, 2]
    assert not list(session.store.records("pop"))


begun, go_on = threading.Event(), threading.Event()
step = 1


def advance(n):
    return n + step


def test_code_edited_while_threads_run_keeps_nothing(session, monkeypatch):
    """A helper put in place during the run may have been the one that ran."""

    @checkpoint
    def slow(n):
        begun.set()
        assert go_on.wait(30)
        return advance(n)

    begun.clear(), go_on.clear()
    with ThreadPoolExecutor(1) as threads:
        run = session.start([slow(1)], executor=threads)
        assert begun.wait(30)
        monkeypatch.setattr(sys.modules[__name__], "advance", lambda n: n + 100)
        go_on.set()
        run.wait()
    assert not list(session.store.records("slow"))
    assert "code of slow(1) was changed" in str(run.notes)


def test_code_edited_before_the_work_begins_is_refused(session, monkeypatch):
    """Between plan and start another helper was put in place: nothing runs under the old key."""
    from checkpoint_nb import sending

    true = sending.job_of

    @checkpoint
    def quick(n):
        return advance(n)

    def edited_meanwhile(*words):
        monkeypatch.setattr(sys.modules[__name__], "advance", lambda n: n + 100)
        return true(*words)

    monkeypatch.setattr("checkpoint_nb.scheduler.job_of", edited_meanwhile)
    with pytest.raises(DeclarationError, match="changed before its work began"):
        quick(1).run()
    assert not list(session.store.records("quick"))
    monkeypatch.setattr("checkpoint_nb.scheduler.job_of", true)
    assert quick(1).run() == 101


def test_a_task_that_only_reads_is_kept_without_a_word(session, recwarn):
    """Reading globals of every kind, and what caches fill in, is no change."""

    @checkpoint
    def reads():
        return (len(log), count, table["rows"][0], Shelf.size, len(Shelf.books))

    assert reads().run() == (0, 0, 1, 1, 0)
    assert ran(reads()) == 0
    assert not [one for one in recwarn if one.category is CheckpointWarning]
