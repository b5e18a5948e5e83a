"""The rival that an analyst would write: the same book in pandas, table by table, figure by figure.

    python -m bench.by_pandas < BOOK.json

It reads the Parquet files of the night as the DuckDB rival does, and leaves out what that one counts in windows and
by days owned: breaches of limits, planned actions, and the overdue days. Money is whole ten-thousandths, so that sums
are exact.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

GRACE, PROMISE_DAYS, COMPLAINT_DAYS = pd.Timedelta(days=3), timedelta(days=62), timedelta(days=90)
REACHED = ("right_party", "promise", "refused")
SETS = {
    "employee": ["employee_id"],
    "team": ["team_id"],
    "department": ["department_id"],
    "partner": ["partner_id"],
    "branch": ["branch_id"],
    "segment": ["segment"],
    "portfolio": [],
}
MINOR = Decimal("0.0001")

Frame = pd.DataFrame


def main() -> None:
    book = json.load(sys.stdin)
    begun = time.perf_counter()
    rows = list(measured(book))
    seconds = time.perf_counter() - begun
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    json.dump({"seconds": round(seconds, 2), "peak_mib": peak_mib, "rows": rows}, sys.stdout)


def measured(book: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Sums as (name with its part, grain, entity, currency, number)."""
    files, start, end = book["files"], pd.Timestamp(book["start"]), pd.Timestamp(book["end"])
    places = Places(files)
    yield from _accounts(places, end)
    yield from _opening(places, start)
    yield from _credits(files["payments"], places, start, end)
    yield from _contacts(files["contacts"], places, start, end)
    yield from _visits(files["visits"], places, start, end)
    yield from _promises(files, places, start, end)
    yield from _reviews(files["reviews"], places, start, end)
    yield from _attendance(files["attendance"], places, start, end)


def read(files: Sequence[str], columns: Sequence[str]) -> Frame:
    """Days as timestamps, money as whole ten-thousandths."""
    table = pa.concat_tables([pq.read_table(file, columns=list(columns)) for file in files])
    for place, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            scaled = pc.multiply(table[field.name], pa.scalar(Decimal(10_000), pa.decimal128(5, 0)))
            table = table.set_column(place, field.name, pc.cast(scaled, pa.int64(), safe=False))
        elif pa.types.is_date(field.type):
            table = table.set_column(place, field.name, pc.cast(table[field.name], pa.timestamp("us")))
    return table.to_pandas()


class Places:
    """Who an account and an employee belong to on a day."""

    def __init__(self, files: Mapping[str, Sequence[str]]) -> None:
        columns = ["account_id", "branch_id", "currency", "days_past_due", "balance", "overdue_amount", "status"]
        self.accounts = read(files["accounts"], columns)
        self.opening = read(files["accounts_opening"], columns)
        self.owners = _owners(files["dispatch_changes"])
        postings = read(files["staff_postings"], ["employee_id", "team_id", "department_id", "valid_from", "valid_to"])
        self.postings = postings.sort_values("valid_from", kind="stable")

    def owned(self, rows: Frame, day: str) -> Frame:
        """Each row beside the owner of its account on its day."""
        ordered = rows.sort_values(day, kind="stable")
        found = pd.merge_asof(
            ordered, self.owners, left_on=day, right_on="valid_from", by="account_id", suffixes=("", "_of_owner")
        )
        gone = ~(found[day] < found["valid_to"])
        found.loc[gone, ["owner_kind", "owner_id", "team_id", "department_id", "segment"]] = None
        for kind in ("employee", "partner"):
            if f"{kind}_id" not in rows:
                found[f"{kind}_id"] = found["owner_id"].where(found["owner_kind"] == kind)
        return found

    def posted(self, rows: Frame, day: str) -> Frame:
        """Each row beside the team of its employee on its day."""
        ordered = rows.sort_values(day, kind="stable")
        known = self.postings.rename(columns={"valid_from": "from", "valid_to": "to"})
        found = pd.merge_asof(ordered, known, left_on=day, right_on="from", by="employee_id")
        found.loc[found["to"].notna() & ~(found[day] < found["to"]), ["team_id", "department_id"]] = None
        return found

    def placed(self, rows: Frame, day: str) -> Frame:
        """Each event beside team, branch and segment."""
        found = self.posted(rows, day)
        owners = self.owners[["account_id", "valid_from", "valid_to", "segment"]]
        found = pd.merge_asof(found.sort_values(day, kind="stable"), owners, left_on=day, right_on="valid_from",
                              by="account_id")  # fmt: skip
        found.loc[~(found[day] < found["valid_to"]), "segment"] = None
        return found.merge(self.accounts[["account_id", "branch_id"]], on="account_id", how="left")


def _owners(files: Sequence[str]) -> Frame:
    columns = ["account_id", "valid_from", "owner_kind", "owner_id", "team_id", "department_id", "segment"]
    changes = read(files, [*columns, "release_sequence"])
    changes = changes.sort_values(["account_id", "valid_from", "release_sequence"], kind="stable")
    changes["valid_to"] = changes.groupby("account_id")["valid_from"].shift(-1).fillna(pd.Timestamp("9999-12-31"))
    kept = changes[(changes["owner_kind"] != "nobody") & (changes["valid_from"] < changes["valid_to"])]
    return kept.sort_values("valid_from", kind="stable").drop(columns="release_sequence")


def _accounts(places: Places, end: pd.Timestamp) -> Iterator[tuple[str, ...]]:
    rows = places.owned(places.accounts.assign(day=end), "day")
    rows["part"] = _bucket(rows["days_past_due"])
    rows["owned"] = 1
    yield from _summed(rows, ["owned"], ["owned"], ["balance"])


def _opening(places: Places, start: pd.Timestamp) -> Iterator[tuple[str, ...]]:
    now = places.accounts[["account_id", "days_past_due", "status"]]
    rows = places.opening.drop(columns="status").merge(now, on="account_id", how="left", suffixes=("", "_now"))
    rows = places.owned(rows.assign(day=start), "day")
    rows["part"], rows["now"] = _bucket(rows["days_past_due"]), _bucket(rows["days_past_due_now"])
    is_gone = rows["days_past_due_now"].isna() & rows["status"].isna()
    rows["was"] = 1
    rows["rolled"] = ((rows["now"] == rows["part"] + 1) & ~is_gone).astype("int64")
    rows["cured"] = (is_gone | (rows["now"] < rows["part"]) | (rows["status"] == "closed")).astype("int64")
    rows["rolled_balance"] = rows["balance"].where(rows["rolled"] == 1, 0)
    rows = rows.rename(columns={"balance": "was_balance", "overdue_amount": "was_overdue_amount"})
    money = ["was_balance", "rolled_balance"]
    yield from _summed(rows, [], ["was", "rolled", "cured"], money, ["was_overdue_amount"])


def _credits(files: Sequence[str], places: Places, start: pd.Timestamp, end: pd.Timestamp) -> Iterator[tuple[str, ...]]:
    """Payments of the period, for the owner on the day of the payment; a reversal counts as what it reverses."""
    rows = read(files, _OF_PAYMENTS)
    paid_on = rows.set_index("payment_id")["paid_on"]
    rows["counts_on"] = rows["reverses"].map(paid_on).fillna(rows["paid_on"])
    rows = places.owned(rows[rows["posted_on"].between(start, end)], "counts_on")
    rows = rows.merge(places.accounts[["account_id", "branch_id"]], on="account_id", how="left")
    rows["recovered"] = rows["amount"] - rows["waiver"]
    yield from _summed(rows, [], money=["recovered"])


_OF_PAYMENTS = ["payment_id", "reverses", "account_id", "currency", "paid_on", "posted_on", "amount", "waiver"]


def _contacts(
    files: Sequence[str], places: Places, start: pd.Timestamp, end: pd.Timestamp
) -> Iterator[tuple[str, ...]]:
    columns = ["account_id", "employee_id", "partner_id", "started_wall", "channel", "direction", "outcome"]
    rows = read(files, columns)
    rows["day"] = rows["started_wall"].dt.normalize().astype("datetime64[us]")
    rows = places.placed(rows[(rows["day"] >= start) & (rows["day"] <= end)].drop(columns="started_wall"), "day")
    called = (rows["channel"] == "call") & (rows["direction"] == "out")
    reached = rows["outcome"].isin(REACHED)
    flags = {
        "calls": called,
        "right_calls": called & reached,
        "answered_calls": called & ~rows["outcome"].isin(("no_answer", "busy")),
        "promised": rows["outcome"] == "promise",
        "reached": reached,
    }
    rows = rows.assign(**{name: flag.astype("int64") for name, flag in flags.items()}, contacts=1)
    yield from _summed(rows, [*flags, "contacts"])
    for grain, names in SETS.items():
        met = rows.loc[reached, [*names, "account_id"]]
        found = met.groupby(names)["account_id"].nunique() if names else {"portfolio": met["account_id"].nunique()}
        yield from (("contacted", grain, str(key), "", str(number)) for key, number in found.items())


def _visits(files: Sequence[str], places: Places, start: pd.Timestamp, end: pd.Timestamp) -> Iterator[tuple[str, ...]]:
    columns = ["visit_id", "account_id", "employee_id", "partner_id", "planned_on", "made_at", "recorded_at", "outcome"]
    rows = read(files, columns).drop_duplicates("visit_id", keep="last")
    rows = places.placed(rows[rows["planned_on"].between(start, end)], "planned_on")
    rows["visits"] = 1
    rows["visited"] = rows["made_at"].notna().astype("int64")
    rows["visits_in_time"] = (rows["made_at"].dt.normalize() <= rows["planned_on"]).astype("int64")
    rows["recorded_in_time"] = (rows["recorded_at"] <= rows["made_at"] + pd.Timedelta(hours=24)).astype("int64")
    rows["debtors_met"] = (rows["outcome"] == "met_debtor").astype("int64")
    yield from _summed(rows, ["visits", "visited", "visits_in_time", "recorded_in_time", "debtors_met"])


def _promises(
    files: Mapping[str, Sequence[str]], places: Places, start: pd.Timestamp, end: pd.Timestamp
) -> Iterator[tuple[str, ...]]:
    columns = ["promise_id", "account_id", "employee_id", "partner_id", "made_on", "due_on", "amount", "currency",
               "state"]  # fmt: skip
    due = read(files["promises"], columns).drop_duplicates("promise_id", keep="last")
    due = due[(due["made_on"] >= start - PROMISE_DAYS) & (due["due_on"] + GRACE).between(start, end)]
    payments = read(files["payments"], _OF_PAYMENTS)
    payments = payments[payments["posted_on"] <= end]
    paid_on = payments.set_index("payment_id")["paid_on"]
    payments["counts_on"] = payments["reverses"].map(paid_on).fillna(payments["paid_on"])
    payments["paid"] = payments["amount"] - payments["waiver"]
    both = due.merge(payments[["account_id", "currency", "counts_on", "paid"]], on=["account_id", "currency"])
    within = both["counts_on"].between(both["made_on"], both["due_on"] + GRACE)
    paid = both[within].groupby("promise_id")["paid"].sum()
    rows = places.placed(due, "made_on")
    counts = rows["state"] != "cancelled"
    got = rows["promise_id"].map(paid).fillna(0).astype("int64")
    rows["due"] = counts.astype("int64")
    rows["kept"] = (counts & (10 * got >= 9 * rows["amount"])).astype("int64")
    yield from _summed(rows.drop(columns="currency"), ["due", "kept"])


def _reviews(files: Sequence[str], places: Places, start: pd.Timestamp, end: pd.Timestamp) -> Iterator[tuple[str, ...]]:
    rows = read(files, ["employee_id", "reviewed_on", "critical_fail"])
    rows = places.posted(rows[rows["reviewed_on"].between(start, end)], "reviewed_on")
    rows = rows.assign(reviews=1, critical_fails=rows["critical_fail"].astype("int64"))
    yield from _summed(rows, ["reviews", "critical_fails"])


def _attendance(
    files: Sequence[str], places: Places, start: pd.Timestamp, end: pd.Timestamp
) -> Iterator[tuple[str, ...]]:
    rows = read(files, ["employee_id", "day", "minutes_worked"])
    rows = places.posted(rows[rows["day"].between(start, end)], "day").rename(columns={"minutes_worked": "minutes"})
    yield from _summed(rows, ["minutes"])


def _summed(
    rows: Frame,
    counts: Sequence[str],
    counts_by_part: Sequence[str] = (),
    money_by_part: Sequence[str] = (),
    money: Sequence[str] = (),
) -> Iterator[tuple[str, ...]]:
    """Every sum of every entity of every grain: counts, and money by its currency, both also by part."""
    for grain, names in SETS.items():
        if all(name in rows for name in names):
            yield from _of_grain(grain, rows, names, list(counts), [])
            yield from _of_grain(grain, rows, names, list(counts_by_part), ["part"])
            yield from _of_grain(grain, rows, names, list(money_by_part), ["currency", "part"])
            yield from _of_grain(grain, rows, names, list(money), ["currency"])


def _of_grain(
    grain: str, rows: Frame, names: list[str], columns: list[str], by: list[str]
) -> Iterator[tuple[str, ...]]:
    if not columns:
        return
    if not names and not by:
        yield from ((name, grain, "portfolio", "", str(rows[name].sum())) for name in columns)
        return
    for found in rows.groupby([*names, *by])[columns].sum().reset_index().to_dict("records"):
        entity = str(found[names[0]]) if names else "portfolio"
        part = f"_{found['part']}" if "part" in by else ""
        for name in columns:
            number = f"{found[name] * MINOR:f}" if "currency" in by else str(found[name])
            yield f"{name}{part}", grain, entity, str(found.get("currency", "")), number


def _bucket(days: pd.Series) -> pd.Series:
    """0 is current, 1 is 1 to 30 days past due … 7 is 181 and more."""
    return ((days.fillna(0).clip(lower=0) + 29) // 30).clip(upper=7).astype("int64")


if __name__ == "__main__":
    main()
