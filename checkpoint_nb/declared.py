"""What a task declares because its code cannot tell: files, environment, version, salt."""

from __future__ import annotations

import inspect
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from checkpoint_nb.errors import DeclarationError
from checkpoint_nb.fingerprint import Fingerprint, digest
from checkpoint_nb.fingerprint.files import file_part
from checkpoint_nb.parts import HIDDEN, Part

Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
Words = str | Iterable[str]


@dataclass(frozen=True, slots=True)
class Declared:
    """What counts beside code and arguments, and what of these does not count or is not shown.

    Parameters
    ----------
    files
        Files, folders and patterns that count by content; ``{name}`` stands for an argument.
    env
        Names of environment variables that count; their values are never shown.
    version
        Counts as it is, and is shown: for what only you know has changed.
    salt
        Counts as it is, and is never shown.
    ignore
        Names that do not count.
    secret
        Names that count and are never shown.

    Examples
    --------
    >>> declared = Declared.of(env="HOME", version=2)
    >>> sorted(declared.parts({}))
    ['environment HOME', 'version']
    """

    files: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    version: str = ""
    salt: str = ""
    ignore: frozenset[str] = frozenset()
    secret: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        *,
        file: str | os.PathLike[str] | None = None,
        files: Paths = (),
        env: Words = (),
        version: object = None,
        salt: object = None,
        ignore: Words = (),
        secret: Words = (),
    ) -> Declared:
        """Take the options of a decorator or a magic as they were written.

        Raises
        ------
        DeclarationError
            When one has the wrong type.
        """
        every = ([] if file is None else [file]) + _several("files", files)
        return cls(
            files=tuple(_path(one) for one in every),
            env=tuple(_names("env", env)),
            version=_plain("version", version),
            salt=_plain("salt", salt),
            ignore=frozenset(_names("ignore", ignore)),
            secret=frozenset(_names("secret", secret)),
        )

    def parts(self, values: Mapping[str, object]) -> dict[str, Part]:
        """Return the parts of the key as things are now, by label.

        Parameters
        ----------
        values
            The arguments, for paths that name one.

        Raises
        ------
        DeclarationError
            When a file is not there.
        """
        parts: dict[str, Part] = {}
        for template in self.files:
            told = not any(f"{{{name}" in template for name in self.secret)
            for path in _paths(template, values):
                parts[f"file {path if told else template}"] = file_part(path)
        for name in self.env:
            value = os.environ.get(name)
            shown = "not set" if value is None else HIDDEN
            parts[f"environment {name}"] = Part(digest(("environment", value)), shown)
        if self.version:
            parts["version"] = Part(digest(("version", self.version)), self.version)
        if self.salt:
            parts["salt"] = Part(digest(("salt", self.salt)), HIDDEN)
        return parts

    @property
    def declares(self) -> bool:
        """Whether there is anything beside code and arguments that counts."""
        return bool(self.files or self.env or self.version or self.salt)

    def without_secrets(self, code: Fingerprint) -> Fingerprint:
        """Return ``code`` with no words about what is secret."""
        if not self.secret:
            return code
        parts = {label: self.hidden(label, part) for label, part in code.parts.items()}
        parts |= {
            label: Part(part.digest, HIDDEN)
            for label, part in parts.items()
            if label.startswith("defaults")
        }
        return replace(code, parts=parts)

    def hidden(self, label: str, part: Part) -> Part:
        """Return a part as people may see it: without words where ``label`` names a secret."""
        name = label.partition(" ")[2] or label
        return Part(part.digest, HIDDEN) if name.partition(".")[0] in self.secret else part


NOTHING: Final = Declared()


def _paths(template: str, values: Mapping[str, object]) -> list[str]:
    """Return the paths a declared one stands for, its ``{name}`` replaced."""
    if "{" not in template:
        return [template]
    whole = template[1:-1]
    if template == f"{{{whole}}}" and isinstance(values.get(whole), list | tuple):
        many = values[whole]
        assert isinstance(many, list | tuple)
        return [_path(one) for one in many]
    try:
        return [template.format_map({name: _filled(name, value) for name, value in values.items()})]
    except (KeyError, IndexError, AttributeError, ValueError) as error:
        raise DeclarationError(
            f"The declared file {template} cannot be filled in.",
            {
                "because": f"{type(error).__name__}: {error}",
                "known": ", ".join(values) or "nothing",
            },
            "A name in braces stands for an argument; double the braces of a real name.",
        ) from None


def _filled(name: str, value: object) -> object:
    if callable(getattr(type(value), "recipe", None)):
        raise DeclarationError(
            f"A declared file names the argument {name}, which is a task's result.",
            {"argument": name},
            "Its value is not known before the run. Let the upstream task read the file.",
        )
    return value


def _path(given: object) -> str:
    if isinstance(given, str | os.PathLike):
        path = os.fspath(given)
        if isinstance(path, str) and path:
            return path
    raise DeclarationError(
        "A declared file is a path.", {"given": repr(given)}, "Write a str or a pathlib.Path."
    )


def _several(option: str, given: object) -> list[object]:
    if isinstance(given, str | os.PathLike):
        return [given]
    if isinstance(given, Iterable):
        return list(given)
    raise DeclarationError(
        f"{option} takes one or several, not a {type(given).__name__}.", {"given": repr(given)}
    )


def _names(option: str, given: object) -> list[str]:
    names = _several(option, given)
    for name in names:
        if not isinstance(name, str) or not name or "=" in name:
            raise DeclarationError(
                f"{option} takes names.", {"given": repr(name)}, "Write the bare name as text."
            )
    return [str(name) for name in names]


def _plain(option: str, given: object) -> str:
    if given is None:
        return ""
    if isinstance(given, str | int | float | bytes) and not isinstance(given, bool):
        return f"{given}" if isinstance(given, str | int) else repr(given)
    raise DeclarationError(
        f"{option} is a text or a number.", {"given": type(given).__name__}, "Write version=2."
    )


def check_declaration(
    function: object, compress_level: object, max_concurrency: object, declared: Declared
) -> None:
    """Raise DeclarationError for a task that is not declared as it must be."""
    if not inspect.isfunction(function):
        raise DeclarationError(
            "A task is declared on a plain function.",
            {"given": type(function).__name__},
            "Write @task or @checkpoint directly above a def.",
        )
    name = function.__qualname__
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise DeclarationError(
            f"{name} is async or a generator; a task returns its result at once.",
            {"task": name},
            "Return a list instead of yielding; call asyncio.run inside the task.",
        )
    if not isinstance(compress_level, int) or not -1 <= compress_level <= 9:
        raise DeclarationError(
            "compress_level is 0 (none), -1 (the codec's default) or 1 to 9.",
            {"task": name, "given": compress_level},
        )
    if max_concurrency is not None and (
        not isinstance(max_concurrency, int) or max_concurrency < 1
    ):
        raise DeclarationError(
            "max_concurrency is a whole number, 1 or more, or None for no limit.",
            {"task": name, "given": max_concurrency},
        )
    code = inspect.unwrap(function).__code__
    known = {*inspect.signature(function).parameters, *code.co_names, *code.co_freevars}
    for option, names in (("ignore", declared.ignore), ("secret", declared.secret)):
        check_names(option, names, known, name)


def check_names(option: str, names: Iterable[str], known: Collection[str], where: str) -> None:
    """Raise DeclarationError when one of ``names`` is none that ``where`` reads."""
    for name in names:
        if name not in known:
            raise DeclarationError(
                f"{where} reads no {name}, which {option} names.",
                {"known": ", ".join(sorted(known)) or "nothing"},
                "Write the name of a parameter, or of a global that the task reads itself.",
            )


def code_changed(label: str) -> DeclarationError:
    """Return the error for work whose code was edited between its plan and its start."""
    return DeclarationError(
        f"The code of {label} was changed before its work began.",
        {"task": label},
        "Nothing was stored. Run it again.",
    )
