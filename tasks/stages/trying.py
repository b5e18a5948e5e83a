"""Trying a rule on given values, without a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from adapters.errors import RefusedError
from adapters.rule_files import read_document
from domain.documents import Document
from domain.documents import Path as DocumentPath
from incentives.trial import Given, Trial, try_together
from tasks.stages.rules import read_rules


def try_policy_file(root: Path, overlay: Path | None, policy: str, inputs: Path) -> Mapping[str, Trial]:
    """The row of the newest version of `policy` for the values in the YAML file `inputs`.

    The file maps input names to numbers; or it has the key `payees`, by any name, with such a mapping for each: they
    are settled together. Raises: RefusedError if there is no such policy, or if the file holds anything else.
    """
    document, issues = read_document(inputs, str(inputs))
    if document is None or not isinstance(document.data, dict):
        raise RefusedError("\n".join(map(str, issues)) or f"{inputs} is no mapping of input names to values")
    found = [ready for ready in read_rules(root, overlay).policies.policies if ready.policy.id == policy]
    if not found:
        raise RefusedError(f"no policy has the id {policy!r}; `recoup check` tells what is wrong with the book")
    together = document.data.get("payees")
    payees: dict[str, tuple[DocumentPath, Any]] = {"": ((), document.data)}
    if isinstance(together, dict) and len(document.data) == 1:
        payees = {str(name): (("payees", name), values) for name, values in together.items()}
    strange = [text for path, values in payees.values() for text in _strange(document, path, values)]
    if strange:
        raise RefusedError("\n".join(strange))
    given = {name: Given(_numbers(values), at=document.place(path)) for name, (path, values) in payees.items()}
    return try_together(found[-1], given)


def _strange(document: Document, path: DocumentPath, values: Any) -> Iterator[str]:
    if not isinstance(values, dict):
        yield f"{document.place(path)} POL079 {path[-1] if path else document.path}: {values!r} is no mapping of inputs"
        return
    for name, value in values.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | Decimal)):
            yield f"{document.place((*path, name))} POL079 {name}: {value!r} is no number"


def _numbers(values: Mapping[str, Any]) -> dict[str, Decimal | None]:
    return {name: None if value is None else Decimal(value) for name, value in values.items()}
