"""The tie-out of a month: from its payments to what was paid, each total with the reasons of its difference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from adapters.store.ledger import read_entries
from adapters.store.payroll import exports_of, handed_over
from adapters.store.results import read_held, read_kpis
from adapters.store.runs import stage_result
from domain.manifest import Manifest, Stage
from domain.money import from_minor
from domain.records import Grain, ValueState
from incentives.batches import BatchPhase
from incentives.ledger import BatchKind
from reports.batch_report import TieOut, TieOutRow, TieOutStep
from tasks.stages.month_end import Frozen

RECOVERED = "recovered"  # the KPI whose credits the payments are
_WHOSE = {BatchKind.BONUS: Grain.EMPLOYEE, BatchKind.FEE: Grain.PARTNER}

Sums = Mapping[str, Decimal]  # by currency
Reasons = tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class KindTieOut:
    """The chains of one kind of batch, one for each currency."""

    kind: str
    chains: tuple[TieOut, ...]


def tie_outs(
    connection: sa.Connection, manifest: Manifest, kind: BatchKind, batches: Iterable[Frozen]
) -> tuple[TieOut, ...]:
    """By currency, for one kind of batch; `batches` are those that stand."""
    frozen = tuple(batches)
    measured = stage_result(connection, manifest.source, Stage.MEASURE.value) if manifest.source else None
    credited = {row["currency"]: row for row in (measured.summary["credits"] if measured else ())}
    recovered = _recovered(connection, manifest)
    chains = _chains(connection, frozen)
    found = []
    for currency in sorted({*credited, *chains}):
        steps = (
            *_credit_steps(credited.get(currency)),
            *_kpi_step(recovered, kind, currency),
            *chains[currency].steps(kind),
        )
        found.append(TieOut(currency, steps))
    return tuple(found)


def plain_tie_outs(chains: Iterable[TieOut]) -> list[dict[str, object]]:
    """For programs: each step with its total, difference, reasons and what they do not cover."""
    return [{"currency": chain.currency, "steps": [_plain(row) for row in chain.rows]} for chain in chains]


def _plain(row: TieOutRow) -> dict[str, object]:
    return {
        "step": row.step.name,
        "total": row.step.total,
        "difference": row.difference,
        "reasons": [{"reason": text, "amount": amount} for text, amount in row.step.reasons],
        "unexplained": row.unexplained,
    }


def _recovered(connection: sa.Connection, manifest: Manifest) -> dict[tuple[Grain, str], Decimal]:
    """What the KPI came to, over all employees and all partners; nothing where it is halted for anybody."""
    if manifest.source is None:
        return {}
    results = read_kpis(connection, manifest.source, [RECOVERED], grains=_WHOSE.values())
    sums: dict[tuple[Grain, str], Decimal] = defaultdict(Decimal)
    for result in results:
        sums[result.grain, result.currency] += result.value or Decimal(0)
    is_halted = any(result.state is ValueState.HALTED for result in results)
    return {} if is_halted else sums


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


_Open = defaultdict[str, Decimal]  # what is not there yet, by reason: below zero, as it is missing


@dataclass(slots=True)
class _Chain:
    """The sums of one currency from payout lines to what was paid, each with why it is not the one before."""

    lines: Decimal = Decimal(0)
    due: Decimal = Decimal(0)
    posted: Decimal = Decimal(0)
    filed: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)
    not_due: _Open = field(default_factory=lambda: defaultdict(Decimal))
    not_posted: _Open = field(default_factory=lambda: defaultdict(Decimal))
    not_filed: _Open = field(default_factory=lambda: defaultdict(Decimal))
    not_paid: _Open = field(default_factory=lambda: defaultdict(Decimal))

    def steps(self, kind: BatchKind) -> Iterator[TieOutStep]:
        yield TieOutStep("Payout lines", self.lines, starts=True)
        yield TieOutStep("To be posted by the batches", self.due, _sorted(self.not_due))
        yield TieOutStep("Posted in the ledger", self.posted, _sorted(self.not_posted))
        if kind is BatchKind.BONUS:
            yield TieOutStep("In the payroll files", self.filed, _sorted(self.not_filed))
            yield TieOutStep("Paid, by the return files", self.paid, _sorted(self.not_paid))
        else:
            yield TieOutStep("In the journals", self.filed, _sorted(self.not_filed))


def _chains(connection: sa.Connection, batches: Iterable[Frozen]) -> dict[str, _Chain]:
    chains: dict[str, _Chain] = defaultdict(_Chain)
    for frozen in batches:
        for line in frozen.lines:
            chains[line.currency].lines += line.amount
        _add_due(chains, frozen, _held(connection, frozen))
        _add_posted(chains, frozen, read_entries(connection, [frozen.batch.batch_id]))
        if frozen.batch.kind is BatchKind.BONUS:
            _add_payroll(connection, chains, frozen)
        else:
            _add_journal(connection, chains, frozen)
    return chains


def _add_due(chains: dict[str, _Chain], frozen: Frozen, held: frozenset[tuple[str, str]]) -> None:
    """What the batch posts: less what was posted before, and nothing for who is held."""
    due = {posting.key: posting.amount_minor for posting in frozen.postings}
    for key in {*frozen.desired, *frozen.posted}:
        chain, desired, posted = chains[key.currency], frozen.desired.get(key, 0), frozen.posted.get(key, 0)
        chain.due += from_minor(due.get(key, 0), key.currency)
        chain.not_due["posted before"] -= from_minor(posted, key.currency)
        if key not in due and not held.isdisjoint({(key.payee, key.component), (key.payee, "")}):
            chain.not_due["held"] -= from_minor(desired - posted, key.currency)


def _add_posted(chains: dict[str, _Chain], frozen: Frozen, entries: Iterable[sa.Row[Any]]) -> None:
    for row in entries:
        chains[row.currency].posted += from_minor(row.amount_minor, row.currency)
    if frozen.state.phase is not BatchPhase.PUBLISHED:
        reason = f"{frozen.batch.batch_id} is {frozen.state.phase.value}"
        for posting in frozen.postings:
            chains[posting.key.currency].not_posted[reason] -= from_minor(posting.amount_minor, posting.key.currency)


def _add_payroll(connection: sa.Connection, chains: dict[str, _Chain], frozen: Frozen) -> None:
    """The control totals of the first file as they were registered, and the answers to each entry's newest line."""
    batch_id = frozen.batch.batch_id
    exports = [row for row in exports_of(connection, batch_id) if (row.kind, row.number) == ("payroll", 1)]
    for row in exports:
        for currency, minor in row.totals.items():
            chains[currency].filed += from_minor(minor, currency)
    if not exports:
        _nothing_filed(chains, frozen)
    newest = {row.sequence: row for row in handed_over(connection, batch_id=batch_id)}
    for row in newest.values():
        amount = from_minor(row.amount_minor, row.currency)
        if row.outcome == "paid":
            chains[row.currency].paid += amount
        else:
            reason = f"rejected: {row.reason}" if row.outcome else "no answer yet"
            chains[row.currency].not_paid[reason] -= amount


def _add_journal(connection: sa.Connection, chains: dict[str, _Chain], frozen: Frozen) -> None:
    """What the journal says is owed; below zero where more was taken back than paid."""
    exports = [row for row in exports_of(connection, frozen.batch.batch_id) if row.kind == "journal"]
    for row in exports:
        for currency, totals in row.totals.items():
            chains[currency].filed += from_minor(totals["owed"], currency)
    if not exports:
        _nothing_filed(chains, frozen)


def _nothing_filed(chains: dict[str, _Chain], frozen: Frozen) -> None:
    if frozen.state.phase is BatchPhase.PUBLISHED:
        for posting in frozen.postings:
            amount = from_minor(posting.amount_minor, posting.key.currency)
            chains[posting.key.currency].not_filed[f"{frozen.batch.batch_id} is not written yet"] -= amount


def _held(connection: sa.Connection, frozen: Frozen) -> frozenset[tuple[str, str]]:
    rows = read_held(connection, frozen.run, frozen.batch.kind.value)
    return frozenset((payee, component) for payee, component, _ in rows)


def _sorted(reasons: Mapping[str, Decimal]) -> Reasons:
    return tuple((reason, reasons[reason]) for reason in sorted(reasons) if reasons[reason])
