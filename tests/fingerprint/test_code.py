"""Cases 1 to 109: which edits of code change the fingerprint."""

import copy
import os
import sys
import threading

import pytest
from code_cases import CASES, MORE, H
from live import loaded

from checkpoint_nb.errors import FingerprintError
from checkpoint_nb.fingerprint import Fingerprint, fingerprint


def of(text: str, name: str = "f", **options: bool) -> Fingerprint:
    """Return the fingerprint of a function in a text."""
    with loaded(text) as names:
        return fingerprint(names[name], **options)


@pytest.mark.parametrize(
    ("before", "old", "new", "expected"),
    [pytest.param(*case[2:], id=f"{case[0]}-{case[1].replace(' ', '-')}") for case in CASES + MORE],
)
def test_an_edit_hits_or_misses(before, old, new, expected):
    """Each edit of the specification has the expected answer, and a miss has a labelled reason."""
    assert old in before
    after = before.replace(old, new)
    one, two = of(before), of(after)
    assert (one.digest == two.digest) == (expected == H)
    if expected != H:
        assert one.parts != two.parts


def test_an_unchanged_text_run_again_hits():
    """Case 100: a cell that is run again unchanged has the same fingerprint."""
    for text in {case[2] for case in CASES}:
        assert of(text).digest == of(text).digest


def test_a_closure_over_another_function_misses():
    """Case 16: a cell that holds another function counts."""
    text = "def make(g):\n    return lambda x: g(x)\ndef one(x): return 1\nf = make(one)"
    assert of(text).digest != of(text.replace("return 1", "return 2")).digest


def test_methods_reached_through_a_list_of_instances_count():
    """Cases 21 and 69: the class of a global instance counts."""
    text = (
        "class A:\n    def m(self): return 1\nmany = [A()]\ndef f(): return [a.m() for a in many]"
    )
    assert of(text).digest != of(text.replace("return 1", "return 2")).digest


def test_code_replaced_in_place_misses():
    """Case 99: autoreload puts new code into the same function."""
    with loaded("def g(): return 1\ndef f(): return g()") as names:
        before = fingerprint(names["f"]).digest
        names["g"].__code__ = (lambda: 2).__code__
        assert fingerprint(names["f"]).digest != before


def test_a_helper_defined_again_in_another_cell_misses_and_back_hits():
    """Cases 102 and 103: globals are looked up late, and an undone edit is found again."""
    with loaded("def g(): return 1\ndef f(): return g()") as names:
        first = fingerprint(names["f"]).digest
        exec("def g(): return 2", names)
        second = fingerprint(names["f"]).digest
        exec("def g(): return 1", names)
        assert first != second
        assert fingerprint(names["f"]).digest == first


def test_a_file_edited_after_import_does_not_count(tmp_path, monkeypatch):
    """Case 98: what runs counts, not what is on disk by now."""
    file = tmp_path / "edited_later.py"
    file.write_text("def g(): return 1")
    monkeypatch.syspath_prepend(tmp_path)
    with loaded("import edited_later\ndef f(): return edited_later.g()") as names:
        before = fingerprint(names["f"]).digest
        file.write_text("def g(): return 2")
        assert fingerprint(names["f"]).digest == before
    sys.modules.pop("edited_later")


def test_a_module_not_imported_yet_is_the_same_before_and_after(tmp_path, monkeypatch):
    """Case 29: an import inside a function leads somewhere before the first call too."""
    (tmp_path / "imported_late.py").write_text("def g(): return 1")
    monkeypatch.syspath_prepend(tmp_path)
    with loaded(
        "def f():\n    from imported_late import g\n    import wave\n    return g()"
    ) as names:
        before = fingerprint(names["f"])
        names["f"]()
        assert fingerprint(names["f"]).digest == before.digest
        assert "helper g" in before.parts
    sys.modules.pop("imported_late")


def test_an_installed_package_counts_by_version(monkeypatch):
    """Case 104: another version of a library is a miss, named with its version."""
    pytest.importorskip("numpy")
    from checkpoint_nb.fingerprint import boundary

    text = "import numpy as np\ndef f(x): return np.mean(x) + np.linalg.norm(x)"
    before = of(text)
    monkeypatch.setattr(boundary, "version", lambda top: "0.0")
    monkeypatch.setattr(boundary, "_known", {})
    after = of(text)
    assert before.digest != after.digest
    assert (after.parts["numpy"].shown, before.parts["numpy"].shown[:1]) == ("0.0", "2")


def test_a_changed_global_array_misses():
    """Case 80: the content of a global array counts."""
    pytest.importorskip("numpy")
    text = "import numpy as np\na = np.zeros(3)\ndef f(): return a"
    assert of(text).digest != of(text.replace("(3)", "(4)")).digest


def test_another_block_layout_of_a_global_frame_hits():
    """Case 81: an equal frame is the same frame."""
    pytest.importorskip("pandas")
    one = "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2], 'b': [3, 4]})\ndef f(): return df"
    two = one.replace("def f", "df = pd.DataFrame({'a': [1, 2]}); df['b'] = [3, 4]\ndef f")
    assert of(one).digest == of(two).digest


def test_what_has_no_fingerprint_is_named_with_its_path():
    """Case 109: the error says how the object is reached."""
    text = """
class Cfg:
    pass
cfg = Cfg()
cfg.handle = open("/dev/null")
def helper():
    return cfg
def clean():
    return helper()
"""
    with pytest.raises(FingerprintError) as caught:
        of(text, "clean")
    assert caught.value.facts["path"] == "clean -> helper -> cfg.handle"
    assert caught.value.facts["type"] == "_io.TextIOWrapper"
    assert caught.value.hint


def test_streams_locks_and_the_environment_count_by_type():
    """Cases 77, 78, 97: what belongs to the process does not decide."""
    text = "import sys, os, threading\nl = threading.RLock()\no = sys.stdout\ne = os.environ\ndef f(): return l, o, e"
    assert of(text).digest == of(text).digest


def test_a_factory_counts_its_tasks_by_name():
    """Tasks that a builder calls count by name there, and by their code everywhere else."""
    text = """
class Task:
    def __init__(self, function):
        self.__wrapped__ = function
        self.__checkpoint_task__ = function.__name__
    def __call__(self, *args):
        return self.__wrapped__(*args)
@Task
def clean(x):
    return x + 1
def f():
    return [clean(i) for i in range(3)]
"""
    after = text.replace("x + 1", "x + 2")
    assert of(text, builds=True).digest == of(after, builds=True).digest
    assert of(text).digest != of(after).digest
    assert of(text, builds=True).digest != of(text.replace("clean", "tidy"), builds=True).digest
    with loaded(text) as names:
        task = names["clean"]
        assert fingerprint(task).digest == fingerprint(task.__wrapped__).digest


def test_using_an_object_does_not_change_it():
    """What Python remembers on classes, instances and functions is no content."""
    text = """
import copy, functools
class A:
    __slots__ = ("v", "__dict__", "__weakref__")
    def __init__(self): self.v = 1
    @functools.cached_property
    def size(self): return 3
@functools.lru_cache
def g(x): return A()
@functools.singledispatch
def h(x): return g(x)
a = A()
def f(x): return a.size, h(x), A
"""
    with loaded(text) as names:
        before = fingerprint(names["f"]).digest
        names["f"](1), copy.copy(names["a"]), repr(names["a"]), hash(names["a"])
        assert fingerprint(names["f"]).digest == before


def test_parts_tell_what_changed():
    """Only the part that was edited differs, so that why is a diff."""
    text = "K = 1\ndef g(x): return x + K\ndef f(x): return g(x)"
    one, two = of(text).parts, of(text.replace("x + K", "x - K")).parts
    assert {label for label in one if one[label] != two[label]} == {"helper g"}
    three = of(text.replace("K = 1", "K = 2")).parts
    assert {label for label in one if one[label] != three[label]} == {"global K"}
    assert (one["global K"].shown, three["global K"].shown) == ("1", "2")
    assert "code of f" in one


def test_two_classes_that_look_the_same_are_not_one():
    """Case 91: which of two equal exceptions is caught decides, though both look the same."""
    text = """
class A(Exception): pass
B = A
class A(Exception): pass
def g(): raise A
def f():
    try: g()
    except A: pass
"""
    assert of(text).digest != of(text.replace("except A", "except B")).digest


def test_a_compiled_function_of_the_user_counts_by_its_file():
    """Case 106: functions of installed packages and of Python count by name."""
    assert of("from zlib import crc32 as f").digest != of("from zlib import adler32 as f").digest


def test_a_large_module_of_functions_that_call_each_other_is_quick():
    """Cycles through hundreds of functions do not multiply."""
    text = "\n".join(f"def f{i}(): return f{(i + 1) % 300}, f{(i * 7) % 300}" for i in range(300))
    done = threading.Event()
    thread = threading.Thread(target=lambda: (of(text + "\nf = f0"), done.set()))
    thread.start()
    thread.join(20)
    assert done.is_set()


@pytest.mark.skipif(sys.version_info < (3, 12), reason="written in the words of Python 3.12")
@pytest.mark.parametrize(
    ("before", "old", "new", "expected"),
    [
        ("def g[T](x: T) -> T: return x\ndef f(): return g(1)", "return x", "return 1", "miss"),
        ("class A[T]:\n    def m(self): return 1\ndef f(): return A[int]()", "n 1", "n 2", "miss"),
        ("type X = list[int]\ndef f(): return X", "int", "str", "miss"),
        (
            "def h(): return 1\ntype X = list[h()]\ndef f(): return X.__value__",
            "n 1",
            "n 2",
            "miss",
        ),
        ("type X = list[no]\ndef f(): return X", "list[no]", "list[not_there]", "hit"),
        ("def f():\n    def g[T](x: T) -> int: return x\n    return g", "int", "str", "hit"),
    ],
)
def test_type_parameters_and_aliases(before, old, new, expected):
    """What the newer words of Python mean counts like what the older ones do."""
    assert (of(before).digest == of(before.replace(old, new)).digest) == (expected == H)


def test_every_part_of_code_leads_to_live_code():
    """Each label of a function or class gives the object that is behind it."""
    text = "class A:\n    def m(self): return 1\ndef g(): return A()\ndef f(): return g()"
    with loaded(text) as names:
        codes = fingerprint(names["f"]).codes
        assert dict(codes) == {
            "code of f": names["f"],
            "helper g": names["g"],
            "class A": names["A"],
        }


def test_every_piece_of_data_has_its_place():
    """Data that code reads is found again where it lives, by the label it has in the parts."""
    text = """
## settings
size = [1]
def read(): return size
## task
import settings, math, functools
rows = [2]
class A:
    count = [3]
    def m(self): return rows
    @property
    def p(self): return 1
def outer(kept):
    def inner(): return kept, settings.size, rows
    return inner
inner = outer([4])
def marked(): return marked.limit
marked.limit = [5]
def ask(): return missing
def f(skip=[6]): return A(), inner(), settings.read(), marked(), marked.limit, math.pi, len, ask()
"""
    with loaded(text) as names:
        found = fingerprint(names["f"])
        read = {place.label: place.read() for place in found.places}
    assert read == {
        "global rows": [2],
        "class A.count": [3],
        "closure kept": [4],
        "global settings.size": [1],
        "global marked.limit": [5],
    }
    assert {label for label in read if label not in found.parts} == {"class A.count"}


def test_what_is_ignored_does_not_count_and_has_no_place():
    """Names that the function itself reads can be left out; helpers still count what they read."""
    text = "log = [1]\nK = 1\ndef g(): return K\ndef f(): return log, K, g()"
    left_out = frozenset({"log"})
    one, two = of(text, ignore=left_out), of(text.replace("[1]", "[2]"), ignore=left_out)
    assert one.digest == two.digest != of(text).digest
    assert [place.label for place in one.places] == ["global K"]
    assert "global log" not in one.parts
    kept = frozenset({"K"})
    assert of(text, ignore=kept).digest != of(text.replace("K = 1", "K = 2"), ignore=kept).digest
    closed = "def outer(seen):\n    def inner(): return seen\n    return inner\nf = outer([1])"
    ignored = frozenset({"seen"})
    assert (
        of(closed, ignore=ignored).digest == of(closed.replace("[1]", "[2]"), ignore=ignored).digest
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("time.time()", "the clock (time.time)"),
        ("now()", "the clock (time.time_ns)"),
        ("datetime.datetime.now()", "the clock (datetime.datetime.now)"),
        ("dt.utcnow()", "the clock (datetime.datetime.utcnow)"),
        ("random.random()", "chance (random.random)"),
        ("random.Random()", "chance (random.Random without a seed)"),
        ("uuid.uuid4()", "chance (uuid.uuid4)"),
        ("os.urandom(3)", "chance (os.urandom)"),
        ("os.environ['HOME']", "the environment (os.environ)"),
        ("os.environ.get('HOME')", "the environment (os.environ)"),
        ("os.getenv('HOME')", "the environment (os.getenv)"),
        ("input()", "what is typed (input)"),
        ("globals()[name]", "names computed at run time (globals)"),
        ("eval('a' + name)", "names computed at run time (eval)"),
        ("time.sleep(1), random.Random(3), random.seed(3)", ""),
        ("globals()['f'], globals().get('f'), eval('f')", ""),
        ("datetime.datetime(2020, 1, 1), datetime.date.fromisoformat(name)", ""),
        ("json.dumps(uuid.UUID(name)), os.path.join(name)", ""),
    ],
)
def test_what_no_key_can_see_is_named(body, words):
    """Case 107: the clock, chance, the environment and computed names are told of."""
    imports = "import time, datetime, random, uuid, os, json"
    above = f"{imports}\nfrom time import time_ns as now\nfrom datetime import datetime as dt\n"
    found = of(
        f"{above}class A:\n    def m(self, name): return {body}\ndef f(name): return A().m(name)"
    )
    assert found.unseen == ((words,) if words else ())
    inside = of(f"def f(name):\n    {imports}\n    from time import time_ns\n    return {body}")
    if (
        words
        and "()" not in body.split("(")[0]
        and not body.startswith(("now", "dt", "random.Random"))
    ):
        assert words in inside.unseen


def test_a_compiled_module_of_the_user_counts_by_its_file(tmp_path, monkeypatch):
    """Case 106: an extension that was built again is another one."""
    import _bisect as some
    import shutil

    if not getattr(some, "__file__", ""):
        pytest.skip("this Python has it built in")
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / os.path.basename(some.__file__)
    shutil.copy(some.__file__, file)
    monkeypatch.delitem(sys.modules, "_bisect")
    text = "import _bisect\ndef f(x): return _bisect.insort_right(x, 1)"
    with loaded(text) as names:
        before = fingerprint(names["f"]).digest
        with open(file, "ab") as handle:
            handle.write(b"built again")
        assert fingerprint(names["f"]).digest != before


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [("x + 1", "x + 2", "miss"), ("=False", "=True", "miss"), ("g(1)", "g(2.5)", "hit")],
)
def test_a_function_that_numba_compiles_counts_by_its_python(old, new, expected):
    """Case 106: the function and its options count, not what it was compiled for so far."""
    pytest.importorskip("numba")
    text = "import numba\n@numba.njit(fastmath=False)\ndef g(x): return x + 1\ng(1)\ndef f(x): return g(x)"
    assert (of(text).digest == of(text.replace(old, new)).digest) == (expected == H)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("= 11", "= 12", "miss"),
        ("return n", "return -n", "miss"),
        ("return 13", "return 14", "miss"),
        ("return 15", "return 16", "miss"),
        ("checked(x: int", "checked(x: float", "miss"),
        ("    x: int", "    x: float", "miss"),
        ("other = 1", "other = 2", "hit"),
    ],
)
def test_models_and_checked_functions_of_pydantic(old, new, expected):
    """Case 59: pydantic decides by annotations, so they count; what is unrelated does not."""
    pytest.importorskip("pydantic")
    text = """
from pydantic import BaseModel, field_validator, validate_call
other = 1
class A(BaseModel):
    x: int = 11
    @field_validator("x")
    def valid(cls, n): return n
    def m(self): return 13
@validate_call
def checked(x: int): return 15
def f(): return A(), checked(1)
"""
    assert (of(text).digest == of(text.replace(old, new)).digest) == (expected == H)
