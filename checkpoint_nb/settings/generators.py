"""The random generators that a whole process shares: of Python, numpy and torch."""

from __future__ import annotations

import os
import pickle
import random
import sys
from typing import Final, Protocol


class Generator(Protocol):
    """One global random generator."""

    name: str
    module: str

    def state(self) -> bytes:
        """Return where it is; equal bytes give equal numbers."""
        ...

    def go_to(self, state: bytes) -> None:
        """Go on from there."""
        ...

    def start_anew(self) -> None:
        """Go to where nobody was before, by what the operating system draws."""
        ...


class _Python:
    name = "random"
    module = "random"

    def state(self) -> bytes:
        return pickle.dumps(random.getstate())

    def go_to(self, state: bytes) -> None:
        random.setstate(pickle.loads(state))

    def start_anew(self) -> None:
        random.seed()


class _Numpy:
    """The legacy one, behind ``np.random.rand`` and its like."""

    name = "numpy"
    module = "numpy.random"
    twister: Final = "MT19937"

    def state(self) -> bytes:
        found = sys.modules["numpy.random"].get_state(legacy=False)
        if found["bit_generator"] != self.twister:
            return pickle.dumps(found)
        inner = found["state"]
        key = inner["key"].tobytes()
        return pickle.dumps((key, inner["pos"], found["has_gauss"], found["gauss"]))

    def go_to(self, state: bytes) -> None:
        found = pickle.loads(state)
        if isinstance(found, tuple):
            numpy = sys.modules["numpy"]
            key, *others = found
            found = (self.twister, numpy.frombuffer(key, dtype=numpy.uint32), *others)
        sys.modules["numpy.random"].set_state(found)

    def start_anew(self) -> None:
        # As seed() does, in a tenth of its time.
        try:
            self.go_to(pickle.dumps((os.urandom(624 * 4), 624, 0, 0.0)))
        except ValueError:
            sys.modules["numpy.random"].seed()


class _Torch:
    """The one of the CPU."""

    name = "torch"
    module = "torch"

    def state(self) -> bytes:
        found: bytes = sys.modules["torch"].get_rng_state().numpy().tobytes()
        return found

    def go_to(self, state: bytes) -> None:
        torch = sys.modules["torch"]
        torch.set_rng_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))

    def start_anew(self) -> None:
        sys.modules["torch"].default_generator.seed()


GENERATORS: Final[tuple[Generator, ...]] = (_Python(), _Numpy(), _Torch())
"""All that are known."""


def loaded(generator: Generator) -> bool:
    """Return whether its library is imported, as far as it needs.

    Examples
    --------
    >>> loaded(GENERATORS[0])
    True
    """
    sign = {"random": "getstate", "numpy.random": "get_state", "torch": "get_rng_state"}
    module = sys.modules.get(generator.module)
    # The module of numpy that holds it is imported only when one asks for it.
    return module is not None and sign[generator.module] in vars(module)
