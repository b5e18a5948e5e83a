"""What somebody would write for the night's larger figures: DuckDB over the same Parquet, with no layer in between."""

from __future__ import annotations

from datetime import date

_DISPATCH = """
    d AS (SELECT *, lead(valid_from) OVER (PARTITION BY account_id ORDER BY valid_from, release_sequence) AS valid_to
          FROM changes)"""

_HOLDS = "d.account_id = {account} AND d.valid_from <= {day} AND {day} < coalesce(d.valid_to, DATE '9999-12-31')"

_GRAIN = """
    CASE GROUPING(c.employee_id, c.team_id, c.department_id)
        WHEN 3 THEN 'employee' WHEN 5 THEN 'team' WHEN 6 THEN 'department' ELSE 'portfolio' END AS grain,
    coalesce(c.employee_id, c.team_id, c.department_id, 'portfolio') AS entity"""

_SETS = "GROUPING SETS ((c.employee_id), (c.team_id), (c.department_id), ())"


def by_hand(start: date, end: date) -> dict[str, str]:
    """Statements by what they read; each gives rows of (KPI, grain, entity, currency, number)."""
    return {
        "contacts": f"""
            WITH c AS (SELECT c.employee_id, c.account_id, c.outcome, c.channel, c.direction, p.team_id, p.department_id
                       FROM contacts c LEFT JOIN staff_postings p ON p.employee_id = c.employee_id
                        AND p.valid_from <= c.started_wall::DATE
                        AND c.started_wall::DATE < coalesce(p.valid_to, DATE '9999-12-31')
                       WHERE c.started_wall >= DATE '{start}' AND c.started_wall < DATE '{end}' + 1),
            g AS (SELECT {_GRAIN}, count(CASE WHEN channel = 'call' AND direction = 'out' THEN 1 END) AS calls,
                  count(DISTINCT CASE WHEN outcome IN ('right_party', 'promise', 'refused')
                        THEN account_id END) AS reached
                  FROM c GROUP BY {_SETS})
            SELECT 'calls_made', grain, entity, '', calls FROM g WHERE grain = 'portfolio' OR entity <> 'portfolio'
            UNION ALL SELECT 'accounts_contacted', grain, entity, '', reached FROM g
            WHERE grain = 'portfolio' OR entity <> 'portfolio'""",
        "recovered": f"""
            WITH {_DISPATCH},
            c AS (SELECT pay.currency, pay.amount - pay.waiver AS recovered, d.owner_id, d.owner_kind
                  FROM payments pay LEFT JOIN payments o ON o.payment_id = pay.reverses
                  LEFT JOIN d ON {_HOLDS.format(account="pay.account_id", day="coalesce(o.paid_on, pay.paid_on)")}
                  WHERE pay.posted_on BETWEEN DATE '{start}' AND DATE '{end}')
            SELECT 'recovered', 'employee', owner_id, currency, sum(recovered)::DECIMAL(38,4) FROM c
            WHERE owner_kind = 'employee' GROUP BY ALL""",
        "accounts": f"""
            WITH {_DISPATCH}
            SELECT 'accounts_owned', 'employee', d.owner_id, '', count(*) FROM accounts a
            JOIN d ON {_HOLDS.format(account="a.account_id", day=f"DATE '{end}'")}
            WHERE d.owner_kind = 'employee' GROUP BY ALL""",
        "cohort": f"""
            WITH {_DISPATCH},
            b AS (SELECT o.account_id, {_bucket("o")} AS before, {_bucket("a")} AS now, d.owner_id, d.owner_kind
                  FROM accounts_opening o LEFT JOIN accounts a USING (account_id)
                  LEFT JOIN d ON {_HOLDS.format(account="o.account_id", day=f"DATE '{start}'")}),
            g AS (SELECT before, count(CASE WHEN now = before + 1 THEN 1 END) AS rolled
                  FROM b WHERE before < 7 GROUP BY ALL)
            SELECT 'roll_rate_by_cohort_accounts_' || before, 'portfolio', 'portfolio', '', rolled FROM g""",
    }


def _bucket(table: str) -> str:
    return f"least(greatest(ceil({table}.days_past_due / 30.0), 0), 7)::INT"
