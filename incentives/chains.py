"""Which approvals a batch needs, in order and up to what amount, and on what terms pay is settled."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import Field

from domain.documents import RuleModel
from domain.rules import Rule
from incentives.approvers import Approvers, Limits
from incentives.ledger import BatchKind
from incentives.numbers import Number


class ChainStep(RuleModel):
    """One approval."""

    role: str = Field(min_length=1)
    """What the step is called."""
    approvers: tuple[Approvers, ...] = ()
    """Who may approve: any one of them."""
    above: Limits = Field(default_factory=dict)
    """The step is needed only for a batch that moves more than this; a currency that is not named always needs it."""


class ChainTerms(RuleModel):
    """What of a chain is frozen with a batch."""

    steps: tuple[ChainStep, ...] = Field(min_length=1)
    """The approvals, in order."""
    approval_days: int | None = Field(default=None, ge=1)
    """Days for which an approval stands; then it, and those that followed it, must be given again."""
    complete_within_days: int | None = Field(default=None, ge=1)
    """Days after the preparation within which everything is approved and published."""


class ApprovalChain(Rule, ChainTerms):
    """The approvals that a kind of batch needs."""

    batch: BatchKind
    """The kind of batch: bonus or fee."""

    @property
    def terms(self) -> ChainTerms:
        return ChainTerms(
            steps=self.steps, approval_days=self.approval_days, complete_within_days=self.complete_within_days
        )


class PayTerms(Rule):
    """How what was paid wrongly is taken back, and how long anything of a month can still change."""

    batch: BatchKind
    """The kind of batch: bonus or fee."""
    deductions: dict[str, Annotated[Number, Field(ge=0, le=1)]]
    """The most that is deducted for earlier months, as a share of what the department or contract pays in the month, by
    currency; what is more is carried forward. Of a currency that is not named nothing is deducted."""
    deductions_source: str = Field(min_length=1)
    """The law or agreement that the caps come from."""
    look_back_months: int = Field(ge=1, le=120)
    """So many months before the open one can be prepared again; what is older is closed for good."""
    dispute_days: int = Field(ge=0, le=366)
    """Days after publishing during which a line can be disputed."""
    open_cases: Literal["hold", "pay"]
    """What becomes of a line while a case on it is open."""
    upheld_cases: Literal["hold", "pay"]
    """What becomes of it after a case was upheld, until the adjustment that settles it is approved."""


def complete_by(terms: ChainTerms, prepared_on: date | None) -> date | None:
    """The last day on which a batch of these terms is approved and published; None where none is stated."""
    if prepared_on is None or terms.complete_within_days is None:
        return None
    return prepared_on + timedelta(days=terms.complete_within_days)
