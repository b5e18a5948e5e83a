"""One policy on given values: what `recoup try` prints, and what rule tests compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.expressions.parse import suggestion
from domain.issues import Issue, Location
from domain.records import Step
from domain.staff import Share
from incentives.policies import Missing
from incentives.ready import ReadyPolicy
from incentives.rows import Reason, Row, Stop, fill

GIVEN = Location("inputs")
FULL_PERIOD = Share(Decimal(1), Decimal(1))


@dataclass(frozen=True, slots=True)
class Trial:
    """The row, and what is wrong with the given inputs (then nothing was computed)."""

    row: Row | None
    issues: tuple[Issue, ...] = ()


def try_policy(
    policy: ReadyPolicy,
    inputs: Mapping[str, Decimal | None],
    *,
    share: Share = FULL_PERIOD,
    at: Location = GIVEN,
) -> Trial:
    """The policy's row for inputs given by the policy's own names; None, or an input left out, has no value.

    `share` stands for the days: every prorate step takes it as it is. `at` is where the inputs were written.
    """
    known = policy.policy.inputs
    unknown = [
        Issue("POL070", at, f'"{policy.policy.id}" has no input "{name}"', suggestion(name, known))
        for name in inputs
        if name not in known
    ]
    return Trial(None, tuple(unknown)) if unknown else Trial(_row(policy, inputs, share))


def _row(policy: ReadyPolicy, inputs: Mapping[str, Decimal | None], share: Share) -> Row:
    given: dict[str, Decimal] = {}
    columns: list[Step] = []
    for name, source in policy.policy.inputs.items():
        value = inputs.get(name)
        if value is None and source.missing is Missing.HOLD:
            return Row(tuple(columns), None, Stop(Reason.MISSING_INPUT, f"{source.reference} has no value"))
        given[name] = Decimal(0) if value is None else value
        line = str(policy.placed.place("inputs", name))
        columns.append(Step(name, "input", given[name], ((source.reference, "given"),), line))
    row = fill(policy, given, lambda _: share)
    return Row((*columns, *row.steps), row.amount, row.stop)
