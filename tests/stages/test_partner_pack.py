"""The pack's facts from a measured night and the store, and feedback to units: what is asked, found, and refused."""

from __future__ import annotations

from datetime import date

import pytest

from adapters.errors import RefusedError
from domain.actions import ActionDecision, ActionDecisionKind, Phase, RegisterKind
from domain.periods import Period
from domain.records import Grain
from reports.languages import Language
from reports.scopes import Scope
from tasks.stages.actions import action_of, decide_action
from tasks.stages.entered_actions import Entry, enter_action
from tasks.stages.measured import figures_on
from tasks.stages.originators import originator_facts, originator_files, take_answers
from tasks.stages.partner_pack import pack_facts, partner_packs
from tasks.stages.register_report import register_facts, register_files
from tests.conftest import copy_of

THIRD, SEPTEMBER = date(2026, 9, 3), Period(2026, 9)


@pytest.fixture
def world(measured_world, tmp_path, request):
    with copy_of(measured_world, tmp_path / "home", request) as copied:
        yield copied


def account_of(world, partner="R01"):
    from adapters.duck import open_duck

    path = world.settings.landing / "2026-09-03" / "placements.parquet"
    with open_duck(world.settings) as duck:
        sql = f"SELECT min(account_id) FROM '{path}' WHERE partner_id = '{partner}' AND recalled_on IS NULL"
        ((account,),) = duck.run(sql).fetchall()
    return account


def entered(world, kind, code="", **more):
    return enter_action(world, Entry(RegisterKind(kind), "x", "demo clerk", THIRD, code, **more), None)


def test_a_pack_has_the_figures_of_the_night_and_the_actions_of_the_store(world):
    entered(world, "rectification", partner="R01")
    entered(world, "rectification", partner="R02")
    found = {facts.partner.partner_id: facts for facts in pack_facts(world, SEPTEMBER, Language.ENGLISH)}
    assert found.keys() == {"R01", "R02"}
    facts = found["R01"]
    assert (facts.as_of, [str(each.period) for each in facts.months]) == (THIRD, ["2026-09"])
    stored = {
        (each.kpi, each.currency): each.value for each in figures_on(world, THIRD, ["recovered"], Grain.PARTNER, "R01")
    }
    assert {key: facts.months[-1].figures[key].value for key in stored} == stored
    assert [each.opened.partner for each in facts.actions if each.opened.source == "entered"] == ["R01"]
    assert facts.review is not None
    assert facts.review.partner.partner_id == "R01"
    assert facts.warnings[0].startswith("The month is not over")
    assert facts.odd is None, "nobody has looked for signals"


def test_a_pack_is_written_as_page_workbook_and_pdf_with_the_same_bytes_each_time(world, tmp_path):
    paths = partner_packs(world, SEPTEMBER, Language.ENGLISH, partner="R01", folder=tmp_path / "a")
    again = partner_packs(world, SEPTEMBER, Language.ENGLISH, partner="R01", folder=tmp_path / "b")
    assert [path.name for path in paths] == ["R01.html", "R01.xlsx", "R01.pdf"]
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in again]


@pytest.mark.parametrize(("period", "partner", "told"), [("2026-08", "", "PRV001"), ("2026-09", "R1", "PRV002")])
def test_a_month_without_a_night_and_an_unknown_partner_are_refused(measured_world, period, partner, told):
    with pytest.raises(RefusedError, match=told):
        pack_facts(measured_world, Period.parse(period), Language.ENGLISH, partner=partner)


def test_a_unit_answers_all_or_nothing(world, tmp_path):
    account = account_of(world)
    first = entered(world, "feedback", "income_not_verified", account=account)
    second = entered(world, "feedback", "documents_missing", account=account)
    unit = first.opened.unit
    csv = originator_files(world, THIRD, Language.ENGLISH, tmp_path, unit)[-1]
    lines = csv.read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == [first.action_id, second.action_id]

    def answered(*ends):
        back = tmp_path / "back.csv"
        back.write_text(
            "\n".join([lines[0], *(line.removesuffix(",,") + end for line, end in zip(lines[1:], ends, strict=True))]),
            encoding="utf-8",
        )
        return take_answers(world, back, by="demo clerk", on=THIRD, attempt=None)

    with pytest.raises(RefusedError) as caught:
        answered(",accepted,the clerk left", ",acepted,")
    assert [line.split()[1] for line in str(caught.value).splitlines()] == ["FBK002", "FBK002"]
    assert action_of(world, first.action_id).phase is Phase.WAITING, "nothing of the file was taken in"

    answered(",accepted,the clerk left", ",taken_back,we take it")
    assert action_of(world, first.action_id).code == "accepted"
    back = action_of(world, second.action_id)
    assert (back.phase, back.proposal.code) == (Phase.TO_APPROVE, "taken_back"), "a second person approves it"
    with pytest.raises(RefusedError, match="FBK004"):
        answered(",accepted,again", ",,")
    facts = originator_facts(world, THIRD, Language.ENGLISH)
    assert {each.opened.code for each in facts.feedback} == {"income_not_verified", "documents_missing"}
    with pytest.raises(RefusedError, match="FBK001"):
        originator_facts(world, THIRD, Language.ENGLISH, "nowhere")


def test_the_register_of_a_day_leaves_out_what_was_decided_later(world, tmp_path):
    action = entered(world, "risk", partner="R01")
    closing = ActionDecision(ActionDecisionKind.CLOSED, "demo clerk", date(2026, 9, 9), outcome="mitigated: a lock")
    decide_action(world, action.action_id, closing, None)
    (then,) = (
        each for each in register_facts(world, THIRD, Language.ENGLISH).actions if each.action_id == action.action_id
    )
    assert then.phase is Phase.OPEN
    now = register_facts(world, date(2026, 9, 9), Language.ENGLISH)
    assert next(each for each in now.actions if each.action_id == action.action_id).phase is Phase.CLOSED
    team = now.about.postings[0].team
    assert [
        path.name for path in register_files(world, THIRD, Language.ENGLISH, tmp_path, Scope(Grain.TEAM, team))
    ] == [
        f"{team}.html",
        f"{team}.xlsx",
    ]
