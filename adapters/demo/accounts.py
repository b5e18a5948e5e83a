"""The accounts as they come into the book, and the people behind them."""

from __future__ import annotations

import duckdb

from adapters.demo.draws import Draws
from adapters.demo.names import person_name_sql
from adapters.demo.plan import DemoPlan
from domain.periods import Period

TAIL_BUCKET = 11  # from here on instalments are no longer counted: the account goes towards its write-off
CHARGE_OFF_DAYS = 360
ENTERING_PERMILLE_A_MONTH = 100

# How many unpaid instalments accounts have at the opening, in thousandths; the rest has 12 to 30.
_OPENING_BUCKETS = (
    (0, 60),
    (1, 270),
    (2, 130),
    (3, 90),
    (4, 60),
    (5, 50),
    (6, 40),
    (7, 30),
    (8, 30),
    (9, 30),
    (10, 30),
)
_FIRST_BUCKET_OF_REST, _BUCKETS_OF_REST = 12, 19

_PRODUCTS = (("card", 420), ("cash_loan", 270), ("instalment", 150), ("two_wheeler", 110), ("overdraft", 50))
_HOLDS = (("deceased", 5), ("dispute", 10), ("vulnerable", 10), ("fraud", 4))
REGIONS = {
    "VN": (
        "Hanoi",
        "Hai Phong",
        "Nghe An",
        "Da Nang",
        "Khanh Hoa",
        "Dak Lak",
        "Dong Nai",
        "Ho Chi Minh City",
        "Can Tho",
    ),
    "CN": ("Guangxi", "Guangdong", "Yunnan", "Shanghai"),
}


def make_accounts(connection: duckdb.DuckDBPyConnection, plan: DemoPlan, draws: Draws) -> None:
    """Makes the table account: one row per account, with what it owes when it enters. Money is in minor units."""
    connection.execute(f"CREATE TABLE account AS {_accounts(plan, draws)}")


def parties(draws: Draws) -> str:
    """Each debtor, a guarantor for 15 in 100 and a reference for 20 in 100. The key is `debtor_no` and `role_no`."""
    return f"""
    SELECT party_id, debtor_id, role, role_no < 2 AS duty_to_repay,
        CASE jurisdiction WHEN 'CN' THEN {person_name_sql("CN", "party_key", draws)}
            ELSE {person_name_sql("VN", "party_key", draws)} END AS full_name,
        CASE WHEN role_no < 2 THEN '000' || lpad(CAST(party_key AS VARCHAR), 9, '0') END AS national_id
    FROM (
        SELECT {party_id("debtor_no", "role_no")} AS party_id, {debtor_id("debtor_no")} AS debtor_id,
            role_no, jurisdiction, ['debtor', 'guarantor', 'reference'][role_no + 1] AS role,
            debtor_no * 4 + role_no AS party_key
        FROM account CROSS JOIN (VALUES (0), (1), (2)) AS roles (role_no)
        WHERE n = debtor_no AND {has_party("debtor_no", "role_no", draws)}
    )"""


def contact_points(plan: DemoPlan, draws: Draws) -> str:
    """A telephone for each party; a second one, a postal and a mail address for some debtors.

    One second telephone in six repeats the first (a duplicate), and three telephones in a hundred reach somebody else.
    """
    second = draws.sql("second phone", "debtor_no", 100)
    verified = draws.sql("verified", "point_key", 400)
    return f"""
    SELECT {contact_point_id("debtor_no", "role_no", "seq")} AS contact_point_id,
        {party_id("debtor_no", "role_no")} AS party_id,
        ['phone', 'phone', 'address', 'email'][seq] AS kind,
        CASE seq WHEN 3 THEN 'House ' || (1 + party_key % 400) || ', Demo Street, ' || region
            WHEN 4 THEN 'demo' || party_key || '@example.invalid'
            ELSE CASE jurisdiction WHEN 'CN' THEN '+86000' ELSE '+84000' END || lpad(CAST(
                CASE WHEN seq = 2 AND {second} < 5 THEN party_key ELSE party_key + (seq - 1) * 500000000 END
                AS VARCHAR), 9, '0') END AS "value",
        CASE WHEN state_draw < 70 THEN DATE '{plan.start}' - CAST(1 + {verified} AS INTEGER) END AS verified_on,
        CASE WHEN state_draw < 82 THEN 'active' WHEN state_draw < 94 THEN 'unverified'
            WHEN state_draw < 97 THEN 'wrong_party' ELSE 'retired' END AS state
    FROM (
        SELECT *, {draws.sql("point state", "point_key", 100)} AS state_draw
        FROM (
            SELECT debtor_no, role_no, seq, region, jurisdiction,
                debtor_no * 4 + role_no AS party_key, debtor_no * 16 + role_no * 4 + seq - 1 AS point_key
            FROM account CROSS JOIN (VALUES (0), (1), (2)) AS roles (role_no) CROSS JOIN (VALUES (1), (2), (3), (4)) AS
                points (seq)
            WHERE n = debtor_no AND {has_party("debtor_no", "role_no", draws)}
                AND (seq = 1 OR (role_no = 0 AND CASE seq WHEN 2 THEN {second} < 30 WHEN 3 THEN true
                    ELSE {draws.sql("has mail", "debtor_no", 100)} < 45 END))
        )
    )"""


def account_id(n: str) -> str:
    return f"'A' || lpad(CAST({n} AS VARCHAR), 9, '0')"


def debtor_id(n: str) -> str:
    return f"'D' || lpad(CAST({n} AS VARCHAR), 9, '0')"


def party_id(debtor_no: str, role_no: str) -> str:
    return f"'P' || lpad(CAST({debtor_no} AS VARCHAR), 9, '0') || '-' || {role_no}"


def contact_point_id(debtor_no: str, role_no: str, seq: str) -> str:
    return f"'K' || lpad(CAST({debtor_no} AS VARCHAR), 9, '0') || '-' || {role_no} || '-' || {seq}"


def has_party(debtor_no: str, role_no: str, draws: Draws) -> str:
    return f"""CASE {role_no} WHEN 0 THEN true WHEN 1 THEN {draws.sql("guarantor", debtor_no, 100)} < 15
        ELSE {draws.sql("reference", debtor_no, 100)} < 20 END"""


def money(minor: str) -> str:
    """Minor units as DECIMAL(18,4) in major units; the row knows its `jurisdiction`, and so its currency."""
    return f"""CASE jurisdiction WHEN 'CN'
        THEN CAST(CAST({minor} AS DECIMAL(16,0)) * CAST('0.01' AS DECIMAL(2,2)) AS DECIMAL(18,4))
        ELSE CAST({minor} AS DECIMAL(18,4)) END"""


CURRENCY = "CASE jurisdiction WHEN 'CN' THEN 'CNY' ELSE 'VND' END"


def month_index(month: Period) -> int:
    return month.year * 12 + month.month - 1


def _accounts(plan: DemoPlan, draws: Draws) -> str:
    """Each block of five accounts holds up to one debtor with two or three of them.

    What is owed leaves room for every instalment that can fall due within the book, so that balances stay above zero
    until an account is paid off.
    """
    first, months = plan.months[0], len(plan.months)
    opened = f"DATE '{first.start}' - CAST(31 * u0 + 60 + {draws.sql('opened', 'n', 1500)} AS INTEGER)"
    case_on = f"DATE '{first.start}' - CAST(1 + {draws.sql('old case', 'n', 25)} AS INTEGER)"
    decided_on = f"DATE '{first.start}' + CAST(3 + {draws.sql('old case ends', 'n', 38)} AS INTEGER)"
    return f"""
    WITH debtor AS (
        SELECT n, CASE WHEN n % 5 = 1 AND {draws.sql("second account", "n", 100)} < 55 THEN n - 1
            WHEN n % 5 = 2 AND {draws.sql("second account", "n - 1", 100)} < 20 THEN n - 2 ELSE n END AS debtor_no
        FROM (SELECT CAST(range AS BIGINT) AS n FROM range({plan.accounts}))
    ), person AS (
        SELECT *, {_entry_month(plan, draws)} AS entry_month,
            CASE WHEN {draws.sql("jurisdiction", "debtor_no", 1000)} < 150 THEN 'CN' ELSE 'VN' END AS jurisdiction
        FROM debtor
    ), placed AS (
        SELECT *, CASE jurisdiction WHEN 'CN' THEN {_pick(REGIONS["CN"], draws.sql("region", "debtor_no", "{}"))}
            ELSE {_pick(REGIONS["VN"], draws.sql("region", "debtor_no", "{}"))} END AS region,
            CASE WHEN entry_month >= 0 THEN 0 ELSE {_opening_bucket(draws)} END AS u0,
            5 + {draws.sql("due day", "n", 21)} AS due_day,
            CASE jurisdiction
                WHEN 'CN' THEN 20000 + {draws.sql("instalment", "n", 130_000)} + {draws.sql("larger", "n", 130_000)}
                ELSE 1000 * (300 + {draws.sql("instalment", "n", 1_700)} + {draws.sql("larger", "n", 1_700)})
                END AS instalment,
            CASE jurisdiction WHEN 'CN' THEN 2000 ELSE 50000 END AS fee_amount,
            CASE jurisdiction WHEN 'CN' THEN 4 ELSE 5 END AS interest_basis_points_a_day
        FROM person
    ), owing AS (
        SELECT *, instalment * CASE WHEN u0 >= {TAIL_BUCKET} THEN {13 + months} + {draws.sql("rest", "n", 20)}
            ELSE u0 + {months + 2} + {draws.sql("rest", "n", 24)} END AS principal0
        FROM placed
    )
    SELECT n, debtor_no, jurisdiction, entry_month, region, u0, due_day, instalment, fee_amount,
        interest_basis_points_a_day, {_weighted(_PRODUCTS, draws.sql("product", "n", 1000))} AS product,
        CASE WHEN u0 >= 7 AND {draws.sql("legal hold", "n", 1000)} < 20 THEN 'legal'
            ELSE {_weighted((*_HOLDS, ("none", 1000)), draws.sql("hold", "debtor_no", 1000))} END AS hold,
        {draws.sql("consent", "debtor_no", 100)} < 82 AS consent,
        {opened} AS opened_on,
        {month_index(first)} + greatest(entry_month, 0) - u0 AS k0,
        CASE WHEN {draws.sql("part paid", "n", 100)} < 15 AND u0 > 0 THEN instalment // 2 ELSE 0 END AS credit0,
        principal0,
        principal0 * interest_basis_points_a_day * 30 * least(u0, 12) // 10000 AS interest0,
        fee_amount * least(u0, 12) AS fee0,
        CASE WHEN in_case THEN {case_on} END AS case_on,
        CASE WHEN in_case THEN {decided_on} END AS decided_on,
        CASE WHEN in_case THEN {decision(draws.sql("decision", "n", 100))} END AS decision
    FROM (SELECT *, u0 BETWEEN 2 AND 5 AND {draws.sql("in case", "n", 1000)} < 60 AS in_case FROM owing)"""


def decision(draw: str) -> str:
    return f"CASE WHEN {draw} < 25 THEN 'settled' WHEN {draw} < 50 THEN 'restructured' ELSE 'rejected' END"


def _entry_month(plan: DemoPlan, draws: Draws) -> str:
    """-1 for the opening book, otherwise the month within the book; at most half of the accounts come in later."""
    months = len(plan.months)
    permille = min(ENTERING_PERMILLE_A_MONTH, 500 // months)
    draw = draws.sql("entry", "n", 1000)
    return f"CASE WHEN {draw} < {permille * months} THEN {draw} // {permille} ELSE -1 END"


def _opening_bucket(draws: Draws) -> str:
    rest = f"{_FIRST_BUCKET_OF_REST} + {draws.sql('old bucket', 'n', _BUCKETS_OF_REST)}"
    return _weighted(_OPENING_BUCKETS, draws.sql("bucket", "n", 1000), otherwise=rest)


def _weighted(weights: tuple[tuple[object, int], ...], draw: str, otherwise: str = "") -> str:
    """A CASE that picks each value in proportion to its weight; what is left over falls to `otherwise`."""
    arms, reached = [], 0
    for value, weight in weights:
        reached += weight
        arms.append(f"WHEN {draw} < {reached} THEN {value!r}")
    return f"CASE {' '.join(arms)}{f' ELSE {otherwise}' if otherwise else ''} END"


def _pick(values: tuple[str, ...], draw: str) -> str:
    return f"{list(values)}[1 + {draw.format(len(values))}]"
