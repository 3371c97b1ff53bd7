"""Whether a finished result may be kept under its key: what must not have changed meanwhile."""

from __future__ import annotations

from typing import Final

from checkpoint_nb.errors import CheckpointError, DeclarationError
from checkpoint_nb.fingerprint import Key
from checkpoint_nb.job import Finished
from checkpoint_nb.mutation import ARGUMENT, said
from checkpoint_nb.parts import Part
from checkpoint_nb.stores.interface import Record
from checkpoint_nb.work import Node, Recipe

_OUTSIDE: Final = ("file ", "environment ")


def record_of(node: Node, key: Key | None, answer: Finished, created: float) -> Record:
    """Return what is to be stored of a node that is done."""
    return Record(
        key="" if key is None else key.digest,
        task=node.task,
        node=node.id,
        label=node.label,
        outputs=answer.outputs,
        parts={} if key is None else key.parts,
        seconds=answer.seconds,
        created=created,
        log=answer.log,
        observed=answer.observed,
    )


def remarks(node: Node, recipe: Recipe, answer: Finished) -> list[str]:
    """Say what the user should know of work that is done, a line each."""
    lines = said(node.label, answer.changed)
    seen = recipe.code.unseen if recipe.code is not None else ()
    for words in (*seen, *answer.asked):
        # Each variable that is read is seen, and looked at again.
        if not words.startswith("the environment"):
            lines.append(
                f"{node.task} uses {words}, which no key can see: "
                "its stored result stays what it was in this run."
            )
    return lines


def objections(label: str, recipe: Recipe, key: Key, answer: Finished, in_process: bool) -> str:
    """Say why the result must not be kept under ``key``; ``""`` when it may be.

    Parameters
    ----------
    label
        Of the node, for people.
    in_process
        The work ran beside other code of this process, on the same objects.
    """
    changed = [one for one in answer.changed if in_process or not one.startswith(ARGUMENT)]
    if changed:
        return f"{label} changed {', '.join(one.partition(' ')[2] for one in changed)} in place"
    outside = _changed_outside(recipe, key)
    if outside:
        return f"{outside} while {label} ran"
    if in_process:
        try:
            recipe.unchanged()
        except CheckpointError as error:
            return error.headline
    return ""


def _changed_outside(recipe: Recipe, key: Key) -> str:
    if recipe.extras is dict:
        return ""
    try:
        now = recipe.extras()
    except DeclarationError as error:
        return error.headline
    before = {label: part for label, part in key.parts.items() if label.startswith(_OUTSIDE)}
    labels = dict.fromkeys((*before, *(one for one in now if one.startswith(_OUTSIDE))))
    other = [one for one in labels if _digest(before.get(one)) != _digest(now.get(one))]
    return f"the {other[0]} changed" if other else ""


def _digest(part: Part | None) -> str:
    return "" if part is None else part.digest
