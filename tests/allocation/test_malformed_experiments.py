"""One mistake per case: what is said about it, and where; and the guide, whose example is sound."""

import re

import pytest

from adapters.rule_files import parse_document
from allocation.experiments import decode_experiments
from tests.allocation.test_drawing_lots import FIRMS, SEGMENTS
from tests.allocation.test_malformed_strategies import change, text_at

# The mistake, the code, what stands at the place that is pointed at, and some words of the message.
CASES = {
    "unknown key": (change("    share: 0.40\n", "    share: 0.40\n    aim: x\n"), "RUL001", "aim: x\n", '"aim"'),
    "one arm": (lambda text: re.sub(r"\n      - .id: firm_b.*", "", text), "RUL005", "- {id: firm_a", "at least 2"),
    "finer than hundredths": (change("0.50, partners: [P1]", "0.505, partners: [P1]"), "RUL005", "0.505", "2 decimal"),
    "no measure": (change("recovered_of_overdue", "calls"), "RUL003", "calls", '"measure" is'),
    "unknown stratum": (change("[product]", "[branch]"), "RUL003", "branch", "one of"),
    "unknown column": (change("    share: 0.40\n", "    share: 0.40\n    when: dpd > 5\n"), "EXP003", "dpd > 5", "dpd"),
    "neither share nor number": (change("    share: 0.40\n", ""), "ARM001", "two_firms", "neither"),
    "share and number": (change("    share: 0.40\n", "    share: 0.40\n    debtors: 7\n"), "ARM001", "7", "both"),
    "no end": (change("valid_to: 2027-01-01", "review_by: 2027-01-01"), "ARM002", "two_firms", "no end"),
    "draws after the end": (change("2026-11-15", "2027-01-01"), "ARM003", "2027-01-01", "not between"),
    "ends before it is known": (change("days: 30", "days: 60"), "ARM004", "2027-01-01", "2027-01-14"),
    "no such segment": (change("[legal]", "[leagl]"), "ARM005", "leagl", 'segment "leagl"'),
    "no such department": (change("partners: [P1]", "departments: [legl]"), "ARM013", "legl", '"legl"'),
    "bands that fall": (change("[5000]", "[5000, 1000]"), "ARM006", "[5000, 1000]", "begin above 0"),
    "arm twice": (change("id: firm_b", "id: firm_a"), "ARM007", "firm_a, title: Firm B", "again"),
    "an arm of nothing": (change(", partners: [P2]", ""), "ARM008", "firm_b", "nothing"),
    "an arm of two": (change("[P2]", "[P2], usual: true"), "ARM008", "firm_b", "partners and usual"),
    "no whole": (change("0.50, partners: [P1]", "0.40, partners: [P1]"), "ARM009", "- {id: firm_a", "0.90"),
    "unknown champion": (change("champion: firm_a", "champion: firm_c"), "ARM010", "firm_c", '"firm_c"'),
    "no slice": (change("    capacity_share: 0.50\n", ""), "ARM011", "- {id: firm_a", "does not say which share"),
    "a slice of nobody": (lambda text: re.sub(r"partners: \[P.\]", "usual: true", text), "ARM011", "0.50", "no dest"),
    "no list": (lambda _: "experiments: 7\n", "ARM012", "7", "no list `experiments`"),
    "another section": (lambda text: text + "kpis: 7\n", "RUL001", "kpis: 7\n", 'unknown key "kpis"'),
}


@pytest.mark.parametrize("case", CASES)
def test_each_mistake_is_told_at_its_place(case):
    spoil, code, pointed_at, words = CASES[case]
    text = spoil(FIRMS)
    document, unreadable = parse_document(text, "experiments.yaml")
    assert document is not None, unreadable
    _, issues = decode_experiments([document], SEGMENTS, ("legal", "phone"))
    assert [issue.code for issue in issues] == [code], [str(issue) for issue in issues]
    assert text_at(text, issues[0].location).startswith(pointed_at), issues[0]
    assert words in issues[0].message


def test_the_guides_example_is_sound_and_the_guide_tells_every_code(request):
    root = request.config.rootpath
    guide = (root / "docs" / "rules" / "experiments.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    book, issues = decode_experiments([parse_document(block, "example.yaml")[0]], ["late"])
    assert not issues, [str(issue) for issue in issues]
    assert [each.rule.id for each in book.experiments] == ["two_firms"]
    sources = (root / "allocation" / "experiments.py").read_text(encoding="utf-8")
    assert {code for code in re.findall(r"ARM\d{3}", sources) if code not in guide} == set()
