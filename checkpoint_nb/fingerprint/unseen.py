"""What decides results and no key can see: the clock, chance, the environment, computed names."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from types import FunctionType
from typing import Final

from checkpoint_nb.fingerprint.boundary import Named
from checkpoint_nb.fingerprint.code import Normal
from checkpoint_nb.fingerprint.functions import follow
from checkpoint_nb.fingerprint.walk import Graph, undecorated

_CLOCK: Final = "the clock"
_CHANCE: Final = "chance"
_ENVIRONMENT: Final = "the environment"
_TYPED: Final = "what is typed"
_COMPUTED: Final = "names computed at run time"

UNSEEN: Final[dict[str, dict[str, str]]] = {
    # what it is: module -> what of it
    _CLOCK: {
        "time": "time time_ns localtime gmtime ctime asctime",
        "datetime": "datetime.now datetime.utcnow datetime.today date.today",
        "pandas": "Timestamp.now Timestamp.utcnow Timestamp.today",
    },
    _CHANCE: {
        "random": "random uniform triangular randint choice randrange sample shuffle choices "
        "normalvariate lognormvariate expovariate vonmisesvariate gammavariate gauss "
        "betavariate binomialvariate paretovariate weibullvariate getrandbits randbytes",
        "secrets": "choice randbelow randbits token_bytes token_hex token_urlsafe",
        "os": "urandom getrandom",
        "uuid": "uuid1 uuid4",
        "numpy.random": "beta binomial bytes chisquare choice dirichlet exponential f gamma "
        "geometric gumbel hypergeometric laplace logistic lognormal logseries multinomial "
        "multivariate_normal negative_binomial noncentral_chisquare noncentral_f normal pareto "
        "permutation poisson power rand randint randn random random_integers random_sample "
        "ranf rayleigh sample shuffle standard_cauchy standard_exponential standard_gamma "
        "standard_normal standard_t triangular uniform vonmises wald weibull zipf",
        "torch": "rand randn randint randperm normal bernoulli multinomial rand_like randn_like",
    },
    _ENVIRONMENT: {"os": "environ environb getenv getenvb"},
    _TYPED: {"builtins": "input"},
}
"""Listed in one place: what the user's code may use by name, and no key can see."""

_SEEDS: Final = {"numpy.random": ("default_rng", "RandomState"), "random": ("Random",)}
"""What gives other numbers each time unless it is given a seed."""


def unseen(graph: Graph) -> tuple[str, ...]:
    r"""Return words for what decides the result of a graph's code and cannot be seen.

    Examples
    --------
    >>> names = {"__name__": "__main__"}
    >>> exec("import time\ndef stamp(): return time.time()", names)
    >>> graph = Graph()
    >>> graph.reach(names["stamp"], by_code=True)
    >>> unseen(graph)
    ('the clock (time.time)',)
    """
    objects, methods = _targets()
    reached = graph.numbers.keys()
    found = {objects[one] for one in objects.keys() & reached}
    classes = {one: methods[one] for one in methods.keys() & reached}
    for number, piece in enumerate(graph.pieces):
        form = piece.form
        if form is not None and (classes or form.bare or form.computed or form.imports):
            function = undecorated(graph.objects[number])
            if isinstance(function, FunctionType):
                inside = [graph.objects[child] for child in graph.edges[number]]
                found.update(_of(function, form, inside, classes))
    return tuple(sorted(found))


def _targets() -> tuple[dict[int, str], dict[int, dict[str, str]]]:
    """Return by identity what is listed and loaded: objects, and methods of classes by name."""
    objects: dict[int, str] = {}
    methods: dict[int, dict[str, str]] = {}
    for module, name, words in _listed():
        loaded = sys.modules.get(module)
        owner, _, method = name.rpartition(".")
        if loaded is None:
            continue
        if not owner and name in vars(loaded):
            objects[id(vars(loaded)[name])] = words
        elif owner in vars(loaded):
            methods.setdefault(id(vars(loaded)[owner]), {})[method] = words
    return objects, methods


def _listed() -> Iterator[tuple[str, str, str]]:
    for what, modules in UNSEEN.items():
        for module, names in modules.items():
            shown = "" if module == "builtins" else f"{module}."
            for name in names.split():
                yield module, name, f"{what} ({shown}{name})"


def _of(
    function: FunctionType,
    form: Normal,
    inside: Iterable[object],
    classes: dict[int, dict[str, str]],
) -> Iterator[str]:
    """Yield what one function uses that cannot be told from the objects it reaches."""
    for name, chains in form.uses if classes else ():
        for chain in chains:
            words, target = follow(function, name, chain)
            rest = chain[words.count(".") :]
            if rest and rest[0] in classes.get(id(target), {}):
                yield classes[id(target)][rest[0]]
    for name, chain in form.bare:
        _, target = follow(function, name, chain)
        for module, makers in _SEEDS.items():
            for maker in makers:
                if target is getattr(sys.modules.get(module), maker, function):
                    yield f"{_CHANCE} ({module}.{maker} without a seed)"
    for name in form.computed:
        if name not in function.__globals__:
            yield f"{_COMPUTED} ({name})"
    if form.imports:
        yield from _imported(form, inside)


def _imported(form: Normal, inside: Iterable[object]) -> Iterator[str]:
    """Yield what is used of libraries that the function imports itself."""
    taken = {(one.module, one.name) for one in inside if isinstance(one, Named)}
    for module, name, words in _listed():
        top, _, below = module.rpartition(".")
        first, _, method = name.partition(".")
        if method and method not in form.names:
            continue
        whole = (module, "") in taken or ((top, "") in taken and below in form.names)
        if (module, first) in taken or (whole and first in form.names):
            yield words
