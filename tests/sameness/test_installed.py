"""Installed packages count by version, packages that are worked on count by content."""

import shutil

import pytest

from tests.sameness.scripts import Scripts

TASK = "import madelib\n@checkpoint\ndef f(): return madelib.g()\ntell(f())"


def install(site, version, text):
    shutil.rmtree(site, ignore_errors=True)
    (site / "madelib").mkdir(parents=True)
    (site / "madelib" / "__init__.py").write_text(text)
    info = site / f"madelib-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: madelib\nVersion: {version}\n")
    (info / "top_level.txt").write_text("madelib\n")
    (info / "RECORD").write_text("madelib/__init__.py,,\n")


@pytest.mark.case(104)
def test_an_upgraded_library_is_a_miss(tmp_path):
    """Another version runs again, the same one hits, and the old one installed again finds its result."""
    site = tmp_path / "site-packages"
    scripts = Scripts(tmp_path, places=[site])
    install(site, "1.0", "def g(): return 1")
    assert scripts.run(TASK) == (1, True)
    assert scripts.run(TASK) == (1, False)
    install(site, "2.0", "def g(): return 2")
    assert scripts.run(TASK) == (2, True)
    install(site, "1.0", "def g(): return 1")
    assert scripts.run(TASK) == (1, False)


@pytest.mark.case(104)
def test_a_package_that_is_worked_on_counts_by_content(tmp_path):
    """Outside ``site-packages``, as an editable install leaves it, code counts and comments do not."""
    source = tmp_path / "source"
    scripts = Scripts(tmp_path, places=[source])
    install(source, "1.0", "def g(): return 1")
    assert scripts.run(TASK) == (1, True)
    install(source, "1.0", "# why\ndef g(): return 1\ndef other(): return 3")
    assert scripts.run(TASK) == (1, False)
    install(source, "1.0", "def g(): return 2")
    assert scripts.run(TASK) == (2, True)
    install(source, "1.1", "def g(): return 1")
    assert scripts.run(TASK) == (1, False)
