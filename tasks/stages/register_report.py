"""The register of actions as page and workbook: of everything, or of one team or department."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from adapters.store.actions import read_actions
from adapters.store.nights import newest_gated_night
from adapters.world import World
from domain.actions import Action
from reports.languages import Language
from reports.register import RegisterFacts, register_report
from reports.scopes import Scope
from reports.views import About
from tasks.stages.about import OWNER, postings_of
from tasks.stages.calendars import newest_session
from tasks.stages.files_of_reports import write_report_files
from tasks.stages.labels import book_label, titles_of_departments
from tasks.stages.reporting import refuse_unknown
from tasks.stages.rules import sound_rules


def register_files(
    world: World, day: date, language: Language, folder: Path | None, scope: Scope | None = None
) -> tuple[Path, ...]:
    """Raises: RefusedError of an unknown team or department (REP002)."""
    facts = register_facts(world, day, language)
    if scope is not None:
        refuse_unknown(scope, facts.about.postings)
    place = folder or world.settings.home / "reports" / "actions" / day.isoformat()
    stem = scope.name if scope else "actions"
    kinds = write_report_files(world, register_report(facts, language, scope or Scope()), language, place, stem)
    return tuple(place / f"{stem}.{kind}" for kind, _ in kinds)


def register_facts(world: World, day: date, language: Language) -> RegisterFacts:
    """What the register said by the end of the day: what was opened and decided later is left out."""
    with world.store.read() as connection:
        actions = tuple(_by_then(each, day) for each in read_actions(connection) if each.opened.opened_on <= day)
        run = newest_gated_night(connection, day)
    with newest_session(world, ("staff_postings",), day) as duck:
        postings = postings_of(duck, day, frozenset())
    rules = sound_rules(world.settings.rules).kpis.on(day)
    about = About(
        business_date=day,
        runs=(run,) if run else (),
        labels={},
        titles=titles_of_departments(rules, language),
        buckets=(),
        postings=postings,
        owner=OWNER,
        book_label=book_label(world),
    )
    return RegisterFacts(about, actions)


def _by_then(action: Action, day: date) -> Action:
    return replace(action, decisions=tuple(each for each in action.decisions if each.decided_on <= day))
