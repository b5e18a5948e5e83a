"""Signing: the request shows what differs from what is signed and last month's effect, and is kept with the names."""

from __future__ import annotations

import json
from datetime import date

import pytest
from typer.testing import CliRunner

from adapters.errors import ConflictError, RefusedError
from adapters.settings import Settings
from adapters.store.runs import official_run
from adapters.store.signatures import Shown, sign, with_signatures
from adapters.world import open_world
from domain.documents import Document, decode
from domain.ids import canonical_json
from domain.rule_changes import ChangeKind
from domain.rules import version_digest
from flows.cli import app
from reports.rule_effects import FigureKind
from tasks.stages.rule_effects import NOT_MEASURED, ONLY_WORDS
from tasks.stages.rules import sound_rules
from tasks.stages.signed_book import _MODELS, read_back
from tasks.stages.signing import NO_NIGHT, request_signature, sign_requested, signatures_on_record
from tasks.stages.withdrawing import withdraw_signature
from tests.conftest import SteppingClock, copy_folder
from tests.stages.books import PHONE, POLICIES, SCORECARDS, TARGETS, edit, house_book

DAY = date(2026, 9, 3)
HOUSE = sound_rules(Settings().rules)
CONTACTED = (("      contact_rate: 0.50\n", "      contact_rate: 0.10\n"),)
OF_THE_FIELD = (("      visits_on_time: 0.85\n", "      visits_on_time: 0.95\n"),)


@pytest.fixture
def signed(world, tmp_path):
    """A world without nights whose rule book, a copy of the house's, is signed."""
    world = open_world(
        world.settings.model_copy(update={"rules": house_book(tmp_path / "book")}), clock=SteppingClock()
    )
    sign(world.store, HOUSE.contents(), proposer="a", signer="b")
    return world


@pytest.fixture
def measured(measured_world, tmp_path):
    """The same with a measured month."""
    copy_folder(measured_world.settings.home, tmp_path / "home")
    settings = Settings(home=tmp_path / "home", rules=house_book(tmp_path / "book"))
    return open_world(settings, clock=SteppingClock())


def change(world, edits):
    edit(world.settings.rules, edits)
    return world


def test_what_was_signed_is_read_back_as_it_was():
    """Every rule of the house, of every kind, from the text that the store keeps."""
    for each in HOUSE.contents():
        kind = each.version.kind
        entry = read_back(kind, json.loads(canonical_json(each.content)))
        rule, issues = decode(Document("x", [entry], {}), _MODELS[kind], (0,))
        assert issues == (), each.version.id
        assert version_digest(rule) == each.version.digest


def test_a_content_that_no_longer_is_a_rule_is_returned_to_be_told_like_a_wrong_file():
    content = {"id": "a", "weight": "0.5"}
    assert read_back(HOUSE.contents()[0].version.kind, content) == content


def test_where_all_is_signed_there_is_nothing_to_show(signed):
    request = request_signature(signed)
    assert (request.versions, request.effects.changes, request.effects.months) == ((), (), ())


def test_the_effect_of_last_month_is_shown_and_kept_with_the_signature(measured):
    request = request_signature(change(measured, {TARGETS: CONTACTED}))
    (month,) = request.effects.months
    assert {one.why for one in month.figures} == {("target phone_early_targets",)}
    assert sign_requested(measured, request, proposer="a", signer="b", seen=request.digest[:12]) == 1

    before, after = signatures_on_record(measured, "phone_early_targets")
    assert (before.shown, before.signed.request) == (None, "")
    assert (after.signed.request, after.shown.was_named) == (request.digest, True)
    content = after.shown.content
    assert content["changes"][0]["fields"] == [{"field": "values.contact_rate", "new": "0.1", "old": "0.5"}]
    (kept,) = content["months"]
    assert (kept["differing"], kept["run"]) == (len(month.figures), month.run)
    assert [line["payee"] for line in kept["pay"]] == [one.entity for one in month.of(FigureKind.PAY)]
    assert sum(total["differing"] for total in kept["totals"]) == len(month.figures)
    assert request_signature(measured).versions == ()


def test_a_rule_that_needs_one_that_is_not_signed_says_so_instead_of_an_effect(measured):
    renamed = (("id: contact_rate\n", "id: contacted_share\n"),)
    uses = (("kpi: contact_rate", "kpi: contacted_share"),)
    change(measured, {PHONE: renamed, SCORECARDS: uses, TARGETS: (("      contact_rate:", "      contacted_share:"),)})
    effects = request_signature(measured, "phone_early_scorecard").effects
    assert effects.months == ()
    assert 'KPI007 unknown KPI "contacted_share"' in effects.without[0].reason
    assert effects.without[0].reason.startswith("DIF002")


def test_what_was_overwritten_in_its_file_is_held_against_what_was_signed(signed):
    request = request_signature(change(signed, {POLICIES: (("value: 0.5}", "value: 0.4}"),)}), "phone_early_vnd")
    (one,) = request.effects.changes
    assert (one.what, one.old_place) == (ChangeKind.CHANGED, "incentives/policies/as signed")
    assert [(field.field, field.old, field.new) for field in one.fields] == [
        ("steps[payout].points[at 60].value", "0.5", "0.4")
    ]
    assert [each.reason for each in request.effects.without] == [NO_NIGHT]


def test_of_several_signatures_of_one_version_the_newest_counts(signed):
    sign_requested(signed, request_signature(change(signed, {TARGETS: CONTACTED})), proposer="a", signer="b")
    change(signed, {TARGETS: (("      contact_rate: 0.10\n", "      contact_rate: 0.20\n"),)})
    (one,) = request_signature(signed).effects.changes
    assert [(field.old, field.new) for field in one.fields] == [("0.1", "0.2")]


def test_of_several_that_wait_only_those_asked_for_are_shown_and_signed(signed):
    change(signed, {TARGETS: (*CONTACTED, *OF_THE_FIELD)})
    both, one = request_signature(signed), request_signature(signed, "field_targets")
    assert [each.id for each in both.effects.changes] == ["field_targets", "phone_early_targets"]
    assert [each.id for each in one.effects.changes] == ["field_targets"]
    assert sign_requested(signed, one, proposer="a", signer="b") == 1
    assert [each.id for each in request_signature(signed).versions] == ["phone_early_targets"]
    assert signatures_on_record(signed, "field_targets")[-1].shown.was_named is False


def test_the_next_version_stands_beside_the_signed_one_before_it(signed):
    text = (signed.settings.rules / TARGETS).read_text(encoding="utf-8")
    begin = text.index("  - id: legal_targets")
    rule = text[begin : text.index("  - id: restructuring_targets")]
    later = rule.replace("2000-01-01", "2026-11-01").replace("promise_kept: 0.40", "promise_kept: 0.50")
    ended = rule.replace("    review_by", "    valid_to: 2026-11-01\n    review_by")
    change(signed, {TARGETS: ((rule, ended + later),)})
    told = [
        (one.what, [(field.field, field.new) for field in one.fields])
        for one in request_signature(signed).effects.changes
    ]
    assert told == [
        (ChangeKind.ENDS, [("valid_to", "2026-11-01")]),
        (ChangeKind.NEW_VERSION, [("valid_from", "2026-11-01"), ("values.promise_kept", "0.5")]),
    ]


@pytest.mark.parametrize(
    ("folder", "replaced", "told"),
    [
        ("allocation/strategies", ("valid_from: 2", "valid_to: 2099-01-01\n    valid_from: 2"), NOT_MEASURED),
        ("allocation/plans", ("days_past_due: 5", "days_past_due: 6"), NOT_MEASURED),
        ("kpi_rules/targets", ("title: Legal, each employee", "title: Legal, everybody"), ONLY_WORDS),
    ],
    ids=["a strategy", "a treatment plan", "a title"],
)
def test_what_no_figure_can_differ_by_says_so(signed, folder, replaced, told):
    files = [each for each in (signed.settings.rules / folder).glob("*.yaml") if not each.name.endswith(".test.yaml")]
    (name,) = [each for each in files if replaced[0] in each.read_text(encoding="utf-8")]
    text = name.read_text(encoding="utf-8")
    name.write_text(text.replace(*replaced, 1), encoding="utf-8")
    effects = request_signature(signed).effects
    assert len(effects.changes) == 1
    assert [each.reason for each in effects.without] == [told]


def test_an_edit_that_only_moves_a_line_keeps_the_request_and_another_edit_does_not(signed):
    shown = request_signature(change(signed, {TARGETS: CONTACTED}))
    change(signed, {TARGETS: (("targets:\n", "\n# a comment\n\ntargets:\n"),)})
    assert request_signature(signed).digest == shown.digest
    other = request_signature(change(signed, {TARGETS: OF_THE_FIELD}))
    with pytest.raises(ConflictError, match="SIG003"):
        sign_requested(signed, other, proposer="a", signer="b", seen=shown.digest[:12])
    assert len(request_signature(signed).versions) == 2


def test_what_was_shown_is_kept_on_either_database(any_world):
    first, second = HOUSE.contents()[:2]
    shown = Shown(first.version.digest, was_named=True, content={"changes": [], "months": [{"old": "0.50"}]})
    sign(any_world.store, [first], proposer="a", signer="b", shown=shown)
    sign(any_world.store, [second], proposer="a", signer="b")
    one, other = signatures_on_record(any_world)
    assert (one.shown, other.shown) == (shown, None)


def test_one_person_and_an_unknown_rule_are_refused(signed):
    request = request_signature(change(signed, {TARGETS: CONTACTED}))
    with pytest.raises(RefusedError, match="SIG001"):
        sign_requested(signed, request, proposer="a", signer="a")
    with pytest.raises(RefusedError, match=r'SIG004 .*Did you mean "field_targets"'):
        request_signature(signed, "field_target")


def test_the_commands_show_sign_and_list(signed, monkeypatch, tmp_path):
    monkeypatch.setenv("RECOUP_HOME", str(signed.settings.home))
    monkeypatch.setenv("RECOUP_RULES", str(change(signed, {TARGETS: CONTACTED}).settings.rules))

    def recoup(*words):
        return CliRunner().invoke(app, [*words])

    shown = recoup("sign", "--show", "--to", str(tmp_path / "page.html"))
    assert "values.contact_rate  0.5  →  0.1" in shown.stdout
    assert (tmp_path / "page.html").exists()
    request = shown.stdout.rsplit("--seen ", 1)[1].strip()
    assert recoup("sign", "--proposer", "a").exit_code == 2
    done = recoup("sign", "--proposer", "a", "--by", "b", "--seen", request, "--json")
    assert json.loads(done.stdout)["signed"] == 1
    assert "Every version is signed" in recoup("sign", "--show").stdout
    listed = recoup("signatures", "--rule", "phone_early_targets").stdout
    assert f"Request {request}, named on approving" in listed
    assert "values.contact_rate  0.5 → 0.1" in listed
    assert "other rules in the same request" not in listed


def test_a_withdrawn_version_is_not_signed_any_more_and_waits_for_two_names_again(signed):
    (before,) = signatures_on_record(signed, "phone_early_targets")
    found = withdraw_signature(signed, "phone_early_targets", by="b", reason="agreed otherwise")
    assert (found.signed.rule, found.void) == (before.signed.rule, ())
    (taken,) = signatures_on_record(signed, "phone_early_targets")
    assert (taken.signed.withdrawn.by, taken.signed.withdrawn.reason) == ("b", "agreed otherwise")
    with signed.store.read() as connection:
        named = {each.id: (each.proposer, each.signer) for each in with_signatures(connection, HOUSE.reached(DAY))}
    assert (named["phone_early_targets"], named["field_targets"]) == (("", ""), ("a", "b"))

    request = request_signature(signed)
    assert [version.id for version in request.versions] == ["phone_early_targets"]
    assert [change.what for change in request.effects.changes] == [ChangeKind.ADDED]
    assert sign_requested(signed, request, proposer="c", signer="d") == 1
    first, again = signatures_on_record(signed, "phone_early_targets")
    assert (first.signed.withdrawn.by, again.signed.withdrawn) == ("b", None)
    assert (again.signed.proposer, again.signed.signer, again.signed.request) == ("c", "d", request.digest)
    withdraw_signature(signed, "phone_early_targets", by="d", reason="again")
    assert [one.signed.withdrawn.reason for one in signatures_on_record(signed, "phone_early_targets")] == [
        "agreed otherwise", "again"]  # fmt: skip


def test_behind_a_withdrawn_version_stands_the_one_that_was_signed_before_it(signed):
    sign_requested(signed, request_signature(change(signed, {TARGETS: CONTACTED})), proposer="a", signer="b")
    new = signatures_on_record(signed, "phone_early_targets")[-1].signed.rule
    withdraw_signature(signed, "phone_early_targets", by="b", reason="too low", version=new[:12])
    (one,) = request_signature(signed).effects.changes
    assert [(field.old, field.new) for field in one.fields] == [("0.5", "0.1")]


@pytest.mark.parametrize(
    ("rule", "reason", "version", "code"),
    [
        ("phone_early_target", "r", "", "SIG005 no version of 'phone_early_target' was ever signed. Did you mean"),
        ("phone_early_targets", "r", "ffff0", "SIG005 no version of phone_early_targets that is signed begins with"),
        ("phone_early_targets", " ", "", "SIG007"),
        ("phone_early_targets", "r", "", "SIG006 several versions of phone_early_targets are signed"),
    ],
)
def test_what_cannot_be_withdrawn_is_refused(rule, reason, version, code, signed):
    sign_requested(signed, request_signature(change(signed, {TARGETS: CONTACTED})), proposer="a", signer="b")
    with pytest.raises(RefusedError) as refused:
        withdraw_signature(signed, rule, by="b", reason=reason, version=version)
    assert str(refused.value).startswith(code)
    assert not any(one.signed.withdrawn for one in signatures_on_record(signed))


def test_what_was_withdrawn_once_is_not_withdrawn_again(signed):
    withdraw_signature(signed, "phone_early_targets", by="b", reason="r")
    with pytest.raises(RefusedError, match="SIG005"):
        withdraw_signature(signed, "phone_early_targets", by="b", reason="r")


def test_a_run_says_that_a_signature_of_it_was_withdrawn(measured, monkeypatch):
    withdraw_signature(measured, "phone_early_targets", by="b", reason="agreed otherwise")
    monkeypatch.setenv("RECOUP_HOME", str(measured.settings.home))
    with measured.store.read() as connection:
        run = official_run(connection, "nightly", DAY, "measure")
    told = CliRunner().invoke(app, ["show", run]).stdout
    assert 'The signature of the target "phone_early_targets" was withdrawn by b on' in " ".join(told.split())
    again = CliRunner().invoke(app, ["unsign", "field_targets", "--by", "b", "--reason", "too high"])
    assert "target field_targets" in again.stdout
    assert "is not signed any more" in again.stdout
    listed = CliRunner().invoke(app, ["signatures", "--rule", "field_targets", "--json"]).stdout
    assert json.loads(listed)[0]["signed"]["withdrawn"]["reason"] == "too high"
