"""Recovery by lot in a night's session: by the lots that its manifest names, from the books that it read."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from adapters.store.runs import allocating_run
from adapters.store.schema import run_files
from adapters.world import registered_file
from allocation.drawing import drawn_table
from domain.ids import Digest
from domain.manifest import RunKind
from domain.money import CONTEXT
from domain.records import Grain
from kpi_rules.plan import plan_kpis
from kpi_rules.results import kpi_results
from tasks.stages.gate import accepted_in
from tasks.stages.lot_outcomes import view_lot_outcomes, write_lot_outcomes
from tasks.stages.manifests import manifest_of
from tasks.stages.night import Night, write_table
from tasks.stages.rules import sound_rules
from tasks.stages.session import session_of_night
from tests.allocation.test_drawing_lots import FIRMS, experiments_of
from tests.conftest import copy_of

pytestmark = pytest.mark.slow

FIRST, THIRD = date(2026, 9, 1), date(2026, 9, 3)
KPIS = {"lot_debtors", "recovery_by_lot"}


@pytest.fixture
def world(measured_world, tmp_path, request):
    with copy_of(measured_world, tmp_path / "home", request) as copied:
        yield copied


def drawn(account, debtor, partner, arm):
    return {
        "experiment_id": "two_firms", "account_id": account, "debtor_id": debtor, "arm": arm,
        "destination": f"partner:{partner}", "stratum": "all", "chance": Decimal(1), "chance_of_arm": Decimal("0.5"),
        "chance_of_destination": Decimal(1), "drawn_on": FIRST, "segment": "legal", "currency": "VND",
        "balance": Decimal(1000), "overdue_amount": Decimal(100),
    }  # fmt: skip


def payers(world):
    """Accounts with bookings of the second and third, by account."""
    paid = [pq.read_table(world.settings.landing / f"2026-09-0{day}" / "payments.parquet") for day in (2, 3)]
    return sorted({row["account_id"] for table in paid for row in table.to_pylist() if row["amount"] > row["waiver"]})


def with_lots(world, manifest, run, rows):
    """The manifest of a night that reads these lots, which are a file of a night like any other's."""
    path = world.settings.home / "runs" / run / "drawn_before.parquet"
    written = world.seam.write_file(path, lambda part: write_table(drawn_table(rows), part), point="test")
    with world.store.write("test") as connection:
        connection.execute(
            run_files.insert().values(run_id=run, name="drawn_before", path=path.relative_to(world.settings.home)
                                      .as_posix(), sha256=written.sha256, rows=len(rows))
        )  # fmt: skip
    return replace(manifest, drawn=Digest(written.sha256))


def test_debtors_by_lot_are_counted_and_weighed_once_their_outcome_is_known(world):
    short = FIRMS.replace("{measure: recovered_of_overdue, days: 30}", "{measure: paid, days: 2}")
    (known,) = experiments_of(short).on(date(2026, 10, 5))
    paid = payers(world)
    assert len(paid) >= 3
    rows = [drawn(paid[0], "D1", "R01", "firm_a"), drawn("A404", "D2", "R01", "firm_a")]
    rows += [drawn(paid[1], "D3", "R02", "firm_b"), drawn(paid[2], "D4", "R02", "firm_b")]
    rows = [*sorted(rows, key=lambda each: each["account_id"])]
    with world.store.read() as connection:
        run = allocating_run(connection, THIRD)
        manifest, accepted = manifest_of(connection, run), accepted_in(connection, run)
    manifest = with_lots(world, manifest, run, rows)
    rules = sound_rules(world.settings.rules).kpis.on(THIRD)
    asked = replace(rules, figures=tuple(each for each in rules.figures if each.id in KPIS))
    plan = plan_kpis(asked, start=FIRST, as_of=THIRD, halted=frozenset())
    night = Night(run, None, THIRD, RunKind.NIGHTLY)
    with session_of_night(world, manifest, accepted) as duck:
        before = kpi_results(plan, {each.name: duck.read(each.statement) for each in plan.statements})
        (file,) = write_lot_outcomes(world, night, manifest, duck, [known])
        after = kpi_results(plan, {each.name: duck.read(each.statement) for each in plan.statements})
        view_lot_outcomes(world, duck, run)
        assert duck.run("SELECT count(*) FROM lot_outcomes").fetchone() == (0,), "the run has not registered it"
        assert write_lot_outcomes(world, night, replace(manifest, drawn=None), duck, [known]) == ()
    assert _of_partners(before, "lot_debtors") == {}
    assert _of_partners(after, "lot_debtors") == {"R01": Decimal(2), "R02": Decimal(2)}
    # three of four paid: one debtor is expected to bring 3/4; R01's two brought one, R02's two both
    by_lot = _of_partners(after, "recovery_by_lot")
    assert {partner: round(value, 6) for partner, value in by_lot.items()} == {
        "R01": round(CONTEXT.divide(Decimal(2), Decimal(3)), 6),
        "R02": round(CONTEXT.divide(Decimal(4), Decimal(3)), 6),
    }
    path = registered_file(world, file.path, file.sha256)
    assert [row["debtor_id"] for row in pq.read_table(path).to_pylist()] == ["D1", "D2", "D3", "D4"]
    assert {row["known_on"] for row in pq.read_table(path).to_pylist()} == {THIRD}


def _of_partners(results, kpi):
    return {each.entity: each.value for each in results if (each.kpi, each.grain) == (kpi, Grain.PARTNER)}
