"""Recovery by lot over nights: drawn on one, known and measured on a later one, by what its manifest names."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from adapters.store.results import read_kpis
from adapters.store.runs import files_of_run
from adapters.store.signatures import sign
from adapters.world import open_world, registered_file
from domain.drawn import DRAWN
from domain.manifest import Stage
from domain.money import CONTEXT
from domain.records import Grain
from tasks.stages.manifests import manifest_of
from tasks.stages.measured import measured_night
from tasks.stages.rules import sound_rules
from tests.conftest import SteppingClock, copy_of
from tests.stages.books import house_book
from tests.stages.conftest import night_of

pytestmark = pytest.mark.slow

DRAWN_ON, KNOWN_ON, DAYS = date(2026, 9, 4), date(2026, 9, 29), 20
FIRMS = f"""\
experiments:
  - id: two_firms
    title: Two law firms
    owner: head_of_partners
    valid_from: 2026-09-04
    valid_to: 2026-12-01
    draws_until: 2026-09-29
    salt: two-firms-2026
    share: 0.60
    strata: {{by: [segment]}}
    capacity_share: 0.90
    segments: [legal]
    arms:
      - {{id: one, title: Firm one, probability: 0.50, partners: [R01]}}
      - {{id: two, title: Firm two, probability: 0.50, partners: [R02]}}
    champion: one
    outcome: {{measure: paid, days: {DAYS}}}
"""


@pytest.fixture
def world(measured_world, tmp_path, request):
    book = house_book(tmp_path / "book")
    (book / "allocation" / "experiments").mkdir(exist_ok=True)
    (book / "allocation" / "experiments" / "firms.yaml").write_text(FIRMS, encoding="utf-8")
    with copy_of(measured_world, tmp_path / "home", request) as copy:
        settings = copy.settings.model_copy(update={"rules": book})
        copy.store.engine.dispose()
        changed = open_world(settings, clock=SteppingClock(copy.seam.clock()))
        sign(changed.store, sound_rules(book).contents(), proposer="proposer", signer="signer")
        yield changed


def test_debtors_by_lot_are_counted_once_their_outcome_is_known(world):
    drawing = night_of(world, DRAWN_ON, (Stage.GATE, Stage.ALLOCATE, Stage.MEASURE))
    with world.store.read() as connection:
        files = files_of_run(connection, drawing.run)
        drawn = pq.read_table(registered_file(world, files[DRAWN.name].path, files[DRAWN.name].sha256)).to_pylist()
        assert "lot_outcomes" not in files, "on the night that draws nothing is known"
        assert _by_lot(connection, drawing.run)["lot_debtors"] in ({}, {"R01": 0, "R02": 0})
    later = night_of(world, KNOWN_ON, (Stage.GATE, Stage.MEASURE))
    with world.store.read() as connection:
        manifest, files = manifest_of(connection, later.run), files_of_run(connection, later.run)
        found = _by_lot(connection, later.run)
    assert manifest.drawn is not None
    debtors = {}
    for row in drawn:
        debtors.setdefault(row["destination"].removeprefix("partner:"), set()).add((row["debtor_id"], row["currency"]))
    assert len(debtors) == 2
    file = files["lot_outcomes"]
    rows = pq.read_table(registered_file(world, file.path, file.sha256)).to_pylist()
    if rows:  # somebody paid
        assert found["lot_debtors"] == {partner: len(names) for partner, names in debtors.items()}
        for partner, value in found["recovery_by_lot"].items():
            mine = [row for row in rows if row["partner_id"] == partner]
            brought, expected = (sum((row[name] for row in mine), Decimal(0)) for name in ("brought", "expected"))
            assert value == CONTEXT.divide(brought, expected)
    with measured_night(world, KNOWN_ON) as night:
        assert night.duck.run("SELECT count(*) FROM lot_outcomes").fetchone() == (len(rows),)
    again = night_of(world, KNOWN_ON, (Stage.GATE, Stage.MEASURE))
    assert again.run == later.run, "the same inputs are the same run"


def _by_lot(connection, run):
    found = {"lot_debtors": {}, "recovery_by_lot": {}}
    for each in read_kpis(connection, run, {*found}, grains=(Grain.PARTNER,)):
        found[each.kpi][each.entity] = each.value
    return found
