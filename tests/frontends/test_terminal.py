"""IPython without a kernel: keystrokes in a terminal, scripts and notebooks as files."""

from __future__ import annotations

import re
import sys
import time

import pytest

from tests.frontends.tools import Place, plain

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SCRIPT = """%load_ext checkpoint_nb
from checkpoint_nb import checkpoint

n = 4
get_ipython().run_cell_magic('checkpoint', 'base', "print('making', n)\\nbase = list(range(n))\\n")

@checkpoint
def square(x):
    print('squaring')
    return x * x

print('square', square(base[3]).run())
%checkpoint status
"""


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def ipython(place, *words):
    return place.call(sys.executable, "-m", "IPython", "--colors=NoColor", *words)


class Terminal:
    """IPython in a terminal of its own; keys are sent one at a time, as a person does."""

    def __init__(self, place: Place) -> None:
        pexpect = pytest.importorskip("pexpect")
        self.end = pexpect.EOF
        environment = {"TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
        words = ["-m", "IPython", "--no-banner", "--colors=NoColor", "--no-confirm-exit"]
        self.process = pexpect.spawn(
            sys.executable,
            words,
            env=place.environment() | environment,
            cwd=str(place.folder),
            encoding="utf-8",
            timeout=100,
            dimensions=(40, 100),
        )
        self.number = 0
        self.prompt()

    def prompt(self) -> str:
        """Wait for the next prompt; what was shown before it."""
        self.number += 1
        self.process.expect(rf"In \[{self.number}\]:")
        time.sleep(0.2)  # the prompt is painted before keys are taken
        return plain(self.process.before)

    def type(self, *lines: str) -> None:
        """Type lines, then Enter until they are taken."""
        for line in lines:
            self.process.send(line + "\r")
            time.sleep(0.2)
        for _ in range(2 if len(lines) > 1 else 0):
            self.process.send("\r")
            time.sleep(0.2)

    def run(self, *lines: str) -> str:
        """Type a cell; what it shows."""
        self.type(*lines)
        return self.prompt()


def left_of(shown: str) -> str:
    """What is left on the screen of what was shown: a line may be written over."""
    lines = re.sub("\r+\n", "\n", shown).split("\n")
    return "\n".join(line.rpartition("\r")[2] for line in lines)


@pytest.fixture
def terminal(place):
    terminal = Terminal(place)
    yield terminal
    terminal.process.close(force=True)


def test_cells_are_typed_and_remembered(terminal, place):
    """A cell runs with its line below it, and is restored in the next session."""
    terminal.run("%load_ext checkpoint_nb")
    shown = terminal.run("%%checkpoint base", "print('work' + 'ing')", "base = 6 * 7")
    assert re.search(r"^working\n● base — ran 1", left_of(shown), re.M), shown
    assert "43" in terminal.run("base + 1")
    terminal.type("exit")
    terminal.process.expect(terminal.end)
    again = Terminal(place)
    again.run("%load_ext checkpoint_nb")
    shown = again.run("%%checkpoint base", "print('work' + 'ing')", "base = 6 * 7")
    assert re.search(r"^working\n✓ base — restored", left_of(shown), re.M), shown
    again.process.close(force=True)


def test_the_tab_key_completes_and_help_is_paged(terminal):
    """``%checkpoint st`` and Tab is ``status``; ``%checkpoint?`` says how it is used."""
    terminal.run("%load_ext checkpoint_nb")
    terminal.process.send("%checkpoint sta\t")
    terminal.process.expect("tus")
    assert "state" not in terminal.run("")
    terminal.type("%checkpoint?")
    terminal.process.expect("Remember a cell")


def test_interrupt_stops_a_cell_and_the_terminal_goes_on(terminal):
    """Ctrl-C is the cell's: it ends within seconds, and what was there before is there."""
    terminal.run("%load_ext checkpoint_nb")
    terminal.run("%%checkpoint base", "base = 6 * 7")
    terminal.type("%%checkpoint slow", "import time; time.sleep(300); slow = 1")
    terminal.process.expect("slow [0-9.]+ s")
    terminal.process.send("\x03")
    terminal.process.expect("KeyboardInterrupt", timeout=30)
    terminal.prompt()
    assert "43" in terminal.run("base + 1")
    assert "NameError" in terminal.run("slow")


def test_a_line_shows_how_far_a_cell_is_and_goes(terminal):
    """What the cell prints has its own lines; nothing of the one that counts is left."""
    terminal.run("%load_ext checkpoint_nb")
    lines = ["import time, checkpoint_nb", "print('begun')"]
    lines += ["for i in range(9): checkpoint_nb.progress(i, 9); time.sleep(.3)", "print('ended')"]
    shown = terminal.run("%%checkpoint slow", *lines)
    assert re.search(r"0%\|.* 0/1 \[.*<.*\] slow [1-9][0-9]% [0-9.]+ s", shown), shown
    screen = left_of(shown).splitlines()
    rest = screen[screen.index("begun") + 1 :]
    assert rest[0] == "ended", screen
    assert rest[1].startswith("● slow — ran 1"), screen


def begun_in_the_background(terminal):
    terminal.run("%load_ext checkpoint_nb")
    line = "import time; time.sleep(2); late = 41; print('was' + ' late')"
    return terminal.run("%%checkpoint late --background", line)


def test_a_cell_in_the_background_is_waited_for_where_it_is_read(terminal):
    """A terminal has somebody before it: the prompt comes back, the name when it is asked for."""
    shown = begun_in_the_background(terminal)
    assert "running in the background" in shown
    assert "was late" not in shown
    assert "42" in terminal.run("late + 1")


def test_what_a_cell_in_the_background_printed_is_shown(terminal):
    """It comes with the line that says the cell is done."""
    begun_in_the_background(terminal)
    assert "was late" in terminal.run("late + 1")


def test_a_script_with_magics_remembers(place):
    """``ipython script.ipy``: the magic called as a function, tasks, the table."""
    (place.folder / "script.ipy").write_text(SCRIPT)
    first, second = ipython(place, "script.ipy"), ipython(place, "script.ipy")
    assert first.returncode == second.returncode == 0, first.stdout
    assert "making 4\n● base — ran 1" in first.stdout
    assert "making 4\n✓ base — restored" in second.stdout
    for done in (first, second):
        assert "square 9" in done.stdout
        assert re.search(r"✓ fresh +square\(3\)", done.stdout)


@pytest.mark.parametrize(
    "line",
    [
        "get_ipython().run_cell_magic('checkpoint', 'bad', 'bad = [][3]')",
        "from checkpoint_nb import checkpoint\nbad = checkpoint(lambda: [][3])\nbad().run()",
    ],
)
def test_a_script_that_fails_fails(place, line):
    """The exit code is not zero, the error is the work's, and nothing runs after it."""
    (place.folder / "bad.ipy").write_text(f"%load_ext checkpoint_nb\n{line}\nprint('ne' 'ver')\n")
    done = ipython(place, "bad.ipy")
    assert done.returncode != 0
    assert "IndexError: list index out of range" in done.stdout
    assert "never" not in done.stdout


def test_ipython_runs_a_notebook_file(place):
    """``ipython a.ipynb`` runs its cells one by one; the second time they are restored."""
    cells = (
        "%load_ext checkpoint_nb\nn = 4",
        "%%checkpoint base\nprint('making', n)\nbase = list(range(n))",
        "#| checkpoint: half\nhalf = sum(base) / 2",
        "print('half', half)",
    )
    source = place.write("a.ipynb", *cells)
    first, second = ipython(place, source), ipython(place, source)
    assert first.returncode == second.returncode == 0, first.stdout
    assert first.stdout.count("ran 1") == 2
    assert second.stdout.count("restored") == 2
    assert all("half 3.0" in done.stdout for done in (first, second))
