"""The specification as a user meets it: markers, and the tables of the fingerprint's own tests."""

import sys
from pathlib import Path

import pytest

# The tables are shared with the tests of fingerprints, and stand there.
sys.path.insert(0, str(Path(__file__).parents[1] / "fingerprint"))

from tests.sameness.kernel_runs import CaseKernel


def pytest_configure(config):
    config.addinivalue_line("markers", "case(number, ...): a case of the specification")


@pytest.fixture(scope="session")
def kernel(tmp_path_factory):
    """One kernel for all the tables; each case has a folder, a store and names of its own."""
    kernel = CaseKernel(tmp_path_factory.mktemp("kernel") / "notebook")
    yield kernel
    kernel.close()


@pytest.fixture(scope="session")
def chosen(request):
    """Return those of some rows that are asked for in this run of pytest."""

    def of(test, rows):
        names = {
            item.name for item in request.session.items if getattr(item, "originalname", "") == test
        }
        return [row for row in rows if f"{test}[{row.id}]" in names]

    return of
