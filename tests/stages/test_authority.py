"""A delegate decides everything about pay that people decide, and the store names both."""

from __future__ import annotations

import shutil
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.store.schema import STORE
from adapters.store.signatures import sign
from adapters.world import business_today, open_world
from domain.periods import Period
from incentives.batches import DecisionKind, PeriodDecisionKind
from tasks.stages import decide
from tasks.stages.adjust import NewAdjustment, decide_adjustment, hold_payee, propose, release_payee
from tasks.stages.disputes import answer, open_dispute, resolve
from tasks.stages.rules import sound_rules
from tests.stages.logins import as_login
from tests.stages.test_void_batches import batches_of

SEPTEMBER = Period(2026, 9)


@pytest.fixture
def away(any_world, tmp_path):
    """The house's rules, and two people who are away: whom Ade and Bo act for."""
    rules = tmp_path / "rules"
    for folder in ("kpi_rules", "incentives", "allocation", "expectations"):
        shutil.copytree(any_world.settings.rules / folder, rules / folder, ignore=shutil.ignore_patterns("*.py"))
    world = open_world(any_world.settings.model_copy(update={"rules": rules}), clock=any_world.seam.clock)
    today = business_today(world)
    dates = f"valid_from: {today}, valid_to: {today + timedelta(days=9)}"
    (rules / "incentives" / "approvals" / "away.yaml").write_text(
        "delegations:\n"
        f"  - {{id: one, title: t, owner: o, {dates}, of: demo hr, to: Ade}}\n"
        f"  - {{id: two, title: t, owner: o, {dates}, of: demo director, to: Bo}}\n",
        encoding="utf-8",
    )
    sign(world.store, sound_rules(rules).contents(), proposer="proposer", signer="signer")
    return world


def test_a_delegate_decides_and_the_store_names_both(away):
    (batch,) = batches_of(away, "field")
    ade, bo = ({"by": name, "attempt": None} for name in ("Ade", "Bo"))
    by_ade, by_bo = as_login(away, "Ade"), as_login(away, "Bo")
    hold_payee(by_ade, batch, "E0001", reason="a doubt", **ade)
    release_payee(by_bo, batch, "E0001", reason="settled", **bo)
    case = open_dispute(by_ade, batch, "E0001", "", about="visits", owner="hr", **ade).action.action_id
    answer(by_ade, case, text="we look", **ade)
    with pytest.raises(RefusedError, match="AUT004 Ade opened it"):
        resolve(by_ade, case, upheld=True, reason="missed", **ade)
    with pytest.raises(RefusedError, match="AUT004 demo hr opened it"):
        resolve(as_login(away, "demo hr"), case, upheld=True, by="demo hr", reason="missed", attempt=None)
    resolve(by_bo, case, upheld=True, reason="missed", **bo)
    name = propose(by_ade, batch, NewAdjustment("E0001", Decimal(5), "VND", "Ade", "visits", case), None).adjustment_id
    decide_adjustment(by_bo, name, approve=True, **bo)
    decide.decide(by_ade, batch, DecisionKind.HELD, by="Ade", reason="later")
    decide.decide_period(by_bo, SEPTEMBER, PeriodDecisionKind.CLOSED, by="Bo", reason="done")
    with pytest.raises(RefusedError, match="AUT001 Ade may not reopen a month; directors"):
        decide.decide_period(by_ade, SEPTEMBER, PeriodDecisionKind.REOPENED, by="Ade", reason="no")
    assert _on_behalf_of(away) == {
        "pay_holds": ["demo hr", "demo director"],
        "pay_cases": ["demo hr"],
        "action_decisions": ["demo hr", "demo director"],
        "adjustments": ["demo hr"],
        "adjustment_decisions": ["demo director"],
        "batch_decisions": ["demo hr"],
        "period_decisions": ["demo director"],
    }


def _on_behalf_of(world):
    names = "pay_holds", "pay_cases", "action_decisions", "adjustments", "adjustment_decisions", "batch_decisions"
    with world.store.read() as connection:
        return {
            name: [row.on_behalf_of for row in connection.execute(sa.select(STORE.tables[name]))]
            for name in (*names, "period_decisions")
        }
