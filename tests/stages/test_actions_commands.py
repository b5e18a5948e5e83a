"""The commands of the register as people type them: entered, waited for, resumed, reminded, and refused."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from flows.cli import app
from tests.conftest import copy_of

DAY = "2026-09-03"


@pytest.fixture(scope="module")
def typed(measured_world, tmp_path_factory, request):
    """Runs `recoup actions …` on a copy of the measured world: what it says, or everything that it shows as JSON."""
    with (
        copy_of(measured_world, tmp_path_factory.mktemp("typed") / "home", request) as world,
        pytest.MonkeyPatch.context() as patched,
    ):
        patched.setenv("RECOUP_HOME", str(world.settings.home))
        world.store.engine.dispose()

        def run(*words, by="demo clerk"):
            named = ["--by", by, "--on", DAY] if by else []
            return CliRunner().invoke(app, ["actions", *words, *named, "--json"])

        yield run


def shown(result):
    assert result.exit_code == 0, result.output or result.exception
    return json.loads(result.stdout)


def refused(result):
    return str(result.exception) + result.output


def entered(typed, kind="rectification", **more):
    options = [word for name, value in more.items() for word in (f"--{name}", value)]
    found = shown(typed("add", "--kind", kind, "--about", "visits are not recorded", *options))
    return f"entered-{found['opened']['key']}"


def test_an_action_is_entered_waits_and_goes_on(typed):
    name = entered(typed, partner="R01")
    waiting = shown(typed("wait", name, "partner:R01", "--text", "the plan"))
    assert waiting["decisions"][-1]["kind"] == "waiting"
    assert [each["opened"]["key"] for each in shown(typed("--waiting-for", "partner:R01", by=""))] == [
        name.removeprefix("entered-")
    ]
    assert shown(typed("resume", name, "--text", "the plan came"))["decisions"][-1]["kind"] == "resumed"
    assert shown(typed("--waiting-for", "partner:R01", by="")) == []
    assert shown(typed("comment", name, "--text", "looked at"))["decisions"][-1]["kind"] == "commented"
    assert [each["kind"] for each in shown(typed("show", name, by=""))["decisions"]] == [
        "waiting",
        "resumed",
        "commented",
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("wait", "entered", "somebody", "--text", "x"), "somebody"),
        (("show", "no-such-action"), "ACT001"),
        (("decide", "no-such-action"), "decide one thing"),
        (("add", "--kind", "complaint", "--about", "x"), "ACT015"),
        (("add", "--kind", "gossip", "--about", "x"), "gossip"),
        (("approve", "no-such-action"), "ACT001"),
        (("reopen", "no-such-action", "--text", "x"), "ACT001"),
        (("answers", "no-such-file.csv"), "no-such-file.csv"),
    ],
)
def test_what_cannot_be_is_said_and_is_no_traceback(typed, words, told):
    result = typed(*words, by="" if words[0] == "show" else "demo clerk")
    assert result.exit_code != 0
    assert told in refused(result)


def test_reminders_are_given_once(typed):
    first = typed("remind")
    assert isinstance(shown(first), list)
    assert shown(typed("remind")) == []
