"""The queries: each gives rows of (grain, entity, currency, part, sums …), from one pass over its rows.

`part` is the bucket or reason of the sums whose name ends in an underscore. Sums of money are of the row's currency;
counts are to be added up over currencies and parts.
"""

from __future__ import annotations

from datetime import date, timedelta

GRACE_DAYS, PROMISE_DAYS, PAYMENT_DAYS, COMPLAINT_DAYS, ANSWER_DAYS, CONTACT_DAYS = 3, 62, 92, 90, 7, 14
CALLBACK_DAYS = 2

_REACHED = "outcome IN ('right_party', 'promise', 'refused')"
_CALLED = "channel = 'call' AND direction = 'out'"
_DIALLED, _ANSWERED = "channel IN ('call', 'bot') AND direction = 'out'", "outcome NOT IN ('no_answer', 'busy')"
_UNLAWFUL = f"""
    direction = 'out' AND (
        jurisdiction = 'VN' AND (clock < TIME '07:00' OR clock > TIME '21:00' OR NOT has_duty OR reminder > 5)
        OR jurisdiction = 'CN' AND (
            NOT consent AND (clock < TIME '08:00' OR clock > TIME '22:00')
            OR {_DIALLED} AND {_ANSWERED} AND answered > 3))"""
_ADVISED_AGAINST = f"""
    jurisdiction = 'CN' AND (direction = 'out' AND role = 'reference'
        OR {_DIALLED} AND NOT ({_ANSWERED}) AND contact_point_id IS NOT NULL AND unanswered > 6)"""
_ENTITIES = "employee_id", "team_id", "department_id", "partner_id", "branch_id", "segment"

_PLACE = """e.employee_id, p.team_id, p.department_id, e.partner_id, a.branch_id, o.segment,
            NULL AS currency, NULL AS part"""
_STAFF = """e.employee_id, p.team_id, p.department_id, NULL AS partner_id, NULL AS branch_id, NULL AS segment,
            NULL AS currency, NULL AS part"""

OWNERS = """
    CREATE TEMP TABLE owners AS
    SELECT account_id, valid_from, owner_kind, team_id, department_id, segment,
        CASE owner_kind WHEN 'employee' THEN owner_id END AS employee_id,
        CASE owner_kind WHEN 'partner' THEN owner_id END AS partner_id,
        coalesce(lead(valid_from) OVER (PARTITION BY account_id ORDER BY valid_from, release_sequence),
            DATE '9999-12-31') AS valid_to
    FROM dispatch_changes QUALIFY owner_kind <> 'nobody' AND valid_from < valid_to"""

POSTINGS = """
    CREATE TEMP TABLE postings AS
    SELECT employee_id, team_id, department_id, valid_from, coalesce(valid_to, DATE '9999-12-31') AS valid_to
    FROM staff_postings"""


_MOVED_AT_ALL = """
    SELECT 'posting' AS grain, employee_id || '@' || department_id AS entity, NULL AS currency, NULL AS part
    FROM moved"""

MOVED = """
    CREATE TEMP TABLE moved AS
    SELECT DISTINCT employee_id, department_id FROM postings
    WHERE valid_from <= DATE '{end}' AND valid_to > DATE '{start}'
    QUALIFY count(DISTINCT department_id) OVER (PARTITION BY employee_id) > 1"""


# A book that is gated and measured, and never allocated, has no planned actions; a view of them is left as it is.
NOTHING_PLANNED = """
    CREATE TABLE IF NOT EXISTS planned_actions (due_from DATE, number BIGINT, account_id VARCHAR, due_by DATE,
        proofs VARCHAR, effective BOOLEAN, by_owner BOOLEAN, withdrawn_when VARCHAR, owner_kind VARCHAR,
        owner_id VARCHAR, department_id VARCHAR, team_id VARCHAR, segment VARCHAR)"""

NOTHING_CONFIRMED = """
    CREATE TABLE IF NOT EXISTS confirmed_signals (case_id VARCHAR, signal VARCHAR, opened_on DATE, confirmed_on DATE,
        employee_id VARCHAR, partner_id VARCHAR)"""

NOTHING_HANDED_OUT = """
    CREATE TABLE IF NOT EXISTS handed_files (file_id VARCHAR, partner_id VARCHAR, contract_id VARCHAR, kind VARCHAR,
        handed_on DATE, due_on DATE, lines BIGINT, answered_on DATE)"""

RATES = """
    CREATE TEMP TABLE rates (currency VARCHAR, bucket BIGINT, product VARCHAR, band BIGINT, rate DECIMAL(18, 10))"""


def scans(start: date, end: date) -> dict[str, str]:
    """The queries of a period from `start` up to and including `end`, by what they read."""
    return {
        "moved": _MOVED_AT_ALL,
        "accounts": _accounts(start, end),
        "opening": _opening(start),
        "owned_days": _owned_days(start, end),
        "ownership": _ownership(start, end),
        "contacts_by_owner": _contacts_by_owner(start, end),
        "credits": _credits(start, end),
        "expected": _expected(start, end),
        "vintages": _vintages(start, end),
        "contacts": _contacts(start, end),
        "promises": _promises(start, end),
        "callbacks": _callbacks(start, end),
        "visits": _visits(start, end),
        "planned_actions": _planned_actions(start, end),
        "complaints": _complaints(start, end),
        "complaints_due": _complaints_due(start, end),
        "costs": _costs(start, end),
        "reviews": _reviews(start, end),
        "partner_reviews": _partner_reviews(start, end),
        "partner_reports": _partner_reports(start, end),
        "handed_files": _handed_files(start, end),
        "confirmed_signals": _confirmed_signals(start, end),
        "attendance": _attendance(start, end),
        "staff": _staff(end),
    }


def _accounts(start: date, end: date) -> str:
    """The book now; an account is untouched if neither a contact nor a visit, nor its owner, is younger than a week."""
    touched = f"""
        touched AS (SELECT account_id, max(day) AS day FROM (
            SELECT account_id, started_wall::DATE AS day FROM contacts
            WHERE started_wall::DATE BETWEEN DATE '{start - timedelta(days=CONTACT_DAYS)}' AND DATE '{end}'
            UNION ALL SELECT account_id, made_at::DATE FROM ({_newest("visits", "visit_id")})
            WHERE made_at::DATE <= DATE '{end}') GROUP BY 1)"""
    counted = f"""
        SELECT o.employee_id, o.team_id, o.department_id, o.partner_id, a.branch_id, o.segment, a.currency,
            {_bucket("a")} AS part, a.balance, a.overdue_amount, o.owner_kind IN ('employee', 'partner') AS is_worked,
            DATE '{end}' - greatest(t.day, o.valid_from) AS idle
        FROM accounts a LEFT JOIN owners o ON {_owned("a.account_id", f"DATE '{end}'")}
        LEFT JOIN touched t ON t.account_id = a.account_id"""
    sums = """
        count(*) AS owned, count(*) AS accounts_, sum(balance) AS balance_, sum(overdue_amount) AS overdue_now,
        count(*) FILTER (part > 0 AND is_worked) AS worked,
        count(*) FILTER (part > 0 AND is_worked AND idle >= 7) AS untouched,
        coalesce(sum(overdue_amount) FILTER (part > 0 AND is_worked AND idle >= 7), 0) AS overdue_idle"""
    return _summed(counted, sums, beside=touched)


def _opening(start: date) -> str:
    """The book at the end of the last period, each account beside itself now; one that is gone is closed."""
    counted = f"""
        SELECT o.employee_id, o.team_id, o.department_id, o.partner_id, b.branch_id, o.segment, b.currency,
            {_bucket("b")} AS part, {_bucket("a")} AS now, coalesce(a.status, 'closed') = 'closed' AS is_closed,
            b.balance, b.overdue_amount
        FROM accounts_opening b LEFT JOIN accounts a USING (account_id)
        LEFT JOIN owners o ON {_owned("b.account_id", f"DATE '{start}'")}"""
    sums = """
        count(*) AS was_, sum(balance) AS was_balance_, sum(overdue_amount) AS was_overdue_amount,
        count(*) FILTER (now = part + 1) AS rolled_,
        coalesce(sum(balance) FILTER (now = part + 1), 0) AS rolled_balance_,
        count(*) FILTER (now < part OR is_closed) AS cured_,
        count(*) FILTER (part > 0) AS was_overdue,
        count(*) FILTER (part > 0 AND (now < part OR is_closed)) AS cured"""
    return _summed(counted, sums)


def _owned_days(start: date, end: date) -> str:
    """What was to collect on each account × the days that each owner had it; a cured one stays with its last worker."""
    first, after = f"DATE '{start}'", f"DATE '{end + timedelta(days=1)}'"
    beside = f"""
        had AS (SELECT account_id, owner_kind, employee_id, team_id, department_id, partner_id, segment, valid_from,
                greatest(valid_from, {first}) AS first_day, least(valid_to, {after}) AS day_after
            FROM owners WHERE valid_from < {after} AND valid_to > {first}),
        worked AS (SELECT account_id, max(valid_from) AS last FROM had WHERE owner_kind <> 'house' GROUP BY 1),
        got AS (SELECT account_id, currency, sum(amount - waiver) AS paid FROM payments
            WHERE posted_on >= {first} AND posted_on < {after} GROUP BY ALL),
        book AS (SELECT account_id, coalesce(b.branch_id, a.branch_id) AS branch_id, b.account_id IS NULL AS is_new,
                coalesce(b.currency, a.currency) AS currency, coalesce(b.overdue_amount, 0) AS was_overdue,
                coalesce(a.overdue_amount, 0) AS is_overdue,
                a.account_id IS NULL OR coalesce(a.days_past_due, 0) <= 0 OR a.status = 'closed' AS is_over
            FROM accounts_opening b FULL JOIN accounts a USING (account_id))"""
    counted = f"""
        SELECT h.employee_id, h.team_id, h.department_id, h.partner_id, k.branch_id, h.segment, k.currency,
            NULL AS part, greatest(k.was_overdue, k.is_overdue + coalesce(g.paid, 0))::DECIMAL(38,4) AS overdue,
            CASE WHEN h.account_id IS NULL THEN {after} - {first}
                WHEN is_over AND h.valid_from = w.last THEN {after} - first_day ELSE day_after - first_day END AS days
        FROM book k LEFT JOIN had h USING (account_id) LEFT JOIN worked w USING (account_id)
        LEFT JOIN got g ON g.account_id = k.account_id AND g.currency = k.currency
        WHERE CASE WHEN h.account_id IS NULL THEN NOT is_new ELSE NOT is_over OR h.valid_from <= w.last
            OR w.last IS NULL END"""
    return _summed(counted, "sum(overdue * days) AS overdue_days", beside=beside)


def _ownership(start: date, end: date) -> str:
    """The accounts that somebody worked on any day."""
    counted = f"""
        SELECT o.*, a.branch_id, NULL AS currency, NULL AS part FROM owners o LEFT JOIN accounts a USING (account_id)
        WHERE o.valid_from <= DATE '{end}' AND o.valid_to > DATE '{start}' AND o.owner_kind <> 'house'"""
    return _summed(counted, "count(DISTINCT account_id) AS had")


def _contacts_by_owner(start: date, end: date) -> str:
    """Those of them about which somebody was reached while they had them."""
    counted = f"""
        SELECT o.*, a.branch_id, NULL AS currency, NULL AS part
        FROM contacts e JOIN owners o ON {_owned("e.account_id", "e.started_wall::DATE")}
        LEFT JOIN accounts a ON a.account_id = e.account_id
        WHERE e.started_wall >= DATE '{start}' AND e.started_wall < DATE '{end + timedelta(days=1)}'
        AND {_REACHED} AND o.owner_kind <> 'house'"""
    return _summed(counted, "count(DISTINCT account_id) AS had_contacted")


def _credits(start: date, end: date) -> str:
    """Payments of the period, for the owner on the day of the payment; a reversal counts as what it reverses."""
    counted = f"""
        SELECT o.team_id, o.department_id, o.employee_id, o.partner_id, a.branch_id, o.segment, pay.currency,
            pay.amount - pay.waiver AS recovered, b.account_id IS NOT NULL AS was_overdue,
            CASE WHEN pay.reverses IS NOT NULL AND was.payment_id IS NULL THEN 'original_unknown'
                WHEN was.reverses IS NOT NULL THEN 'original_is_a_reversal'
                WHEN o.account_id IS NULL THEN 'no_owner'
                WHEN o.owner_kind = 'house' THEN 'house' END AS part
        FROM payments pay
        LEFT JOIN payments was ON was.payment_id = pay.reverses
            AND was.posted_on >= DATE '{start - timedelta(days=PAYMENT_DAYS)}'
        LEFT JOIN accounts a ON a.account_id = pay.account_id
        LEFT JOIN owners o ON {_owned("pay.account_id", "coalesce(was.paid_on, pay.paid_on)")}
        LEFT JOIN workable b ON b.account_id = pay.account_id AND b.currency = pay.currency
        WHERE pay.posted_on BETWEEN DATE '{start}' AND DATE '{end}'"""
    sums = """
        sum(recovered) AS recovered, sum(recovered) AS recovered_,
        coalesce(sum(recovered) FILTER (was_overdue), 0) AS recovered_of_overdue"""
    return _summed(counted, sums)


def _expected(start: date, end: date) -> str:
    """Each day of an account at the rate of its cell, for whoever owned it; days of nobody for nobody."""
    days = (end - start).days + 1
    counted = f"""
        SELECT o.employee_id, o.team_id, o.department_id, o.partner_id, b.branch_id, o.segment, b.currency,
            NULL AS part, (b.overdue_amount * o.owned_days * r.rate)::DECIMAL(18, 4) AS expected
        FROM workable b JOIN rates r ON {_same_cell("b", "r")}
        JOIN (SELECT * FROM pieces UNION ALL BY NAME
            SELECT w.account_id, {days} - coalesce(sum(p.owned_days), 0)::BIGINT AS owned_days
            FROM workable w LEFT JOIN pieces p USING (account_id) GROUP BY ALL) o USING (account_id)"""
    pieces = f"""
        pieces AS (SELECT account_id, employee_id, team_id, department_id, partner_id, segment,
                least(valid_to, DATE '{end + timedelta(days=1)}') - greatest(valid_from, DATE '{start}') AS owned_days
            FROM owners WHERE valid_from <= DATE '{end}' AND valid_to > DATE '{start}')"""
    return _summed(counted, "sum(expected) AS expected", beside=pieces)


def _vintages(start: date, end: date) -> str:
    """Each account by the months since it was written off, placed, and opened: what came in, of which base."""
    counted = f"""
        SELECT o.employee_id, o.team_id, o.department_id, o.partner_id, b.branch_id, o.segment, b.currency,
            v.kind || '_' || greatest(0, least(12, date_diff('month', v.since, DATE '{start}'))) AS part,
            v.base, CASE WHEN v.counts THEN coalesce(pay.paid, 0) ELSE 0 END AS paid, v.kind
        FROM accounts_opening b
        LEFT JOIN (SELECT account_id, max_by(placed_on, (placed_on, placement_id)) AS placed_on,
                max_by(balance_at_placement, (placed_on, placement_id)) AS handed_over
            FROM placements WHERE placed_on <= DATE '{start}' AND term_ends_on > DATE '{start}'
                AND coalesce(recalled_on, DATE '9999-12-31') > DATE '{start}' GROUP BY account_id) p USING (account_id)
        LEFT JOIN (SELECT account_id, currency, sum(amount - waiver) AS paid FROM payments
            WHERE posted_on BETWEEN DATE '{start}' AND DATE '{end}' GROUP BY ALL) pay USING (account_id, currency)
        LEFT JOIN owners o ON {_owned("b.account_id", f"DATE '{start}'")}
        CROSS JOIN LATERAL (VALUES ('charge_off', b.charged_off_on, b.balance, true),
            ('placement', p.placed_on, p.handed_over, true),
            ('opening', b.opened_on, b.overdue_amount, b.overdue_amount > 0)) v(kind, since, base, counts)
        WHERE v.since IS NOT NULL"""
    placed = ", ".join(
        f"coalesce(sum({name}) FILTER (kind = 'placement'), 0) AS {name}_placed" for name in ("paid", "base")
    )
    return _summed(counted, f"sum(paid) AS paid_by_age_, sum(base) AS base_by_age_, {placed}")


def workable() -> str:
    """The accounts of the opening book that owed something and could be worked, with their cells."""
    return f"""
        CREATE TEMP TABLE workable AS
        SELECT b.account_id, b.branch_id, b.currency, b.overdue_amount, {_bucket("b")} AS bucket, b.product,
            CASE WHEN b.balance < 1000 THEN 0 ELSE least(len(trunc(b.balance)::BIGINT::VARCHAR) - 3, 7) END AS band
        FROM accounts_opening b
        WHERE b.overdue_amount > 0 AND b.hold = 'none' AND b.status NOT IN ('closed', 'sold')"""


def cells(start: date, end: date) -> str:
    """What this month saw: of all overdue money of a currency, each bucket, each product in it, each band in that."""
    return f"""
        SELECT currency, bucket, product, band, GROUPING(bucket, product, band) AS mask, count(*) AS accounts,
            sum(overdue_amount) AS overdue, sum(coalesce(paid, 0)) AS paid
        FROM workable LEFT JOIN (SELECT account_id, currency, sum(amount - waiver) AS paid FROM payments
            WHERE posted_on BETWEEN DATE '{start}' AND DATE '{end}' GROUP BY ALL) USING (account_id, currency)
        GROUP BY GROUPING SETS ((currency), (currency, bucket), (currency, bucket, product),
            (currency, bucket, product, band))
        ORDER BY mask DESC"""


def _same_cell(one: str, other: str) -> str:
    return " AND ".join(f"{one}.{name} = {other}.{name}" for name in ("currency", "bucket", "product", "band"))


def _contacts(start: date, end: date) -> str:
    """Law: Vietnam by hours, persons and reminders of a debtor a day; China by hours, answered calls, and dials."""
    first = "ORDER BY e.started_at, e.contact_id ROWS UNBOUNDED PRECEDING"
    nth = {
        name: f"count(*) FILTER ({what}) OVER (PARTITION BY {whose}, e.started_wall::DATE {first})"
        for name, what, whose in (
            ("reminder", "direction = 'out'", "a.debtor_id, a.jurisdiction"),
            ("answered", f"{_DIALLED} AND {_ANSWERED}", "a.debtor_id, a.jurisdiction"),
            ("unanswered", f"{_DIALLED} AND NOT ({_ANSWERED})", "e.contact_point_id, a.jurisdiction"),
        )
    }
    numbers = ", ".join(f"{sql} AS {name}" for name, sql in nth.items())
    counted = f"""
        SELECT {_PLACE}, e.channel, e.direction, e.outcome, e.account_id, e.contact_point_id, a.jurisdiction, a.consent,
            e.duration_seconds,
            e.started_wall::TIME AS clock, coalesce(y.duty_to_repay, false) AS has_duty, y.role, {numbers}
        FROM contacts e LEFT JOIN parties y ON y.party_id = e.party_id {_placed("e.started_wall::DATE")}
        WHERE e.started_wall >= DATE '{start}' AND e.started_wall < DATE '{end + timedelta(days=1)}'"""
    sums = f"""
        count(*) FILTER ({_CALLED}) AS calls, 60 * count(*) FILTER ({_CALLED}) AS sixty_calls,
        count(DISTINCT account_id) FILTER ({_REACHED}) AS contacted,
        count(*) FILTER ({_CALLED} AND {_REACHED}) AS right_calls,
        count(*) FILTER ({_CALLED} AND outcome NOT IN ('no_answer', 'busy')) AS answered_calls,
        count(*) FILTER (outcome = 'promise') AS promised, count(*) FILTER ({_REACHED}) AS reached,
        count(*) AS contacts, count(*) FILTER ({_UNLAWFUL}) AS unlawful,
        count(*) FILTER (channel = 'call' AND duration_seconds > 0) AS conversations,
        count(*) FILTER ({_ADVISED_AGAINST}) AS advised_against"""
    return _summed(counted, sums)


def _promises(start: date, end: date) -> str:
    """Promises whose days of grace ended in the period; a payment that was reversed keeps none."""
    counted = f"""
        SELECT {_PLACE.replace("NULL AS currency", "e.currency")}, e.amount,
            e.state <> 'cancelled' AS counts, coalesce(got.paid, 0) AS paid
        FROM ({_newest("promises", "promise_id")}) e {_placed("e.made_on")}
        LEFT JOIN got ON got.promise_id = e.promise_id
        WHERE {_judged("e", start, end)}"""
    paid = f"""
        got AS (SELECT e.promise_id, sum(pay.amount - pay.waiver) AS paid
            FROM ({_newest("promises", "promise_id")}) e JOIN payments pay USING (account_id, currency)
            LEFT JOIN payments was ON was.payment_id = pay.reverses
            WHERE {_judged("e", start, end)} AND pay.posted_on <= DATE '{end}'
            AND coalesce(was.paid_on, pay.paid_on) BETWEEN e.made_on AND e.due_on + {GRACE_DAYS}
            GROUP BY e.promise_id)"""
    sums = """
        count(*) FILTER (counts) AS due, count(*) FILTER (counts AND paid >= 0.9 * amount) AS kept,
        count(*) FILTER (counts AND NOT paid >= 0.9 * amount) AS broken_due,
        coalesce(sum(amount) FILTER (counts AND NOT paid >= 0.9 * amount), 0) AS broken_amount"""
    return _summed(counted, sums, beside=paid)


def _callbacks(start: date, end: date) -> str:
    """Promises that were broken and, in the two days after, called back or not."""
    days = f"""
        judged AS (SELECT promise_id, account_id, currency, made_on, due_on + {GRACE_DAYS} AS until
            FROM ({_newest("promises", "promise_id")})
            WHERE made_on >= DATE '{start - timedelta(days=PROMISE_DAYS)}'
            AND due_on + {GRACE_DAYS + CALLBACK_DAYS} BETWEEN DATE '{start}' AND DATE '{end}'),
        got AS (SELECT j.promise_id, sum(pay.amount - pay.waiver) AS paid
            FROM judged j JOIN payments pay USING (account_id, currency)
            LEFT JOIN payments was ON was.payment_id = pay.reverses
            WHERE pay.posted_on <= DATE '{end}' AND coalesce(was.paid_on, pay.paid_on) BETWEEN j.made_on AND j.until
            AND (pay.reverses IS NULL OR was.payment_id IS NOT NULL) GROUP BY 1),
        called AS (SELECT DISTINCT promise_id FROM judged JOIN contacts c USING (account_id)
            WHERE c.direction = 'out'
            AND c.started_wall::DATE BETWEEN until + 1 AND until + {CALLBACK_DAYS})"""
    counted = f"""
        SELECT {_PLACE}, e.state <> 'cancelled' AND coalesce(got.paid, 0) < 0.9 * e.amount AS is_broken,
            called.promise_id IS NOT NULL AS is_called
        FROM ({_newest("promises", "promise_id")}) e {_placed("e.made_on")}
        JOIN judged j ON j.promise_id = e.promise_id LEFT JOIN got ON got.promise_id = e.promise_id
        LEFT JOIN called ON called.promise_id = e.promise_id"""
    sums = "count(*) FILTER (is_broken) AS broken, count(*) FILTER (is_broken AND is_called) AS called_back"
    return _summed(counted, sums, beside=days)


def _visits(start: date, end: date) -> str:
    """In bulk: within ten minutes of a visit after which its employee recorded two more within ten minutes."""
    near = "PARTITION BY employee_id ORDER BY recorded_at RANGE BETWEEN"
    bulk = f"""
        following AS (SELECT visit_id, employee_id, recorded_at,
                count(*) OVER ({near} CURRENT ROW AND INTERVAL 10 MINUTES FOLLOWING) AS many
            FROM ({_newest("visits", "visit_id")})
            WHERE recorded_at IS NOT NULL AND employee_id IS NOT NULL),
        bulk AS (SELECT visit_id, max(many) OVER ({near} INTERVAL 10 MINUTES PRECEDING AND CURRENT ROW) >= 3 AS in_bulk
            FROM following)"""
    counted = f"""
        SELECT {_PLACE}, e.planned_on, e.made_at, e.recorded_at, e.outcome, bulk.in_bulk
        FROM ({_newest("visits", "visit_id")}) e {_placed("e.planned_on")} LEFT JOIN bulk USING (visit_id)
        WHERE e.planned_on BETWEEN DATE '{start}' AND DATE '{end}'"""
    sums = f"""
        count(*) AS visits, count(*) FILTER (made_at::DATE <= planned_on) AS visits_in_time, count(made_at) AS visited,
        count(*) FILTER (recorded_at <= made_at + INTERVAL 24 HOURS) AS recorded_in_time,
        count(*) FILTER (outcome = 'met_debtor') AS debtors_met, count(recorded_at) AS visits_recorded,
        sum(coalesce(recorded_at::DATE, DATE '{end}') - made_at::DATE)::BIGINT AS days_to_record,
        count(*) FILTER (in_bulk) AS visits_in_bulk"""
    return _summed(counted, sums, beside=bulk)


def _planned_actions(start: date, end: date) -> str:
    """Those judged in the period, on the day after their last one: each with the owners that its account had without a
    break where it was asked for, the first day on which it was done, and the owner of that day or of most days."""
    key = "due_from, number"
    found = f"""
        asked AS (FROM planned_actions WHERE due_by BETWEEN DATE '{start}' - 1 AND DATE '{end}' - 1),
        fitting AS (SELECT q.due_from, q.number, q.due_by, q.proofs, q.effective, q.by_owner, o.*,
                coalesce(o.employee_id, o.partner_id) AS owner_id, o.valid_from > coalesce(lag(o.valid_to)
                    OVER (PARTITION BY q.due_from, q.number ORDER BY o.valid_from), q.due_from) AS is_gap
            FROM asked q JOIN owners o ON o.account_id = q.account_id AND o.valid_from <= DATE '{end}'
                AND o.valid_to > q.due_from AND o.owner_kind <> 'house' AND (q.withdrawn_when = 'leaves_collection'
                    OR o.segment IS NOT DISTINCT FROM q.segment AND o.owner_kind = q.owner_kind)),
        stays AS (FROM fitting
            QUALIFY count(*) FILTER (is_gap) OVER (PARTITION BY {key} ORDER BY valid_from) = 0),
        proofs AS (
            SELECT account_id, started_wall::DATE AS day, channel AS proof, {_REACHED} AS reached,
                coalesce(employee_id, partner_id) AS maker
            FROM contacts WHERE direction = 'out' AND channel <> 'visit' AND started_wall::DATE <= DATE '{end}'
            UNION ALL SELECT account_id, made_at::DATE, 'visit', outcome = 'met_debtor',
                coalesce(employee_id, partner_id)
            FROM ({_newest("visits", "visit_id")}) WHERE made_at::DATE <= DATE '{end}'
            UNION ALL SELECT account_id, opened_on, case_type, false, owner_id
            FROM ({_newest("cases", "case_id")}) WHERE opened_on <= DATE '{end}'),
        done AS (SELECT {key}, min(day) AS done_on FROM stays s JOIN proofs p ON p.account_id = s.account_id
                AND p.day >= greatest(s.due_from, s.valid_from) AND p.day < s.valid_to
            WHERE list_contains(string_split(s.proofs, ','), p.proof) AND (p.reached OR NOT s.effective)
                AND (NOT s.by_owner OR p.maker = s.owner_id) GROUP BY ALL),
        had AS (SELECT s.*, d.done_on, max(valid_to) OVER (PARTITION BY {key}) AS left_on,
                sum(least(valid_to, due_by + 1) - greatest(valid_from, due_from)) FILTER (valid_from <= due_by)
                    OVER (PARTITION BY {key}, owner_kind, owner_id) AS days
            FROM stays s LEFT JOIN done d USING ({key})),
        ended AS (FROM had WHERE valid_from <= due_by QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY
            coalesce(done_on <= due_by AND done_on >= valid_from AND done_on < valid_to, false) DESC,
            days DESC, valid_from DESC) = 1)"""
    at_first = "CASE WHEN e.number IS NULL AND q.owner_kind = '{0}' THEN q.owner_id ELSE e.{0}_id END AS {0}_id"
    counted = f"""
        SELECT {at_first.format("employee")}, {at_first.format("partner")},
            CASE WHEN e.number IS NULL THEN q.team_id ELSE e.team_id END AS team_id,
            CASE WHEN e.number IS NULL THEN q.department_id ELSE e.department_id END AS department_id,
            CASE WHEN e.number IS NULL THEN q.segment ELSE e.segment END AS segment,
            a.branch_id, NULL AS currency, NULL AS part, CASE WHEN e.done_on <= q.due_by THEN 'in time'
                WHEN e.done_on IS NOT NULL THEN 'late' WHEN e.number IS NULL OR e.left_on <= q.due_by + 1
                THEN 'withdrawn' ELSE 'missed' END AS state
        FROM asked q LEFT JOIN ended e USING ({key}) LEFT JOIN accounts a ON a.account_id = q.account_id"""
    sums = """
        count(*) FILTER (state <> 'withdrawn') AS actions_due, count(*) FILTER (state = 'in time') AS actions_in_time,
        count(*) FILTER (state = 'late') AS actions_late, count(*) FILTER (state = 'missed') AS actions_missed"""
    return _summed(counted, sums, beside=found)


def _complaints(start: date, end: date) -> str:
    """Those of the last days, of which those of the period are a part, or the other way round."""
    first = min(start, end - timedelta(days=COMPLAINT_DAYS - 1))
    counted = f"""
        SELECT {_PLACE}, e.finding, e.answered_on - e.received_on AS days, e.received_on >= DATE '{start}' AS is_new,
            e.received_on > DATE '{end - timedelta(days=COMPLAINT_DAYS)}' AS is_recent,
            coalesce(e.answered_on, DATE '{end}') - e.received_on AS days_so_far
        FROM ({_newest("complaints", "complaint_id")}) e {_placed("e.received_on")}
        WHERE e.received_on BETWEEN DATE '{first}' AND DATE '{end}'"""
    sums = """
        count(*) FILTER (is_new) AS complaints, count(*) FILTER (is_new AND finding = 'upheld') AS upheld,
        count(*) FILTER (is_recent AND finding <> 'rejected') AS recent_complaints,
        sum(days) FILTER (is_new)::BIGINT AS days_to_answer, count(days) FILTER (is_new) AS answered,
        sum(days_so_far) FILTER (is_new)::BIGINT AS days_so_far,
        count(*) FILTER (is_recent AND days IS NULL) AS open_complaints"""
    return _summed(counted, sums)


def _complaints_due(start: date, end: date) -> str:
    first, last = (day - timedelta(days=ANSWER_DAYS) for day in (start, end))
    counted = f"""
        SELECT {_PLACE}, e.answered_on - e.received_on <= {ANSWER_DAYS} AS is_in_time
        FROM ({_newest("complaints", "complaint_id")}) e {_placed("e.received_on")}
        WHERE e.received_on BETWEEN DATE '{first}' AND DATE '{last}'"""
    return _summed(counted, "count(*) AS answers_due, count(*) FILTER (is_in_time) AS answered_in_time")


def _costs(start: date, end: date) -> str:
    """A cost centre is the department's in which most of its people are."""
    centre = f"""
        people AS (SELECT cost_centre, department_id, count(*) AS many
            FROM employment t JOIN postings p USING (employee_id)
            WHERE t.valid_from <= DATE '{end}' AND coalesce(t.valid_to > DATE '{end}', true)
            AND p.valid_from <= DATE '{end}' AND p.valid_to > DATE '{end}' GROUP BY ALL),
        centre AS (SELECT * FROM people
            QUALIFY row_number() OVER (PARTITION BY cost_centre ORDER BY many DESC, department_id) = 1)"""
    counted = f"""
        SELECT NULL AS employee_id, NULL AS team_id, c.department_id, NULL AS partner_id, NULL AS branch_id,
            NULL AS segment, e.currency, NULL AS part, e.amount
        FROM costs e LEFT JOIN centre c USING (cost_centre) WHERE e.month = DATE '{start}'"""
    return _summed(counted, "sum(amount) AS cost", beside=centre)


def _reviews(start: date, end: date) -> str:
    counted = f"""
        SELECT {_STAFF}, e.score, e.critical_fail FROM reviews e {_posted("e.reviewed_on")}
        WHERE e.reviewed_on BETWEEN DATE '{start}' AND DATE '{end}'"""
    sums = "sum(score) AS score, count(*) AS reviews, count(*) FILTER (critical_fail) AS critical_fails"
    return _summed(counted, sums)


_OF_PARTNER = """NULL AS employee_id, NULL AS team_id, NULL AS department_id, e.partner_id, NULL AS branch_id,
            NULL AS segment, NULL AS currency, NULL AS part"""


def _partner_reviews(start: date, end: date) -> str:
    counted = f"""
        SELECT {_OF_PARTNER}, e.score, e.has_recording, e.critical_fail, e.contact_id FROM partner_reviews e
        WHERE e.reviewed_on BETWEEN DATE '{start}' AND DATE '{end}'"""
    sums = """
        count(*) AS partner_reviews, count(*) FILTER (contact_id IS NOT NULL) AS partner_calls_reviewed,
        coalesce(sum(score), 0) AS partner_score, count(score) AS partner_scored,
        count(*) FILTER (has_recording) AS with_recording, count(*) FILTER (critical_fail) AS partner_fails"""
    return _summed(counted, sums)


def _confirmed_signals(start: date, end: date) -> str:
    counted = f"""
        SELECT e.employee_id, p.team_id, p.department_id, e.partner_id, NULL AS branch_id, NULL AS segment,
            NULL AS currency, NULL AS part FROM confirmed_signals e {_posted("e.opened_on")}
        WHERE e.opened_on BETWEEN DATE '{start}' AND DATE '{end}'"""
    return _summed(counted, "count(*) AS confirmed_signals")


def _partner_reports(start: date, end: date) -> str:
    """Judged in the month in which they are due, by what the newest row of each says."""
    counted = f"""
        SELECT {_OF_PARTNER}, e.staff, e.received_on <= e.due_on AND e.accepted AS in_time
        FROM ({_newest("partner_reports", "report_id")}) e WHERE e.due_on BETWEEN DATE '{start}' AND DATE '{end}'"""
    sums = """
        count(*) AS returns_due, count(*) FILTER (in_time) AS returned_in_time,
        coalesce(sum(staff), 0)::BIGINT AS staff, count(staff) AS staff_lists"""
    return _summed(counted, sums)


def _handed_files(start: date, end: date) -> str:
    counted = f"""
        SELECT {_OF_PARTNER}, e.answered_on <= e.due_on AS in_time FROM handed_files e
        WHERE e.due_on BETWEEN DATE '{start}' AND DATE '{end}'"""
    return _summed(counted, "count(*) AS files_due, count(*) FILTER (in_time) AS files_in_time")


def _attendance(start: date, end: date) -> str:
    counted = f"""
        SELECT {_STAFF}, e.minutes_worked FROM attendance e {_posted("e.day")}
        WHERE e.day BETWEEN DATE '{start}' AND DATE '{end}'"""
    return _summed(counted, "sum(minutes_worked)::BIGINT AS minutes")


def _staff(end: date) -> str:
    """Whoever is away at the end, for thirty days or more on one parental or unpaid leave, does not count."""
    counted = f"""
        SELECT NULL AS employee_id, p.team_id, p.department_id, NULL AS partner_id, NULL AS branch_id, NULL AS segment,
            NULL AS currency, NULL AS part
        FROM postings p JOIN employment t USING (employee_id)
        WHERE DATE '{end}' >= p.valid_from AND DATE '{end}' < p.valid_to
            AND DATE '{end}' >= greatest(t.valid_from, t.hired_on)
            AND DATE '{end}' < least(coalesce(t.valid_to, DATE '9999-12-31'), coalesce(t.exited_on, DATE '9999-12-31'))
            AND employee_id NOT IN (
                SELECT employee_id FROM leave WHERE leave_type IN ('parental', 'unpaid')
                    AND starts_on <= DATE '{end}' AND ends_on > DATE '{end}' AND ends_on - starts_on >= 30)"""
    return _summed(counted, "count(*) AS heads")


def _summed(counted: str, sums: str, *, beside: str = "") -> str:
    """The sums of every entity of every grain; rows without one at a grain count at the others only."""
    sets = ", ".join(f"({name}, currency, part)" for name in (*_ENTITIES, "employee_id, department_id"))
    grains = " ".join(
        f"WHEN {63 - 2**place} THEN '{name.removesuffix('_id')}'" for place, name in enumerate(reversed(_ENTITIES))
    )
    grains += f" WHEN {63 - 32 - 8} THEN 'posting'"
    entity = f"coalesce(employee_id || '@' || department_id, {', '.join(_ENTITIES)})"
    return f"""
        WITH {beside + "," if beside else ""} counted AS ({counted})
        SELECT CASE GROUPING({", ".join(_ENTITIES)}) {grains} ELSE 'portfolio' END AS grain,
            coalesce({entity}, 'portfolio') AS entity, currency, part, {sums}
        FROM counted GROUP BY GROUPING SETS ({sets}, (currency, part))
        HAVING CASE grain WHEN 'portfolio' THEN true WHEN 'posting' THEN (employee_id, department_id) IN (FROM moved)
            ELSE {entity} IS NOT NULL END"""


def _placed(day: str) -> str:
    return f"""
        {_posted(day)}
        LEFT JOIN accounts a ON a.account_id = e.account_id
        LEFT JOIN owners o ON {_owned("e.account_id", day)}"""


def _posted(day: str) -> str:
    return f"""
        LEFT JOIN postings p ON p.employee_id = e.employee_id AND p.valid_from <= {day} AND {day} < p.valid_to"""


def _owned(account: str, day: str) -> str:
    return f"o.account_id = {account} AND o.valid_from <= {day} AND {day} < o.valid_to"


def _newest(table: str, key: str) -> str:
    """The newest version of each row of an increment table: a file lies in the folder of its date."""
    return f"FROM {table} QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY filename DESC) = 1"


def _judged(promise: str, start: date, end: date) -> str:
    return f"""{promise}.made_on >= DATE '{start - timedelta(days=PROMISE_DAYS)}'
            AND {promise}.due_on + {GRACE_DAYS} BETWEEN DATE '{start}' AND DATE '{end}'"""


def _bucket(table: str) -> str:
    """0 is current, 1 is 1 to 30 days past due … 7 is 181 and more."""
    return f"least((greatest({table}.days_past_due, 0) + 29) // 30, 7)"
