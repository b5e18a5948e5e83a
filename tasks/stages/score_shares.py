"""What partners' scores of a month would make of their quotas, as the strategy that holds the month after says."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from adapters.errors import RefusedError
from adapters.store.results import read_scores
from adapters.store.runs import last_night_of_each_month
from adapters.store.standing import standings_on
from adapters.world import World
from allocation.score_shares import Proposal, proposed_shares, quotas_in_yaml
from allocation.strategies import Strategy
from allocation.strategy_rules import Quota, ScoreShares
from domain.manifest import EarlierNight
from domain.periods import Period
from domain.records import Grain
from tasks.stages.rules import sound_rules


@dataclass(frozen=True, slots=True)
class ProposedQuotas:
    """`night` is the one whose scores were read; `lines` are the quotas as the strategy would say them."""

    strategy: str
    scorecard: str
    night: EarlierNight
    proposal: Proposal
    lines: tuple[str, ...]


def propose_shares(world: World, period: Period) -> ProposedQuotas:
    """From the scores at the end of the month, as far as it is measured, and how partners stand on the day after it.

    Raises: RefusedError where no strategy says how, where no night of the month has measured, or nobody has a score.
    """
    strategy, terms = _terms(world, period)
    with world.store.read() as connection:
        nights = last_night_of_each_month(connection, period.start, period.last_day)
        if not nights:
            raise RefusedError(f"SHR002 no night of {period} has measured; `recoup runs` lists those that have")
        found = read_scores(connection, nights[-1].run)
        standings = standings_on(connection, period.end)
    mine = {one.entity: one.score for one in found if one.grain is Grain.PARTNER and one.scorecard == terms.scorecard}
    if not mine:
        known = ", ".join(sorted({one.scorecard for one in found if one.grain is Grain.PARTNER})) or "none"
        raise RefusedError(
            f'SHR003 on {nights[-1].business_date} no partner has a score by "{terms.scorecard}"; '
            f"scorecards with scores of partners: {known}"
        )
    states = {each.partner: each.state for each in standings}
    proposal = proposed_shares(terms, mine, _before(strategy, terms), states)
    lines = tuple(quotas_in_yaml(terms, proposal))
    return ProposedQuotas(strategy.rule.id, terms.scorecard, nights[-1], proposal, lines)


def _terms(world: World, period: Period) -> tuple[Strategy, ScoreShares]:
    strategy = sound_rules(world.settings.rules).strategies.on(period.end)
    if strategy is None or strategy.rule.score_shares is None:
        held = f'strategy "{strategy.rule.id}"' if strategy else "no strategy"
        raise RefusedError(
            f"SHR001 {held} holds on {period.end}, and nothing says how quotas follow scores. Add score_shares to it"
        )
    return strategy, strategy.rule.score_shares


def _before(strategy: Strategy, terms: ScoreShares) -> dict[str, Decimal]:
    """The middle of each quota in force of the same segments and measure."""
    return {
        quota.partner: _middle(quota)
        for quota in strategy.rule.quotas
        if (quota.segments, quota.by) == (terms.segments, terms.by) and not (quota.at_least is quota.at_most is None)
    }


def _middle(quota: Quota) -> Decimal:
    bounds = [bound for bound in (quota.at_least, quota.at_most) if bound is not None]
    return sum(bounds, Decimal(0)) / len(bounds)
