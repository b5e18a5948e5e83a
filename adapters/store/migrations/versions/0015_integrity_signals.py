"""Integrity signals: runs, base rates, cases, findings and evidence"""

import sqlalchemy as sa
from alembic import op

from adapters.store.guards import grant_statements, guard_statements
from adapters.store.schema import STORE
from adapters.store.types import CanonicalJson, ExactText, UtcTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

CREATED = (
    "signal_runs",
    "signal_rates",
    "signal_cases",
    "signal_findings",
    "signal_evidence",
    "signal_interested",
)


def upgrade() -> None:
    _create_runs()
    _create_rates()
    _create_cases()
    _create_findings()
    _create_evidence()
    _create_interested()
    dialect = op.get_bind().dialect.name
    for name in CREATED:
        for statement in guard_statements(STORE.tables[name], dialect):
            op.execute(statement)
    if dialect == "postgresql":  # cases are raised by the writer; closing one is a decision of the register
        for statement in grant_statements(CREATED, ()):
            op.execute(statement)


def _create_runs() -> None:
    op.create_table(
        "signal_runs",
        sa.Column(
            "signal_run",
            sa.String(length=24),
            nullable=False,
            comment="Digest of the night, the rules, the calculation.",
        ),
        sa.Column("period", sa.String(length=7), nullable=False, comment="The month."),
        sa.Column("as_of", sa.Date(), nullable=False, comment="The last day that it looked at."),
        sa.Column("run_id", sa.String(length=24), nullable=False, comment="The night whose inputs it read."),
        sa.Column("rules", CanonicalJson(), nullable=False, comment="Versions of the signals, with their signatures."),
        sa.Column("calculation", sa.String(length=64), nullable=False, comment="Version of the calculation."),
        sa.Column("left_out", CanonicalJson(), nullable=False, comment="Signals that could not look, and why."),
        *_recorded(),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_signal_runs_run_id"),
        sa.PrimaryKeyConstraint("signal_run", name="pk_signal_runs"),
        comment="Runs of the integrity signals over a month.",
    )


def _create_rates() -> None:
    op.create_table(
        "signal_rates",
        sa.Column("signal_run", sa.String(length=24), nullable=False, comment="The run."),
        sa.Column("signal_id", sa.String(length=80), nullable=False, comment="The signal."),
        sa.Column("subject_kind", sa.String(length=16), nullable=False, comment="employee or partner."),
        sa.Column(
            "peers", sa.String(length=80), nullable=False, comment="Department or jurisdiction; empty: everybody."
        ),
        sa.Column("title", sa.String(length=160), nullable=False, comment="Title of the signal."),
        sa.Column("rows", sa.BigInteger(), nullable=False, comment="Rows that it looked at."),
        sa.Column("hits", sa.BigInteger(), nullable=False, comment="Rows at which it fired."),
        sa.Column("subjects", sa.BigInteger(), nullable=False, comment="Who has such rows."),
        sa.Column("cases", sa.BigInteger(), nullable=False, comment="About how many of them there is a case."),
        sa.ForeignKeyConstraint(["signal_run"], ["signal_runs.signal_run"], name="fk_signal_rates_signal_run"),
        sa.PrimaryKeyConstraint("signal_run", "signal_id", "subject_kind", "peers", name="pk_signal_rates"),
        comment="How often each signal fired: overall, and among peers.",
    )


def _create_cases() -> None:
    op.create_table(
        "signal_cases",
        sa.Column("action_id", sa.String(length=160), nullable=False, comment="The action of the register."),
        sa.Column("signal_id", sa.String(length=80), nullable=False, comment="The signal."),
        sa.Column("title", sa.String(length=160), nullable=False, comment="Its title."),
        sa.Column("rule", sa.String(length=64), nullable=False, comment="Digest of the version that raised it."),
        sa.Column("closed_by", CanonicalJson(), nullable=False, comment="Groups of approvers whose members close it."),
        sa.Column("subject_kind", sa.String(length=16), nullable=False, comment="employee or partner."),
        sa.Column("subject_id", sa.String(length=80), nullable=False, comment="Whose work it looks at."),
        sa.Column("period", sa.String(length=7), nullable=False, comment="The month."),
        sa.Column(
            "department_id", sa.String(length=80), nullable=False, comment="Its page may show the case; empty: none."
        ),
        sa.Column("team_id", sa.String(length=80), nullable=False, comment="Its page may show the case; empty: none."),
        sa.ForeignKeyConstraint(["action_id"], ["actions.action_id"], name="fk_signal_cases_action_id"),
        sa.CheckConstraint("subject_kind IN ('employee', 'partner')", name="ck_signal_cases_subject_kind"),
        sa.UniqueConstraint(
            "signal_id",
            "subject_kind",
            "subject_id",
            "period",
            name="uq_signal_cases_signal_id_subject_kind_subject_id_period",
        ),
        sa.PrimaryKeyConstraint("action_id", name="pk_signal_cases"),
        comment="Cases raised by integrity signals; their state is that of their action.",
    )


def _create_findings() -> None:
    op.create_table(
        "signal_findings",
        sa.Column("action_id", sa.String(length=160), nullable=False, comment="The case."),
        sa.Column("signal_run", sa.String(length=24), nullable=False, comment="The run."),
        sa.Column("about", sa.Text(), nullable=False, comment="What was found, in words."),
        sa.Column("rows", sa.BigInteger(), nullable=False, comment="Rows of the subject."),
        sa.Column("hits", sa.BigInteger(), nullable=False, comment="Of these, rows at which the signal fired."),
        sa.Column("peer_rows", sa.BigInteger(), nullable=False, comment="Rows of the peers."),
        sa.Column("peer_hits", sa.BigInteger(), nullable=False, comment="Of these, rows at which the signal fired."),
        sa.Column("expected_rate", ExactText(), nullable=False, comment="Share that an honest subject may have."),
        sa.Column("chance", ExactText(), nullable=False, comment="Chance of so many hits at that share."),
        sa.ForeignKeyConstraint(["action_id"], ["signal_cases.action_id"], name="fk_signal_findings_action_id"),
        sa.ForeignKeyConstraint(["signal_run"], ["signal_runs.signal_run"], name="fk_signal_findings_signal_run"),
        sa.PrimaryKeyConstraint("action_id", "signal_run", name="pk_signal_findings"),
        comment="What each run found about a case; the newest counts.",
    )


def _create_evidence() -> None:
    op.create_table(
        "signal_evidence",
        sa.Column("action_id", sa.String(length=160), nullable=False, comment="The case."),
        sa.Column("row_id", sa.String(length=160), nullable=False, comment="Key of the source row."),
        sa.Column("table_name", sa.String(length=64), nullable=False, comment="The table of the source row."),
        sa.Column("day", sa.Date(), nullable=False, comment="The row's day."),
        sa.Column("account_id", sa.String(length=80), nullable=False, comment="The account; empty: none."),
        sa.Column(
            "other_id", sa.String(length=160), nullable=False, comment="The row or owner that it is held against."
        ),
        sa.Column(
            "figure", ExactText(), nullable=False, comment="What was measured, in the unit of the signal's kind."
        ),
        sa.Column("signal_run", sa.String(length=24), nullable=False, comment="Which run found it."),
        sa.ForeignKeyConstraint(["action_id"], ["signal_cases.action_id"], name="fk_signal_evidence_action_id"),
        sa.ForeignKeyConstraint(["signal_run"], ["signal_runs.signal_run"], name="fk_signal_evidence_signal_run"),
        sa.PrimaryKeyConstraint("action_id", "row_id", name="pk_signal_evidence"),
        comment="The source rows behind each case, as they were found.",
    )


def _create_interested() -> None:
    op.create_table(
        "signal_interested",
        sa.Column("action_id", sa.String(length=160), nullable=False, comment="The case."),
        sa.Column(
            "employee_id", sa.String(length=80), nullable=False, comment="Who is paid by it, and does not close it."
        ),
        sa.ForeignKeyConstraint(["action_id"], ["signal_cases.action_id"], name="fk_signal_interested_action_id"),
        sa.PrimaryKeyConstraint("action_id", "employee_id", name="pk_signal_interested"),
        comment="Who profits from what a case is about.",
    )


def _recorded() -> tuple[sa.Column[str], ...]:
    return (
        sa.Column("recorded_at", UtcTime(), nullable=False, comment="When it was recorded, UTC; no content."),
        sa.Column("attempt_id", sa.String(length=32), comment="The attempt that recorded it; no content."),
    )


def downgrade() -> None:
    raise RuntimeError("the store is append-only: restore a backup instead")
