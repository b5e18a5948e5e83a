"""Unmistakable people and secrets: put into a book and the environment, and looked for in everything that comes out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

# No word of the house, of its packages or of a demo book has any of these in it.
PERSONAL: Mapping[str, str] = {
    "a debtor's name": "plantagonist",
    "an employee's name": "quillonworth",
    "an identity number": "777012345",
    "a telephone number": "912377",
    "a mail address": "zqplant",
    "a postal address": "zwiebelgasse",
}
SECRETS: Mapping[str, str] = {
    "the password of the database": "dbPlantPw7",
    "Prefect's auth string": "authPlantPw7",
    "the address of a webhook": "hookPlantToken7",
}
ENVIRONMENT: Mapping[str, str] = {
    "PREFECT_SERVER_API_AUTH_STRING": "admin:authPlantPw7",
    "PREFECT_API_AUTH_STRING": "admin:authPlantPw7",
    "RECOUP_NOTIFY_URL": "http://127.0.0.1:9/services/T0/hookPlantToken7",  # nobody listens there: each notice fails
}
_NUMBERED = "lpad(CAST(hash({key}) % 10000 AS VARCHAR), 4, '0')"
_PLANTED: Mapping[str, Mapping[str, str]] = {
    "parties": {
        "full_name": "'Zéphyrine Plantagonist ' || {n}",
        "national_id": "'777012345' || right({n}, 3)",
    },
    "employees": {"full_name": "'Quillonworth ' || {n}"},
    "contact_points": {
        "value": "CASE kind WHEN 'phone' THEN '0912377' || right({n}, 3) WHEN 'email' THEN 'zqplant' || {n} || "
        "'@zqplant-post.vn' ELSE {n} || ' Zwiebelgasse' END"
    },
}
_KEYS = {"parties": "party_id", "employees": "employee_id", "contact_points": "contact_point_id"}

# A spreadsheet's or a page's way of writing a number, so that "0912 377-001" is found as well.
_FILLING = re.compile(r"[\s.()\-\u2010-\u2015\u00a0]")


@dataclass(frozen=True, slots=True, order=True)
class Leak:
    """What stands where it must not: the place, what it is, and the words around it."""

    place: str
    what: str
    around: str


def plant_people(landing: Path) -> None:
    """Every name, number and address of the extracts is one of ours from now on."""
    for table, columns in _PLANTED.items():
        for path in landing.glob(f"*/{table}.parquet"):
            number = _NUMBERED.format(key=_KEYS[table])
            replaced = ", ".join(f"{how.format(n=number)} AS {column}" for column, how in columns.items())
            duckdb.execute(f"CREATE OR REPLACE TEMP TABLE t AS SELECT * REPLACE ({replaced}) FROM '{path}'")
            duckdb.execute(f"COPY t TO '{path}' (FORMAT parquet)")


def plant_claims(landing: Path, day: date) -> None:
    """A partner claims money that nobody booked: what is written to it and about it is looked at too."""
    folder = landing / day.isoformat()
    claims = f"""
        SELECT 'Q-' || account_id AS claim_id, partner_id, account_id, DATE '{day}' AS claimed_on,
            DATE_TRUNC('month', DATE '{day}')::DATE AS month, DATE '{day}' - 5 AS paid_on,
            CAST(1234567 AS DECIMAL(18, 4)) AS amount, currency, CAST(NULL AS VARCHAR) AS payment_id
        FROM '{folder}/placements.parquet' WHERE partner_id = 'R01' ORDER BY account_id LIMIT 3"""
    duckdb.execute(f"COPY ({claims}) TO '{folder}/partner_claims.parquet' (FORMAT parquet)")


def plant_broken_extracts(landing: Path, good: Path, day: date) -> None:
    """Extracts with people in columns that are meant for other things, in all the ways that files go wrong."""
    folder = landing / day.isoformat()
    folder.mkdir()
    for table in ("employees", "employment", "staff_postings", "calendar", "capacity", "skills", "parties"):
        (folder / f"{table}.parquet").write_bytes((good / f"{table}.parquet").read_bytes())
    _one_wrong_code(folder / "parties.parquet")
    _shifted_columns(folder / "payments.csv", good / "payments.parquet")
    _names_for_codes(folder / "contacts.parquet", good / "contacts.parquet")
    _names_for_numbers(folder / "accounts.parquet", good / "accounts.parquet")
    (folder / "promises.csv").write_text(
        "promise_id,account_id,employee_id,partner_id,made_on,due_on,amount,currency,state\n"
        'P1,A1,E1,,2026-10-01,2026-10-09,1,VND,"Zéphyrine Plantagonist 0007\n'
        "Zéphyrine Plantagonist,0912377001,777012345001\n"
    )
    (folder / "complaints.csv").write_text("Zéphyrine Plantagonist;0912377001;777012345001\n1;2;3\n")
    (folder / "visits.csv").write_text("visit_id,Zéphyrine Plantagonist,zéphyrine plantagonist\n1,2,3\n")
    (folder / "unknown.csv").write_text("0912377001\n")


def _one_wrong_code(path: Path) -> None:
    """A row that is set aside, with who it is about."""
    duckdb.execute(f"CREATE OR REPLACE TEMP TABLE t AS SELECT * FROM '{path}'")
    duckdb.execute("UPDATE t SET role = 'neighbour' WHERE party_id = (SELECT min(party_id) FROM t)")
    duckdb.execute(f"COPY t TO '{path}' (FORMAT parquet)")


def _shifted_columns(path: Path, good: Path) -> None:
    """A name where an amount is due, a telephone number for a currency, an identity number for a date."""
    duckdb.execute(f"CREATE OR REPLACE TEMP TABLE t AS SELECT * FROM '{good}' LIMIT 20")
    duckdb.execute(
        f"COPY (SELECT * REPLACE ('Zéphyrine Plantagonist' AS amount, '0912377001' AS currency, "
        f"'777012345001' AS paid_on, 'zqplant1@zqplant-post.vn' AS channel) FROM t) TO '{path}' (HEADER)"
    )


def _names_for_codes(path: Path, good: Path) -> None:
    duckdb.execute(
        f"COPY (SELECT * REPLACE ('Zéphyrine Plantagonist' AS outcome, '12 Zwiebelgasse' AS direction, "
        f"'0912377001' AS channel) FROM '{good}') TO '{path}' (FORMAT parquet)"
    )


def _names_for_numbers(path: Path, good: Path) -> None:
    """Text in columns of numbers and dates, as another program writes them."""
    duckdb.execute(
        f"COPY (SELECT * REPLACE ('Zéphyrine Plantagonist' AS days_past_due, '777012345001' AS status, "
        f"'+84912377001' AS opened_on) FROM '{good}') TO '{path}' (FORMAT parquet)"
    )


def leaks_in(place: str, text: str, marks: Mapping[str, str]) -> Iterable[Leak]:
    """What of the plants stands in the text, however it is spaced."""
    found = text.casefold()
    joined = _FILLING.sub("", found)
    for what, mark in marks.items():
        at = found.find(mark.casefold())
        if at >= 0:
            yield Leak(place, what, " ".join(text[max(at - 60, 0) : at + 60].split()))
        elif mark.casefold() in joined:
            at = joined.find(mark.casefold())
            yield Leak(place, what, joined[max(at - 60, 0) : at + 60])
