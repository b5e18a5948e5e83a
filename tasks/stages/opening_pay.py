"""The opening import of pay: what policies carry over and what payees owe comes in by a file, is signed by somebody
else, and is posted to the ledger before the first month that Recoup pays.

What came in is frozen as batches of the months before, one for each department, so that it is approved, posted, carried
over, explained and verified like everything else that is paid; they pay nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.rule_sheets import read_sheets
from adapters.seam import sha256_of
from adapters.store.batches import read_batches
from adapters.store.nights import newest_gated_nights
from adapters.store.results import write_payout_lines
from adapters.store.runs import RunFile, StageResult, State, finish_stage, record_run, stage_result
from adapters.store.seals import PAYOUTS, write_seals
from adapters.world import World, business_today, registered_file
from domain.ids import AttemptId, BatchId, Digest, digest_of, short
from domain.issues import Issue
from domain.manifest import Manifest, RunKind, Stage
from domain.money import to_minor
from domain.periods import Period
from domain.records import PayoutLine
from incentives.batches import BatchPhase, DecisionKind, PeriodState
from incentives.chains import ChainStep, ChainTerms
from incentives.ledger import BatchKind, differences, scope_of
from incentives.opening import (
    BROUGHT_IN,
    House,
    OpeningFile,
    columns_carried_into,
    debts,
    departments_of,
    gate,
    payout_lines,
    periods_of,
    read_rows,
)
from incentives.settlement import Scope
from tasks.stages.brought_in import Opening, is_opening, openings, pending_opening, posted_opening
from tasks.stages.calculation import pay_calculation_version
from tasks.stages.decide import Published, decide, publish_all
from tasks.stages.gate import accepted_in
from tasks.stages.manifests import manifest_of
from tasks.stages.month_end import Draft, insert_draft, period_states, posted_of, read_frozen, void_open
from tasks.stages.night import Night
from tasks.stages.people import BONUS_READS, payees_of, staff_of
from tasks.stages.rules import RuleSet, sound_rules
from tasks.stages.session import session_of_tables

FILE = "opening of pay"  # the name under which the file is registered with its runs
SIGN_OFF = "opening"  # the role in which somebody signs


@dataclass(frozen=True, slots=True)
class BroughtIn:
    """What an import did: the opening as it stands, the file's lines, and what it does not have."""

    opening: Opening | None
    file: OpeningFile
    warnings: tuple[Issue, ...]
    is_new: bool


def check_opening(world: World, path: Path, go_live: Period) -> tuple[OpeningFile, tuple[Issue, ...]]:
    """What the file holds, and what it does not have. Raises: RefusedError with everything that is wrong with it."""
    file, issues = _read(path)
    warnings: tuple[Issue, ...] = ()
    if not issues:
        found = gate(file, house_of(world, sound_rules(world.settings.rules), go_live))
        issues = tuple(issue for issue in found if issue.is_error)
        warnings = tuple(issue for issue in found if not issue.is_error)
    if issues:
        raise RefusedError("\n".join(map(str, issues)))
    return file, warnings


def bring_in(world: World, path: Path, go_live: Period, attempt: AttemptId, *, by: str) -> BroughtIn:
    """Freeze what the file states, for somebody else to sign; an opening that still waits is replaced by it.

    The same file changes nothing. Raises: RefusedError with everything that is wrong with the file, or if pay by an
    opening was published already.
    """
    if not by.strip():
        raise RefusedError("OPN035 the state of pay is brought in by somebody: give a name")
    file, warnings = check_opening(world, path, go_live)
    digest, terms = Digest(sha256_of(path)), _terms(sound_rules(world.settings.rules), go_live)
    with world.store.read() as connection:
        for known in (pending_opening(connection), posted_opening(connection)):
            if known and (known.file, known.go_live) == (digest, go_live):
                return BroughtIn(known, file, warnings, is_new=False)
        _refuse(_in_the_way(connection, file, go_live))
    kept = _kept(world, path, digest)
    months = _months(world, file)
    runs = {month: _run(world, month, go_live, digest, attempt) for month in months}
    _store(world, file, runs, (kept, go_live, terms), (by, business_today(world)))
    with world.store.read() as connection:
        return BroughtIn(pending_opening(connection), file, warnings, is_new=True)


def sign_opening(world: World, *, by: str, on: date | None = None) -> Opening:
    """Sign the opening that waits: by somebody else than who brought it in, who may approve bonuses of its departments.

    Raises: RefusedError with every reason why it may not be.
    """
    opening = _pending(world)
    with world.store.read() as connection:
        due = [each.batch for each in opening.batches if _phase(connection, each.batch) is BatchPhase.PREPARED]
    if not due:
        raise RefusedError(f"OPN034 the opening {opening.name} is signed already; `recoup opening post` posts it")
    for batch in due:
        decide(world, batch, DecisionKind.APPROVED, by=by, on=on)
    with world.store.read() as connection:
        return next(each for each in openings(connection) if each.name == opening.name)


def post_opening(world: World, *, by: str, on: date | None = None) -> tuple[Published, ...]:
    """Post what is owed, and let the columns be carried over from now on: all of it in one transaction.

    Raises: RefusedError if it is not signed, or void, or pay was published meanwhile.
    """
    opening = _pending(world)
    with world.store.read() as connection:
        _refuse(_published_since(connection, opening.go_live))
    return publish_all(world, [each.batch for each in opening.batches], by=by, on=on)


def house_of(world: World, rules: RuleSet, go_live: Period) -> House:
    """What a file is held against: the policies, and the staff of the newest gated night up to the month's end.

    Raises: RefusedError if there is no such night.
    """
    with world.store.read() as connection:
        nights = newest_gated_nights(connection, date.min, go_live.last_day)
        if not nights:
            text = f"no night up to {go_live.last_day} was gated: nobody is known who could be paid"
            raise RefusedError(f"OPN030 {text}. Land the extracts of the first date, and run the gate")
        night = nights[max(nights)]
        manifest, accepted = manifest_of(connection, night), accepted_in(connection, night)
    with session_of_tables(world, manifest, accepted, BONUS_READS) as duck:
        staff = {employee.employee_id: employee for employee in staff_of(duck, go_live)}
        employed = frozenset(employee.employee_id for employee in payees_of(duck, go_live))
    return House(go_live, columns_carried_into(rules.policies, go_live), staff, employed)


def lines_again(world: World, manifest: Manifest, file: RunFile) -> tuple[PayoutLine, ...]:
    """The columns of an opening's run once more, from the file that was kept. Raises: FileChangedError."""
    path = registered_file(world, file.path, file.sha256)
    found, _ = _read(path, name=Path(file.path).name)
    return payout_lines(found, Period.of(manifest.business_date), Digest(file.sha256))


def _read(path: Path, name: str = "") -> tuple[OpeningFile, tuple[Issue, ...]]:
    document, issues = read_sheets(path, name or path.name)
    return read_rows(document) if document else (OpeningFile(), issues)


def _refuse(faults: Iterable[str]) -> None:
    found = tuple(faults)
    if found:
        raise RefusedError("\n".join(found))


def _in_the_way(connection: sa.Connection, file: OpeningFile, go_live: Period) -> Iterator[str]:
    """Months that are closed, or that Recoup has paid; and pay that an opening is in already."""
    yield from _published_since(connection, go_live)
    states = period_states(connection)
    for period in periods_of(file):
        if states.get(period) is PeriodState.CLOSED:
            yield f"OPN032 {period} is closed: reopen it by a decision, `recoup reopen --period {period}`"
        if _published(connection, period):
            yield f"OPN033 Recoup has published pay of {period}: its columns are carried over from there"


def _published_since(connection: sa.Connection, go_live: Period) -> Iterator[str]:
    """What has been paid with an opening in it, or without it, is not changed by another one."""
    months = sorted({Period.parse(row.period) for row in read_batches(connection) if row.kind == BatchKind.BONUS.value})
    for period in months:
        published = _published(connection, period) if period >= go_live else ()
        if published:
            yield (
                f"OPN031 {published[0]} is published: pay begins with the state that it was computed with. Correct "
                "what was wrong by `recoup adjustments propose`"
            )
            return


def _published(connection: sa.Connection, period: Period) -> tuple[BatchId, ...]:
    """Published batches of bonuses that no opening brought in."""
    rows = (row for row in read_batches(connection, str(period)) if row.kind == BatchKind.BONUS.value)
    return tuple(
        BatchId(row.batch_id)
        for row in rows
        if not is_opening(row.batch_id) and _phase(connection, row.batch_id) is BatchPhase.PUBLISHED
    )


def _phase(connection: sa.Connection, batch: str) -> BatchPhase:
    return read_frozen(connection, batch).state.phase


def _pending(world: World) -> Opening:
    with world.store.read() as connection:
        opening = pending_opening(connection)
    if opening is None:
        raise RefusedError("OPN034 no opening of pay waits; `recoup opening pay FILE` brings one in")
    return opening


def _kept(world: World, path: Path, digest: Digest) -> RunFile:
    """A copy of the file below the home folder, by its content: what was signed can be read again."""
    place = f"opening/pay/{digest}{path.suffix.lower()}"
    content = path.read_bytes()
    world.seam.write_file(world.settings.home / place, lambda part: _fill(part, content), point="opening_of_pay")
    return RunFile(FILE, place, digest, 0)


def _fill(part: Path, content: bytes) -> None:
    part.write_bytes(content)


def _months(world: World, file: OpeningFile) -> tuple[Period, ...]:
    """The months of the file, and those of an opening before it: what is not stated any more is taken back."""
    with world.store.read() as connection:
        posted = posted_opening(connection)
    before = {each.period for each in posted.batches} if posted else set()
    return tuple(sorted({*periods_of(file), *before}))


def _run(world: World, month: Period, go_live: Period, file: Digest, attempt: AttemptId) -> Night:
    """The run that holds the columns of one month, by the digest of the file alone."""
    manifest = Manifest(
        kind=RunKind.OPENING,
        business_date=month.last_day,
        effective_on=go_live.start,
        stages=(Stage.PREPARE,),
        calculation=pay_calculation_version(),
        rules=(),
        opening=file,
    )
    return Night(record_run(world.store, manifest, attempt), attempt, month.last_day, RunKind.OPENING)


def _finish(
    world: World, connection: sa.Connection, night: Night, lines: tuple[PayoutLine, ...], kept: RunFile
) -> None:
    """The columns of the month and the file that they came from, once."""
    if stage_result(connection, night.run, Stage.PREPARE.value) is None:
        write_payout_lines(connection, night.run, BatchKind.BONUS.value, lines)
        write_seals(connection, night.run, PAYOUTS)
        result = StageResult(Stage.PREPARE.value, State.DONE, {"file": kept.sha256, "lines": len(lines)})
        finish_stage(world.store, connection, night.run, night.attempt, result, (kept,))


def _store(
    world: World,
    file: OpeningFile,
    runs: Mapping[Period, Night],
    opening: tuple[RunFile, Period, ChainTerms],
    prepared: tuple[str, date],
) -> None:
    """One transaction: columns and batches of the new opening in; and void what waits of an older opening, or of months
    that Recoup does not pay."""
    kept, go_live, terms = opening
    digest = Digest(kept.sha256)
    with world.store.write("opening_brought_in") as connection:
        _refuse(_in_the_way(connection, file, go_live))
        name = short(digest_of([digest, str(go_live), len(openings(connection))]))
        waiting = pending_opening(connection)
        replaced = {each.batch for each in waiting.batches} if waiting else set()
        for month in runs:
            replaced |= {row.batch_id for row in read_batches(connection, str(month)) if row.kind == BatchKind.BONUS}
        rows = [row for row in read_batches(connection) if row.batch_id in replaced]
        void_open(world, connection, rows, prepared)
        for month, night in runs.items():
            _finish(world, connection, night, payout_lines(file, month, digest), kept)
            for draft in _drafts(connection, file, month, digest, terms):
                batch_id = BatchId(f"{BROUGHT_IN}-{month}-{draft.scope.name}-{name}")
                insert_draft(world, connection, night, month, draft, batch_id, prepared)


def _terms(rules: RuleSet, go_live: Period) -> ChainTerms:
    """One signature, by anybody who may approve a step of bonuses, for the departments and up to the limits there."""
    chain = rules.approvals.chain_on(BatchKind.BONUS, go_live.last_day)
    if chain is None:
        raise RefusedError(f"BAT043 no chain of bonus batches on {go_live.last_day}: add one to incentives/approvals")
    approvers = tuple(each for step in chain.rule.terms.steps for each in step.approvers)
    return ChainTerms(steps=(ChainStep(role=SIGN_OFF, approvers=approvers),))


def _drafts(
    connection: sa.Connection, file: OpeningFile, month: Period, source: Digest, terms: ChainTerms
) -> Iterator[Draft]:
    """A batch for each department: columns that post nothing, and debts less what an opening before it has posted."""
    posted, owed = posted_of(connection, BatchKind.BONUS, month), debts(file, month, source)
    lines = payout_lines(file, month, source)
    before = posted_opening(connection)
    scopes = {each.scope for each in before.batches if each.period == month} if before else set()
    for name in sorted(scopes | departments_of(file, month)):
        mine = {key: line for key, line in owed.items() if line.scope == name}
        columns = tuple(line for line in lines if line.scope == name)
        known = {key: amount for key, amount in posted.items() if scope_of(key) == name}
        desired = {key: to_minor(line.amount, line.currency) for key, line in mine.items()}
        postings = differences(desired, known, into=month)
        scope = Scope(BatchKind.BONUS, name, month, month)
        yield Draft(scope, terms, columns, mine, desired, known, postings)
