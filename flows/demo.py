"""The demonstration: a demo book, two months of nights, a month-end through approval, publishing and close.

Everything runs in this process against one Prefect server, whose database stays below the home folder: `make serve`
shows the same runs afterwards. Flows are imported once the server is there: Prefect reads its address at import.
"""

from __future__ import annotations

import logging
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa

from adapters.demo import DemoPlan, write_demo_book
from adapters.store.ledger import read_entries, read_head
from adapters.store.results import read_kpis
from adapters.store.runs import official_run
from adapters.store.schema import releases, runs, stage_results
from adapters.store.signatures import sign
from adapters.world import World, world_of_process
from domain.ids import RunId, short
from domain.manifest import RunKind, Stage
from domain.money import from_minor
from domain.periods import Period
from domain.records import Grain, KpiResult, Unit
from flows.attempts import attempt_at
from flows.cli.output import errors, people, print_table
from flows.serve import starting_server
from incentives.batches import DecisionKind, PeriodDecisionKind
from tasks.stages import decide, opening
from tasks.stages.claims_run import settle_claims
from tasks.stages.labels import book_label
from tasks.stages.month_end import read_frozen
from tasks.stages.plan import NIGHT
from tasks.stages.review import write_review
from tasks.stages.rules import sound_rules

FIRST, LAST = date(2026, 9, 1), date(2026, 10, 31)
WEEK = date(2026, 10, 30)  # ends with its weekly report, beside the week before
FULL_NIGHTS = frozenset({date(2026, 9, 30), date(2026, 10, 22), WEEK, LAST})
PERIOD, MONTH_END_AFTER = Period(2026, 9), date(2026, 10, 2)
CLAIMS_DUE, CLAIMING = date(2026, 10, 10), ("R01", "R04")  # a partner that is paid in VND, and one in CNY
SHORT_NIGHT = (Stage.GATE, Stage.ALLOCATE)

PROPOSER, SIGNER, PREPARER, PUBLISHER = "demo proposer", "demo signer", "demo preparer", "demo publisher"
HEADLINES = ("recovered", "recovery_rate", "contact_rate", "promise_kept", "visits_on_time", "upheld_complaints")


def run(accounts: int, employees: int) -> None:
    """The whole demonstration, ending with what was found and where the reports lie."""
    world, watch = world_of_process(), _Watch()
    plan = DemoPlan(accounts, employees, 4, FIRST, LAST, seed=1)
    with ExitStack() as stack:
        wait_until_up = stack.enter_context(starting_server(world.settings, _free_port()))
        with watch.on("demo book"):
            _write_book(world, plan)
        sign(world.store, sound_rules(world.settings.rules).contents(), proposer=PROPOSER, signer=SIGNER)
        with watch.on("start of Prefect"):
            wait_until_up()
            stack.enter_context(_without_heartbeats())
            stack.callback(_send_logs)
        for day in plan.days:
            _run_day(world, watch, day)
    _closing_screen(world, watch)


@dataclass(slots=True)
class _Watch:
    """Wall time by what it was spent on."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def on(self, what: str) -> Iterator[None]:
        begun = time.perf_counter()
        with errors.status(what):
            yield
        self.seconds[what] = self.seconds.get(what, 0.0) + time.perf_counter() - begun


def _write_book(world: World, plan: DemoPlan) -> None:
    settings = world.settings

    def write(path: Path, produce: Callable[[Path], None]) -> None:
        world.seam.write_file(path, produce, point="landing")

    write_demo_book(plan, settings.landing, memory_limit=settings.memory_limit, threads=settings.threads, write=write)


@contextmanager
def _without_heartbeats() -> Iterator[None]:
    """A flow run waits up to a second for its heartbeat thread to end; here nobody watches for flows that died."""
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield


def _send_logs() -> None:
    """What runs had to say is with the server before it stops."""
    for handler in logging.getLogger("prefect.flow_runs").handlers:
        handler.flush()


def _run_day(world: World, watch: _Watch, day: date) -> None:
    from flows.nightly import nightly

    if day == FIRST:
        with watch.on("opening"):
            nightly(day, (Stage.GATE,))
            _open(world, day)
    what = "full nights" if day in FULL_NIGHTS else "other nights: land, gate, allocate"
    with watch.on(what):
        nightly(day, NIGHT if day in FULL_NIGHTS else SHORT_NIGHT)
    if day == MONTH_END_AFTER:
        with watch.on("month-end"):
            _month_end(world)
    if day == CLAIMS_DUE:
        with watch.on("claims of partners"):
            settle(world, CLAIMING)


def settle(world: World, partners: Sequence[str]) -> None:
    """Match what these partners claim of the month to the books of the newest night; people decide what differs."""
    for partner in partners:
        with attempt_at(world, f"settlement run {partner} {PERIOD}", None) as attempt:
            settle_claims(world, partner, str(PERIOD), by=PREPARER, attempt=attempt)


def _open(world: World, day: date) -> None:
    with attempt_at(world, f"open {day}", day) as attempt:
        opening.open_book(world, day, attempt, by=PREPARER)


def _month_end(world: World) -> None:
    """Prepare, approve by the whole chain, publish and close, each by a demo person of its own."""
    from flows.month_end import month_end
    from flows.publish import publish

    prepared = month_end(str(PERIOD), PREPARER)
    for batch in prepared.batches:
        for role in _roles_of(world, batch):
            decide.decide(world, batch, DecisionKind.APPROVED, by=f"demo {role}")
        publish(batch, PUBLISHER)
    closed = PeriodDecisionKind.CLOSED
    decide.decide_period(world, PERIOD, closed, by="demo finance", reason="demonstration")
    write_review(world, PERIOD)


def _roles_of(world: World, batch: str) -> tuple[str, ...]:
    with world.store.read() as connection:
        return read_frozen(connection, batch).batch.chain


def _closing_screen(world: World, watch: _Watch) -> None:
    people.print(f"\n{book_label(world)}. Its rules, approvals and people are a demonstration as well.\n", style="bold")
    print_table(f"Nights, {FIRST} to {LAST}", _night_rows(world))
    print_table(f"Departments, month to {LAST}", _kpi_rows(world))
    print_table(f"Pay of {PERIOD}", _pay_rows(world))
    print_table("Time", [{"what": what, "seconds": f"{spent:.1f}"} for what, spent in watch.seconds.items()])
    with world.store.read() as connection:
        head, last = read_head(connection), _full_run(connection, LAST)
    home = world.settings.home
    people.print(f"Ledger: {head.sequence} entries, head {short(head.entry_hash)}; `recoup verify` proves it.")
    people.print(f"HR's page and workbook:  {home}/reports/{PERIOD}/bonus.html, bonus.xlsx, fee.html, fee.xlsx")
    people.print(f"The last night's page:   {home}/runs/{last}/night.html; its daily report: daily.html beside it")
    people.print(f"A week's report:         {home}/reports/weekly/{WEEK}/weekly.html")
    people.print(f"The month's report:      {home}/reports/monthly/{LAST}/monthly.html")
    people.print("Claims of partners:      `recoup settlement list`; what is open: "
                 f"`recoup settlement show {CLAIMING[0]}`")  # fmt: skip
    people.print("Look around: `recoup runs`, `recoup show RUN`, `recoup batches`, "
                 f"`recoup explain payout EMPLOYEE --period {PERIOD}`, `make serve`")  # fmt: skip
    people.print(f"In all {sum(watch.seconds.values()):.0f} seconds.", highlight=False)


def _night_rows(world: World) -> list[dict[str, object]]:
    """Runs by what they did, with how they ended; and the dispatch that they released."""
    done = sa.select(runs.c.business_date, stage_results.c.stage, stage_results.c.outcome).join(
        stage_results, stage_results.c.run_id == runs.c.run_id
    )
    with world.store.read() as connection:
        counts = Counter((row.stage, row.outcome) for row in connection.execute(done))
        changes = connection.execute(sa.select(sa.func.count(), sa.func.sum(releases.c.rows))).one()
    rows: list[dict[str, object]] = [
        {"stage": stage.value, "done": counts[stage.value, "done"], "halted": counts[stage.value, "halted"]}
        for stage in (*NIGHT, Stage.PREPARE)
    ]
    return [*rows, {"stage": f"releases of the dispatch ({changes[1]:,} changes)", "done": changes[0], "halted": 0}]


def _kpi_rows(world: World) -> list[dict[str, object]]:
    with world.store.read() as connection:
        run_id = _full_run(connection, LAST)
        results = read_kpis(connection, run_id) if run_id else ()
    found = {(r.entity, r.currency, r.kpi): r for r in results if r.grain is Grain.DEPARTMENT and r.kpi in HEADLINES}
    keys = sorted({(entity, currency) for entity, currency, _ in found if currency})
    return [
        {"department": entity, "currency": currency, **_headlines(found, entity, currency)} for entity, currency in keys
    ]


def _headlines(found: Mapping[tuple[str, str, str], KpiResult], entity: str, currency: str) -> dict[str, str]:
    """Figures of money are by currency; the others are the department's."""
    return {
        kpi.replace("_", " "): _shown(found.get((entity, currency, kpi)) or found.get((entity, "", kpi)))
        for kpi in HEADLINES
    }


def _shown(result: KpiResult | None) -> str:
    if result is None or result.value is None:
        return "no value"
    if result.unit is Unit.RATIO:
        return f"{result.value:.1%}"
    return f"{result.value:,.0f}"


def _pay_rows(world: World) -> list[dict[str, object]]:
    """What the published batches posted, by batch and currency, as the ledger has it."""
    sums: Counter[tuple[str, str]] = Counter()
    payees: dict[tuple[str, str], set[str]] = {}
    with world.store.read() as connection:
        for entry in read_entries(connection):
            key = (entry.batch_id.rpartition("-")[0], entry.currency)
            sums[key] += entry.amount_minor
            payees.setdefault(key, set()).add(entry.payee)
    return [
        {
            "batch": batch,
            "payees": len(payees[batch, currency]),
            "posted": _money(from_minor(minor, currency), currency),
        }
        for (batch, currency), minor in sorted(sums.items())
    ]


def _money(amount: Decimal, currency: str) -> str:
    return f"{amount:,f} {currency}"


def _full_run(connection: sa.Connection, day: date) -> RunId | None:
    return official_run(connection, RunKind.NIGHTLY.value, day, Stage.REPORT.value)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
