"""Going live: year to date, draws and debts come in by a file, are signed by somebody else, and are paid on."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from adapters.errors import RefusedError
from adapters.store.ledger import read_entries
from adapters.store.runs import begin_attempt
from adapters.store.signatures import sign
from adapters.world import open_world
from domain.periods import Period
from incentives.batches import BatchPhase
from incentives.ledger import BatchKind
from tasks.stages.after_publish import write_outputs
from tasks.stages.brought_in import OpeningState, openings
from tasks.stages.carried_pay import batches_carried, columns_carried, months_opened
from tasks.stages.explain import verify_ledger
from tasks.stages.explain_payout import explain_payout
from tasks.stages.month_before import lines_of_the_month_before
from tasks.stages.month_end import prepare, read_frozen
from tasks.stages.opening_pay import bring_in, house_of, post_opening, sign_opening
from tasks.stages.opening_template import write_template
from tasks.stages.payroll import write_pay_files
from tasks.stages.review import write_review
from tasks.stages.rules import sound_rules
from tasks.stages.settling import open_months
from tests.conftest import copy_of
from tests.stages.books import house_book
from tests.stages.paid import house_policy, line_by, month_end_run, publish_lines

SEPTEMBER, AUGUST = Period(2026, 9), Period(2026, 8)

# A commission by the year to date, with an advance that is paid back.
COMMISSION = """
policies:
  - id: commission_vnd
    title: Commission by the year to date, with an advance
    owner: head_of_field
    valid_from: 2026-01-01
    review_by: 2026-12-31
    applies_to: {departments: [field]}
    component: commission
    currency: VND
    part_period: whole
    inputs:
      recovered: {kpi: recovered, unit: money, missing: zero}
      before: {carried: year_to_date, months_ago: 1, begins_anew: 1, unit: money, missing: zero}
      owed: {carried: owed_after, months_ago: 1, unit: money, missing: zero}
    steps:
      - {name: year_to_date, kind: formula, expression: before + recovered}
      - name: rate
        kind: tiers
        mode: stepped
        basis: year_to_date
        boundary: at
        unit: ratio
        below: zero
        bands: [{from: 0, amount: 0.01}, {from: 500_000_000, amount: 0.02}]
      - {name: earned, kind: formula, expression: recovered * rate}
      - {name: owed_after, kind: draw, of: earned, draw: 100_000, owed: owed, gives: owed, memo: true}
      - {name: pay, kind: draw, of: earned, draw: 100_000, owed: owed, gives: pay}
      - {name: payable, kind: round, of: pay, digits: 0, mode: half_up}
"""
HEADER = "what,payee,department,component,column,period,amount,currency,note"


def with_commission(world, tmp_path):
    """The same world with a policy that carries columns over, signed."""
    book = house_book(tmp_path / "rules")
    (book / "incentives/policies/commission.yaml").write_text(COMMISSION, encoding="utf-8")
    found = open_world(world.settings.model_copy(update={"rules": book}), clock=world.seam.clock)
    sign(found.store, sound_rules(book).contents(), proposer="proposer", signer="signer")
    return found


@pytest.fixture
def world(measured_world, tmp_path, request):
    with copy_of(measured_world, tmp_path / "home", request) as world:
        yield with_commission(world, tmp_path)


@pytest.fixture
def payee(world):
    """A collector in the field who is paid in VND."""
    house = house_of(world, sound_rules(world.settings.rules), SEPTEMBER)
    return next(
        each.employee_id
        for each in house.staff.values()
        if each.currency == "VND" and {posting.department for posting in each.postings} == {"field"}
    )


def opening_of(payee, tmp_path, *, year_to_date=490_000_000, owed=300_000, name="opening.csv"):
    lines = [
        f"carried,{payee},field,commission,year_to_date,2026-08,{year_to_date},VND,",
        f"carried,{payee},field,commission,owed_after,2026-08,50000,VND,two advances",
        f"owed,{payee},field,,,2026-08,{owed},VND,reversed in July",
        f"carried,TOTAL,,commission,year_to_date,2026-08,{year_to_date},VND,",
        "carried,TOTAL,,commission,owed_after,2026-08,50000,VND,",
        f"owed,TOTAL,,,,2026-08,{owed},VND,",
    ]
    path = tmp_path / name
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return path


def brought_in(world, path, by="importer"):
    return bring_in(world, path, SEPTEMBER, begin_attempt(world.store, "opening", SEPTEMBER.start), by=by)


def posted(world, path):
    brought_in(world, path)
    sign_opening(world, by="demo hr")
    return post_opening(world, by="operations")


def test_what_came_in_is_carried_over_and_owed_once_it_is_signed_and_posted(world, payee, tmp_path):
    brought_in(world, opening_of(payee, tmp_path))
    policies = sound_rules(world.settings.rules).policies
    with world.store.read() as connection:
        assert batches_carried(connection, policies, SEPTEMBER) == ()  # nobody has signed it
    sign_opening(world, by="demo hr")
    (batch,) = post_opening(world, by="operations")
    with world.store.read() as connection:
        paid = batches_carried(connection, policies, SEPTEMBER)
        columns = columns_carried(connection, paid, SEPTEMBER)
        assert columns == {
            (1, payee, "commission"): {"year_to_date": Decimal(490_000_000), "owed_after": Decimal(50_000)}
        }
        assert months_opened(connection, paid, SEPTEMBER) == {1}
        month = open_months(connection, BatchKind.BONUS, SEPTEMBER)["field"]
        (entry,) = read_entries(connection)
    assert (month.owed_before, month.brought_in) == ({(payee, "VND"): 300_000}, {(payee, "VND"): 300_000})
    assert (entry.entry_type, entry.component, entry.amount_minor) == ("opening", "carried/opening:field", 300_000)
    assert verify_ledger(world) == ()
    assert write_outputs(world, batch.batch) == ()


def test_the_explanation_of_the_month_names_the_file_and_the_line(world, payee, tmp_path):
    posted(world, opening_of(payee, tmp_path))
    trees = {each.component: each for each in explain_payout(world, payee, AUGUST)}
    nodes = {node.name: node for node in trees["commission:field"].tree}
    assert (nodes["year_to_date"].value, nodes["year_to_date"].line) == ("490000000", "opening.csv:2:7")
    assert nodes["owed_after"].note == "brought in by the opening import; two advances"
    assert trees["carried/opening:field"].amount == 300_000
    assert all(each.differing == () for each in trees.values())


def test_the_same_file_changes_nothing_and_a_corrected_one_posts_the_difference(world, payee, tmp_path):
    first = opening_of(payee, tmp_path)
    posted(world, first)
    again = brought_in(world, first)
    assert (again.is_new, again.opening.state) == (False, OpeningState.POSTED)
    posted(world, opening_of(payee, tmp_path, year_to_date=400_000_000, owed=100_000, name="corrected.csv"))
    policies = sound_rules(world.settings.rules).policies
    with world.store.read() as connection:
        columns = columns_carried(connection, batches_carried(connection, policies, SEPTEMBER), SEPTEMBER)
        amounts = [entry.amount_minor for entry in read_entries(connection)]
        states = [each.state for each in openings(connection)]
    assert columns[1, payee, "commission"]["year_to_date"] == 400_000_000
    assert amounts == [300_000, -200_000]
    assert states == [OpeningState.POSTED, OpeningState.POSTED]  # of which the last counts
    assert verify_ledger(world) == ()


def test_months_are_posted_together_and_what_a_corrected_file_leaves_out_is_taken_back(world, payee, tmp_path):
    path = opening_of(payee, tmp_path)
    july = [f"owed,{who},{where},,,2026-07,70000,VND," for who, where in ((payee, "field"), ("TOTAL", ""))]
    both = tmp_path / "both.csv"
    both.write_text(path.read_text(encoding="utf-8") + "\n".join(july) + "\n", encoding="utf-8")
    assert [each.batch.rpartition("-")[0] for each in posted(world, both)] == [
        "opening-2026-07-field",
        "opening-2026-08-field",
    ]
    posted(world, path)
    with world.store.read() as connection:
        entries = [(entry.posting_period, entry.amount_minor) for entry in read_entries(connection)]
    assert entries == [("2026-07", 70_000), ("2026-08", 300_000), ("2026-07", -70_000)]
    assert verify_ledger(world) == ()


def test_a_file_that_was_changed_after_it_was_kept_is_found(world, payee, tmp_path):
    posted(world, opening_of(payee, tmp_path))
    (kept,) = (world.settings.home / "opening" / "pay").iterdir()
    kept.write_text(kept.read_text(encoding="utf-8").replace("490000000", "590000000"), encoding="utf-8")
    (issue,) = verify_ledger(world)
    assert issue.code == "LED014"


def test_a_file_that_waits_is_replaced_by_the_next(world, payee, tmp_path):
    brought_in(world, opening_of(payee, tmp_path))
    brought_in(world, opening_of(payee, tmp_path, owed=1, name="corrected.csv"))
    with world.store.read() as connection:
        first, second = openings(connection)
        assert read_frozen(connection, first.batches[0].batch).state.phase is BatchPhase.VOID
    assert (first.state, second.state) == (OpeningState.REPLACED, OpeningState.BROUGHT_IN)


REFUSED_SIGNERS = [
    ("who brought it in", "demo hr", "demo hr", "BAT021"),
    ("who approves no bonuses", "importer", "somebody", "BAT024"),
]


@pytest.mark.parametrize(
    ("case", "importer", "signer", "code"), REFUSED_SIGNERS, ids=[each[0] for each in REFUSED_SIGNERS]
)
def test_it_is_signed_by_somebody_else_who_approves_bonuses(world, payee, tmp_path, case, importer, signer, code):
    brought_in(world, opening_of(payee, tmp_path), by=importer)
    with pytest.raises(RefusedError, match=code):
        sign_opening(world, by=signer)
    with pytest.raises(RefusedError, match="BAT007"):
        post_opening(world, by="operations")


def test_after_the_first_published_batch_nothing_is_brought_in_any_more(world, payee, tmp_path):
    brought_in(world, opening_of(payee, tmp_path))
    sign_opening(world, by="demo hr")
    policy = house_policy(world, "field_vnd")
    given = {"score": "100", "critical_fails": "0", "upheld_complaints": "0"}
    publish_lines(world, month_end_run(world, SEPTEMBER), "field", [line_by(policy, payee, "field", given)])
    for attempt in (
        lambda: post_opening(world, by="operations"),
        lambda: brought_in(world, opening_of(payee, tmp_path, owed=1, name="late.csv")),
    ):
        with pytest.raises(RefusedError, match="OPN031 bonus-2026-09-field"):
            attempt()


def test_what_is_owed_longest_is_deducted_first(world, payee, tmp_path):
    posted(world, opening_of(payee, tmp_path))
    policy = house_policy(world, "field_vnd")
    line = line_by(policy, payee, "field", {"score": "100", "critical_fails": "0", "upheld_complaints": "0"})
    deducted = replace(line, component="carried/net:field", amount=Decimal(-100_000), steps=())
    publish_lines(world, month_end_run(world, SEPTEMBER), "field", [line, deducted])
    with world.store.read() as connection:
        month = open_months(connection, BatchKind.BONUS, Period(2026, 10))["field"]
    assert (month.owed_before, month.brought_in) == ({(payee, "VND"): 200_000}, {(payee, "VND"): 200_000})


def test_another_system_has_paid_what_came_in(world, payee, tmp_path):
    """It is no month to compare pay with, to review, or to hand to payroll."""
    (batch,) = posted(world, opening_of(payee, tmp_path))
    with world.store.read() as connection:
        assert lines_of_the_month_before(connection, SEPTEMBER, BatchKind.BONUS) == ()
    with pytest.raises(RefusedError, match="no batch of 2026-08"):
        write_review(world, AUGUST)
    with pytest.raises(RefusedError, match="PYR005"):
        write_pay_files(world, batch.batch)


def test_months_before_going_live_are_not_prepared(world, payee, tmp_path):
    posted(world, opening_of(payee, tmp_path))
    with pytest.raises(RefusedError, match="BAT046"):
        prepare(world, AUGUST, begin_attempt(world.store, "month-end", AUGUST.last_day), by="preparer")


def test_everything_that_is_wrong_is_told_at_once_and_nothing_is_stored(world, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text(
        f"{HEADER}\ncarried,E9999,field,commission,year_to_date,2026-08,1,VND,\nowed,E9999,field,,,2026-10,1.5,VND,\n"
    )
    with pytest.raises(RefusedError) as refused:
        brought_in(world, path)
    told = str(refused.value)
    for code in ("OPN014", "OPN020", "OPN022", "OPN024"):
        assert code in told
    assert "bad.csv:3:7" in told
    with world.store.read() as connection:
        assert openings(connection) == ()


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_template_has_a_line_for_each_column_and_is_refused_until_it_is_filled_in(world, payee, tmp_path, ending):
    path = tmp_path / f"template.{ending}"
    assert write_template(world, SEPTEMBER, path) > 2
    with pytest.raises(RefusedError) as refused:
        brought_in(world, path)
    assert {line.split()[1] for line in str(refused.value).splitlines()} == {"OPN021"}
