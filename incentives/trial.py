"""One policy on given values: what `recoup try` prints, and what rule tests compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from domain.expressions.parse import suggestion
from domain.issues import Issue, Location
from domain.records import Step
from domain.staff import Share
from incentives.cell import Reason
from incentives.cells import Around
from incentives.first_paid import PaidGroups, PaidRow, groups_of
from incentives.policies import Missing
from incentives.ready import ReadyPolicy
from incentives.rows import Row, Start, Stop, fill
from incentives.together import NOBODY

GIVEN = Location("inputs")
FULL_PERIOD = Share(Decimal(1), Decimal(1))
LONG_THERE = 1_000


@dataclass(frozen=True, slots=True)
class Given:
    """What one payee is tried with: values by the policy's own input names (None, or left out: no value), and what the
    row stands in. `share` stands for the days: every prorate step takes it as it is."""

    inputs: Mapping[str, Decimal | None] = field(default_factory=dict)
    share: Share = FULL_PERIOD
    department: str = ""
    team: str = ""
    tenure_months: int = LONG_THERE
    at: Location = GIVEN

    def corrected(self, inputs: Mapping[str, Decimal | None], at: Location) -> Given:
        """The same with other values of some inputs, which are written at `at`."""
        return replace(self, inputs={**self.inputs, **inputs}, at=at)


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
    """The policy's row of somebody who is paid by it alone. `at` is where the inputs were written."""
    return try_together(policy, {"": Given(inputs, share, at=at)})[""]


def try_together(
    policy: ReadyPolicy, given: Mapping[str, Given], *, month: int = 1, paid: PaidGroups = NOBODY
) -> Mapping[str, Trial]:
    """The rows of several payees, settled together where a step looks at several; one wrong input stops all of them.
    `paid` are those who were settled together before, as they were first paid."""
    issues = {payee: tuple(_unknown(policy, each)) for payee, each in given.items()}
    if any(issues.values()):
        return {payee: Trial(None, found) for payee, found in issues.items()}
    rows = fill(policy, [_start(policy, payee, each, month) for payee, each in given.items()], paid=paid)
    return {payee: Trial(row) for payee, row in zip(given, rows, strict=True)}


def paid_by(given: Mapping[str, Given], trials: Mapping[str, Trial]) -> PaidGroups:
    """The trials as if they had been published: what a correction is then measured against."""
    rows = ((payee, each.row) for payee, each in trials.items() if each.row is not None and each.row.stop is None)
    return groups_of(
        PaidRow((payee, given[payee].department, given[payee].team), {step.name: step for step in row.steps})
        for payee, row in rows
    )


def _unknown(policy: ReadyPolicy, given: Given) -> list[Issue]:
    known = policy.policy.inputs
    return [
        Issue("POL070", given.at, f'"{policy.policy.id}" has no input "{name}"', suggestion(name, known))
        for name in given.inputs
        if name not in known
    ]


def _start(policy: ReadyPolicy, payee: str, given: Given, month: int) -> Start:
    values: dict[str, Decimal] = {}
    columns: list[Step] = []
    stop = None
    for name, source in policy.policy.inputs.items():
        value = given.inputs.get(name)
        if value is None and source.missing is Missing.HOLD:
            stop = Stop(Reason.MISSING_INPUT, f"{source.reference} has no value")
            break
        values[name] = Decimal(0) if value is None else value
        line = str(policy.placed.place("inputs", name))
        columns.append(Step(name, "input", values[name], ((source.reference, "given"),), line))
    around = Around(payee, given.department, given.team, month, given.tenure_months, lambda _: given.share)
    return Start(around, values, tuple(columns), stop)
