"""What users register for their types decides, and bad registrations are said at once."""

import threading

import pytest
from live import loaded

from checkpoint_nb.errors import DeclarationError, FingerprintError
from checkpoint_nb.fingerprint import digest, fingerprint
from checkpoint_nb.fingerprint.content_of import content_of, register_all, registered


class Connection:
    def __init__(self, url):
        self.url = url
        self.handle = threading.Lock()


class Pooled(Connection):
    pass


class Own(Connection):
    pass


@content_of(Connection)
def _(connection):
    return connection.url


@content_of(Own)
def _(connection):
    return None


def test_what_was_chosen_decides():
    """Equal content is the same whatever else the objects hold; other content is not."""
    assert digest([Connection("a")]) == digest([Connection("a")])
    assert digest(Connection("a")) != digest(Connection("b"))


def test_classes_derived_from_it_follow_and_differ():
    """A derived class is taken the same way, and its name counts."""
    assert digest(Pooled("a")) == digest(Pooled("a")) != digest(Connection("a"))
    assert digest(Pooled("a")) != digest(Pooled("b"))


def test_nothing_means_by_type_only():
    """A derived class with a function of its own counts by that; None leaves the type alone."""
    assert digest(Own("a")) == digest(Own("b")) != digest(Pooled("a"))


TEXT = """
class Client:
    def __init__(self, url): self.url = url
    def get(self): return 1
client = Client("a")
def f(): return client.get()
"""


def test_it_counts_where_code_reaches_it_and_so_does_the_class():
    """A registered object among the globals counts by its content, an edit of its class misses."""
    found = []
    for text in (TEXT, TEXT, TEXT.replace('"a"', '"b"'), TEXT.replace("return 1", "return 2")):
        with loaded(text) as names:
            content_of(names["Client"])(lambda client: client.url)
            found.append(fingerprint(names["f"]).digest)
    assert found[0] == found[1]
    assert len(set(found)) == 3


def test_a_library_that_is_not_loaded_yet_is_named_by_text():
    """Text stands for a class of a package, whichever of its modules has it."""
    content_of("later:Handle")(lambda handle: handle.n)
    made = type("Handle", (), {"__module__": "later.inside"})
    one, two = made(), made()
    one.n, two.n = 1, 2
    one.other = iter([])
    assert digest(one) != digest(two)


def test_it_goes_before_the_built_in_ways():
    """A container of the user's own counts by what was chosen, not by its items."""

    class Bag(list):
        pass

    content_of(Bag)(len)
    assert digest(Bag([1, 2])) == digest(Bag([3, 4])) != digest(Bag([1]))


def test_the_latest_registration_holds():
    """A cell that is run again replaces what it registered."""

    class Thing:
        pass

    content_of(Thing)(lambda thing: 1)
    before = digest(Thing())
    content_of(Thing)(lambda thing: 2)
    assert digest(Thing()) != before


@pytest.mark.parametrize(
    "function", [lambda thing: 1 / 0, lambda thing: thing, lambda thing: type(thing)(), iter]
)
def test_a_function_that_cannot_tell_is_named(function):
    """What it raises, and an answer that leads back to it, is an error that names the type."""

    class Thing:
        pass

    content_of(Thing)(function)
    with pytest.raises(FingerprintError, match="Thing"):
        digest({"a": Thing()})


@pytest.mark.parametrize("bad", [1, "Connection", ":Name", "a b:C", None, int, str, object, type])
def test_what_is_no_type_is_refused_at_once(bad):
    """Only classes, and text of the form package:Name, can be registered; never plain values."""
    with pytest.raises(DeclarationError) as caught:
        content_of(bad)
    assert caught.value.hint


def test_bad_use_is_refused_at_once():
    """Types and a function are needed."""
    with pytest.raises(DeclarationError):
        content_of()
    for bad in (None, "text", Connection):
        with pytest.raises(DeclarationError):
            content_of(Own)(bad)


def test_registrations_can_be_carried_over():
    """What is registered can be read and registered again elsewhere."""
    known = registered()
    assert known[Connection](Connection("a")) == "a"
    with pytest.raises(TypeError):
        known[Connection] = len
    content_of(Connection)(lambda connection: 0)
    assert digest(Connection("a")) == digest(Connection("b"))
    register_all(known)
    assert digest(Connection("a")) != digest(Connection("b"))
