"""A settlement's statement for the partner: page, workbook and PDF, from the store, once for each state of it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.store.batches import read_batches
from adapters.store.claims import settlement_named
from adapters.store.runs import RunFile, files_of_run, register_alike
from adapters.store.signatures import signed_versions
from adapters.world import World
from domain.ids import RunId, digest_of, short
from domain.money import from_minor
from domain.periods import Period
from domain.records import PayoutLine
from incentives.batches import BatchPhase
from incentives.claims.differences import Difference, State
from incentives.claims.kinds import ABOUT, Kind
from incentives.claims.terms import Cycle
from incentives.ledger import BatchKind
from reports.claims_statement import (
    AGREED,
    DUE,
    HELD,
    NOT_CLAIMED,
    SENT,
    BandOfFee,
    ClaimsStatement,
    CountedMoney,
    ShownDifference,
    statement_report,
)
from reports.languages import Language
from reports.report_files import report_page, write_report_workbook
from reports.report_pdf import report_pdf
from reports.statement_files import missing_fonts
from tasks.stages.claims_files import NOT_TOLD
from tasks.stages.claims_state import PartnerClaims, decided_for, is_by_books, partner_claims
from tasks.stages.claims_status import Reconciled, reconciled
from tasks.stages.labels import book_label
from tasks.stages.month_end import read_frozen


def write_claims_statement(world: World, settlement: str, language: Language | None = None) -> tuple[Path, ...]:
    """The files of the statement as the settlement stands now; the same state gives the same files.

    Raises: RefusedError if a font for the PDF is missing.
    """
    language = language or Language(world.settings.language)
    with world.store.read() as connection:
        told = claims_told(world, connection, settlement)
        run = RunId(told.run)
        known = files_of_run(connection, run)
    issues = missing_fonts(language)
    if issues:
        raise RefusedError("\n".join(map(str, issues)))
    report = statement_report(told, language)
    name = f"statement-{short(digest_of(told))}.{language.value}"
    folder = f"reports/claims/{told.settlement}"
    page, workbook, paper = (f"{folder}/{name}.{ending}" for ending in ("html", "xlsx", "pdf"))
    home = world.settings.home
    written = {
        page: world.seam.write_text(home / page, report_page(report, language), point="claims_statement"),
        workbook: world.seam.write_file(
            home / workbook, lambda part: write_report_workbook(report, part, language), point="claims_statement"
        ),
        paper: world.seam.write_file(
            home / paper, lambda part: _fill(part, report_pdf(report, language)), point="claims_statement"
        ),
    }
    fresh = [RunFile(path, path, file.sha256, 0) for path, file in written.items() if path not in known]
    register_alike(world.store, run, fresh, "claims_statement_registered")
    return tuple(home / path for path in written)


def _fill(part: Path, content: bytes) -> None:
    part.write_bytes(content)


def claims_told(world: World, connection: sa.Connection, settlement: str) -> ClaimsStatement:
    """What the partner is told of the settlement as it stands. Raises: RefusedError."""
    row = settlement_named(connection, settlement)
    claims = partner_claims(world, connection, row.partner_id)
    cycle, (main, *others) = Cycle(row.starts_on, row.ends_on), reconciled(row.totals)
    mine = [each for each in claims.differences if each.settlement_id == row.settlement_id]
    shown = [(each, claims.state(each)) for each in sorted(mine, key=_number)]
    return ClaimsStatement(
        settlement=row.settlement_id,
        partner=row.partner_id,
        contract=row.contract_id,
        cycle=str(cycle),
        run=row.run_id,
        run_on=row.run_on,
        reply_by=row.reply_by,
        currency=main.currency,
        theirs=(*_theirs(main), *(each for other in others for each in _in_another(other))),
        ours=tuple(_ours(main)),
        agreed_as_claimed=main.agreed_as_claimed.amount,
        agreed_as_booked=main.agreed_as_booked,
        decided=_decided(claims, row.settlement_id),
        bands=tuple(_bands(connection, row.partner_id, row.contract_id, cycle)),
        differences=tuple(_shown(each, state) for each, state in shown),
        book_label=book_label(world),
        owner=_owner(connection, row.contract),
        by_books=is_by_books(row),
    )


def _owner(connection: sa.Connection, contract: str) -> str:
    """Who answers for the contract, as it was signed."""
    return next(
        (str(each.content.get("owner", "")) for each in signed_versions(connection) if each.rule == contract), ""
    )


def _theirs(main: Reconciled) -> Iterator[CountedMoney]:
    yield CountedMoney(SENT, main.sent.number, main.sent.amount, is_total=True)
    yield CountedMoney(AGREED, main.agreed_as_claimed.number, main.agreed_as_claimed.amount)
    for kind, side in main.by_kind.items():
        yield CountedMoney(ABOUT[Kind(kind)].text, side.number, side.amount)


def _in_another(other: Reconciled) -> Iterator[CountedMoney]:
    """Lines in a currency that the contract has not: none of them can be agreed."""
    for kind, side in other.by_kind.items():
        yield CountedMoney(ABOUT[Kind(kind)].text, side.number, side.amount, currency=other.currency)


def _ours(main: Reconciled) -> Iterator[CountedMoney]:
    yield CountedMoney(DUE, main.due.number, main.due.amount, is_total=True)
    yield CountedMoney(AGREED, main.agreed.number, main.agreed.amount)
    yield CountedMoney(HELD, main.held.number, main.held.amount)
    yield CountedMoney(NOT_CLAIMED, main.not_claimed.number, main.not_claimed.amount)


def _decided(claims: PartnerClaims, settlement: str) -> Decimal:
    """What decisions on this settlement's differences have made payable."""
    mine = ((each, standing) for each, standing in claims.decided() if each.settlement_id == settlement)
    found = (paid.amount for each, standing in mine for paid in decided_for(claims, each, standing))
    return sum(found, Decimal(0))


def _bands(connection: sa.Connection, partner: str, contract: str, cycle: Cycle) -> Iterator[BandOfFee]:
    """The bands of fees that were published, of the months of the cycle: a batch has the whole of its month, so that of
    several of one month the last one tells what all of them have come to."""
    month = Period.of(cycle.start)
    while month.start < cycle.end:
        mine = [row.batch_id for row in read_batches(connection, str(month))
                if (row.kind, row.scope) == (BatchKind.FEE.value, partner)]  # fmt: skip
        published = [each for each in (read_frozen(connection, batch) for batch in mine)
                     if each.state.phase is BatchPhase.PUBLISHED]  # fmt: skip
        for frozen in published[-1:]:
            for line in frozen.lines:
                yield from _bands_of(line, frozen.batch.batch_id, contract)
        month = month.next()


def _bands_of(line: PayoutLine, batch: str, contract: str) -> Iterator[BandOfFee]:
    if line.component != f"fee:{contract}":
        return
    for step in line.steps:
        said = dict(step.inputs)
        if "recovered" in said and "payments" in said:
            recovered, fee = Decimal(said["recovered"]), step.value or Decimal(0)
            yield BandOfFee(line.origin_period, batch, step.name, int(said["payments"]), recovered, fee)


def _number(each: Difference) -> int:
    return int(each.difference_id.rpartition(".")[2])


def _shown(each: Difference, state: State) -> ShownDifference:
    about, is_told = ABOUT[each.kind], each.kind not in NOT_TOLD
    claimed, booked = (
        None if minor is None else from_minor(minor, each.currency) for minor in (each.claimed_minor, each.booked_minor)
    )
    return ShownDifference(
        each.difference_id,
        each.claim_id,
        each.account_id,
        about.text,
        about.remedy,
        claimed,
        booked if is_told else None,
        state.standing,
        each.first_listed_on,
        each.currency,
    )
