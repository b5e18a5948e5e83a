"""The first store"""

import sqlalchemy as sa
from alembic import op

from adapters.store.guards import guard_statements, role_statements
from adapters.store.schema import STORE
from adapters.store.types import CanonicalJson, ExactText, MinorUnits, UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


APPEND_ONLY = (
    "snapshot_versions",
    "snapshot_pointers",
    "runs",
    "stage_results",
    "releases",
    "batches",
    "batch_lines",
    "batch_decisions",
    "ledger",
    "period_decisions",
    "rule_signatures",
)
MUTABLE = ("attempts", "ledger_head")
CREATED = (
    "attempts",
    "batch_decisions",
    "batch_lines",
    "batches",
    "check_results",
    "held_payees",
    "kpi_results",
    "ledger",
    "ledger_head",
    "payout_lines",
    "period_decisions",
    "releases",
    "rule_signatures",
    "run_files",
    "runs",
    "scores",
    "snapshot_pointers",
    "snapshot_versions",
    "source_files",
    "stage_metrics",
    "stage_results",
    "table_verdicts",
)


def upgrade() -> None:
    _create_tables()
    op.execute(f"INSERT INTO ledger_head (id, sequence, entry_hash) VALUES (1, 0, '{'0' * 64}')")
    dialect = op.get_bind().dialect.name
    for name in APPEND_ONLY:
        for statement in guard_statements(STORE.tables[name], dialect):
            op.execute(statement)
    if dialect == "postgresql":
        for statement in role_statements(CREATED, MUTABLE):
            op.execute(statement)


def _create_tables() -> None:
    op.create_table(
        "ledger_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False, comment="Always 1."),
        sa.Column("sequence", sa.BigInteger(), nullable=False, comment="Sequence of the last entry."),
        sa.Column("entry_hash", sa.String(length=64), nullable=False, comment="Hash of the last entry."),
        sa.CheckConstraint("id = 1", name="ck_ledger_head_single"),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_head"),
        comment="The end of the chain; locked first by whoever publishes.",
    )
    op.create_table(
        "period_decisions",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
            comment="Order in which rows came.",
        ),
        sa.Column("period", sa.String(length=7), nullable=False, comment="The month."),
        sa.Column("step", sa.Integer(), nullable=False, comment="Number of the decision on this month, from 1."),
        sa.Column("decision", sa.String(length=12), nullable=False, comment="closed or reopened."),
        sa.Column("by_name", sa.String(length=120), nullable=False, comment="Who decided."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why."),
        sa.Column("recorded_at", UtcTime(length=32), nullable=False, comment="When it was recorded, UTC; no content."),
        sa.Column(
            "attempt_id", sa.String(length=32), nullable=True, comment="The attempt that recorded it; no content."
        ),
        sa.PrimaryKeyConstraint("sequence", name="pk_period_decisions"),
        sa.UniqueConstraint("period", "step", name="uq_period_decisions_period_step"),
        comment="Closing and reopening of months.",
    )
    op.create_table(
        "rule_signatures",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
            comment="Order in which rows came.",
        ),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="Kind of rule."),
        sa.Column("rule_id", sa.String(length=80), nullable=False, comment="The rule."),
        sa.Column("rule", sa.String(length=64), nullable=False, comment="Digest of its version."),
        sa.Column("content", CanonicalJson(), nullable=False, comment="What was signed."),
        sa.Column("proposer", sa.String(length=120), nullable=False, comment="Who proposed the version."),
        sa.Column("signer", sa.String(length=120), nullable=False, comment="Who approved it: somebody else."),
        sa.Column("recorded_at", UtcTime(length=32), nullable=False, comment="When it was recorded, UTC; no content."),
        sa.Column(
            "attempt_id", sa.String(length=32), nullable=True, comment="The attempt that recorded it; no content."
        ),
        sa.CheckConstraint("proposer <> signer", name="ck_rule_signatures_two_people"),
        sa.PrimaryKeyConstraint("sequence", name="pk_rule_signatures"),
        sa.UniqueConstraint("rule", name="uq_rule_signatures_rule"),
        comment="Rule versions that may be used officially.",
    )
    op.create_table(
        "runs",
        sa.Column("run_id", sa.String(length=24), nullable=False, comment="Digest of the manifest."),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="nightly, month-end or what-if."),
        sa.Column("business_date", sa.Date(), nullable=False, comment="Business date, or the last day of the period."),
        sa.Column("manifest", CanonicalJson(), nullable=False, comment="Everything that the run reads."),
        sa.Column("recorded_at", UtcTime(length=32), nullable=False, comment="When it was recorded, UTC; no content."),
        sa.Column(
            "attempt_id", sa.String(length=32), nullable=True, comment="The attempt that recorded it; no content."
        ),
        sa.PrimaryKeyConstraint("run_id", name="pk_runs"),
        comment="Runs by what they are made of; the same inputs are the same run.",
    )
    op.create_table(
        "snapshot_versions",
        sa.Column(
            "version",
            sa.String(length=64),
            nullable=False,
            comment="Digest of table, columns and content; of events, also the date.",
        ),
        sa.Column("table_name", sa.String(length=64), nullable=False, comment="Table of the catalogue."),
        sa.Column("first_date", sa.Date(), nullable=False, comment="Business date under whose folder the file lies."),
        sa.Column("path", sa.String(length=400), nullable=False, comment="File, below the home folder."),
        sa.Column("content_sha256", sa.String(length=64), nullable=False, comment="SHA-256 of the file."),
        sa.Column("rows", sa.BigInteger(), nullable=False, comment="Rows in the file."),
        sa.Column("columns", CanonicalJson(), nullable=False, comment="Columns and types as they landed."),
        sa.Column(
            "totals", CanonicalJson(), nullable=False, comment="Control totals: sum of the money column by currency."
        ),
        sa.PrimaryKeyConstraint("version", name="pk_snapshot_versions"),
        comment="Versions of extracts; a version never changes, and state that did not change is stored once.",
    )
    op.create_table(
        "attempts",
        sa.Column("attempt_id", sa.String(length=32), nullable=False, comment="One start of a command."),
        sa.Column("command", sa.String(length=200), nullable=False, comment="What was asked for."),
        sa.Column("business_date", sa.Date(), nullable=True, comment="For which date."),
        sa.Column("run_id", sa.String(length=24), nullable=True, comment="The run, once its manifest was known."),
        sa.Column("state", sa.String(length=12), nullable=False, comment="running, done, halted or failed."),
        sa.Column("message", sa.Text(), nullable=False, comment="How it ended."),
        sa.Column("started_at", UtcTime(length=32), nullable=False, comment="Start, UTC; no content."),
        sa.Column("ended_at", UtcTime(length=32), nullable=True, comment="End, UTC; no content."),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_attempts_run_id"),
        sa.PrimaryKeyConstraint("attempt_id", name="pk_attempts"),
        comment="Who started what when: one run may need several attempts.",
    )
    op.create_table(
        "batches",
        sa.Column("batch_id", sa.String(length=64), nullable=False, comment="Kind, period, scope and a short digest."),
        sa.Column("kind", sa.String(length=8), nullable=False, comment="bonus or fee."),
        sa.Column("scope", sa.String(length=80), nullable=False, comment="Department or partner."),
        sa.Column("period", sa.String(length=7), nullable=False, comment="Month that it pays."),
        sa.Column("run_id", sa.String(length=24), nullable=False, comment="The run that calculated it."),
        sa.Column("content_hash", sa.String(length=64), nullable=False, comment="What an approval binds to."),
        sa.Column("chain", CanonicalJson(), nullable=False, comment="Roles that approve, in order."),
        sa.Column("prepared_by", sa.String(length=120), nullable=False, comment="Who prepared it."),
        sa.Column("recorded_at", UtcTime(length=32), nullable=False, comment="When it was recorded, UTC; no content."),
        sa.Column(
            "attempt_id", sa.String(length=32), nullable=True, comment="The attempt that recorded it; no content."
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_batches_run_id"),
        sa.PrimaryKeyConstraint("batch_id", name="pk_batches"),
        comment="Batches as they were frozen for review.",
    )
    op.create_table(
        "check_results",
        sa.Column("run_id", sa.String(length=24), nullable=False, comment="The run."),
        sa.Column("table_name", sa.String(length=64), nullable=False, comment="The table."),
        sa.Column("check_name", sa.String(length=120), nullable=False, comment="Code of the check."),
        sa.Column("layer", sa.String(length=16), nullable=False, comment="contract, suite or control."),
        sa.Column("outcome", sa.String(length=16), nullable=False, comment="pass, not yet known, warn or halt."),
        sa.Column("rows", sa.BigInteger(), nullable=False, comment="Rows that it looked at."),
        sa.Column("failed", sa.BigInteger(), nullable=False, comment="Rows that failed."),
        sa.Column("found", sa.Text(), nullable=False, comment="What was found."),
        sa.Column("expected", sa.Text(), nullable=False, comment="What was expected."),
        sa.Column("hint", sa.Text(), nullable=False, comment="What to do."),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_check_results_run_id"),
        sa.PrimaryKeyConstraint("run_id", "table_name", "check_name", name="pk_check_results"),
        comment="Every check of every table.",
    )
    op.create_table(
        "held_payees",
        sa.Column("run_id", sa.String(length=24), nullable=False, comment="The run."),
        sa.Column("batch_kind", sa.String(length=8), nullable=False, comment="bonus or fee."),
        sa.Column("payee", sa.String(length=80), nullable=False, comment="Who is not paid now."),
        sa.Column("component", sa.String(length=80), nullable=False, comment="For what; empty: for everything."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Code and sentence."),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_held_payees_run_id"),
        sa.PrimaryKeyConstraint("run_id", "batch_kind", "payee", "component", name="pk_held_payees"),
        comment="Payees that the calculation held or found no policy for: nobody is dropped.",
    )
    op.create_table(
        "kpi_results",
        sa.Column("run_id", sa.String(length=24), nullable=False, comment="The run."),
        sa.Column("kpi", sa.String(length=80), nullable=False, comment="The KPI."),
        sa.Column("grain", sa.String(length=16), nullable=False, comment="Grain."),
        sa.Column("entity", sa.String(length=80), nullable=False, comment="Employee, team, department … by id."),
        sa.Column("currency", sa.String(length=3), nullable=False, comment="Currency of money; empty otherwise."),
        sa.Column("rule", sa.String(length=64), nullable=False, comment="Version of the KPI."),
        sa.Column("start", sa.Date(), nullable=False, comment="First day counted."),
        sa.Column("as_of", sa.Date(), nullable=False, comment="Last day counted."),
        sa.Column("unit", sa.String(length=8), nullable=False, comment="money, count or ratio."),
        sa.Column("state", sa.String(length=20), nullable=False, comment="value, no value, or no value: halted."),
        sa.Column("value", ExactText(), nullable=True, comment="The value."),
        sa.Column("numerator", ExactText(), nullable=True, comment="Exact sum above the line."),
        sa.Column("denominator", ExactText(), nullable=True, comment="Exact sum below the line."),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_kpi_results_run_id"),
        sa.PrimaryKeyConstraint("run_id", "kpi", "grain", "entity", "currency", name="pk_kpi_results"),
        comment="KPI values by entity.",
    )
    op.create_table(
        "payout_lines",
        sa.Column("run_id", sa.String(length=24), nullable=False, comment="The run: a forecast or a month-end."),
        sa.Column("batch_kind", sa.String(length=8), nullable=False, comment="bonus or fee."),
        sa.Column("payee", sa.String(length=80), nullable=False, comment="Employee or partner."),
        sa.Column("component", sa.String(length=80), nullable=False, comment="What it is for."),
        sa.Column("origin_period", sa.String(length=7), nullable=False, comment="Month in which it was earned."),
        sa.Column("currency", sa.String(length=3), nullable=False, comment="Currency."),
        sa.Column(
            "scope", sa.String(length=80), nullable=False, comment="Department or partner whose batch it belongs to."
        ),
        sa.Column("rule", sa.String(length=64), nullable=False, comment="Version of the policy or contract."),
        sa.Column("amount_minor", MinorUnits(), nullable=False, comment="Payable, in minor units."),
        sa.Column("steps", CanonicalJson(), nullable=False, comment="Every step: value, inputs, rule line."),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_payout_lines_run_id"),
        sa.PrimaryKeyConstraint(
            "run_id", "batch_kind", "payee", "component", "origin_period", "currency", name="pk_payout_lines"
        ),
        comment="Calculated payouts and fees; the steps are the explanation.",
    )
    op.create_table(
        "releases",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False, comment="Number of the release."),
        sa.Column("release_id", sa.String(length=64), nullable=False, comment="Digest of what was released and why."),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="opening, allocation, override or handover."),
        sa.Column("run_id", sa.String(length=24), nullable=True, comment="The run that allocated it."),
        sa.Column("valid_from", sa.Date(), nullable=False, comment="First day of the changes."),
        sa.Column(
            "path", sa.String(length=400), nullable=False, comment="Parquet file of changes, below the home folder."
        ),
        sa.Column("sha256", sa.String(length=64), nullable=False, comment="SHA-256 of the file."),
        sa.Column("rows", sa.BigInteger(), nullable=False, comment="Changes in it."),
        sa.Column("by_name", sa.String(length=120), nullable=False, comment="Who decided it."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why."),
        sa.Column("recorded_at", UtcTime(length=32), nullable=False, comment="When it was recorded, UTC; no content."),
        sa.Column(
            "attempt_id", sa.String(length=32), nullable=True, comment="The attempt that recorded it; no content."
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_releases_run_id"),
        sa.PrimaryKeyConstraint("sequence", name="pk_releases"),
        sa.UniqueConstraint("release_id", name="uq_releases_release_id"),
        comment="The dispatch: releases in order; rows of a release are in its file.",
    )
    op.create_table(
        "run_files",
        sa.Column("run_id", sa.String(length=24), nullable=False, comment="The run."),
        sa.Column(
            "name", sa.String(length=200), nullable=False, comment="What it holds: credits, quarantine/payments …"
        ),
        sa.Column("path", sa.String(length=400), nullable=False, comment="File, below the home folder."),
        sa.Column("sha256", sa.String(length=64), nullable=False, comment="SHA-256 of the file."),
        sa.Column("rows", sa.BigInteger(), nullable=False, comment="Rows in it; 0 where it has no rows."),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_run_files_run_id"),
        sa.PrimaryKeyConstraint("run_id", "name", name="pk_run_files"),
        comment="Files that a run wrote; what is not named here does not exist for readers.",
    )
    op.create_table(
        "scores",
        sa.Column("run_id", sa.String(length=24), nullable=False, comment="The run."),
        sa.Column("scorecard", sa.String(length=80), nullable=False, comment="The scorecard."),
        sa.Column("grain", sa.String(length=16), nullable=False, comment="Grain."),
        sa.Column("entity", sa.String(length=80), nullable=False, comment="Whose score."),
        sa.Column("rule", sa.String(length=64), nullable=False, comment="Version of the scorecard."),
        sa.Column("start", sa.Date(), nullable=False, comment="First day counted."),
        sa.Column("as_of", sa.Date(), nullable=False, comment="Last day counted."),
        sa.Column("state", sa.String(length=20), nullable=False, comment="value, no value, or no value: halted."),
        sa.Column("score", ExactText(), nullable=True, comment="The score."),
        sa.Column("parts", CanonicalJson(), nullable=False, comment="Rows of the scorecard."),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_scores_run_id"),
        sa.PrimaryKeyConstraint("run_id", "scorecard", "grain", "entity", name="pk_scores"),
        comment="Scores, with the rows that explain them.",
    )
    op.create_table(
        "snapshot_pointers",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
            comment="Order in which rows came.",
        ),
        sa.Column("kind", sa.String(length=8), nullable=False, comment="landed or accepted."),
        sa.Column("table_name", sa.String(length=64), nullable=False, comment="Table of the catalogue."),
        sa.Column("business_date", sa.Date(), nullable=False, comment="Date that the version stands for."),
        sa.Column("version", sa.String(length=64), nullable=False, comment="The version."),
        sa.Column("recorded_at", UtcTime(length=32), nullable=False, comment="When it was recorded, UTC; no content."),
        sa.Column(
            "attempt_id", sa.String(length=32), nullable=True, comment="The attempt that recorded it; no content."
        ),
        sa.CheckConstraint("kind IN ('landed', 'accepted')", name="ck_snapshot_pointers_kind"),
        sa.ForeignKeyConstraint(["version"], ["snapshot_versions.version"], name="fk_snapshot_pointers_version"),
        sa.PrimaryKeyConstraint("sequence", name="pk_snapshot_pointers"),
        comment="Which version counts for a date: the row with the highest sequence.",
    )
    op.create_index(
        "ix_snapshot_pointers_lookup", "snapshot_pointers", ["kind", "table_name", "business_date"], unique=False
    )
    op.create_table(
        "source_files",
        sa.Column(
            "source_sha256", sa.String(length=64), nullable=False, comment="SHA-256 of a file of the landing folder."
        ),
        sa.Column("table_name", sa.String(length=64), nullable=False, comment="Table that it was read as."),
        sa.Column("version", sa.String(length=64), nullable=False, comment="What it became."),
        sa.ForeignKeyConstraint(["version"], ["snapshot_versions.version"], name="fk_source_files_version"),
        sa.PrimaryKeyConstraint("source_sha256", "table_name", "version", name="pk_source_files"),
        comment="Landing files that were read before: an unchanged file is not read again.",
    )
    op.create_table(
        "stage_results",
        sa.Column("run_id", sa.String(length=24), nullable=False, comment="The run."),
        sa.Column("stage", sa.String(length=16), nullable=False, comment="The stage."),
        sa.Column("outcome", sa.String(length=16), nullable=False, comment="done, halted or waiting."),
        sa.Column("summary", CanonicalJson(), nullable=False, comment="What the stage summary shows."),
        sa.Column("recorded_at", UtcTime(length=32), nullable=False, comment="When it was recorded, UTC; no content."),
        sa.Column(
            "attempt_id", sa.String(length=32), nullable=True, comment="The attempt that recorded it; no content."
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_stage_results_run_id"),
        sa.PrimaryKeyConstraint("run_id", "stage", name="pk_stage_results"),
        comment="Stages that are finished: a killed run goes on after the last of them.",
    )
    op.create_table(
        "table_verdicts",
        sa.Column("run_id", sa.String(length=24), nullable=False, comment="The run."),
        sa.Column("table_name", sa.String(length=64), nullable=False, comment="The table."),
        sa.Column("outcome", sa.String(length=16), nullable=False, comment="pass, not yet known, warn or halt."),
        sa.Column("landed", sa.BigInteger(), nullable=False, comment="Rows that landed."),
        sa.Column("accepted", sa.BigInteger(), nullable=False, comment="Rows that were accepted."),
        sa.Column("quarantined", sa.BigInteger(), nullable=False, comment="Rows set aside."),
        sa.Column("duplicate", sa.BigInteger(), nullable=False, comment="Exact doubles dropped."),
        sa.Column("money", CanonicalJson(), nullable=False, comment="The same four by currency, in major units."),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_table_verdicts_run_id"),
        sa.PrimaryKeyConstraint("run_id", "table_name", name="pk_table_verdicts"),
        comment="What the gate said of each table: landed = accepted + quarantined + duplicate.",
    )
    op.create_table(
        "batch_decisions",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
            comment="Order in which rows came.",
        ),
        sa.Column("batch_id", sa.String(length=64), nullable=False, comment="The batch."),
        sa.Column("step", sa.Integer(), nullable=False, comment="Number of the decision on this batch, from 1."),
        sa.Column(
            "decision", sa.String(length=12), nullable=False, comment="approved, returned, held, void or published."
        ),
        sa.Column("role", sa.String(length=40), nullable=False, comment="In which role of the chain."),
        sa.Column("by_name", sa.String(length=120), nullable=False, comment="Who decided."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why; may be empty for approvals."),
        sa.Column("content_hash", sa.String(length=64), nullable=False, comment="Hash of what was decided on."),
        sa.Column("recorded_at", UtcTime(length=32), nullable=False, comment="When it was recorded, UTC; no content."),
        sa.Column(
            "attempt_id", sa.String(length=32), nullable=True, comment="The attempt that recorded it; no content."
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.batch_id"], name="fk_batch_decisions_batch_id"),
        sa.PrimaryKeyConstraint("sequence", name="pk_batch_decisions"),
        sa.UniqueConstraint("batch_id", "step", name="uq_batch_decisions_batch_id_step"),
        comment="Decisions of people on batches, in order.",
    )
    op.create_table(
        "batch_lines",
        sa.Column("batch_id", sa.String(length=64), nullable=False, comment="The batch."),
        sa.Column("payee", sa.String(length=80), nullable=False, comment="Employee or partner."),
        sa.Column("component", sa.String(length=80), nullable=False, comment="What it is for."),
        sa.Column("origin_period", sa.String(length=7), nullable=False, comment="Month in which it was earned."),
        sa.Column("currency", sa.String(length=3), nullable=False, comment="Currency."),
        sa.Column("desired_minor", MinorUnits(), nullable=False, comment="What it should be in all."),
        sa.Column(
            "posted_minor",
            MinorUnits(),
            nullable=True,
            comment="What the ledger held when it was frozen; null: nothing yet.",
        ),
        sa.Column("difference_minor", MinorUnits(), nullable=False, comment="What publishing posts."),
        sa.Column("posting_period", sa.String(length=7), nullable=False, comment="Month into which it is posted."),
        sa.Column(
            "entry_type",
            sa.String(length=16),
            nullable=False,
            comment="earning, adjustment or clawback; empty: nothing.",
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.batch_id"], name="fk_batch_lines_batch_id"),
        sa.PrimaryKeyConstraint("batch_id", "payee", "component", "origin_period", "currency", name="pk_batch_lines"),
        comment="Frozen lines: desired, posted and difference.",
    )
    op.create_table(
        "ledger",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False, comment="Without gaps, from 1."),
        sa.Column("batch_kind", sa.String(length=8), nullable=False, comment="bonus or fee."),
        sa.Column("payee", sa.String(length=80), nullable=False, comment="Employee or partner."),
        sa.Column("component", sa.String(length=80), nullable=False, comment="What it is for."),
        sa.Column("origin_period", sa.String(length=7), nullable=False, comment="Month in which it was earned."),
        sa.Column("currency", sa.String(length=3), nullable=False, comment="Currency."),
        sa.Column("posting_period", sa.String(length=7), nullable=False, comment="Month in which it is paid."),
        sa.Column("entry_type", sa.String(length=16), nullable=False, comment="earning, adjustment or clawback."),
        sa.Column("amount_minor", MinorUnits(), nullable=False, comment="The difference posted, in minor units."),
        sa.Column("batch_id", sa.String(length=64), nullable=False, comment="The batch that posted it."),
        sa.Column("previous_hash", sa.String(length=64), nullable=False, comment="Hash of the entry before."),
        sa.Column("entry_hash", sa.String(length=64), nullable=False, comment="Hash of this entry and the one before."),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.batch_id"], name="fk_ledger_batch_id"),
        sa.PrimaryKeyConstraint("sequence", name="pk_ledger"),
        sa.UniqueConstraint(
            "batch_id",
            "payee",
            "component",
            "origin_period",
            "currency",
            name="uq_ledger_batch_id_payee_component_origin_period_currency",
        ),
        sa.UniqueConstraint("entry_hash", name="uq_ledger_entry_hash"),
        sa.UniqueConstraint("previous_hash", name="uq_ledger_previous_hash"),
        comment="What was posted for payment; append-only, hash-chained.",
    )
    op.create_table(
        "stage_metrics",
        sa.Column("attempt_id", sa.String(length=32), nullable=False, comment="The attempt."),
        sa.Column("stage", sa.String(length=16), nullable=False, comment="The stage."),
        sa.Column("seconds", ExactText(), nullable=False, comment="Wall time; no content."),
        sa.Column("peak_mib", sa.Integer(), nullable=False, comment="Highest resident memory of the process so far."),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.attempt_id"], name="fk_stage_metrics_attempt_id"),
        sa.PrimaryKeyConstraint("attempt_id", "stage", name="pk_stage_metrics"),
        comment="What a stage cost; recorded, no content.",
    )


def downgrade() -> None:
    raise RuntimeError("the store is append-only: restore a backup instead")
