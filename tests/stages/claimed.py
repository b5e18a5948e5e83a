"""Worlds of claims without the nights before them: a book of a few accounts, and gated nights that read it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from adapters.duck import duck_columns, open_duck
from adapters.snapshots import Pointer, Version, register, write_version
from adapters.store.runs import StageResult, State, begin_attempt, finish_stage, record_run
from adapters.store.seals import FIGURES, write_seals
from adapters.store.signatures import sign
from adapters.world import World
from domain.catalogue import CATALOGUE
from domain.ids import AttemptId, RunId, VersionId, digest_of
from domain.manifest import Input, Manifest, RunKind, Stage
from domain.rules import RuleVersion
from tasks.stages.claims_run import Settlement, settle_claims
from tasks.stages.inputs import inputs_of_night
from tasks.stages.rules import sound_rules
from tests.stages.books import house_book

PARTNER, OTHER = "R01", "R02"
PLACED = date(2026, 7, 1)

CONTRACT = """\
permissions:
  - {id: vn, title: Vietnam, owner: legal, valid_from: 2021-01-01, review_by: 2027-12-31, jurisdiction: VN,
     legal_types: [law_firm], source: Investment Law 2020}
contracts:
  - id: by_claims
    title: Ten percent of what agrees
    owner: head_of_partners
    valid_from: 2026-01-01
    review_by: 2027-12-31
    partners: all
    legal_types: [law_firm]
    jurisdictions: [VN]
    currency: VND
    dated_by: posted_on
    counts: [cash, settlement, restructured]
    schedule:
      cases:
        - {rate: 0.10}
    entitlement: {after_recall: tail, after_term: tail, tail_days: 30}
    vat_rate: 0.10
    rounding: {each: month, digits: 0, mode: half_up}
    settlement:
"""

TERMS = """\
      cycle: month
      first_day: 2026-08-01
      fee_base: claims
      claims_due_days: 10
      reply_days: 14
      tolerances: {amount: 500, days: 2}
      reversals: any_time
      two_people_above: 2_000_000
      invoice: required
"""


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment of account `account`; a reversal names what it takes back."""

    payment_id: str
    account: str
    on: date
    amount: int
    waiver: int = 0
    reverses: str = ""
    posted_on: date | None = None

    @property
    def posted(self) -> date:
        return self.posted_on or self.on


@dataclass(frozen=True, slots=True)
class Claimed:
    claim_id: str
    account: str
    on: date
    amount: int
    payment_id: str = ""
    claimed_on: date = date(2026, 10, 3)
    month: date | None = None
    partner: str = PARTNER
    currency: str = "VND"


@dataclass(frozen=True, slots=True)
class Placed:
    account: str
    partner: str = PARTNER
    on: date = PLACED
    number: int = 1
    recalled_on: date | None = None


@dataclass(frozen=True, slots=True)
class Book:
    """`due_since`: the oldest unpaid day of an account; `gone_on`: the first day on which the book has it no more."""

    paid: tuple[Paid, ...] = ()
    claimed: tuple[Claimed, ...] = ()
    placed: tuple[Placed, ...] = ()
    accounts: frozenset[str] = field(default_factory=frozenset)
    due_since: Mapping[str, date] = field(default_factory=dict)
    gone_on: Mapping[str, date] = field(default_factory=dict)

    def and_paid(self, *paid: Paid) -> Book:
        return replace(self, paid=(*self.paid, *paid))

    def and_claimed(self, *claimed: Claimed) -> Book:
        return replace(self, claimed=(*self.claimed, *claimed))


def rule_book(folder: Path, terms: str = TERMS) -> Path:
    """The house's rules with one contract, which is settled by claims."""
    book = house_book(folder)
    for path in (book / "incentives/contracts").glob("*.yaml"):
        path.unlink()
    (book / "incentives/contracts/by_claims.yaml").write_text(CONTRACT + terms, encoding="utf-8")
    return book


def sign_all(world: World) -> None:
    sign(world.store, sound_rules(world.settings.rules).contents(), proposer="proposer", signer="signer")


def night(world: World, day: date, book: Book, rules: tuple[RuleVersion, ...] = ()) -> RunId:
    """A night of the day that was gated and measured: it reads of the book what had happened by then."""
    attempt = begin_attempt(world.store, f"nightly {day}", day)
    return gated(world, day, landed(world, day, _tables(book, day), attempt), attempt, rules=rules)


def landed(world: World, day: date, tables: Mapping[str, list[dict[str, object]]], attempt: AttemptId) -> list[Version]:
    """Extracts of the day, landed and accepted."""
    made = []
    with open_duck(world.settings) as duck:
        for name, rows in tables.items():
            duck.create_table_of("given", _arrow(name, rows))
            types = duck_columns(CATALOGUE[name])
            cells = ", ".join(f'CAST("{column}" AS {kind}) AS "{column}"' for column, kind in types.items())
            made.append(write_version(world, duck, CATALOGUE[name], day, f"SELECT {cells} FROM given"))
    with world.store.write("test") as connection:
        for pointer in Pointer:
            register(world, connection, pointer, day, made, attempt)
    return made


def gated(
    world: World,
    day: date,
    made: Iterable[Version],
    attempt: AttemptId,
    *,
    rules: tuple[RuleVersion, ...] = (),
    history: tuple[Input, ...] = (),
) -> RunId:
    accepted = {version.table: version.version for version in made}
    manifest = Manifest(
        kind=RunKind.NIGHTLY,
        business_date=day,
        effective_on=day,
        stages=(Stage.GATE, Stage.MEASURE),
        calculation=digest_of("night"),
        rules=rules,
        landed=tuple(Input(table, day, VersionId(version)) for table, version in sorted(accepted.items())),
        history=history,
    )
    run = record_run(world.store, manifest, attempt)
    with world.store.write("test") as connection:
        summary = {"business_date": day.isoformat(), "accepted": accepted, "halted": []}
        finish_stage(world.store, connection, run, attempt, StageResult(Stage.GATE.value, State.DONE, summary))
        write_seals(connection, run, FIGURES)
        finish_stage(world.store, connection, run, attempt, StageResult(Stage.MEASURE.value, State.DONE, {}))
    return run


def nights_by_day(
    world: World, first: date, last: date, book: Book, account_days: int, without_accounts: Collection[date] = ()
) -> RunId:
    """A month whose extracts came in day by day, and the night of its last day, which reads the days before it that a
    night reads; payments come with the day on which they were posted, and on some days no accounts do."""
    attempt, day = begin_attempt(world.store, f"nightly {last}", last), first
    while day <= last:
        tables = _tables(book, day)
        of_day = {
            "accounts": tables["accounts"],
            "payments": [_payment(each) for each in book.paid if each.posted == day],
        }
        if day in without_accounts:
            del of_day["accounts"]
        made = landed(world, day, of_day if day < last else tables | of_day, attempt)
        day += timedelta(days=1)
    with world.store.read() as connection:
        history = inputs_of_night(connection, last, account_days=account_days).history
    return gated(world, last, made, attempt, history=history)


def settle(world: World, cycle: str, day: date, by: str = "operator", partner: str = PARTNER) -> Settlement:
    attempt = begin_attempt(world.store, f"settlement {cycle}", day)
    return settle_claims(world, partner, cycle, on=day, by=by, attempt=attempt)


def _tables(book: Book, day: date) -> dict[str, list[dict[str, object]]]:
    paid = [each for each in book.paid if each.posted <= day]
    claimed = [each for each in book.claimed if each.claimed_on <= day]
    placed = [each for each in book.placed if each.on <= day]
    accounts = {each.account for each in placed} | {each.account for each in paid} | book.accounts
    return {
        "accounts": [_account(book, name, day) for name in sorted(accounts) if book.gone_on.get(name, date.max) > day],
        "partners": [
            {"partner_id": name, "name": name, "legal_type": "law_firm", "jurisdiction": "VN",
             "active_from": date(2025, 1, 1), "accounts_at_most": 1000}
            for name in (PARTNER, OTHER)
        ],
        "placements": [_placement(each, day) for each in placed],
        "payments": [_payment(each) for each in paid],
        "partner_claims": [_claim(each) for each in claimed],
        "employees": [], "employment": [], "staff_postings": [], "leave": [], "calendar": [],
    }  # fmt: skip


def _account(book: Book, name: str, day: date) -> dict[str, object]:
    return {"account_id": name, "currency": "VND", "days_past_due": (day - book.due_since.get(name, day)).days}


def _placement(each: Placed, day: date) -> dict[str, object]:
    return {
        "placement_id": f"{each.account}-{each.number}",
        "account_id": each.account,
        "partner_id": each.partner,
        "placement_batch": "B1",
        "placement_number": each.number,
        "placed_on": each.on,
        "balance_at_placement": Decimal(10_000_000),
        "currency": "VND",
        "days_past_due_at_placement": 200,
        "term_ends_on": each.on + timedelta(days=365),
        "exclusive": True,
        "recalled_on": each.recalled_on if each.recalled_on and each.recalled_on <= day else None,
    }


def _payment(each: Paid) -> dict[str, object]:
    return {
        "payment_id": each.payment_id,
        "account_id": each.account,
        "paid_on": each.on,
        "posted_on": each.posted,
        "amount": Decimal(each.amount),
        "principal": Decimal(each.amount - each.waiver),
        "interest": Decimal(0),
        "fee": Decimal(0),
        "waiver": Decimal(each.waiver),
        "currency": "VND",
        "channel": "transfer",
        "reverses": each.reverses or None,
    }


def _claim(each: Claimed) -> dict[str, object]:
    return {
        "claim_id": each.claim_id,
        "partner_id": each.partner,
        "account_id": each.account,
        "claimed_on": each.claimed_on,
        "month": each.month or each.on.replace(day=1),
        "paid_on": each.on,
        "amount": Decimal(each.amount),
        "currency": each.currency,
        "payment_id": each.payment_id or None,
    }


def _arrow(table: str, rows: Iterable[Mapping[str, object]]) -> pa.Table:
    listed = list(rows)
    names = CATALOGUE[table].names
    return pa.table({name: pa.array([row.get(name) for row in listed]) for name in names})
