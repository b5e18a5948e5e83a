"""What is done on the accounts: contacts, promises, visits, complaints and reviews."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb

from adapters.demo.accounts import CURRENCY, REGIONS, account_id, contact_point_id, has_party, money, party_id
from adapters.demo.draws import Draws
from adapters.demo.plan import DemoPlan
from adapters.demo.standing import standing
from adapters.demo.work import seat_of

GRACE_DAYS = 2  # a promise is kept if what was promised is booked by then


@dataclass(frozen=True, slots=True)
class _Way:
    """How those who work a segment go about it: tries a day, in thousandths of the accounts, on working days and on
    others; then how the tries are made, in hundredths. What is left over is called."""

    segment: str
    working: int
    resting: int
    bot: int = 0
    sms: int = 0
    email: int = 0
    letter: int = 0

    def row(self) -> str:
        sms = self.bot + self.sms
        email = sms + self.email
        figures = (self.working, self.resting, self.bot, sms, email, email + self.letter)
        return f"('{self.segment}', {', '.join(map(str, figures))})"


_WAYS = (
    _Way("phone_early", 255, 85, bot=35, sms=25, email=2),
    _Way("phone_late", 265, 80, bot=10, sms=14, email=4),
    _Way("field", 152, 14, sms=20, letter=6),
    _Way("legal", 118, 5, sms=10, email=15, letter=25),
    _Way("restructuring", 225, 5, email=18),
    _Way("partner", 205, 32, sms=18),
    _Way("house", 45, 15, sms=100),
)
_MOST_TRIES = max(way.working for way in _WAYS)
_VISITED_PERMILLE = {"field": 55, "partner": 8}
_CENTRES = {  # millionths of a degree
    "Hanoi": (21_028_000, 105_834_000),
    "Hai Phong": (20_844_000, 106_688_000),
    "Nghe An": (18_673_000, 105_692_000),
    "Da Nang": (16_054_000, 108_202_000),
    "Khanh Hoa": (12_238_000, 109_196_000),
    "Dak Lak": (12_667_000, 108_038_000),
    "Dong Nai": (10_946_000, 106_824_000),
    "Ho Chi Minh City": (10_776_000, 106_700_000),
    "Can Tho": (10_034_000, 105_788_000),
    "Guangxi": (22_817_000, 108_366_000),
    "Guangdong": (23_129_000, 113_264_000),
    "Yunnan": (25_038_000, 102_718_000),
    "Shanghai": (31_230_000, 121_473_000),
}

# Who works an account, of the columns of a standing: a partner, a department, or nobody outside the house.
SEGMENT = """CASE
    WHEN closed OR hold IN ('legal', 'deceased', 'fraud') THEN 'house'
    WHEN partner_no IS NOT NULL AND placed_on <= day AND recalled_on > day THEN 'partner'
    WHEN case_on <= day AND decided_on > day THEN 'restructuring'
    WHEN days_past_due = 0 THEN 'house'
    WHEN days_past_due <= 30 THEN 'phone_early'
    WHEN days_past_due <= 90 THEN 'phone_late'
    WHEN days_past_due <= 180 THEN 'field'
    ELSE 'legal' END"""


def make_activity_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes way, and the tables that the batches fill."""
    connection.execute(f"""
        CREATE TABLE way AS FROM (VALUES {", ".join(way.row() for way in _WAYS)})
            AS ways (segment, working, resting, bot_below, sms_below, email_below, letter_below)""")
    connection.execute("""
        CREATE TABLE talk (day DATE, employee_id VARCHAR, seconds BIGINT);
        CREATE TABLE promise (n BIGINT, jurisdiction VARCHAR, made_on DATE, due_on DATE, amount BIGINT,
            employee_id VARCHAR, partner_id VARCHAR, cancelled BOOLEAN);
        CREATE TABLE complaint (n BIGINT, attempt BIGINT, debtor_no BIGINT, jurisdiction VARCHAR, employee_id VARCHAR,
            partner_id VARCHAR, received_on DATE, complaint_type VARCHAR, answered_on DATE, finding VARCHAR);
        CREATE TABLE review (n BIGINT, attempt BIGINT, employee_id VARCHAR, reviewed_on DATE, score BIGINT,
            critical_fail BOOLEAN);
        CREATE TABLE partner_review (n BIGINT, attempt BIGINT, visit_id VARCHAR, partner_id VARCHAR, reviewed_on DATE,
            score BIGINT, critical_fail BOOLEAN);
        CREATE TABLE visit (n BIGINT, jurisdiction VARCHAR, employee_id VARCHAR, partner_id VARCHAR, plan_on DATE,
            planned_on DATE, made_at TIMESTAMP, recorded_at TIMESTAMP, latitude BIGINT, longitude BIGINT,
            outcome VARCHAR, final_on DATE);
    """)


def act(
    connection: duckdb.DuckDBPyConnection, plan: DemoPlan, index: int, days: tuple[date, ...], draws: Draws
) -> None:
    """Makes contact_batch, the contacts of `days` of month `index`, and what follows; and the visits of `days`."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE contact_batch AS {_contacts(plan, index, days, draws)}")
    for follow in (_talks(), _promises(draws), _complaints(draws), _reviews(draws)):
        connection.execute(follow)
    connection.execute(_reviews_of_partners(draws))
    connection.execute(_visits(plan, index, days, draws, regions_of_a_seat(connection)))


def contacts(day: date) -> str:
    wall = "CAST(day AS TIMESTAMP) + to_seconds(second)"
    return f"""
    SELECT n, attempt, {contact_id("n", "attempt", day)} AS contact_id, {account_id("n")} AS account_id,
        {party_id("debtor_no", "role_no")} AS party_id,
        CASE WHEN channel IN ('call', 'bot', 'sms') THEN {contact_point_id("debtor_no", "role_no", "1")} END
            AS contact_point_id,
        employee_id, partner_id, {wall} - to_hours(CASE jurisdiction WHEN 'CN' THEN 8 ELSE 7 END) AS started_at,
        {wall} AS started_wall, channel, direction, outcome, duration_seconds
    FROM contact_batch WHERE day = DATE '{day}'"""


def contact_id(n: str, attempt: str, day: date | str) -> str:
    prefix = f"'C{day:%Y%m%d}-'" if isinstance(day, date) else f"'C' || strftime({day}, '%Y%m%d') || '-'"
    return f"{prefix} || lpad(CAST({n} AS VARCHAR), 9, '0') || '-' || {attempt}"


def make_promise_results(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes promise_result: a promise is kept if what was booked from its making to the end of the grace covers it."""
    connection.execute(f"""
        CREATE TABLE promise_result AS
        SELECT p.n, p.made_on, CASE WHEN any_value(p.cancelled) THEN p.made_on + 1
                ELSE any_value(p.due_on) + {GRACE_DAYS} END AS resolved_on,
            CASE WHEN any_value(p.cancelled) THEN 'cancelled'
                WHEN coalesce(sum(pay.amount), 0) >= any_value(p.amount) THEN 'kept' ELSE 'broken' END AS state
        FROM promise AS p LEFT JOIN payment AS pay ON pay.n = p.n AND pay.paid_on >= p.made_on
            AND pay.posted_on BETWEEN p.made_on AND p.due_on + {GRACE_DAYS}
        GROUP BY p.n, p.made_on""")


def promises(day: str) -> str:
    """The promises made on the day, open; and those whose result is known that day."""
    columns = f"""'M' || strftime(made_on, '%Y%m%d') || '-' || lpad(CAST(n AS VARCHAR), 9, '0') AS promise_id,
        {account_id("n")} AS account_id, employee_id, partner_id, made_on, due_on, {money("amount")} AS amount,
        {CURRENCY} AS currency"""
    return f"""
    SELECT {columns}, 'open' AS state FROM promise WHERE made_on = {day}
    UNION ALL
    SELECT {columns}, state FROM promise JOIN promise_result USING (n, made_on) WHERE resolved_on = {day}"""


def visits(day: str) -> str:
    """The plans made on the day, and the results recorded that day."""
    key = "'V' || strftime(planned_on, '%Y%m%d') || '-' || lpad(CAST(n AS VARCHAR), 9, '0') AS visit_id"
    return f"""
    SELECT {key}, {account_id("n")} AS account_id, employee_id, partner_id, planned_on, NULL AS made_at,
        NULL AS recorded_at, NULL AS latitude, NULL AS longitude, 'planned' AS outcome
    FROM visit WHERE plan_on = {day}
    UNION ALL
    SELECT {key}, {account_id("n")}, employee_id, partner_id, planned_on, made_at, recorded_at,
        {_degrees("latitude")}, {_degrees("longitude")}, outcome
    FROM visit WHERE final_on = {day}"""


def complaints(day: str) -> str:
    columns = f"""'X' || strftime(received_on, '%Y%m%d') || '-' || lpad(CAST(n AS VARCHAR), 9, '0') || '-' || attempt
        AS complaint_id, {account_id("n")} AS account_id, employee_id, partner_id, received_on, complaint_type"""
    return f"""
    SELECT {columns}, CAST(NULL AS DATE) AS answered_on, 'open' AS finding FROM complaint WHERE received_on = {day}
    UNION ALL SELECT {columns}, answered_on, finding FROM complaint WHERE answered_on = {day}"""


def reviews(day: str) -> str:
    return f"""
    SELECT 'W' || strftime(reviewed_on, '%Y%m%d') || '-' || lpad(CAST(n AS VARCHAR), 9, '0') || '-' || attempt
            AS review_id, employee_id, {contact_id("n", "attempt", "reviewed_on")} AS contact_id, reviewed_on,
        CAST(CAST(score AS DECIMAL(3,0)) * CAST('0.01' AS DECIMAL(2,2)) AS DECIMAL(18,10)) AS score, critical_fail
    FROM review WHERE reviewed_on = {day}"""


def partner_reviews(day: str) -> str:
    """Calls and visits of partners that were looked at; without a recording there is nothing to score."""
    return f"""
    SELECT 'Z' || strftime(reviewed_on, '%Y%m%d') || '-' || lpad(CAST(n AS VARCHAR), 9, '0') || '-'
            || coalesce(CAST(attempt AS VARCHAR), 'V') AS review_id, partner_id,
        CASE WHEN visit_id IS NULL THEN {contact_id("n", "attempt", "reviewed_on")} END AS contact_id, visit_id,
        reviewed_on, score IS NOT NULL AS has_recording,
        CAST(CAST(score AS DECIMAL(3,0)) * CAST('0.01' AS DECIMAL(2,2)) AS DECIMAL(18,10)) AS score, critical_fail
    FROM partner_review WHERE reviewed_on = {day}"""


def _contacts(plan: DemoPlan, index: int, days: tuple[date, ...], draws: Draws) -> str:
    """One row per attempt. An account is tried on a day or not, then once, twice or three times."""
    works = "CASE jurisdiction WHEN 'CN' THEN works_cn ELSE works_vn END"
    again = draws.sql("tries again", "n", 100, salted_by="salt")
    return f"""
    WITH tried AS ({_drawn("tries", index, days, _MOST_TRIES, draws)}),
    working AS (
        SELECT *, {SEGMENT} AS segment, {works} AS works
        FROM ({standing("tried", "day", plan.months[index], index)})
        WHERE entered AND NOT closed AND hold NOT IN ('legal', 'deceased', 'fraud')
    ),
    attempted AS (
        SELECT w.*, way.*, desk.seats,
            unnest(range(1, 2 + CAST({again} < 25 AS BIGINT) + CAST({again} < 9 AS BIGINT))) AS attempt
        FROM working AS w JOIN way USING (segment)
        LEFT JOIN desk ON desk.jurisdiction = w.jurisdiction AND desk.department_id = w.segment
        WHERE drawn < CASE WHEN works THEN way.working ELSE way.resting END
    ),
    dealt AS (
        SELECT *, n * 8 + attempt AS try, {seat_of("debtor_no", draws)} AS seat_no, {_deal(draws)} FROM attempted
    ),
    channelled AS (
        SELECT *, CASE WHEN way_draw < bot_below THEN 'bot' WHEN way_draw < sms_below THEN 'sms'
            WHEN way_draw < email_below THEN 'email' WHEN way_draw < letter_below THEN 'letter'
            ELSE 'call' END AS channel
        FROM dealt
    ),
    staffed AS (
        SELECT c.*, CASE WHEN c.segment = 'partner' THEN partner.partner_id END AS partner_id,
            CASE WHEN c.channel IN ('call', 'email', 'letter') THEN r.employee_id END AS employee_id
        FROM channelled AS c
        LEFT JOIN roster AS r ON r.day = c.day AND r.jurisdiction = c.jurisdiction AND r.department_id = c.segment
            AND r.seat_no = c.seat_no
        LEFT JOIN partner ON partner.partner_no = c.partner_no
        WHERE c.channel IN ('bot', 'sms') OR c.segment = 'partner' OR r.employee_id IS NOT NULL
    ),
    answered AS (SELECT *, {_role(draws)} AS role_no, {_outcome()} AS answer FROM staffed),
    said AS (SELECT *, answer IN ('right_party', 'promise', 'refused') AS spoke FROM answered)
    SELECT day, n, attempt, debtor_no, jurisdiction, instalment, salt, try, role_no, employee_id, partner_id, channel,
        {_second()} AS second, upcoming_amount, upcoming_on,
        CASE WHEN role_no = 2 AND spoke THEN 'third_party' ELSE answer END AS outcome,
        CASE WHEN spoke AND role_no < 2 AND channel = 'call' AND inbound_draw < 8 THEN 'in' ELSE 'out' END AS direction,
        CASE WHEN spoke THEN 30 + length_draw WHEN answer IN ('wrong_party', 'third_party') THEN 8 + length_draw % 50
            ELSE 0 END AS duration_seconds
    FROM said"""


def _deal(draws: Draws) -> str:
    """The draws of an attempt, each made once."""
    figures = {"way": 100, "whom": 1000, "line": 1000, "talk": 100, "hour": 1000, "minute": 720, "second": 60}
    return ", ".join(
        f"{draws.sql(purpose, 'n * 8 + attempt', below, salted_by='salt')} AS {purpose}_draw"
        for purpose, below in {**figures, "inbound": 100, "length": 330}.items()
    )


def _drawn(purpose: str, index: int, days: tuple[date, ...], below: int, draws: Draws) -> str:
    """The accounts that a day's draw picks; few enough that how each stands is computed for these alone."""
    drawn = draws.sql(purpose, "n", 1000, salted_by="salt")
    return f"""
        SELECT *, {_upcoming("amount")} AS upcoming_amount, {_upcoming("on")} AS upcoming_on FROM (
            SELECT m.*, d.day, d.salt, d.works_vn, d.works_cn, {drawn} AS drawn
            FROM month_{index} AS m CROSS JOIN (
                SELECT * FROM book_day WHERE day BETWEEN DATE '{days[0]}' AND DATE '{days[-1]}') AS d
            WHERE {drawn} < {below}
        )"""


def _upcoming(part: str) -> str:
    """The payment that the debtor will make within nine days: those about to pay are the ones who promise."""
    return f"""CASE WHEN p1_on > day AND p1_on <= day + 9 AND p1_amount > 0 THEN p1_{part}
        WHEN p2_on > day AND p2_on <= day + 9 AND p2_amount > 0 THEN p2_{part} END"""


def _role(draws: Draws) -> str:
    """Whom the attempt is for: the debtor, now and then the guarantor, and seldom a reference."""
    return f"""CASE WHEN whom_draw < 60 AND {has_party("debtor_no", "1", draws)} THEN 1
        WHEN whom_draw >= 985 AND {has_party("debtor_no", "2", draws)} THEN 2 ELSE 0 END"""


def _outcome() -> str:
    """Nothing is known to come of a message; a machine reaches fewer people than a caller."""
    said = """CASE WHEN talk_draw < CASE WHEN upcoming_on IS NULL THEN 11 ELSE 48 END THEN 'promise'
        WHEN talk_draw < CASE WHEN upcoming_on IS NULL THEN 78 ELSE 93 END THEN 'right_party' ELSE 'refused' END"""
    return f"""CASE
        WHEN channel = 'call' THEN CASE WHEN line_draw < 480 THEN 'no_answer' WHEN line_draw < 570 THEN 'busy'
            WHEN line_draw < 600 THEN 'wrong_party' WHEN line_draw < 660 THEN 'third_party' ELSE {said} END
        WHEN channel = 'bot' THEN CASE WHEN line_draw < 640 THEN 'no_answer' WHEN line_draw < 740 THEN 'busy'
            WHEN line_draw < 765 THEN 'wrong_party' WHEN line_draw < 785 THEN 'third_party' ELSE {said} END
        ELSE 'no_answer' END"""


def _second() -> str:
    """Second of the debtor's day: from 08:00 to 17:30, one try in four up to 20:00; and two calls in a thousand after
    22:00, outside every law."""
    return """60 * (CASE WHEN channel = 'call' AND hour_draw < 2 THEN 1325 + minute_draw % 40
        WHEN hour_draw < 250 THEN 480 + minute_draw ELSE 480 + minute_draw % 570 END) + second_draw"""


def _talks() -> str:
    return """
    INSERT INTO talk SELECT day, employee_id, sum(duration_seconds + 20) FROM contact_batch
    WHERE employee_id IS NOT NULL AND channel = 'call' GROUP BY ALL"""


def _promises(draws: Draws) -> str:
    """One promise per account and day. Who is about to pay mostly promises that sum, sometimes more than it."""
    more = draws.sql("promises more", "try", 100, salted_by="salt")
    days = draws.sql("promise days", "try", 10, salted_by="salt")
    return f"""
    INSERT INTO promise
    SELECT n, jurisdiction, day, coalesce(upcoming_on, day + 1 + CAST({days} AS INTEGER)),
        CASE WHEN upcoming_amount IS NULL THEN instalment WHEN {more} < 12 THEN upcoming_amount * 13 // 10
            ELSE upcoming_amount END,
        employee_id, partner_id, {draws.sql("cancels", "try", 100, salted_by="salt")} < 2
    FROM contact_batch WHERE outcome = 'promise'
    QUALIFY row_number() OVER (PARTITION BY day, n ORDER BY attempt) = 1"""


def _complaints(draws: Draws) -> str:
    answered = f"CAST(4 + {draws.sql('answered', 'try', 18, salted_by='salt')} AS INTEGER)"
    kind = draws.sql("complains of", "try", 5, salted_by="salt")
    return f"""
    INSERT INTO complaint
    SELECT n, attempt, debtor_no, jurisdiction, employee_id, partner_id, day,
        ['conduct', 'hours', 'third_party', 'amount', 'other'][1 + {kind}], day + {answered},
        CASE WHEN {draws.sql("upheld", "try", 100, salted_by="salt")} < 30 THEN 'upheld' ELSE 'rejected' END
    FROM contact_batch
    WHERE duration_seconds > 0 AND (employee_id IS NOT NULL OR partner_id IS NOT NULL)
        AND {draws.sql("complains", "try", 1000, salted_by="salt")} < 4"""


def _reviews(draws: Draws) -> str:
    return f"""
    INSERT INTO review
    SELECT n, attempt, employee_id, day, 62 + {draws.sql("score", "try", 39, salted_by="salt")},
        second >= 79200 OR {draws.sql("critical", "try", 1000, salted_by="salt")} < 12
    FROM contact_batch
    WHERE duration_seconds >= 30 AND employee_id IS NOT NULL AND channel = 'call'
        AND {draws.sql("reviewed", "try", 1000, salted_by="salt")} < 40"""


def _reviews_of_partners(draws: Draws) -> str:
    """Six in a hundred of the conversations that partners have; one partner in four records carelessly."""
    careless = draws.sql("partner records carelessly", "partner_no", 4)
    lost = (
        f"{draws.sql('recording lost', 'c.try', 100, salted_by='salt')} < CASE WHEN {careless} = 0 THEN 20 ELSE 2 END"
    )
    return f"""
    INSERT INTO partner_review
    SELECT c.n, c.attempt, NULL, c.partner_id, c.day,
        CASE WHEN NOT ({lost}) THEN 62 + {draws.sql("score of partner", "c.try", 39, salted_by="salt")} END,
        c.second >= 79200 OR {draws.sql("critical of partner", "c.try", 1000, salted_by="salt")} < 12
    FROM contact_batch AS c JOIN partner USING (partner_id)
    WHERE c.duration_seconds >= 30 AND c.channel = 'call'
        AND {draws.sql("partner reviewed", "c.try", 1000, salted_by="salt")} < 60"""


def _visits(plan: DemoPlan, index: int, days: tuple[date, ...], draws: Draws, most_regions: int) -> str:
    """Visits of working days, planned one to three days ahead; eight in a hundred are missed, six are a day late, and
    eight are recorded only at five o'clock of a later Friday, many at once. `most_regions` is how many a seat has."""
    result = draws.sql("visit result", "n", 100, salted_by="salt")
    minutes = draws.sql("minutes", "n", 240, salted_by="salt")
    hours = draws.sql("hours", "n", 13, salted_by="salt")
    record = draws.sql("records", "n", 100, salted_by="salt")
    friday = "date_trunc('week', made_at + INTERVAL 3 DAY) + INTERVAL 4 DAY + INTERVAL 17 HOUR"
    drawn = max(_VISITED_PERMILLE["field"] * most_regions, _VISITED_PERMILLE["partner"])
    return f"""
    INSERT INTO visit
    WITH tried AS ({_drawn("visit", index, days, drawn, draws)}),
    working AS (
        SELECT *, {SEGMENT} AS segment, {_coordinate(0, draws)} AS latitude, {_coordinate(1, draws)} AS longitude
        FROM ({standing("tried", "day", plan.months[index], index)})
        WHERE entered AND CASE jurisdiction WHEN 'CN' THEN works_cn ELSE works_vn END
    ),
    territories AS ({_territories(draws)}),
    planned AS (
        SELECT w.*, r.employee_id, CASE WHEN w.segment = 'partner' THEN partner.partner_id END AS partner_id,
            {result} AS drawn_result, {draws.sql("visit late", "w.n", 100, salted_by="salt")} < 6
                AND (next_day.employee_id IS NOT NULL OR w.segment = 'partner') AS is_late
        FROM territories AS w
        LEFT JOIN roster AS r ON r.day = w.day AND r.jurisdiction = w.jurisdiction AND r.department_id = w.segment
            AND r.seat_no = w.seat_no
        LEFT JOIN partner ON partner.partner_no = w.partner_no
        LEFT JOIN presence AS next_day ON next_day.day = w.day + 1 AND next_day.employee_id = r.employee_id
            AND next_day.at_work
        WHERE r.employee_id IS NOT NULL OR w.segment = 'partner'
        QUALIFY r.employee_id IS NULL OR region = first_value(region) OVER (
            PARTITION BY r.employee_id, w.day ORDER BY (w.seat_no + week) % w.seats, region)
    ),
    timed AS ({_timed(draws)}),
    done AS (
        SELECT *, day - CAST(1 + {draws.sql("plans ahead", "n", 3, salted_by="salt")} AS INTEGER) AS plan_on,
            CASE WHEN drawn_result >= 8 AND minute < {_DAY_ENDS} THEN drawn_result ELSE 0 END AS result,
            CASE WHEN drawn_result >= 8 AND minute < {_DAY_ENDS}
                THEN CASE WHEN is_late THEN day + 1 ELSE day END + to_minutes(minute) END AS made_at
        FROM timed
    ),
    recorded AS (
        SELECT *, CASE WHEN {record} < 80 THEN made_at + to_minutes(5 + {minutes})
            WHEN {record} < 92 THEN made_at + to_hours(10 + {hours})
            ELSE {friday} END AS recorded_at
        FROM done
    )
    SELECT n, jurisdiction, employee_id, partner_id, plan_on, day, made_at, recorded_at,
        CASE WHEN made_at IS NOT NULL THEN latitude END, CASE WHEN made_at IS NOT NULL THEN longitude END,
        CASE WHEN result < 8 THEN 'missed' WHEN result < 46 THEN 'met_debtor' WHEN result < 64 THEN 'met_other'
            WHEN result < 92 THEN 'nobody' ELSE 'moved' END,
        coalesce(CAST(recorded_at AS DATE), day + 1)
    FROM recorded"""


_DAY_ENDS = 1_135  # minute of the day: what the route does not reach by then is missed
_ROUTE_BEGINS = 540
_LATE_BEGIN = 480  # what was left over from yesterday is done before the day's own route


def regions_of_a_seat(connection: duckdb.DuckDBPyConnection) -> int:
    """The most regions that one seat of the field has: one in a large department, all of them in a small one."""
    seats = dict(connection.execute("SELECT jurisdiction, seats FROM desk WHERE department_id = 'field'").fetchall())
    return max([-(-len(REGIONS[name]) // count) for name, count in seats.items()], default=1)


def _territories(draws: Draws) -> str:
    """Which seat of the field a debtor's region belongs to, and whether this is its week.

    Nobody visits Hanoi and Can Tho on one day. Where there are more seats than regions, a region is shared by several;
    where there are fewer, a seat has several regions, one each week, and then as many visits more.
    """
    number = " ".join(
        f"WHEN '{region}' THEN {place}" for regions in REGIONS.values() for place, region in enumerate(regions)
    )
    count = " ".join(f"WHEN '{name}' THEN {len(regions)}" for name, regions in REGIONS.items())
    shared = draws.sql("field seat", "debtor_no", "(seats - 1 - region_no) // regions + 1")
    field = _VISITED_PERMILLE["field"]
    return f"""
        SELECT *, CASE WHEN seats >= regions THEN region_no + regions * ({shared}) ELSE region_no % seats END AS seat_no
        FROM (
            SELECT w.*, desk.seats, CASE region {number} END AS region_no, CASE w.jurisdiction {count} END AS regions,
                date_diff('week', DATE '2000-01-03', day) AS week
            FROM working AS w
            LEFT JOIN desk ON desk.jurisdiction = w.jurisdiction AND desk.department_id = w.segment
        )
        WHERE CASE segment WHEN 'partner' THEN drawn < {_VISITED_PERMILLE["partner"]}
            WHEN 'field' THEN CASE WHEN seats >= regions THEN drawn < {field}
                ELSE week % ((regions - 1 - region_no % seats) // seats + 1) = region_no // seats
                    AND drawn < {field} * ((regions - 1 - region_no % seats) // seats + 1) END
            ELSE false END"""


def _timed(draws: Draws) -> str:
    """When each visit is made. A collector drives from west to east, at 30 kilometres an hour, and stays for twelve
    minutes or more; of a partner's people it is not known who went where."""
    minute = draws.sql("visit minute", "n", 600, salted_by="salt")
    stays = draws.sql("stays", "n", 16, salted_by="salt")
    start = f"CASE WHEN is_late THEN {_LATE_BEGIN} ELSE {_ROUTE_BEGINS} END"
    route = "PARTITION BY employee_id, day, is_late ORDER BY longitude, n"
    return f"""
        SELECT *, CASE WHEN employee_id IS NULL THEN 480 + {minute}
            ELSE {start} + CAST(sum(leg) OVER ({route} ROWS UNBOUNDED PRECEDING) AS BIGINT) END AS minute
        FROM (
            SELECT *, {stays} + coalesce(12 + (abs(latitude - lag(latitude) OVER ({route}))
                + abs(longitude - lag(longitude) OVER ({route}))) * 111 // 500000, 0) AS leg
            FROM planned
        )"""


def _coordinate(axis: int, draws: Draws) -> str:
    """The debtor's place, some kilometres around the region's centre, and a few metres of the day's own."""
    arms = " ".join(f"WHEN '{region}' THEN {centre[axis]}" for region, centre in _CENTRES.items())
    home = draws.sql(f"home {axis}", "debtor_no", 240_000)
    return f"CASE region {arms} END - 120000 + {home} + {draws.sql(f'stands {axis}', 'n', 300, salted_by='salt')}"


def _degrees(millionths: str) -> str:
    return f"CAST(CAST({millionths} AS DECIMAL(9,0)) * CAST('0.000001' AS DECIMAL(6,6)) AS DECIMAL(9,6))"
