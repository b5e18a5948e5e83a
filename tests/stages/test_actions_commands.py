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


@pytest.fixture
def complaint(typed):
    """A complaint about a partner, which by the terms of its kind ends by two people."""
    return entered(typed, "complaint", code="hours", account=_account(), partner="R01")


def test_a_closing_is_proposed_by_one_and_approved_by_another(typed, complaint):
    proposed = typed("decide", complaint, "--outcome", "upheld: recording heard", by="demo quality")
    assert shown(proposed)["decisions"][-1]["kind"] == "proposed"
    assert complaint in [f"entered-{each['opened']['key']}" for each in shown(typed("--to-approve", by=""))]
    assert "ACT010" in refused(typed("decide", complaint, "--outcome", "rejected: x", by="demo hr"))
    assert "ACT012" in refused(typed("approve", complaint, by="demo quality"))
    assert "ACT012" in refused(typed("approve", complaint, by="demo clerk"))
    done = shown(typed("approve", complaint, by="demo manager"))["decisions"]
    assert [each["kind"] for each in done] == ["proposed", "approved"]
    assert "ACT002" in refused(typed("decide", complaint, "--outcome", "rejected: x", by="demo quality"))


def test_a_closing_is_declined_with_a_reason_and_what_is_closed_is_opened_again(typed, complaint):
    shown(typed("decide", complaint, "--outcome", "rejected: no such call", by="demo quality"))
    assert "ACT003" in refused(typed("decline", complaint, by="demo manager"))
    declined = shown(typed("decline", complaint, "--reason", "hear the second call", by="demo manager"))
    assert declined["decisions"][-1]["kind"] == "declined"
    assert complaint not in [f"entered-{each['opened']['key']}" for each in shown(typed("--to-approve", by=""))]
    assert "ACT007" in refused(typed("reopen", complaint, "--reason", "x", by="demo hr"))
    shown(typed("decide", complaint, "--outcome", "upheld: heard both", by="demo quality"))
    shown(typed("approve", complaint, by="demo hr"))
    assert "ACT003" in refused(typed("reopen", complaint, by="demo hr"))
    again = shown(typed("reopen", complaint, "--reason", "the call was another one", by="demo hr"))
    assert again["decisions"][-1]["kind"] == "reopened"


def test_an_outcome_comes_from_the_list_and_only_one_thing_is_decided(typed, complaint):
    told = refused(typed("decide", complaint, "--outcome", "uphold: heard", by="demo quality"))
    assert "ACT011" in told
    assert "upheld" in told
    both = typed("decide", complaint, "--outcome", "upheld: x", "--hand-to", "demo hr", by="demo quality")
    assert (both.exit_code, "decide one thing" in refused(both)) == (2, True)
    later = shown(typed("decide", complaint, "--until", "2026-10-15", "--reason", "abroad", by="demo quality"))
    assert later["decisions"][-1]["deadline"] == "2026-10-15"
    assert "ACT005" in refused(typed("decide", complaint, "--until", "2026-10-14", "--reason", "x", by="demo quality"))
    handed = shown(typed("decide", complaint, "--hand-to", "demo hr", "--reason", "ill", by="demo quality"))
    assert handed["decisions"][-1]["owner"] == "demo hr"


def test_what_lies_before_the_last_decision_or_has_not_come_is_refused(typed, complaint):
    def on(day, *words):
        return typed(*words, "--by", "demo quality", "--on", day, by="")

    assert "ACT004" in refused(on("2026-09-02", "comment", complaint, "--text", "x"))
    shown(on("2026-09-10", "decide", complaint, "--hand-to", "demo hr", "--reason", "ill"))
    assert "ACT017" in refused(on("2026-09-09", "decide", complaint, "--outcome", "upheld: in time"))
    assert "ACT017" in refused(on("2999-01-01", "comment", complaint, "--text", "x"))
    assert "ACT017" in refused(on("2999-01-01", "add", "--kind", "risk", "--partner", "R01", "--about", "x"))


def test_a_unit_of_the_bank_answers_by_its_file(typed, tmp_path):
    name = entered(typed, "feedback", code="income_not_verified", account=_account())
    file = tmp_path / "answers.csv"
    file.write_text(f"action,answer,words\n{name},acepted,it was so\n", encoding="utf-8")
    told = refused(typed("answers", str(file)))
    assert "FBK002" in told
    assert "accepted" in told
    file.write_text(f"action,answer,words\n{name},accepted,it was so\n", encoding="utf-8")
    (answered,) = shown(typed("answers", str(file)))
    assert answered["decisions"][-1]["code"] == "accepted"
    assert "FBK004" in refused(typed("answers", str(file)))


def _account():
    """One of the book's accounts, by the home that the commands work on."""
    from adapters.duck import open_duck
    from adapters.settings import read_settings

    settings = read_settings()
    with open_duck(settings) as duck:
        sql = f"SELECT min(account_id) FROM '{settings.landing}/{DAY}/placements.parquet' WHERE partner_id = 'R01'"
        ((account,),) = duck.run(sql).fetchall()
    return account
