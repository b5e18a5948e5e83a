"""A month's pay as people type it, command by command, from preparing to closing: with a hold, an adjustment, a
corrected extract and what the payroll system answers.

A step may be typed again after it died anywhere. Commands of the program are typed again as they are; before a decision
of their own people look whether it is on record already.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb

from adapters.store.batches import period_decisions_on, read_batches
from adapters.store.settlements import holds_of
from adapters.world import World
from domain.manifest import Stage
from domain.periods import Period
from flows.attempts import attempt_at
from incentives.batches import BatchPhase, PeriodDecisionKind
from incentives.ledger import BatchKind
from tasks.stages import decide
from tasks.stages.adjust import NewAdjustment, decide_adjustment, hold_payee, list_adjustments, propose, release_payee
from tasks.stages.after_publish import write_outputs
from tasks.stages.month_end import Frozen, prepare, read_frozen
from tasks.stages.payroll import reissue_rejected
from tasks.stages.payroll_return import open_lines, take_in
from tasks.stages.review import write_review
from tests.crashes.office import CLERK, FINANCE, HR, Office, Scenario, Step, approve_all
from tests.crashes.ready import paid_month
from tests.stages.conftest import night_of

PERIOD, LAST = Period(2026, 9), date(2026, 9, 30)


def frozen_of(world: World, period: Period = PERIOD) -> list[Frozen]:
    """All batches of the month, in the order of their ids."""
    with world.store.read() as connection:
        rows = read_batches(connection, str(period))
        return sorted((read_frozen(connection, row.batch_id) for row in rows), key=lambda each: each.batch.batch_id)


def batches_in(world: World, phase: BatchPhase) -> list[Frozen]:
    return [each for each in frozen_of(world) if each.state.phase is phase]


def prepare_month(office: Office) -> None:
    with attempt_at(office.world, f"month-end {PERIOD}", LAST) as attempt:
        prepare(office.world, PERIOD, attempt, by="preparer")
        write_review(office.world, PERIOD)


def _hold(office: Office) -> None:
    batch, payee = of_field(office, 0)
    if not _holds(office):
        with attempt_at(office.world, f"hold {payee}", None) as attempt:
            hold_payee(office.under(HR), batch, payee, by=HR, reason="two visits are in doubt", attempt=attempt)


def _adjust(office: Office) -> None:
    batch, payee = of_field(office, 1)
    if not list_adjustments(office.world, PERIOD):
        wanted = NewAdjustment(payee, Decimal(250_000), "VND", HR, "a visit that was not recorded")
        with attempt_at(office.world, f"adjust {payee}", None) as attempt:
            propose(office.under(HR), batch, wanted, attempt)
    (known,) = list_adjustments(office.world, PERIOD)
    if known.state == "proposed":
        with attempt_at(office.world, f"approve {known.adjustment_id}", None) as attempt:
            decide_adjustment(office.under(FINANCE), known.adjustment_id, approve=True, by=FINANCE, attempt=attempt)


def _approve(office: Office) -> None:
    with attempt_at(office.world, f"approve the batches of {PERIOD}", None):
        approve_all(office, batches_in(office.world, BatchPhase.PREPARED))
    write_review(office.world, PERIOD)


def _publish(office: Office) -> None:
    for frozen in batches_in(office.world, BatchPhase.APPROVED):
        with attempt_at(office.world, f"publish {frozen.batch.batch_id}", None):
            decide.publish(office.world, frozen.batch.batch_id, by=FINANCE)


def _export(office: Office) -> None:
    for frozen in batches_in(office.world, BatchPhase.PUBLISHED):
        with attempt_at(office.world, f"outputs {frozen.batch.batch_id}", None):
            write_outputs(office.world, frozen.batch.batch_id)
    write_review(office.world, PERIOD)


def _correct(office: Office) -> None:
    """A bad review arrives for somebody who was paid: the last day's extract comes anew, and its night is run again."""
    _, payee = of_field(office, 2)
    deliver(office.world, payee, LAST)
    office.world.seam.sweep()
    night_of(office.world, LAST, (Stage.GATE, Stage.ALLOCATE, Stage.MEASURE))


def deliver(world: World, payee: str, day: date) -> None:
    """The day's reviews with one more, as the core system puts them there: whole or not at all."""
    path = world.settings.landing / str(day) / "reviews.parquet"
    if duckdb.execute(f"SELECT count(*) FROM '{path}' WHERE review_id = 'R-late'").fetchone() == (0,):
        duckdb.execute(
            f"COPY (FROM '{path}' UNION ALL SELECT 'R-late', '{payee}', NULL, DATE '{day}', 0.1, true) "
            f"TO '{path}.new' (FORMAT parquet)"
        )
        path.with_name(f"{path.name}.new").replace(path)


def _release(office: Office) -> None:
    decision = _holds(office)[-1]
    if decision.decision == "held":
        batch, _ = of_field(office, 0)
        with attempt_at(office.world, f"release {decision.payee}", None) as attempt:
            release_payee(office.under(HR), batch, decision.payee, by=HR, reason="settled", attempt=attempt)


def _answer(office: Office) -> None:
    """The payroll system rejects the first line of the first file, and pays it when it comes again."""
    world = office.world
    take_in(office.under(CLERK), _returned(office, "first.csv", rejected=1), by=CLERK)
    for batch_id in sorted({line.batch_id for line in open_lines(world, PERIOD) if line.state == "rejected"}):
        with attempt_at(world, f"payroll again {batch_id}", None):
            reissue_rejected(world, batch_id)
    take_in(office.under(CLERK), _returned(office, "second.csv"), by=CLERK)


def _close(office: Office) -> None:
    with office.world.store.read() as connection:
        is_closed = bool(period_decisions_on(connection, str(PERIOD)))
    if not is_closed:
        with attempt_at(office.world, f"close {PERIOD}", None):
            decide.decide_period(
                office.under(FINANCE), PERIOD, PeriodDecisionKind.CLOSED, by=FINANCE, reason="all is paid"
            )
    write_review(office.world, PERIOD)


STEPS = (
    Step("prepare", prepare_month),
    Step("hold a payee", _hold),
    Step("adjust by two people", _adjust),
    Step("prepare again", prepare_month),
    Step("approve", _approve),
    Step("publish", _publish),
    Step("export", _export),
    Step("correct an extract", _correct),
    Step("release the payee", _release),
    Step("prepare the differences", prepare_month),
    Step("approve the differences", _approve),
    Step("publish the differences", _publish),
    Step("export the differences", _export),
    Step("payroll's answer", _answer),
    Step("close", _close),
)

BRIEFLY = tuple(STEPS[number] for number in (0, 4, 5, 6, 14))  # nobody is held, and nothing is corrected


def of_field(office: Office, number: int) -> tuple[str, str]:
    """The first batch of a department in the field that pays several, and one of those by number."""
    bonus = [each for each in frozen_of(office.world) if each.batch.kind is BatchKind.BONUS]
    found = [each for each in bonus if each.batch.scope == "field"]
    first = min(found, key=lambda each: (each.batch.prepared_on or LAST, len(each.posted), each.batch.batch_id))
    payees = sorted({line.payee for line in first.lines if line.amount > 0 and line.currency == "VND"})
    return first.batch.batch_id, payees[number]


def _holds(office: Office) -> tuple[object, ...]:
    with office.world.store.read() as connection:
        return tuple(holds_of(connection, "bonus", str(PERIOD)))


def _returned(office: Office, name: str, *, rejected: int = 0) -> Path:
    """What the payroll system sends back for everything that it was handed; written once, by its own side."""
    path = office.world.settings.landing / "returns" / name
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        part = path.with_suffix(".part")
        with part.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("line_id", "outcome", "amount", "currency", "paid_on", "reason"))
            rows.writerows(_answers(office, rejected))
        part.replace(path)
    return path


def _answers(office: Office, rejected: int) -> Iterator[tuple[str, ...]]:
    for number, line in enumerate(open_lines(office.world, PERIOD)):
        is_rejected = number < rejected
        outcome, day, reason = ("rejected", "", "account closed") if is_rejected else ("paid", "2026-10-05", "")
        yield line.line_id, outcome, line.amount, line.currency, day, reason


PAY = Scenario(
    "pay",
    "a month's pay from preparing to closing, with a hold, an adjustment, a corrected extract and its differences, "
    "and what the payroll system answers",
    paid_month,
    datetime(2026, 10, 2, tzinfo=UTC),  # seven in the morning in Vietnam: the whole month is typed on one day
    STEPS,
)
