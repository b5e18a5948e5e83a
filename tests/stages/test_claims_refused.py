"""Lines that the gate set aside, from the landing folder to the settlement: each is listed, none stops it."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adapters.duck import duck_columns
from adapters.store.runs import files_of_run
from domain.catalogue import CATALOGUE
from domain.manifest import Stage
from tasks.stages.claims_run import REFUSED_LINES
from tasks.stages.claims_status import settlement_status
from tests.conftest import copy_of
from tests.stages.claimed import PARTNER, settle
from tests.stages.conftest import night_of

pytestmark = pytest.mark.slow

LAST, MONTH = date(2026, 9, 30), date(2026, 9, 1)


@pytest.fixture
def world(measured_world, tmp_path, request):
    with copy_of(measured_world, tmp_path / "home", request) as world:
        yield world


def test_every_line_that_the_gate_set_aside_is_listed_under_the_kind_that_says_most(world):
    """About one account: what is wrong with a line decides; a line without an id can be named by nobody."""
    account = _placed(world)
    line = {"partner_id": PARTNER, "account_id": account, "claimed_on": LAST, "month": MONTH, "paid_on": MONTH,
            "amount": 100_000, "currency": "VND", "payment_id": None}  # fmt: skip
    _land(
        world,
        {**line, "claim_id": "sound"},
        {**line, "claim_id": "no month", "month": None},
        {**line, "claim_id": "not yet paid", "paid_on": LAST + timedelta(days=3)},
        {**line, "claim_id": "other currency", "currency": "CNY"},
        {**line, "claim_id": None},
    )
    night = night_of(world, LAST, (Stage.GATE,))
    with world.store.read() as connection:
        aside = files_of_run(connection, night.run)[REFUSED_LINES]
    assert aside.rows == 4, "all but the sound one"

    settle(world, "2026-09", LAST)
    (status,) = settlement_status(world, partner=PARTNER, on=LAST)
    found = {each.difference.subject: each.difference.kind.value for each in status.open}
    assert found == {
        "sound": "not_in_books",
        "no month": "refused_at_gate",
        "not yet paid": "not_yet_paid",
        "other currency": "wrong_currency",
    }


def test_a_line_that_comes_back_mended_is_no_longer_refused(world):
    """Sent again under its id with what was missing: the gate lets it through, and what was set aside is forgotten."""
    line = {"claim_id": "C1", "partner_id": PARTNER, "account_id": _placed(world), "claimed_on": LAST,
            "paid_on": MONTH, "amount": 100_000, "currency": "VND", "payment_id": None}  # fmt: skip
    kinds = []
    for month in (None, MONTH):
        _land(world, {**line, "month": month})
        night_of(world, LAST, (Stage.GATE,))
        settle(world, "2026-09", LAST)
        (status,) = settlement_status(world, partner=PARTNER, on=LAST)
        kinds.append([each.difference.kind.value for each in status.open])
    assert kinds == [["refused_at_gate"], ["not_in_books"]]


def _placed(world):
    """An account that the partner has."""
    placements = world.settings.landing / "2026-09-01" / "placements.parquet"
    (account,) = duckdb.execute(
        f"SELECT min(account_id) FROM '{placements}' "
        f"WHERE partner_id = '{PARTNER}' AND recalled_on IS NULL AND currency = 'VND'"
    ).fetchone()
    return account


def _land(world, *lines):
    """The claims of the day's extract."""
    table = CATALOGUE["partner_claims"]
    path = world.settings.landing / str(LAST) / f"{table.name}.parquet"
    given = pa.Table.from_pylist(list(lines))
    cells = ", ".join(f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind in duck_columns(table).items())
    with duckdb.connect() as duck:
        duck.register("given", given)
        pq.write_table(duck.sql(f"SELECT {cells} FROM given").to_arrow_table(), path)
