"""What HR reviews of a month: a page and a workbook, written anew with every decision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.store.batches import read_batches
from adapters.store.results import read_held
from adapters.world import World
from domain.ids import canonical_json
from domain.issues import Issue, Location
from domain.money import from_minor
from domain.periods import Period
from domain.records import Step
from incentives.batches import BatchPhase
from incentives.ledger import HELD, BatchKind, LedgerKey
from reports.batch import batch_page
from reports.batch_report import (
    BatchReport,
    DebtToDecide,
    Difference,
    HeldPayee,
    PayeeWithoutPolicy,
    ReviewDecision,
    ReviewedBatch,
)
from reports.workbook import write_batch_workbook
from tasks.stages.brought_in import is_opening
from tasks.stages.debts import debts_elsewhere, half_moved
from tasks.stages.labels import book_label, language_of
from tasks.stages.manifests import manifest_of
from tasks.stages.month_before import lines_of_the_month_before
from tasks.stages.month_end import Frozen, key_of_line, read_frozen
from tasks.stages.rules_as_signed import column_names
from tasks.stages.tie_out import KindTieOut, plain_tie_outs, tie_outs
from tasks.stages.waive import waivers_of_run

WITHOUT_POLICY = "without_policy"
HELD_BY_DECISION = "decision"


def write_review(world: World, period: Period) -> tuple[Path, ...]:
    """The page, the workbook and the tie-out of each kind of batch of the month, below `reports/`.

    Raises: RefusedError if the month has no batch.
    """
    return tuple(
        path for kind, report in _reports(world, period).items() for path in _write(world, period, kind, report)
    )


def debts_told(world: World, period: Period) -> tuple[str, ...]:
    """OWE001 for each debt in a department that does not pay its payee while another does; OWE002 for each that was
    moved by half, of whatever month."""
    with world.store.read() as connection:
        standing = _standing(connection, period)
        elsewhere = debts_elsewhere(connection, period, standing)
        return (*(each.told(period) for each in elsewhere), *(each.told for each in half_moved(connection)))


def tie_out_of(world: World, period: Period) -> tuple[tuple[KindTieOut, ...], tuple[Issue, ...]]:
    """The tie-out of the month by kind of batch, and TIE001 for each difference that its reasons do not cover.

    Raises: RefusedError if the month has no batch.
    """
    reports = _reports(world, period)
    found = tuple(KindTieOut(kind.value, report.tie_outs) for kind, report in reports.items())
    return found, tuple(issue for each in found for issue in _unexplained(each))


def _reports(world: World, period: Period) -> dict[BatchKind, BatchReport]:
    with world.store.read() as connection:
        if not _rows(connection, period):
            raise RefusedError(f"no batch of {period}; `recoup month-end --period {period}` prepares them")
        current = _standing(connection, period)
        return {
            kind: _report(world, connection, period, kind, [each for each in current if each.batch.kind is kind])
            for kind in BatchKind
            if any(each.batch.kind is kind for each in current)
        }


def _rows(connection: sa.Connection, period: Period) -> list[sa.Row[Any]]:
    return [row for row in read_batches(connection, str(period)) if not is_opening(row.batch_id)]


def _standing(connection: sa.Connection, period: Period) -> list[Frozen]:
    frozen = (read_frozen(connection, row.batch_id) for row in _rows(connection, period))
    return _newest(each for each in frozen if each.state.phase not in {BatchPhase.VOID, BatchPhase.RETURNED})


def _newest(batches: Iterable[Frozen]) -> list[Frozen]:
    """Of each department or partner the last one, in which what was posted before is taken off: a batch that it comes
    after would count the same pay again."""
    return list({(each.batch.kind, each.batch.scope): each for each in batches}.values())


def _unexplained(found: KindTieOut) -> Iterator[Issue]:
    for chain in found.chains:
        for row in chain.rows:
            if row.unexplained:
                place = Location(f"{found.kind}, {chain.currency}, {row.step.name}")
                message = f"{row.unexplained:f} of the difference {row.difference:f} to the step before has no reason"
                yield Issue("TIE001", place, message, "Nobody approves or pays before it is explained; ask operations")


def _write(world: World, period: Period, kind: BatchKind, report: BatchReport) -> Iterator[Path]:
    folder = world.settings.home / "reports" / str(period)
    page, workbook = folder / f"{kind.value}.html", folder / f"{kind.value}.xlsx"
    world.seam.write_text(page, batch_page(report, language_of(world)), point="batch_page")
    yield page
    world.seam.write_file(
        workbook, lambda part: write_batch_workbook(report, part, language_of(world)), point="batch_workbook"
    )
    yield workbook
    tie_out = folder / f"{kind.value}-tie-out.json"
    world.seam.write_text(tie_out, canonical_json(plain_tie_outs(report.tie_outs)) + "\n", point="tie_out")
    yield tie_out


def _report(
    world: World, connection: sa.Connection, period: Period, kind: BatchKind, batches: list[Frozen]
) -> BatchReport:
    newest = batches[-1].run
    manifest = manifest_of(connection, newest)
    held = [
        (payee, component, *_split(reason)) for payee, component, reason in read_held(connection, newest, kind.value)
    ]
    return BatchReport(
        period=period,
        run_id=newest,
        calculation=manifest.calculation,
        batches=tuple(_reviewed(each) for each in batches),
        held=(
            *(
                HeldPayee(payee, component, component.rpartition(":")[2], code, text)
                for payee, component, code, text in held
                if code != WITHOUT_POLICY
            ),
            *(payee for each in batches for payee in _held_by_decision(each)),
        ),
        without_policy=tuple(
            PayeeWithoutPolicy(payee, text) for payee, _, code, text in held if code == WITHOUT_POLICY
        ),
        rules=manifest.rules,
        tie_outs=tie_outs(connection, manifest, kind, batches),
        waivers=waivers_of_run(connection, newest),
        source_run=manifest.source,
        debts=tuple(_debts(connection, period, batches)) if kind is BatchKind.BONUS else (),
        before=lines_of_the_month_before(connection, period, kind),
        book_label=book_label(world),
        names=column_names(connection, {line.rule for each in batches for line in each.lines}, language_of(world)),
    )


def _debts(connection: sa.Connection, period: Period, batches: list[Frozen]) -> Iterator[DebtToDecide]:
    for debt in debts_elsewhere(connection, period, batches):
        yield DebtToDecide(debt.payee, debt.scope, debt.amount, debt.currency, debt.told(period))
    for half in half_moved(connection):
        yield DebtToDecide(half.payee, half.source, half.amount, half.currency, half.told)


def _held_by_decision(frozen: Frozen) -> Iterator[HeldPayee]:
    """Whom people or disputes hold: what was calculated stands among the lines, and is taken out there again."""
    for line in frozen.lines:
        key = key_of_line(frozen.batch.kind, line)
        if key.sort == HELD and line.amount:
            yield HeldPayee(line.payee, key.base.component, line.scope, HELD_BY_DECISION, _why_held(line.steps[-1]))


def _why_held(step: Step) -> str:
    """By whom or by which case, until when, and why; HR reads names."""
    told = ", ".join(f"until {value}" if name == "until" else value for name, value in step.inputs if name != "of")
    return f"{told}: {step.note}" if told else step.note


def _split(reason: str) -> tuple[str, str]:
    code, _, text = reason.partition(": ")
    return code, text


def _reviewed(frozen: Frozen) -> ReviewedBatch:
    batch, state = frozen.batch, frozen.state
    return ReviewedBatch(
        batch_id=batch.batch_id,
        kind=batch.kind.value,
        scope=batch.scope,
        content_hash=batch.content_hash,
        phase=state.phase.value,
        prepared_by=batch.prepared_by,
        chain=batch.chain,
        decisions=tuple(ReviewDecision(each.kind.value, each.by, each.role, each.reason) for each in frozen.decisions),
        next_role=state.next_role,
        lines=frozen.lines,
        differences=tuple(_difference(frozen, key) for key in sorted(frozen.desired)),
    )


def _difference(frozen: Frozen, key: LedgerKey) -> Difference:
    postings = {posting.key: posting.amount_minor for posting in frozen.postings}
    desired, posted, due = (
        from_minor(amounts.get(key, 0), key.currency) for amounts in (frozen.desired, frozen.posted, postings)
    )
    return Difference(key.payee, key.component, str(key.origin_period), key.currency, desired, posted, due)
