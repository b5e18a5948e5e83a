"""How pages name things: the book, the language, the KPIs by the titles and definitions of their rules."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from adapters.world import World
from domain.ids import short
from domain.rules import version_digest
from incentives.policies import Policy
from incentives.titles import in_language
from kpi_rules.figures import Division, Figure, Formula, Measure, Part, Pieces
from kpi_rules.rulebook import KpiRules
from kpi_rules.signals.checks import SignalBook
from reports.kpi_tables import IN_ENGLISH, UNITS, KpiLabel
from reports.languages import Language, words_of
from reports.sections import Definition
from reports.views import WHAT_IF
from tasks.stages.night import Night


def book_label(world: World) -> str:
    """What the landing folder says of the book as a whole, such as that it is a demo; else what the settings say."""
    path = world.settings.landing / "book.json"
    if not path.exists():
        return world.settings.book_label
    return str(json.loads(path.read_text(encoding="utf-8"))["label"])


def run_label(night: Night, language: Language) -> str:
    """What pages of a run say of it at their top; nothing of an official one."""
    return "" if night.is_official else words_of(language).gettext(WHAT_IF)


def language_of(world: World) -> Language:
    return Language(world.settings.language)


def labels_of(rules: KpiRules, language: Language) -> dict[str, KpiLabel]:
    """How each KPI is shown; those that are one per bucket form a group."""
    return {
        figure.id: KpiLabel(
            figure.title.replace(figure.rule.title, title_of(figure, language), 1),
            figure.rule.good == "higher",
            is_share=is_share(figure),
            about=about_of(figure, language),
            group=title_of(figure, language) if figure.id != figure.rule.id else "",
            unit=unit_of(figure, language),
        )
        for figure in rules.figures
    }


def is_share(figure: Figure) -> bool:
    """Whether it reads in percent: a ratio of two sums, not a mean or a formula."""
    return isinstance(figure.made, Division) and figure.rule.model_dump()["type"] == "ratio"


def title_of(figure: Figure, language: Language) -> str:
    return _translated(figure.rule.titles, figure.rule.title, language)


def about_of(figure: Figure, language: Language) -> str:
    """What the owner wrote of the KPI, in the language; what is not translated says that it is English."""
    rule = figure.rule
    if language is Language.ENGLISH or not rule.about:
        return rule.about
    return _translated(rule.abouts, words_of(language).gettext(IN_ENGLISH) % {"text": rule.about}, language)


def unit_of(figure: Figure, language: Language) -> str:
    """What one of it is, such as days; "" where the rule does not say."""
    return {str(name): unit for name, unit in figure.rule.unit_names.items()}.get(language.value, "")


def titles_of_departments(rules: KpiRules, language: Language) -> dict[str, str]:
    """A department is called as its scorecard is; one without a scorecard by its id."""
    cards = (placed.rule for placed in rules.scorecards)
    return {card.department: _translated(card.titles, card.title, language) for card in cards}


def titles_of_kpis(rules: KpiRules, language: Language) -> dict[str, str]:
    return {figure.id: title_of(figure, language) for figure in rules.figures}


def titles_of_signals(signals: SignalBook, day: date, language: Language) -> dict[str, str]:
    """Of those that hold on the day, by id."""
    held = (placed.rule for placed in signals.on(day))
    return {rule.id: _translated(rule.titles, rule.title, language) for rule in held}


def titles_of_references(rules: KpiRules, language: Language) -> dict[str, str]:
    """What policies read, by the reference that they read it by: KPIs, scorecards, attainments within them."""
    kpis = titles_of_kpis(rules, language)
    cards = {placed.rule.id: placed.rule for placed in rules.scorecards}
    found = {f"kpi:{name}": title for name, title in kpis.items()}
    for name, card in cards.items():
        found[f"scorecard:{name}"] = _translated(card.titles, card.title, language)
        found |= {f"attainment:{name}.{part.kpi}": kpis.get(part.kpi, part.kpi) for part in card.parts}
    return found


def references_in_percent(rules: KpiRules) -> frozenset[str]:
    """Those KPIs and attainments, as policies refer to them, that read in percent."""
    attainments = {
        f"attainment:{placed.rule.id}.{part.kpi}" for placed in rules.scorecards for part in placed.rule.parts
    }
    return frozenset({f"kpi:{figure.id}" for figure in rules.figures if is_share(figure)} | attainments)


def titles_of_components(policies: Iterable[Policy], language: Language) -> dict[str, str]:
    """What is paid, by the component; those that a policy gives a title in the language."""
    stated = ((each.component, in_language(each.component_titles, language.value, "")) for each in policies)
    return {component: title for component, title in stated if title}


def _translated(titles: Mapping[Any, str], title: str, language: Language) -> str:
    return in_language(titles, language.value, title)


def definition_of(figure: Figure, figures: Mapping[str, Figure], language: Language) -> Definition:
    """The KPI as a report defines it: what its owner wrote, and what it is made of."""
    gettext = words_of(language).gettext
    rule = figure.rule
    return Definition(
        title=title_of(figure, language),
        formula=f"{about_of(figure, language)} [{_made_of(figure, figures, language)}]",
        unit=unit_of(figure, language) or gettext(UNITS[rule.unit]),
        direction=gettext("higher is better") if rule.good == "higher" else gettext("lower is better"),
        owner=rule.owner,
        version=f"{rule.id} {rule.valid_from} {short(version_digest(rule))}",
    )


def _made_of(figure: Figure, figures: Mapping[str, Figure], language: Language) -> str:
    match figure.made:
        case Division(numerator, denominator):
            return " ÷ ".join(_part(part, figures, language) for part in (numerator, denominator))
        case Formula(expression):
            return expression.text
        case Measure() as measure:
            by = f", by {measure.member[0]}" if measure.member else ""
            return f"{_part(measure, figures, language)}{by}"
    return str(figure.made)


def _part(part: Part, figures: Mapping[str, Figure], language: Language) -> str:
    """A KPI by its title, a measure in its own words; of KPIs that are one per value, without the value."""
    if isinstance(part, str):
        return title_of(figures[part], language) if part in figures else part
    if isinstance(part, Pieces):
        return str(part)
    return str(replace(part, member=None))
