"""The tables that are landed from core systems, as plain data: columns in the order in which files hold them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from domain.tables import Column, Kind, Table, Type

_ID, _TEXT, _CODE, _COUNT, _MONEY, _RATE = Type.ID, Type.TEXT, Type.CODE, Type.COUNT, Type.MONEY, Type.RATE
_DATE, _INSTANT, _WALL, _BOOLEAN, _DEGREES = Type.DATE, Type.INSTANT, Type.WALL_TIME, Type.BOOLEAN, Type.DEGREES

PRODUCTS = ("card", "cash_loan", "overdraft", "instalment", "two_wheeler")
CHANNELS = ("call", "sms", "email", "letter", "visit", "bot")
PAYMENT_CHANNELS = ("transfer", "cash", "counter", "wallet", "direct_debit")
OWNER_KINDS = ("employee", "partner", "house")
CASE_TYPES = ("fraud", "restructuring", "legal", "complaint", "rectification")
DUTIES = ("activity_data", "payment_data", "staff_list", "recordings", "complaint_list", "audit", "insurance")
_CONTACT_POINT = "contact_points.contact_point_id"
ANY_CHANNEL = "any"  # of a score that holds whoever works the account
TREATMENTS = ("remind", "phone", "field", "legal", "restructuring", "partner")
JURISDICTIONS = ("VN", "CN", "TW", "US", "IN", "ID")


def _account(*, required: bool = True) -> Column:
    return Column("account_id", _ID, "The account.", required, references="accounts.account_id")


def _employee(meaning: str = "The employee.", *, required: bool = True, name: str = "employee_id") -> Column:
    return Column(name, _ID, meaning, required, references="employees.employee_id")


def _partner(*, required: bool = False) -> Column:
    return Column("partner_id", _ID, "The partner.", required, references="partners.partner_id")


def _currency() -> Column:
    return Column("currency", _CODE, "ISO 4217 code of every amount in the row.")


def _jurisdiction() -> Column:
    return Column("jurisdiction", _CODE, "Whose law and calendar apply.", codes=JURISDICTIONS)


_TABLES = (
    Table(
        "accounts",
        Kind.STATE,
        ("account_id",),
        (
            Column("account_id", _ID, "The account."),
            Column("debtor_id", _ID, "Who owes it; a debtor may have several accounts."),
            Column("product", _CODE, "Unsecured product.", codes=PRODUCTS),
            Column("branch_id", _ID, "The branch that keeps the account."),
            Column("region", _TEXT, "Region of the debtor's address; field territories are made of regions."),
            Column("language", _TEXT, "Language in which the debtor is addressed, ISO 639-1."),
            _currency(),
            _jurisdiction(),
            Column("time_zone", _TEXT, "The debtor's IANA time zone."),
            Column("originator", _TEXT, "The unit that granted or transferred the debt."),
            Column("opened_on", _DATE, "When the account was opened."),
            Column("principal", _MONEY, "Outstanding principal."),
            Column("balance", _MONEY, "Everything owed; negative where the bank owes the customer."),
            Column("overdue_amount", _MONEY, "What is past due."),
            Column("days_past_due", _COUNT, "Days since the oldest unpaid due date; 0 is current."),
            Column("charged_off_on", _DATE, "When it was written off.", required=False),
            Column("status", _CODE, "State.", codes=("open", "closed", "charged_off", "restructured", "sold")),
            Column(
                "hold",
                _CODE,
                "Why it may not be worked.",
                codes=("none", "legal", "deceased", "dispute", "vulnerable", "fraud"),
            ),
            Column("consent", _BOOLEAN, "Whether the debtor agreed to digital contact."),
        ),
        "The overdue and current accounts of the book.",
    ),
    Table(
        "parties",
        Kind.STATE,
        ("party_id",),
        (
            Column("party_id", _ID, "The person."),
            Column("debtor_id", _ID, "Whose debt the person is tied to."),
            Column("role", _CODE, "Tie to the debt.", codes=("debtor", "guarantor", "reference")),
            Column("duty_to_repay", _BOOLEAN, "Whether the law lets a collector ask this person for payment."),
            Column("full_name", _TEXT, "Name.", personal=True),
            Column("national_id", _TEXT, "Identity number.", required=False, personal=True),
        ),
        "Debtors, guarantors and references.",
    ),
    Table(
        "contact_points",
        Kind.STATE,
        ("contact_point_id",),
        (
            Column("contact_point_id", _ID, "The number or address."),
            Column("party_id", _ID, "Whose it is.", references="parties.party_id"),
            Column("kind", _CODE, "Kind.", codes=("phone", "email", "address")),
            Column("value", _TEXT, "The number or address itself.", personal=True),
            Column("verified_on", _DATE, "Last proof that it reaches the person.", required=False),
            Column("state", _CODE, "State.", codes=("active", "unverified", "wrong_party", "retired")),
        ),
        "Telephone numbers, mail and postal addresses.",
    ),
    Table(
        "employees",
        Kind.STATE,
        ("employee_id",),
        (
            Column("employee_id", _ID, "The employee."),
            Column("full_name", _TEXT, "Name.", personal=True),
            _jurisdiction(),
            Column("language", _TEXT, "Language of the employee's statements, ISO 639-1."),
        ),
        "People who work the book.",
    ),
    Table(
        "employment",
        Kind.STATE,
        ("employee_id", "valid_from"),
        (
            _employee(),
            Column("valid_from", _DATE, "First day of these terms."),
            Column("valid_to", _DATE, "First day on which they no longer hold.", required=False),
            Column("contract_type", _CODE, "Contract.", codes=("permanent", "fixed_term", "collaborator")),
            Column("full_time_share", _RATE, "Share of full time, above 0 and at most 1."),
            Column("hired_on", _DATE, "First day of employment."),
            Column("probation_until", _DATE, "First day after probation.", required=False),
            Column("exited_on", _DATE, "First day no longer employed.", required=False),
            Column("cost_centre", _ID, "Cost centre."),
            Column("payroll_number", _ID, "Number in the payroll system."),
            Column("currency", _CODE, "Currency of pay."),
        ),
        "Terms of employment over time.",
    ),
    Table(
        "staff_postings",
        Kind.STATE,
        ("employee_id", "valid_from"),
        (
            _employee(),
            Column("valid_from", _DATE, "First day of the posting."),
            Column("valid_to", _DATE, "First day on which it no longer holds.", required=False),
            Column("department_id", _ID, "Department."),
            Column("team_id", _ID, "Team within the department."),
            Column("role", _CODE, "Role.", codes=("collector", "leader", "manager")),
            _employee("Who leads the employee.", required=False, name="manager_id"),
        ),
        "Who worked where, and in what role, over time; the postings of one employee do not overlap.",
    ),
    Table(
        "leave",
        Kind.STATE,
        ("employee_id", "starts_on"),
        (
            _employee(),
            Column("starts_on", _DATE, "First day away."),
            Column("ends_on", _DATE, "First day back."),
            Column("leave_type", _CODE, "Kind.", codes=("annual", "sick", "parental", "unpaid")),
        ),
        "Absences, half-open.",
    ),
    Table(
        "skills",
        Kind.STATE,
        ("employee_id", "skill"),
        (_employee(), Column("skill", _TEXT, "A language, product or licence.")),
        "What an employee may and can work on.",
    ),
    Table(
        "capacity",
        Kind.STATE,
        ("employee_id", "valid_from"),
        (
            _employee(),
            Column("valid_from", _DATE, "From when on."),
            Column("minutes_per_day", _COUNT, "Working minutes of a full day for this employee."),
            Column("accounts_at_most", _COUNT, "Accounts that may be owned at once."),
        ),
        "How much an employee can take.",
    ),
    Table(
        "partners",
        Kind.STATE,
        ("partner_id",),
        (
            Column("partner_id", _ID, "The partner."),
            Column("name", _TEXT, "Trading name."),
            Column("legal_type", _CODE, "Legal type.", codes=("law_firm", "asset_manager", "agency")),
            _jurisdiction(),
            Column("active_from", _DATE, "First day of the contract."),
            Column("active_to", _DATE, "First day after it.", required=False),
            Column("accounts_at_most", _COUNT, "Accounts that may be placed at once."),
        ),
        "Outside partners.",
    ),
    Table(
        "placements",
        Kind.STATE,
        ("placement_id",),
        (
            Column("placement_id", _ID, "The placement."),
            _account(),
            _partner(required=True),
            Column("placement_batch", _ID, "Accounts handed over together."),
            Column("placement_number", _COUNT, "1 for the first partner to have the account, 2 for the second …"),
            Column("placed_on", _DATE, "First day at the partner."),
            Column("balance_at_placement", _MONEY, "Balance handed over."),
            _currency(),
            Column("days_past_due_at_placement", _COUNT, "Days past due when it was handed over."),
            Column("term_ends_on", _DATE, "First day after the agreed term."),
            Column("exclusive", _BOOLEAN, "Whether nobody else works it meanwhile."),
            Column("recalled_on", _DATE, "First day back at the house.", required=False),
            Column("recall_reason", _TEXT, "Why it was recalled.", required=False),
        ),
        "Accounts placed with partners, past ones included.",
    ),
    Table(
        "opening_dispatch",
        Kind.STATE,
        ("account_id",),
        (
            _account(),
            Column("owner_kind", _CODE, "Kind of owner.", codes=OWNER_KINDS),
            Column("owner_id", _ID, "The employee or partner; HOUSE where nobody works the account."),
            Column("department_id", _ID, "Department of the employee.", required=False),
            Column("team_id", _ID, "Team of the employee.", required=False),
            Column("valid_from", _DATE, "First day of ownership that Recoup counts."),
        ),
        "Who owned which account when Recoup took over; landed once, at opening.",
    ),
    Table(
        "bank_scores",
        Kind.STATE,
        ("account_id", "score_name", "horizon_days", "channel"),
        (
            _account(),
            Column("score_name", _ID, "The model and its version, such as pd_card_v3."),
            Column("horizon_days", _COUNT, "For how many days from scored_on on it speaks."),
            Column("channel", _CODE, "By which treatment; any: by every one.", codes=(ANY_CHANNEL, *TREATMENTS)),
            Column("scored_on", _DATE, "The day whose data it was made from."),
            Column("probability", _RATE, "Chance that the debtor pays the overdue amount.", required=False),
            Column("expected_amount", _MONEY, "Or the amount that is expected to come.", required=False),
            _currency(),
        ),
        "A bank's own scores of its accounts, where it has some: what it expects to recover.",
    ),
    Table(
        "calendar",
        Kind.STATE,
        ("jurisdiction", "day"),
        (
            _jurisdiction(),
            Column("day", _DATE, "The day."),
            Column("is_working_day", _BOOLEAN, "Whether work is done, make-up workdays and decrees included."),
            Column("name", _TEXT, "The holiday or decree.", required=False),
        ),
        "Working days by jurisdiction.",
    ),
    Table(
        "costs",
        Kind.STATE,
        ("cost_centre", "month", "cost_type"),
        (
            Column("cost_centre", _ID, "Cost centre."),
            Column("month", _DATE, "First day of the month."),
            Column("cost_type", _CODE, "Kind.", codes=("staff", "telephony", "travel", "legal", "other")),
            Column("amount", _MONEY, "Cost of the month."),
            _currency(),
        ),
        "What collecting costs.",
    ),
    Table(
        "budgets",
        Kind.STATE,
        ("department_id", "month", "budget_type"),
        (
            Column("department_id", _ID, "Department."),
            Column("month", _DATE, "First day of the month."),
            Column("budget_type", _CODE, "Kind.", codes=("bonus", "recovery", "cost")),
            Column("amount", _MONEY, "Budget of the month."),
            _currency(),
        ),
        "What was planned.",
    ),
    Table(
        "cases",
        Kind.REVISABLE,
        ("case_id",),
        (
            Column("case_id", _ID, "The case."),
            _account(required=False),
            Column(
                "case_type", _CODE, "Kind.", codes=("fraud", "restructuring", "legal", "complaint", "rectification")
            ),
            Column("source", _TEXT, "Who raised it."),
            Column("opened_on", _DATE, "When it was raised."),
            Column("department_id", _ID, "Department that has it."),
            _employee("Who has it.", required=False, name="owner_id"),
            Column("deadline", _DATE, "By when it is due.", required=False),
            Column("decision", _TEXT, "What was decided.", required=False),
            Column("outcome", _CODE, "Outcome.", codes=("pending", "confirmed", "rejected", "settled")),
        ),
        "Fraud, restructuring, legal, complaint and rectification cases.",
        dated_by="opened_on",
        window_days=400,
    ),
    Table(
        "payments",
        Kind.EVENT,
        ("payment_id",),
        (
            Column("payment_id", _ID, "The booking."),
            _account(),
            Column("paid_on", _DATE, "When the debtor paid."),
            Column("posted_on", _DATE, "When the core system booked it: the business date of the increment."),
            Column("amount", _MONEY, "principal + interest + fee + waiver; a reversal is negative."),
            Column("principal", _MONEY, "Part that repays principal."),
            Column("interest", _MONEY, "Part that pays interest."),
            Column("fee", _MONEY, "Part that pays fees."),
            Column("waiver", _MONEY, "Part forgiven rather than paid: never *recovered* unless a rule says so."),
            _currency(),
            Column(
                "channel", _CODE, "How it came in.", codes=("transfer", "cash", "counter", "wallet", "direct_debit")
            ),
            Column("receipt", _TEXT, "Receipt number.", required=False),
            Column("deposited_on", _DATE, "When a collector's cash reached the bank.", required=False),
            Column("reverses", _ID, "The payment this one takes back.", required=False),
        ),
        "Payments as booked, and their reversals.",
        dated_by="posted_on",
    ),
    Table(
        "contacts",
        Kind.EVENT,
        ("contact_id",),
        (
            Column("contact_id", _ID, "The attempt."),
            _account(),
            Column("party_id", _ID, "Who was to be reached.", references="parties.party_id"),
            Column(
                "contact_point_id",
                _ID,
                "By which number.",
                required=False,
                references="contact_points.contact_point_id",
            ),
            _employee("Who made it.", required=False),
            _partner(),
            Column("started_at", _INSTANT, "Start, UTC."),
            Column("started_wall", _WALL, "Start on the debtor's clock."),
            Column("channel", _CODE, "Channel.", codes=CHANNELS),
            Column("direction", _CODE, "Direction.", codes=("out", "in")),
            Column(
                "outcome",
                _CODE,
                "What came of it.",
                codes=("no_answer", "busy", "wrong_party", "third_party", "right_party", "promise", "refused"),
            ),
            Column("duration_seconds", _COUNT, "Length; 0 if nobody answered."),
        ),
        "Attempts to reach somebody, by employees, bots and partners.",
        dated_by="started_wall",
    ),
    Table(
        "promises",
        Kind.REVISABLE,
        ("promise_id",),
        (
            Column("promise_id", _ID, "The promise."),
            _account(),
            _employee("Who took it.", required=False),
            _partner(),
            Column("made_on", _DATE, "When it was made."),
            Column("due_on", _DATE, "When it is due."),
            Column("amount", _MONEY, "What was promised."),
            _currency(),
            Column("state", _CODE, "State.", codes=("open", "kept", "broken", "cancelled")),
        ),
        "Promises to pay.",
        dated_by="made_on",
        window_days=62,
    ),
    Table(
        "visits",
        Kind.REVISABLE,
        ("visit_id",),
        (
            Column("visit_id", _ID, "The visit."),
            _account(),
            _employee("Who visits.", required=False),
            _partner(),
            Column("planned_on", _DATE, "Planned day."),
            Column("made_at", _WALL, "Local time at which it was made.", required=False),
            Column("recorded_at", _WALL, "Local time at which it was recorded.", required=False),
            Column("latitude", _DEGREES, "Where.", required=False),
            Column("longitude", _DEGREES, "Where.", required=False),
            Column(
                "outcome",
                _CODE,
                "What came of it.",
                codes=("planned", "met_debtor", "met_other", "nobody", "moved", "missed"),
            ),
        ),
        "Field visits, planned and made.",
        dated_by="planned_on",
        window_days=62,
    ),
    Table(
        "complaints",
        Kind.REVISABLE,
        ("complaint_id",),
        (
            Column("complaint_id", _ID, "The complaint."),
            _account(),
            _employee("About whom.", required=False),
            _partner(),
            Column("received_on", _DATE, "When it came in."),
            Column("complaint_type", _CODE, "Kind.", codes=("conduct", "hours", "third_party", "amount", "other")),
            Column("answered_on", _DATE, "When it was answered.", required=False),
            Column("finding", _CODE, "Finding.", codes=("open", "upheld", "rejected")),
        ),
        "Complaints of debtors and others.",
        dated_by="received_on",
        window_days=400,
    ),
    Table(
        "reviews",
        Kind.EVENT,
        ("review_id",),
        (
            Column("review_id", _ID, "The review."),
            _employee("Whose call."),
            Column("contact_id", _ID, "Which call.", required=False),
            Column("reviewed_on", _DATE, "When it was reviewed."),
            Column("score", _RATE, "Quality between 0 and 1."),
            Column("critical_fail", _BOOLEAN, "Whether a rule of conduct was broken."),
        ),
        "Quality reviews of calls.",
        dated_by="reviewed_on",
    ),
    Table(
        "partner_reviews",
        Kind.EVENT,
        ("review_id",),
        (
            Column("review_id", _ID, "The review."),
            _partner(required=True),
            Column("contact_id", _ID, "Which call, of a review of a call.", required=False),
            Column("visit_id", _ID, "Which visit, of a review of a visit.", required=False),
            Column("reviewed_on", _DATE, "When it was reviewed."),
            Column("has_recording", _BOOLEAN, "Whether the recording, or the record of the visit, was there."),
            Column("score", _RATE, "Quality between 0 and 1; missing without a recording.", required=False),
            Column("critical_fail", _BOOLEAN, "Whether a rule of conduct was broken."),
        ),
        "Reviews of samples of partners' calls and visits.",
        dated_by="reviewed_on",
    ),
    Table(
        "partner_reports",
        Kind.REVISABLE,
        ("report_id",),
        (
            Column("report_id", _ID, "The return."),
            _partner(required=True),
            Column("duty", _CODE, "What is returned, as the contract calls it.", codes=DUTIES),
            Column("month", _DATE, "First day of the month that it is about."),
            Column("due_on", _DATE, "When it is due."),
            Column("received_on", _DATE, "When it came in; of several, the first that was accepted.", required=False),
            Column("accepted", _BOOLEAN, "Whether it was in the agreed form.", required=False),
            Column("staff", _COUNT, "People who work on our accounts, of a staff list.", required=False),
        ),
        "What partners return every month, due and received.",
        dated_by="due_on",
        window_days=62,
    ),
    Table(
        "attendance",
        Kind.EVENT,
        ("employee_id", "day"),
        (
            _employee(),
            Column("day", _DATE, "The day."),
            Column("minutes_worked", _COUNT, "Minutes present."),
            Column("minutes_on_calls", _COUNT, "Minutes on calls."),
        ),
        "Who was at work, and for how long.",
        dated_by="day",
    ),
    Table(
        "partner_claims",
        Kind.REVISABLE,
        ("claim_id",),
        (
            Column("claim_id", _ID, "The line of the partner's claim."),
            _partner(required=True),
            _account(),
            Column("claimed_on", _DATE, "Date of the claim file."),
            Column("month", _DATE, "First day of the claimed month."),
            Column("paid_on", _DATE, "When, the partner says, the debtor paid."),
            Column("amount", _MONEY, "What, the partner says, was recovered."),
            _currency(),
            Column("payment_id", _ID, "The booking it refers to.", required=False),
        ),
        "What partners say that they recovered.",
        dated_by="claimed_on",
        window_days=400,
    ),
)

_CONTROL_TOTALS = Table(
    "control_totals",
    Kind.EVENT,
    ("statement_id",),
    (
        Column("statement_id", _ID, "The statement, such as payments/VND."),
        Column("stated_on", _DATE, "Business date of the extract."),
        Column("table_name", _CODE, "The extract.", codes=tuple(table.name for table in _TABLES)),
        Column("rows", _COUNT, "Rows that it has, of every currency.", required=False),
        Column("currency", _CODE, "ISO 4217 code of the amount.", required=False),
        Column("amount", _MONEY, "Sum of its money column in that currency.", required=False),
    ),
    "What the source says that its extracts come to; the gate compares it with what landed.",
    dated_by="stated_on",
)

CATALOGUE: MappingProxyType[str, Table] = MappingProxyType({table.name: table for table in (*_TABLES, _CONTROL_TOTALS)})


def table(name: str, catalogue: Mapping[str, Table] = CATALOGUE) -> Table:
    """Raises: KeyError naming the tables that there are."""
    try:
        return catalogue[name]
    except KeyError:
        raise KeyError(f"no table {name!r}; there are {', '.join(catalogue)}") from None
