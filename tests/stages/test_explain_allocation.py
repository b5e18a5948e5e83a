"""Why an account is where it is, from the files of the run: everybody who could have had it, and who could not."""

from __future__ import annotations

import json
from datetime import date

import pytest
from typer.testing import CliRunner

from adapters.errors import RefusedError
from flows.cli import app
from tasks.stages.explain_allocation import explain_allocation
from tests.stages.test_reassignments import owners_on

NIGHT, DAY = date(2026, 9, 3), date(2026, 9, 4)


def test_every_destination_stands_once_with_its_why_and_the_chosen_one_first(measured_world):
    owners = owners_on(measured_world, DAY)
    account = next(name for name, row in owners.items() if row["reason"] == "kept_owner")
    found = explain_allocation(measured_world, account, NIGHT)
    names = [place.destination for place in found.places]
    assert len(names) == len(set(names)) > 20
    assert (found.places[0].standing, found.places[0].destination) == (
        "chosen",
        f"employee:{owners[account]['owner_id']}",
    )
    assert all(place.why for place in found.places)
    excluded = {place.why.partition(":")[0] for place in found.places if place.standing == "excluded"}
    assert {"department", "jurisdiction"} <= excluded
    assert found.history[-1].owner == found.places[0].destination


def test_the_arithmetic_reproduces_the_choice(measured_world):
    """Value less price of the chosen place, less the margin, is what the next best would bring."""
    account = next(name for name, row in owners_on(measured_world, DAY).items() if row["reason"] == "kept_owner")
    text = "\n".join(explain_allocation(measured_world, account, NIGHT).text)
    assert "kept_owner: it stays with its owner" in text
    assert "next best" in text


def test_what_cannot_be_explained_is_told(measured_world):
    with pytest.raises(RefusedError, match="EXA003 account A404"):
        explain_allocation(measured_world, "A404", NIGHT)
    with pytest.raises(RefusedError, match="EXA002 the night of 2026-09-02 decided nothing: not a working day"):
        explain_allocation(measured_world, "A404", date(2026, 9, 2))
    with pytest.raises(RefusedError, match="EXA001"):
        explain_allocation(measured_world, "A404", date(2026, 9, 20))


def test_it_is_printed_and_given_as_json(measured_world, monkeypatch):
    monkeypatch.setenv("RECOUP_HOME", str(measured_world.settings.home))
    account = next(iter(owners_on(measured_world, DAY)))
    asked = ["explain", "allocation", account, "--date", NIGHT.isoformat()]
    assert "Owners" in CliRunner().invoke(app, asked, catch_exceptions=False).output
    content = json.loads(CliRunner().invoke(app, [*asked, "--json"], catch_exceptions=False).output)
    assert content["account_id"] == account
