"""Deployments and notices are data that Prefect takes: forms with a description of each field, words that are JSON."""

import inspect
import json
import os
import stat
import subprocess
import sys

import pytest
from jinja2.sandbox import SandboxedEnvironment
from pydantic import SecretStr

from adapters.errors import SettingsError
from adapters.settings import Settings, read_settings
from flows.automations import _payload, notices
from flows.deployments import DEPLOYMENTS, project_file
from flows.prefect_server import remember_in_files
from flows.server_keys import close_own_server, given_password, password_file, set_keys

SERVER, CLIENT = "PREFECT_SERVER_API_AUTH_STRING", "PREFECT_API_AUTH_STRING"


class Run:
    """A flow run as a template sees it."""

    name = "night of 2026-10-30"

    class state:  # noqa: N801 - the name that templates use
        name = "Halted"
        message = 'the night is "halted": payments\npayments.volume: 3 rows'


@pytest.mark.slow
@pytest.mark.prefect
@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda each: each.name)
def test_every_form_describes_each_field(deployment):
    from prefect.flows import load_flow_from_entrypoint
    from prefect.utilities.callables import parameter_schema

    flow = load_flow_from_entrypoint(deployment.entrypoint)
    schema = parameter_schema(flow)
    assert set(schema.properties) == set(inspect.signature(flow.fn).parameters)
    assert [name for name, each in schema.properties.items() if not each.get("description")] == []
    assert flow.flow_run_name, "a run says its date and stage"
    assert flow.timeout_seconds is None, "Prefect's own would leave the work running"


def test_the_schedule_follows_the_settings():
    given = Settings.model_construct(nightly_cron="0 3 * * *", time_zone="Asia/Shanghai")
    assert '    schedules: [{cron: "0 3 * * *", timezone: Asia/Shanghai}]' in list(project_file(given))


@pytest.mark.parametrize("notice", notices(Settings.model_construct()), ids=lambda each: each.name)
def test_a_notice_is_json_whatever_the_message_and_sends_its_first_line_only(notice):
    engine = SandboxedEnvironment()
    engine.filters["ui_url"] = lambda run: f"http://127.0.0.1:4200/runs/{run.name}"

    class event:  # noqa: N801
        payload = {"batches": "bonus-2026-09-field-1a2b"}  # noqa: RUF012

    told = json.loads(engine.from_string(_payload(notice, "docs/x.md#y")).render(flow_run=Run, event=event))
    assert (told["what"], told["runbook"]) == (notice.name, "docs/x.md#y")
    assert told["text"]
    assert "3 rows" not in told["text"]


def test_the_password_is_made_once_and_only_its_owner_reads_it(tmp_path):
    settings, first, second = Settings(home=tmp_path), {}, {}
    set_keys(settings, first)
    set_keys(settings, second)
    assert first == second
    assert first[SERVER] == first[CLIENT]
    assert len(first[SERVER]) > 30
    assert stat.S_IMODE(password_file(settings).stat().st_mode) == 0o600


def test_a_password_from_the_environment_is_kept_nowhere(tmp_path):
    environment = {SERVER: "ops:given"}
    set_keys(Settings(home=tmp_path), environment)
    assert environment[CLIENT] == "ops:given"
    assert not password_file(Settings(home=tmp_path)).exists()


def test_a_password_that_others_can_read_is_refused(tmp_path):
    set_keys(Settings(home=tmp_path), {})
    password_file(Settings(home=tmp_path)).chmod(0o644)
    with pytest.raises(SettingsError, match="FLW022 others can read"):
        set_keys(Settings(home=tmp_path), {})


def test_two_passwords_are_refused(tmp_path):
    with pytest.raises(SettingsError, match="FLW023"):
        set_keys(Settings(home=tmp_path), {SERVER: "a", CLIENT: "b"})


def test_a_command_closes_the_server_that_it_starts_for_itself(tmp_path):
    mine = {"PREFECT_HOME": str(tmp_path / "prefect")}
    close_own_server(mine)
    assert mine[SERVER] == mine[CLIENT]
    assert given_password(mine) == "", "it is nobody else's"
    set_keys(Settings(home=tmp_path), mine)
    assert mine[SERVER] == password_file(Settings(home=tmp_path)).read_text(encoding="ascii").strip(), "a served one"


@pytest.mark.parametrize("given", [{"PREFECT_API_URL": "http://there/api"}, {CLIENT: "ops:given"}])
def test_a_server_of_others_is_asked_as_they_said(tmp_path, given):
    environment = {"PREFECT_HOME": str(tmp_path), **given}
    close_own_server(environment)
    assert environment == {"PREFECT_HOME": str(tmp_path), **given}


def test_a_server_that_a_profile_names_is_one_of_others(tmp_path):
    (tmp_path / "profiles.toml").write_text('[profiles.x]\nPREFECT_API_URL = "http://there/api"', encoding="utf-8")
    environment = {"PREFECT_HOME": str(tmp_path)}
    close_own_server(environment)
    assert environment == {"PREFECT_HOME": str(tmp_path)}


ASK = """
import os, urllib.error, urllib.request
from flows.cli import _prepare_prefect
_prepare_prefect()
from prefect.client.orchestration import get_client
from prefect.server.api.server import SubprocessASGIServer
with SubprocessASGIServer() as server, get_client(sync_client=True) as client:
    assert client.read_deployments() == []
    try:
        urllib.request.urlopen(server.api_url + "/flow_runs/count")
    except urllib.error.HTTPError as refused:
        print(refused.code)
"""


@pytest.mark.slow
@pytest.mark.prefect
def test_strangers_on_the_machine_are_refused_by_the_server_of_a_command(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    command = [sys.executable, "-c", ASK]
    (tmp_path / "home").mkdir()
    done = subprocess.run(command, env={**environment, "RECOUP_HOME": str(tmp_path / "home")}, capture_output=True,
                          text=True, check=True)  # fmt: skip
    assert done.stdout.split() == ["401"], done.stderr


def test_what_the_server_remembers_lies_below_its_home_unless_somebody_says_where(tmp_path):
    leases, pages = "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE", "PREFECT_SERVER_UI_STATIC_DIRECTORY"
    ours = {"PREFECT_HOME": str(tmp_path)}
    remember_in_files(ours)
    assert ours[leases].endswith(".filesystem")
    assert ours[pages] == str(tmp_path / "ui")
    theirs = {leases: "redis", pages: "/srv/pages"}
    remember_in_files(theirs)
    assert theirs == {leases: "redis", pages: "/srv/pages"}


@pytest.mark.slow
@pytest.mark.prefect
def test_the_first_command_makes_the_home_folder(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    home = tmp_path / "not" / "yet"
    command = [sys.executable, "-c", "from flows.cli import main; main()", "nightly", "--date", "2026-09-01"]
    done = subprocess.run(command, env={**environment, "RECOUP_HOME": str(home)}, capture_output=True, text=True)
    assert done.stderr.startswith("failed: FLW011 nothing has landed for 2026-09-01"), done.stderr
    assert stat.S_IMODE((home / "prefect").stat().st_mode) == 0o700


def test_the_address_of_notices_is_no_setting_of_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recoup.toml").write_text('notify_url = "https://chat.example/hook"', encoding="utf-8")
    with pytest.raises(SettingsError, match=r"SEC001 recoup\.toml has a secret, in notify_url.*set RECOUP_NOTIFY_URL"):
        read_settings()


def test_the_address_of_notices_is_not_printed():
    assert "hook" not in repr(Settings(notify_url=SecretStr("https://chat.example/hook")))
