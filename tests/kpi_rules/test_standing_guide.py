"""The guide of standings: its examples are sound beside the house's own KPIs, and propose what it says."""

from __future__ import annotations

import re

from adapters.rule_files import parse_document
from kpi_rules.standing_book import decode_standings
from kpi_rules.standing_language import StateTerms, Step


def test_the_examples_are_rules_without_a_fault(request, house_rules):
    guide = (request.config.rootpath / "docs" / "rules" / "standings.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    documents = [parse_document(block, f"kpi_rules/standings/{number}.yaml")[0] for number, block in enumerate(blocks)]
    book, issues = decode_standings(documents, house_rules)
    assert issues == ()
    assert [placed.rule.id for placed in book.placed] == ["partner_standing", "new_partners"]


def test_the_guide_names_every_key_of_states_and_steps(request):
    guide = (request.config.rootpath / "docs" / "rules" / "standings.md").read_text(encoding="utf-8")
    for model in (StateTerms, Step):
        for name, field in model.model_fields.items():
            assert (field.alias or name) in guide
