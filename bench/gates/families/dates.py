"""Dates and clocks."""

from __future__ import annotations

from bench.gates.kinds import (
    ALL,
    EVERY,
    FIVE,
    ONE,
    ONE_ROW,
    TWENTY,
    Kind,
    Occasion,
    Rows,
    changed,
    swapped,
)

_SWAPPED_PARTS = "make_date(year({0}), day({0}), month({0}))"


def _dates(table: str, interval: str, *columns: str, of: str = "true") -> tuple[Rows]:
    return (Rows(table, changed(**{name: f"CAST({name} + INTERVAL '{interval}' AS DATE)" for name in columns}), of=of),)


def _times(table: str, interval: str, *columns: str, of: str = "true") -> tuple[Rows]:
    return (Rows(table, changed(**{name: f"{name} + INTERVAL '{interval}'" for name in columns}), of=of),)


KINDS = (
    Kind(
        "dates.payments.a_day_early",
        "payments of the day before",
        _dates("payments", "-1 day", "paid_on", "posted_on", "deposited_on"),
        ONE,
        "they belong to yesterday's file",
        nights=EVERY,
    ),
    Kind(
        "dates.payments.a_day_late",
        "payments of tomorrow",
        _dates("payments", "1 day", "paid_on", "posted_on", "deposited_on"),
        ONE_ROW,
        "it has not happened yet",
    ),
    Kind(
        "dates.payments.a_month_early",
        "payments of a month ago",
        _dates("payments", "-1 month", "paid_on", "posted_on", "deposited_on"),
        ONE_ROW,
        "the month is closed",
    ),
    Kind(
        "dates.payments.another_year",
        "payments of a year ago",
        _dates("payments", "-1 year", "paid_on", "posted_on", "deposited_on"),
        ONE_ROW,
        "the year is closed",
    ),
    Kind(
        "dates.payments.paid_a_year_early",
        "payments that were paid a year before they were posted",
        _dates("payments", "-1 year", "paid_on"),
        FIVE,
        "booking takes days; single ones are found after long searches",
    ),
    Kind(
        "dates.promises.day_and_month_swapped",
        "days and months of promises swapped",
        (
            Rows(
                "promises",
                changed(due_on=_SWAPPED_PARTS.format("due_on")),
                of="day(due_on) <= 12 AND day(due_on) <> month(due_on)",
            ),
        ),
        TWENTY,
        "promises are for the next days, not for half a year off or before they were made",
        nights=(Occasion.MONTH_END,),  # what is due then has a day that can be a month
    ),
    Kind(
        "dates.accounts.opened_in_the_future",
        "accounts opened tomorrow",
        (Rows("accounts", changed(opened_on="$day + 1")),),
        ONE_ROW,
        "it is not there yet",
    ),
    Kind(
        "dates.accounts.opened_and_due_disagree",
        "accounts that are overdue for longer than they exist",
        (Rows("accounts", changed(opened_on="$day - 5"), of="days_past_due > 30"),),
        ONE_ROW,
        "nothing is due before it is lent",
    ),
    Kind(
        "dates.payments.posted_before_paid",
        "payments that were posted before they were paid",
        _dates("payments", "2 days", "paid_on"),
        ONE_ROW,
        "nobody books what has not been paid",
    ),
    Kind(
        "dates.payments.paid_and_posted_swapped",
        "paid and posted dates swapped",
        (Rows("payments", swapped("paid_on", "posted_on"), of="paid_on <> posted_on"),),
        ONE_ROW,
        "nobody books what has not been paid",
    ),
    Kind(
        "dates.promises.due_before_made",
        "promises that were due before they were made",
        _dates("promises", "-30 days", "due_on", of="due_on < made_on + 30"),
        ONE_ROW,
        "nobody promises for the past",
    ),
    Kind(
        "dates.promises.due_far_off",
        "promises for in two years",
        _dates("promises", "2 years", "due_on"),
        ONE_ROW,
        "no collector takes that for a promise",
    ),
    Kind(
        "dates.promises.made_in_the_future",
        "promises made next week",
        _dates("promises", "7 days", "made_on", "due_on"),
        ONE_ROW,
        "it has not happened yet",
    ),
    Kind(
        "dates.contacts.a_day_early",
        "calls of the day before",
        _times("contacts", "-1 day", "started_at", "started_wall"),
        ONE,
        "they belong to yesterday's file",
    ),
    Kind(
        "dates.contacts.a_month_early",
        "calls of a month ago",
        _times("contacts", "-30 days", "started_at", "started_wall"),
        ONE_ROW,
        "the month is closed",
    ),
    Kind(
        "dates.contacts.clocks_swapped",
        "UTC and local time swapped",
        (Rows("contacts", swapped("started_at", "started_wall")),),
        ONE,
        "local time is ahead of UTC here; calls seem to be made at night",
    ),
    Kind(
        "dates.contacts.utc_as_local",
        "UTC written where local time belongs",
        (Rows("contacts", changed(started_wall="started_at")),),
        ONE,
        "seven hours off: every law on hours is judged by it",
    ),
    Kind(
        "dates.contacts.local_as_utc",
        "local time written where UTC belongs",
        (Rows("contacts", changed(started_at="started_wall")),),
        ONE,
        "seven hours off",
    ),
    Kind(
        "dates.contacts.an_hour_off",
        "local time an hour ahead: the zone of the next country",
        _times("contacts", "1 hour", "started_wall"),
        FIVE,
        "the debtor's zone is known; one may be on a journey",
    ),
    Kind(
        "dates.contacts.half_a_day_off",
        "local time twelve hours back: 3 in the afternoon as 3 at night",
        _times("contacts", "-12 hours", "started_wall", "started_at", of="hour(started_wall) >= 12"),
        ONE,
        "nobody calls at night; a few such calls are breaches, and looked into",
    ),
    Kind(
        "dates.contacts.no_time_of_day",
        "calls all at midnight",
        (
            Rows(
                "contacts",
                changed(
                    started_wall="date_trunc('day', started_wall)",
                    started_at="date_trunc('day', started_wall) - (started_wall - started_at)",
                ),
            ),
        ),
        ONE,
        "the time of day was lost",
    ),
    Kind(
        "dates.accounts.zone_of_another_country",
        "Chinese accounts in Vietnam's time zone",
        (Rows("accounts", changed(time_zone="'Asia/Ho_Chi_Minh'"), of="jurisdiction = 'CN'"),),
        TWENTY,
        "people move, but not a fifth of them overnight",
        (ONE, FIVE, TWENTY, ALL),
    ),
    Kind(
        "dates.accounts.no_such_zone",
        "time zones that do not exist",
        (Rows("accounts", changed(time_zone="'Asia/Hanoi_City'")),),
        ONE_ROW,
        "no clock can be set by it",
    ),
    Kind(
        "dates.visits.recorded_before_made",
        "visits that were recorded before they were made",
        _times(
            "visits",
            "-3 days",
            "recorded_at",
            of="recorded_at IS NOT NULL AND made_at > recorded_at - INTERVAL '2 days'",
        ),
        ONE_ROW,
        "nobody records what is still to come",
    ),
    Kind(
        "dates.visits.made_in_the_future",
        "visits made and recorded next week",
        _times("visits", "7 days", "made_at", "recorded_at", of="made_at IS NOT NULL"),
        ONE_ROW,
        "it has not happened yet",
    ),
    Kind(
        "dates.complaints.received_in_the_future",
        "complaints of next month",
        _dates("complaints", "1 month", "received_on"),
        ONE_ROW,
        "it has not happened yet",
    ),
    Kind(
        "dates.reviews.of_another_day",
        "reviews of a month ago",
        _dates("reviews", "-1 month", "reviewed_on"),
        ALL,
        "they belong to another file",
        (ALL,),
        nights=(Occasion.CLAIMS,),
    ),
    Kind(
        "dates.attendance.a_day_early",
        "attendance of the day before",
        _dates("attendance", "-1 day", "day"),
        FIVE,
        "it belongs to yesterday's file; a row may come late",
    ),
)
