"""What a fairness band would cost, asked of a night that has allocated."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from adapters.errors import RefusedError
from flows.cli import app
from tasks.stages.fairness import fairness_of_night

NIGHT = date(2026, 9, 3)


@pytest.fixture(scope="module")
def found(measured_world):
    return fairness_of_night(measured_world, NIGHT, (5, 20))


def test_spread_and_cost_of_each_band_the_widest_first(found):
    without, wide, narrow = found.bands
    assert [band.band for band in found.bands] == [None, Decimal("0.2"), Decimal("0.05")]
    assert without.lowest < wide.lowest <= narrow.lowest <= 1 <= narrow.highest <= wide.highest < without.highest
    assert without.cost == without.cost_at_least == 0
    assert all(0 <= band.cost_at_least <= band.cost < Decimal("0.2") for band in (wide, narrow))
    assert all(team.members > 1 and team.mean > 0 and team.lowest <= 1 <= team.highest for team in found.teams)
    assert found.in_force is None


def test_it_is_printed_written_as_a_page_and_given_as_json(measured_world, found, monkeypatch, tmp_path):
    monkeypatch.setenv("RECOUP_HOME", str(measured_world.settings.home))
    asked = ["fairness", "--date", NIGHT.isoformat(), "--bands", "20"]
    printed = CliRunner().invoke(app, [*asked, "--page", str(tmp_path / "page.html")], catch_exceptions=False).output
    assert "What each band costs" in printed
    assert "± 20%" in printed
    assert "Cost of fairness" not in (tmp_path / "page.html").read_text(encoding="utf-8")  # one band is no curve
    content = json.loads(CliRunner().invoke(app, [*asked, "--json"], catch_exceptions=False).output)
    assert [band["cost"] for band in content["bands"]] == ["0", str(found.bands[1].cost)]


def test_what_cannot_be_shown_is_told(measured_world, monkeypatch):
    with pytest.raises(RefusedError, match="EXA002 the night of 2026-09-02 decided nothing"):
        fairness_of_night(measured_world, date(2026, 9, 2), (10,))
    monkeypatch.setenv("RECOUP_HOME", str(measured_world.settings.home))
    refused = CliRunner().invoke(app, ["fairness", "--date", NIGHT.isoformat(), "--bands", "ten"])
    assert refused.exit_code == 2
    assert "no list of whole percents" in refused.output
