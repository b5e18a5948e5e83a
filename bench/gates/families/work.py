"""Calls, promises, visits, complaints and reviews: what was done, and by whom."""

from __future__ import annotations

from decimal import Decimal

from bench.gates.kinds import (
    ALL,
    FIVE,
    ONE,
    ONE_ROW,
    TWENTY,
    WHOLE,
    Kind,
    Occasion,
    Rows,
    Unit,
    added,
    among,
    changed,
    dealt,
    joined_by,
    lost,
    swapped,
)

_REVIEWED = (Occasion.CLAIMS,)  # reviews are few; on this day there are some
_GROUPS = (Decimal(1), Decimal(3))
_AWAY = "FROM leave WHERE starts_on <= $day AND ends_on > $day"
_ABSENT = "FROM staff_postings WHERE valid_to IS NULL AND employee_id NOT IN (SELECT employee_id FROM attendance)"
_SOMEBODY_ELSE = "(SELECT max(o.employee_id) FROM employees AS o WHERE o.employee_id <> extract.employee_id)"
_SPOKEN = "duration_seconds > 0"
_SHARES = (ONE, FIVE, TWENTY, ALL)

KINDS = (
    Kind(
        "work.contacts.an_employees_calls_doubled",
        "one employee's calls come twice under new ids",
        (Rows("contacts", added(contact_id="contact_id || 'B'"), of=among("employee_id", "contacts")),),
        Decimal(1),
        "nobody calls the same number twice in one second",
        _GROUPS,
        Unit.GROUPS,
    ),
    Kind(
        "work.contacts.an_employees_calls_moved",
        "one employee's calls under another's name",
        (
            Rows(
                "contacts",
                changed(employee_id="(SELECT max(employee_id) FROM contacts)"),
                of=among("employee_id", "contacts", "employee_id <> (SELECT max(employee_id) FROM contacts)"),
            ),
        ),
        Decimal(1),
        "one has twice the usual calls, and two at the same time, while the other was at work and has none",
        _GROUPS,
        Unit.GROUPS,
    ),
    Kind(
        "work.contacts.an_employees_calls_missing",
        "one employee's calls are missing",
        (Rows("contacts", lost(), of=among("employee_id", "contacts")),),
        Decimal(3),
        "one may have had no calls, although at work; three at once did not",
        (Decimal(1), Decimal(3), Decimal(10)),
        Unit.GROUPS,
    ),
    Kind(
        "work.contacts.an_hour_missing",
        "an hour of calls is missing",
        (Rows("contacts", lost(), of="hour(started_wall) BETWEEN 10 AND 9 + $level"),),
        Decimal(3),
        "an hour may be a meeting; a gap of three in the middle of the morning is a lost file",
        (Decimal(1), Decimal(2), Decimal(3)),
        Unit.GROUPS,
    ),
    Kind(
        "work.contacts.a_team_missing",
        "the calls of a whole team are missing",
        (
            Rows(
                "contacts",
                lost(),
                of="employee_id IN (SELECT employee_id FROM staff_postings WHERE team_id = 'PE-1')",
            ),
        ),
        ALL,
        "the largest team did not rest all day, and its attendance says so",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "work.contacts.a_country_missing",
        "the calls of one jurisdiction are missing",
        (Rows("contacts", lost(), of="account_id IN (SELECT account_id FROM accounts WHERE jurisdiction = 'CN')"),),
        ALL,
        "its people were at work",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "work.contacts.a_channel_missing",
        "the calls of bots are missing",
        (Rows("contacts", lost(), of="channel IN ('bot', 'sms')"),),
        ALL,
        "the machine ran every day before",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "work.contacts.seconds_as_minutes",
        "durations in minutes",
        (Rows("contacts", changed(duration_seconds="duration_seconds // 60"), of=_SPOKEN),),
        TWENTY,
        "people spoke for three seconds; a few hang up at once",
    ),
    Kind(
        "work.contacts.seconds_as_milliseconds",
        "durations in milliseconds",
        (Rows("contacts", changed(duration_seconds="duration_seconds * 1000"), of=_SPOKEN),),
        ONE,
        "nobody talks for days",
    ),
    Kind(
        "work.contacts.durations_equal",
        "all durations are one minute",
        (Rows("contacts", changed(duration_seconds="60"), of=_SPOKEN),),
        ALL,
        "a filler; a fifth of the calls could be so rounded",
        (TWENTY, ALL),
    ),
    Kind(
        "work.contacts.durations_zero",
        "durations are zero although somebody spoke",
        (Rows("contacts", changed(duration_seconds="0"), of=_SPOKEN),),
        TWENTY,
        "who talked, talked for a while; short ones may be rounded down",
    ),
    Kind(
        "work.contacts.unanswered_with_durations",
        "calls that nobody answered and that lasted",
        (Rows("contacts", changed(duration_seconds="45"), of="outcome = 'no_answer'"),),
        ONE_ROW,
        "nobody spoke",
    ),
    Kind(
        "work.contacts.all_promises",
        "the outcome of every contact is a promise",
        (
            Rows(
                "contacts",
                changed(outcome="'promise'", duration_seconds="greatest(duration_seconds, 30)"),
                of="outcome <> 'promise'",
            ),
        ),
        FIVE,
        "one call in thirty ends so; twice as many as ever is no good day but another code",
        _SHARES,
    ),
    Kind(
        "work.contacts.nobody_answered",
        "the outcome of every contact is no answer",
        (Rows("contacts", changed(outcome="'no_answer'", duration_seconds="0"), of="outcome <> 'no_answer'"),),
        ALL,
        "somebody always answers; half a day without is an outage",
        (TWENTY, Decimal("0.5"), ALL),
    ),
    Kind(
        "work.contacts.all_inbound",
        "every contact was begun by the debtor",
        (Rows("contacts", changed(direction="'in'"), of="direction = 'out'"),),
        TWENTY,
        "few call back",
        _SHARES,
    ),
    Kind(
        "work.contacts.all_letters",
        "every contact was a letter",
        (Rows("contacts", changed(channel="'letter'"), of="channel = 'call'"),),
        TWENTY,
        "letters are not answered with a promise on the same day",
        _SHARES,
    ),
    Kind(
        "work.contacts.employee_and_partner_swapped",
        "partners where employees belong",
        (Rows("contacts", swapped("employee_id", "partner_id"), of="employee_id IS NOT NULL"),),
        ONE_ROW,
        "an employee is no partner",
    ),
    Kind(
        "work.contacts.employee_and_partner_both",
        "calls of an employee and a partner at once",
        (
            Rows(
                "contacts",
                changed(partner_id="(SELECT min(partner_id) FROM partners)"),
                of="employee_id IS NOT NULL AND partner_id IS NULL",
            ),
        ),
        ONE_ROW,
        "one of them called",
    ),
    Kind(
        "work.contacts.by_people_on_leave",
        "calls by people who are on leave",
        (
            Rows(
                "contacts",
                changed(employee_id=f"(SELECT min(employee_id) {_AWAY})"),
                of=f"employee_id IS NOT NULL AND EXISTS (SELECT 1 {_AWAY})",
            ),
        ),
        ONE,
        "who is away does not call; one may have come in",
        _SHARES,
    ),
    Kind(
        "work.contacts.by_people_not_at_work",
        "calls by people who have no attendance that day",
        (
            Rows(
                "contacts",
                changed(employee_id=f"(SELECT min(employee_id) {_ABSENT})"),
                of=f"employee_id IS NOT NULL AND EXISTS (SELECT 1 {_ABSENT})",
            ),
        ),
        FIVE,
        "who is not there does not call; attendance may have a gap",
        _SHARES,
    ),
    Kind(
        "work.contacts.by_people_who_left",
        "calls by people without a posting",
        (
            Rows(
                "staff_postings",
                changed(valid_to="$day - 20"),
                of="valid_to IS NULL AND valid_from < $day - 20 AND employee_id IN "
                "(SELECT min(employee_id) FROM contacts)",
            ),
        ),
        ALL,
        "who left does not call",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "work.contacts.accounts_shuffled",
        "calls with the accounts of other calls",
        (Rows("contacts", dealt("account_id", "contact_id")),),
        ONE,
        "the person called has nothing to do with the account",
        _SHARES,
    ),
    Kind(
        "work.contacts.on_closed_accounts",
        "calls on accounts that are paid off",
        (
            Rows(
                "contacts",
                changed(account_id="(SELECT min(y.account_id) FROM accounts_yesterday AS y WHERE y.status = 'closed')"),
            ),
        ),
        FIVE,
        "nothing is owed; one may be a goodbye",
        _SHARES,
    ),
    Kind(
        "work.promises.none",
        "contacts end in promises, and the file of promises has no rows",
        (Rows("promises", lost()),),
        ALL,
        "each promise in a call is a row",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "work.promises.all_kept",
        "all promises are kept",
        (Rows("promises", changed(state="'kept'"), of="state <> 'kept'"),),
        ALL,
        "some were made this very day",
        (TWENTY, ALL),
    ),
    Kind(
        "work.promises.larger_than_owed",
        "promises of ten times what is owed",
        (
            Rows(
                "promises",
                changed(
                    amount="(SELECT max(a.balance) * 10 FROM accounts AS a WHERE a.account_id = extract.account_id)"
                ),
                of="account_id IN (SELECT account_id FROM accounts WHERE balance > 0)",
            ),
        ),
        ONE_ROW,
        "nobody promises more than he owes",
    ),
    Kind(
        "work.promises.of_nobody",
        "promises that neither an employee nor a partner took",
        (Rows("promises", changed(employee_id="NULL", partner_id="NULL"), of="employee_id IS NOT NULL"),),
        TWENTY,
        "somebody took them; bots take some",
        _SHARES,
    ),
    Kind(
        "work.visits.one_place",
        "all visits at one place",
        (Rows("visits", changed(latitude="10.776", longitude="106.700"), of="latitude IS NOT NULL"),),
        ALL,
        "whoever visits moves",
        (ALL,),
    ),
    Kind(
        "work.visits.nowhere",
        "visits at latitude and longitude 0",
        (Rows("visits", changed(latitude="0", longitude="0"), of="latitude IS NOT NULL"),),
        ONE_ROW,
        "that is in the sea",
    ),
    Kind(
        "work.visits.latitude_and_longitude_swapped",
        "latitude and longitude swapped",
        (Rows("visits", swapped("latitude", "longitude"), of="latitude IS NOT NULL"),),
        ONE_ROW,
        "there is no latitude of 105 degrees",
    ),
    Kind(
        "work.visits.made_without_a_time",
        "visits that met somebody at no time",
        (Rows("visits", changed(made_at="NULL", recorded_at="NULL"), of="made_at IS NOT NULL"),),
        ONE_ROW,
        "what happened, happened at a time",
    ),
    Kind(
        "work.visits.all_met",
        "every visit met the debtor",
        (Rows("visits", changed(outcome="'met_debtor'"), of="made_at IS NOT NULL AND outcome <> 'met_debtor'"),),
        ALL,
        "debtors are out half of the time",
        (ALL,),
    ),
    Kind(
        "work.complaints.without_account",
        "complaints without an account",
        (Rows("complaints", changed(account_id="NULL")),),
        ONE_ROW,
        "what is it about?",
    ),
    Kind(
        "work.complaints.answered_before_received",
        "complaints that were answered before they came",
        (Rows("complaints", changed(answered_on="received_on - 5")),),
        ONE_ROW,
        "nobody answers what was not said",
    ),
    Kind(
        "work.complaints.upheld_without_an_answer",
        "complaints that are decided and not answered",
        (Rows("complaints", changed(finding="'upheld'", answered_on="NULL"), of="finding = 'open'"),),
        ONE_ROW,
        "a decision is an answer",
    ),
    Kind(
        "work.complaints.flood",
        "a hundred times the complaints",
        (
            Rows(
                "complaints",
                joined_by(
                    "SELECT e.* EXCLUDE (hit) REPLACE (complaint_id || '-' || n AS complaint_id) "
                    "FROM extract AS e CROSS JOIN range(100) AS numbers (n)"
                ),
            ),
        ),
        ALL,
        "either a scandal or a fault; both are to be looked into",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "work.reviews.in_percent",
        "scores of reviews as 90 instead of 0.9",
        (Rows("reviews", changed(score="score * 100")),),
        ONE_ROW,
        "scores lie between 0 and 1",
        nights=_REVIEWED,
    ),
    Kind(
        "work.reviews.of_somebody_elses_call",
        "reviews of calls that somebody else made",
        (
            Rows(
                "reviews",
                changed(employee_id=_SOMEBODY_ELSE),
                of="contact_id IS NOT NULL",
            ),
        ),
        ONE_ROW,
        "the wrong one would lose the bonus",
        nights=_REVIEWED,
    ),
    Kind(
        "work.reviews.of_no_call",
        "reviews of calls that do not exist",
        (Rows("reviews", changed(contact_id="contact_id || '-NONE'"), of="contact_id IS NOT NULL"),),
        ONE_ROW,
        "what was listened to?",
        nights=_REVIEWED,
    ),
    Kind(
        "work.cases.unknown_accounts",
        "cases of accounts that do not exist",
        (Rows("cases", changed(account_id="'A999999999'"), of="account_id IS NOT NULL"),),
        ONE_ROW,
        "what is it about?",
    ),
)
