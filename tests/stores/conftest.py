"""What the tests of stores share: a store of each kind, a key, and Python in another process."""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from checkpoint_nb.stores.disk import DiskStore
from checkpoint_nb.stores.sealing import load_secret


@pytest.fixture
def key_file(tmp_path):
    return tmp_path / "keys" / "user.key"


@pytest.fixture
def secret(key_file):
    return load_secret(key_file)


@pytest.fixture
def cache_dir(tmp_path):
    return tmp_path / "checkpoint"


@pytest.fixture
def disk(cache_dir, key_file):
    store = DiskStore(cache_dir, key_file)
    yield store
    store.close()


@pytest.fixture
def python(tmp_path):
    """Start a script in another Python; its arguments are in ``sys.argv``."""
    started = []

    def start(script, *arguments):
        file = tmp_path / f"script{len(started)}.py"
        prelude = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        file.write_text(prelude + script)
        process = subprocess.Popen(
            [sys.executable, str(file), *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
