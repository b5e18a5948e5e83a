"""Pages in the language of the settings, with the titles of KPIs that their owners wrote."""

from __future__ import annotations

from datetime import date

import pytest

from adapters.settings import Settings
from domain.records import Unit
from reports.languages import Language
from tasks.stages.labels import labels_of
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
