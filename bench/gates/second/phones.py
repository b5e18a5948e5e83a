"""Incidents of telephone systems, dialler campaigns, number lists, and the field team's telephones."""

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
    among,
    changed,
    dealt,
    lost,
)
from bench.gates.second.forms import A_NIGHT, ONE_OF_THEM, ROW_TO_ALL, ROW_TO_FIFTH, THREE

_CHINESE = "account_id IN (SELECT account_id FROM accounts WHERE jurisdiction = 'CN')"
_OFFSET = "(started_wall - started_at)"

KINDS = (
    Kind(
        "phones.contacts.hours_lost",
        "the log has a gap in the middle of the morning: the disk of the exchange was full",
        (
            Rows(
                "contacts",
                lost(),
                of="started_wall >= CAST($day AS TIMESTAMP) + INTERVAL 10 HOUR"
                " AND started_wall < CAST($day AS TIMESTAMP) + INTERVAL 10 HOUR + $level * INTERVAL 1 HOUR",
            ),
        ),
        ONE_OF_THEM,
        "an hour in which a whole centre reached nobody; attempts limited by law are not counted",
        (ONE_OF_THEM, THREE),
        Unit.GROUPS,
        A_NIGHT,
    ),
    Kind(
        "phones.contacts.clock_drifted",
        "the exchange's clock, in UTC, runs 17 minutes ahead; the debtors' clock comes from elsewhere",
        (Rows("contacts", changed(started_at="started_at + INTERVAL 17 MINUTE"), of="channel = 'call'"),),
        TWENTY,
        "no place on earth is 7 hours and 17 minutes off; one odd stamp is nothing",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "phones.contacts.wall_clock_of_the_server",
        "the debtors' clock is the server's in Vietnam, for debtors in China too",
        (Rows("contacts", changed(started_wall="started_at + INTERVAL 7 HOUR"), of=_CHINESE),),
        ONE_ROW,
        "a call after the hours that the law allows looks lawful",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "phones.contacts.stamped_at_import",
        "the log was imported by hand: every attempt begins at nine o'clock sharp",
        (
            Rows(
                "contacts",
                changed(
                    started_wall="CAST($day AS TIMESTAMP) + INTERVAL 9 HOUR",
                    started_at=f"CAST($day AS TIMESTAMP) + INTERVAL 9 HOUR - {_OFFSET}",
                ),
            ),
        ),
        TWENTY,
        "nobody knows when anybody was called",
        (FIVE, TWENTY, ALL),
        nights=A_NIGHT,
    ),
    Kind(
        "phones.contacts.default_disposition",
        "who saves without choosing has 'right party': the form's first entry",
        (Rows("contacts", changed(outcome="'right_party'"), of="outcome = 'no_answer' AND channel = 'call'"),),
        ONE_ROW,
        "nobody was reached in no seconds",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "phones.contacts.bot_calls_with_a_name",
        "the robot was logged in under a collector's name",
        (
            Rows(
                "contacts",
                changed(employee_id="(SELECT min(employee_id) FROM extract)"),
                of="channel = 'bot' AND employee_id IS NULL",
            ),
        ),
        ONE_ROW,
        "the collector is paid for the robot",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "phones.contacts.one_login_for_several",
        "logins were down: several collectors called under one name",
        (
            Rows(
                "contacts",
                changed(employee_id="(SELECT max(employee_id) FROM extract)"),
                of=f"channel = 'call' AND {among('employee_id')}",
            ),
        ),
        ONE_OF_THEM,
        "one is credited with what another did",
        (ONE_OF_THEM, THREE),
        Unit.GROUPS,
        A_NIGHT,
    ),
    Kind(
        "phones.contacts.outbound_as_inbound",
        "a wrong trunk group: calls that the house made came in",
        (Rows("contacts", changed(direction="'in'"), of="direction = 'out' AND channel = 'call'"),),
        FIVE,
        "limits by law count calls that go out; one wrong mark happens",
        (ONE_ROW, FIVE, ALL),
        nights=A_NIGHT,
    ),
    Kind(
        "phones.contacts.campaign_sorted_in_one_column",
        "the campaign's list was sorted in one column: names and numbers do not belong together",
        (Rows("contacts", dealt("contact_point_id", "contact_id"), of="contact_point_id IS NOT NULL"),),
        ONE_ROW,
        "strangers were told of somebody's debt",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "phones.contact_points.as_excel_numbers",
        "the list went through a spreadsheet: 8.4E+13",
        (
            Rows(
                "contact_points",
                changed(value="printf('%.5E', CAST(replace(value, '+', '') AS DOUBLE))"),
                of="kind = 'phone' AND regexp_full_match(value, '[+][0-9]+')",
            ),
        ),
        ONE_ROW,
        "it is no number",
        ROW_TO_FIFTH,
        nights=A_NIGHT,
    ),
    Kind(
        "phones.contact_points.own_hotline",
        "the number is the bank's own hotline, which somebody typed where the form wanted one",
        (Rows("contact_points", changed(value="'+840001900000'"), of="kind = 'phone'"),),
        ONE,
        "dozens of debtors with one number; two may well share one",
        (ONE_ROW, ONE, TWENTY),
        nights=A_NIGHT,
    ),
    Kind(
        "phones.contact_points.all_proved_today",
        "a bulk message without errors was taken as proof: verified today",
        (Rows("contact_points", changed(verified_on="$day"), of="verified_on IS NULL OR verified_on < $day"),),
        TWENTY,
        "some are proved every day; not a fifth of the book",
        (ONE, TWENTY, ALL),
        nights=A_NIGHT,
    ),
    Kind(
        "phones.attendance.no_minutes_on_calls",
        "the dialler's interface was down: nobody was on a call, and the log of calls says otherwise",
        (Rows("attendance", changed(minutes_on_calls="CAST(0 AS BIGINT)"), of="minutes_on_calls > 0"),),
        ALL,
        "the two systems contradict each other for a whole day",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
)
