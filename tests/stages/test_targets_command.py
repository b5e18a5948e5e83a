"""Targets as managers see them: exported into a sheet, and put back in its place."""

from __future__ import annotations

import re
from datetime import date

import pytest
from typer.testing import CliRunner

from adapters.settings import PROJECT
from domain.rules import RuleKind
from flows.cli import app
from tasks.stages.as_if import as_if
from tasks.stages.rules import decode_rule_book, read_rules

TARGETS = "kpi_rules/targets"


def run(*arguments: str):
    done = CliRunner().invoke(app, ["targets", *arguments])
    assert done.exit_code == 0, done.output
    return done


@pytest.mark.parametrize("name", ["field.csv", "field.xlsx"])
def test_an_exported_sheet_takes_the_place_of_the_file_and_keeps_every_version(name, tmp_path):
    folder = tmp_path / TARGETS
    told = run("export", "--to", str(folder / name), "--on", "2026-11-22")
    assert re.match(r"[1-9]\d* targets of [1-9]\d* rules in ", told.stdout)
    assert f"{TARGETS}/employees.yaml states them too" in " ".join(told.stderr.split())
    for replaced in ("employees.yaml", "partners.yaml"):
        (folder / replaced).write_text("targets: []\n")
    before, after = read_rules(PROJECT), read_rules(PROJECT, tmp_path)
    assert after.issues == before.issues
    assert after.kpis.versions() == before.kpis.versions()
    assert after.book.digest != before.book.digest


def test_a_target_of_a_sheet_that_begins_later_can_be_taken_as_if_it_had_held_before(tmp_path):
    """As `diff-rules` shows what it would have changed last month."""
    (tmp_path / TARGETS).mkdir(parents=True)
    sheet = "kpi,value,owner,department,valid_from,review_by\nqa_score,0.9,head,legal,2026-12-01,2027-06-30\n"
    (tmp_path / TARGETS / "new.csv").write_text(sheet)
    rules, october = read_rules(PROJECT, tmp_path), date(2026, 10, 1)
    before = as_if(rules.book, {(RuleKind.TARGET, "new_department_legal"): date(2026, 12, 1)}, october)
    held = {each.rule.id for each in decode_rule_book(before).kpis.on(october).targets}
    assert "new_department_legal" in held - {each.rule.id for each in rules.kpis.on(october).targets}


def test_a_sheet_is_written_under_a_name_that_says_what_it_is(tmp_path):
    refused = CliRunner().invoke(app, ["targets", "export", "--to", str(tmp_path / "field.ods")])
    assert (refused.exit_code, ".csv or .xlsx" in refused.output) == (2, True)
