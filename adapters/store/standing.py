"""How partners stand: what months proposed, what people decided on it, and what is in force on a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.store.engine import Store
from adapters.store.schema import standing_decisions, standing_reviews
from domain.ids import AttemptId, RunId
from domain.standings import (
    Looked,
    MonthFigure,
    PartnerState,
    Placed,
    ReviewedStanding,
    StandingDecision,
    StandingDecisionKind,
    StandingInForce,
    StandingReview,
    in_force,
)


def insert_standing_review(
    store: Store, connection: sa.Connection, review: StandingReview, attempt: AttemptId | None
) -> None:
    connection.execute(
        standing_reviews.insert().values(
            review_id=review.review_id,
            partner_id=review.partner,
            period=review.period,
            number=review.number,
            rule=review.rule,
            rule_version=review.rule_version,
            run_id=review.run,
            before_state=review.before.value,
            proposed_state=review.proposed.value,
            looked=[_stored(each) for each in review.looked],
            decided_by=list(review.decided_by),
            placed=review.placed.value,
            deadline=review.deadline,
            reason=review.reason,
            proposed_by=review.proposed_by,
            proposed_on=review.proposed_on,
            recorded_at=store.seam.recorded(),
            attempt_id=attempt,
        )
    )


def insert_standing_decision(
    store: Store, connection: sa.Connection, decision: StandingDecision, attempt: AttemptId | None
) -> None:
    connection.execute(
        standing_decisions.insert().values(
            review_id=decision.review_id,
            step=decision.step,
            decision=decision.kind.value,
            reason=decision.reason,
            plan=decision.plan,
            deadline=decision.deadline,
            effective_from=decision.effective_from,
            decided_on=decision.decided_on,
            by_name=decision.by,
            on_behalf_of=decision.on_behalf_of,
            recorded_at=store.seam.recorded(),
            attempt_id=attempt,
        )
    )


def read_standings(
    connection: sa.Connection, *, partner: str = "", period: str = "", known_as_of: datetime | None = None
) -> tuple[ReviewedStanding, ...]:
    """Reviews with their decisions, in the order in which the last decision on each came, then those without one.

    The order is that of recording, so that of two decisions that begin on one day the later one counts.
    """
    reviews, decided = standing_reviews, standing_decisions
    statement = sa.select(reviews).order_by(reviews.c.period, reviews.c.partner_id, reviews.c.number)
    said = sa.select(decided).order_by(decided.c.sequence)
    if partner:
        statement = statement.where(reviews.c.partner_id == partner)
    if period:
        statement = statement.where(reviews.c.period == period)
    if known_as_of is not None:
        statement = statement.where(reviews.c.recorded_at <= known_as_of)
        said = said.where(decided.c.recorded_at <= known_as_of)
    decisions: dict[str, list[StandingDecision]] = defaultdict(list)
    last: dict[str, int] = {}
    for row in connection.execute(said):
        decisions[row.review_id].append(_decision(row))
        last[row.review_id] = row.sequence
    found = [ReviewedStanding(_review(row), tuple(decisions[row.review_id])) for row in connection.execute(statement)]
    never = max(last.values(), default=0) + 1
    return tuple(sorted(found, key=lambda each: last.get(each.review.review_id, never)))


def standings_on(
    connection: sa.Connection, day: date, known_as_of: datetime | None = None
) -> tuple[StandingInForce, ...]:
    """What is in force on the day by the decisions recorded up to then; partners in good standing are left out."""
    found = in_force(read_standings(connection, known_as_of=known_as_of), day)
    return tuple(each for each in found if each.state is not PartnerState.GOOD)


def standing_named(connection: sa.Connection, prefix: str) -> ReviewedStanding:
    """The one review whose id starts with `prefix`, or is it. Raises: RefusedError naming those that there are."""
    found = [each for each in read_standings(connection) if each.review.review_id.startswith(prefix)]
    whole = [each for each in found if each.review.review_id == prefix]
    if len(whole or found) != 1:
        known = ", ".join(each.review.review_id for each in found) or "none; `recoup partners standing` lists them"
        raise RefusedError(f"STD003 {prefix!r} should name one proposal; it names {known}")
    return (whole or found)[0]


def _stored(looked: Looked) -> dict[str, Any]:
    figures = [
        {
            "period": each.period,
            "value": each.value,
            "low": each.low,
            "high": each.high,
            "cases": each.cases,
            "note": each.note,
        }
        for each in looked.figures
    ]
    return {"condition": looked.condition, "holds": looked.holds, "figures": figures, "note": looked.note}


def _looked(row: Mapping[str, Any]) -> Looked:
    figures = tuple(
        MonthFigure(
            each["period"],
            _number(each["value"]),
            _number(each["low"]),
            _number(each["high"]),
            each["cases"],
            each["note"],
        )
        for each in row["figures"]
    )
    return Looked(row["condition"], row["holds"], figures, row["note"])


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _review(row: sa.Row[Any]) -> StandingReview:
    return StandingReview(
        row.review_id,
        row.partner_id,
        row.period,
        row.number,
        row.rule,
        row.rule_version,
        None if row.run_id is None else RunId(row.run_id),
        PartnerState(row.before_state),
        PartnerState(row.proposed_state),
        tuple(_looked(each) for each in row.looked),
        tuple(row.decided_by),
        Placed(row.placed),
        row.deadline,
        row.reason,
        row.proposed_by,
        row.proposed_on,
    )


def _decision(row: sa.Row[Any]) -> StandingDecision:
    return StandingDecision(
        row.review_id,
        row.step,
        StandingDecisionKind(row.decision),
        row.by_name,
        row.decided_on,
        row.reason,
        row.plan,
        row.deadline,
        row.effective_from,
        row.on_behalf_of,
    )
