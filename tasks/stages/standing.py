"""The standing of partners month by month: what figures propose, what people decide, and what then has to be done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

import sqlalchemy as sa

from adapters.errors import ConflictError, RefusedError
from adapters.store.actions import insert_action, read_actions
from adapters.store.batches import refuse_other_names
from adapters.store.results import read_kpis, read_scores
from adapters.store.runs import State, last_night_of_each_month, stage_result
from adapters.store.signatures import with_signatures
from adapters.store.standing import (
    insert_standing_decision,
    insert_standing_review,
    read_standings,
    standing_named,
)
from adapters.world import World, business_today
from domain.actions import Action, ActionState, NewAction
from domain.ids import AttemptId
from domain.manifest import EarlierNight, Stage
from domain.partners import Partner
from domain.periods import Period
from domain.records import Grain, KpiResult, Score
from domain.rules import Placed
from domain.standings import (
    PartnerState,
    ReviewedStanding,
    StandingDecision,
    StandingDecisionKind,
    StandingInForce,
    StandingReview,
    in_force,
    state_of,
)
from domain.standings import Placed as WhatIsPlaced
from kpi_rules.standing_language import LeagueCondition, StandingRule
from kpi_rules.standings import PartnerMonths, Proposed, conditions_of, looks_back, proposed
from tasks.stages.actions import terms_of
from tasks.stages.authority import people_on
from tasks.stages.commitments import broken_in, commitments_of, facts_of, open_broken
from tasks.stages.measured import measured_night
from tasks.stages.night import Night
from tasks.stages.people import partners_of, refuse_unknown
from tasks.stages.rules import RuleSet, sound_rules
from tasks.stages.standing_leagues import Leagues, leagues_of

_LATELY = 92  # days
RECTIFICATION, DEPARTMENT = "rectification", "partners"
BY_FIGURES = "recoup"
ROLE = "partner_standing"  # what a delegation may name


def review_standings(
    world: World, period: Period, attempt: AttemptId | None, *, on: date | None = None
) -> tuple[ReviewedStanding, ...]:
    """What the month's figures propose for every partner, recorded once; asked again without a change, the same.
    `on` is the day from which deadlines count, today unless it is given.

    A partner on whom people have decided by this month's figures is not proposed anything by them again.
    Raises: RefusedError if no night of the month has measured (STD001), no rule holds (STD004), or one is not signed.
    """
    rules = sound_rules(world.settings.rules)
    by_rule = _rules_of(world, rules, period)
    evidence, day = _evidence(world, rules, by_rule, period), on or business_today(world)
    try:
        with world.store.write("standing_reviewed") as connection:
            history = read_standings(connection)
            actions = {each.opened.key: each for each in read_actions(connection, source=RECTIFICATION)}
            found = [
                _reviewed(placed, evidence, history, actions, partner, day)
                for placed, partner in _partners_by_rule(by_rule, evidence.partners)
            ]
            fresh = [each for each in found if _is_new(each, history)]
            for each in fresh:
                insert_standing_review(world.store, connection, each, attempt)
    except sa.exc.IntegrityError:
        raise ConflictError(f"somebody reviewed {period} at the same moment: ask for it again") from None
    with world.store.read() as connection:
        return newest_of_each(read_standings(connection, period=str(period)))


def propose_at_months_end(world: World, night: Night, rules: RuleSet) -> None:
    """After the official night of a month's last day that has measured: what its figures propose, and an action for
    each commitment that was broken. Run again, it is found there already."""
    period = Period.of(night.business_date)
    if night.business_date != period.last_day or not rules.standings.on(period.last_day):
        return
    with world.store.read() as connection:
        measured = stage_result(connection, night.run, Stage.MEASURE.value)
    if measured is not None and measured.outcome is State.DONE:
        morning = night.business_date + timedelta(days=1)
        review_standings(world, period, night.attempt, on=morning)
        open_broken(world, commitments_of(world, period), night.attempt, on=morning)


def newest_of_each(history: Iterable[ReviewedStanding]) -> tuple[ReviewedStanding, ...]:
    """The last review of each partner and month, by partner."""
    last: dict[tuple[str, str], ReviewedStanding] = {}
    for each in history:
        key = (each.review.partner, each.review.period)
        if key not in last or last[key].review.number < each.review.number:
            last[key] = each
    return tuple(last[key] for key in sorted(last))


def standings_of(
    world: World, day: date | None = None
) -> tuple[tuple[ReviewedStanding, ...], tuple[StandingInForce, ...]]:
    """Every proposal with its decisions, and what is in force on the day (today)."""
    with world.store.read() as connection:
        history = read_standings(connection)
    return history, in_force(history, day or business_today(world))


@dataclass(frozen=True, slots=True)
class Decided:
    """What somebody decides; `deadline` and `plan` of a rectification, `effective_from` of the last acceptance."""

    kind: StandingDecisionKind
    by: str
    reason: str = ""
    plan: str = ""
    deadline: date | None = None
    effective_from: date | None = None


def decide_standing(world: World, prefix: str, wanted: Decided, attempt: AttemptId | None) -> ReviewedStanding:
    """Record one person's decision; the last acceptance puts the state in force, and opens the action of a
    rectification. Raises: RefusedError with everything that stands in its way; ConflictError."""
    rules, today = sound_rules(world.settings.rules), business_today(world)
    try:
        with world.store.write("standing_decided") as connection:
            refuse_other_names(connection, wanted.by)
            matter = standing_named(connection, prefix)
            acting_for = _acting_for(connection, rules, matter, wanted, today)
            faults = [*_refusals(matter, wanted, today, read_standings(connection, partner=matter.review.partner))]
            faults += _not_entitled(matter, acting_for)
            if faults:
                raise RefusedError("\n".join(faults))
            decision = _decision(matter, wanted, today, acting_for or "")
            insert_standing_decision(world.store, connection, decision, attempt)
            after = replace(matter, decisions=(*matter.decisions, decision))
            _open_rectification(world, connection, rules, after, today, attempt)
    except sa.exc.IntegrityError:
        raise ConflictError(f"somebody decided on {prefix} at the same moment: look at it again") from None
    return after


def propose_standing(
    world: World, partner: str, to: PartnerState, *, by: str, reason: str, attempt: AttemptId | None
) -> ReviewedStanding:
    """A person's own proposal, whatever the figures say; it is decided on like any other.

    Raises: RefusedError without a name or a reason, if there is no such partner, the rule does not have the state, or
    the partner is in it.
    """
    rules, today = sound_rules(world.settings.rules), business_today(world)
    _refuse_strangers(world, partner, today)
    placed = _rule_for(rules, partner, today)
    terms = placed.rule.terms(to) if placed else None
    if placed is None or terms is None:
        raise RefusedError(f"STD004 no standing rule on {today} says who decides that {partner} comes to {to}")
    if not by.strip() or not reason.strip():
        raise RefusedError("STD005 a proposal has a name and a reason: give --by and --reason")
    period = Period.of(today)
    with world.store.write("standing_reviewed") as connection:
        refuse_other_names(connection, by)
        history = read_standings(connection, partner=partner)
        before = _decided_state(history, partner)
        if before is to:
            raise RefusedError(f"STD006 {partner} is in the state {to} already")
        deadline = today + timedelta(days=terms.deadline_days) if terms.deadline_days else None
        number = _next_number(history, period)
        review = StandingReview(
            f"{partner}-{period}-{number}", partner, str(period), number, placed.rule.id, placed.version.digest, None,
            before, to, (), terms.decided_by, terms.placed or WhatIsPlaced.KEEPS, deadline, reason.strip(), by, today,
        )  # fmt: skip
        insert_standing_review(world.store, connection, review, attempt)
    return ReviewedStanding(review)


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What is known of all partners: figures of the month's last nights, by month."""

    period: Period
    night: EarlierNight
    partners: tuple[Partner, ...]
    scores: Mapping[Period, tuple[Score, ...]]
    kpis: Mapping[Period, tuple[KpiResult, ...]]
    leagues: Leagues
    broken: Mapping[tuple[str, Period], tuple[str, ...]]


def _refuse_strangers(world: World, partner: str, today: date) -> None:
    """By the newest night that has measured: nobody decides about a partner that was never under contract."""
    with world.store.read() as connection:
        nights = last_night_of_each_month(connection, today - timedelta(days=_LATELY), today)
    if not nights:
        raise RefusedError(f"STD001 no night of the last {_LATELY} days has measured; see `recoup runs`")
    day = nights[-1].business_date
    with measured_night(world, day) as night:
        refuse_unknown(partner, partners_of(night.duck, Period.of(day), day), f"in {Period.of(day)}")


def _rules_of(world: World, rules: RuleSet, period: Period) -> tuple[Placed[StandingRule], ...]:
    found = rules.standings.on(period.last_day)
    if not found:
        raise RefusedError(f"STD004 no standing rule holds on {period.last_day}. Add one to kpi_rules/standings")
    with world.store.read() as connection:
        signed = with_signatures(connection, [each.version for each in found])
    for placed, version in zip(found, signed, strict=True):
        if not version.signer:
            raise RefusedError(f"SIG002 standing {placed.rule.id} is not signed: `recoup request`, then `recoup sign`")
    return found


def _evidence(world: World, rules: RuleSet, by_rule: Iterable[Placed[StandingRule]], period: Period) -> _Evidence:
    standing = tuple(by_rule)
    first = period
    for _ in range(max(looks_back(each.rule) for each in standing) - 1):
        first = first.previous()
    with world.store.read() as connection:
        nights = last_night_of_each_month(connection, first.start, period.last_day)
        last = next((each for each in nights if Period.of(each.business_date) == period), None)
        if last is None:
            raise RefusedError(f"STD001 no night of {period} has measured; `recoup runs` lists those that have")
        by_month = {Period.of(each.business_date): each for each in nights}
        scores = {month: read_scores(connection, each.run) for month, each in by_month.items()}
        kpis = {month: read_kpis(connection, each.run, grains=(Grain.PARTNER,)) for month, each in by_month.items()}
    with measured_night(world, last.business_date) as night:
        partners = partners_of(night.duck, period, last.business_date)
    wanted = {each for placed in standing for each in conditions_of(placed.rule) if isinstance(each, LeagueCondition)}
    leagues = leagues_of(world, by_month, wanted)
    followed = {month: facts_of(world, rules, by_month[month], results) for month, results in kpis.items()}
    broken = {
        (partner.partner_id, month): found
        for month, facts in followed.items()
        for partner in partners
        if (found := broken_in(facts, partner)) is not None
    }
    return _Evidence(period, last, partners, scores, kpis, leagues, broken)


def _partners_by_rule(
    by_rule: Iterable[Placed[StandingRule]], partners: Iterable[Partner]
) -> Iterator[tuple[Placed[StandingRule], Partner]]:
    for placed in by_rule:
        for each in partners:
            if placed.rule.partners == "all" or each.partner_id in placed.rule.partners:
                yield placed, each


def _rule_for(rules: RuleSet, partner: str, day: date) -> Placed[StandingRule] | None:
    found = (each for each in rules.standings.on(day) if each.rule.partners == "all" or partner in each.rule.partners)
    return next(found, None)


def _reviewed(
    placed: Placed[StandingRule],
    evidence: _Evidence,
    history: tuple[ReviewedStanding, ...],
    actions: Mapping[str, Action],
    partner: Partner,
    today: date,
) -> StandingReview:
    mine = tuple(each for each in history if each.review.partner == partner.partner_id)
    months = _months(evidence, mine, actions, partner.partner_id)
    found = proposed(placed.rule, months, evidence.period)
    terms = placed.rule.terms(found.state)
    number = _next_number(mine, evidence.period)
    changes = found.state is not months.state
    deadline = today + timedelta(days=terms.deadline_days) if changes and terms and terms.deadline_days else None
    return StandingReview(
        f"{partner.partner_id}-{evidence.period}-{number}",
        partner.partner_id,
        str(evidence.period),
        number,
        placed.rule.id,
        placed.version.digest,
        evidence.night.run,
        months.state,
        found.state,
        found.looked,
        terms.decided_by if changes and terms else (),
        (terms.placed if terms else None) or WhatIsPlaced.KEEPS,
        deadline,
        _why(found, months.state),
        BY_FIGURES,
        today,
    )


def _why(found: Proposed, before: PartnerState) -> str:
    if found.step is None:
        return f"nothing leads from {before}"
    held = [
        each.condition.partition(": ")[2]
        for each in found.looked
        if each.holds and f"→ {found.state}:" in each.condition
    ]
    return "; ".join(held)


def _months(
    evidence: _Evidence, history: tuple[ReviewedStanding, ...], actions: Mapping[str, Action], partner: str
) -> PartnerMonths:
    """A partner as it stood on the month's last day; decisions that begin later are about later months."""
    day = evidence.period.last_day
    then = in_force(history, day)
    standing, state = next((each for each in then if each.partner == partner), None), state_of(then, partner)
    action = actions.get(standing.review_id) if standing and state is PartnerState.RECTIFICATION else None
    action = action.until(day) if action else None
    return PartnerMonths(
        partner,
        state,
        standing.since if standing else None,
        {month: {each.scorecard: each for each in scores if (each.grain, each.entity) == (Grain.PARTNER, partner)}
         for month, scores in evidence.scores.items()},
        {month: {each.kpi: each for each in results if each.entity == partner and not each.currency}
         for month, results in evidence.kpis.items()},
        {key: figures[partner] for key, figures in evidence.leagues.items() if partner in figures},
        {month: found for (name, month), found in evidence.broken.items() if name == partner},
        is_overdue=None if action is None else _is_overdue(action, day),
        ended=action.code if action is not None and action.state is ActionState.CLOSED else None,
    )  # fmt: skip


def _is_overdue(action: Action, day: date) -> bool:
    """A closing that was proposed by the deadline waits for somebody of ours: that is not the partner's delay."""
    waits = action.proposal is not None and action.proposal.decided_on <= action.deadline
    return action.is_overdue(day + timedelta(days=1)) and not waits


def _is_new(review: StandingReview, history: tuple[ReviewedStanding, ...]) -> bool:
    """Not where people have decided by the month already, nor where the newest one says the same."""
    mine = [each for each in history if (each.review.partner, each.review.period) == (review.partner, review.period)]
    if any(each.decisions and each.review.proposed_by == BY_FIGURES for each in mine):
        return False
    newest = max(mine, key=lambda each: each.review.number, default=None)
    if newest is None:
        return True
    said = replace(review, review_id=newest.review.review_id, number=newest.review.number,
                   proposed_on=newest.review.proposed_on, deadline=newest.review.deadline)  # fmt: skip
    return said != newest.review


def _next_number(history: Iterable[ReviewedStanding], period: Period) -> int:
    return 1 + max((each.review.number for each in history if each.review.period == str(period)), default=0)


def _decided_state(history: Iterable[ReviewedStanding], partner: str) -> PartnerState:
    """As decided, whether it is effective yet or not: what is decided twice must not begin from two states."""
    return state_of(in_force(history, date.max), partner)


def _acting_for(
    connection: sa.Connection, rules: RuleSet, matter: ReviewedStanding, wanted: Decided, today: date
) -> str | None:
    """Whom the decider acts for (themselves: empty), or None where they are not entitled."""
    people, group = people_on(connection, rules, today), matter.next_group
    groups = matter.review.decided_by if wanted.kind is StandingDecisionKind.REFUSED else (group,)
    for each in groups:
        if people.is_in(wanted.by, each):
            return ""
        for principal in people.principals(wanted.by, ROLE):
            if people.is_in(principal, each):
                return principal
    return None


def _not_entitled(matter: ReviewedStanding, acting_for: str | None) -> Iterator[str]:
    if acting_for is None and matter.is_pending:
        yield f"STD007 the next to decide on {matter.review.review_id} is one of {matter.next_group}"


def _refusals(
    matter: ReviewedStanding, wanted: Decided, today: date, history: tuple[ReviewedStanding, ...]
) -> Iterator[str]:
    review = matter.review
    if not review.changes:
        yield f"STD008 {review.review_id} proposes nothing: there is nothing to decide"
        return
    if not matter.is_pending:
        yield f"STD008 {review.review_id} is {matter.state} already"
        return
    newer = sorted(
        (each for each in history if _order(each.review) > _order(review)), key=lambda one: _order(one.review)
    )
    if newer:
        yield f"STD009 {review.review_id} was overtaken by {newer[-1].review.review_id}: decide on that"
    if (now := _decided_state(history, review.partner)) is not review.before:
        yield f"STD009 {review.partner} is in the state {now} meanwhile, not {review.before}: propose it anew"
    if not wanted.by.strip():
        yield "STD005 a decision has a name: give --by"
    if wanted.kind is StandingDecisionKind.ACCEPTED and wanted.by == review.proposed_by:
        yield f"STD031 {wanted.by} proposed it: somebody else accepts it"
    if any(wanted.by in {each.by, each.on_behalf_of} for each in matter.decisions):
        yield f"STD024 {wanted.by} has decided on it already: the second person is another one"
    yield from _refusals_of_content(matter, wanted, today)


def _order(review: StandingReview) -> tuple[date, str, int]:
    return review.proposed_on, review.period, review.number


def _refusals_of_content(matter: ReviewedStanding, wanted: Decided, today: date) -> Iterator[str]:
    review = matter.review
    if wanted.kind is StandingDecisionKind.REFUSED:
        if not wanted.reason.strip():
            yield "STD005 what figures propose is refused with a reason: give --reason"
        return
    is_rectification = review.proposed is PartnerState.RECTIFICATION
    if is_rectification and not (wanted.plan.strip() or matter.plan):
        yield "STD025 a rectification has a plan: say by --plan what the partner does"
    if not is_rectification and (wanted.plan or wanted.deadline):
        yield f"STD025 a plan and a deadline belong to a rectification, not to {review.proposed}"
    if wanted.deadline is not None and wanted.deadline <= today:
        yield f"STD026 the deadline {wanted.deadline} has passed"
    if wanted.effective_from is not None and wanted.effective_from <= today:
        yield f"STD027 it cannot hold from {wanted.effective_from}: the dispatch of {today} is made. Take a later day"


def _decision(matter: ReviewedStanding, wanted: Decided, today: date, acting_for: str) -> StandingDecision:
    is_accepted = wanted.kind is StandingDecisionKind.ACCEPTED
    is_last = is_accepted and len(matter.decisions) + 1 >= len(matter.review.decided_by)
    chosen = (*(each.effective_from for each in matter.decisions), wanted.effective_from)
    days = [each for each in chosen if each is not None]
    effective = max((*days, today + timedelta(days=1))) if is_last else wanted.effective_from
    return StandingDecision(
        matter.review.review_id, len(matter.decisions) + 1, wanted.kind, wanted.by, today, wanted.reason.strip(),
        wanted.plan.strip(), wanted.deadline, effective if is_accepted else None, acting_for,
    )  # fmt: skip


def _open_rectification(
    world: World,
    connection: sa.Connection,
    rules: RuleSet,
    decided: ReviewedStanding,
    today: date,
    attempt: AttemptId | None,
) -> None:
    review = decided.review
    if not decided.is_accepted or review.proposed is not PartnerState.RECTIFICATION:
        return
    placed = _rule_for(rules, review.partner, today)
    assert decided.deadline is not None  # noqa: S101 - the rule states how many days a rectification has
    opened = NewAction(
        source=RECTIFICATION,
        key=review.review_id,
        subject_kind=Grain.PARTNER.value,
        subject_id=review.partner,
        about=f"{review.partner} puts right: {review.reason}. Plan: {decided.plan}",
        owner=placed.rule.owner if placed else DEPARTMENT,
        department=DEPARTMENT,
        opened_on=today,
        deadline=decided.deadline,
        run=review.run,
    )
    terms = terms_of(rules, opened, today)
    opened = replace(opened, terms=terms.version.digest) if terms else opened
    if opened.action_id not in {each.action_id for each in read_actions(connection, source=RECTIFICATION)}:
        insert_action(world.store, connection, opened, attempt)
