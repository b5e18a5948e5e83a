"""`recoup diff-rules`: whose figures other rules change, by how much, through which rule; as a what-if would find."""

from __future__ import annotations

import json
import subprocess
from datetime import date
from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console
from typer.testing import CliRunner

from adapters.errors import RefusedError
from adapters.settings import Settings
from adapters.world import open_world
from domain.manifest import Stage
from domain.rule_changes import ChangeKind
from flows.cli import app
from flows.cli.rule_changes import print_effects
from reports.rule_effects import FigureKind, rule_effects_page
from tasks.stages.compare import compare_runs, official_before
from tasks.stages.diff_rules import diff_rules
from tests.conftest import SteppingClock, copy_folder
from tests.reports.reading import Page
from tests.stages.books import PHONE, POLICIES, RECOVERY, SCORECARDS, TARGETS, edit, house_book
from tests.stages.conftest import night_of

DAY = date(2026, 9, 3)
HOUSE = str(Settings().rules)

HAD = """    denominator:
      dataset: ownership
      measure: count_distinct
      of: account_id
      where: owner_kind in ["employee", "partner"]
"""
RATE = (("      contact_rate: 0.50\n", "      contact_rate: 0.10\n"),)
TO_NOBODY = (
    (
        "credit_rules:\n",
        """credit_rules:
  - id: small_payments
    title: Small payments count for nobody
    owner: head_of_collections
    valid_from: 2000-01-01
    review_by: 2027-06-30
    order: 50
    where: amount < 3000000
    to: {kind: house}
    look_back_days: 92
""",
    ),
)
NEXT_MONTH = (
    (
        """    valid_from: 2000-01-01
    review_by: 2027-06-30
    department: phone_early
    values:
      recovery_rate: 0.20
      promise_kept: 0.55
      contact_rate: 0.50
      calls_per_hour: 10
""",
        """    valid_from: 2000-01-01
    valid_to: 2026-10-01
    department: phone_early
    values: {recovery_rate: 0.20, promise_kept: 0.55, contact_rate: 0.50, calls_per_hour: 10}

  - id: phone_early_targets
    title: Telephone, early stage, each employee
    owner: head_of_phone
    valid_from: 2026-10-01
    review_by: 2027-06-30
    department: phone_early
    values:
      recovery_rate: 0.20
      promise_kept: 0.55
      contact_rate: 0.10
      calls_per_hour: 10
""",
    ),
)


@pytest.fixture(scope="module")
def compared(measured_world, tmp_path_factory):
    """What an edited book of the house would have changed in the measured month, and that book."""

    def effects(edits, **options):
        book = edit(house_book(tmp_path_factory.mktemp("new")), edits)
        return diff_rules(measured_world, HOUSE, str(book), **{"months": 1, **options}), book

    return effects


@pytest.fixture(scope="module")
def by_target(compared):
    report, _ = compared({TARGETS: RATE}, months=3)
    return report


def test_the_house_beside_itself_differs_in_nothing_and_measures_nothing(compared):
    effects = compared({})[0].effects
    assert (effects.changes, effects.months, effects.without) == ((), (), ())


def test_a_target_changes_scores_and_pay_of_its_department_and_no_kpi(by_target):
    (month,) = by_target.effects.months
    assert month.unlike_official == 0, "the old book is measured as the night was"
    assert {one.name for one in month.of(FigureKind.SCORE)} == {"phone_early_scorecard"}
    assert {one.why for one in month.figures} == {("target phone_early_targets",)}
    assert month.of(FigureKind.KPI) == ()
    assert month.equal > 1_000


def test_months_without_a_measured_night_are_told(by_target):
    assert [one.period for one in by_target.effects.months] == ["2026-09"]
    assert [(one.period, one.reason) for one in by_target.effects.without] == [
        ("2026-08", "no official night of this month has measured"),
        ("2026-07", "no official night of this month has measured"),
    ]


def test_the_totals_are_those_of_the_figures(compared):
    report, _ = compared({TARGETS: RATE, POLICIES: (("below: zero\n", "below: flat\n"),)})
    (month,) = report.effects.months
    assert month.of(FigureKind.PAY)
    for total in month.totals_of(FigureKind.PAY):
        lines = [one for one in month.of(FigureKind.PAY) if (one.scope, one.currency) == (total.name, total.currency)]
        assert total.new - total.old == sum(one.amount for one in lines)
        assert abs(total.largest.amount) == max(abs(one.amount) for one in lines)
        assert (total.differing, total.raised) == (len(lines), sum(one.amount > 0 for one in lines))
    (card,) = month.totals_of(FigureKind.SCORE)
    scores = month.of(FigureKind.SCORE)
    moved = sum(one.difference for one in scores)
    everybody = moved / (card.new - card.old)
    assert everybody.quantize(Decimal(1)) == round(everybody, 6) >= len(scores), "the mean is over all of the scorecard"
    assert sum(total.differing for total in month.totals) == len(month.figures)


def test_it_finds_what_a_what_if_finds_and_says_through_which_rule(measured_world, compared, tmp_path):
    """The same change as a run of its own, which is gated and measured by itself, over a copy of the home."""
    rate = ((HAD, "    denominator: calls_made\n"),)
    report, book = compared({RECOVERY: TO_NOBODY, PHONE: rate})
    (month,) = report.effects.months
    copy_folder(measured_world.settings.home, tmp_path / "home")
    other = open_world(Settings(home=tmp_path / "home"), clock=SteppingClock())
    night = night_of(other, DAY, (Stage.GATE, Stage.MEASURE, Stage.PROJECT), what_if=True, overlay=book)
    whole = compare_runs(other, night, official_before(other, night))
    of_the_run = [(one.figure, one.whose.split()[-1], one.currency, one.change or 0) for one in whole.differences]
    assert sorted(of_the_run) == sorted(
        (one.name, one.entity, one.currency, one.difference or 0) for one in month.figures
    )
    assert month.equal == whole.equal

    why = {one.name.partition(":")[0]: set(one.why) for one in month.figures}
    assert why["contact_rate"] == why["phone_early_scorecard"] - {"credit rule small_payments"} == {"kpi contact_rate"}
    assert why["recovered"] == why["leader_bonus"] == {"credit rule small_payments"}
    assert all(one.why for one in month.figures)


def test_a_version_that_begins_later_is_measured_as_if_it_held_and_as_dated_changes_nothing(compared, by_target):
    effects = compared({TARGETS: NEXT_MONTH})[0].effects
    assert [change.what for change in effects.changes] == [ChangeKind.ENDS, ChangeKind.NEW_VERSION]
    (month,), (now,) = effects.months, by_target.effects.months
    assert [(one.rule, one.what) for one in month.as_if] == [("target phone_early_targets", "begins on 2026-10-01")]
    assert month.figures == now.figures
    (dated,) = compared({TARGETS: NEXT_MONTH}, as_dated=True)[0].effects.months
    assert (dated.figures, dated.as_if) == ((), ())


def test_a_rule_that_ends_is_measured_as_if_it_had_ended(compared):
    held = "    valid_from: 2000-01-01\n    review_by: 2027-06-30\n    department: field\n"
    ended = held.replace("review_by: 2027-06-30", "valid_to: 2026-10-01")
    (month,) = compared({TARGETS: ((held, ended),)})[0].effects.months
    assert [(one.rule, one.what) for one in month.as_if] == [("target field_targets", "ends on 2026-10-01")]
    assert {one.name for one in month.of(FigureKind.SCORE)} == {"field_scorecard"}


def test_rules_that_reach_further_back_than_the_night_has_read_say_so(compared):
    """The night has read contacts of this month alone, which is when the book begins."""
    window = ("type: simple\n    dataset: contacts", "type: cumulative\n    window_days: 60\n    dataset: contacts")
    text = (Settings().rules / PHONE).read_text(encoding="utf-8")
    first = text[: text.index("  - id: minutes_worked")]
    (month,) = compared({PHONE: ((first, first.replace(*window)),)})[0].effects.months
    assert month.not_read == (
        "contacts before 2026-09-01: the new rules count from 2026-07-06 on, and the night has not read them",
    )


def test_a_revision_is_read_from_the_repository_and_only_read(world, tmp_path):
    book = house_book(tmp_path / "repository" / "rules")
    git = ["git", "-C", str(book), "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], check=True)
    edit(book, {TARGETS: RATE})
    world = open_world(world.settings.model_copy(update={"rules": book}))
    effects = diff_rules(world, "HEAD", str(book), months=1).effects
    assert [change.name for change in effects.changes] == ["target phone_early_targets"]
    assert [one.reason for one in effects.without] == [
        "no official night has measured yet: the rules are compared, and no figures"
    ]
    assert not list((world.settings.home / "tmp").glob("rules-*"))
    with pytest.raises(RefusedError, match="DIF001"):
        diff_rules(world, "no-such-tag", str(book), months=1)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [("--output=x", HOUSE, "DIF001"), (HOUSE, "{empty}", "DIF003"), (HOUSE, "{broken}", "KPI007 unknown KPI")],
    ids=["no revision", "no rules", "wrong rules"],
)
def test_what_is_no_rule_book_is_refused(world, tmp_path, old, new, told):
    (tmp_path / "empty").mkdir()
    edit(house_book(tmp_path / "broken"), {SCORECARDS: (("kpi: contact_rate", "kpi: contact_rat"),)})
    names = {"empty": tmp_path / "empty", "broken": tmp_path / "broken"}
    with pytest.raises(RefusedError, match=told):
        diff_rules(world, old, new.format(**names), months=1)


def test_it_is_printed_with_the_largest_first_and_the_rest_counted(by_target):
    whole, short = (StringIO() for _ in range(2))
    print_effects(Console(file=whole, width=140), by_target, every=True)
    print_effects(Console(file=short, width=140), by_target, most=1)
    assert "values.contact_rate  0.5  →  0.1" in whole.getvalue()
    assert "2026-08: no official night of this month has measured" in whole.getvalue()
    scores = by_target.effects.months[0].of(FigureKind.SCORE)
    assert all(one.entity in whole.getvalue() for one in scores)
    assert f"and {len(scores) - 1} more" in short.getvalue()


def test_the_page_shows_what_was_found(by_target):
    page = Page(rule_effects_page(by_target))
    score = by_target.effects.months[0].of(FigureKind.SCORE)[0]
    assert page.problems == []
    assert page.row("phone_early_scorecard", score.entity)[-1] == "target phone_early_targets"
    assert page.row("values.contact_rate")[1:] == ["0.5", "0.1"]


def test_the_command_takes_an_overlay_and_writes_json(measured_world, tmp_path, monkeypatch):
    monkeypatch.setenv("RECOUP_HOME", str(measured_world.settings.home))
    change = tmp_path / "change" / TARGETS
    change.parent.mkdir(parents=True)
    text = (Settings().rules / TARGETS).read_text(encoding="utf-8")
    change.write_text(text.replace(*RATE[0]), encoding="utf-8")
    words = ["diff-rules", HOUSE, str(tmp_path / "change"), "--overlay", "--months", "1"]
    assert CliRunner().invoke(app, [*words, "--as", "html"]).exit_code == 2
    told = CliRunner().invoke(app, [*words, "--as", "json", "--to", str(tmp_path / "found.json")])
    assert told.exit_code == 0, told.output
    assert told.stdout.startswith("1 rule version differs, ")
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert found["changes"][0]["fields"] == [{"field": "values.contact_rate", "new": "0.1", "old": "0.5"}]
    assert found["months"][0]["figures"]
