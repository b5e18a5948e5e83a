"""Outside partners: what is placed with them, what is recalled, and what they claim."""

from __future__ import annotations

import duckdb

from adapters.demo.accounts import CURRENCY, account_id, money, month_index
from adapters.demo.draws import Draws
from adapters.demo.plan import DemoPlan
from domain.periods import Period

TERM_DAYS = 180
_UNPAID_SINCE = "make_date(k0 // 12, k0 % 12 + 1, due_day)"
PLACED_FROM_BUCKET = 7
_RECALL_REASONS = ["complaint", "low activity", "taken back by the bank"]


def make_partners(connection: duckdb.DuckDBPyConnection, plan: DemoPlan, draws: Draws) -> None:
    """Makes partner and an empty placement. In Vietnam a partner is a law firm or an asset manager: debt collection
    as a service is prohibited there (Investment Law 2020, article 6)."""
    chinese = max(1, plan.partners * 15 // 100)
    width = max(2, len(str(plan.partners)))
    connection.execute(f"""
        CREATE TABLE partner AS
        SELECT *, row_number() OVER (PARTITION BY jurisdiction ORDER BY partner_no) - 1 AS seat,
            count(*) OVER (PARTITION BY jurisdiction) AS seats,
            CASE WHEN jurisdiction = 'CN' THEN ['agency', 'law_firm'][1 + partner_no % 2]
                ELSE ['law_firm', 'asset_manager'][1 + partner_no % 2] END AS legal_type,
            'R' || lpad(CAST(partner_no + 1 AS VARCHAR), {width}, '0') AS partner_id,
            'Demo partner ' || (partner_no + 1) AS name,
            DATE '{plan.start}' - CAST(800 + {draws.sql("partner since", "partner_no", 700)} AS INTEGER) AS active_from
        FROM (SELECT range AS partner_no,
            CASE WHEN range < {plan.partners - chinese} THEN 'VN' ELSE 'CN' END AS jurisdiction
            FROM range({plan.partners}))""")
    connection.execute("""
        CREATE TABLE placement (n BIGINT, jurisdiction VARCHAR, partner_no BIGINT, number BIGINT, placed_on DATE,
            balance BIGINT, days_past_due BIGINT, recalled_on DATE, recall_reason VARCHAR)""")


def place_opening(connection: duckdb.DuckDBPyConnection, plan: DemoPlan, draws: Draws) -> None:
    """What was placed before the book starts: four in ten of the accounts with seven or more unpaid instalments, each
    from when it had that many; some are with their second or third partner, the earlier placements having run out."""
    start = plan.months[0].start
    ago = draws.sql("placed months ago", "n", f"least(5, unpaid - {PLACED_FROM_BUCKET - 1})")
    earlier = f"{TERM_DAYS + 30} * CAST(latest - number AS INTEGER)"
    number_draw = draws.sql("placement number", "n", 100)
    connection.execute(f"""
        INSERT INTO placement
        SELECT n, jurisdiction, partner.partner_no, number,
            first_on - {earlier}, balance, greatest(1, date_diff('day', unpaid_since, first_on - {earlier})),
            CASE WHEN number = latest THEN {_recalled_on("first_on", plan, "opening", draws)}
                ELSE first_on - {earlier} + {TERM_DAYS} END,
            CASE WHEN number = latest THEN {_recall_reason("opening", draws)} ELSE 'term ended' END
        FROM (
            SELECT *, unnest(range(1, latest + 1)) AS number FROM (
                SELECT n, jurisdiction, principal0 + interest0 + fee0 AS balance, {_UNPAID_SINCE} AS unpaid_since,
                    {month_index(plan.months[0])} - k0 AS unpaid,
                    {ago} AS ago,
                    CAST(DATE '{start}' - to_months(CAST(ago AS INTEGER)) AS DATE) + 2 AS first_on,
                    least(1 + (unpaid - ago - {PLACED_FROM_BUCKET}) // 7,
                        CASE WHEN {number_draw} < 15 THEN 3 WHEN {number_draw} < 45 THEN 2 ELSE 1 END) AS latest
                FROM opening WHERE {_eligible(plan.months[0])} AND {draws.sql("placed", "n", 100)} < 40
            )
        ) JOIN partner USING (jurisdiction)
        WHERE partner.seat = ({draws.sql("partner", "n", "seats")} + number) % seats""")


def place_batch(connection: duckdb.DuckDBPyConnection, plan: DemoPlan, index: int, draws: Draws) -> None:
    """The batch of the month's third day: three in ten of what is eligible and not placed, for the next partner."""
    month = plan.months[index]
    connection.execute(f"""
        INSERT INTO placement
        SELECT o.n, o.jurisdiction, partner.partner_no, o.number, batch_on, o.balance, o.days_past_due,
            {_recalled_on("batch_on", plan, f"batch {index}", draws)}, {_recall_reason(f"batch {index}", draws)}
        FROM (
            SELECT opening.n, jurisdiction, principal0 + interest0 + fee0 AS balance,
                date_diff('day', {_UNPAID_SINCE}, DATE '{month.start}' - 1) AS days_past_due,
                DATE '{month.start}' + 2 AS batch_on, coalesce(past.number, 0) + 1 AS number, past.recalled_on
            FROM opening LEFT JOIN (SELECT n, max(number) AS number, max(recalled_on) AS recalled_on
                FROM placement GROUP BY n) AS past USING (n)
            WHERE {_eligible(month)} AND {draws.sql(f"batch {index}", "opening.n", 100)} < 30
        ) AS o JOIN partner USING (jurisdiction)
        WHERE o.number <= 3 AND coalesce(o.recalled_on <= DATE '{month.start}', true)
            AND partner.seat = ({draws.sql("partner", "o.n", "seats")} + o.number) % seats""")


def end_closed_placements(connection: duckdb.DuckDBPyConnection, plan: DemoPlan) -> None:
    """A paid account comes back on the day after it was paid off."""
    connection.execute(f"""
        UPDATE placement SET recalled_on = closed.closed_on + 1, recall_reason = 'paid off'
        FROM (SELECT n, closed_on FROM month_{len(plan.months) - 1} WHERE closed_on IS NOT NULL) AS closed
        WHERE placement.n = closed.n AND placed_on <= closed_on AND recalled_on > closed_on + 1""")


def make_claims(connection: duckdb.DuckDBPyConnection, plan: DemoPlan, draws: Draws) -> None:
    """Makes claim: the lines of the claim files of the 3rd of the next month, each with how it differs (`kind`).
    What was not claimed has a row too, and no line."""
    connection.execute("""CREATE TABLE claim (n BIGINT, jurisdiction VARCHAR, partner_no BIGINT, line BIGINT,
        claimed_on DATE, month DATE, paid_on DATE, amount BIGINT, payment_id VARCHAR, kind VARCHAR)""")
    for index, month in enumerate(plan.months):
        claimed_on = month.end.replace(day=3)
        if claimed_on <= plan.end:
            connection.execute(f"INSERT INTO claim {_claims(month, index, draws)}")


def placements(day: str) -> str:
    return f"""
    SELECT 'L' || lpad(CAST(n AS VARCHAR), 9, '0') || '-' || number AS placement_id, {account_id("n")} AS account_id,
        partner_id, 'B' || strftime(placed_on, '%Y%m') || '-' || partner_id AS placement_batch,
        number AS placement_number, placed_on, {money("balance")} AS balance_at_placement, {CURRENCY} AS currency,
        days_past_due AS days_past_due_at_placement,
        placed_on + {TERM_DAYS} AS term_ends_on, true AS exclusive,
        CASE WHEN recalled_on <= {day} THEN recalled_on END AS recalled_on,
        CASE WHEN recalled_on <= {day} THEN recall_reason END AS recall_reason
    FROM (SELECT * EXCLUDE (seats, seat) FROM placement JOIN partner USING (partner_no, jurisdiction))
    WHERE placed_on <= {day}"""


def partners(plan: DemoPlan) -> str:
    """A partner takes a fifth more than it has on the opening day, and at least ten accounts."""
    return f"""
    SELECT partner_id, name, legal_type, jurisdiction, active_from, CAST(NULL AS DATE) AS active_to,
        greatest(10, coalesce(placed, 0) * 12 // 10) AS accounts_at_most
    FROM partner LEFT JOIN (
        SELECT partner_no, count(*) AS placed FROM placement
        WHERE placed_on <= DATE '{plan.start}' AND recalled_on > DATE '{plan.start}' GROUP BY partner_no
    ) USING (partner_no)"""


def partner_claims(day: str) -> str:
    return f"""
    SELECT 'Q' || strftime(claimed_on, '%Y%m') || '-' || partner_id || '-' || lpad(CAST(n AS VARCHAR), 9, '0')
            || '-' || line AS claim_id, partner_id, {account_id("n")} AS account_id, claimed_on, month, paid_on,
        {money("amount")} AS amount, {CURRENCY} AS currency, payment_id
    FROM claim JOIN partner USING (partner_no, jurisdiction) WHERE claimed_on = {day} AND kind <> 'not claimed'"""


def partner_reports(plan: DemoPlan, day: str, draws: Draws) -> str:
    """Every partner returns what it did, and who works for us, on the 5th: the rows due that day, and what came late.
    One return in eight is late, one in twenty-five does not come, and one in thirty is not in the agreed form."""
    returns = " UNION ALL ".join(
        f"SELECT *, '{duty}' AS duty, DATE '{month.previous().start}' AS month, DATE '{month.start}' + 4 AS due_on, "
        f"{draws.sql(f'{duty} returned {month}', 'partner_no', 1000)} AS v FROM partner"
        for month in plan.months
        for duty in ("activity_data", "staff_list")
    )
    people = f"8 + {draws.sql('people of partner', 'partner_no', 20)}"
    return f"""
    WITH returned AS (
        SELECT *, CASE WHEN v < 40 THEN NULL WHEN v < 165 THEN due_on + 1 + CAST(v % 9 AS INTEGER)
            ELSE due_on - CAST(v % 4 AS INTEGER) END AS came_on FROM ({returns})
    )
    SELECT 'D' || strftime(month, '%Y%m') || '-' || partner_id || '-' || duty AS report_id, partner_id, duty, month,
        due_on, CASE WHEN came_on <= {day} THEN came_on END AS received_on,
        CASE WHEN came_on <= {day} THEN v % 30 <> 7 END AS accepted,
        CASE WHEN came_on <= {day} AND duty = 'staff_list' THEN {people} END AS staff
    FROM returned WHERE due_on = {day} OR (came_on = {day} AND came_on > due_on)"""


def _eligible(month: Period) -> str:
    return f"""closed_on IS NULL AND restructured_on IS NULL AND case_on IS NULL AND hold IN ('none', 'dispute')
        AND {month_index(month)} - k0 >= {PLACED_FROM_BUCKET}"""


def _recalled_on(placed_on: str, plan: DemoPlan, purpose: str, draws: Draws) -> str:
    """The end of the term, or earlier for three in ten; never before the book's second day."""
    early = f"DATE '{plan.start}' + CAST(1 + {draws.sql(f'recalled on {purpose}', 'n', 90)} AS INTEGER)"
    early_from = f"greatest({early}, {placed_on} + 10)"
    term = f"greatest({placed_on} + {TERM_DAYS}, DATE '{plan.start}' + 1)"
    return f"CASE WHEN {_early(purpose, draws)} THEN least({early_from}, {term}) ELSE {term} END"


def _recall_reason(purpose: str, draws: Draws) -> str:
    reason = draws.sql(f"recall reason {purpose}", "n", len(_RECALL_REASONS))
    return f"CASE WHEN {_early(purpose, draws)} THEN {_RECALL_REASONS}[1 + {reason}] ELSE 'term ended' END"


def _early(purpose: str, draws: Draws) -> str:
    return f"{draws.sql(f'recalled early {purpose}', 'n', 100)} < 30"


def _claims(month: Period, index: int, draws: Draws) -> str:
    """What was paid while placed, as claimed: mostly right. Kinds of difference: see docs/demo-book.md."""
    claimed_on = month.end.replace(day=3)
    return f"""
    WITH held AS (
        SELECT n, slot, jurisdiction, p.partner_no, p.recalled_on <= pay.paid_on AS after_recall, pay.paid_on,
            pay.posted_on, amount - waiver AS amount, payment_id,
            coalesce(pay.taken_back_on < DATE '{claimed_on}', false) AS taken_back
        FROM payment AS pay JOIN placement AS p USING (n, jurisdiction)
        WHERE pay.slot < 9 AND pay.paid_on >= DATE '{month.start}' AND pay.paid_on < DATE '{month.end}'
            AND pay.posted_on < DATE '{claimed_on}' AND p.placed_on <= pay.paid_on
            AND (p.recalled_on > pay.paid_on OR (p.recalled_on > pay.paid_on - 31
                AND p.number = (SELECT max(later.number) FROM placement AS later
                    WHERE later.n = pay.n AND later.placed_on <= pay.paid_on)))
    ), drawn AS (
        SELECT *, {draws.sql(f"claim {index}", "n * 8 + slot", 1000)} AS v FROM held
    ), kinds AS (
        SELECT *, CASE WHEN taken_back THEN CASE WHEN v < 800 THEN 'reversed' ELSE 'left out' END
            WHEN after_recall THEN CASE WHEN v < 700 THEN 'after recall' ELSE 'left out' END
            WHEN v < 40 THEN 'amount' WHEN v < 70 THEN 'duplicate' WHEN v < 95 THEN 'period'
            WHEN v < 110 THEN 'not claimed' ELSE 'agrees' END AS kind
        FROM drawn
    )
    SELECT n, jurisdiction, partner_no, slot * 2 + copy AS line, DATE '{claimed_on}',
        CASE WHEN kind = 'period' THEN DATE '{month.previous().start}' ELSE DATE '{month.start}' END,
        paid_on, CASE WHEN kind = 'amount' THEN amount + greatest(1, amount * 7 // 100) ELSE amount END,
        CASE WHEN v % 10 < 7 THEN payment_id END,
        CASE WHEN kind = 'duplicate' AND copy = 0 THEN 'agrees' ELSE kind END
    FROM kinds CROSS JOIN (VALUES (0), (1)) AS copies (copy)
    WHERE kind <> 'left out' AND (copy = 0 OR kind = 'duplicate')
    UNION ALL
    SELECT n, jurisdiction, partner_no, 20, DATE '{claimed_on}', DATE '{month.start}',
        DATE '{month.start}' + CAST(2 + {draws.sql(f"invented on {index}", "n", 25)} AS INTEGER),
        balance * (1 + {draws.sql(f"invented {index}", "n", 5)}) // 100, NULL, 'not in the books'
    FROM placement
    WHERE placed_on <= DATE '{month.start}' AND recalled_on >= DATE '{month.end}'
        AND {draws.sql(f"invents {index}", "n", 1000)} < 15
        AND n NOT IN (SELECT n FROM payment WHERE posted_on >= DATE '{month.start}')"""
