"""Trying a rule on given values, without a run."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from adapters.errors import RefusedError
from adapters.rule_files import read_document
from domain.issues import Location
from incentives.trial import Trial, try_policy
from tasks.stages.rules import read_rules


def try_policy_file(root: Path, overlay: Path | None, policy: str, inputs: Path) -> Trial:
    """The row of the newest version of `policy` for the values in the YAML file `inputs`.

    Raises: RefusedError if there is no such policy, or the file is no mapping of names to numbers.
    """
    document, issues = read_document(inputs, str(inputs))
    if document is None or not isinstance(document.data, dict):
        raise RefusedError("\n".join(map(str, issues)) or f"{inputs} is no mapping of input names to values")
    found = [ready for ready in read_rules(root, overlay).policies.policies if ready.policy.id == policy]
    if not found:
        raise RefusedError(f"no policy has the id {policy!r}; `recoup check` tells what is wrong with the book")
    strange = [
        f"{document.place((name,))} POL079 {name}: {value!r} is no number"
        for name, value in document.data.items()
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | Decimal))
    ]
    if strange:
        raise RefusedError("\n".join(strange))
    values = {name: None if value is None else Decimal(value) for name, value in document.data.items()}
    return try_policy(found[-1], values, at=Location(str(inputs), 1, 1))
