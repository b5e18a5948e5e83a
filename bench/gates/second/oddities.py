"""Days that are odd and right: what a person who knew would let pass. The tables that a cause touches agree."""

from __future__ import annotations

from decimal import Decimal

from bench.gates.kinds import FIVE, ONE, TWENTY, WHOLE, Kind, Rows, Unit, among, changed, joined_by, lost
from bench.gates.second.forms import A_NIGHT, ONE_OF_THEM, TEN, THREE, drawn, money

_TWO, _FIVE_OF_THEM = Decimal(2), Decimal(5)

# Who is ill from today on: collectors who by the clean extracts were at work.
_ILL = """employee_id IN (SELECT t.employee_id FROM attendance AS t JOIN staff_postings AS s USING (employee_id)
    WHERE s.role = 'collector' AND s.valid_to IS NULL ORDER BY t.employee_id DESC LIMIT $level)"""

# Whom the joiners sit beside: they get the same team, skills and capacity.
_BESIDE = """employee_id IN (SELECT employee_id FROM staff_postings
    WHERE role = 'collector' AND valid_to IS NULL AND valid_from < $day - 60
    ORDER BY employee_id LIMIT $level)"""
_JOINER = "'E9' || right(employee_id, 3) AS employee_id"

# A batch that the bank takes back, and what its partner would have done today.
_TAKEN_BACK = """recalled_on IS NULL AND placement_batch = (SELECT placement_batch FROM placements
    WHERE recalled_on IS NULL AND placed_on < $day - 10
    GROUP BY placement_batch ORDER BY count(*) DESC, placement_batch LIMIT 1)"""
_BY_ITS_PARTNER = f"partner_id IS NOT NULL AND account_id IN (SELECT account_id FROM placements WHERE {_TAKEN_BACK})"

# Accounts whose payment comes tomorrow: past due before, no instalment due today, no promise or case settled by it.
_PAYS_TOMORROW = f"""account_id IN (
    SELECT p.account_id FROM payments AS p JOIN accounts_yesterday AS y USING (account_id)
    WHERE {drawn("p.account_id", 100)} < 40 AND p.channel <> 'cash' AND y.days_past_due > 0
        AND y.days_past_due NOT BETWEEN 350 AND 365 AND y.status = 'open'
        AND day($day - CAST(y.days_past_due AS INTEGER) - 1) NOT IN (day($day), day($day - 1))
        AND p.account_id NOT IN (SELECT account_id FROM promises WHERE state = 'kept')
        AND p.account_id NOT IN (SELECT account_id FROM cases WHERE account_id IS NOT NULL)
        AND p.account_id NOT IN (SELECT account_id FROM payments WHERE reverses IS NOT NULL OR channel = 'cash'))"""

_UNPAID = f"""
    SELECT e.* EXCLUDE (hit) REPLACE (
        CASE WHEN hit THEN {money("e.balance + p.amount")} ELSE e.balance END AS balance,
        CASE WHEN hit THEN {money("e.principal + p.principal")} ELSE e.principal END AS principal,
        CASE WHEN hit THEN y.overdue_amount ELSE e.overdue_amount END AS overdue_amount,
        CASE WHEN hit THEN y.days_past_due + 1 ELSE e.days_past_due END AS days_past_due,
        CASE WHEN hit THEN y.status ELSE e.status END AS status)
    FROM extract AS e LEFT JOIN accounts_yesterday AS y USING (account_id)
    LEFT JOIN (SELECT account_id, sum(amount) AS amount, sum(principal) AS principal FROM payments GROUP BY ALL) AS p
        USING (account_id)"""

_CAMPAIGN = f"""
    SELECT 'C' || strftime($day, '%Y%m%d') || '-' || substr(account_id, 2) || '-9' AS contact_id, account_id,
        k.party_id, k.contact_point_id, CAST(NULL AS VARCHAR) AS employee_id, CAST(NULL AS VARCHAR) AS partner_id,
        started_wall - INTERVAL 7 HOUR AS started_at, started_wall, 'sms' AS channel, 'out' AS direction,
        'no_answer' AS outcome, CAST(0 AS BIGINT) AS duration_seconds
    FROM (SELECT account_id, debtor_id, CAST($day AS TIMESTAMP) + INTERVAL 9 HOUR
            + INTERVAL 1 SECOND * {drawn("account_id", 7200)} AS started_wall
        FROM accounts WHERE jurisdiction = 'VN' AND consent AND hold = 'none' AND status = 'open'
            AND days_past_due BETWEEN 1 AND 90 AND account_id NOT IN (SELECT account_id FROM contacts)) AS a
    JOIN (SELECT debtor_id, party_id, min(contact_point_id) AS contact_point_id
        FROM parties JOIN contact_points USING (party_id)
        WHERE role = 'debtor' AND kind = 'phone' AND state = 'active' GROUP BY ALL) AS k USING (debtor_id)"""

_COMPLAINTS = """
    SELECT 'X' || strftime($day, '%Y%m%d') || '-' || substr(account_id, 2) || '-9' AS complaint_id, account_id,
        employee_id, CAST(NULL AS VARCHAR) AS partner_id, $day AS received_on, 'conduct' AS complaint_type,
        CAST(NULL AS DATE) AS answered_on, 'open' AS finding
    FROM (SELECT account_id, min(employee_id) AS employee_id FROM contacts
        WHERE channel = 'call' AND employee_id IS NOT NULL AND outcome IN ('right_party', 'refused', 'promise')
        GROUP BY account_id ORDER BY account_id LIMIT $level)"""

_JOINED = {
    "employees": f"SELECT * REPLACE ({_JOINER})",
    "employment": f"""SELECT * REPLACE ({_JOINER}, $day AS valid_from, $day AS hired_on,
        $day + 60 AS probation_until, 'PR9' || right(payroll_number, 5) AS payroll_number)""",
    "staff_postings": f"SELECT * REPLACE ({_JOINER}, $day AS valid_from)",
    "capacity": f"SELECT * REPLACE ({_JOINER}, $day AS valid_from)",
    "skills": f"SELECT * REPLACE ({_JOINER})",
    "attendance": f"SELECT * REPLACE ({_JOINER}, CAST(0 AS BIGINT) AS minutes_on_calls)",
}


def _joiners(table: str, copied: str) -> Rows:
    return Rows(table, joined_by(f"{copied} FROM (SELECT * EXCLUDE (hit) FROM extract WHERE {_BESIDE})"), of=_BESIDE)


KINDS = (
    Kind(
        "oddities.accounts.rows_in_another_order",
        "the source has a new index: the same rows in another order",
        (Rows("accounts", "SELECT * EXCLUDE (hit) FROM extract ORDER BY md5(account_id)"),),
        None,
        "the order of rows says nothing",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
    Kind(
        "oddities.payments.columns_in_another_order",
        "the same columns in another order",
        (
            Rows(
                "payments",
                """SELECT reverses, currency, amount, posted_on, * EXCLUDE (hit, reverses, currency, amount, posted_on)
                    FROM extract""",
            ),
        ),
        None,
        "columns have names",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
    Kind(
        "oddities.accounts.branch_merged",
        "some branches are merged into a new one, with all their accounts",
        (Rows("accounts", changed(branch_id="'BR101'"), of=among("branch_id", "accounts")),),
        None,
        "branches are opened and closed",
        (_TWO,),
        Unit.GROUPS,
        A_NIGHT,
    ),
    Kind(
        "oddities.contacts.reminder_campaign",
        "a reminder by SMS to the debtors of up to 90 days past due who agreed to it and were not contacted today",
        (Rows("contacts", joined_by(_CAMPAIGN)),),
        None,
        "a campaign is planned, lawful, and soon over",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
    Kind(
        "oddities.leave.influenza",
        "some collectors report sick this morning, and do nothing today",
        (
            Rows(
                "leave",
                joined_by(
                    f"""SELECT employee_id, $day AS starts_on, $day + 3 AS ends_on, 'sick' AS leave_type
                        FROM employees WHERE {_ILL}"""
                ),
            ),
            Rows("attendance", lost(), of=_ILL),
            Rows("contacts", lost(), of=_ILL),
            Rows("promises", lost(), of=f"made_on = $day AND {_ILL}"),
            Rows("visits", lost(), of=f"made_at >= $day AND {_ILL}"),
            Rows("reviews", lost(), of=_ILL),
        ),
        None,
        "a bad week of the year; all tables agree",
        (THREE, _FIVE_OF_THEM),
        Unit.GROUPS,
        A_NIGHT,
    ),
    Kind(
        "oddities.employees.joiners",
        "new collectors begin today, all on one day, with their contracts, teams, skills and a day of training",
        tuple(_joiners(table, copied) for table, copied in _JOINED.items()),
        None,
        "classes of joiners begin together",
        (THREE,),
        Unit.GROUPS,
        A_NIGHT,
    ),
    Kind(
        "oddities.payments.clearing_late",
        "the clearing was late: a part of the payments will be booked tomorrow; the accounts owe them still",
        (Rows("payments", lost(), of=_PAYS_TOMORROW), Rows("accounts", _UNPAID, of=_PAYS_TOMORROW)),
        None,
        "a payment counts on the day on which it is booked",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
    Kind(
        "oddities.placements.batch_taken_back",
        "the bank takes back a whole batch this morning, and its partner does nothing more on it",
        (
            Rows(
                "placements",
                changed(recalled_on="$day", recall_reason="'taken back by the bank'"),
                of=_TAKEN_BACK,
            ),
            Rows("contacts", lost(), of=_BY_ITS_PARTNER),
            Rows("promises", lost(), of=f"made_on = $day AND {_BY_ITS_PARTNER}"),
            Rows("visits", lost(), of=f"(made_at >= $day OR planned_on >= $day) AND {_BY_ITS_PARTNER}"),
        ),
        None,
        "the contract allows it",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
    Kind(
        "oddities.contact_points.numbers_bought",
        "new numbers from a search for debtors who moved, not yet verified",
        (
            Rows(
                "contact_points",
                joined_by(
                    f"""SELECT contact_point_id || '-S' AS contact_point_id, party_id, kind,
                        substr(value, 1, 6) || lpad(CAST({drawn("contact_point_id", 100_000_000)} AS VARCHAR), 9, '0')
                            AS value,
                        CAST(NULL AS DATE) AS verified_on, 'unverified' AS state FROM extract WHERE hit"""
                ),
                of="kind = 'phone'",
            ),
        ),
        None,
        "that is what is bought, once or twice a year",
        (ONE, FIVE, TWENTY),
        nights=A_NIGHT,
    ),
    Kind(
        "oddities.complaints.after_a_report_on_television",
        "a report on collectors was on television last night: some debtors whom we reached today complain",
        (Rows("complaints", joined_by(_COMPLAINTS)),),
        None,
        "complaints are true, and must be answered",
        (ONE_OF_THEM, TEN),
        Unit.GROUPS,
        A_NIGHT,
    ),
)
