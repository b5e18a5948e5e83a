"""Sentences that were stored in English, on Vietnamese and Chinese pages: what the programs write today is known."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest

from adapters.rule_files import parse_document
from adapters.settings import Settings
from domain.documents import decode
from domain.periods import Period
from domain.signals import SignalFigures
from domain.standings import PartnerState
from incentives.duties import Duty, Return, returned
from kpi_rules.signals.language import SignalFile
from kpi_rules.signals.words import about
from kpi_rules.standing_language import StandingFile
from kpi_rules.standings import PartnerMonths, proposed
from reports.formats import Formats
from reports.languages import Language
from reports.stored_words import STATES, said, state_said

VIETNAMESE, CHINESE = Formats(Language.VIETNAMESE), Formats(Language.CHINESE)
ENGLISH_WORD = re.compile(r"\b(of|peers|in|is|rows|the|below|above|least|months?|target|value|not|on|looked)\b")

NOTES = [
    "best of 3 peers of VN: R02 with 1.183415; weight of 0.90 in all",
    "best of 2 peers",
    "median of 4 peers of VN law_firm",
    "no target: 1 peers with a value, 2 are needed",
    "no target: the best of 3 peers is 0",
    "halted: it reads a table that the gate has stopped",
    "too little to go by: accounts_had is 4, 20 are needed",
    "too little to go by: accounts_had is nothing, 20 are needed",
    "carried from 2026-09-30; no value",
    "several currencies: CNY, VND",
]


def months(state):
    return PartnerMonths("R01", state, date(2026, 9, 1), {}, {}, broken={Period(2026, 10): ()})


@pytest.fixture(scope="module")
def conditions():
    """Every condition of the house's rule, in the words in which it is stored."""
    name = "kpi_rules/standings/standard.yaml"
    document, _ = parse_document((Settings().rules / name).read_text(encoding="utf-8"), name)
    (rule,) = decode(document, StandingFile)[0].standings
    found = [proposed(rule, months(state), Period(2026, 10)).looked for state in PartnerState]
    words = {each.condition.partition(": ")[2] for looked in found for each in looked}
    assert len(words) > 12
    return sorted(words)


@pytest.mark.parametrize("formats", [VIETNAMESE, CHINESE], ids=["vi", "zh"])
@pytest.mark.parametrize("note", NOTES)
def test_notes_of_scores_are_said_in_the_language(note, formats):
    assert ENGLISH_WORD.findall(said(note, formats)) == []
    assert said(note, Formats(Language.ENGLISH)).count(";") == note.count(";")


@pytest.mark.parametrize("formats", [VIETNAMESE, CHINESE], ids=["vi", "zh"])
def test_conditions_of_standings_are_said_in_the_language(conditions, formats):
    assert {each: words for each in conditions if (words := ENGLISH_WORD.findall(said(each, formats)))} == {}


def test_a_condition_keeps_its_numbers_and_calls_the_kpi_by_its_title():
    titles = {"unlawful_contact_rate": "违法联系率"}
    told = said("unlawful_contact_rate above 0.001 in 2 months, the whole interval", CHINESE, titles)
    assert told == "违法联系率 高于0.001，连续2个月（整个区间）"
    assert said("nothing leads from watch", CHINESE) == "从“观察”没有变动"


@pytest.mark.parametrize("formats", [VIETNAMESE, CHINESE], ids=["vi", "zh"])
@pytest.mark.parametrize("peer_rows", [0, 1200])
def test_a_case_of_a_signal_is_said_in_the_language_by_its_title(formats, peer_rows):
    name = "kpi_rules/signals/payments.yaml"
    document, _ = parse_document((Settings().rules / name).read_text(encoding="utf-8"), name)
    (signal,) = (each for each in decode(document, SignalFile)[0].signals if each.id == "cash_kept")
    figures = SignalFigures(1040, 12, peer_rows, min(3, peer_rows), Decimal("0.02"), Decimal("0.0000001"))
    text = about(signal, figures, 40)
    told = said(text, formats, {signal.title: signal.titles[formats.language.value]})
    assert ENGLISH_WORD.findall(told) == []
    assert signal.titles[formats.language.value] in told
    assert formats.count(1040) in told


@pytest.mark.parametrize("formats", [VIETNAMESE, CHINESE], ids=["vi", "zh"])
@pytest.mark.parametrize("received", [None, date(2026, 10, 3), date(2026, 10, 9)])
@pytest.mark.parametrize("accepted", [True, False])
def test_duties_are_said_in_the_language(formats, received, accepted):
    duty = Duty(duty="staff_list", due_day=5, format="CSV")
    came = [Return("R01", Period(2026, 9), "staff_list", received, accepted)]
    (found,) = returned([duty], came, "R01", Period(2026, 10), date(2026, 10, 31))
    assert ENGLISH_WORD.findall(said(found.in_words, formats)) == []


def test_every_state_has_a_word_and_what_is_not_known_stands_as_it_is():
    for formats in (VIETNAMESE, CHINESE):
        assert all(state_said(state, formats) != STATES[state] for state in STATES)
    assert state_said("by_court", CHINESE) == "by_court"
    assert said("the bank lost its file; R02 agreed", CHINESE) == "the bank lost its file; R02 agreed"
    assert said("", CHINESE) == ""
