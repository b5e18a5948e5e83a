"""Pages in the language of the settings, with the titles of KPIs that their owners wrote."""

from __future__ import annotations

from datetime import date

import pytest

from adapters.settings import Settings
from domain.records import Unit
from domain.rule_changes import WORDS
from domain.rules import version_digest
from reports.daily import BUCKET_ACCOUNTS, BUCKET_BALANCE
from reports.daily import KPIS as KPIS_OF_DAYS
from reports.languages import Language
from tasks.stages.labels import labels_of
from tasks.stages.monthly import CURED
from tasks.stages.rules import sound_rules

KPIS = sound_rules(Settings().rules).kpis.on(date(2026, 9, 30))


@pytest.mark.parametrize(
    ("language", "rate", "group"),
    [
        (Language.ENGLISH, "Recovery rate", "Cure rate"),
        (Language.VIETNAMESE, "Tỷ lệ thu hồi", "Tỷ lệ phục hồi"),
        (Language.CHINESE, "回收率", "治愈率"),
    ],
)
def test_titles_are_those_of_the_language(language, rate, group):
    labels = labels_of(KPIS, language)
    assert labels["recovery_rate"].title == rate
    assert (labels["cure_rate_1"].group, labels["cure_rate_1"].title) == (group, f"{group}: bucket 1")


def test_every_kpi_of_the_house_has_a_title_in_each_language():
    assert [figure.rule.id for figure in KPIS.figures if figure.rule.titles.keys() != {"vi", "zh"}] == []
    for language in (Language.VIETNAMESE, Language.CHINESE):
        titles = [label.title for label in labels_of(KPIS, language).values()]
        assert len(set(titles)) == len(titles)


def test_every_policy_component_and_step_of_the_house_has_a_name_in_each_language():
    rules = sound_rules(Settings().rules)
    policies = [ready.policy for ready in rules.policies.policies]
    contracts = [placed.rule for placed in rules.contracts.contracts]
    assert [rule.id for rule in (*policies, *contracts) if rule.titles.keys() != {"vi", "zh"}] == []
    named = {"en", "vi", "zh"}
    assert [policy.id for policy in policies if policy.component_titles.keys() != named] == []
    assert {step.name for policy in policies for step in policy.steps if step.titles.keys() != named} == set()


REPORTED = {*KPIS_OF_DAYS, CURED, f"{BUCKET_ACCOUNTS}_0", f"{BUCKET_BALANCE}_0",
            *(part.kpi for placed in KPIS.scorecards for part in placed.rule.parts)}  # fmt: skip


@pytest.mark.parametrize("language", [Language.VIETNAMESE, Language.CHINESE])
def test_every_kpi_of_a_report_is_defined_in_its_language(language):
    labels = labels_of(KPIS, language)
    english = labels_of(KPIS, Language.ENGLISH)
    assert [kpi for kpi in sorted(REPORTED) if english[kpi].about in labels[kpi].about] == []


@pytest.mark.parametrize(
    ("language", "told"), [(Language.VIETNAMESE, "(tiếng Anh) Calls"), (Language.CHINESE, "（英文）Calls")]
)
def test_a_definition_that_is_not_translated_says_that_it_is_english(language, told):
    assert labels_of(KPIS, Language.ENGLISH)["calls_made"].about.startswith("Outgoing calls")
    assert labels_of(KPIS, language)["calls_made"].about.startswith(told.replace("Calls", "Outgoing calls"))


def test_translations_that_a_rule_does_not_have_leave_its_digest_and_signature_alone():
    rule = next(figure.rule for figure in KPIS.figures if not figure.rule.abouts)
    assert version_digest(rule) == version_digest(rule.model_copy(update={"abouts": {}}))
    assert version_digest(rule) != version_digest(rule.model_copy(update={"abouts": {"vi": "khác"}}))
    assert "abouts" in WORDS, "no figure can differ by it"


@pytest.mark.parametrize(
    ("language", "unit"), [(Language.ENGLISH, "days"), (Language.VIETNAMESE, "ngày"), (Language.CHINESE, "天")]
)
def test_units_are_those_of_the_language(language, unit):
    labels = labels_of(KPIS, language)
    assert labels["days_to_answer"].unit == unit
    assert (
        labels["recovery_rate"].unit == labels["recovered"].unit == ""
    )  # a share reads in percent, money in its currency


def test_every_kpi_that_is_neither_a_share_nor_money_has_a_unit_in_each_language():
    for language in Language:
        labels = labels_of(KPIS, language)
        plain = [
            figure for figure in KPIS.figures if figure.rule.unit is not Unit.MONEY and not labels[figure.id].is_share
        ]
        assert [figure.id for figure in plain if not labels[figure.id].unit] == []
