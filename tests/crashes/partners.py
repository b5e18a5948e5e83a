"""Partners and what is asked about them: files, answers, standing, actions, signals, an override, and the packs."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime

import pyarrow.parquet as pq

from adapters.store.actions import read_actions
from adapters.store.standing import read_standings
from domain.actions import ActionDecision, ActionDecisionKind, Phase
from domain.partner_files import FileKind
from domain.periods import Period
from domain.signals import CaseState
from domain.standings import StandingDecisionKind
from flows.attempts import attempt_at
from reports.languages import Language
from tasks.stages.actions import decide_action, remind
from tasks.stages.commitments import commitments_of, open_broken
from tasks.stages.partner_answers import acknowledge
from tasks.stages.partner_files import PartnerFile, export_partner_files
from tasks.stages.partner_pack import partner_packs
from tasks.stages.reassign import Terms, Wanted, decide_reassignment, list_reassignments, propose_override
from tasks.stages.signal_cases import close_case, list_cases, write_signals_report
from tasks.stages.signals import run_signals
from tasks.stages.standing import Decided, decide_standing, review_standings
from tests.crashes.office import BY_ROLE, CLERK, OPERATIONS, Office, Scenario, Step
from tests.crashes.ready import three_nights
from tests.stages.test_reassignments import collectors_with, owners_on

SEPTEMBER, NIGHT, FIRST, UNTIL = Period(2026, 9), date(2026, 9, 3), date(2026, 9, 4), date(2026, 9, 10)
TODAY = date(2026, 9, 4)
MANAGER, AUDITOR, HEAD, LEADER = BY_ROLE["manager"], "demo auditor", "head_of_partners", "leader"


def _files(office: Office) -> None:
    _hand_out(office)


def _hand_out(office: Office) -> tuple[PartnerFile, ...]:
    with attempt_at(office.world, f"partners files {NIGHT}", NIGHT) as attempt:
        return export_partner_files(office.under(OPERATIONS), NIGHT, by=OPERATIONS, attempt=attempt)


def _acknowledge(office: Office) -> None:
    """The partner takes all accounts of its file but one."""
    file = next(each for each in _hand_out(office) if each.kind is FileKind.PLACEMENT)
    answer = office.world.settings.landing / "acknowledgement.csv"
    if not answer.exists():
        lines = list(csv.DictReader(file.path.read_text(encoding="utf-8").splitlines()))
        part = answer.with_suffix(".new")
        rows = [f"{file.file_id},{line['account_id']},{said}" for line, said in zip(lines, _said(), strict=False)]
        part.write_text("\n".join(["file_id,account_id,outcome,reason", *rows]) + "\n", encoding="utf-8")
        part.replace(answer)
    with attempt_at(office.world, f"partners acknowledge {answer.name}", None) as attempt:
        acknowledge(office.under(CLERK), answer, by=CLERK, attempt=attempt)


def _said() -> Iterator[str]:
    yield "rejected,no such person"
    while True:
        yield "accepted,"


def _review(office: Office) -> None:
    with attempt_at(office.world, f"partners review {SEPTEMBER}", SEPTEMBER.last_day) as attempt:
        review_standings(office.world, SEPTEMBER, attempt)


def _decide(office: Office) -> None:
    """What the figures propose is accepted, with a plan; where it is on record already, nobody says it again."""
    with office.world.store.read() as connection:
        waiting = [each for each in read_standings(connection) if not each.decisions]
    for each in waiting:
        wanted = Decided(StandingDecisionKind.ACCEPTED, MANAGER, plan="two more people, weekly calls")
        with attempt_at(office.world, f"partners decide {each.review.review_id}", None) as attempt:
            decide_standing(office.under(MANAGER), each.review.review_id, wanted, attempt)


def _close(office: Office) -> None:
    """Whoever owns the plan proposes to close it, and somebody else approves."""
    with office.world.store.read() as connection:
        action = read_actions(connection, source="rectification")[0]
    if action.phase is Phase.OPEN:
        _record(office, action.action_id, ActionDecision(ActionDecisionKind.CLOSED, HEAD, TODAY, outcome="put_right"))
    if action.phase in {Phase.OPEN, Phase.TO_APPROVE}:
        _record(office, action.action_id, ActionDecision(ActionDecisionKind.APPROVED, MANAGER, TODAY))


def _record(office: Office, action: str, decision: ActionDecision) -> None:
    with attempt_at(office.world, f"{decision.kind} {action}", None) as attempt:
        decide_action(office.under(decision.by), action, decision, attempt)


def _look(office: Office) -> None:
    with attempt_at(office.world, f"signals {SEPTEMBER}", None) as attempt:
        run_signals(office.world, SEPTEMBER, attempt)
    with attempt_at(office.world, f"signals report {SEPTEMBER}", None):
        write_signals_report(office.world, SEPTEMBER, Language.ENGLISH)


def _explain(office: Office) -> None:
    case = min(list_cases(office.world), key=lambda each: each.case_id)
    if case.is_open:
        said = {"by": AUDITOR, "reason": "a bad line", "day": TODAY}
        with attempt_at(office.world, f"signals close {case.case_id}", None) as attempt:
            close_case(office.under(AUDITOR), case.case_id, CaseState.EXPLAINED, **said, attempt=attempt)


def _ask(office: Office) -> None:
    with attempt_at(office.world, f"partners commitments {SEPTEMBER} --open", SEPTEMBER.last_day) as attempt:
        open_broken(office.world, commitments_of(office.world, SEPTEMBER, ""), attempt)
    with attempt_at(office.world, f"remind on {TODAY}", None) as attempt:
        remind(office.under(OPERATIONS), TODAY, by=OPERATIONS, attempt=attempt)


def _override(office: Office) -> None:
    """A leader gives one account to a colleague; the head of the department says yes."""
    known = list_reassignments(office.world, None)
    if not known:
        (((giver, team), accounts),) = collectors_with(office.world, 1)
        others = {row["owner_id"] for row in owners_on(office.world, FIRST).values() if row["team_id"] == team}
        wanted = [Wanted(_alone(office, accounts), min(others - {giver}))]
        with attempt_at(office.world, "dispatch override", None) as attempt:
            propose_override(office.under(LEADER), Terms(FIRST, UNTIL, LEADER, "speaks the language"), wanted, attempt)
    (known,) = list_reassignments(office.world, None)
    if known.state == "proposed":
        name = known.reassignment.reassignment_id
        with attempt_at(office.world, f"dispatch approve {name}", None) as attempt:
            decide_reassignment(office.under(MANAGER), name, approve=True, by=MANAGER, attempt=attempt)


def _alone(office: Office, accounts: Sequence[str]) -> str:
    """The first of the accounts whose debtor has no other one: one owner has all accounts of a debtor."""
    landed = office.world.settings.landing / NIGHT.isoformat() / "accounts.parquet"
    book = pq.read_table(landed, columns=["account_id", "debtor_id"]).to_pylist()
    of_debtor = Counter(row["debtor_id"] for row in book)
    return min(row["account_id"] for row in book if row["account_id"] in accounts and of_debtor[row["debtor_id"]] == 1)


def _pack(office: Office) -> None:
    with attempt_at(office.world, f"report partners {SEPTEMBER}", None):
        partner_packs(office.world, SEPTEMBER, Language.ENGLISH)


PARTNERS = Scenario(
    "partners",
    "files handed to partners and what they answer; standing reviewed, decided, its plan closed; signals and their "
    "cases; broken commitments and reminders; an override by two people; the packs",
    three_nights,
    datetime(2026, 9, 4, 1, tzinfo=UTC),
    (
        Step("hand out files", _files),
        Step("take in an answer", _acknowledge),
        Step("review standing", _review),
        Step("decide on standing", _decide),
        Step("close a plan", _close),
        Step("look for signals", _look),
        Step("close a case", _explain),
        Step("ask about commitments", _ask),
        Step("override by two people", _override),
        Step("packs", _pack),
    ),
    people=(*BY_ROLE.values(), CLERK, OPERATIONS, AUDITOR, HEAD, LEADER),
)
