"""The tie-out of a month: from its payments to what was paid, each total with the reasons of its difference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from adapters.store.ledger import read_entries
from adapters.store.results import read_held, read_kpis
from adapters.store.runs import stage_result
from domain.manifest import Manifest, Stage
from domain.money import from_minor
from domain.records import Grain
from incentives.ledger import BatchKind, LedgerKey
from reports.batch_report import TieOut, TieOutStep
from tasks.stages.month_end import Frozen

RECOVERED = "recovered"  # the KPI whose credits the payments are
_WHOSE = {BatchKind.BONUS: Grain.EMPLOYEE, BatchKind.FEE: Grain.PARTNER}

Sums = Mapping[str, Decimal]  # by currency
Reasons = tuple[tuple[str, Decimal], ...]


def tie_outs(
    connection: sa.Connection, manifest: Manifest, kind: BatchKind, batches: Iterable[Frozen]
) -> tuple[TieOut, ...]:
    """By currency, for one kind of batch; `batches` are those that stand."""
    frozen = tuple(batches)
    measured = stage_result(connection, manifest.source, Stage.MEASURE.value) if manifest.source else None
    credited = {row["currency"]: row for row in (measured.summary["credits"] if measured else ())}
    recovered = _recovered(connection, manifest)
    pay = _Pay(connection, kind, frozen)
    found = []
    for currency in sorted({*credited, *pay.currencies}):
        steps = (
            *_credit_steps(credited.get(currency)),
            *_kpi_step(recovered, kind, currency),
            *pay.steps(currency),
        )
        found.append(TieOut(currency, steps))
    return tuple(found)


def _recovered(connection: sa.Connection, manifest: Manifest) -> dict[tuple[Grain, str], Decimal]:
    """What the KPI came to, over all employees and all partners."""
    sums: dict[tuple[Grain, str], Decimal] = defaultdict(Decimal)
    if manifest.source is not None:
        for result in read_kpis(connection, manifest.source, [RECOVERED], grains=_WHOSE.values()):
            sums[result.grain, result.currency] += result.value or Decimal(0)
    return sums


def _credit_steps(row: dict[str, Any] | None) -> Iterator[TieOutStep]:
    if row is None:
        return
    reasons = tuple((f"uncredited: {each['reason']}", -Decimal(each["money"])) for each in row["uncredited"])
    yield TieOutStep("Payments without waivers", Decimal(row["eligible"]))
    yield TieOutStep("Credited to an owner", Decimal(row["credited"]), reasons)


def _kpi_step(recovered: Mapping[tuple[Grain, str], Decimal], kind: BatchKind, currency: str) -> Iterator[TieOutStep]:
    """Credits count for employees or for partners: what this kind is not paid by is the others'."""
    if not any(each == currency for _, each in recovered):
        return
    mine = _WHOSE[kind]
    (others,) = {*_WHOSE.values()} - {mine}
    name = f"KPI “{RECOVERED}” of {mine}s"
    other = recovered.get((others, currency), Decimal(0))
    reasons = ((f"counts for {others}s", -other),) if other else ()
    yield TieOutStep(name, recovered.get((mine, currency), Decimal(0)), reasons)


class _Pay:
    """The sums from payout lines to the ledger, by currency."""

    def __init__(self, connection: sa.Connection, kind: BatchKind, batches: tuple[Frozen, ...]) -> None:
        self.kind, self.batches = kind, batches
        self.lines: dict[str, Decimal] = defaultdict(Decimal)
        self.due: dict[str, Decimal] = defaultdict(Decimal)
        self.posted: dict[str, Decimal] = defaultdict(Decimal)
        self.reasons: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        self.unpublished: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for frozen in batches:
            self._add(frozen, _held(connection, frozen), read_entries(connection, [frozen.batch.batch_id]))

    @property
    def currencies(self) -> frozenset[str]:
        return frozenset({*self.lines, *self.due, *self.posted})

    def steps(self, currency: str) -> Iterator[TieOutStep]:
        yield TieOutStep("Payout lines", self.lines[currency], starts=True)
        yield TieOutStep("To be posted by the batches", self.due[currency], _sorted(self.reasons[currency]))
        yield TieOutStep("Posted in the ledger", self.posted[currency], _sorted(self.unpublished[currency]))

    def _add(self, frozen: Frozen, held: frozenset[tuple[str, str]], entries: Iterable[sa.Row[Any]]) -> None:
        for line in frozen.lines:
            self.lines[line.currency] += line.amount
        due = {posting.key: posting.amount_minor for posting in frozen.postings}
        for key in {*frozen.desired, *frozen.posted}:
            self._add_key(
                key, frozen, due.get(key, 0), is_held=not {(key.payee, key.component), (key.payee, "")}.isdisjoint(held)
            )
        entries = tuple(entries)
        for row in entries:
            self.posted[row.currency] += from_minor(row.amount_minor, row.currency)
        if not entries:
            for key, minor in due.items():
                reason = f"{frozen.batch.batch_id} is {frozen.state.phase.value}"
                self.unpublished[key.currency][reason] -= from_minor(minor, key.currency)

    def _add_key(self, key: LedgerKey, frozen: Frozen, due: int, *, is_held: bool) -> None:
        """A held key keeps what was posted: what is left open by it is its reason."""
        desired, posted = frozen.desired.get(key, 0), frozen.posted.get(key, 0)
        self.due[key.currency] += from_minor(due, key.currency)
        reasons = self.reasons[key.currency]
        if posted:
            reasons["posted before"] -= from_minor(posted, key.currency)
        if is_held and not due and desired != posted:
            reasons["held"] -= from_minor(desired - posted, key.currency)


def _held(connection: sa.Connection, frozen: Frozen) -> frozenset[tuple[str, str]]:
    rows = read_held(connection, frozen.run, frozen.batch.kind.value)
    return frozenset((payee, component) for payee, component, _ in rows)


def _sorted(reasons: Mapping[str, Decimal]) -> Reasons:
    return tuple((reason, reasons[reason]) for reason in sorted(reasons) if reasons[reason])
