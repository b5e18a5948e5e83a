"""Choosing new partners: the application sheet judged by a signed rule, and the trial that is to show who recovers."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

from adapters.errors import RefusedError
from adapters.received import received_bytes
from adapters.rule_files import read_document
from adapters.store.signatures import with_signatures
from adapters.world import World, business_today
from allocation.trials import Trial, TrialPlan, debtors_needed, power_of, trial_in_yaml
from domain.documents import Document
from domain.expressions.parse import suggestion
from domain.issues import Issue, Location
from domain.rules import Placed
from incentives.contract_checks import permitted
from kpi_rules.selection import Applicant, Judged, answer_faults, judged, sheet_faults
from kpi_rules.standing_language import SelectionRule
from tasks.stages.rules import sound_rules


@dataclass(frozen=True, slots=True)
class Selection:
    """By which rule, on which day, with whom the law lets collect there."""

    rule: str
    on: date
    jurisdiction: str
    permitted: tuple[str, ...]
    ranking: tuple[Judged, ...]


@dataclass(frozen=True, slots=True)
class PlannedTrial:
    """`debtors` in each arm; `power_with` says, for fewer, the chance of finding the difference: estimates as text."""

    debtors: int
    worth_knowing: str
    power_with: tuple[tuple[int, str], ...]
    lines: tuple[str, ...]


def select_partners(world: World, sheet: Path, name: str) -> Selection:
    """Everybody on the sheet, judged by the selection rule in force today.

    Raises: RefusedError with everything that is wrong with the sheet (SEL001 to SEL006), or an unsigned rule (SIG002).
    """
    today = business_today(world)
    placed = _rule(world, name, today)
    applicants = _applicants(sheet, placed.rule)
    faults = tuple(answer_faults(placed.rule, applicants))
    if faults:
        raise RefusedError("\n".join(map(str, faults)))
    law = [each.rule for each in sound_rules(world.settings.rules).contracts.permissions]
    may = tuple(permitted(law, placed.rule.jurisdiction, today))
    return Selection(name, today, placed.rule.jurisdiction, may, judged(placed.rule, applicants, may))


def plan_trial(world: World, name: str, partner: str, first: date) -> PlannedTrial:
    """How many debtors the trial takes, what fewer would tell, and its rule file. Raises: RefusedError (SEL006)."""
    rule = _rule(world, name, business_today(world)).rule
    terms = rule.trial
    if terms is None:
        raise RefusedError(f'SEL006 selection "{name}" does not say how partners are tried. Add trial to it')
    asked = Trial(terms.usual_rate, terms.worth_knowing, terms.power, terms.scatter)
    needed = debtors_needed(asked)
    few = tuple((n, f"{power_of(asked, n):.0%}") for n in (needed // 4, needed // 2, needed) if n > 1)
    plan = TrialPlan(
        f"trial_{partner.lower()}", f"Trial of {partner} beside {terms.champion}", rule.owner, partner, terms.champion,
        terms.segments, terms.measure, terms.days, terms.capacity_share, first,
    )  # fmt: skip
    return PlannedTrial(needed, str(terms.worth_knowing), few, tuple(trial_in_yaml(plan, needed)))


def _rule(world: World, name: str, day: date) -> Placed[SelectionRule]:
    book = sound_rules(world.settings.rules).standings
    placed = book.selection_on(day, name)
    if placed is None:
        known = sorted({each.rule.id for each in book.selections})
        raise RefusedError(f'SEL005 no selection "{name}" is in force on {day}. {suggestion(name, known)}')
    with world.store.read() as connection:
        (version,) = with_signatures(connection, [placed.version])
    if not version.signer:
        raise RefusedError(f"SIG002 selection {name} is not signed: `recoup request`, then `recoup sign`")
    return placed


def _applicants(sheet: Path, rule: SelectionRule) -> tuple[Applicant, ...]:
    rows = _yaml_rows(sheet) if sheet.suffix.lower() in {".yaml", ".yml"} else _csv_rows(sheet)
    if not rows:
        raise RefusedError(
            str(Issue("SEL006", Location(sheet.name), "nobody applies: the sheet has no row", "Add one"))
        )
    faults = {issue for row, place in rows for issue in sheet_faults(rule, list(row), _whole(place))}
    if faults:
        raise RefusedError("\n".join(str(each) for each in sorted(faults, key=lambda each: (each.code, each.message))))
    return tuple(
        Applicant(row["applicant"], row["legal_type"], {each.id: row[each.id] for each in rule.criteria}, place)
        for row, place in rows
    )


def _whole(place: Location) -> Location:
    """Of a column that is missing everywhere: the file."""
    return Location(place.path)


def _csv_rows(sheet: Path) -> list[tuple[dict[str, str], Location]]:
    try:
        text = received_bytes(sheet, "SEL006").decode("utf-8-sig")
        lines = list(csv.reader(StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        text = f"it cannot be read as CSV: {error}"
        raise RefusedError(str(Issue("SEL006", Location(sheet.name), text, "Save it as CSV in UTF-8"))) from None
    header = [each.strip() for each in lines[0]] if lines else []
    found = []
    for number, row in enumerate(lines[1:], start=2):
        if any(cell.strip() for cell in row):
            cells = [*(cell.strip() for cell in row), *[""] * (len(header) - len(row))]
            found.append((dict(zip(header, cells, strict=False)), Location(sheet.name, number)))
    return found


def _yaml_rows(sheet: Path) -> list[tuple[dict[str, str], Location]]:
    document, issues = read_document(sheet)
    if document is None:
        raise RefusedError("\n".join(map(str, issues)))
    return [(_texts(row), document.place(("applicants", index))) for index, row in enumerate(_listed(document))]


def _listed(document: Document) -> list[Any]:
    listed = document.data.get("applicants") if isinstance(document.data, dict) else None
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        issue = Issue(
            "SEL006", document.place(()), "no list `applicants` of mappings", "Begin each applicant with a dash"
        )
        raise RefusedError(str(issue))
    return listed


def _texts(row: dict[str, Any]) -> dict[str, str]:
    return {str(key): "" if value is None else str(value) for key, value in row.items()}
