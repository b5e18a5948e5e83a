"""Statements: for everybody in a published batch a page and a PDF, written from the ledger after the commit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.seam import WrittenFile, sha256_of
from adapters.store.batches import decisions_on
from adapters.store.ledger import read_entries
from adapters.store.results import read_held, read_scores
from adapters.store.runs import RunFile, files_of_run, register_alike
from adapters.world import World
from domain.ids import Digest, RunId
from domain.money import from_minor
from domain.periods import Period
from domain.records import Grain, PayoutLine, Score
from incentives.batches import BatchPhase, DecisionKind
from incentives.ledger import BatchKind
from incentives.next_step import NextStep, Outlook, outlook
from reports.languages import Language
from reports.pay_changes import changes_between
from reports.statement import HeldLine, Next, Statement, StatementEntry, StatementLine
from reports.statement_files import missing_fonts, statement_files
from tasks.stages.labels import (
    book_label,
    references_in_percent,
    titles_of_components,
    titles_of_departments,
    titles_of_references,
)
from tasks.stages.manifests import manifest_of
from tasks.stages.month_before import lines_of_the_month_before
from tasks.stages.month_end import Frozen, read_frozen
from tasks.stages.rules import RuleSet, sound_rules
from tasks.stages.rules_as_signed import SignedRule, signed_rules


def write_statements(world: World, batch: str, language: Language | None = None) -> tuple[Path, ...]:
    """The statements of the batch whose id starts with `batch`, in the house's language or another; their paths.

    What was written before stays as it is; a file that is gone is written again, the same. Raises: RefusedError if the
    batch is not published, or a font is missing, or a file would come out different from what was registered.
    """
    language = language or Language(world.settings.language)
    with world.store.read() as connection:
        frozen = read_frozen(connection, batch)
        if frozen.state.phase is not BatchPhase.PUBLISHED:
            text = f"is {frozen.state.phase}: statements are written from the ledger. Publish it first"
            raise RefusedError(f"batch {frozen.batch.batch_id} STM002 {text}")
        known = files_of_run(connection, frozen.run)
        facts = _facts(world, connection, frozen, language)
    files = {name: _place(frozen, name) for payee in facts.payees for name in _names(payee, language)}
    missing = [
        name for name, place in files.items() if not _is_there(world, known.get(_registered_as(frozen, name)), place)
    ]
    if missing:
        _refuse_boxes(language)
        _write(world, frozen, facts, language, missing, known)
    return tuple(world.settings.home / place for place in files.values())


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the statements of one batch are made from."""

    frozen: Frozen
    entries: Mapping[str, tuple[StatementEntry, ...]]
    before: Mapping[tuple[str, str, str], PayoutLine]
    rules: Mapping[Digest, SignedRule]
    scores: Mapping[tuple[str, str], Score]
    held: Mapping[str, tuple[HeldLine, ...]]
    titles: Mapping[str, str]
    components: Mapping[str, str]
    department: str
    language: Language
    shares: frozenset[str]
    head: Digest
    head_sequence: int
    dispute_until: date
    book_label: str

    @property
    def payees(self) -> tuple[str, ...]:
        paid = {line.payee for line in self.frozen.lines}
        return tuple(sorted(paid | self.entries.keys() | self.held.keys()))


def _facts(world: World, connection: sa.Connection, frozen: Frozen, language: Language) -> _Facts:
    batch = frozen.batch
    entries = read_entries(connection, [batch.batch_id])
    source = manifest_of(connection, frozen.run).source
    book = sound_rules(world.settings.rules)
    rules, terms = book.kpis.on(batch.period.last_day), book.approvals.terms_on(batch.kind, batch.period.last_day)
    dispute_days = terms.rule.dispute_days if terms else 0
    before = lines_of_the_month_before(connection, batch.period, batch.kind, batch.scope)
    known = signed_rules(connection, {line.rule for line in frozen.lines})
    return _Facts(
        frozen,
        _by_payee(entries),
        {(line.payee, line.component, line.currency): line for line in before},
        known,
        {(each.entity, each.scorecard): each for each in _scores(connection, source)},
        _held(connection, frozen),
        titles_of_references(rules, language),
        _components(book, known, batch.period, language),
        titles_of_departments(rules, language).get(batch.scope, ""),
        language,
        references_in_percent(rules),
        Digest(entries[-1].entry_hash) if entries else Digest(""),
        entries[-1].sequence if entries else 0,
        _published_on(world, connection, frozen) + timedelta(days=dispute_days),
        book_label(world),
    )


def _components(
    book: RuleSet, known: Mapping[Digest, SignedRule], period: Period, language: Language
) -> dict[str, str]:
    """By the policies of the month, and before them by those that paid."""
    today = (ready.policy for ready in book.policies.during(period).policies)
    paid = (rule.policy.policy for rule in known.values() if rule.policy)
    return titles_of_components(today, language) | titles_of_components(paid, language)


def _by_payee(entries: Iterable[sa.Row[tuple[object, ...]]]) -> dict[str, tuple[StatementEntry, ...]]:
    found: dict[str, tuple[StatementEntry, ...]] = {}
    for row in entries:
        entry = StatementEntry(
            row.sequence,
            row.component,
            row.origin_period,
            row.posting_period,
            row.entry_type,
            from_minor(row.amount_minor, row.currency),
            row.currency,
        )
        found[row.payee] = (*found.get(row.payee, ()), entry)
    return found


def _scores(connection: sa.Connection, source: RunId | None) -> Iterator[Score]:
    if source is not None:
        yield from (score for score in read_scores(connection, source) if score.grain is Grain.EMPLOYEE)


def _held(connection: sa.Connection, frozen: Frozen) -> dict[str, tuple[HeldLine, ...]]:
    """Who is held for something that this batch would pay, and why."""
    found: dict[str, tuple[HeldLine, ...]] = {}
    if frozen.batch.kind is BatchKind.BONUS:
        for payee, component, reason in read_held(connection, frozen.run, frozen.batch.kind.value):
            if component.rpartition(":")[2] == frozen.batch.scope:
                code, _, text = reason.partition(": ")
                found[payee] = (*found.get(payee, ()), HeldLine(component, code, text))
    return found


def _published_on(world: World, connection: sa.Connection, frozen: Frozen) -> date:
    """The day on which the batch was published: from it the time for disputes counts. Batches from before decisions
    named their day have the local day on which the decision was recorded."""
    named = [each.on for each in frozen.decisions if each.kind is DecisionKind.PUBLISHED and each.on]
    if named:
        return named[-1]
    rows = decisions_on(connection, frozen.batch.batch_id)
    recorded = [row.recorded_at for row in rows if row.decision == DecisionKind.PUBLISHED.value]
    day: date = recorded[-1].astimezone(ZoneInfo(world.settings.time_zone)).date()
    return day


def _statement(facts: _Facts, payee: str) -> Statement:
    batch = facts.frozen.batch
    return Statement(
        payee=payee,
        kind=batch.kind.value,
        scope=batch.scope,
        period=batch.period,
        batch=batch.batch_id,
        lines=tuple(_line(facts, line) for line in facts.frozen.lines if line.payee == payee),
        entries=facts.entries.get(payee, ()),
        held=facts.held.get(payee, ()),
        head=facts.head,
        head_sequence=facts.head_sequence,
        dispute_until=facts.dispute_until,
        titles=facts.titles,
        components=facts.components,
        department=facts.department,
        shares=facts.shares,
        book_label=facts.book_label,
    )


def _line(facts: _Facts, line: PayoutLine) -> StatementLine:
    before = facts.before.get((line.payee, line.component, line.currency))
    rule = facts.rules.get(line.rule, SignedRule("", None))
    ahead = outlook(rule.policy, line) if rule.policy else Outlook()
    return StatementLine(
        line,
        rule.title_in(facts.language.value) or line.component,
        rule.policy.units if rule.policy else {},
        before,
        changes_between(before, line) if before else (),
        tuple(_scores_of(facts, line)),
        tuple(map(next_of, ahead.steps)),
        rule.names_in(facts.language.value),
        ahead.unsaid.value if ahead.unsaid else "",
    )


def next_of(each: NextStep) -> Next:
    """The same as statements and projections show it."""
    moved = (each.moved.name, each.moved.at, each.moved.to) if each.moved else None
    return Next(each.step, each.basis, each.at, each.start, each.gain, each.reach.value, moved)


def _scores_of(facts: _Facts, line: PayoutLine) -> Iterator[Score]:
    """The scorecards of the payee that the line read."""
    for step in line.steps:
        for reference, _ in step.inputs if step.kind == "input" else ():
            kind, _, name = reference.partition(":")
            score = facts.scores.get((line.payee, name)) if kind == "scorecard" else None
            if score is not None:
                yield score


def _names(payee: str, language: Language) -> tuple[str, str]:
    return f"{payee}.{language.value}.html", f"{payee}.{language.value}.pdf"


def _place(frozen: Frozen, name: str) -> str:
    """Below the home folder: a folder for each batch."""
    return f"reports/{frozen.batch.period}/statements/{frozen.batch.batch_id}/{name}"


def _registered_as(frozen: Frozen, name: str) -> str:
    return f"statements/{frozen.batch.batch_id}/{name}"


def _is_there(world: World, known: RunFile | None, place: str) -> bool:
    path = world.settings.home / place
    return known is not None and path.exists() and sha256_of(path) == known.sha256


def _refuse_boxes(language: Language) -> None:
    issues = missing_fonts(language)
    if issues:
        raise RefusedError("\n".join(map(str, issues)))


def _write(
    world: World,
    frozen: Frozen,
    facts: _Facts,
    language: Language,
    missing: Iterable[str],
    known: Mapping[str, RunFile],
) -> None:
    """Files first, then one transaction that registers them."""
    wanted = frozenset(missing)
    payees = [payee for payee in facts.payees if wanted & {*_names(payee, language)}]
    fresh = []
    for payee, made in zip(
        payees, statement_files((_statement(facts, payee) for payee in payees), language), strict=True
    ):
        page, pdf = _names(payee, language)
        fresh.append((page, _written(world, frozen, page, made.page.encode("utf-8"), known)))
        fresh.append((pdf, _written(world, frozen, pdf, made.pdf, known)))
    rows = [RunFile(_registered_as(frozen, name), _place(frozen, name), file.sha256, 0) for name, file in fresh]
    register_alike(world.store, frozen.run, rows, "statements_registered")


def _written(world: World, frozen: Frozen, name: str, content: bytes, known: Mapping[str, RunFile]) -> WrittenFile:
    registered = known.get(_registered_as(frozen, name))
    if registered is not None and registered.sha256 != hashlib.sha256(content).hexdigest():
        text = "would come out different from what was registered: rules, titles or this program changed since"
        raise RefusedError(f"{_place(frozen, name)} STM003 {text}. Restore the file from the backup")
    path = world.settings.home / _place(frozen, name)
    return world.seam.write_file(path, lambda part: _fill(part, content), point="statement")


def _fill(part: Path, content: bytes) -> None:
    part.write_bytes(content)
