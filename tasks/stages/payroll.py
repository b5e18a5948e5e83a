"""Payroll and journal files of published batches: written from the ledger, once, and the same however often."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from adapters.errors import ConflictError, FileChangedError, RefusedError
from adapters.seam import sha256_of
from adapters.store.ledger import read_entries
from adapters.store.payroll import exports_of, handed_over, insert_export
from adapters.store.runs import newest_run
from adapters.world import World
from domain.exact import exact
from domain.ids import AttemptId, RunId, canonical_json
from domain.issues import Issue, Location
from domain.manifest import RunKind, Stage
from domain.money import from_minor
from domain.sql import TABLES
from incentives.batches import BatchPhase
from incentives.ledger import BatchKind
from incentives.payroll import (
    Accounts,
    JournalLine,
    PaidEntry,
    PayrollLine,
    Terms,
    journal,
    totals_of_journal,
    totals_of_lines,
)
from reports.payroll_files import (
    JOURNAL_LAYOUT,
    PAYROLL_LAYOUT,
    JournalRow,
    PayrollRow,
    journal_csv,
    payroll_csv,
)
from tasks.stages.brought_in import is_opening
from tasks.stages.claims_invoices import awaited_invoices
from tasks.stages.gate import accepted_inputs
from tasks.stages.manifests import manifest_of
from tasks.stages.month_end import Frozen, read_frozen
from tasks.stages.night import Night
from tasks.stages.rules import sound_rules
from tasks.stages.session import session_of_tables

PAYROLL, JOURNAL = "payroll", "journal"

TermsOf = Callable[[World, RunId, date], Mapping[str, Terms]]


@dataclass(frozen=True, slots=True)
class Export:
    """A file as it was registered; `totals` are its control totals in minor units, by currency."""

    kind: str
    path: Path
    sha256: str
    rows: int
    totals: Mapping[str, Any]


class InvoiceAwaitedError(RefusedError):
    """Finance gets nothing yet: the partner's invoice is to agree first."""


def terms_on(world: World, run: RunId, day: date) -> dict[str, Terms]:
    """What employment said in the night's accepted extract: of each employee the latest terms begun by the day."""
    with world.store.read() as connection:
        manifest = manifest_of(connection, run)
    night = Night(run, AttemptId(""), manifest.business_date, RunKind.NIGHTLY)
    employment = TABLES["employment"].c
    columns = (employment.employee_id, employment.payroll_number, employment.cost_centre)
    statement = sa.select(*columns).where(employment.valid_from <= day)
    ordered = exact(statement.order_by(employment.employee_id, employment.valid_from))
    with session_of_tables(world, manifest, accepted_inputs(world, night), ("employment",)) as duck:
        return {row["employee_id"]: Terms(row["payroll_number"], row["cost_centre"]) for row in duck.read(ordered)}


def write_pay_files(world: World, batch: str, *, terms_of: TermsOf = terms_on) -> tuple[Export, ...]:
    """The payroll file (of bonuses) and the journal of the published batch whose id starts with `batch`.

    What was written before stays; a file that is gone comes back from the ledger and the stored lines, the same.
    Raises: RefusedError if the batch is not published, or with everybody who has no payroll number;
    InvoiceAwaitedError where the partner's invoice comes first.
    """
    with world.store.read() as connection:
        frozen = read_frozen(connection, batch)
        if frozen.state.phase is not BatchPhase.PUBLISHED:
            text = f"is {frozen.state.phase}: payroll is paid from the ledger. Publish it first"
            raise RefusedError(f"batch {frozen.batch.batch_id} PYR002 {text}")
        if is_opening(frozen.batch.batch_id):
            text = "was brought in by the opening of pay: another system has paid it. There is nothing to export"
            raise RefusedError(f"batch {frozen.batch.batch_id} PYR005 {text}")
        known = exports_of(connection, frozen.batch.batch_id)
        source = manifest_of(connection, frozen.run).source
        awaited = awaited_invoices(connection, sound_rules(world.settings.rules), frozen)
    if awaited and not known:
        text = f"the contract wants the partner's invoice in {', '.join(awaited)}, and none agrees or was accepted"
        raise InvoiceAwaitedError(
            f"batch {frozen.batch.batch_id} STL057 {text}. `recoup settlement invoice` takes it in"
        )
    if not known:
        terms = {}
        if frozen.batch.kind is BatchKind.BONUS and source is not None:
            terms = dict(terms_of(world, source, frozen.batch.period.last_day))
        _write_first(world, frozen, terms)
    return read_exports(world, frozen.batch.batch_id)


def reissue_rejected(world: World, batch: str, *, terms_of: TermsOf = terms_on) -> tuple[Export, ...]:
    """A further payroll file with the lines of the batch that were rejected, under new line ids, with the payroll
    numbers of the newest night. Raises: RefusedError if none is open."""
    with world.store.read() as connection:
        frozen = read_frozen(connection, batch)
        rows = {row.sequence: row for row in handed_over(connection, batch_id=frozen.batch.batch_id)}  # newest attempt
        known = [each for each in exports_of(connection, frozen.batch.batch_id) if each.kind == PAYROLL]
        night = newest_run(connection, RunKind.NIGHTLY.value, Stage.GATE.value)
    rejected = [row for row in rows.values() if row.outcome == "rejected"]
    if not rejected or night is None:
        raise RefusedError(
            f"batch {frozen.batch.batch_id} PYR003 has no rejected line; `recoup payroll open` lists them"
        )
    run, day = night
    terms = terms_of(world, run, day)
    _refuse_without_number([_entry(row) for row in rejected], terms)
    lines = tuple(PayrollLine(_entry(row), terms[row.payee], row.attempt + 1) for row in rejected)
    _register(world, frozen, [_payroll_file(frozen, lines, len(known) + 1)])
    return read_exports(world, frozen.batch.batch_id)


def read_exports(world: World, batch_id: str) -> tuple[Export, ...]:
    """The registered files of the batch; those that are gone are written again.

    Raises: FileChangedError if one would not come out as it was registered.
    """
    with world.store.read() as connection:
        rows = exports_of(connection, batch_id)
        frozen = read_frozen(connection, batch_id)
        lines = [_line(row) for row in handed_over(connection, batch_id=batch_id)]
        in_file = {row.line_id: row.export_id for row in handed_over(connection, batch_id=batch_id)}
        entries = [_entry(row) for row in read_entries(connection, [batch_id])]
    for row in rows:
        path = world.settings.home / row.path
        if path.exists() and sha256_of(path) == row.sha256:
            continue
        mine = tuple(line for line in lines if in_file[line.line_id] == row.export_id)
        is_journal = row.kind == JOURNAL
        again = _journal_file(world, frozen, entries, lines) if is_journal else _payroll_file(frozen, mine, row.number)
        if hashlib.sha256(again.text.encode("utf-8")).hexdigest() != row.sha256:
            text = "PYR004 would come out different from what was registered: accounts or this program changed since"
            raise FileChangedError(f"{row.path} {text}. Restore the file from the backup")
        _write(world, again)
    return tuple(Export(row.kind, world.settings.home / row.path, row.sha256, row.rows, row.totals) for row in rows)


@dataclass(frozen=True, slots=True)
class _File:
    """A file before it is written; `lines` are those of a payroll file."""

    kind: str
    number: int
    layout: str
    path: str
    text: str
    rows: int
    totals: Mapping[str, Any]
    lines: tuple[PayrollLine, ...] = ()


def _write_first(world: World, frozen: Frozen, terms: Mapping[str, Terms]) -> None:
    with world.store.read() as connection:
        entries = [_entry(row) for row in read_entries(connection, [frozen.batch.batch_id])]
    files, lines = [], []
    if frozen.batch.kind is BatchKind.BONUS:
        _refuse_without_number(entries, terms)
        lines = [PayrollLine(entry, terms[entry.payee]) for entry in entries]
        files.append(_payroll_file(frozen, tuple(lines), 1))
    files.append(_journal_file(world, frozen, entries, lines))
    _register(world, frozen, files)


def _refuse_without_number(entries: Iterable[PaidEntry], terms: Mapping[str, Terms]) -> None:
    missing = sorted(
        {entry.payee for entry in entries} - {payee for payee, each in terms.items() if each.payroll_number}
    )
    issues = [
        Issue("PYR001", Location(f"employee {payee}"), "has no payroll number in employment", "Correct the extract")
        for payee in missing
    ]
    if issues:
        raise RefusedError("\n".join(map(str, issues)))


def _payroll_file(frozen: Frozen, lines: tuple[PayrollLine, ...], number: int) -> _File:
    rows = [_payroll_row(frozen, line) for line in lines]
    path = _place(frozen, PAYROLL if number == 1 else f"{PAYROLL}-{number}")
    totals = totals_of_lines(lines)
    return _File(PAYROLL, number, PAYROLL_LAYOUT, path, payroll_csv(rows), len(rows), totals, lines)


def _payroll_row(frozen: Frozen, line: PayrollLine) -> PayrollRow:
    entry = line.entry
    return PayrollRow(
        line.line_id,
        line.terms.payroll_number,
        entry.payee,
        line.terms.cost_centre,
        entry.posting_period,
        entry.origin_period,
        entry.component,
        str(entry.entry_type),
        from_minor(entry.amount_minor, entry.currency),
        entry.currency,
        frozen.batch.batch_id,
    )


def _journal_file(world: World, frozen: Frozen, entries: Iterable[PaidEntry], lines: Iterable[PayrollLine]) -> _File:
    """Cost centres are those under which the entries first went to payroll; partners have none."""
    centres = {line.entry.payee: line.terms.cost_centre for line in lines if line.attempt == 1}
    accounts = accounts_of(world, frozen.batch.kind)
    made = journal(entries, centres, accounts)
    rows = [_journal_row(frozen, line) for line in made]
    return _File(
        JOURNAL,
        1,
        JOURNAL_LAYOUT,
        _place(frozen, JOURNAL),
        journal_csv(rows),
        len(rows),
        totals_of_journal(made, accounts),
    )


def accounts_of(world: World, kind: BatchKind) -> Accounts:
    settings = world.settings
    if kind is BatchKind.BONUS:
        return Accounts(settings.bonus_expense_account, settings.bonus_payable_account, settings.receivable_account)
    return Accounts(settings.fee_expense_account, settings.fee_payable_account, settings.receivable_account)


def _journal_row(frozen: Frozen, line: JournalLine) -> JournalRow:
    debit, credit = (from_minor(minor, line.currency) for minor in (line.debit_minor, line.credit_minor))
    text = f"{frozen.batch.kind.value} {frozen.batch.scope} {line.origin_period}"
    months = (line.posting_period, line.origin_period)
    return JournalRow(
        frozen.batch.batch_id, line.account, line.cost_centre, debit, credit, line.currency, *months, text
    )


def _place(frozen: Frozen, name: str) -> str:
    return f"reports/{frozen.batch.period}/payroll/{frozen.batch.batch_id}.{name}.csv"


def _register(world: World, frozen: Frozen, files: Iterable[_File]) -> None:
    """Files first, then one transaction. Raises: ConflictError if somebody else wrote them at the same moment."""
    batch_id = frozen.batch.batch_id
    written = [(file, _write(world, file)) for file in files]
    try:
        with world.store.write("pay_files_registered") as connection:
            for file, sha256 in written:
                export_id = f"{batch_id}.{file.kind}-{file.number}"
                row = {"export_id": export_id, "batch_id": batch_id, "kind": file.kind, "number": file.number}
                row |= {"layout": file.layout, "path": file.path, "sha256": sha256}
                row |= {"rows": file.rows, "totals": file.totals}
                insert_export(world.store, connection, row, [_stored(line, export_id) for line in file.lines])
    except sa.exc.IntegrityError:
        raise ConflictError(f"somebody wrote the files of {batch_id} at the same moment: ask for them again") from None


def _write(world: World, file: _File) -> str:
    """The file, and beside it its control totals; the digest of the file."""
    path = world.settings.home / file.path
    written = world.seam.write_file(path, lambda part: _fill(part, file.text), point="pay_file")
    control = {"layout": file.layout, "rows": file.rows, "totals_minor": file.totals, "sha256": written.sha256}
    world.seam.write_text(path.with_suffix(".totals.json"), canonical_json(control) + "\n", point="pay_totals")
    return written.sha256


def _fill(part: Path, text: str) -> None:
    part.write_text(text, encoding="utf-8", newline="")


def _stored(line: PayrollLine, export_id: str) -> dict[str, Any]:
    return {
        "line_id": line.line_id,
        "export_id": export_id,
        "sequence": line.entry.sequence,
        "attempt": line.attempt,
        "payroll_number": line.terms.payroll_number,
        "cost_centre": line.terms.cost_centre,
    }


def _line(row: sa.Row[Any]) -> PayrollLine:
    return PayrollLine(_entry(row), Terms(row.payroll_number, row.cost_centre), row.attempt)


def _entry(row: sa.Row[Any]) -> PaidEntry:
    return PaidEntry(
        row.sequence,
        BatchKind(row.batch_kind),
        row.payee,
        row.component,
        row.origin_period,
        row.posting_period,
        row.entry_type,
        row.amount_minor,
        row.currency,
    )
