"""Differences are posted once, whatever comes later; and no entry can be edited without being found."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import BatchId, Digest
from domain.periods import Period
from domain.records import PayoutLine, Step
from incentives.ledger import (
    GENESIS,
    BatchKind,
    ChainedEntry,
    EntryType,
    LedgerEntry,
    LedgerKey,
    Posting,
    batch_hash,
    chain,
    desired_of,
    differences,
    entry_hash,
    posted_after,
    verify_chain,
)

MAY, JUNE, JULY = Period(2026, 5), Period(2026, 6), Period(2026, 7)


def key(payee="E1", component="bonus:field", origin=JUNE):
    return LedgerKey(BatchKind.BONUS, payee, component, origin, "VND")


@pytest.mark.parametrize(
    ("desired", "posted", "origin", "into", "entry_type", "amount"),
    [
        pytest.param(100, None, JUNE, JUNE, EntryType.EARNING, 100, id="earned in its own month"),
        pytest.param(-100, None, JUNE, JUNE, EntryType.EARNING, -100, id="a negative earning"),
        pytest.param(100, 100, JUNE, JUNE, None, 0, id="already posted"),
        pytest.param(0, None, JUNE, JUNE, None, 0, id="nothing earned"),
        pytest.param(130, 100, JUNE, JUNE, EntryType.ADJUSTMENT, 30, id="more, in the same month"),
        pytest.param(130, 100, MAY, JUNE, EntryType.ADJUSTMENT, 30, id="more, for a closed month"),
        pytest.param(100, None, MAY, JUNE, EntryType.ADJUSTMENT, 100, id="forgotten in a closed month"),
        pytest.param(70, 100, MAY, JUNE, EntryType.CLAWBACK, -30, id="less than was paid"),
        pytest.param(None, 100, JUNE, JUNE, EntryType.CLAWBACK, -100, id="no longer desired"),
        pytest.param(0, -30, MAY, JUNE, EntryType.ADJUSTMENT, 30, id="a debt that is let go"),
        pytest.param(-50, -30, MAY, JUNE, EntryType.ADJUSTMENT, -20, id="a debt that grows"),
    ],
)
def test_the_difference_between_desired_and_posted(desired, posted, origin, into, entry_type, amount):
    wanted = {} if desired is None else {key(origin=origin): desired}
    before = {} if posted is None else {key(origin=origin): posted}
    expected = (Posting(key(origin=origin), into, entry_type, amount),) if entry_type else ()
    assert differences(wanted, before, into=into) == expected


def test_nothing_is_posted_before_its_time():
    with pytest.raises(ValueError, match="2026-07 is later than the open period 2026-06"):
        differences({key(origin=JULY): 1}, {}, into=JUNE)


def test_who_is_held_is_neither_paid_nor_taken_back_from():
    posted = {key("E1"): 100, key("E2"): 100, key("E2", "leader:field"): 10, key("E3"): 100}
    held = {("E1", "bonus:field"), ("E2", "")}
    assert [posting.key for posting in differences({}, posted, into=JUNE, held=held)] == [key("E3")]


def line(payee="E1", amount="100", component="bonus:field", currency="VND", step="100"):
    steps = (Step("payable", "round", Decimal(step), (("earned", "100"),), "a.yaml:1:1"),)
    return PayoutLine(payee, component, "2026-06", currency, Decimal(amount), "field", Digest("1" * 64), steps)


def test_lines_become_minor_units_by_key():
    desired = desired_of(BatchKind.BONUS, [line(), line(amount="12.30", currency="CNY")])
    assert desired == {key(): 100, replace(key(), currency="CNY"): 1230}
    with pytest.raises(ValueError, match="two lines for E1"):
        desired_of(BatchKind.BONUS, [line(), line(amount="5")])
    with pytest.raises(ValueError, match="round it first"):
        desired_of(BatchKind.BONUS, [line(amount="0.5")])


KEYS = st.builds(
    key, st.sampled_from(["E1", "E2", "E3"]), st.sampled_from(["a:field", "b:field"]), st.sampled_from([MAY, JUNE])
)
SUMS = st.dictionaries(KEYS, st.integers(-(10**12), 10**12))


@given(SUMS, SUMS)
def test_posting_brings_the_ledger_to_what_is_desired_and_then_posts_nothing(desired, posted):
    postings = differences(desired, posted, into=JUNE)
    after = posted_after(posted, postings)
    assert {each: amount for each, amount in after.items() if amount} == {
        each: amount for each, amount in desired.items() if amount
    }
    assert differences(desired, after, into=JUNE) == ()


@given(st.lists(SUMS, max_size=6))
def test_a_history_of_recalculations_ends_as_one_calculation_with_full_knowledge(history):
    """Whatever was calculated on the way, the sums by key are those of the last calculation alone."""
    posted: dict[LedgerKey, int] = {}
    for desired in history:
        posted = posted_after(posted, differences(desired, posted, into=JULY))
    once = posted_after({}, differences(history[-1] if history else {}, {}, into=JULY))
    assert {each: amount for each, amount in posted.items() if amount} == once


@given(SUMS)
def test_what_is_reversed_comes_back_to_zero(desired):
    posted = posted_after({}, differences(desired, {}, into=JUNE))
    back = posted_after(posted, differences({}, posted, into=JULY))
    assert not any(back.values())


def entries(count=5):
    return tuple(
        LedgerEntry(number, "b1", Posting(key(f"E{number}"), JUNE, EntryType.EARNING, 100 * number))
        for number in range(1, count + 1)
    )


def test_an_unbroken_chain_has_nothing_to_report():
    chained = chain(entries())
    assert verify_chain(chained, chained[-1].entry_hash) == ()
    assert chain(entries()[3:], chained[2].entry_hash) == chained[3:]
    assert verify_chain((), GENESIS) == ()


EDITS = {
    "the amount": lambda entry: replace(
        entry, posting=replace(entry.posting, amount_minor=entry.posting.amount_minor + 1)
    ),
    "the payee": lambda entry: replace(
        entry, posting=replace(entry.posting, key=replace(entry.posting.key, payee="E9"))
    ),
    "the component": lambda entry: replace(
        entry, posting=replace(entry.posting, key=replace(entry.posting.key, component="x"))
    ),
    "the origin": lambda entry: replace(
        entry, posting=replace(entry.posting, key=replace(entry.posting.key, origin_period=MAY))
    ),
    "the currency": lambda entry: replace(
        entry, posting=replace(entry.posting, key=replace(entry.posting.key, currency="CNY"))
    ),
    "the kind of batch": lambda entry: replace(
        entry, posting=replace(entry.posting, key=replace(entry.posting.key, batch_kind=BatchKind.FEE))
    ),
    "the posting period": lambda entry: replace(entry, posting=replace(entry.posting, posting_period=JULY)),
    "the entry type": lambda entry: replace(entry, posting=replace(entry.posting, entry_type=EntryType.ADJUSTMENT)),
    "the batch": lambda entry: replace(entry, batch_id="b2"),
}


@pytest.mark.parametrize("edit", EDITS)
@given(st.integers(0, 4))
def test_any_edited_entry_is_found(edit, at):
    chained = list(chain(entries()))
    chained[at] = ChainedEntry(EDITS[edit](chained[at].entry), chained[at].entry_hash)
    assert [(issue.code, issue.location.line) for issue in verify_chain(chained)] == [("LED002", at + 1)]


@given(st.integers(0, 4))
def test_an_edit_with_its_hash_made_anew_is_found_in_the_entry_after_it_or_at_the_head(at):
    chained = list(chain(entries()))
    head = chained[-1].entry_hash
    edited = EDITS["the amount"](chained[at].entry)
    previous = chained[at - 1].entry_hash if at else GENESIS
    chained[at] = ChainedEntry(edited, entry_hash(previous, edited))
    assert [issue.code for issue in verify_chain(chained, head)] == ["LED002" if at < 4 else "LED003"]


def test_an_entry_taken_out_put_in_or_moved_is_found():
    chained = chain(entries())
    codes = lambda some: {issue.code for issue in verify_chain(some, chained[-1].entry_hash)}  # noqa: E731
    assert codes(chained[:2] + chained[3:]) == {"LED001", "LED002"}
    assert codes(chained[:-1]) == {"LED003"}
    assert codes((chained[1], chained[0], *chained[2:])) == {"LED001", "LED002"}
    assert codes((*chained, chained[-1])) == {"LED001", "LED002"}


POSTED = {key("E7"): 50}
POSTING = Posting(key(), JUNE, EntryType.EARNING, 100)


@pytest.mark.parametrize(
    ("lines", "postings", "posted"),
    [
        pytest.param([line(amount="101")], [POSTING], POSTED, id="an amount"),
        pytest.param([line(step="101")], [POSTING], POSTED, id="a step of an explanation"),
        pytest.param([line(), line("E2", "0")], [POSTING], POSTED, id="a line of zero more"),
        pytest.param([line()], [replace(POSTING, amount_minor=101)], POSTED, id="a difference"),
        pytest.param([line()], [POSTING], {key("E7"): 51}, id="what was posted before"),
        pytest.param([line()], [POSTING], {}, id="that nothing was posted before"),
    ],
)
def test_an_approval_binds_to_every_digit(lines, postings, posted):
    assert batch_hash(lines, postings, posted) != batch_hash([line()], [POSTING], POSTED)


def test_the_hash_of_a_batch_does_not_depend_on_order():
    lines, postings = [line(), line("E2")], [POSTING, replace(POSTING, key=key("E2"))]
    posted = {key("E7"): 50, key("E8"): 60}
    again = batch_hash(lines[::-1], postings[::-1], dict(reversed(posted.items())))
    assert again == batch_hash(lines, postings, posted)
    assert BatchId(again)


def test_what_is_wrong_with_the_chain_is_said_with_its_place():
    chained = chain(entries(3))
    edited = ChainedEntry(EDITS["the amount"](chained[1].entry), chained[1].entry_hash)
    (touched,) = verify_chain((chained[0], edited, chained[2]))
    assert str(touched) == (
        "ledger:2 LED002 entry 2 does not have the hash of its content and of the entry before it. "
        "It was edited after it was posted; nothing is to be paid from it"
    )
    missing, _ = verify_chain((chained[0], chained[2]))
    assert str(missing) == ("ledger:3 LED001 entry 3 stands where 2 is due. An entry was taken out, put in, or moved")
    (short,) = verify_chain(chained[:2], chained[2].entry_hash)
    ends, head = chained[1].entry_hash[:12], chained[2].entry_hash[:12]
    assert str(short) == f"ledger:2 LED003 the chain ends with {ends}, the head says {head}. Entries are missing"
