"""What the specification says of files, kernels and cells, one by one in a real kernel."""

import os

import pytest

from tests.notebook.kernels import opened

ASK = (
    "def ask(call):\n"
    "    value, info = call.run_with_info()\n"
    "    print('@@', value, 'ran' if info['ran'] else 'hit')\n"
)


@pytest.fixture
def notebook(tmp_path):
    with opened(tmp_path / "notebook") as notebook:
        begin(notebook)
        yield notebook


def begin(notebook):
    do(notebook, "import sys; sys.dont_write_bytecode = True\nfrom checkpoint_nb import checkpoint")
    do(notebook, ASK)


def do(notebook, cell):
    answer = notebook.run(cell)
    assert not answer.error, answer.traceback
    return answer.text.rpartition("@@ ")[2].strip()


def write(notebook, text, age=0):
    path = notebook.folder / "helper.py"
    path.write_text(text)
    os.utime(path, (path.stat().st_atime, path.stat().st_mtime + age))


@pytest.mark.case(98)
@pytest.mark.parametrize(
    "task",
    [
        "import helper\n@checkpoint\ndef f(n): return helper.g()",
        "@checkpoint\ndef f(n):\n    from helper import g\n    return g()",
    ],
    ids=["imported at the top", "imported in the task"],
)
def test_a_file_edited_after_its_import_poisons_nothing(notebook, task):
    """What ran is stored under the code that ran; the next kernel computes the new, and back is kept."""
    write(notebook, "def g(): return 'old'")
    do(notebook, task)
    assert do(notebook, "ask(f(0))") == "old ran"
    write(notebook, "def g(): return 'new'", age=5)
    assert do(notebook, "ask(f(0))") == "old hit"
    assert do(notebook, "ask(f(1))") == "old ran"
    notebook.restart()
    begin(notebook)
    do(notebook, task)
    assert do(notebook, "ask(f(1))") == "new ran"
    write(notebook, "def g(): return 'old'", age=10)
    notebook.restart()
    begin(notebook)
    do(notebook, task)
    assert do(notebook, "ask(f(1))") == "old hit"


@pytest.mark.case(99)
def test_autoreload_brings_new_code_and_a_new_answer(notebook):
    """``%autoreload 2`` puts new code into the live function: the next cell runs it, and back hits."""
    write(notebook, "def g(): return 'old'")
    do(notebook, "%load_ext autoreload\n%autoreload 2\nimport helper")
    do(notebook, "from helper import g\n@checkpoint\ndef f(): return helper.g(), g()")
    assert do(notebook, "ask(f())") == "('old', 'old') ran"
    write(notebook, "def g(): return 'new'", age=5)
    assert do(notebook, "ask(f())") == "('new', 'new') ran"
    write(notebook, "# why\ndef g(): return 'new'", age=10)
    assert do(notebook, "ask(f())") == "('new', 'new') hit"
    write(notebook, "def g(): return 'old'", age=15)
    assert do(notebook, "ask(f())") == "('old', 'old') hit"


HELPER = "class A:\n    def m(self): return 1\ndef g(): return A().m()"
TASK = "@checkpoint\ndef f(): return g()"


@pytest.mark.case(100, 101)
def test_cells_run_again_unchanged_hit(notebook):
    """Helper and task cells that run again as they were, or with another line edited, change nothing."""
    do(notebook, HELPER)
    do(notebook, TASK)
    assert do(notebook, "ask(f())") == "1 ran"
    for cell in (HELPER, TASK, f"other = 1\n\n{TASK}", f"other = 2\n{HELPER}\n\n# end"):
        do(notebook, cell)
        assert do(notebook, "ask(f())") == "1 hit"


def test_a_class_defined_again_unchanged_hits_beside_its_annotation(notebook):
    """The task's annotation still names the class object of before; nothing that runs is another."""
    cell = "class B:\n    def m(self): return 1"
    do(notebook, cell)
    do(notebook, "@checkpoint\ndef f(n: B): return B().m()")
    assert do(notebook, "ask(f(0))") == "1 ran"
    do(notebook, cell)
    assert do(notebook, "ask(f(0))") == "1 hit"


def test_a_decorator_that_takes_arguments_by_place_alone(notebook):
    """A task is called as it was called, not with its defaults added by name."""
    do(notebook, "from functools import wraps\ndef deco(g):\n    @wraps(g)\n"
       "    def wrapper(*args): return g(*args)\n    return wrapper")  # fmt: skip
    do(notebook, "@checkpoint\n@deco\ndef f(n, *, by=2): return n * by")
    assert do(notebook, "ask(f(3))") == "6 ran"


@pytest.mark.case(102, 103)
def test_a_helper_defined_again_elsewhere_is_seen_and_back_is_kept(notebook):
    """The task's cell is not run again; the old result is still there for the old helper."""
    do(notebook, HELPER)
    do(notebook, TASK)
    assert do(notebook, "ask(f())") == "1 ran"
    do(notebook, "def g(): return 2")
    assert do(notebook, "ask(f())") == "2 ran"
    do(notebook, "def g(): return A().m()")
    assert do(notebook, "ask(f())") == "1 hit"
    do(notebook, "A.m = lambda self: 3")
    assert do(notebook, "ask(f())") == "3 ran"


@pytest.mark.case(142, 143, 144)
def test_an_argument_whose_code_is_edited_is_another_argument(notebook):
    """A function, an instance and a class as arguments count with their code and its helpers."""
    do(notebook, "def helper(x): return x\nclass A:\n    def m(self): return helper(1)")
    do(notebook, "def g(x): return helper(x)\n@checkpoint\ndef call(how, x): return how(x)")
    do(notebook, "@checkpoint\ndef meet(a): return (a() if isinstance(a, type) else a).m()")
    calls = ("call(g, 1)", "call(lambda x: helper(x) + 0, 1)", "meet(A())", "meet(A)")
    for call in calls:
        assert do(notebook, f"ask({call})") == "1 ran"
        assert do(notebook, f"ask({call})") == "1 hit"
    do(notebook, "def helper(x): return -x")
    for call in calls:
        assert do(notebook, f"ask({call})") == "-1 ran"
    do(notebook, "def helper(x): return x")
    for call in calls:
        assert do(notebook, f"ask({call})") == "1 hit"


@pytest.mark.case(141)
def test_a_memoryview_arrives_as_what_it_is(notebook):
    """The task sees the type that was passed."""
    do(notebook, "@checkpoint\ndef f(v): return type(v).__name__")
    assert do(notebook, "ask(f(memoryview(b'abc')))") == "memoryview ran"


@pytest.mark.case(145)
def test_a_generator_as_an_argument_is_refused_and_not_used_up(notebook):
    """The error says what it is, and its items are still there."""
    do(notebook, "@checkpoint\ndef total(rows): return sum(rows)\nrows = (i for i in range(4))")
    answer = notebook.run("total(rows).run()")
    assert answer.error == "ArgumentError"
    assert "generator" in answer.traceback
    assert notebook.value("sum(rows)") == "6"


@pytest.mark.case(109)
@pytest.mark.parametrize(
    "made",
    [
        "(i for i in range(3))",
        "threading.Lock()",
        "open('/dev/null', 'rb')",
        pytest.param("open('/dev/null')"),
    ],
)
def test_a_result_that_cannot_be_kept_is_named(notebook, made):
    """A generator, a lock or an open file as a result is an error, at every run."""
    do(notebook, f"import threading\n@checkpoint\ndef f(): return {made}")
    for _ in range(2):
        assert notebook.run("f().run()").error == "StoreError"
