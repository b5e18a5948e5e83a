"""What operations engineers, analysts and HR do in the Prefect UI: in a real browser, against `recoup serve`.

The tests share one server and one book, and each works on a date of its own. With RECOUP_SCREENSHOTS set to a folder,
pages are kept there: docs/operations is made so.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.error
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa

from adapters.store.batches import read_batches
from adapters.store.ledger import read_entries
from adapters.store.nights import newest_gated_nights
from adapters.store.results import read_verdict
from adapters.store.runs import newest_attempts
from adapters.store.schema import runs, stage_results
from adapters.world import business_today
from domain.records import Outcome
from flows.automations import notices
from tasks.stages.month_end import read_frozen
from tests.flows.conftest import DAY, NAMES, SECRET, keep, submit

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.prefect]

DEPARTMENTS = ("field", "legal", "phone_early", "phone_late", "restructuring")
HALTING, KILLED = date(2026, 10, 1), date(2026, 10, 2)


def test_a_what_if_is_started_from_the_form_and_shows_what_to_work_from(served, page):
    assert set(served.deployments) == NAMES
    assert served.deployments["rerun"]["entrypoint"] == "flows.rerun.rerun"
    page.goto(f"{served.address}/v2/deployments/deployment/{served.deployments['rerun']['id']}/run")
    _pick_date(page, DAY)
    assert page.get_by_text("First stage to run; the gate always comes first").is_visible()
    keep(page, "rerun-form")
    submit(page)
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
    plot = served.artifact(run["id"], "gaps-plot-1")
    page.goto(f"{served.address}/v2/artifacts/artifact/{plot['id']}")
    drawn = page.get_by_alt_text("artifact-image")
    drawn.wait_for()
    assert drawn.evaluate("image => image.complete && image.naturalWidth > 0"), "the browser draws it"
    keep(page, "plot-artifact")
    with served.world.store.read() as connection:
        (attempt,) = newest_attempts(connection, 1)
    assert (attempt.command, attempt.state.value) == (f"what-if {DAY}", "done")


def test_a_halted_night_is_found_waived_and_resumed(served, page):
    payments = served.world.settings.landing / HALTING.isoformat() / "payments.parquet"
    duckdb.execute(f"CREATE OR REPLACE TEMP TABLE extract AS SELECT * FROM '{payments}'")
    duckdb.execute(f"COPY (SELECT * FROM extract UNION ALL SELECT * FROM extract) TO '{payments}' (FORMAT parquet)")
    _start_night(served, page, HALTING, "night-form")
    run = served.ended(served.newest(f"night of {HALTING}"))
    assert run["state_name"] == "Halted", run["state"]["message"]
    assert "runbook.md#halted" in run["state"]["message"]
    _open_run(served, page, run, "Halted")
    keep(page, "night-halted")
    page.goto(f"{served.address}/v2/artifacts/artifact/{served.artifact(run['id'], 'what-to-do')['id']}")
    page.get_by_text("records that a named person goes on").first.wait_for()
    keep(page, "night-halted-what-to-do")
    told = served.was_told("recoup halted", f"night of {HALTING}")
    assert (told["runbook"], run["id"] in told["address"]) == ("docs/operations/runbook.md#halted", True)
    for check in _checks_to_waive(served.world, HALTING):
        until = str(business_today(served.world) + timedelta(days=7))
        served.recoup("waive", _run_of(served.world, HALTING), check, "--by", "head of collections",
                      "--reason", "the source booked both files", "--until", until)  # fmt: skip
    _start_night(served, page, HALTING)
    again = served.ended(_other(served, f"night of {HALTING}", run["id"]))
    assert again["state_name"] == "Completed", again["state"]["message"]
    page.goto(f"{served.address}/v2/artifacts/artifact/{served.artifact(again['id'], 'verdict')['id']}")
    page.get_by_text("‼ waived").first.wait_for()
    keep(page, "night-waived-verdict")


def test_a_killed_night_is_resumed_from_its_last_finished_stage(served, page):
    _start_night(served, page, KILLED)
    run = served.newest(f"night of {KILLED}")
    process = served.process_of(run)
    served.until(lambda: _attempts_of_stages(served.world, KILLED), "the end of the gate")
    os.kill(process, signal.SIGKILL)
    ended = served.ended(run)
    assert ended["state_name"] == "Crashed"
    before = _attempts_of_stages(served.world, KILLED)
    _open_run(served, page, ended, "Crashed")
    keep(page, "night-killed")
    _start_night(served, page, KILLED)
    again = served.ended(_other(served, f"night of {KILLED}", run))
    assert again["state_name"] == "Completed", again["state"]["message"]
    _open_run(served, page, again, "Completed")
    keep(page, "night-resumed")
    after = _attempts_of_stages(served.world, KILLED)
    assert set(after) == {"gate", "allocate", "measure", "project", "report"}
    assert {stage: after[stage] for stage in before} == before, "a finished stage was done again"
    assert len(set(after.values())) == 2


def test_a_start_that_comes_late_runs_what_was_missed_in_order(served, page):
    """Nobody served for two nights: the start of the fifth at 02:00 in Vietnam is run now."""
    at = {"type": "SCHEDULED", "state_details": {"scheduled_time": "2026-10-04T19:00:00Z"}}
    path = f"/deployments/{served.deployments['nightly']['id']}/create_flow_run"
    run = served.ended(served.call(path, {"parameters": {}, "state": at})["id"])
    assert (run["name"], run["state_name"]) == ("night of 2026-10-04", "Completed"), run["state"]["message"]
    below = {"flow_runs": {"parent_flow_run_id": {"any_": [run["id"]]}}, "sort": "START_TIME_ASC"}
    nights = [each["name"] for each in served.call("/flow_runs/filter", below)]
    assert nights == ["night of 2026-10-03", "night of 2026-10-04"]
    page.goto(f"{served.address}/v2/artifacts/artifact/{served.artifact(run['id'], 'nights-due')['id']}")
    page.get_by_test_id("markdown-display").get_by_text("caught up, oldest first: 2026-10-03").wait_for()
    keep(page, "nights-caught-up")


def test_a_month_is_prepared_waits_for_approval_and_is_published(served, page):
    """From the form of the month to the ledger; those who approve do it under their own login, beside Prefect."""
    _open_form(served, page, "month-end", "who prepares does not approve")
    _choose(page, "2026-09")
    page.locator("textarea").fill("demo preparer")
    keep(page, "month-end-form")
    submit(page)
    run = served.ended(served.newest("month-end 2026-09"))
    assert run["state_name"] == "Completed", run["state"]["message"]
    batches = served.artifact(run["id"], "batches")
    page.goto(f"{served.address}/v2/artifacts/artifact/{batches['id']}")
    page.get_by_test_id("markdown-display").get_by_text("Batches to review").first.wait_for()
    keep(page, "approval-waits")
    with served.world.store.read() as connection:
        batch = read_batches(connection, "2026-09")[0].batch_id
        chain = read_frozen(connection, batch).batch.chain
    assert batch in served.was_told("recoup approval waits", batch)["text"]
    _look_as_hr(page, batches["data"])
    early = _publish(served, page, batch)
    assert (early["state_name"], "BAT" in early["state"]["message"]) == ("Refused", True)
    page.goto(f"{served.address}/v2/artifacts/artifact/{served.artifact(early['id'], 'what-to-do')['id']}")
    page.get_by_text("the approval of manager is missing").first.wait_for()
    keep(page, "approval-missing")
    for role in chain:
        served.recoup("approve", batch, "--by", f"demo {role}")
    published = _publish(served, page, batch, "approved-publish-form", after=early["id"])
    assert published["state_name"] == "Completed", published["state"]["message"]
    page.goto(f"{served.address}/v2/artifacts/artifact/{served.artifact(published['id'], 'published')['id']}")
    page.get_by_test_id("markdown-display").get_by_text("entries posted").wait_for()
    keep(page, "approved-published")
    with served.world.store.read() as connection:
        assert {entry.batch_id for entry in read_entries(connection)} == {batch}
    assert "anyOf" not in served.form("publish")["batch"], "what is published is not offered any more"


def test_forms_offer_what_the_store_knows(served, page):
    _open_form(served, page, "report", "Only this department")
    page.get_by_text("Select", exact=True).first.click()
    offered = [each.inner_text() for each in page.get_by_role("option").all()]
    assert [each for each in offered if each] == list(DEPARTMENTS)
    keep(page, "report-form")
    page.keyboard.press("Escape")


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


def test_the_server_plans_the_nights_and_mornings_of_the_schedules(served):
    """By itself, from what was served: without these runs nothing would ever start at two in the morning."""
    planned = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}, "sort": "EXPECTED_START_TIME_ASC"}
    wanted = {served.deployments[name]["id"] for name in ("nightly", "verify")}

    def look():
        found = [each for each in served.call("/flow_runs/filter", planned) if each["auto_scheduled"]]
        return found if {each["deployment_id"] for each in found} >= wanted else None

    nightly = served.deployments["nightly"]["id"]
    nights = [each for each in served.until(look, "planned runs") if each["deployment_id"] == nightly]
    assert nights
    assert all(each["expected_start_time"][11:19] == "19:00:00" for each in nights), "two in the morning in Vietnam"
    log = (served.world.settings.home / "prefect-server.log").read_text(encoding="utf-8")
    assert "InvalidRequestError" not in log, "the scheduler failed at something"


@pytest.mark.parametrize("password", ["", "recoup:guessed"])
def test_nobody_gets_in_without_the_password(served, password):
    with pytest.raises(urllib.error.HTTPError, match="401"):
        served.call("/deployments/filter", {}, password=password)


def test_the_password_is_its_owners_and_stands_in_no_log(served):
    home = served.world.settings.home
    assert (home / "prefect" / "password").stat().st_mode & 0o077 == 0
    for log in (home / "prefect-server.log", *(home / "logs").glob("*.jsonl")):
        text = log.read_text(encoding="utf-8")
        assert served.password.partition(":")[2] not in text, log
        assert SECRET not in text, log


@pytest.mark.parametrize(
    ("deployment", "asked", "found"),
    [
        ("month-end", {"period": "2026-13", "by": "finance"}, "'2026-13' is not valid"),
        ("month-end", {"period": "2026-09", "by": "  "}, "does not match"),
        ("rerun", {"business_date": "2026-09-30", "first_stage": "grate"}, "is not one of"),
        ("report", {"business_date": "2026-09-30", "report": "yearly"}, "is not one of"),
        ("report", {"business_date": "2026-09-30", "department": "fild"}, "'fild' is not one of"),
        ("allocation-report", {"business_date": "2026-09-30", "department": "Field"}, "is not one of"),
    ],
)
def test_what_a_form_can_know_is_refused_by_the_form(served, deployment, asked, found):
    with pytest.raises(urllib.error.HTTPError) as refused:
        served.start(deployment, **asked)
    assert refused.value.code == 409
    assert found in refused.value.read().decode()


@pytest.mark.parametrize(
    ("deployment", "asked", "said"),
    [
        ("publish", {"batch": "bonus-2026-08-nobody", "by": "demo"}, "FLW016"),
        ("month-end", {"period": "2026-08", "by": "demo"}, "FLW015"),
        ("report", {"business_date": "2026-08-30"}, "FLW013"),
        ("nightly", {"business_date": "2029-08-30"}, "FLW010 2029-08-30 is in the future"),
        ("resume", {"run": "0000"}, "names 0 runs"),
    ],
)
def test_what_only_the_store_can_know_is_refused_at_once(served, deployment, asked, said):
    run = served.ended(served.start(deployment, **asked))
    assert run["state_name"] == "Refused", run["state"]["message"]
    assert said in run["state"]["message"]


def test_prefect_yaml_and_a_worker_do_the_same(served, request):
    """Last: the deployments are the work pool's from here on."""
    home, root = served.world.settings.home, request.config.rootpath
    environment = {**os.environ, "RECOUP_HOME": str(home), "PREFECT_HOME": str(home / "prefect"),
                   "PREFECT_API_URL": f"{served.address}/api", "PREFECT_API_AUTH_STRING": served.password}  # fmt: skip

    def prefect(*words):
        command = [sys.executable, "-m", "prefect", "--no-prompt", *words]
        return subprocess.run(command, env=environment, cwd=root, check=True, capture_output=True, text=True).stdout

    prefect("work-pool", "create", "recoup", "--type", "process")
    prefect("deploy", "--all")
    found = {each["name"]: each for each in served.call("/deployments/filter", {})}
    assert {name for name, each in found.items() if each["work_pool_name"] == "recoup"} == NAMES
    assert "enum" not in served.form("report")["department"], "prefect deploy knows no store"
    served.recoup("provide", PREFECT_API_URL=f"{served.address}/api", PREFECT_API_AUTH_STRING=served.password)
    triggers = served.triggers()
    served.recoup("provide", PREFECT_API_URL=f"{served.address}/api", PREFECT_API_AUTH_STRING=served.password)
    assert served.triggers() == triggers, "a trigger that is written anew forgets which signs of life it waits for"
    assert served.form("report")["department"]["enum"] == ["", *DEPARTMENTS]
    worker = subprocess.Popen(
        [sys.executable, "-m", "prefect", "worker", "start", "--pool", "recoup", "--type", "process"],
        env=environment, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        run = served.ended(served.start("report", business_date=str(DAY), report="daily", language="vi"))
    finally:
        worker.send_signal(signal.SIGINT)
        worker.wait(60)
    assert (run["name"], run["state_name"]) == (f"daily report of {DAY}", "Completed"), run["state"]["message"]


def test_what_the_server_needs_to_go_on_after_a_restart_lies_below_the_home_folder(served):
    """Also where the packages may not be written to."""
    kept = served.world.settings.home / "prefect"
    served.ended(served.start("report", business_date=str(DAY), report="daily", language="en"))
    assert (kept / "concurrency_leases" / "expirations.json").is_file()
    assert {each.name for each in (kept / "ui").iterdir()} == {"v1", "v2"}
    assert len(served.call("/automations/filter", {})) == len(notices(served.world.settings))


def _open_form(served, page, deployment, words):
    page.goto(f"{served.address}/v2/deployments/deployment/{served.deployments[deployment]['id']}/run")
    page.get_by_text(words).first.wait_for()


def _choose(page, value):
    page.get_by_text("Select", exact=True).first.click()
    page.get_by_role("option", name=value).click()
    page.get_by_role("option").first.wait_for(state="detached")


def _publish(served, page, batch, picture="", after=""):
    _open_form(served, page, "publish", "Batch id, or the beginning of one")
    _choose(page, batch)
    page.locator("textarea").fill("demo publisher")
    if picture:
        keep(page, picture)
    submit(page)
    return served.ended(_other(served, f"publish {batch}", after))


def _look_as_hr(page, artifact):
    """HR's own page of the batch, which lies below the home folder of the server's machine."""
    (review,) = re.findall(r"`(/.*\.html)`", artifact)[:1]
    page.goto(f"file://{review}")
    page.get_by_role("heading").first.wait_for()
    keep(page, "approval-review")


def _start_night(served, page, day, name=""):
    page.goto(f"{served.address}/v2/deployments/deployment/{served.deployments['nightly']['id']}/run")
    page.get_by_role("tab", name="date").click()
    _pick_date(page, day)
    if name:
        keep(page, name)
    submit(page)


def _pick_date(page, day):
    page.get_by_text("Pick a date").click()
    page.get_by_label("Choose the Month").select_option(label=f"{day:%b}")
    page.get_by_label("Choose the Year").select_option(label=str(day.year))
    ending = {1: "st", 2: "nd", 3: "rd"}.get(day.day, "th")
    page.get_by_role("button", name=f"{day:%B} {day.day}{ending}, {day.year}").click()
    page.keyboard.press("Escape")
    page.get_by_text("Choose the Month").wait_for(state="detached")
    page.wait_for_timeout(500)  # the calendar fades out


def _open_run(served, page, run, state):
    page.goto(f"{served.address}/v2/runs/flow-run/{run['id']}")
    page.get_by_text(state, exact=True).first.wait_for()


def _other(served, name, run):
    """The newest run of this name, once it is another one."""
    return served.until(lambda: found if (found := served.newest(name)) != run else None, f"another run {name!r}")


def _run_of(world, day):
    with world.store.read() as connection:
        return newest_gated_nights(connection)[day]


def _checks_to_waive(world, day):
    with world.store.read() as connection:
        verdict = read_verdict(connection, _run_of(world, day), day)
    return [check.check for table in verdict.tables for check in table.checks if check.outcome is Outcome.HALT]


def _attempts_of_stages(world, day):
    """Which attempt has finished each stage of the official runs of the date."""
    finished = sa.select(stage_results.c.stage, stage_results.c.attempt_id).join(runs)
    with world.store.read() as connection:
        return {row.stage: row.attempt_id for row in connection.execute(finished.where(runs.c.business_date == day))}
