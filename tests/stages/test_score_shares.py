"""Quotas proposed from partners' scores: what is read, and what is missing for it."""

from datetime import date
from decimal import Decimal

import pytest

from adapters.errors import RefusedError
from adapters.store.results import write_scores
from adapters.store.runs import official_run
from adapters.world import open_world
from domain.ids import Digest
from domain.manifest import RunKind, Stage
from domain.periods import Period
from domain.records import Grain, Score, ValueState
from tasks.stages.score_shares import propose_shares
from tests.conftest import copy_folder
from tests.stages.books import house_book

pytestmark = pytest.mark.slow

START, DAY = date(2026, 9, 1), date(2026, 9, 3)
TERMS = """\
    score_shares: {scorecard: by_hand, segments: [legal], of: 0.5, change_at_most: 0.1}
    quotas:
      - {partner: P01, segments: [legal], at_least: 0.18, at_most: 0.22}
      - {partner: P02, segments: [legal], at_least: 0.28, at_most: 0.32}
    segments:
"""


@pytest.fixture
def world(measured_world, tmp_path):
    rules = house_book(tmp_path / "book")
    strategy = rules / "allocation" / "strategies" / "standard.yaml"
    strategy.write_text(strategy.read_text(encoding="utf-8").replace("    segments:\n", TERMS, 1), encoding="utf-8")
    home = tmp_path / "home"
    copy_folder(measured_world.settings.home, home)
    return open_world(measured_world.settings.model_copy(update={"home": home, "rules": rules}))


def test_shares_follow_the_scores_of_the_months_last_night(world):
    with world.store.read() as connection:
        run = official_run(connection, RunKind.NIGHTLY.value, DAY, Stage.MEASURE.value)
    given = {"P01": Decimal(80), "P02": Decimal(20)}
    scored = [
        Score("by_hand", Digest("0" * 64), Grain.PARTNER, partner, START, DAY, ValueState.VALUE, score, ())
        for partner, score in given.items()
    ]  # fmt: skip
    with world.store.write("scores of partners") as connection:
        write_scores(connection, run, scored)
    found = propose_shares(world, Period(2026, 9))
    assert found.night.business_date == DAY
    assert {one.partner: one.share for one in found.proposal.shares} == {"P01": Decimal("0.3"), "P02": Decimal("0.2")}
    assert found.proposal.missing == 0
    assert found.lines[1] == ("      - {partner: P01, segments: [legal], by: accounts, at_least: 0.28, at_most: 0.32}")


def test_what_is_missing_is_told(measured_world, world):
    with pytest.raises(RefusedError, match=r'SHR001 strategy "standard" holds on 2026-10-01'):
        propose_shares(measured_world, Period(2026, 9))
    with pytest.raises(RefusedError, match="SHR002 no night of 2026-08"):
        propose_shares(world, Period(2026, 8))
    with pytest.raises(RefusedError, match=r'SHR003 on 2026-09-03 no partner has a score by "by_hand"'):
        propose_shares(world, Period(2026, 9))
