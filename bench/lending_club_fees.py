"""Fees on the recoveries of the Lending Club loans, settled account by account by a contract, beside what was paid.

    python -m bench.lending_club_fees [--contract FILE] [--unexplained FILE]

Each charged-off loan with a recovery is one placement: placed on the last day of the month of its last payment (of its
issue, where it has none), with the principal that was left. Its recovery is one booking. The contract pays it, and the
fee is compared with `collection_recovery_fee`, rounded to cents. `--unexplained` writes every account whose fee the
contract does not explain as CSV. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from adapters.rule_files import read_document
from domain.money import Rounding, round_to
from domain.periods import Period
from incentives.contracts import ContractBook, decode_contracts
from incentives.fee_lines import FeeLine
from incentives.fees import fees
from incentives.recoveries import PartnerRecovery, Placement

ROOT = Path(__file__).resolve().parent.parent
LOANS = ROOT.parent / "shared" / "data" / "lending-club" / "loans.csv.gz"
CONTRACT = ROOT / "docs" / "examples" / "lending-club" / "contracts" / "recoveries.yaml"
CENT, HALF_A_CENT, NOTE = Decimal("0.01"), Decimal("0.005"), Decimal(25)
LOWEST, HIGHEST = Decimal("0.005"), Decimal("0.35")  # between them several rates may have been mixed
NEAR = Decimal("0.06")


class Found(StrEnum):
    """How the fee of the contract compares with the fee that was paid."""

    EXACT = "equal to the cent"
    BY_NOTE = "equal within half a cent for each note of 25 dollars"
    NEAR = "not explained: within 6 % of the fee"
    BLEND = "not explained: between the rates"
    OTHER = "not explained: no fee, or above every rate"


EXPLAINED = frozenset({Found.EXACT, Found.BY_NOTE})


@dataclass(frozen=True, slots=True)
class Loan:
    """A recovery as the file has it: `row` is the loan's number in the file, `notes` how many were sold of it."""

    row: int
    recovery: PartnerRecovery
    paid: Decimal
    notes: int


@dataclass(frozen=True, slots=True)
class Settled:
    """One account: the fee by contract beside the fee that was paid."""

    loan: Loan
    case: str
    fee: Decimal
    found: Found

    @property
    def off(self) -> Decimal:
        return self.fee - self.loan.paid


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.lending_club_fees", description=__doc__)
    parser.add_argument("--contract", type=Path, default=CONTRACT)
    parser.add_argument("--unexplained", type=Path)
    arguments = parser.parse_args()
    settled = settle(contracts_of(arguments.contract), loans_of(LOANS))
    for line in report(settled):
        print(line)
    if arguments.unexplained:
        write_unexplained(settled, arguments.unexplained)


def contracts_of(path: Path) -> ContractBook:
    """Raises: ValueError with everything that is wrong with the file."""
    document, issues = read_document(path)
    if document is None:
        raise ValueError("\n".join(map(str, issues)))
    book, issues = decode_contracts([document])
    if issues:
        raise ValueError("\n".join(map(str, issues)))
    return book


def loans_of(path: Path) -> list[Loan]:
    """The loans with a recovery, in the order of the file."""
    with gzip.open(path, "rt", newline="") as file:
        return [
            _loan(row, loan) for row, loan in enumerate(csv.DictReader(file), 1) if Decimal(loan["recoveries"] or 0) > 0
        ]


def _loan(row: int, loan: dict[str, str]) -> Loan:
    last = _month_end(loan["last_pymnt_d"] or loan["issue_d"])
    left = _cents(loan["funded_amnt"]) - _cents(loan["total_rec_prncp"])
    far = last + timedelta(days=3_660)
    placement = Placement(f"L{row}", "charged off", 1, last, left, far, None, 150)
    recovered = _cents(loan["recoveries"])
    recovery = PartnerRecovery(f"R{row}", f"L{row}", "agencies", last, recovered, "USD", placement)
    notes = int(-(-Decimal(loan["funded_amnt"]) // NOTE))
    return Loan(row, recovery, _cents(loan["collection_recovery_fee"] or "0"), notes)


def _month_end(day: str) -> date:
    return Period.of(date.fromisoformat(day)).last_day


def _cents(text: str) -> Decimal:
    return round_to(Decimal(text), 2, Rounding.HALF_UP)


def settle(contracts: ContractBook, loans: Iterable[Loan]) -> list[Settled]:
    """Every account by the contract, month by month as its recovery is dated; in the order of the file."""
    months: dict[Period, list[Loan]] = defaultdict(list)
    for loan in loans:
        months[Period.of(loan.recovery.posted_on)].append(loan)
    found: list[Settled] = []
    for period, of_month in months.items():
        calculation = fees(contracts, [loan.recovery for loan in of_month], period=period)
        lines = {line.recovery.payment_id: line for line in calculation.lines}
        found += [_settled(loan, lines.get(loan.recovery.payment_id)) for loan in of_month]
    return sorted(found, key=lambda each: each.loan.row)


def _settled(loan: Loan, line: FeeLine | None) -> Settled:
    fee, case = (line.fee, line.name) if line is not None else (Decimal(0), "no fee")
    return Settled(loan, case, fee, _found(loan, fee))


def _found(loan: Loan, fee: Decimal) -> Found:
    off, rate = abs(fee - loan.paid), loan.paid / loan.recovery.amount
    if off <= HALF_A_CENT:
        return Found.EXACT
    # Each note gets its own cents of a recovery and of a fee, so the sum of the roundings can be so far from the whole.
    # It explains cents, not another rate: at most a tenth of the fee, or a cent.
    if off <= CENT or (off <= HALF_A_CENT * loan.notes and off <= fee / 10):
        return Found.BY_NOTE
    if loan.paid and off <= loan.paid * NEAR:
        return Found.NEAR
    return Found.BLEND if LOWEST < rate < HIGHEST else Found.OTHER


def report(settled: list[Settled]) -> Iterator[str]:
    """How much of the money that was paid the contract explains, by kind of agreement, by case and by year."""
    paid = sum((each.loan.paid for each in settled), Decimal(0))
    fee = sum((each.fee for each in settled), Decimal(0))
    yield f"{len(settled):,} accounts; paid {paid:,.2f}, by contract {fee:,.2f} ({fee / paid:.1%})"
    yield from _table("how it compares", settled, lambda each: each.found.value, paid)
    yield from _table("case of the contract", settled, lambda each: each.case, paid)
    yield from _table("year of the last payment", settled, lambda each: str(each.loan.recovery.posted_on.year), paid)
    yield from _table("rows of the file", settled, lambda each: "even" if each.loan.row % 2 == 0 else "odd", paid)


def _table(title: str, settled: list[Settled], key: Callable[[Settled], str], paid: Decimal) -> Iterator[str]:
    groups: dict[str, list[Settled]] = defaultdict(list)
    for each in settled:
        groups[key(each)].append(each)
    yield f"\n| {title} | accounts | recovered | paid | of all | by contract | explained | of its paid |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for name, group in sorted(groups.items()):
        mine = sum((each.loan.paid for each in group), Decimal(0))
        recovered = sum((each.loan.recovery.amount for each in group), Decimal(0))
        fee = sum((each.fee for each in group), Decimal(0))
        explained = explained_of(group)
        share = f"{explained / mine:.1%}" if mine else ""
        yield (
            f"| {name} | {len(group):,} | {recovered:,.2f} | {mine:,.2f} | {mine / paid:.1%} | {fee:,.2f} "
            f"| {explained:,.2f} | {share} |"
        )


def explained_of(settled: Iterable[Settled]) -> Decimal:
    """What was paid on accounts on which the contract comes to the same."""
    return sum((each.loan.paid for each in settled if each.found in EXPLAINED), Decimal(0))


def write_unexplained(settled: list[Settled], path: Path) -> None:
    """The accounts whose fee the contract does not explain, those that are farthest off first."""
    left = [each for each in settled if each.found not in EXPLAINED]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        head = ["row", "last payment", "principal left", "recovered", "paid", "case", "by contract", "off", "why"]
        writer.writerow(head)
        for each in sorted(left, key=lambda each: (-abs(each.off), each.loan.row)):
            loan, recovery = each.loan, each.loan.recovery
            known = (loan.row, recovery.posted_on, recovery.placement.balance, recovery.amount, loan.paid)
            writer.writerow([*known, each.case, each.fee, each.off, each.found.value])


if __name__ == "__main__":
    main()
