"""The bench of the gates: kinds are sound, doses are what they say, and caught and missed are told apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from math import ceil

import duckdb
import pytest

from adapters.demo import DemoPlan
from bench.gates.bench import Bench, KindResult, Plan, Result, clean_nights, spoilt_nights
from bench.gates.extracts import Dose, spoil, spoilt_content
from bench.gates.families import KINDS
from bench.gates.findings import Caught, Finding, finding_of
from bench.gates.kinds import ALL, FIVE, ONE_ROW, TWENTY, WHOLE, Kind, Occasion, Rows, Unit, changed, lost
from bench.gates.nights import Gated, write_book
from bench.gates.report import as_json, markdown, verdict_lines
from domain.catalogue import CATALOGUE
from domain.issues import Issue, Location
from domain.records import CheckResult, ControlTotals, Outcome, TableVerdict, Verdict

START, END = date(2026, 11, 6), date(2026, 11, 11)
DATES = {Occasion.MIDWEEK: END}
DAY = END


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    return write_book(DemoPlan(300, 20, 2, START, END, seed=5), tmp_path_factory.mktemp("bench") / "book", seed=5)


def test_kinds_are_many_and_named_once():
    names = [kind.name for kind in KINDS]
    assert len(set(names)) == len(names) >= 60
    assert {edit.table for kind in KINDS for edit in kind.edits} <= set(CATALOGUE)
    assert all(kind.reason and kind.title for kind in KINDS)


@pytest.mark.parametrize(
    ("levels", "wrong_from", "message"), [(WHOLE, FIVE, "none of its levels"), ((ALL, FIVE), ALL, "levels go up")]
)
def test_a_kind_that_makes_no_sense_is_refused(levels, wrong_from, message):
    with pytest.raises(ValueError, match=message):
        Kind("any.accounts.kind", "a kind", (), wrong_from, "a reason", levels)


def _renamed(unit: Unit = Unit.SHARE, of: str = "true") -> Kind:
    edits = (Rows("accounts", changed(region="'Elsewhere'"), of=of),)
    return Kind("any.accounts.region", "moved", edits, ONE_ROW, "for the test", unit=unit)


@pytest.mark.parametrize(
    ("kind", "level", "share"),
    [
        (_renamed(), ONE_ROW, None),
        (_renamed(), TWENTY, TWENTY),
        (_renamed(), ALL, ALL),
        (_renamed(Unit.ONCE), ALL, ALL),
    ],
    ids=["one row", "a fifth", "all", "once"],
)
def test_the_level_says_how_many_rows_differ(book, tmp_path, kind, level, share):
    rows = duckdb.sql(f"SELECT count(*) FROM '{book.file('accounts', DAY)}'").fetchall()[0][0]
    touched = spoil(book, kind, DAY, Dose(level), tmp_path / "landing")
    found = duckdb.sql(f"SELECT count(*) FROM '{tmp_path}/landing/accounts.parquet' WHERE region = 'Elsewhere'")
    assert touched == found.fetchall()[0][0] == (1 if share is None else ceil(rows * share))


def test_a_share_of_less_than_a_row_spoils_nothing(book, tmp_path):
    few = _renamed(of="account_id IN (SELECT account_id FROM accounts ORDER BY account_id LIMIT 3)")
    assert spoil(book, few, DAY, Dose(TWENTY), tmp_path / "fifth") == 0
    assert spoil(book, few, DAY, Dose(ALL), tmp_path / "all") == 3


def test_the_same_dose_spoils_the_same_rows_and_leaves_the_book_alone(book, tmp_path):
    before = book.file("accounts", DAY).read_bytes()
    contents = []
    for name in ("first", "second"):
        spoil(book, _renamed(), DAY, Dose(FIVE), tmp_path / name)
        contents.append(spoilt_content(tmp_path / name))
    assert contents[0] == contents[1]
    assert book.file("accounts", DAY).read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_can_be_written(book, tmp_path, kind):
    spoil(book, kind, DAY, Dose(kind.levels[-1]), tmp_path / "landing")
    assert {path.name.partition(".")[0] for path in (tmp_path / "landing").iterdir()} <= set(CATALOGUE)


def _night(*checks: tuple[str, Outcome, int], totals=(10, 10, 0, 0), accepted="v1", issues=(), crash="") -> Gated:
    results = tuple(
        CheckResult("payments", name, "suite", outcome, 10, failed, "", "") for name, outcome, failed in checks
    )
    verdict = Verdict(DAY, (TableVerdict("payments", Outcome.PASS, ControlTotals(*totals), results),))
    return Gated(DAY, None if crash else verdict, issues, crash, accepted={"payments": accepted})


_PASSES, _WARNS, _HALTS = (("payments.volume", outcome, 0) for outcome in (Outcome.PASS, Outcome.WARN, Outcome.HALT))
_UNKNOWN = ("payments.volume", Outcome.NOT_YET_KNOWN, 0)
_STRAY = Issue("LND002", Location("payments.csv"), "is a second file")


@pytest.mark.parametrize(
    ("clean", "spoilt", "caught"),
    [
        (_night(_PASSES), _night(_PASSES, accepted="v2"), Caught.MISSED),
        (_night(_PASSES), _night(_PASSES), Caught.HEALED),
        (_night(_PASSES), _night(_UNKNOWN, accepted="v2"), Caught.MISSED),
        (_night(_WARNS), _night(_WARNS, accepted="v2"), Caught.MISSED),
        (_night(_PASSES), _night(_WARNS, accepted="v2"), Caught.WARNED),
        (_night(("payments.volume", Outcome.WARN, 1)), _night(("payments.volume", Outcome.WARN, 2)), Caught.WARNED),
        (_night(_PASSES), _night(_PASSES, accepted="v2", issues=(_STRAY,)), Caught.WARNED),
        (_night(_PASSES), _night(_PASSES, accepted="v2", totals=(10, 9, 0, 1)), Caught.DROPPED),
        (_night(_PASSES), _night(_PASSES, accepted="v2", totals=(10, 9, 1, 0)), Caught.QUARANTINED),
        (_night(_WARNS), _night(_HALTS, accepted="v2"), Caught.HALTED),
        (_night(_PASSES), _night(crash="KeyError: 'x'"), Caught.CRASHED),
    ],
)
def test_what_counts_as_caught(clean, spoilt, caught):
    assert finding_of(3, spoilt, clean).caught is caught


def test_a_night_without_such_rows_says_nothing():
    assert finding_of(0, _night(_HALTS), _night(_PASSES)).caught is Caught.NOTHING_SPOILT


def _result(caught: Caught, wrong_from: Decimal | None) -> list[str]:
    kind = Kind(
        "any.payments.kind", "a kind", (), wrong_from, "a reason", (ONE_ROW, FIVE, ALL), nights=(Occasion.MIDWEEK,)
    )
    findings = {(level, Occasion.MIDWEEK): Finding(caught, ("payments.volume",), 3) for level in kind.levels}
    return verdict_lines(Result(Plan(), None, (), (KindResult(kind, findings),)))


@pytest.mark.parametrize(
    ("caught", "wrong_from", "faults"),
    [
        (Caught.HALTED, ONE_ROW, []),
        (Caught.MISSED, FIVE, ["any.payments.kind: missed at 5 %", "any.payments.kind: missed at 100 %"]),
        (Caught.CRASHED, ALL, ["any.payments.kind: missed at 100 % (payments.volume)"]),
        (Caught.MISSED, None, []),
        (Caught.NOTHING_SPOILT, ALL, ["any.payments.kind: no night had such rows"]),
    ],
)
def test_faults_are_misses_where_a_person_would_call_it_wrong(caught, wrong_from, faults):
    assert _result(caught, wrong_from) == faults


def test_a_halt_on_what_is_harmless_or_clean_is_a_fault():
    assert len(_result(Caught.HALTED, None)) == 3
    assert verdict_lines(Result(Plan(), None, (_night(_HALTS),), ())) == [
        f"{DAY}: a clean night halts: payments.volume"
    ]


_HALF = Decimal("0.5")

# Nobody could see it: one payment came by another way than the file says.
_UNSEEN = Kind(
    "any.payments.channel",
    "another channel",
    (Rows("payments", changed(channel="CASE channel WHEN 'wallet' THEN 'transfer' ELSE 'wallet' END")),),
    ONE_ROW,
    "for the test",
    (ONE_ROW,),
    nights=(Occasion.MIDWEEK,),
)
_EMPTIED = Kind(
    "any.accounts.lost",
    "half a book",
    (Rows("accounts", lost()),),
    _HALF,
    "for the test",
    (_HALF,),
    nights=(Occasion.MIDWEEK,),
)


@pytest.mark.slow
def test_the_bench_on_a_tiny_book(tmp_path):
    names = ["file.payments.dropped", "file.accounts.rows_doubled", "money.payments.signs_flipped"]
    names += ["schema.payments.column_renamed", "harmless.payments.as_text"]
    known = {kind.name: replace(kind, nights=(Occasion.MIDWEEK,)) for kind in KINDS}
    kinds = (*(known[name] for name in names), _UNSEEN, _EMPTIED)
    plan = Plan(1_000, 20, 2, 5, START, END, DATES)
    chain, nights = clean_nights(tmp_path, plan, kinds)
    clean = tuple(nights)
    bench = Bench(chain, DATES, {night.day: night for night in clean})
    result = Result(plan, chain.book, clean, tuple(spoilt_nights(tmp_path, bench, kinds)))

    assert [one.at(one.kind.levels[0]).caught for one in result.kinds] == [
        Caught.HALTED,
        Caught.DROPPED,
        Caught.QUARANTINED,
        Caught.HALTED,
        Caught.HEALED,
        Caught.MISSED,
        Caught.HALTED,
    ]
    assert verdict_lines(result) == ["any.payments.channel: missed at one row"]
    assert "**any.payments.channel**" in markdown(result)
    assert '"missed_at": [\n    "0"' in as_json(result)
