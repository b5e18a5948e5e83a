"""`recoup check`: the house's rules are sound, and an edited file is told as text, JSON and SARIF, with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app

SCORECARD = "kpi_rules/rules/scorecards.yaml"


@pytest.fixture
def edited(tmp_path: Path, request) -> Path:
    """A folder with one file of the house, in which a KPI is misspelt."""
    text = (request.config.rootpath / SCORECARD).read_text(encoding="utf-8")
    file = tmp_path / SCORECARD
    file.parent.mkdir(parents=True)
    file.write_text(text.replace("kpi: promise_kept", "kpi: promise_kep", 1), encoding="utf-8")
    return tmp_path


def check(*arguments: str):
    return CliRunner().invoke(app, ["check", "--on", "2026-11-22", *arguments])


def test_the_house_has_no_findings():
    told = check()
    assert (told.exit_code, told.stdout.split(", ")[-1].strip()) == (0, "0 findings")


def test_a_mistake_is_told_with_its_place_and_what_was_probably_meant(edited):
    told = check("--rules", str(edited))
    assert told.exit_code == 1
    assert f'{SCORECARD}:22:15 KPI007 unknown KPI "promise_kep". Did you mean "promise_kept"?' in told.stdout


def test_json_and_sarif_say_the_same(edited):
    (issue,) = (one for one in json.loads(check("--rules", str(edited), "--json").stdout) if one["code"] == "KPI007")
    log = json.loads(check("--rules", str(edited), "--sarif").stdout)
    (result,) = (one for one in log["runs"][0]["results"] if one["ruleId"] == "KPI007")
    assert (log["version"], result["level"]) == ("2.1.0", issue["severity"])
    assert result["message"]["text"] == f"{issue['message']}. {issue['hint']}"
    assert result["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": SCORECARD},
                "region": {"startLine": issue["location"]["line"], "startColumn": issue["location"]["column"]},
            }
        }
    ]
    assert {"id": "KPI007"} in log["runs"][0]["tool"]["driver"]["rules"]


def test_a_review_that_is_overdue_is_a_warning():
    told = CliRunner().invoke(app, ["check", "--on", "2027-07-01", "--json"])
    found = json.loads(told.stdout)
    assert told.exit_code == 0
    assert {(one["code"], one["severity"]) for one in found} == {("RUL011", "warning")}
    assert any('"vn_hours" was to be reviewed by 2027-06-30' in one["message"] for one in found)
    assert len(found) == len({str(one) for one in found})


def test_a_kpi_that_nobody_uses_is_a_warning_in_text_and_sarif(tmp_path, request):
    text = (request.config.rootpath / "kpi_rules/rules/law.yaml").read_text(encoding="utf-8")
    rest, rule = text.split("  - id: advised_against_contacts\n")
    line = rest.count("\n") + 1
    file = tmp_path / "kpi_rules/rules/law.yaml"
    file.parent.mkdir(parents=True)
    unread = rule.replace("    shown_to: [compliance]\n", "", 1)
    file.write_text(f"{rest}  - id: advised_against_contacts\n{unread}", encoding="utf-8")
    told = check("--rules", str(tmp_path))
    assert told.exit_code == 0
    assert f"kpi_rules/rules/law.yaml:{line}:9 KPI070 nothing reads" in told.stdout
    (result,) = json.loads(check("--rules", str(tmp_path), "--sarif").stdout)["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("KPI070", "warning")
