"""Incidents of the jobs that make the extracts: shards, joins, filters, defaults, reruns."""

from __future__ import annotations

from bench.gates.kinds import (
    ALL,
    FIVE,
    ONE,
    ONE_ROW,
    TWENTY,
    WHOLE,
    Kind,
    Rows,
    Unit,
    changed,
    lost,
    times,
)
from bench.gates.second.forms import A_NIGHT, ONE_OF_THEM, ROW_TO_ALL, THREE, money

_FANNED_OUT = times("2", "principal", "balance", "overdue_amount")

KINDS = (
    Kind(
        "jobs.payments.shard_failed",
        "payments of accounts that end in the same digit are missing: one of ten workers died, the job was green",
        (Rows("payments", lost(), of="CAST(right(account_id, 1) AS INTEGER) < $level"),),
        ONE_OF_THEM,
        "people who paid are dunned tomorrow",
        (ONE_OF_THEM, THREE),
        Unit.GROUPS,
        A_NIGHT,
    ),
    Kind(
        "jobs.accounts.branch_not_closed",
        "the end of day of some branches did not run: their accounts stand as they stood yesterday",
        (
            Rows(
                "accounts",
                """SELECT e.* EXCLUDE (hit) REPLACE (
                        CASE WHEN hit THEN coalesce(y.principal, e.principal) ELSE e.principal END AS principal,
                        CASE WHEN hit THEN coalesce(y.balance, e.balance) ELSE e.balance END AS balance,
                        CASE WHEN hit THEN coalesce(y.overdue_amount, e.overdue_amount) ELSE e.overdue_amount END
                            AS overdue_amount,
                        CASE WHEN hit THEN coalesce(y.days_past_due, e.days_past_due) ELSE e.days_past_due END
                            AS days_past_due)
                    FROM extract AS e LEFT JOIN accounts_yesterday AS y USING (account_id)""",
                of="branch_id IN (SELECT DISTINCT branch_id FROM accounts ORDER BY branch_id LIMIT $level)",
            ),
        ),
        ONE_OF_THEM,
        "their interest, payments and ages lack a day",
        (ONE_OF_THEM, THREE),
        Unit.GROUPS,
        A_NIGHT,
    ),
    Kind(
        "jobs.accounts.clone_of_yesterday_aged_by_hand",
        "yesterday's accounts with a day more past due: somebody 'repaired' the missing extract",
        (
            Rows(
                "accounts",
                """SELECT * REPLACE (days_past_due + CAST(days_past_due > 0 AS BIGINT) AS days_past_due)
                    FROM accounts_yesterday""",
            ),
        ),
        ALL,
        "no payment, no interest and no cure of today is in it",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
    Kind(
        "jobs.accounts.snapshot_before_posting",
        "balances were taken before the day's payments were posted",
        (
            Rows(
                "accounts",
                f"""SELECT e.* EXCLUDE (hit) REPLACE (
                        {money("e.balance + coalesce(p.amount, 0)")} AS balance,
                        {money("e.principal + coalesce(p.principal, 0)")} AS principal)
                    FROM extract AS e LEFT JOIN (
                        SELECT account_id, sum(amount) AS amount, sum(principal) AS principal
                        FROM payments GROUP BY ALL) AS p USING (account_id)""",
                of="account_id IN (SELECT account_id FROM payments)",
            ),
        ),
        ALL,
        "who paid today still owes it",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
    Kind(
        "jobs.accounts.join_fanned_out",
        "a join with guarantors before the sum: accounts with a guarantor owe twice as much",
        (
            Rows(
                "accounts",
                changed(**_FANNED_OUT),
                of="debtor_id IN (SELECT debtor_id FROM parties WHERE role = 'guarantor')",
            ),
        ),
        ONE_ROW,
        "nobody owes twice what he owes",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "jobs.accounts.single_precision",
        "money went through a column of single precision",
        (
            Rows(
                "accounts",
                changed(**{name: money(f"CAST({name} AS FLOAT)") for name in ("principal", "balance")}),
                of="CAST(CAST(balance AS FLOAT) AS DECIMAL(18,4)) <> balance",
            ),
        ),
        ONE,
        "a few đồng on one account are noise; on a book they are a difference that nobody can explain",
        (ONE_ROW, ONE, ALL),
        nights=A_NIGHT,
    ),
    Kind(
        "jobs.contact_points.state_defaulted",
        "wrong and retired numbers are active again: the state's default overwrote it",
        (Rows("contact_points", changed(state="'active'"), of="state IN ('wrong_party', 'retired')"),),
        ONE_ROW,
        "a stranger who complained is called again",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "jobs.contacts.fanned_out",
        "a join with all numbers of the person: an attempt comes again with another number and an id of its own",
        (
            Rows(
                "contacts",
                """SELECT * EXCLUDE (hit) FROM extract
                    UNION ALL SELECT e.* EXCLUDE (hit) REPLACE (
                        e.contact_id || '/' || k.contact_point_id AS contact_id,
                        k.contact_point_id AS contact_point_id)
                    FROM extract AS e JOIN contact_points AS k USING (party_id)
                    WHERE hit AND k.contact_point_id <> e.contact_point_id AND k.kind = 'phone'""",
                of="""contact_point_id IS NOT NULL AND channel = 'call'
                    AND party_id IN (SELECT party_id FROM contact_points WHERE kind = 'phone'
                        GROUP BY party_id HAVING count(*) > 1)""",
            ),
        ),
        FIVE,
        "attempts that were not made count towards a limit by law and towards a bonus",
        (FIVE, TWENTY, ALL),
        nights=A_NIGHT,
    ),
    Kind(
        "jobs.skills.one_for_each",
        "rows were made distinct by employee: everybody has one skill left",
        (
            Rows(
                "skills",
                lost(),
                of="(employee_id, skill) NOT IN (SELECT (employee_id, max(skill)) FROM skills GROUP BY employee_id)",
            ),
        ),
        ALL,
        "nobody who speaks Chinese may work on a card",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
    Kind(
        "jobs.calendar.days_in_utc",
        "midnight here is the day before in UTC: every day of the calendar is one too early",
        (
            Rows(
                "calendar",
                """SELECT c.jurisdiction, c.day, coalesce(n.is_working_day, c.is_working_day) AS is_working_day, n.name
                    FROM extract AS c LEFT JOIN extract AS n
                    ON c.jurisdiction = n.jurisdiction AND n.day = c.day + 1""",
            ),
        ),
        ALL,
        "Friday is a day off, and Sunday a working day",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
    Kind(
        "jobs.budgets.of_last_year",
        "last year's budgets under the same months",
        (Rows("budgets", changed(month="CAST(month - INTERVAL 1 YEAR AS DATE)")),),
        ALL,
        "this month has no budget",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
    Kind(
        "jobs.placements.balance_of_today",
        "the balance at placement is joined from today's accounts",
        (
            Rows(
                "placements",
                """SELECT p.* EXCLUDE (hit) REPLACE (coalesce(a.balance, p.balance_at_placement)
                        AS balance_at_placement)
                    FROM extract AS p LEFT JOIN accounts AS a USING (account_id)""",
            ),
        ),
        ALL,
        "what was handed over does not change; partners' rates are taken of it",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
    Kind(
        "jobs.attendance.keyed_by_shift",
        "early and late shift are added up as two people's: half the day has no row, and the rest twice the minutes",
        (
            Rows(
                "attendance",
                """SELECT * EXCLUDE (hit, place) REPLACE (
                        minutes_worked * 2 AS minutes_worked, minutes_on_calls * 2 AS minutes_on_calls)
                    FROM (SELECT *, row_number() OVER (ORDER BY employee_id) AS place FROM extract)
                    WHERE place % 2 = 0""",
            ),
        ),
        ALL,
        "half the house was at work for fifteen hours, the other half was not",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
    Kind(
        "jobs.cases.history_as_pending",
        "cases of the last two weeks come once more, all of them pending",
        (
            Rows(
                "cases",
                """SELECT * EXCLUDE (hit) FROM extract UNION ALL BY NAME
                    SELECT * REPLACE ('pending' AS outcome, NULL AS decision) FROM (
                        SELECT DISTINCT ON (case_id) * FROM cases_past
                        WHERE outcome <> 'pending' AND case_id NOT IN (SELECT case_id FROM extract)
                        ORDER BY case_id, outcome, decision)""",
            ),
        ),
        ALL,
        "what was decided is open again",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
)
