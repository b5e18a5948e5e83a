"""What partners promised by contract, followed month by month beside their figures; what is broken is asked about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from adapters.errors import RefusedError
from adapters.store.actions import read_actions
from adapters.store.results import read_kpis
from adapters.store.runs import last_night_of_each_month
from adapters.store.signatures import with_signatures
from adapters.world import World, business_today
from domain.actions import NewAction
from domain.ids import AttemptId, RunId
from domain.partner_review import Kept
from domain.partners import Partner
from domain.periods import Period
from domain.records import Grain, KpiResult
from domain.rules import Placed
from incentives.contract_language import Contract
from incentives.duties import Followed, followed
from tasks.stages.actions import open_actions
from tasks.stages.measured import measured_night
from tasks.stages.people import partners_of
from tasks.stages.rules import RuleSet, sound_rules

SOURCE, DEPARTMENT = "commitment", "partners"


@dataclass(frozen=True, slots=True)
class FollowedMonth:
    """Of the month's last measured night: by partner and contract, each commitment beside its figure."""

    period: Period
    night: date
    run: RunId
    kept: tuple[tuple[str, Kept], ...]


def commitments_of(world: World, period: Period, partner: str = "") -> FollowedMonth:
    """Raises: RefusedError if no night of the month has measured (COM001)."""
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
    found = tuple(
        (each.partner_id, _kept(placed, followed_one, each.partner_id, period, opened))
        for each in partners
        if partner in {"", each.partner_id}
        for placed, followed_one in followed_by(rules, each, period, results, signed=_signed(world, rules))
    )
    return FollowedMonth(period, night.business_date, night.run, found)


def open_broken(world: World, found: FollowedMonth, attempt: AttemptId | None) -> tuple[NewAction, ...]:
    """An action for each broken commitment, for whoever answers for the contract; opened once."""
    owners = {each.rule.id: each.rule for each in sound_rules(world.settings.rules).contracts.contracts}
    today = business_today(world)
    actions = []
    for partner, each in found.kept:
        if each.is_kept is False:
            terms = next(one for one in owners[each.contract].commitments if one.id == each.commitment)
            deadline = max(found.period.end + timedelta(days=terms.answer_days), today + timedelta(days=1))
            actions.append(
                NewAction(
                    SOURCE, _key(partner, each.commitment, found.period), Grain.PARTNER.value, partner,
                    f"{partner} broke in {found.period}: {each.note}", owners[each.contract].owner, DEPARTMENT, today,
                    deadline, found.run,
                )
            )  # fmt: skip
    return open_actions(world, actions, attempt)


def broken_in(
    world: World, rules: RuleSet, partner: Partner, period: Period, results: Iterable[KpiResult]
) -> tuple[str, ...] | None:
    """Those broken in the month, in words; None where the partner promised nothing, or nothing of it can be judged."""
    found = [each for _, each in followed_by(rules, partner, period, results, signed=_signed(world, rules))]
    judged = [each for each in found if each.is_kept is not None]
    return tuple(each.in_words for each in judged if not each.is_kept) if judged else None


def followed_by(
    rules: RuleSet, partner: Partner, period: Period, results: Iterable[KpiResult], *, signed: frozenset[str]
) -> Iterator[tuple[Placed[Contract], Followed]]:
    """The commitments of the contracts that held for the partner on the month's last day, and that are signed."""
    mine = [each for each in results if each.entity == partner.partner_id and not each.currency]
    currencies = sorted({each.rule.currency for each in rules.contracts.contracts})
    for currency in currencies:
        for placed in rules.contracts.for_partner(
            partner.partner_id, partner.legal_type, partner.jurisdiction, currency, period.last_day
        ):
            if placed.version.digest in signed:
                yield from ((placed, each) for each in followed(placed.rule.commitments, mine))


def kept_by(
    world: World, rules: RuleSet, partner: Partner, period: Period, results: Iterable[KpiResult], opened: frozenset[str]
) -> tuple[Kept, ...]:
    """One partner's of the month, by results that are known already; `opened` are the actions that there are."""
    return tuple(
        _kept(placed, each, partner.partner_id, period, opened)
        for placed, each in followed_by(rules, partner, period, results, signed=_signed(world, rules))
    )


def _signed(world: World, rules: RuleSet) -> frozenset[str]:
    """What nobody signed binds nobody."""
    with world.store.read() as connection:
        versions = with_signatures(connection, rules.contracts.versions())
    return frozenset(each.digest for each in versions if each.signer)


def _kept(placed: Placed[Contract], one: Followed, partner: str, period: Period, opened: frozenset[str]) -> Kept:
    terms, action = one.commitment, f"{SOURCE}-{_key(partner, one.commitment.id, period)}"
    return Kept(terms.id, terms.title, placed.rule.id, terms.kpi, one.value, terms.at_least, terms.at_most, one.is_kept,
                action if action in opened else "", one.note or one.in_words)  # fmt: skip


def _key(partner: str, commitment: str, period: Period) -> str:
    return f"{partner}-{commitment}-{period}"
