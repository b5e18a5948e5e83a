"""Feedback to the bank's units: the report of each, the file that it answers in, and its answers taken in."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path

import sqlalchemy as sa

from adapters.duck import Duck
from adapters.errors import RefusedError
from adapters.received import received_bytes
from adapters.store.actions import read_actions
from adapters.store.nights import newest_gated_night
from adapters.world import World
from domain.actions import Action, ActionDecision, ActionDecisionKind, ActionState, RegisterKind
from domain.exact import count_rows, exact, total
from domain.expressions.parse import suggestion
from domain.ids import AttemptId
from domain.issues import Issue, Location
from domain.sql import TABLES
from reports.csv_files import csv_text
from reports.languages import Language
from reports.originators import FaultTitle, OriginatorFacts, UnitBook, originators_report
from reports.views import About
from tasks.stages.about import OWNER
from tasks.stages.actions import decide_actions, terms_of
from tasks.stages.calendars import newest_session
from tasks.stages.files_of_reports import write_report_files
from tasks.stages.labels import book_label
from tasks.stages.rules import RuleSet, sound_rules

COLUMNS = ("action", "account", "fault", "in_words", "told_on", "answer_by", "answer", "words")
_ANSWERED = ("action", "answer", "words")


def originator_files(
    world: World, day: date, language: Language, folder: Path | None, unit: str = ""
) -> tuple[Path, ...]:
    """The report of all units, or of one: page and workbook, and of one the CSV that it answers in.

    Raises: RefusedError of a unit that has transferred nothing (FBK001).
    """
    facts = originator_facts(world, day, language, unit)
    place = folder or world.settings.home / "reports" / "originators" / day.isoformat()
    stem = "".join(letter if letter.isalnum() else "_" for letter in unit) or "all_units"
    report = originators_report(facts, language)
    paths = [place / f"{stem}.{kind}" for kind, _ in write_report_files(world, report, language, place, stem)]
    if unit:
        text = csv_text(COLUMNS, _to_answer(facts))
        world.seam.write_text(place / f"{stem}.csv", text, point="originator_csv")
        paths.append(place / f"{stem}.csv")
    return tuple(paths)


def _to_answer(facts: OriginatorFacts) -> Iterator[list[str]]:
    for each in facts.feedback:
        if each.opened.unit == facts.unit and each.state is ActionState.OPEN:
            opened = each.opened
            dates = (opened.opened_on.isoformat(), each.deadline.isoformat())
            yield [each.action_id, opened.account, opened.code, opened.about, *dates, "", ""]


def originator_facts(world: World, day: date, language: Language, unit: str = "") -> OriginatorFacts:
    rules = sound_rules(world.settings.rules)
    with world.store.read() as connection:
        actions = read_actions(connection)
        run = newest_gated_night(connection, day)
    feedback = tuple(each for each in actions if each.kind is RegisterKind.FEEDBACK and each.opened.opened_on <= day)
    named = {each.opened.account for each in feedback}
    with newest_session(world, ("accounts",), day) as duck:
        books, balances = tuple(_books(duck)), dict(_balances(duck, named))
    units = {each.unit for each in books}
    if unit and unit not in units:
        raise RefusedError(f'FBK001 no account of the newest extract came from "{unit}". {suggestion(unit, units)}')
    about = About(day, (run,) if run else (), {}, {}, (), (), owner=OWNER, book_label=book_label(world))
    faults, outcomes = _titles(rules, day, language)
    return OriginatorFacts(about, books, feedback, faults, outcomes, balances, unit)


def _titles(rules: RuleSet, day: date, language: Language) -> tuple[dict[str, FaultTitle], dict[str, str]]:
    """How faults and answers are called in the language."""
    known = language.value
    faults = {
        code: FaultTitle(dict(fault.titles).get(known, fault.title), fault.stage)  # type: ignore[call-overload]
        for code, fault in rules.action_terms.faults_on(day).items()
    }
    terms = [each.rule for each in rules.action_terms.on(day) if each.rule.kind is RegisterKind.FEEDBACK]
    outcomes = {
        code: dict(outcome.titles).get(known, outcome.title)  # type: ignore[call-overload]
        for each in terms
        for code, outcome in each.outcomes.items()
    }
    return faults, outcomes


def _books(duck: Duck) -> Iterator[UnitBook]:
    accounts = TABLES["accounts"].c
    keys = (accounts.originator, accounts.currency)
    statement = sa.select(*keys, count_rows().label("accounts"), total(accounts.balance).label("balance"))
    for row in duck.read(exact(statement.group_by(*keys).order_by(*keys))):
        yield UnitBook(row["originator"], row["currency"], row["accounts"], row["balance"] or Decimal(0))


def _balances(duck: Duck, named: set[str]) -> Iterator[tuple[str, tuple[str, Decimal]]]:
    accounts = TABLES["accounts"].c
    statement = sa.select(accounts.account_id, accounts.currency, accounts.balance)
    mine = statement.where(accounts.account_id.in_(sorted(named))).order_by(accounts.account_id)
    for row in duck.read(exact(mine)):
        yield row["account_id"], (row["currency"], row["balance"])


@dataclass(frozen=True, slots=True)
class _Answer:
    line: int
    action: str
    code: str
    words: str


def take_answers(world: World, path: Path, *, by: str, on: date, attempt: AttemptId | None) -> tuple[Action, ...]:
    """Record a unit's answers, all of them or none: each ends the waiting, and closes the feedback as it says.

    What needs approval by the terms waits for it. A line without an answer is left as it is. Raises: RefusedError with
    everything that is wrong, line by line (FBK002 to FBK004, ACT011).
    """
    answers, issues = _read_answers(path)
    rules = sound_rules(world.settings.rules)
    with world.store.read() as connection:
        known = {each.action_id: each for each in read_actions(connection)}
    issues = (
        *issues,
        *(issue for each in answers for issue in _faults(path.name, each, known.get(each.action), rules, on)),
    )
    if issues:
        raise RefusedError("\n".join(map(str, issues)))
    decisions = [
        (each.action, decision) for each in answers for decision in _decisions(known[each.action], each, by, on)
    ]
    return decide_actions(world, decisions, attempt)


def _decisions(action: Action, answer: _Answer, by: str, on: date) -> Iterator[ActionDecision]:
    if action.waits_for is not None:
        yield ActionDecision(ActionDecisionKind.RESUMED, by, on, reason=f"{answer.code}: {answer.words}")
    yield ActionDecision(ActionDecisionKind.CLOSED, by, on, f"{answer.code}: {answer.words}")


def _faults(name: str, answer: _Answer, action: Action | None, rules: RuleSet, on: date) -> Iterator[Issue]:
    place = Location(name, answer.line)
    if action is None or action.kind is not RegisterKind.FEEDBACK:
        yield Issue("FBK003", place, f'"{answer.action}" is no feedback of ours', "Send back the ids as they came")
        return
    if action.state is ActionState.CLOSED or action.proposal:
        yield Issue("FBK004", place, f"{answer.action} is answered already", "Take the line out; or reopen it first")
    placed = terms_of(rules, action.opened, on)
    codes = placed.rule.outcomes if placed else {}
    if answer.code not in codes:
        yield Issue("FBK002", place, f'"{answer.code}" is no answer', suggestion(answer.code, codes))
    if not answer.words:
        yield Issue("FBK002", place, f"{answer.action} is answered without words", "Ask the unit why")


def _read_answers(path: Path) -> tuple[tuple[_Answer, ...], tuple[Issue, ...]]:
    """Lines with an answer; columns that are not the unit's to fill in are not read."""
    text = received_bytes(path, "FBK002").decode("utf-8-sig", errors="replace")
    rows = [(number, row) for number, row in enumerate(csv.reader(StringIO(text)), start=1) if any(row)]
    header: Sequence[str] = [name.strip().lower() for name in rows[0][1]] if rows else ()
    missing = [name for name in _ANSWERED if name not in header]
    if missing:
        told = f"the columns {', '.join(missing)} are missing"
        return (), (Issue("FBK005", Location(path.name, 1), told, f"The first line names {', '.join(COLUMNS)}"),)
    places = [header.index(name) for name in _ANSWERED]
    found = (
        _Answer(number, *(row[place].strip() if place < len(row) else "" for place in places))
        for number, row in rows[1:]
    )
    return tuple(each for each in found if each.code or each.words), ()
