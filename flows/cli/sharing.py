"""The command that proposes partners' quotas from their scores."""

from __future__ import annotations

from decimal import Decimal

import typer

from adapters.world import open_world
from domain.ids import canonical_decimal
from flows.cli.arguments import OfPeriod
from flows.cli.output import AsJson, people, say, show

app = typer.Typer()


@app.command()
def shares(period: OfPeriod, *, as_json: AsJson = False) -> None:
    """Propose quotas of partners from their scores of a month, to be put into the strategy and signed."""
    from tasks.stages.score_shares import propose_shares

    found = propose_shares(open_world(), period)
    rows = [
        {
            "partner": one.partner,
            "score": _shown(one.score),
            "counts as": _shown(one.tied),
            "share by score": _shown(one.by_score),
            "before": _shown(one.before),
            "proposed": _shown(one.share),
            "why": one.why,
        }
        for one in found.proposal.shares
    ]
    title = f"Shares by {found.scorecard} on {found.night.business_date}, strategy {found.strategy}"
    show(found, rows, as_json=as_json, title=title)
    if not as_json:
        _tell(found.lines, found.proposal.missing)


def _tell(lines: tuple[str, ...], missing: Decimal) -> None:
    if missing:
        say(f"The limits of change leave {_shown(abs(missing))} {'undistributed' if missing > 0 else 'too much'}.")
    say("To take it over, put this into the next version of the strategy:")
    people.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)  # brackets of YAML are no markup


def _shown(number: Decimal | None) -> str:
    return "none" if number is None else canonical_decimal(round(number, 4))
