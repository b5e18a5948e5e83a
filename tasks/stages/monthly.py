"""What the monthly report shows: departments, rolls and vintages of the month's last night, and a fair league."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal

from adapters.duck import Duck, duck_columns
from adapters.store.runs import files_of_run
from adapters.world import World, registered_file
from domain.league import DIGITS, Place, Share, places
from domain.money import CONTEXT, Rounding, round_to
from domain.periods import Period
from domain.records import Grain, KpiResult, Score
from kpi_rules.buckets import BUCKETS
from kpi_rules.month_tables import ROLL_READS, VINTAGE_READS, roll_statement, vintage_statement
from kpi_rules.progress import WHOLE
from kpi_rules.rulebook import KpiRules
from kpi_rules.views import CREDITS
from reports.formats import Formats
from reports.languages import Language, words_of
from reports.monthly import IN_VINTAGES, ROLLED_ON, MonthlyFacts, Rolled, Scores, Standing, Vintage
from reports.partner_league import PartnerLeague
from reports.scopes import Posting
from tasks.stages.about import about_night, postings_of
from tasks.stages.gaps import gaps_of
from tasks.stages.gate import accepted_inputs, halted_tables
from tasks.stages.labels import title_of
from tasks.stages.league import Asked
from tasks.stages.manifests import manifest_of
from tasks.stages.measured import measured_night
from tasks.stages.night import Night
from tasks.stages.session import session_of_night
from tasks.stages.standing_leagues import leagues_in

CURED, CURE_RATE = "cure_rate_overdue", "cure_rate"
OF_PARTNERS, LEAGUE_READS = "recovery_rate", frozenset({"accounts", "payments"})
ROLL_RATE, OWNED = "roll_rate_by_cohort_accounts", "accounts_owned"
_OVERDUE = range(1, len(BUCKETS))

_Found = Mapping[tuple[str, Grain, str], KpiResult]


def monthly_facts(
    world: World,
    night: Night,
    rules: KpiRules,
    kpis: tuple[KpiResult, ...],
    scores: tuple[Score, ...],
    language: Language,
) -> MonthlyFacts:
    """The facts of a measured night, month to date: the month's, if it is the last night of the month."""
    day, halted = night.business_date, halted_tables(world, night)
    with world.store.read() as connection:
        manifest = manifest_of(connection, night.run)
    with session_of_night(world, manifest, accepted_inputs(world, night)) as duck:
        _credits(world, night, duck)
        rolled = () if halted & ROLL_READS else _rolled(duck, Period.of(day))
        vintages = () if halted & VINTAGE_READS else _vintages(duck, Period.of(day))
        postings = postings_of(duck, day, halted)
    figures = {figure.id: figure for figure in rules.figures}
    gaps = tuple(gaps_of(scores, kpis, rules, WHOLE))
    defines = [*(gap.kpi for gap in gaps), CURED]
    return MonthlyFacts(
        about=about_night(world, night, rules, language, postings=postings, defines=defines),
        month=Formats(language).period(Period.of(day)),
        kpis=kpis,
        scores=tuple(_scores(scores, rules)),
        gaps=gaps,
        weights={
            (placed.rule.department, part.kpi): part.weight for placed in rules.scorecards for part in placed.rule.parts
        },
        rolled=rolled,
        vintages=vintages,
        league=tuple(_league(kpis, postings)),
        league_title=title_of(figures[CURED], language) if CURED in figures else "",
        tie_outs=tuple(_tie_outs(kpis, rolled, vintages, language)),
        partners=tuple(_partners(world, day, halted)),
    )


def _partners(world: World, day: date, halted: frozenset[str]) -> Iterator[PartnerLeague]:
    """Like for like in bucket and product, as `recoup league` has it; none where a table that it reads is halted."""
    with measured_night(world, day) as found:
        known = {figure.id for figure in found.rules.figures}
        if halted & LEAGUE_READS or OF_PARTNERS not in known:
            return
        for each in leagues_in(found, OF_PARTNERS, Asked(OF_PARTNERS).strata):
            league = each.league
            yield PartnerLeague(each.kpi, each.title, each.currency, each.strata, league.rate, league.standings)


def _credits(world: World, night: Night, duck: Duck) -> None:
    """The credits that the night has stored, as a view of the session."""
    with world.store.read() as connection:
        file = files_of_run(connection, night.run).get(CREDITS.name)
    paths = [registered_file(world, file.path, file.sha256)] if file else []
    duck.create_view(CREDITS.name, paths, duck_columns(CREDITS))


def _rolled(duck: Duck, period: Period) -> tuple[Rolled, ...]:
    rows = duck.read(roll_statement(start=period.start, as_of=period.last_day))
    return tuple(
        Rolled(row["from_bucket"], row["to_bucket"], row["currency"], row["accounts"], row["balance"]) for row in rows
    )


def _vintages(duck: Duck, period: Period) -> tuple[Vintage, ...]:
    rows = duck.read(vintage_statement(start=period.start, as_of=period.last_day))
    return tuple(
        Vintage(
            f"{row['year']:04d}-{row['month']:02d}",
            row["currency"],
            12 * (period.year - row["year"]) + period.month - row["month"],
            row["accounts"],
            row["past_due"],
            row["over_30"],
            row["over_90"],
            row["balance"],
            row["overdue_at_opening"] or Decimal(0),
            row["recovered"] or Decimal(0),
        )
        for row in rows
    )


def _scores(scores: Iterable[Score], rules: KpiRules) -> Iterator[Scores]:
    cards = {placed.rule.id: placed.rule.department for placed in rules.scorecards}
    found: dict[str, list[Decimal | None]] = defaultdict(list)
    for score in scores:
        if score.grain is Grain.EMPLOYEE:
            found[cards[score.scorecard]].append(score.score)
    for department, every in sorted(found.items()):
        known = sorted(each for each in every if each is not None)
        low, middle, high = (known[0], known[(len(known) - 1) // 2], known[-1]) if known else (None, None, None)
        yield Scores(department, len(known), len(every) - len(known), low, middle, high)


def _league(kpis: Iterable[KpiResult], postings: Iterable[Posting]) -> Iterator[Standing]:
    """Teams beside all teams, and people beside those of their department, by what they cured of what was overdue."""
    found = {(each.kpi, each.grain, each.entity): each for each in kpis if each.kpi.startswith(CURE_RATE)}
    everybody = {each.employee: each for each in postings}
    teams = {each.team: each.department for each in everybody.values()}
    for place in places(_shares(found, Grain.TEAM, teams)):
        team = place.share.entity
        yield _standing(Grain.TEAM, place, teams[team], team)
    for department in sorted(set(teams.values())):
        names = [name for name, each in everybody.items() if each.department == department]
        for place in places(_shares(found, Grain.EMPLOYEE, names)):
            yield _standing(Grain.EMPLOYEE, place, department, everybody[place.share.entity].team)


def _shares(found: _Found, grain: Grain, entities: Iterable[str]) -> Iterator[Share]:
    """What is expected: each bucket's share in the whole book, for the accounts that the entity had in the bucket."""
    rates = {bucket: _rate(found.get((f"{CURE_RATE}_{bucket}", Grain.PORTFOLIO, "portfolio"))) for bucket in _OVERDUE}
    for entity in sorted(entities):
        cured, of = _counted(found.get((CURED, grain, entity)))
        if of:
            had = {bucket: _counted(found.get((f"{CURE_RATE}_{bucket}", grain, entity)))[1] for bucket in _OVERDUE}
            expected = sum((rates[bucket] * had[bucket] for bucket in _OVERDUE), Decimal(0))
            yield Share(entity, cured, of, CONTEXT.divide(expected, Decimal(of)) or None)


def _counted(result: KpiResult | None) -> tuple[int, int]:
    if result is None or result.numerator is None or result.denominator is None:
        return 0, 0
    return int(result.numerator), int(result.denominator)


def _rate(result: KpiResult | None) -> Decimal:
    successes, cases = _counted(result)
    return CONTEXT.divide(Decimal(successes), Decimal(cases)) if cases else Decimal(0)


def _standing(grain: Grain, place: Place, department: str, team: str) -> Standing:
    share = place.share
    low, high = share.interval
    return Standing(
        grain,
        share.entity,
        department,
        team,
        _rounded(share.actual),
        None if share.expected is None else _rounded(share.expected),
        _rounded(low),
        _rounded(high),
        share.cases,
        place.best,
        place.worst,
        share.is_few,
    )


def _rounded(share: Decimal) -> Decimal:
    return round_to(share, DIGITS, Rounding.HALF_EVEN)


def _tie_outs(
    kpis: Iterable[KpiResult], rolled: Iterable[Rolled], vintages: Iterable[Vintage], language: Language
) -> Iterator[tuple[str, Decimal, Decimal]]:
    """The tables of the report beside the KPIs that count the same accounts."""
    gettext = words_of(language).gettext
    book = {each.kpi: each for each in kpis if each.grain is Grain.PORTFOLIO}
    counted = [book[name] for bucket in range(len(BUCKETS)) if (name := f"{ROLL_RATE}_{bucket}") in book]
    one_on = sum(each.accounts for each in rolled if each.to_bucket == each.from_bucket + 1)
    if counted and all(each.numerator is not None for each in counted):
        stored = sum((each.numerator or Decimal(0) for each in counted), Decimal(0))
        yield gettext(ROLLED_ON), Decimal(one_on), stored
    owned = book.get(OWNED)
    if owned is not None and owned.value is not None:
        yield gettext(IN_VINTAGES), Decimal(sum(each.accounts for each in vintages)), owned.value
