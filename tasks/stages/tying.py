"""Whether what a night stored still holds together: looked at before a month is paid from it, and after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from adapters.store.results import read_kpis, read_scores
from adapters.store.signatures import Signed, signed_versions
from adapters.world import World
from domain.documents import Document
from domain.ids import Digest, RunId
from domain.issues import Issue, Location
from domain.manifest import Manifest
from domain.rules import RuleKind
from kpi_rules.rulebook import decode_kpi_rules
from kpi_rules.tying import untied_ratios, untied_scores
from tasks.stages.as_if import SECTIONS_OF_ALL
from tasks.stages.manifests import manifest_of
from tasks.stages.signed_book import AS_SIGNED, read_back


def untied_nights(world: World, runs: Iterable[RunId]) -> tuple[Issue, ...]:
    """Of the nights that these month-ends pay: figures that do not hold together any more."""
    with world.store.read() as connection:
        paid = {manifest_of(connection, run).source for run in set(runs)}
        return tuple(issue for night in sorted(run for run in paid if run) for issue in untied(connection, night))


def untied(connection: sa.Connection, night: RunId) -> tuple[Issue, ...]:
    """LED016, LED017: scores and ratios of the night that are not what their stored parts come to."""
    manifest, place = manifest_of(connection, night), Location(f"night {night}")
    signed = {each.rule: each for each in signed_versions(connection)}
    rules, _ = decode_kpi_rules((signed_document(manifest, signed, RuleKind.KPI, RuleKind.SCORECARD),))
    in_force = rules.on(manifest.business_date)
    return (
        *untied_ratios(read_kpis(connection, night), place),
        *untied_scores(read_scores(connection, night), in_force, place),
    )


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
