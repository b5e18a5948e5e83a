"""The monthly review pack of partners: facts from the month's last measured night and the store, written as files.

It looks at several nights and at what people decide, so it is no file of one run: it is written anew on request, and
names the runs that it was made from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path

from adapters.errors import RefusedError
from adapters.store.actions import read_actions
from adapters.store.results import read_kpis
from adapters.store.runs import last_night_of_each_month
from adapters.world import World
from domain.actions import Action
from domain.expressions.parse import suggestion
from domain.ids import AttemptId, RunId
from domain.manifest import EarlierNight, RunKind
from domain.partner_review import PartnerReview
from domain.partners import Partner
from domain.periods import Period
from domain.records import Grain, KpiResult
from reports.languages import Language, words_of
from reports.pack_facts import DataReturned, FeeOfMonth, LimitBroken, MonthOf, OddCase, PackFacts, SettledLines
from reports.pack_figures import BESIDE_PEERS
from reports.partner_pack import partner_pack
from reports.report_pdf import report_pdf
from reports.statement_files import missing_fonts
from reports.views import About
from tasks.stages.about import about_night
from tasks.stages.files_of_reports import write_report_files
from tasks.stages.labels import titles_of_signals
from tasks.stages.measured import MeasuredNight, measured_night
from tasks.stages.night import Night
from tasks.stages.pack_parts import (
    fee_states,
    fees_of,
    files_returned,
    limits_broken,
    odd_of,
    reviews_of,
    settled_of,
)
from tasks.stages.people import partners_of
from tasks.stages.rules import sound_rules

MONTHS_SHOWN = 6
_DEFINES = ("recovered", *BESIDE_PEERS, "upheld_complaints")


def partner_packs(
    world: World, period: Period, language: Language, *, partner: str = "", folder: Path | None = None
) -> tuple[Path, ...]:
    """Write the pack of the partner, or of every partner that had a contract in the month: page, workbook and PDF.

    Raises: RefusedError where no night of the month has measured (PRV001), of an unknown partner (PRV002), or where
    the language's letters cannot be printed (STM001); ConflictError; FileChangedError.
    """
    if issues := missing_fonts(language):
        raise RefusedError("\n".join(map(str, issues)))
    place = folder or world.settings.home / "reports" / "partners" / str(period)
    paths: list[Path] = []
    for facts in pack_facts(world, period, language, partner=partner):
        report, stem = partner_pack(facts, language), facts.partner.partner_id
        kinds = [kind for kind, _ in write_report_files(world, report, language, place, stem)]
        write = partial(_write_bytes, report_pdf(report, language))
        world.seam.write_file(place / f"{stem}.pdf", write, point="partner_pdf")
        paths += [place / f"{stem}.{kind}" for kind in (*kinds, "pdf")]
    return tuple(paths)


def _write_bytes(made: bytes, path: Path) -> None:
    path.write_bytes(made)


def pack_facts(world: World, period: Period, language: Language, *, partner: str = "") -> tuple[PackFacts, ...]:
    """By partner; the night is opened once for all of them."""
    nights = _nights(world, period)
    with measured_night(world, nights[-1].business_date) as night:
        every = partners_of(night.duck, period, night.day)
        known = [each for each in every if partner in {"", each.partner_id}]
        if not known:
            names = [each.partner_id for each in every]
            raise RefusedError(f'PRV002 no partner "{partner}" in {period}. {suggestion(partner, names)}')
        found = _Found.of(world, night, nights, period, language, partner)
        return tuple(found.of_partner(each) for each in known)


def _nights(world: World, period: Period) -> tuple[EarlierNight, ...]:
    """The last measured night of each of the last months, this one's last. Raises: RefusedError."""
    first = period
    for _ in range(MONTHS_SHOWN - 1):
        first = first.previous()
    with world.store.read() as connection:
        nights = last_night_of_each_month(connection, first.start, period.last_day)
    if not nights or nights[-1].business_date < period.start:
        raise RefusedError(f"PRV001 no night of {period} has measured; `recoup runs` lists those that have")
    return nights


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found for all partners, by partner."""

    world: World
    night: MeasuredNight
    nights: tuple[EarlierNight, ...]
    period: Period
    language: Language
    results: Mapping[RunId, tuple[KpiResult, ...]]
    actions: tuple[Action, ...]
    broken: Mapping[str, tuple[LimitBroken, ...]] | None
    files: Mapping[str, tuple[DataReturned, ...]]
    fees: Mapping[str, tuple[FeeOfMonth, ...]]
    fee_states: Mapping[str, str]
    reviews: Mapping[str, PartnerReview]
    settled: Mapping[str, tuple[SettledLines, ...]] | None
    odd: Mapping[str, tuple[OddCase, ...]] | None

    @classmethod
    def of(
        cls,
        world: World,
        night: MeasuredNight,
        nights: tuple[EarlierNight, ...],
        period: Period,
        language: Language,
        partner: str,
    ) -> _Found:
        signals = titles_of_signals(sound_rules(world.settings.rules).signals, night.day, language)
        with world.store.read() as connection:
            results = {each.run: read_kpis(connection, each.run, grains=(Grain.PARTNER,)) for each in nights}
            actions = tuple(each for each in read_actions(connection) if each.opened.partner)
            files = files_returned(connection, period)
            odd = odd_of(connection, period, signals)
            fees, states = fees_of(connection, night.run, period), fee_states(connection, period)
        broken = limits_broken(night)
        return cls(world, night, nights, period, language, results, actions, broken, files, fees, states,
                   reviews_of(world, period, partner), settled_of(world, night.day), odd)  # fmt: skip

    def of_partner(self, partner: Partner) -> PackFacts:
        name = partner.partner_id
        mine = tuple(each for each in self.actions if each.opened.partner == name)
        return PackFacts(
            about=self._about(),
            partner=partner,
            period=self.period,
            as_of=self.night.day,
            months=tuple(self._month(each, name) for each in self.nights),
            peers=self._peers(name),
            actions=tuple(each for each in mine if each.opened.opened_on <= self.night.day),
            broken=None if self.broken is None else self.broken.get(name, ()),
            files=self.files.get(name, ()),
            fees=self.fees.get(name, ()),
            fee_state=self.fee_states.get(name, ""),
            review=self.reviews.get(name),
            settled=None if self.settled is None else self.settled.get(name, ()),
            odd=None if self.odd is None else self.odd.get(name, ()),
            warnings=tuple(self._warnings()),
        )

    def _about(self) -> About:
        night = Night(self.night.run, AttemptId(""), self.night.day, RunKind.NIGHTLY)
        runs = tuple(dict.fromkeys(each.run for each in reversed(self.nights)))
        return about_night(self.world, night, self.night.rules, self.language, postings=(), defines=_DEFINES, runs=runs)

    def _month(self, night: EarlierNight, partner: str) -> MonthOf:
        mine = (each for each in self.results[night.run] if each.entity == partner)
        figures = {(each.kpi, each.currency): each for each in mine}
        return MonthOf(Period.of(night.business_date), night.business_date, figures)

    def _peers(self, partner: str) -> dict[tuple[str, str], tuple[Decimal, ...]]:
        found: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
        for each in self.results[self.night.run]:
            if each.entity != partner and each.value is not None:
                found[each.kpi, each.currency].append(each.value)
        return {key: tuple(values) for key, values in found.items()}

    def _warnings(self) -> Iterator[str]:
        gettext = words_of(self.language).gettext
        if self.night.day < self.period.last_day:
            yield gettext("The month is not over, or its last night has not measured: figures are up to the day above.")
        if self.night.halted:
            text = gettext("The gate has halted %(tables)s: figures that read them are missing.")
            yield text % {"tables": ", ".join(sorted(self.night.halted))}
