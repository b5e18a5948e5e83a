"""Whether what a night stored still holds together: looked at before a month is paid from it, and after."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

import sqlalchemy as sa

from adapters.store.results import read_kpis, read_scores
from adapters.store.seals import FIGURES, broken_seals, results_digest
from adapters.store.signatures import Signed, signed_versions
from adapters.world import World
from domain.documents import Document
from domain.ids import Digest, RunId
from domain.issues import Issue, Location
from domain.manifest import Manifest
from domain.rules import RuleKind, RuleVersion
from kpi_rules.rulebook import decode_kpi_rules
from kpi_rules.tying import untied_ratios, untied_scores
from tasks.stages.as_if import SECTIONS_OF_ALL
from tasks.stages.manifests import is_as_recorded, manifest_of
from tasks.stages.signed_book import AS_SIGNED, read_back


def untied_nights(world: World, runs: Iterable[RunId]) -> tuple[Issue, ...]:
    """Of the nights that these month-ends pay: figures that do not hold together any more, or are not those of then."""
    with world.store.read() as connection:
        manifests = {run: manifest_of(connection, run) for run in sorted(set(runs))}
        paid = sorted({manifest.source for manifest in manifests.values() if manifest.source})
        of_nights = [issue for night in paid for issue in untied(connection, night)]
        return (*of_nights, *(issue for run in manifests for issue in _of_month_end(connection, run, manifests[run])))


def untied(connection: sa.Connection, night: RunId) -> tuple[Issue, ...]:
    """LED016, LED017: scores and ratios of the night that are not what their stored parts come to; LED018: rows that
    are not those that it stored; LED024: its scores, which go by rules that only an earlier version of Recoup can
    read."""
    manifest, place = manifest_of(connection, night), Location(f"night {night}")
    return (
        *untied_ratios(read_kpis(connection, night), place),
        *_untied_scores(connection, night, manifest, place),
        *_unsealed(connection, night, place),
    )


def _untied_scores(connection: sa.Connection, night: RunId, manifest: Manifest, place: Location) -> Iterator[Issue]:
    kinds = (RuleKind.KPI, RuleKind.SCORECARD)
    signed = {each.rule: each for each in signed_versions(connection)}
    known = replace(manifest, rules=tuple(each for each in manifest.rules if each.digest in signed))
    rules, faults = decode_kpi_rules((signed_document(known, signed, *kinds),))
    lost = unread(known, kinds, rules.versions(), faults)
    if lost:
        yield Issue("LED024", place, lost, _OF_NIGHT)
    else:
        yield from untied_scores(read_scores(connection, night), rules.on(manifest.business_date), place)


def unread(
    manifest: Manifest, kinds: Collection[RuleKind], read: Iterable[RuleVersion], faults: Iterable[Issue]
) -> str:
    """Which rules of the run, of these kinds, this version of Recoup cannot read, and why; empty where it reads all.

    By id and first day: what was signed before a word had its default has another digest once it is read.
    """
    known = {(version.kind, version.id, version.valid_from) for version in read}
    lost = [
        version
        for version in manifest.rules
        if version.kind in kinds and (version.kind, version.id, version.valid_from) not in known
    ]
    named = ", ".join(f"{version.kind} {version.id} from {version.valid_from}" for version in lost)
    told = "; ".join(dict.fromkeys(f"{one.code} {one.message}" for one in faults))
    return f"this version of Recoup cannot read what was signed as {named}: {told}" if lost else ""


_OF_NIGHT = (
    "Nothing is known to be wrong: verify it with the version of Recoup that measured it. To go on with this one, "
    "write the rule in today's words, sign it and run the night again"
)


def _of_month_end(connection: sa.Connection, run: RunId, manifest: Manifest) -> Iterator[Issue]:
    """LED018 for its own rows; LED019: the seals of the night that it pays are not those under its id; LED020: a
    manifest that is not what the run's id says."""
    place = Location(f"run {run}")
    yield from _unsealed(connection, run, place)
    if manifest.source and manifest.results != results_digest(connection, manifest.source, FIGURES):
        message = f"the seals of night {manifest.source} are not those that it was prepared from"
        yield Issue("LED019", place, message, _BY_HAND)
    for each in (run, manifest.source):
        if each and not is_as_recorded(connection, each):
            yield Issue("LED020", Location(f"run {each}"), "its manifest is not the one that its id names", _BY_HAND)


def _unsealed(connection: sa.Connection, run: RunId, place: Location) -> Iterator[Issue]:
    return (Issue("LED018", place, str(broken), _BY_HAND) for broken in broken_seals(connection, run))


_BY_HAND = "Find out who changed it by hand; restore the store from the backup"


def signed_document(manifest: Manifest, signed: Mapping[Digest, Signed], *kinds: RuleKind) -> Document:
    """The rules of the run as they were signed, whatever stands in the files today; what nobody signed is left out."""
    sections = {
        SECTIONS_OF_ALL[kind]: [
            read_back(kind, signed[version.digest].content)
            for version in manifest.rules
            if version.kind is kind and version.digest in signed
        ]
        for kind in kinds
    }
    return Document(AS_SIGNED, sections, {(): Location(AS_SIGNED)})
