"""The payments behind a fee, band by band: found again in what the night read, by the contract as it was signed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from adapters.duck import Duck
from adapters.store.signatures import signed_versions
from adapters.world import World
from domain.exact import exact
from domain.ids import canonical_decimal
from domain.manifest import Manifest
from domain.periods import Period
from domain.records import PayoutLine, Step
from domain.sql import TABLES
from incentives.claims.payable import payable_recoveries
from incentives.fee_lines import FeeLine, by_band
from incentives.fees import fees
from reports.csv_files import csv_text
from reports.payout_tree import FeePayment, Node, PaymentSum
from tasks.stages.claims_state import payable_named
from tasks.stages.recompute import contracts_as_signed
from tasks.stages.recoveries import known_from, recoveries_of

# The payments of each band, by the name of its step; the bands of several versions of a contract share their names.
Bands = Mapping[str, Sequence[tuple[FeePayment, ...]]]


def is_fee(line: PayoutLine) -> bool:
    """Whether the line is the fee of a contract: not its tax, and no component of a policy that bears the name."""
    return line.component.startswith("fee:") and all(step.kind != "policy" for step in line.steps)


def bands_of_fee(world: World, duck: Duck, manifest: Manifest, line: PayoutLine, rows_to: Path | None = None) -> Bands:
    """The payments behind the fee, in the order in which they were posted; with `rows_to` as CSV there.

    `duck` is a session of the night that the month-end of the manifest pays.
    """
    with world.store.read() as connection:
        contracts = contracts_as_signed(manifest, {each.rule: each for each in signed_versions(connection)})
        period, contract = Period.parse(line.origin_period), line.component.partition(":")[2]
        claims = payable_named(world, connection, manifest.claims, period.end)
    contracts = contracts.during(period)
    booked_to = [each for each in recoveries_of(duck, period, contracts) if each.partner_id == line.payee]
    since = known_from(duck)
    mine = payable_recoveries(contracts, booked_to, claims, since).payable
    settled = fees(contracts, mine, period=period, known_from=since).lines
    booked = _booked(duck, line.payee, period)
    found: dict[str, list[tuple[FeePayment, ...]]] = defaultdict(list)
    for name, of_band in by_band(each for each in settled if each.contract == contract):
        ordered = sorted(of_band, key=lambda each: (each.recovery.posted_on, each.recovery.payment_id))
        found[name].append(tuple(_payment(each, booked[each.recovery.payment_id]) for each in ordered))
    if rows_to is not None:
        _write_rows(world, rows_to / f"{contract}-payments.csv", found)
    return found


def fee_nodes(bands: Bands, line: PayoutLine, steps: Sequence[Step], plain: Sequence[Node]) -> tuple[Node, ...]:
    """The nodes of the steps, those of bands with their payments; bands that only the payments have stand in front."""
    left = {name: iter(groups) for name, groups in bands.items()}
    nodes = [
        _with_payments(line, step, node, next(left.get(step.name, iter(())), ())) if step.kind == "band" else node
        for step, node in zip(steps, plain, strict=True)
    ]
    missing = [_not_in_line(line, name, payments) for name, groups in left.items() for payments in groups]
    return (*missing, *nodes)


def _with_payments(line: PayoutLine, step: Step, node: Node, payments: tuple[FeePayment, ...]) -> Node:
    found, stated = PaymentSum.of(payments), dict(step.inputs)
    again = {"recovered": canonical_decimal(found.recovered), "payments": str(found.payments)}
    if (step.value, stated) == (found.fee, again):
        return _noted(node, "found again in the payments", payments)
    given = f"{canonical_decimal(found.fee)} for {again['recovered']} recovered in {again['payments']} payments"
    of_step = ", ".join(f"{name} {value}" for name, value in step.inputs)
    said = (
        f"{line.component} of {line.payee}, {step.name}: {node.value} ({of_step}) is stored, the payments give {given}"
    )
    return _noted(node, f"but the payments give {given}", payments, said)


def _noted(node: Node, note: str, payments: tuple[FeePayment, ...], *untied: str) -> Node:
    told = "; ".join(text for text in (node.note, note) if text)
    return Node(node.name, node.kind, node.value, told, node.line, node.children, untied, payments)


def _not_in_line(line: PayoutLine, name: str, payments: tuple[FeePayment, ...]) -> Node:
    fee = canonical_decimal(PaymentSum.of(payments).fee)
    said = (
        f"{line.component} of {line.payee}, {name}: {len(payments)} payments give {fee}, and the line has no such band"
    )
    return Node(name, "band", fee, "not in the line", untied=(said,), payments=payments)


def _booked(duck: Duck, partner: str, period: Period) -> dict[str, Any]:
    """What the calculation does not read of the month's payments on accounts that the partner ever had."""
    payments, accounts, placements = TABLES["payments"].c, TABLES["accounts"], TABLES["placements"].c
    placed = sa.select(placements.account_id).where(placements.partner_id == partner)
    statement = (
        sa.select(payments.payment_id, payments.paid_on, payments.channel, accounts.c.debtor_id)
        .join_from(TABLES["payments"], accounts, accounts.c.account_id == payments.account_id, isouter=True)
        .where(payments.posted_on >= period.start, payments.posted_on < period.end, payments.account_id.in_(placed))
        .order_by(payments.payment_id)
    )
    return {row["payment_id"]: row for row in duck.read(exact(statement))}


def _payment(line: FeeLine, booked: Any) -> FeePayment:
    recovery, placement = line.recovery, line.recovery.placement
    return FeePayment(
        payment=recovery.payment_id,
        account=recovery.account_id,
        debtor=booked["debtor_id"] or "",
        paid_on=booked["paid_on"],
        posted_on=recovery.posted_on,
        channel=booked["channel"],
        currency=recovery.currency,
        amount=recovery.amount,
        waiver=recovery.waiver,
        reverses=recovery.reverses,
        placement=placement.placement_id,
        batch=placement.batch,
        placed_on=placement.placed_on,
        measure=line.measure,
        measured=line.measured,
        recovered=line.base,
        rate=line.stated,
        before=line.before if line.stated is None else None,
        fee=line.fee,
    )


def _write_rows(world: World, path: Path, bands: Bands) -> None:
    header = ["band", *(each.name for each in fields(FeePayment))]
    rows = [[name, *astuple(each)] for name, groups in bands.items() for payments in groups for each in payments]
    world.seam.write_text(path, csv_text(header, rows, for_excel=True), point="evidence")
