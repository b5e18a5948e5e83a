"""What was said of a difference stands when a later settlement asks the very same; and what nobody may do meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from adapters.errors import ConflictError
from adapters.seam import Seam
from adapters.store.engine import Store
from adapters.store.runs import begin_attempt
from adapters.world import World, open_world
from domain.periods import Period
from incentives.claims.differences import Standing, Step
from tasks.stages.claims_decide import Which, decide_differences
from tasks.stages.claims_files import take_reply, write_correspondence
from tasks.stages.claims_status import settlement_status
from tests.conftest import copy_of, new_world
from tests.stages.claimed import Book, Claimed, night, rule_book, settle, sign_all
from tests.stages.logins import as_login
from tests.stages.test_claims import BOOK, CLAIMS, END, LATER, on

FIRST = "R01-by_claims-2026-09-1"
OCTOBER = Period(2026, 10)


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    return rule_book(tmp_path_factory.mktemp("rules"))


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def settled_world(request, tmp_path_factory, rules):
    with new_world(request, tmp_path_factory.mktemp("claims") / "home", request.param, rules=rules) as world:
        sign_all(world)
        night(world, END, BOOK)
        night(world, CLAIMS, BOOK)
        settle(world, "2026-09", CLAIMS)
        yield world


@pytest.fixture
def settled(request, tmp_path, settled_world):
    with copy_of(settled_world, tmp_path / "home", request) as world:
        yield world


def answer(world, tmp_path, *lines: str, settlement: str = FIRST):
    file = tmp_path / "answer.csv"
    file.write_text("\n".join(("difference_id,answer,text", *lines)), encoding="utf-8")
    attempt = begin_attempt(world.store, "answers", CLAIMS)
    return take_reply(as_login(world, "clerk"), file, settlement, by="clerk", attempt=attempt)


def open_now(world, day=LATER):
    (status,) = settlement_status(world, on=day)
    return {each.difference.subject: each for each in status.open}


def decide(world, difference: str, step: Step, by: str = "demo director", **more):
    (done,) = decide_differences(
        as_login(world, by), Which(named=(difference,)), step, by=by, reason="seen", on=LATER, attempt=None, **more
    )
    return done.state.standing


def next_settlement(world, book: Book = BOOK):
    night(world, LATER, book)
    return settle(world, "2026-10", LATER)


def test_an_answer_stands_beside_the_same_question_of_a_later_settlement(settled, tmp_path):
    answer(settled, tmp_path, f"{FIRST}.2,disputed,receipt 4711")
    made = next_settlement(settled)
    found = open_now(settled)["C5"]
    assert found.difference.settlement_id == made.settlement_id != FIRST
    assert (found.answer, found.answer_text) == ("disputed", "receipt 4711")
    (csv, _) = write_correspondence(settled, made.settlement_id).files
    assert "disputed,receipt 4711" in csv.read_text(encoding="utf-8-sig")


def test_the_newest_word_counts_and_what_differs_otherwise_is_another_question(settled, tmp_path):
    answer(settled, tmp_path, f"{FIRST}.1,agreed,", f"{FIRST}.2,disputed,receipt 4711")
    lower = replace(BOOK, claimed=(*BOOK.claimed[:2], replace(BOOK.claimed[2], amount=3_200_000), BOOK.claimed[3]))
    made = next_settlement(settled, lower)
    assert open_now(settled)["C3"].answer == "", "the line says something else now: nobody has answered that"
    answer(settled, tmp_path, f"{made.settlement_id}.2,withdrawn,", settlement=made.settlement_id)
    assert open_now(settled)["C5"].answer == "withdrawn"


def test_the_last_file_counts_and_once_more_changes_nothing(settled, tmp_path):
    first, other = f"{FIRST}.2,disputed,receipt 4711", f"{FIRST}.2,withdrawn,"
    one, same = answer(settled, tmp_path, first), answer(settled, tmp_path, first)
    assert (one.again, same.again) == (False, True)
    answer(settled, tmp_path, other)
    back = answer(settled, tmp_path, first)
    assert (back.again, back.instead_of) == (False, "answer.csv")
    assert open_now(settled, CLAIMS)["C5"].answer == "disputed"
    assert answer(settled, tmp_path, first).again
    assert not answer(settled, tmp_path, other).again
    assert open_now(settled, CLAIMS)["C5"].answer == "withdrawn"


def test_what_waits_until_a_day_waits_in_a_later_settlement_too(settled):
    assert decide(settled, f"{FIRST}.2", Step.WAIT, until=on(20, 11)) is Standing.WAITING
    next_settlement(settled)
    assert open_now(settled)["C5"].standing is Standing.WAITING
    assert open_now(settled, on(21, 11))["C5"].standing is Standing.OPEN
    assert decide(settled, open_now(settled)["C5"].difference.difference_id, Step.REJECT) is Standing.PROPOSED


def test_a_proposal_is_made_anew_on_what_a_later_settlement_lists(settled):
    """A second person confirms what they see; what they saw was another list."""
    decide(settled, f"{FIRST}.2", Step.REJECT, by="demo finance")
    next_settlement(settled)
    assert open_now(settled)["C5"].standing is Standing.OPEN


@dataclass(slots=True)
class Meanwhile(Seam):
    """A seam at which somebody else does something, once, when a point is reached."""

    at: str = ""
    does: Callable[[], object] = lambda: None

    def reach(self, point: str) -> None:
        if point == self.at:
            self.at = ""
            self.does()


def meanwhile(world: World, at: str, does: Callable[[], object]) -> World:
    seam = Meanwhile(world.seam.clock, scratch=world.seam.scratch, at=at, does=does)
    return replace(world, seam=seam, store=Store(world.store.engine, seam))


def test_what_is_decided_while_a_settlement_matches_is_never_listed_as_open(settled):
    """Or it could be decided twice: what was paid as claimed would be paid as claimed again."""
    night(settled, LATER, BOOK)
    disturbed = meanwhile(settled, "claims:start", lambda: decide(settled, f"{FIRST}.3", Step.REJECT))
    with pytest.raises(ConflictError, match="STL042"):
        settle(disturbed, "2026-10", LATER)
    (status,) = settlement_status(settled, on=LATER)
    assert status.settlement_id == FIRST
    settle(settled, "2026-10", LATER)


def test_the_settlement_of_another_partner_meanwhile_is_noticed_as_well(settled):
    book = BOOK.and_claimed(Claimed("D1", "A1", on(5), 1_000_000, "P1", partner="R02"))
    night(settled, LATER, book)
    disturbed = meanwhile(settled, "claims:start", lambda: settle(settled, "2026-09", LATER, partner="R02"))
    with pytest.raises(ConflictError, match="STL042"):
        settle(disturbed, "2026-10", LATER)


def test_on_postgresql_a_decision_waits_for_the_settlement_that_stores(settled):
    """The lock is one for all who settle and decide; SQLite has it from the beginning of each writing transaction."""
    from adapters.store.claims import lock_claims

    if settled.store.dialect != "postgresql":
        pytest.skip("SQLite takes its lock as the transaction begins")
    other = open_world(settled.settings, clock=settled.seam.clock)
    with settled.store.write("test") as one, other.store.engine.begin() as second:
        lock_claims(one)
        second.exec_driver_sql("SET LOCAL lock_timeout = '200ms'")
        with pytest.raises(Exception, match="lock timeout"):
            lock_claims(second)
