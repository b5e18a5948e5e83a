"""What is decided beside the calculation is about somebody whom the batch pays, and has one meaning."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
import typer

from adapters.errors import RefusedError
from adapters.store.results import write_held
from domain.ids import digest_of
from domain.periods import Period
from domain.records import PayoutLine
from flows.cli.adjusting import parse_amount
from incentives.ledger import BatchKind
from tasks.stages.adjust import (
    NewAdjustment,
    NewMove,
    decide_adjustment,
    hold_payee,
    propose,
    propose_move,
    release_payee,
)
from tasks.stages.disputes import case_named, open_dispute, resolve
from tasks.stages.explain import verify_ledger
from tasks.stages.review import debts_told
from tasks.stages.settling import approved_adjustments, approved_moves
from tests.stages.paid import house_policy, line_by, month_end_run, publish_lines

SEPTEMBER, AUGUST = Period(2026, 9), Period(2026, 8)
SCORES = {"score": "80", "critical_fails": "0", "upheld_complaints": "0"}


@pytest.fixture
def batches(world):
    """Field pays E0001 and legal E0002, and E0003 waits in legal; no policy holds for E0004; August of field."""
    policy = house_policy(world, "field_vnd")
    run, before = month_end_run(world, SEPTEMBER), month_end_run(world, AUGUST)
    with world.store.write("test") as connection:
        waiting = (
            ("E0003", "performance_bonus:legal", "missing_input: a score"),
            ("E0004", "", "without_policy: none"),
        )
        write_held(connection, run, BatchKind.BONUS.value, waiting)
    field, legal = (line_by(policy, payee, scope, SCORES) for payee, scope in (("E0001", "field"), ("E0002", "legal")))
    august = line_by(policy, "E0001", "field", SCORES, period="2026-08")
    return (
        publish_lines(world, run, "field", [field], decisions=0),
        publish_lines(world, run, "legal", [legal], decisions=0),
        publish_lines(world, before, "field", [august], decisions=0),
    )


@pytest.fixture
def fees(world):
    policy, run = house_policy(world, "field_vnd"), month_end_run(world, SEPTEMBER)
    lines = [_fee(policy, partner) for partner in ("R01", "R02")]
    return [publish_lines(world, run, line.payee, [line], kind=BatchKind.FEE, decisions=0) for line in lines]


def _fee(policy, partner):
    digest = policy.version.digest
    return PayoutLine(partner, "fee:standard_vnd", "2026-09", "VND", Decimal(100), partner, digest, ())


def test_nobody_is_held_in_a_department_that_does_not_pay_them(world, batches):
    field, legal, _ = batches
    with pytest.raises(RefusedError, match=r'HLD001 "E0002" is no payee of the batch\. The month pays them in legal'):
        _hold(world, field, "E0002")
    with pytest.raises(RefusedError, match="HLD001"):
        _hold(world, field, "E0003")
    with pytest.raises(RefusedError, match="HLD001"):
        _hold(world, field, "E0004")
    for payee in ("E0002", "E0003"):
        _hold(world, legal, payee)
    release_payee(world, legal, "E0003", by="demo hr", reason="settled", attempt=None)


def test_a_partner_is_neither_held_nor_adjusted_in_the_batch_of_another(world, fees):
    with pytest.raises(RefusedError, match=r'ADJ001 "R02" is no payee of the batch\. The month pays them in R02'):
        _adjust(world, fees[0], "R02", by="demo manager")
    with pytest.raises(RefusedError, match="HLD001"):
        _hold(world, fees[0], "R02", by="demo manager")
    _adjust(world, fees[0], "R01", by="demo manager")


def test_an_adjustment_is_for_somebody_whom_the_department_pays_or_nobody_does(world, batches):
    field, legal, _ = batches
    with pytest.raises(RefusedError, match="ADJ001"):
        _adjust(world, field, "E0003")
    _adjust(world, legal, "E0003")
    _adjust(world, field, "E0004")


def test_an_adjustment_settles_a_dispute_of_the_same_pay_that_was_not_rejected(world, batches):
    field, _, august = batches
    case = _dispute(world, field)
    with pytest.raises(RefusedError, match=r"ADJ007 .* is about pay of field for 2026-09"):
        _adjust(world, august, "E0001", case=case)
    resolve(world, case, upheld=False, by="demo hr", reason="counted", attempt=None)
    with pytest.raises(RefusedError, match=r"ADJ007 .* was closed as rejected: counted"):
        _adjust(world, field, "E0001", case=case)


def test_a_dispute_that_the_data_settled_is_closed_by_an_adjustment_of_nothing(world, batches):
    field, _, _ = batches
    case = _dispute(world, field)
    resolve(world, case, upheld=True, by="demo hr", reason="two visits came late", attempt=None)
    with pytest.raises(RefusedError, match="ADJ004 an adjustment of nothing"):
        _adjust(world, field, "E0001", amount="0")
    name = _adjust(world, field, "E0001", amount="0", case=case).adjustment_id
    decide_adjustment(world, name, approve=True, by="demo finance", attempt=None)
    assert case_named(world, case).settled_by == name


@pytest.mark.parametrize(("amount", "currency"), [("500.000", "VND"), ("12.305", "CNY"), ("1E+16", "VND")])
def test_an_amount_that_may_mean_something_else_is_refused(world, batches, amount, currency):
    with pytest.raises(RefusedError, match="ADJ004"):
        _adjust(world, batches[0], "E0001", amount=amount, currency=currency)


@pytest.mark.parametrize("text", ["12,30", "1,5", "1.500.000", "1e30", "Infinity", "NaN", "", "5 000"])
def test_what_is_typed_as_an_amount_has_one_meaning(text):
    with pytest.raises(typer.BadParameter):
        parse_amount(text)
    assert [parse_amount(each) for each in ("1,500,000", "-12.30", "1_000")] == [1500000, Decimal("-12.30"), 1000]


@pytest.fixture
def owing(world, batches):
    """E0001, whom field pays, owes 700 VND in legal since August, and 7.25 CNY in the phones' department."""
    for scope, amount, currency in (("legal", "700", "VND"), ("phone_late", "7.25", "CNY")):
        run, part = month_end_run(world, AUGUST, nonce=scope), f"carried/net:{scope}"
        owed = PayoutLine("E0001", part, "2026-08", currency, Decimal(amount), scope, digest_of("terms"), ())
        publish_lines(world, run, scope, [owed])
    return batches


def test_every_debt_where_nothing_is_paid_is_named_with_what_can_be_done(world, owing):
    first, second = debts_told(world, SEPTEMBER)
    assert first.startswith("OWE001 E0001 owes 700 VND in legal, which does not pay them now; field does. To deduct it")
    assert "recoup adjustments move bonus-2026-09-field --payee E0001 --from legal --currency VND" in first
    assert second.startswith("OWE001 E0001 owes 7.25 CNY in phone_late, which does not pay them now; field does, in an")


def test_a_debt_moves_only_to_a_department_that_pays_in_its_currency(world, owing):
    with pytest.raises(RefusedError, match="ADJ009 field does not pay E0001 in CNY, but in VND"):
        _move(world, owing[0], "phone_late", "CNY")
    known = _move(world, owing[0], "legal", "VND")
    assert (known.amount, known.scopes) == (700, ("field", "legal"))
    with pytest.raises(RefusedError, match="AUT00"):
        decide_adjustment(world, known.adjustment_id, approve=True, by="demo hr", attempt=None)
    assert approved(world) == ()
    decide_adjustment(world, known.adjustment_id, approve=True, by="demo finance", attempt=None)
    (move,) = approved(world)
    assert (move.source, move.target, move.amount_minor, move.credited) == ("legal", "field", 700, 0)
    with world.store.read() as connection:
        assert approved_adjustments(connection, BatchKind.BONUS, SEPTEMBER) == {}, "it is paid to nobody"


def test_what_is_taken_up_and_was_credited_nowhere_is_found_by_verify(world, owing):
    run = month_end_run(world, SEPTEMBER, nonce="moved")
    taken = PayoutLine("E0001", "moved/2026-09-0001:field", "2026-09", "VND", Decimal(-5), "field", digest_of("t"), ())
    publish_lines(world, run, "field", [taken])
    (found,) = (issue for issue in verify_ledger(world) if issue.code == "LED023")
    assert found.message == "5 VND of E0001 is taken up, and was credited nowhere"
    credit = replace(taken, component="moved/2026-09-0001:legal", scope="legal", amount=Decimal(12))
    publish_lines(world, run, "legal", [credit])
    assert "LED023" not in {issue.code for issue in verify_ledger(world)}


def approved(world):
    with world.store.read() as connection:
        return approved_moves(connection, BatchKind.BONUS, SEPTEMBER)


def _move(world, batch, source, currency):
    return propose_move(world, batch, NewMove("E0001", source, currency, "demo hr", "works in field"), None)


def test_an_adjustment_is_in_a_currency_in_which_the_payee_is_paid(world, batches):
    with pytest.raises(RefusedError, match="ADJ009 field does not pay E0001 in CNY, but in VND"):
        _adjust(world, batches[0], "E0001", amount="7.25", currency="CNY")
    with pytest.raises(RefusedError, match="ADJ009"):
        _adjust(world, batches[1], "E0003", amount="7.25", currency="CNY")
    _adjust(world, batches[1], "E0003")


def _hold(world, batch, payee, *, by="demo hr"):
    return hold_payee(world, batch, payee, by=by, reason="a doubt", attempt=None)


def _adjust(world, batch, payee, *, amount="5", currency="VND", by="demo hr", case=""):
    return propose(world, batch, NewAdjustment(payee, Decimal(amount), currency, by, "visits", case), None)


def _dispute(world, batch):
    case = open_dispute(world, batch, "E0001", "", by="E0001", about="visits", owner="hr", attempt=None)
    return case.action.action_id
