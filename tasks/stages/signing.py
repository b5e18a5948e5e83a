"""Signing: what differs from the rules in force, what it would have changed last month, and the two names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from adapters.errors import ConflictError, RefusedError
from adapters.store.batches import refuse_other_names
from adapters.store.signatures import (
    RuleContent,
    Shown,
    Signed,
    refuse_one_person,
    shown_requests,
    sign,
    signed_versions,
)
from adapters.world import World
from domain.expressions.parse import suggestion
from domain.ids import Digest, digest_of
from domain.rules import RuleVersion
from reports.rule_effects import FigureKind, MonthEffect, MonthWithout, RuleEffects, RuleEffectsReport
from tasks.stages.diff_rules import report_on
from tasks.stages.rule_effects import MeasuredNight, Side, effects_between, is_measured, last_nights
from tasks.stages.rules import RuleSet, decode_rule_book, sound_rules
from tasks.stages.signed_book import taken_back, unsigned_among

NO_NIGHT = "no official night has measured yet: what it changes cannot be computed"


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """The versions that wait for a signature, and what signing them changes; `digest` names all that is shown."""

    contents: tuple[RuleContent, ...]
    report: RuleEffectsReport
    digest: Digest

    @property
    def versions(self) -> tuple[RuleVersion, ...]:
        return tuple(each.version for each in self.contents)

    @property
    def effects(self) -> RuleEffects:
        return self.report.effects


def request_signature(world: World, rule: str = "", overlay: Path | None = None) -> SigningRequest:
    """What there is to sign: every version without a signature, or those of one rule.

    It is held against what is signed: versions that wait as well, and are not asked for, are left out on both sides.
    Raises: RefusedError if the book has errors, or no rule has the id (SIG004).
    """
    rules = sound_rules(world.settings.rules, overlay)
    known = [placed.rule.id for placed in rules.placed()]
    if rule and rule not in known:
        raise RefusedError(f"SIG004 no rule has the id {rule!r}. {suggestion(rule, known)}")
    with world.store.read() as connection:
        signed = tuple(one for one in signed_versions(connection) if one.withdrawn is None)
    waiting = unsigned_among(dict.fromkeys(placed.version for placed in rules.placed()), signed)
    asked = tuple(version for version in waiting if rule in {"", version.id})
    others = [version for version in waiting if version not in asked]
    old = _taken_back(rules, waiting, signed)
    new = _taken_back(rules, others, signed) if others else rules
    effects = _effects(world, old, new)
    contents = tuple(each for each in rules.contents() if each.version in asked)
    return SigningRequest(contents, report_on(world, effects, old, new), _digest(effects))


def sign_requested(world: World, request: SigningRequest, *, proposer: str, signer: str, seen: str = "") -> int:
    """Record the names, and what was shown; with `seen`, only if that is the beginning of the request's digest.

    Raises: RefusedError if one person is both (SIG001), or the session is not the signer's (BAT040); ConflictError if
    something else was shown (SIG003).
    """
    refuse_one_person(proposer, signer)
    with world.store.read() as connection:
        refuse_other_names(connection, signer)
    if seen and not request.digest.startswith(seen):
        raise ConflictError(
            f"SIG003 what would be signed is not what {seen} was shown for: a rule, the data of the month or another "
            "signature has changed since. Look again with `recoup sign --show`"
        )
    shown = Shown(request.digest, bool(seen), _in_short(request.effects))
    return sign(world.store, request.contents, proposer=proposer, signer=signer, shown=shown)


@dataclass(frozen=True, slots=True)
class SignatureOnRecord:
    """A signature, and what its signer was shown: None where they were shown nothing."""

    signed: Signed
    shown: Shown | None


def signatures_on_record(world: World, rule: str = "") -> tuple[SignatureOnRecord, ...]:
    """Every signature, or those of one rule, in the order in which they were given."""
    with world.store.read() as connection:
        found = [one for one in signed_versions(connection) if rule in {"", one.id}]
        shown = shown_requests(connection, {one.request for one in found if one.request})
    return tuple(SignatureOnRecord(one, shown.get(one.request)) for one in found)


def _taken_back(rules: RuleSet, unsigned: Sequence[RuleVersion], signed: Sequence[Signed]) -> RuleSet:
    return decode_rule_book(taken_back(rules.book, [*rules.placed()], unsigned, signed))


def _effects(world: World, old: RuleSet, new: RuleSet) -> RuleEffects:
    nights = _last_month(world)
    effects = effects_between(world, Side("what is signed", old), Side("what is to be signed", new), nights)
    if not nights and any(is_measured(change) for change in effects.changes):
        return replace(effects, without=(MonthWithout("", NO_NIGHT),))
    return effects


def _last_month(world: World) -> list[MeasuredNight]:
    """The newest month that was measured to its end; if none was, the newest that was measured at all."""
    nights = last_nights(world)
    whole = [night for period, night in nights.items() if night.day == period.last_day]
    return (whole or [*nights.values()])[-1:]


def _digest(effects: RuleEffects) -> Digest:
    """Of which versions differ and of every figure that they change; an edit that only moves a line keeps it."""
    changes = [[one.what, one.kind, one.id, _version(one.old), _version(one.new)] for one in effects.changes]
    return digest_of([changes, effects.months, effects.without])


def _version(version: RuleVersion | None) -> str:
    return version.digest if version else ""


def _in_short(effects: RuleEffects) -> dict[str, Any]:
    """What is kept: the rules field by field, totals, and every payout that differs. The digest covers all."""
    return {
        "changes": effects.changes,
        "not_measured": effects.not_measured,
        "months": [_month_in_short(month) for month in effects.months],
        "without": effects.without,
    }


def _month_in_short(month: MonthEffect) -> dict[str, Any]:
    return {
        "period": month.period,
        "night": month.night,
        "run": month.run,
        "as_if": month.as_if,
        "not_read": month.not_read,
        "equal": month.equal,
        "differing": len(month.figures),
        "totals": [*_totals_in_short(month)],
        "pay": [
            {"scope": one.scope, "payee": one.entity, "component": one.name, "currency": one.currency,
             "old": one.old, "new": one.new, "why": one.why}
            for one in month.of(FigureKind.PAY)
        ],
    }  # fmt: skip


def _totals_in_short(month: MonthEffect) -> Iterator[dict[str, Any]]:
    for total in month.totals:
        kept = ("kind", "name", "grain", "currency", "differing", "raised", "lowered", "one_sided", "old", "new")
        yield {key: getattr(total, key) for key in kept}
