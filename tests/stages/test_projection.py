"""The projection from a measured night, by the calculation itself."""

from __future__ import annotations

from datetime import date

import pytest

from adapters.errors import RefusedError
from adapters.store.results import read_payout_lines
from domain.periods import Period
from domain.records import Grain
from incentives.ledger import BatchKind
from reports.languages import Language
from reports.scopes import Scope
from tasks.stages.projection import projection_facts, write_projection
from tasks.stages.reporting import measured_night

pytestmark = pytest.mark.slow

DAY = date(2026, 9, 3)


def test_what_stands_so_far_is_what_the_night_projected_and_the_pace_takes_nothing_away(measured_world):
    facts = projection_facts(measured_world, DAY, Language.ENGLISH)
    with measured_world.store.read() as connection:
        run = measured_night(measured_world, DAY).night.run
        stored = {
            (line.payee, line.component): line.amount
            for line in read_payout_lines(connection, run, BatchKind.BONUS.value)
        }
    assert stored
    assert {(each.payee, each.component): each.so_far for each in facts.pay if each.so_far is not None} == stored
    leaders = [each for each in facts.pay if each.component.startswith("leader_bonus") and each.so_far]
    assert leaders
    assert all(each.at_pace > each.so_far for each in leaders)
    assert 0 < facts.working_days_passed < facts.working_days
    assert Period.of(facts.business_date) == Period(2026, 9)


def test_page_and_workbook_of_one_team_are_written_and_an_unknown_team_is_refused(measured_world, tmp_path):
    team = projection_facts(measured_world, DAY, Language.ENGLISH).postings[0].team
    paths = write_projection(measured_world, DAY, Language.VIETNAMESE, Scope(Grain.TEAM, team), tmp_path)
    assert [path.name for path in paths] == [f"{team}.html", f"{team}.xlsx"]
    assert "Dự báo thu nhập" in paths[0].read_text(encoding="utf-8")
    with pytest.raises(RefusedError, match="REP002"):
        write_projection(measured_world, DAY, Language.ENGLISH, Scope(Grain.TEAM, "nobody"), tmp_path)
