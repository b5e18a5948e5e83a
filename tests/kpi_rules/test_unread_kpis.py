"""A KPI that nobody uses is a warning at its id; whatever reads it, or says that somebody looks at it, silences it."""

from __future__ import annotations

from datetime import date

import pytest

from adapters.rule_files import read_rule_book
from adapters.settings import Settings
from domain.issues import Severity
from domain.rules import Rule
from kpi_rules.unread import unread_kpis
from tasks.stages.rules import decode_rule_book
from tests.kpi_rules.test_malformed_kpi_files import COUNT, GOAL, RATIO, SUM, TARGET, WEIGHED, WHOLE, kpis

READ_CALLS = WEIGHED.replace("calls, weight", "other, weight") + (
    "    gates:\n      - {kpi: calls, at_most: 1, otherwise: {times: 0}, missing: holds}\n"
)
OTHER = {"other": f"{COUNT}\n    shown_to: [o]"}


def unread(decoded, text, read_elsewhere=()):
    rules, _ = decoded(text)
    return [issue.message.split('"')[1] for issue in unread_kpis(rules, read_elsewhere)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (kpis(calls=COUNT), ["calls"]),
        (kpis(calls=f"{COUNT}\n    shown_to: [head_of_phone]"), []),
        (kpis(calls=COUNT) + GOAL, []),
        (kpis(calls=COUNT) + GOAL + WEIGHED, []),
        (kpis(calls=COUNT, **OTHER) + GOAL.replace("calls", "other") + READ_CALLS, []),
        (kpis(calls=COUNT, share=f"{RATIO}numerator: calls\n    denominator: calls"), ["share"]),
        (kpis(calls=f"{COUNT}\n    by: outcome\n    values: [no_answer, refused]"), ["calls"]),
        (kpis(calls=f"{COUNT}\n    by: outcome\n    values: [no_answer, refused]")
         + f"{TARGET}{WHOLE}values: {{calls_refused: 1}}\n", []),
        (kpis(calls=f"{COUNT}\n    shown_to: [o]", weight=COUNT)
         + f"{TARGET}each: team\n    {WHOLE}cascade: {{by: {{kpi: weight}}, step: 1}}\n    values: {{calls: 1}}\n", []),
    ],
    ids=["nothing", "shown", "target", "scorecard", "gate", "operand", "none of a family", "one of a family", "weight"],
)  # fmt: skip
def test_who_reads_it(decoded, text, found):
    assert unread(decoded, text) == found


def test_a_policy_reads_it_on_a_day_on_which_both_hold(decoded):
    def reader(**dates):
        return Rule(id="p", title="P", owner="o", review_by=date(2027, 1, 1), **dates)

    early = reader(valid_from=date(2025, 1, 1), valid_to=date(2026, 1, 1))
    assert unread(decoded, kpis(recovered=SUM), [("recovered", reader(valid_from=date(2026, 6, 1)))]) == []
    assert unread(decoded, kpis(recovered=SUM), [("recovered", early)]) == ["recovered"]


def test_it_is_a_warning_at_the_id_that_says_what_to_do(decoded):
    rules, _ = decoded(kpis(calls=COUNT))
    (issue,) = unread_kpis(rules)
    assert (issue.code, issue.severity, str(issue.location)) == ("KPI070", Severity.WARNING, "a.yaml:2:9")
    assert "`shown_to: [o]`" in issue.hint


def test_nothing_is_said_while_a_broken_rule_may_be_the_one_that_reads_it(tmp_path):
    """In the whole book: the policies of the house are the only ones that read critical fails."""
    book = read_rule_book(Settings().rules)
    rest = tuple(each for each in book.documents if not each.path.startswith("incentives/policies/"))
    without = decode_rule_book(type(book)(rest, ()))
    assert {issue.message.split('"')[1] for issue in without.issues} >= {"critical_fails"}
    policies = tmp_path / "incentives" / "policies"
    policies.mkdir(parents=True)
    (policies / "broken.yaml").write_text("policies:\n  - id: a\n", encoding="utf-8")
    broken = decode_rule_book(type(book)((*rest, *read_rule_book(tmp_path).documents), ()))
    assert "RUL002" in {issue.code for issue in broken.issues}
    assert "KPI070" not in {issue.code for issue in broken.issues}
