"""The spool: what a worker writes while it runs, the kernel reads."""

from __future__ import annotations

import gc
import os
import subprocess
import sys

from checkpoint_nb.spool import SpoolReader, Spools, SpoolWriter, spool_path, spooled


def text(name, words):
    return ("stream", {"name": name, "text": words})


def test_messages_come_once_and_in_order(tmp_path):
    """What is read in pieces is what was written, each message once."""
    path = str(tmp_path / "spool")
    writer, reader = SpoolWriter(path), SpoolReader(path)
    assert reader.read() == []
    writer.write(text("stdout", "a\n"))
    writer.write(text("stderr", "b\n"))
    assert reader.read() == [text("stdout", "a\n"), text("stderr", "b\n")]
    display = ("display", {"data": {"text/plain": "é\udc80"}, "metadata": {}})
    writer.write(display)
    writer.write(text("stdout", "c"))
    writer.end()
    assert not reader.ended
    assert reader.read() == [display, text("stdout", "c")]
    assert reader.ended
    assert reader.read() == []


def test_text_of_one_stream_in_a_row_is_one_message(tmp_path):
    """A thousand lines are read as one piece of text."""
    writer = SpoolWriter(str(tmp_path / "spool"))
    for number in range(1000):
        writer.text("stdout", f"{number}\n")
    (message,) = SpoolReader(str(tmp_path / "spool")).read()
    assert message[1]["text"].splitlines() == [str(number) for number in range(1000)]


def test_a_torn_frame_is_left_out(tmp_path):
    """A writer killed in the middle of a frame takes no earlier one with it."""
    path = tmp_path / "spool"
    writer = SpoolWriter(str(path))
    writer.write(text("stdout", "whole\n"))
    whole = path.stat().st_size
    writer.write(text("stdout", "torn in the middle\n"))
    written = path.read_bytes()
    for size in range(whole, len(written)):
        path.write_bytes(written[:size])
        reader = SpoolReader(str(path))
        assert reader.read() == [text("stdout", "whole\n")]
        assert reader.read() == []
        assert not reader.ended


def test_a_frame_that_comes_in_two_parts_is_read_when_it_is_whole(tmp_path):
    """A reader that looks in the middle of a write does not lose the frame."""
    path = tmp_path / "spool"
    SpoolWriter(str(path)).write(text("stdout", "first line\n"))
    written = path.read_bytes()
    path.write_bytes(written[:7])
    reader = SpoolReader(str(path))
    assert reader.read() == []
    path.write_bytes(written)
    assert reader.read() == [text("stdout", "first line\n")]


def test_complete_lines_survive_the_writer(tmp_path):
    """A process that ends without a word leaves the lines that it wrote."""
    code = (
        "import os, sys\nfrom checkpoint_nb.spool import SpoolWriter\n"
        "SpoolWriter(sys.argv[1]).text('stdout', 'so far\\n')\nos._exit(3)"
    )
    path = str(tmp_path / "spool")
    assert subprocess.run([sys.executable, "-c", code, path], check=False).returncode == 3
    assert SpoolReader(path).read() == [text("stdout", "so far\n")]


def test_a_place_that_cannot_be_written_costs_the_spool_only(tmp_path):
    """The work goes on, and the reader learns that not all is there."""
    path = str(tmp_path / "nowhere" / "spool")
    writer = SpoolWriter(path)
    writer.write(text("stdout", "a\n"))
    writer.end()
    reader = SpoolReader(path)
    assert (reader.read(), reader.ended) == ([], False)


def test_the_folder_goes_with_its_run():
    """One folder a run, made at first use and removed with the object."""
    spools = Spools()
    folder = os.path.dirname(spools.path("node"))
    assert os.path.isdir(folder)
    del spools
    gc.collect()
    assert not os.path.exists(folder)


def test_the_work_finds_its_spool():
    """The path holds inside the block."""
    with spooled("somewhere"):
        assert spool_path() == "somewhere"
    assert spool_path() == ""
