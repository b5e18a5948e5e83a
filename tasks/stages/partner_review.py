"""One partner's month in one reading: what a review pack, a page and a workbook show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from adapters.errors import RefusedError
from adapters.store.actions import read_actions
from adapters.store.results import read_kpis, read_scores
from adapters.store.runs import last_night_of_each_month
from adapters.store.standing import read_standings, standings_on
from adapters.world import World
from allocation.experiments import Experiment
from domain.manifest import EarlierNight
from domain.partner_review import (
    PartnerReview,
    PeerScore,
    ReviewedLeague,
    ReviewedPart,
    ReviewedScore,
    ReviewedTrial,
)
from domain.partners import Partner
from domain.periods import Period
from domain.records import Grain, KpiResult, Score, ScorePart
from domain.rules import Placed
from domain.standings import state_of
from kpi_rules.figures import Figure
from kpi_rules.language import Scorecard
from kpi_rules.partner_scores import peer_group
from kpi_rules.rulebook import KpiRules
from kpi_rules.standing_language import LeagueCondition
from kpi_rules.standings import conditions_of, share_of_counts
from tasks.stages.commitments import SOURCE, facts_of, kept_by
from tasks.stages.experiments import experiment_as_of
from tasks.stages.labels import is_share
from tasks.stages.league import FoundLeague
from tasks.stages.measured import MeasuredNight, measured_night
from tasks.stages.people import partners_of, refuse_unknown
from tasks.stages.placements import placements_in
from tasks.stages.rules import RuleSet, sound_rules
from tasks.stages.standing_leagues import leagues_in

MONTHS = 12  # of earlier scores


def partner_review(world: World, partner: str, period: Period) -> PartnerReview:
    """From the month's last measured night, and what people have decided since.

    Raises: RefusedError if no night of the month has measured (STD001), or it knows no such partner (STD002).
    """
    (found,) = partner_reviews(world, period, partner)
    return found


def partner_reviews(world: World, period: Period, partner: str = "") -> tuple[PartnerReview, ...]:
    """Of every partner of the month, by partner: the night is opened once for all of them."""
    rules = sound_rules(world.settings.rules)
    nights = _nights(world, period)
    last = nights[-1]
    if last.business_date < period.start:
        raise RefusedError(f"STD001 no night of {period} has measured; `recoup runs` lists those that have")
    with world.store.read() as connection:
        by_month = {Period.of(each.business_date): read_scores(connection, each.run) for each in nights}
        results = read_kpis(connection, last.run, grains=(Grain.PARTNER,))
        history = read_standings(connection)
        standings = standings_on(connection, period.end)
        opened = frozenset(each.action_id for each in read_actions(connection, source=SOURCE))
    with measured_night(world, last.business_date) as night:
        partners = partners_of(night.duck, period, last.business_date)
        refuse_unknown(partner, partners, f"in {period}")
        wanted = [each for each in partners if partner in {"", each.partner_id}]
        facts = _Facts(night.rules, partners, results, by_month, tuple(_leagues(night, rules, period)))
        placed = {
            each.partner_id: placements_in(night.duck, last.business_date, rules.contracts, standings, each.partner_id)
            for each in wanted
        }
    trials = tuple(_trials(world, rules, wanted, last))
    promised = facts_of(world, rules, last, results)
    return tuple(
        PartnerReview(
            each,
            period,
            last.business_date,
            last.run,
            tuple(_scores(facts, each, period)),
            tuple(_league_of(found, each.partner_id) for found in facts.leagues if _is_in(found, each.partner_id)),
            tuple(trial for name, trial in trials if name == each.partner_id),
            state_of(standings, each.partner_id),
            next((one.since for one in standings if one.partner == each.partner_id), None),
            tuple(one for one in history if one.review.partner == each.partner_id),
            kept_by(promised, each, opened),
            placed[each.partner_id],
        )
        for each in wanted
    )


def _nights(world: World, period: Period) -> tuple[EarlierNight, ...]:
    first = period
    for _ in range(MONTHS - 1):
        first = first.previous()
    with world.store.read() as connection:
        found = last_night_of_each_month(connection, first.start, period.last_day)
    if not found:
        raise RefusedError(f"STD001 no night of {period} has measured; `recoup runs` lists those that have")
    return found


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is the same for all partners; `scores` by month."""

    rules: KpiRules
    partners: tuple[Partner, ...]
    results: tuple[KpiResult, ...]
    scores: Mapping[Period, tuple[Score, ...]]
    leagues: tuple[FoundLeague, ...]


def _scores(facts: _Facts, partner: Partner, period: Period) -> Iterator[ReviewedScore]:
    cards = {placed.rule.id: placed for placed in facts.rules.scorecards if placed.rule.scores}
    figures = {figure.id: figure for figure in facts.rules.figures}
    mine = {each.kpi: each for each in facts.results if each.entity == partner.partner_id and not each.currency}
    for score in facts.scores[period]:
        if score.grain is not Grain.PARTNER or score.entity != partner.partner_id or score.scorecard not in cards:
            continue
        card = cards[score.scorecard]
        yield ReviewedScore(
            score.scorecard,
            card.rule.title,
            score.state,
            score.score,
            _group(card, partner),
            tuple(_part(part, figures.get(part.kpi), mine.get(part.kpi)) for part in score.parts),
            tuple(_peers(facts, card, partner, period)),
            tuple(_earlier(facts, score, period)),
            {str(language): title for language, title in card.rule.titles.items()},
        )


def _group(card: Placed[Scorecard], partner: Partner) -> str:
    return peer_group(card.rule.scores, partner) if card.rule.scores else ""


def _peers(facts: _Facts, card: Placed[Scorecard], partner: Partner, period: Period) -> Iterator[PeerScore]:
    """Everybody of the group, the partner too; who has no score comes last."""
    group = {each.partner_id for each in facts.partners if _group(card, each) == _group(card, partner)}
    found = {
        each.entity: each.score
        for each in facts.scores[period]
        if each.scorecard == card.rule.id and each.grain is Grain.PARTNER and each.entity in group
    }
    ordered = sorted(found, key=lambda name: (found[name] is None, -(found[name] or Decimal(0)), name))
    best = max((score for score in found.values() if score is not None), default=None)
    for name in ordered:
        yield PeerScore(name, found[name], is_tied_with_best=found[name] is not None and found[name] == best)


def _earlier(facts: _Facts, score: Score, period: Period) -> Iterator[tuple[str, Decimal | None]]:
    for month in sorted(facts.scores):
        if month < period:
            for each in facts.scores[month]:
                if (each.scorecard, each.grain, each.entity) == (score.scorecard, score.grain, score.entity):
                    yield str(month), each.score


def _part(part: ScorePart, figure: Figure | None, result: KpiResult | None) -> ReviewedPart:
    interval = share_of_counts(result) if result and not part.is_gate else None
    return ReviewedPart(
        part.kpi,
        figure.title if figure else part.kpi,
        part.value,
        result.numerator if result else None,
        result.denominator if result else None,
        interval[0] if interval else None,
        interval[1] if interval else None,
        part.target,
        part.attainment,
        part.points,
        part.weight,
        part.contribution,
        part.note,
        is_share=bool(figure and is_share(figure)),
        is_gate=part.is_gate,
        lower_is_better=bool(figure and figure.rule.good == "lower"),
    )


def _leagues(night: MeasuredNight, rules: RuleSet, period: Period) -> Iterator[FoundLeague]:
    """Those that the standings of the month read, each once."""
    asked = [
        (each.league, each.alike_in, each.currency)
        for placed in rules.standings.on(period.last_day)
        for each in conditions_of(placed.rule)
        if isinstance(each, LeagueCondition)
    ]
    for kpi, strata, currency in dict.fromkeys(asked):
        yield from leagues_in(night, kpi, strata, currency)


def _is_in(found: FoundLeague, partner: str) -> bool:
    return any(each.entity == partner for each in found.league.standings)


def _league_of(found: FoundLeague, partner: str) -> ReviewedLeague:
    mine = next(each for each in found.league.standings if each.entity == partner)
    return ReviewedLeague(
        found.kpi,
        found.title,
        found.currency,
        found.strata,
        mine.cases,
        mine.raw,
        mine.raw_rank,
        mine.standardised,
        mine.rank,
        len(found.league.standings),
        mine.ratio,
        mine.low,
        mine.high,
        mine.verdict.value,
    )


def _trials(
    world: World, rules: RuleSet, partners: Iterable[Partner], night: EarlierNight
) -> Iterator[tuple[str, ReviewedTrial]]:
    """The arms of experiments that go to one of the partners, as far as anybody was drawn by the night."""
    for each in rules.experiments.experiments:
        arms = {arm.id: arm.partners for arm in each.rule.arms if arm.partners}
        mine = [(one.partner_id, arm) for one in partners for arm, names in arms.items() if one.partner_id in names]
        if mine and each.rule.valid_from <= night.business_date and _has_drawn(world, each, night):
            found = experiment_as_of(world, each.rule.id, night.business_date).results
            for partner, arm in mine:
                for result in found.arms:
                    if result.arm == arm:
                        yield partner, ReviewedTrial(
                            each.rule.id, each.rule.title, result.title, result.currency, result.rate,
                            result.difference, result.difference_low, result.difference_high, result.verdict.value,
                        )  # fmt: skip


def _has_drawn(world: World, experiment: Experiment, night: EarlierNight) -> bool:
    """An experiment that has drawn nobody has no results yet, and is no trial to show."""
    try:
        experiment_as_of(world, experiment.rule.id, night.business_date)
    except RefusedError as refused:
        if "ARM021" in str(refused):
            return False
        raise
    return True
