"""What the daily report shows, from what a night has stored, and from its postings and calendar."""

from __future__ import annotations

from adapters.world import World
from domain.manifest import Manifest
from domain.periods import Period
from domain.records import KpiResult, Score
from kpi_rules.progress import share_passed
from kpi_rules.rulebook import KpiRules
from reports.daily import BUCKET_ACCOUNTS, BUCKET_BALANCE, KPIS, DailyFacts
from reports.languages import Language
from tasks.stages.about import about_night, postings_of
from tasks.stages.gaps import gaps_of
from tasks.stages.gate import accepted_inputs, halted_tables
from tasks.stages.night import Night
from tasks.stages.people import calendar_of
from tasks.stages.session import session_of_tables


def daily_facts(
    world: World,
    night: Night,
    manifest: Manifest,
    rules: KpiRules,
    kpis: tuple[KpiResult, ...],
    scores: tuple[Score, ...],
    language: Language,
) -> DailyFacts:
    """The facts of a measured night; `rules` are those in force on its date. Titles are in the language."""
    day, halted = night.business_date, halted_tables(world, night)
    with session_of_tables(world, manifest, accepted_inputs(world, night), ("staff_postings", "calendar")) as duck:
        postings, calendar = postings_of(duck, day, halted), calendar_of(duck, world.settings.jurisdiction, halted)
    days = [each for each in calendar or () if each in Period.of(day)]
    gaps = tuple(gaps_of(scores, kpis, rules, share_passed(calendar, day)))
    defines = [*KPIS, *(gap.kpi for gap in gaps), f"{BUCKET_ACCOUNTS}_0", f"{BUCKET_BALANCE}_0"]
    return DailyFacts(
        about=about_night(world, night, rules, language, postings=postings, defines=defines),
        kpis=kpis,
        gaps=gaps,
        working_days_passed=sum(each <= day for each in days),
        working_days=len(days),
    )
