"""A rerun started by an analyst: the form of the Prefect UI, in a real browser, against `recoup serve`."""

from __future__ import annotations

import re
import urllib.error
from pathlib import Path

import pytest

from adapters.store.runs import newest_attempts
from tests.flows.conftest import DAY, NAMES, keep

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.prefect]


def test_a_what_if_is_started_from_the_form_and_shows_what_to_work_from(served, page):
    assert set(served.deployments) == NAMES
    assert served.deployments["rerun"]["entrypoint"] == "flows.rerun.rerun"
    page.goto(f"{served.address}/v2/deployments/deployment/{served.deployments['rerun']['id']}/run")
    _pick_date(page)
    assert page.get_by_text("First stage to run; the gate always comes first").is_visible()
    keep(page, "rerun-form")
    page.get_by_role("button", name="Submit").click()
    run = served.ended(served.newest(f"what-if of {DAY}"))
    assert (run["name"], run["state_name"]) == (f"what-if of {DAY}", "Completed"), run["state"]["message"]
    page.goto(f"{served.address}/v2/runs/flow-run/{run['id']}?tab=Artifacts")
    page.get_by_text("comparison").first.wait_for()
    for artifact in ("verdict", "stage-measure", "files"):
        assert page.get_by_text(artifact).first.is_visible()
    keep(page, "rerun-run")
    page.goto(f"{served.address}/v2/artifacts/artifact/{served.artifact(run['id'], 'verdict')['id']}")
    page.get_by_text("Checks that did not pass").wait_for()
    keep(page, "verdict-artifact")
    with served.world.store.read() as connection:
        (attempt,) = newest_attempts(connection, 1)
    assert (attempt.command, attempt.state.value) == (f"what-if {DAY}", "done")


@pytest.mark.parametrize(
    ("at_most", "ends"),
    [(None, ("Completed", "")), ("-1", ("Refused", "SIM010 the new policies cost"))],
)
def test_a_simulation_ends_as_its_check_does_and_links_its_files(served, at_most, ends):
    policies = str(served.world.settings.rules / "incentives" / "policies")
    asked = {"policies": policies, "first_month": "2026-09", "last_month": "2026-09", "at_most": at_most}
    run = served.ended(served.start("simulate", **asked))
    assert run["name"] == "simulation of 2026-09 to 2026-09"
    assert run["state_name"] == ends[0], run["state"]["message"]
    assert ends[1] in (run["state"]["message"] or "")
    page = re.search(r"`(/.*simulation\.html)`", served.artifact(run["id"], "simulation")["data"])
    assert Path(page[1]).is_file()


@pytest.mark.parametrize("password", ["", "recoup:guessed"])
def test_nobody_gets_in_without_the_password(served, password):
    with pytest.raises(urllib.error.HTTPError, match="401"):
        served.call("/deployments/filter", {}, password=password)


def test_the_password_is_its_owners_and_stands_in_no_log(served):
    home = served.world.settings.home
    assert (home / "prefect" / "password").stat().st_mode & 0o077 == 0
    assert served.password.partition(":")[2] not in (home / "prefect-server.log").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("deployment", "asked", "found"),
    [
        ("month-end", {"period": "2026-13", "by": "finance"}, "'2026-13' does not match"),
        ("month-end", {"period": "2026-09", "by": "  "}, "does not match"),
        ("rerun", {"business_date": "yesterday"}, "is not a 'date'"),
        ("rerun", {"business_date": "2026-09-03", "first_stage": "grate"}, "is not one of"),
        ("report", {"business_date": "2026-09-03", "report": "yearly"}, "is not one of"),
    ],
)
def test_what_a_form_can_know_is_refused_by_the_form(served, deployment, asked, found):
    with pytest.raises(urllib.error.HTTPError) as refused:
        served.start(deployment, **asked)
    assert refused.value.code == 409
    assert found in refused.value.read().decode()


def _pick_date(page):
    page.get_by_text("Pick a date").click()
    page.get_by_label("Choose the Month").select_option(label="Sep")
    page.get_by_label("Choose the Year").select_option(label="2026")
    page.get_by_role("button", name="September 3rd, 2026").click()
    page.keyboard.press("Escape")
    page.get_by_text("Choose the Month").wait_for(state="detached")
    page.wait_for_timeout(500)  # the calendar fades out
