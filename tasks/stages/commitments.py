"""What partners promised and owe by contract, followed month by month beside their figures and what they returned;
what is broken is asked about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.store.actions import insert_action, read_actions
from adapters.store.results import read_kpis
from adapters.store.runs import last_night_of_each_month
from adapters.store.signatures import with_signatures
from adapters.world import World, business_today
from domain.actions import NewAction
from domain.exact import exact
from domain.ids import AttemptId, RunId
from domain.manifest import EarlierNight
from domain.partner_review import Kept
from domain.partners import Partner
from domain.periods import Period
from domain.records import Grain, KpiResult
from domain.rules import Placed
from domain.sql import TABLES
from incentives.contract_language import Contract
from incentives.duties import Followed, Return, Returned, followed, returned
from tasks.stages.gate import accepted_in
from tasks.stages.manifests import manifest_of
from tasks.stages.measured import measured_night
from tasks.stages.people import partners_of, refuse_unknown
from tasks.stages.rules import RuleSet, sound_rules
from tasks.stages.session import session_of_tables

SOURCE, DEPARTMENT, RETURNS = "commitment", "partners", "partner_reports"


@dataclass(frozen=True, slots=True)
class FollowedMonth:
    """Of the month's last measured night: by partner and contract, each commitment beside its figure, and each duty
    beside what came."""

    period: Period
    night: date
    run: RunId
    kept: tuple[tuple[str, Kept], ...]


def commitments_of(world: World, period: Period, partner: str = "") -> FollowedMonth:
    """Raises: RefusedError if no night of the month has measured (COM001), or it knows no such partner (STD002)."""
    rules = sound_rules(world.settings.rules)
    with world.store.read() as connection:
        nights = last_night_of_each_month(connection, period.start, period.last_day)
        if not nights:
            raise RefusedError(f"COM001 no night of {period} has measured; `recoup runs` lists those that have")
        night = nights[-1]
        results = read_kpis(connection, night.run, grains=(Grain.PARTNER,))
        opened = frozenset(each.action_id for each in read_actions(connection, source=SOURCE))
    with measured_night(world, night.business_date) as measured:
        partners = list(partners_of(measured.duck, period, night.business_date))
    refuse_unknown(partner, partners, f"in {period}")
    facts = facts_of(world, rules, night, results)
    found = tuple(
        (each.partner_id, kept)
        for each in partners
        if partner in {"", each.partner_id}
        for kept in kept_by(facts, each, opened)
    )
    return FollowedMonth(period, night.business_date, night.run, found)


def open_broken(
    world: World, found: FollowedMonth, attempt: AttemptId | None, *, on: date | None = None
) -> tuple[NewAction, ...]:
    """An action for each that is broken, for whoever answers for the contract; opened once, also where another
    commitment of the partner, or the same of another month, is still being asked about. `on` is today unless given."""
    today = on or business_today(world)
    actions = {
        one.action_id: one
        for partner, each in found.kept
        if each.is_kept is False
        for one in (_asked(partner, each, found, today),)
    }
    if not actions:
        return ()
    with world.store.write("actions_opened") as connection:
        known = {each.action_id for each in read_actions(connection, source=SOURCE)}
        fresh = tuple(each for name, each in actions.items() if name not in known)
        for each in fresh:
            insert_action(world.store, connection, each, attempt)
    return fresh


def _asked(partner: str, each: Kept, found: FollowedMonth, today: date) -> NewAction:
    return NewAction(
        source=SOURCE,
        key=_key(partner, each.contract, each.commitment, found.period),
        subject_kind=Grain.PARTNER.value,
        subject_id=partner,
        about=f"{partner} broke in {found.period}: {each.note}",
        owner=each.owner,
        department=DEPARTMENT,
        opened_on=today,
        deadline=max(found.period.end + timedelta(days=each.answer_days), today + timedelta(days=1)),
        run=found.run,
    )


@dataclass(frozen=True, slots=True)
class MonthFacts:
    """What commitments and duties of one month are held beside: figures of its last night, and what was returned
    (None where the house lands no returns); `signed` are the contracts that bind, by digest."""

    rules: RuleSet
    period: Period
    as_of: date
    results: tuple[KpiResult, ...]
    returns: tuple[Return, ...] | None
    signed: frozenset[str]


def facts_of(world: World, rules: RuleSet, night: EarlierNight, results: Iterable[KpiResult]) -> MonthFacts:
    """Raises: FileChangedError."""
    returns = _returns_on(world, night)
    period = Period.of(night.business_date)
    return MonthFacts(rules, period, night.business_date, tuple(results), returns, _signed(world, rules))


def broken_in(facts: MonthFacts, partner: Partner) -> tuple[str, ...] | None:
    """Those broken in the month, in words; None where the partner owes nothing, or nothing of it can be judged."""
    judged = [each for _, each in _followed_by(facts, partner) if each.is_kept is not None]
    return tuple(each.in_words for each in judged if not each.is_kept) if judged else None


def kept_by(facts: MonthFacts, partner: Partner, opened: frozenset[str]) -> tuple[Kept, ...]:
    """One partner's commitments and duties of the month; `opened` are the actions that there are."""
    return tuple(
        _kept(placed, each, partner.partner_id, facts.period, opened) for placed, each in _followed_by(facts, partner)
    )


def _followed_by(facts: MonthFacts, partner: Partner) -> Iterator[tuple[Placed[Contract], Followed | Returned]]:
    """Of the contracts that held for the partner on the month's last day, and that are signed."""
    mine = [each for each in facts.results if each.entity == partner.partner_id and not each.currency]
    for placed in _contracts_of(facts, partner):
        yield from ((placed, each) for each in followed(placed.rule.commitments, mine))
        if max(partner.active_from, placed.rule.valid_from) < facts.period.start:  # else it owes nothing yet
            found = returned(placed.rule.duties, facts.returns, partner.partner_id, facts.period, facts.as_of)
            yield from ((placed, one) for one in found)


def _contracts_of(facts: MonthFacts, partner: Partner) -> Iterator[Placed[Contract]]:
    contracts = facts.rules.contracts
    for currency in sorted({each.rule.currency for each in contracts.contracts}):
        for placed in contracts.for_partner(
            partner.partner_id, partner.legal_type, partner.jurisdiction, currency, facts.period.last_day
        ):
            if placed.version.digest in facts.signed:
                yield placed


def _returns_on(world: World, night: EarlierNight) -> tuple[Return, ...] | None:
    """What the night read of returns; None where it read no row of anybody's."""
    with world.store.read() as connection:
        manifest, accepted = manifest_of(connection, night.run), accepted_in(connection, night.run)
    columns = TABLES[RETURNS].c
    named = (columns.partner_id, columns.duty, columns.month, columns.received_on, columns.accepted)
    with session_of_tables(world, manifest, accepted, (RETURNS,)) as duck:
        rows = duck.read(exact(sa.select(*named).order_by(columns.report_id)))
    found = tuple(
        Return(row["partner_id"], row["duty"], Period.of(row["month"]), row["received_on"], row["accepted"])
        for row in rows
    )
    return found or None


def _signed(world: World, rules: RuleSet) -> frozenset[str]:
    """What nobody signed binds nobody."""
    with world.store.read() as connection:
        versions = with_signatures(connection, rules.contracts.versions())
    return frozenset(each.digest for each in versions if each.signer)


def _kept(
    placed: Placed[Contract], one: Followed | Returned, partner: str, period: Period, opened: frozenset[str]
) -> Kept:
    contract = placed.rule
    name = f"duty_{one.duty.duty}" if isinstance(one, Returned) else one.commitment.id
    action = f"{SOURCE}-{_key(partner, contract.id, name, period)}"
    asked = action if action in opened else ""
    if isinstance(one, Returned):
        title, answer = f"{one.duty.duty} {one.month}", one.duty.answer_days
        return Kept(name, title, contract.id, "", None, None, None, one.is_kept, asked, one.in_words, one.due_on,
                    one.received_on, contract.owner, answer)  # fmt: skip
    terms = one.commitment
    return Kept(name, terms.title, contract.id, terms.kpi, one.value, terms.at_least, terms.at_most, one.is_kept,
                asked, one.note or one.in_words, owner=contract.owner, answer_days=terms.answer_days)  # fmt: skip


def _key(partner: str, contract: str, commitment: str, period: Period) -> str:
    return f"{partner}-{contract}-{commitment}-{period}"
