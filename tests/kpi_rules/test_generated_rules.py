"""Rules that Hypothesis writes, over books that it thinks of: the engines and a plain reading of the rule agree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.rule_files import parse_document
from domain.money import CONTEXT
from kpi_rules.plan import plan_kpis
from kpi_rules.rulebook import decode_kpi_rules
from tests.kpi_rules.test_kpi_oracle import AS_OF, START, Night, Oracle, book_rows, bucket

GRAINS = ("employee", "team", "department", "partner", "branch", "segment", "portfolio")
COUNTS = {"count": "count", "count_distinct": "count"}

# By dataset: columns with their unit, and conditions beside what they mean; `None` is neither true nor false.
SOURCES = {
    "contacts": (
        {"account_id": None, "employee_id": None, "duration_seconds": "count"},
        {
            'outcome == "promise"': lambda row: row["outcome"] == "promise",
            'outcome != "promise" and hour_of(started_wall) == 23': lambda row: row["outcome"] != "promise",
            'not (outcome in ["promise", "refused"])': lambda row: row["outcome"] == "no_answer",
            'employee_id == "E1" or is_missing(employee_id)': lambda row: row["employee_id"] in {"E1", None},
            'outcome not in ["promise", "refused"]': lambda row: row["outcome"] == "no_answer",
            'employee_id != "E1"': lambda row: row["employee_id"] not in {"E1", None},
            'segment == "Semployee"': lambda row: row["segment"] == "Semployee",
            "duration_seconds * 2 >= 60": lambda row: row["duration_seconds"] >= 30,
        },
    ),
    "accounts": (
        {"account_id": None, "partner_id": None, "balance": "money", "overdue_amount": "money",
         "days_past_due": "count"},
        {
            "days_past_due > 30": lambda row: row["days_past_due"] > 30,
            "balance - overdue_amount < 0": lambda row: row["balance"] < row["overdue_amount"],
            "balance * 0.5 >= 10": lambda row: row["balance"] >= 20,
            "bucket in [0, 2] or days_past_due >= 181": lambda row: bucket(row) in {0, 2} or bucket(row) == 7,
            'currency == "VND" and not (days_past_due == 0)': lambda row: row["currency"] == "VND"
            and row["days_past_due"] != 0,
            'owner_kind == "house"': lambda row: row["owner_kind"] == "house",
            "min(balance, overdue_amount) == balance": lambda row: row["balance"] <= row["overdue_amount"],
        },
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A measure as a rule states it."""

    dataset: str
    measure: str
    of: str | None
    where: str | None

    @property
    def unit(self) -> str:
        kind = SOURCES[self.dataset][0].get(self.of or "")
        if self.measure in COUNTS or kind is None:
            return "count"
        return "ratio" if self.measure == "average" and kind == "count" else kind

    @property
    def text(self) -> str:
        parts = {"dataset": self.dataset, "measure": self.measure, "of": self.of, "where": self.where}
        return "{" + ", ".join(f"{key}: {value!r}" for key, value in parts.items() if value) + "}"

    def met(self, rows):
        return [row for row in rows if self.where is None or SOURCES[self.dataset][1][self.where](row)]

    def value(self, rows):
        """The plain reading: rows that meet the condition, and what is made of their values."""
        met = self.met(rows)
        if self.of is None:
            return Decimal(len(met))
        values = [row[self.of] for row in met if row[self.of] is not None]
        match self.measure:
            case "count_distinct":
                return Decimal(len(set(values)))
            case "sum":
                return sum(map(Decimal, values), Decimal(0))
            case "min" | "max":
                return Decimal(min(values) if self.measure == "min" else max(values)) if values else None
        return divided(sum(map(Decimal, values), Decimal(0)), Decimal(len(values)))


def divided(above, below):
    return CONTEXT.divide(above, below) if below else None


@st.composite
def measures(draw, dataset=None, *, sums_only=False):
    dataset = dataset or draw(st.sampled_from(sorted(SOURCES)))
    columns, conditions = SOURCES[dataset]
    kinds = ["count", "count_distinct", "sum"] + ([] if sums_only else ["min", "max", "average"])
    measure = draw(st.sampled_from(kinds))
    numeric = [name for name, unit in columns.items() if unit]
    among = {"count": [None], "count_distinct": [name for name in columns if name not in numeric]}.get(measure, numeric)
    return Asked(dataset, measure, draw(st.sampled_from(among)), draw(st.sampled_from([*sorted(conditions), None])))


@st.composite
def kpis(draw):
    """Its measure, or two of them, its window of days, and its grains."""
    first = draw(measures())
    grains = draw(st.lists(st.sampled_from(GRAINS), min_size=1, unique=True))
    if draw(st.booleans()):
        second = draw(measures(sums_only=True))
        first = draw(measures(sums_only=True))
        if first.unit == second.unit:
            return (first, second), None, grains
    window = draw(st.none() | st.integers(1, 40)) if first.dataset == "contacts" else None
    return (first,), window, grains


def rule_text(number, parts, window, grains):
    head = (
        f"  - id: k{number}\n    title: T\n    owner: o\n    valid_from: 2026-01-01\n    review_by: 2027-01-01\n"
        f"    good: higher\n    grains: [{', '.join(grains)}]\n"
    )
    if len(parts) == 2:
        above, below = parts
        return f"{head}    unit: ratio\n    type: ratio\n    numerator: {above.text}\n    denominator: {below.text}\n"
    kind = f"cumulative\n    window_days: {window}" if window else "simple"
    return f"{head}    unit: {parts[0].unit}\n    type: {kind}\n{_lines(parts[0])}"


def _lines(asked):
    parts = {"dataset": asked.dataset, "measure": asked.measure, "of": asked.of, "where": asked.where}
    return "".join(f"    {key}: {value!r}\n" for key, value in parts.items() if value)


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(rows=book_rows, asked=st.lists(kpis(), min_size=4, max_size=8))
def test_the_engine_and_a_plain_reading_of_any_rule_agree(rows, asked, shared_book):
    document, issues = parse_document(
        "kpis:\n" + "".join(rule_text(number, *each) for number, each in enumerate(asked)), "a.yaml"
    )
    assert document is not None, issues
    rules, issues = decode_kpi_rules([document])
    assert issues == ()
    oracle = Plain(rows)
    Night(shared_book, rules).load(oracle)
    found = shared_book.results(plan_kpis(rules, start=START, as_of=AS_OF))
    assert {each.kpi for each in found} <= {f"k{number}" for number in range(len(asked))}
    for each in found:
        parts, window, _ = asked[int(each.kpi[1:])]
        values = [part.value(oracle.rows_of(part.dataset, window, each)) for part in parts]
        expected = values[0] if len(parts) == 1 else divided(*values)
        key = each.kpi, each.grain, each.entity, each.currency
        assert (*key, each.value) == (*key, expected)
    for number, (parts, window, grains) in enumerate(asked):
        entities = {
            (grain, name)
            for part in parts
            for grain in grains
            for name in oracle.names(grain, part.met(oracle.all_rows_of(part.dataset, window)))
        }
        assert entities <= {(each.grain.value, each.entity) for each in found if each.kpi == f"k{number}"}


class Plain(Oracle):
    """The rows of a dataset that count for an entity."""

    def __init__(self, rows):
        super().__init__(rows)
        for number, contact in enumerate(self.contacts):
            contact["duration_seconds"] = number * 17 % 90

    def rows_of(self, dataset, window, result):
        return [
            row
            for row in self.all_rows_of(dataset, window)
            if self._counts(row, result.grain, result.entity, result.currency if dataset == "accounts" else "")
        ]

    def names(self, grain, rows):
        column = grain if grain == "segment" else f"{grain}_id"
        return {"portfolio"} if grain == "portfolio" else {row[column] for row in rows if row.get(column)}

    def all_rows_of(self, dataset, window):
        if dataset == "accounts":
            owned = self._owned(self.accounts, AS_OF)
            return [row | {"owner_kind": self._owner(row["account_id"], AS_OF).get("owner_kind")} for row in owned]
        first = AS_OF - timedelta(days=window - 1) if window else START
        made = [row for row in self.contacts if first <= row["started_wall"].date() <= AS_OF]
        return [self._event(row, row["started_wall"].date()) for row in made]
