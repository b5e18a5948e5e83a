"""Shares of partners by their scores: who did better is proposed more, within the limits that the strategy states.

A proposal only: what holds is the strategy's quotas, which a person writes and another one signs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from allocation.strategy_rules import ScoreShares
from domain.money import share_out
from domain.standings import PartnerState

_TEN_THOUSANDTHS = 10_000


@dataclass(frozen=True, slots=True)
class ProposedShare:
    """`score` is None where the partner has none that month; `tied` is the score that the share goes by; `by_score` the
    share without limits; `before` the share of the quotas in force, None for a partner that has none."""

    partner: str
    score: Decimal | None
    tied: Decimal | None
    by_score: Decimal | None
    before: Decimal | None
    share: Decimal
    why: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """`missing` is what the limits of change leave undistributed; below zero: what they give away too much."""

    shares: tuple[ProposedShare, ...]
    missing: Decimal


def proposed_shares(
    terms: ScoreShares,
    scores: Mapping[str, Decimal | None],
    before: Mapping[str, Decimal],
    states: Mapping[str, PartnerState] = MappingProxyType({}),
) -> Proposal:
    """What each partner of `scores` is proposed of what is worked in the segments, in order of partners.

    Scores that lie within `ties_within` of the best of their group count as the group's mean. Shares are in proportion
    to them and sum to `of`; each is at least `at_least` and moves at most `change_at_most` from the one before. Who has
    no score keeps the share from before, or gets the least. By `states` (good where nothing is said) a suspended
    partner gets nothing, and one on watch only the part of its growth that the terms say.
    """
    suspended = {partner for partner in scores if states.get(partner, PartnerState.GOOD).is_suspended}
    scored = {partner: score for partner, score in scores.items() if partner not in suspended}
    tied = _tied(scored, terms.ties_within)
    kept = {partner: before.get(partner, terms.at_least) for partner, score in scored.items() if score is None}
    left = max(terms.of - sum(kept.values()), Decimal(0))
    whole = sum(tied.values(), Decimal(0))
    by_score = {partner: left * score / whole if whole else left / len(tied) for partner, score in tied.items()}
    bounds = {
        partner: _by_standing(
            terms, _bounds(terms, before.get(partner)), before.get(partner), by_score[partner], states.get(partner)
        )
        for partner in by_score
    }
    found = _rounded({**dict.fromkeys(suspended, Decimal(0)), **kept, **_within(by_score, bounds, left)}, terms.of)
    shares = tuple(
        ProposedShare(
            partner,
            scores[partner],
            tied.get(partner),
            by_score.get(partner),
            before.get(partner),
            found[partner],
            _why(found[partner], by_score.get(partner), bounds.get(partner), states.get(partner)),
        )
        for partner in sorted(scores)
    )
    return Proposal(shares, terms.of - sum(found.values()))


def _tied(scores: Mapping[str, Decimal | None], within: Decimal) -> dict[str, Decimal]:
    """Scores below zero count as zero."""
    known = [(max(score, Decimal(0)), partner) for partner, score in scores.items() if score is not None]
    groups: list[list[tuple[Decimal, str]]] = []
    for score, partner in sorted(known, key=lambda each: (-each[0], each[1])):
        if groups and groups[-1][0][0] - score <= within:
            groups[-1].append((score, partner))
        else:
            groups.append([(score, partner)])
    means = ((sum(score for score, _ in group) / len(group), group) for group in groups)
    return {partner: Decimal(mean) for mean, group in means for _, partner in group}


def _bounds(terms: ScoreShares, before: Decimal | None) -> tuple[Decimal, Decimal]:
    if before is None or terms.change_at_most is None:
        return terms.at_least, terms.of
    least = max(before - terms.change_at_most, terms.at_least)
    return least, max(min(before + terms.change_at_most, terms.of), least)


def _by_standing(
    terms: ScoreShares,
    bounds: tuple[Decimal, Decimal],
    before: Decimal | None,
    by_score: Decimal,
    state: PartnerState | None,
) -> tuple[Decimal, Decimal]:
    """The bounds with the growth that the standing lets through: of what the score adds to the share before."""
    part = terms.growth.of(state or PartnerState.GOOD) if terms.growth else Decimal(1)
    start = before or Decimal(0)
    if part == 1 or by_score <= start:
        return bounds
    least, most = bounds
    return least, max(min(most, start + part * (by_score - start)), least)


def _within(
    wanted: Mapping[str, Decimal], bounds: Mapping[str, tuple[Decimal, Decimal]], whole: Decimal
) -> dict[str, Decimal]:
    """In proportion to what is wanted as far as the bounds let it: whoever would pass one gets it, and the rest is
    shared out anew, the worse side first."""
    fixed: dict[str, Decimal] = {}
    free = dict(wanted)
    while free:
        left, asked = whole - sum(fixed.values()), sum(free.values())
        shares = {key: left * want / asked if asked else left / len(free) for key, want in free.items()}
        below = {key: bounds[key][0] - share for key, share in shares.items() if share < bounds[key][0]}
        above = {key: share - bounds[key][1] for key, share in shares.items() if share > bounds[key][1]}
        if not below and not above:
            return {**fixed, **shares}
        taken = below if sum(below.values()) >= sum(above.values()) else above
        side = 0 if taken is below else 1
        fixed |= {key: bounds[key][side] for key in taken}
        free = {key: want for key, want in free.items() if key not in taken}
    return fixed


def _rounded(shares: Mapping[str, Decimal], of: Decimal) -> dict[str, Decimal]:
    """To ten thousandths, and to the sum that they have."""
    whole = sum(shares.values(), Decimal(0))
    total = int((min(whole, of) if abs(whole - of) > Decimal("0.00005") else of) * _TEN_THOUSANDTHS)
    if not whole:
        return dict.fromkeys(shares, Decimal(0))
    return {key: Decimal(part) / _TEN_THOUSANDTHS for key, part in share_out(total, dict(shares)).items()}


def _why(
    share: Decimal, by_score: Decimal | None, bounds: tuple[Decimal, Decimal] | None, state: PartnerState | None
) -> str:
    if state is not None and state.is_suspended:
        return f"{state}: no new placements"
    if by_score is None or bounds is None:
        return "no score: as before"
    near = Decimal("0.0001")
    if state not in {None, PartnerState.GOOD} and abs(share - bounds[1]) <= near and by_score > bounds[1]:
        return f"{state}: only a part of its growth"
    if abs(share - bounds[0]) <= near and by_score < bounds[0]:
        return "not less than the limits of change and the least share let it be"
    if abs(share - bounds[1]) <= near and by_score > bounds[1]:
        return "not more than the limit of change lets it be"
    return "by score" if abs(share - by_score) <= near else "by score, after what others' limits leave"


def quotas_in_yaml(terms: ScoreShares, proposal: Proposal) -> Iterator[str]:
    """The quotas that would hold, as lines of a strategy."""
    segments = f", segments: [{', '.join(terms.segments)}]" if terms.segments else ""
    yield "    quotas:"
    for one in proposal.shares:
        least, most = max(one.share - terms.tolerance, Decimal(0)), min(one.share + terms.tolerance, Decimal(1))
        yield f"      - {{partner: {one.partner}{segments}, by: {terms.by}, at_least: {least}, at_most: {most}}}"
