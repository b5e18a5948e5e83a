"""The months of every account: how it moves between buckets, and the payments that make it move so.

A month is planned in one statement. What the account owed at the month's opening and up to two bookings inside it (and
a booking of last month that is taken back) are all that is needed to say how it stands on any day: see `standing.py`.

Buckets count unpaid instalments. An instalment falls due each month on the account's due day; days past due are counted
from the oldest unpaid due date, so that an account without payment moves up one bucket a month.
"""

from __future__ import annotations

import duckdb

from adapters.demo.accounts import CHARGE_OFF_DAYS, TAIL_BUCKET, decision, month_index
from adapters.demo.draws import Draws
from adapters.demo.plan import DemoPlan
from adapters.demo.roll_rates import PARTS, ROLL_RATES
from adapters.demo.standing import standing
from domain.periods import Period

_STATIC = """n, debtor_no, jurisdiction, entry_month, region, due_day, instalment, fee_amount,
    interest_basis_points_a_day, product, hold, consent, opened_on"""
_OPENING = "k0, credit0, principal0, interest0, fee0, case_on, decided_on, decision"


def make_roll_rates(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the table roll_rate: the upper ends of the draws that cure, improve and stay, by bucket."""
    rows = ", ".join(
        f"({each.bucket}, {each.cure}, {each.cure + each.improve}, {each.cure + each.improve + each.stay})"
        for each in ROLL_RATES
    )
    connection.execute(f"CREATE TABLE roll_rate AS FROM (VALUES {rows}) AS rates (bucket, cure, improve, stay)")


def open_month(connection: duckdb.DuckDBPyConnection, plan: DemoPlan, index: int) -> None:
    """Makes the table opening: every account as it stands when the month opens, and what is pending."""
    connection.execute(f"CREATE OR REPLACE TABLE opening AS {_opening(plan, index)}")


def plan_month(connection: duckdb.DuckDBPyConnection, plan: DemoPlan, index: int, draws: Draws) -> None:
    """Makes the table month_<index> from the opening and the running placements."""
    connection.execute(f"CREATE TABLE month_{index} AS {_month(plan, index, draws)}")


def _opening(plan: DemoPlan, index: int) -> str:
    entering = f"""
        SELECT {_STATIC}, {_OPENING}, CAST(NULL AS DATE) AS closed_on, CAST(NULL AS DATE) AS restructured_on,
            CAST(NULL AS DATE) AS c_on, CAST(0 AS BIGINT) AS c_amount, CAST(0 AS BIGINT) AS c_principal,
            CAST(0 AS BIGINT) AS c_interest, CAST(0 AS BIGINT) AS c_fee, CAST(0 AS BIGINT) AS c_n
        FROM account WHERE entry_month = {index} {"OR entry_month = -1" if index == 0 else ""}"""
    return entering if index == 0 else f"{_closing(plan, index - 1)} UNION ALL BY NAME {entering}"


def _closing(plan: DemoPlan, index: int) -> str:
    month = plan.months[index]
    end = f"DATE '{month.last_day}'"
    pending = f"reversed_on > {end}"
    case_runs = f"decided_on > {end}"
    return f"""
        SELECT {_STATIC}, k AS k0, credit AS credit0, principal AS principal0, interest AS interest0, fee AS fee0,
            CASE WHEN {case_runs} THEN case_on END AS case_on, CASE WHEN {case_runs} THEN decided_on END AS decided_on,
            CASE WHEN {case_runs} THEN decision END AS decision, closed_on, restructured_on,
            CASE WHEN {pending} THEN reversed_on END AS c_on, CASE WHEN {pending} THEN p1_amount ELSE 0 END AS c_amount,
            CASE WHEN {pending} THEN p1_principal ELSE 0 END AS c_principal,
            CASE WHEN {pending} THEN p1_interest ELSE 0 END AS c_interest,
            CASE WHEN {pending} THEN p1_fee ELSE 0 END AS c_fee, CASE WHEN {pending} THEN p1_n ELSE 0 END AS c_n
        FROM ({standing(f"month_{index}", end, month, index)})"""


def _month(plan: DemoPlan, index: int, draws: Draws) -> str:
    return f"""
    WITH placed AS (
        SELECT o.*, p.partner_no, p.placed_on, p.recalled_on
        FROM opening AS o LEFT JOIN ({_running(plan.months[index])}) AS p USING (n)
    ),
    bucketed AS ({_bucketed(plan.months[index], index)}),
    cased AS ({_cased(plan.months[index], index, draws)}),
    moved AS ({_moved(plan, index, draws)}),
    shaped AS ({_shaped(plan, index, draws)}),
    slotted AS ({_slotted(plan.months[index], index, draws)}),
    dated AS ({_dated(plan.months[index])}),
    first_priced AS ({_first_priced(index, draws)}),
    first_split AS ({_first_split()}),
    second_priced AS ({_second_priced()})
    {_kept()}"""


def _running(month: Period) -> str:
    return f"""SELECT n, partner_no, placed_on, recalled_on FROM placement
        WHERE placed_on < DATE '{month.end}' AND recalled_on > DATE '{month.start}'"""


def _bucketed(month: Period, index: int) -> str:
    """`u` is the bucket at the opening. In the tail it no longer moves, and the write-off date is known."""
    return f"""
        SELECT *, make_date({month.year}, {month.month}, due_day) AS due_on,
            {month_index(month)} - k0 AS u, {month_index(month)} - k0 >= {TAIL_BUCKET} AS in_tail,
            closed_on IS NOT NULL OR entry_month = {index} AS inert,
            CASE WHEN {month_index(month)} - k0 >= {TAIL_BUCKET}
                THEN make_date(k0 // 12, k0 % 12 + 1, due_day) + {CHARGE_OFF_DAYS} END AS charged_off_on
        FROM placed"""


def _cased(month: Period, index: int, draws: Draws) -> str:
    """A restructuring case opens for 15 in 1,000 of the accounts with two to five unpaid instalments."""
    opens = f"""case_on IS NULL AND NOT inert AND c_on IS NULL AND restructured_on IS NULL AND u BETWEEN 2 AND 5
        AND {draws.sql(f"case {index}", "n", 1000)} < 15"""
    case_on = f"DATE '{month.start}' + CAST({draws.sql(f'case on {index}', 'n', 25)} AS INTEGER)"
    lasts = f"CAST(7 + {draws.sql(f'case lasts {index}', 'n', 30)} AS INTEGER)"
    return f"""
        SELECT * REPLACE (CASE WHEN opens THEN {case_on} ELSE case_on END AS case_on,
            CASE WHEN opens THEN {case_on} + {lasts} ELSE decided_on END AS decided_on,
            CASE WHEN opens THEN {decision(draws.sql(f"decision {index}", "n", 100))} ELSE decision END AS decision)
        FROM (SELECT *, {opens} AS opens FROM bucketed)"""


def _moved(plan: DemoPlan, index: int, draws: Draws) -> str:
    """`n_paid`, the number of instalments paid in the month, makes the bucket move by the roll rates:
    u unpaid at the opening, one more falling due, `n_paid` fewer."""
    month = plan.months[index]
    settled = f"NOT inert AND decided_on <= DATE '{month.last_day}' AND decision <> 'rejected' AND c_on IS NULL"
    day_count = (month.end - month.start).days
    return f"""
        SELECT *, CASE WHEN inert OR in_tail OR decides OR c_on IS NOT NULL THEN 0
                WHEN roll < cure THEN u + 1
                WHEN roll < improve THEN u - {draws.sql(f"improve {index}", "n", "greatest(u - 1, 1)")}
                WHEN roll < stay THEN 1 ELSE 0 END AS n_paid,
            DATE '{month.start}' + CAST({draws.sql(f"pays on {index}", "n", day_count - 1)} AS INTEGER) AS pays_on
        FROM (
            SELECT c.*, r.cure, r.improve, r.stay, {draws.sql(f"roll {index}", "c.n", PARTS)} AS roll,
                coalesce({settled}, false) AS decides
            FROM cased AS c JOIN roll_rate AS r ON r.bucket = least(c.u, {len(ROLL_RATES) - 1})
        )"""


def _shaped(plan: DemoPlan, index: int, draws: Draws) -> str:
    """What the first booking is, if there is one: pays off the account, one of two parts, a little before the rest, all
    of the month's instalments, a payment that bounces, or a little and no more."""
    pays_off = draws.sql(f"pays off {index}", "n", 100)
    shape = draws.sql(f"shape {index}", "n", 100)
    return f"""
        SELECT *, CASE
            WHEN inert OR decides OR c_on IS NOT NULL THEN 'none'
            WHEN n_paid = u + 1 AND u >= 1 AND case_on IS NULL AND {pays_off} < 6 THEN 'pays off'
            WHEN n_paid >= 2 AND {shape} < 35 THEN 'part'
            WHEN n_paid >= 1 AND {shape} >= 80 THEN 'little, then the rest'
            WHEN n_paid >= 1 THEN 'full'
            WHEN u >= 1 AND case_on IS NULL AND pays_on >= DATE '{plan.start}'
                AND {draws.sql(f"bounces {index}", "n", 10_000)} < CASE WHEN u >= 7 THEN 100 ELSE 110 END THEN 'bounces'
            WHEN u >= 1 AND {shape} < CASE WHEN in_tail THEN 6 ELSE 10 END THEN 'little'
            ELSE 'none' END AS shape
        FROM moved"""


def _slotted(month: Period, index: int, draws: Draws) -> str:
    """How many instalments each booking pays, and when each is posted."""
    part = f"1 + {draws.sql(f'part {index}', 'n', 'greatest(n_paid - 1, 1)')}"
    days_left = f"date_diff('day', pays_on, DATE '{month.last_day}')"
    later = f"CAST(1 + {draws.sql(f'second {index}', 'n', days_left)} AS INTEGER)"
    back = f"CAST(2 + {draws.sql(f'back {index}', 'n', 9)} AS INTEGER)"
    return f"""
        SELECT *, p1_n_first AS p1_n,
            CASE WHEN shape = 'part' THEN n_paid - p1_n_first WHEN shape = 'little, then the rest' THEN n_paid
                WHEN decides AND decision = 'restructured'
                THEN {month_index(month)} + CASE WHEN day(decided_on) >= due_day THEN 1 ELSE 0 END - k0
                ELSE 0 END AS p2_n,
            CASE WHEN shape <> 'none' THEN pays_on END AS p1_on,
            CASE WHEN shape IN ('part', 'little, then the rest') THEN pays_on + {later}
                WHEN decides THEN decided_on END AS p2_on,
            CASE WHEN shape = 'bounces' THEN pays_on + {back} END AS reversed_on
        FROM (
            SELECT *, CASE shape WHEN 'part' THEN {part} WHEN 'full' THEN n_paid
                WHEN 'bounces' THEN CASE WHEN in_tail THEN 0 ELSE 1 END ELSE 0 END AS p1_n_first
            FROM shaped
        )"""


def _dated(month: Period) -> str:
    """Closing, the daily interest, and the fee for an instalment that is unpaid on the day after its due date."""
    fee_on = "due_on + 1"
    unpaid = f"""k0 + CASE WHEN p1_on <= {fee_on} AND coalesce(reversed_on > {fee_on}, true) THEN p1_n ELSE 0 END
        + CASE WHEN p2_on <= {fee_on} THEN p2_n ELSE 0 END - CASE WHEN c_on <= {fee_on} THEN c_n ELSE 0 END
        <= {month_index(month)}"""
    return f"""
        SELECT * REPLACE (closes_on AS closed_on), closed_on AS closed_before_on,
            CASE WHEN closed_on IS NOT NULL OR charged_off_on <= DATE '{month.start}' THEN 0
                ELSE principal0 * interest_basis_points_a_day // 10000 END AS accrual,
            CASE WHEN {unpaid} AND coalesce(closes_on > {fee_on}, true) AND coalesce(charged_off_on > {fee_on}, true)
                THEN fee_amount ELSE 0 END AS late_fee,
            DATE '{month.start}' AS month_start
        FROM (
            SELECT *, CASE WHEN closed_on IS NOT NULL THEN closed_on WHEN shape = 'pays off' THEN p1_on
                WHEN decides AND decision = 'settled' THEN p2_on END AS closes_on
            FROM slotted
        )"""


def _first_priced(index: int, draws: Draws) -> str:
    little = f"""CASE WHEN in_tail THEN principal0 * (1 + {draws.sql(f"recovers {index}", "n", 6)}) // 100
        ELSE (instalment - credit0) * (10 + {draws.sql(f"little {index}", "n", 70)}) // 100 END"""
    return f"""
        SELECT *, CASE WHEN p1_on IS NULL THEN 0
            WHEN shape = 'pays off' THEN principal0 + interest_at_first + fee_at_first
            WHEN shape IN ('part', 'full') THEN p1_n * instalment - credit0
            WHEN shape = 'bounces' THEN instalment ELSE {little} END AS p1_amount
        FROM (
            SELECT *, fee0 + CASE WHEN due_on + 1 <= p1_on THEN late_fee ELSE 0 END AS fee_at_first,
                interest0 + accrual * {_days("p1_on")} AS interest_at_first
            FROM dated
        )"""


def _first_split() -> str:
    """Fees are paid before interest, and interest before principal."""
    return """
        SELECT *, p1_amount - p1_fee - p1_interest AS p1_principal,
            CASE WHEN shape = 'pays off' THEN 0 ELSE p1_amount - p1_n * instalment END AS p1_credit
        FROM (
            SELECT *, least(p1_amount - p1_fee, interest_at_first) AS p1_interest
            FROM (SELECT *, least(p1_amount, fee_at_first) AS p1_fee FROM first_priced)
        )"""


def _second_priced() -> str:
    """A settlement closes the account: six tenths of the principal are paid, and everything else is waived."""
    return f"""
        SELECT *, CASE WHEN p2_on IS NULL OR (decides AND decision = 'restructured') THEN 0
                WHEN decides THEN principal0 + interest_at_second + fee_at_second
                ELSE p2_n * instalment - credit0 - p1_credit END AS p2_amount
        FROM (
            SELECT *, fee0 - CASE WHEN p2_on IS NULL THEN 0 ELSE p1_fee END
                    + CASE WHEN due_on + 1 <= p2_on THEN late_fee ELSE 0 END AS fee_at_second,
                interest0 - CASE WHEN p2_on IS NULL THEN 0 ELSE p1_interest END + accrual * {_days("p2_on")}
                    AS interest_at_second
            FROM first_split
        )"""


def _kept() -> str:
    """The columns that the standing on a day, the payments and the contacts are computed from."""
    return f"""
    SELECT {_STATIC}, k0, u, credit0, principal0, interest0, fee0, accrual, late_fee, due_on, month_start,
        closed_on, charged_off_on, partner_no, placed_on, recalled_on,
        CASE WHEN restructured_on IS NULL AND decides AND decision = 'restructured' THEN p2_on ELSE restructured_on END
            AS restructured_on,
        case_on, decided_on, decision, shape, decides,
        p1_on, p1_n, p1_amount, p1_principal, p1_interest, p1_fee, p1_credit, reversed_on,
        p2_on, p2_n, p2_amount,
        p2_amount - p2_fee - p2_interest - p2_waiver AS p2_principal, p2_interest, p2_fee, p2_waiver,
        CASE WHEN decides THEN -credit0 WHEN p2_on IS NOT NULL THEN p2_amount - p2_n * instalment ELSE 0 END
            AS p2_credit,
        c_on, c_amount, c_principal, c_interest, c_fee, c_n
    FROM (
        SELECT *, CASE WHEN decides THEN 0 ELSE least(p2_amount - p2_fee, interest_at_second) END AS p2_interest,
            CASE WHEN decides AND p2_amount > 0 THEN p2_amount - principal0 * 6 // 10 ELSE 0 END AS p2_waiver
        FROM (SELECT *, CASE WHEN decides THEN 0 ELSE least(p2_amount, fee_at_second) END AS p2_fee FROM second_priced)
    )"""


def _days(on: str) -> str:
    """Days of interest from the opening of the month up to and including `on`; none from the write-off on."""
    return f"coalesce(greatest(0, date_diff('day', month_start, least({on} + 1, charged_off_on))), 0)"
