"""Worlds from which scenarios begin, made once in a folder and only copied afterwards; all of them on SQLite."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from adapters.demo import DemoPlan, write_demo_book
from adapters.settings import Settings
from adapters.store.runs import begin_attempt
from adapters.store.signatures import sign
from adapters.world import World, open_world
from domain.manifest import Stage
from domain.periods import Period
from incentives.ledger import nets
from tasks.stages.month_end import prepare, read_frozen
from tasks.stages.opening import open_book
from tasks.stages.rules import sound_rules
from tests.conftest import SteppingClock
from tests.stages.books import edit, house_book
from tests.stages.claimed import Claimed, Paid, night, rule_book, sign_all
from tests.stages.conftest import END, START, month_of, night_of, put_book
from tests.stages.paid import owe
from tests.stages.test_claims import BOOK, CLAIMS, LATER
from tests.stages.test_opening_of_pay import COMMISSION
from tests.stages.test_signals import LOOSE
from tests.stages.test_standing import RULES as STANDINGS
from tests.stages.test_standing import STEPS

SEPTEMBER = Period(2026, 9)
FOUR_DAYS = DemoPlan(120, 20, 2, START, date(2026, 9, 4), seed=3)
A_MONTH = DemoPlan(400, 30, 2, START, END, seed=3, state_dates=(*(date(2026, 9, day) for day in (1, 2, 3, 4, 29)), END))
SCORECARDS = "kpi_rules/rules/scorecards.yaml"


def nothing(folder: Path) -> Settings:
    """An empty home: the first command makes all there is in it."""
    (folder / "home").mkdir(parents=True, exist_ok=True)
    return Settings(home=folder / "home")


def landed(folder: Path) -> Settings:
    """Four days of a small book lie in the landing folder, the rules are signed, and no night has run. Beside it lies
    an overlay for what-ifs."""
    return _made(folder, partial(_land, book=FOUR_DAYS))


def three_nights(folder: Path) -> Settings:
    """Three nights of it have run, by rules at which signals fire, partners are put on a plan, and commission carries a
    year to date over."""
    return _made(folder, _run_three_nights)


def paid_month(folder: Path) -> Settings:
    """A September that was gated every day and measured on the last, and nothing of it is paid."""
    return _made(folder, _run_month, datetime(2026, 10, 1, tzinfo=UTC))


def month_in_debt(folder: Path) -> Settings:
    """The same month, in which somebody whom field pays owes in legal a little more than three tenths of that pay."""
    return _made(folder, _run_month_in_debt, datetime(2026, 10, 1, tzinfo=UTC))


def claimed(folder: Path) -> Settings:
    """September's books of a partner and its claims; in October a payment is taken back, and another one comes."""
    return _made(folder, _run_claims)


def _made(
    folder: Path, make: Callable[[World, Path], None], now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
) -> Settings:
    """What `make` has made of an empty world; or what it made before, if it came to its end."""
    rules, done = folder / "rules", folder / "done"
    if not done.exists():
        folder.mkdir(parents=True)
        house_book(rules) if make is not _run_claims else rule_book(rules)
        world = open_world(Settings(home=folder / "home", rules=rules), clock=SteppingClock(now))
        make(world, folder)
        world.store.engine.dispose()
        done.touch()
    return Settings(home=folder / "home", rules=rules)


def _land(world: World, folder: Path, book: DemoPlan) -> None:
    write_demo_book(book, folder / "landing")
    put_book(world, folder / "landing")
    overlay = folder / "overlay" / SCORECARDS
    overlay.parent.mkdir(parents=True)
    known = (world.settings.rules / SCORECARDS).read_text(encoding="utf-8")
    overlay.write_text(known.replace("attainment: 1.2,", "attainment: 1.3,"), encoding="utf-8")


def _run_three_nights(world: World, folder: Path) -> None:
    rules = world.settings.rules
    standings = (rules / STANDINGS).read_text(encoding="utf-8")
    edit(rules, {**LOOSE, STANDINGS: ((standings[standings.index("    steps:\n") :], STEPS),)})
    (rules / "incentives/policies/commission.yaml").write_text(COMMISSION, encoding="utf-8")
    _land(world, folder, FOUR_DAYS)
    night_of(world, START, (Stage.GATE,))
    open_book(world, START, begin_attempt(world.store, "open", START), by="operations")
    for number in (2, 3):
        night_of(world, date(2026, 9, number), (Stage.GATE, Stage.ALLOCATE, Stage.MEASURE, Stage.PROJECT))


def _run_month(world: World, folder: Path) -> None:
    _land(world, folder, A_MONTH)
    month_of(world)


def _run_month_in_debt(world: World, folder: Path) -> None:
    _run_month(world, folder)
    made = prepare(world, SEPTEMBER, begin_attempt(world.store, "month-end", END), by="preparer")
    with world.store.read() as connection:
        postings = read_frozen(connection, next(each for each in made.batches if "field" in each)).postings
    pays = nets((each.key, each.amount_minor) for each in postings)
    payee, pay = max((key.payee, pay) for key, pay in pays.items() if key.currency == "VND" and pay > 100)
    owe(world, payee, "legal", pay * 3 // 10 + 7)


def _run_claims(world: World, _: Path) -> None:
    sign_all(world)
    night(world, date(2026, 9, 30), BOOK)
    night(world, CLAIMS, BOOK)
    back = Paid("T1", "A1", date(2026, 9, 5), -1_000_000, reverses="P1", posted_on=date(2026, 10, 10))
    paid = Paid("P9", "A2", date(2026, 10, 15), 2_500_000)
    line = Claimed("C9", "A2", date(2026, 10, 15), 2_500_000, "P9", claimed_on=date(2026, 10, 20))
    night(world, LATER, BOOK.and_paid(back, paid).and_claimed(line))


def sign_whatever_is_new(world: World) -> None:
    sign(world.store, sound_rules(world.settings.rules).contents(), proposer="proposer", signer="signer")
