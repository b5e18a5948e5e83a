"""The tables of the store: what people read and decide on. Comments become the data dictionary.

`APPEND_ONLY` tables are guarded by triggers on both databases; what may change at all is named in `MUTABLE`.
Columns named in `RECORDED` hold clock times and attempts: they are no content, and are left out of equality.
"""

from __future__ import annotations

import sqlalchemy as sa

from adapters.store.types import CanonicalJson, ExactText, MinorUnits, UtcTime

STORE = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _sequence() -> sa.Column[int]:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("sequence", number, primary_key=True, autoincrement=True, comment="Order in which rows came.")


def _recorded() -> tuple[sa.Column[str], ...]:
    return (
        sa.Column("recorded_at", UtcTime(), nullable=False, comment="When it was recorded, UTC; no content."),
        sa.Column("attempt_id", sa.String(32), comment="The attempt that recorded it; no content."),
    )


snapshot_versions = sa.Table(
    "snapshot_versions",
    STORE,
    sa.Column(
        "version",
        sa.String(64),
        primary_key=True,
        comment="Digest of table, columns and content; of events, also the date.",
    ),
    sa.Column("table_name", sa.String(64), nullable=False, comment="Table of the catalogue."),
    sa.Column("first_date", sa.Date, nullable=False, comment="Business date under whose folder the file lies."),
    sa.Column("path", sa.String(400), nullable=False, comment="File, below the home folder."),
    sa.Column("content_sha256", sa.String(64), nullable=False, comment="SHA-256 of the file."),
    sa.Column("rows", sa.BigInteger, nullable=False, comment="Rows in the file."),
    sa.Column("columns", CanonicalJson(), nullable=False, comment="Columns and types as they landed."),
    sa.Column(
        "totals", CanonicalJson(), nullable=False, comment="Control totals: sum of the money column by currency."
    ),
    comment="Versions of extracts; a version never changes, and state that did not change is stored once.",
)

snapshot_pointers = sa.Table(
    "snapshot_pointers",
    STORE,
    _sequence(),
    sa.Column("kind", sa.String(8), nullable=False, comment="landed or accepted."),
    sa.Column("table_name", sa.String(64), nullable=False, comment="Table of the catalogue."),
    sa.Column("business_date", sa.Date, nullable=False, comment="Date that the version stands for."),
    sa.Column("version", sa.ForeignKey("snapshot_versions.version"), nullable=False, comment="The version."),
    *_recorded(),
    sa.CheckConstraint("kind IN ('landed', 'accepted')", name="kind"),
    comment="Which version counts for a date: the row with the highest sequence.",
)
sa.Index(
    "ix_snapshot_pointers_lookup",
    snapshot_pointers.c.kind,
    snapshot_pointers.c.table_name,
    snapshot_pointers.c.business_date,
)

source_files = sa.Table(
    "source_files",
    STORE,
    sa.Column("source_sha256", sa.String(64), primary_key=True, comment="SHA-256 of a file of the landing folder."),
    sa.Column("table_name", sa.String(64), primary_key=True, comment="Table that it was read as."),
    sa.Column("version", sa.ForeignKey("snapshot_versions.version"), primary_key=True, comment="What it became."),
    comment="Landing files that were read before: an unchanged file is not read again.",
)

runs = sa.Table(
    "runs",
    STORE,
    sa.Column("run_id", sa.String(24), primary_key=True, comment="Digest of the manifest."),
    sa.Column("kind", sa.String(16), nullable=False, comment="nightly, month-end, what-if, opening or settlement."),
    sa.Column("business_date", sa.Date, nullable=False, comment="Business date, or the last day of the period."),
    sa.Column("manifest", CanonicalJson(), nullable=False, comment="Everything that the run reads."),
    *_recorded(),
    comment="Runs by what they are made of; the same inputs are the same run.",
)

attempts = sa.Table(
    "attempts",
    STORE,
    sa.Column("attempt_id", sa.String(32), primary_key=True, comment="One start of a command."),
    sa.Column("command", sa.String(200), nullable=False, comment="What was asked for."),
    sa.Column("business_date", sa.Date, comment="For which date."),
    sa.Column("run_id", sa.ForeignKey("runs.run_id"), comment="The run, once its manifest was known."),
    sa.Column("state", sa.String(12), nullable=False, comment="running, done, halted, failed or killed."),
    sa.Column("message", sa.Text, nullable=False, comment="How it ended."),
    sa.Column("started_at", UtcTime(), nullable=False, comment="Start, UTC; no content."),
    sa.Column("ended_at", UtcTime(), comment="End, UTC; no content."),
    sa.Column("host", sa.String(255), comment="Host that it works on; no content."),
    sa.Column("process_id", sa.BigInteger, comment="Its process there; no content."),
    sa.Column("process_started", sa.String(120), comment="Since when that process is there; no content."),
    comment="Who started what when: one run may need several attempts.",
)

environments = sa.Table(
    "environments",
    STORE,
    sa.Column("step", sa.Integer, primary_key=True, autoincrement=False, comment="Number of the naming, from 1."),
    sa.Column("environment", sa.String(40), nullable=False, comment="Such as production or test."),
    sa.Column("by_name", sa.String(120), nullable=False, comment="Who named it."),
    sa.Column("reason", sa.Text, nullable=False, comment="Why it is another one now; empty for the first."),
    *_recorded(),
    comment="Of which environment the store is; the last one counts.",
)

stage_metrics = sa.Table(
    "stage_metrics",
    STORE,
    sa.Column("attempt_id", sa.ForeignKey("attempts.attempt_id"), primary_key=True, comment="The attempt."),
    sa.Column("stage", sa.String(16), primary_key=True, comment="The stage."),
    sa.Column("seconds", ExactText(), nullable=False, comment="Wall time; no content."),
    sa.Column("peak_mib", sa.Integer, nullable=False, comment="Highest resident memory of the process so far."),
    sa.Column("cpu_seconds", ExactText(), comment="Processor time of the process, all threads; no content."),
    sa.Column("written_mib", sa.Integer, comment="What the process wrote to disk, where the system says; no content."),
    sa.Column("rows_done", sa.BigInteger, comment="Rows landed or judged, accounts decided on, figures, payout lines."),
    comment="What a stage cost; recorded, no content.",
)

stage_results = sa.Table(
    "stage_results",
    STORE,
    sa.Column("run_id", sa.ForeignKey("runs.run_id"), primary_key=True, comment="The run."),
    sa.Column("stage", sa.String(16), primary_key=True, comment="The stage."),
    sa.Column("outcome", sa.String(16), nullable=False, comment="done, halted or waiting."),
    sa.Column("summary", CanonicalJson(), nullable=False, comment="What the stage summary shows."),
    *_recorded(),
    comment="Stages that are finished: a killed run goes on after the last of them.",
)

table_verdicts = sa.Table(
    "table_verdicts",
    STORE,
    sa.Column("run_id", sa.ForeignKey("runs.run_id"), primary_key=True, comment="The run."),
    sa.Column("table_name", sa.String(64), primary_key=True, comment="The table."),
    sa.Column("outcome", sa.String(16), nullable=False, comment="pass, not yet known, warn or halt."),
    sa.Column("landed", sa.BigInteger, nullable=False, comment="Rows that landed."),
    sa.Column("accepted", sa.BigInteger, nullable=False, comment="Rows that were accepted."),
    sa.Column("quarantined", sa.BigInteger, nullable=False, comment="Rows set aside."),
    sa.Column("duplicate", sa.BigInteger, nullable=False, comment="Exact doubles dropped."),
    sa.Column("money", CanonicalJson(), nullable=False, comment="The same four by currency, in major units."),
    comment="What the gate said of each table: landed = accepted + quarantined + duplicate.",
)

check_results = sa.Table(
    "check_results",
    STORE,
    sa.Column("run_id", sa.ForeignKey("runs.run_id"), primary_key=True, comment="The run."),
    sa.Column("table_name", sa.String(64), primary_key=True, comment="The table."),
    sa.Column("check_name", sa.String(120), primary_key=True, comment="Code of the check."),
    sa.Column("layer", sa.String(16), nullable=False, comment="contract, suite or control."),
    sa.Column("outcome", sa.String(16), nullable=False, comment="pass, not yet known, warn or halt."),
    sa.Column("rows", sa.BigInteger, nullable=False, comment="Rows that it looked at."),
    sa.Column("failed", sa.BigInteger, nullable=False, comment="Rows that failed."),
    sa.Column("found", sa.Text, nullable=False, comment="What was found."),
    sa.Column("expected", sa.Text, nullable=False, comment="What was expected."),
    sa.Column("hint", sa.Text, nullable=False, comment="What to do."),
    comment="Every check of every table.",
)

quarantine = sa.Table(
    "quarantine",
    STORE,
    sa.Column("run_id", sa.ForeignKey("runs.run_id"), primary_key=True, comment="The run."),
    sa.Column("table_name", sa.String(64), primary_key=True, comment="The table."),
    sa.Column("reason", sa.String(120), primary_key=True, comment="Reason code; a row may have several."),
    sa.Column("rows", sa.BigInteger, nullable=False, comment="Rows with this reason."),
    sa.Column("money", CanonicalJson(), nullable=False, comment="Their absolute amounts by currency, in major units."),
    comment="Index of the quarantine: the rows themselves, as they came, are in the run's file quarantine/<table>.",
)

met_contracts = sa.Table(
    "met_contracts",
    STORE,
    sa.Column(
        "inputs", sa.String(64), primary_key=True, comment="Digest of the contract and of every version that it read."
    ),
    sa.Column("table_name", sa.String(64), nullable=False, comment="The table."),
    sa.Column("rows", sa.BigInteger, nullable=False, comment="Its rows, every one of them sound."),
    sa.Column("money", CanonicalJson(), nullable=False, comment="Their amounts by currency, in major units."),
    sa.Column("run_id", sa.ForeignKey("runs.run_id"), nullable=False, comment="The run that judged them."),
    comment="Whole tables of state that met their contract: while nothing of it changes, they are not judged again.",
)

waivers = sa.Table(
    "waivers",
    STORE,
    _sequence(),
    sa.Column("run_id", sa.ForeignKey("runs.run_id"), nullable=False, comment="The run whose halt was seen."),
    sa.Column("business_date", sa.Date, nullable=False, comment="Date of the extract."),
    sa.Column("table_name", sa.String(64), nullable=False, comment="Table of the check."),
    sa.Column("check_name", sa.String(120), nullable=False, comment="Code of the check."),
    sa.Column("version", sa.ForeignKey("snapshot_versions.version"), nullable=False, comment="The data it is about."),
    sa.Column("until", sa.Date, nullable=False, comment="Last day on which it holds."),
    sa.Column("by_name", sa.String(120), nullable=False, comment="Who decided."),
    sa.Column("reason", sa.Text, nullable=False, comment="Why."),
    *_recorded(),
    sa.UniqueConstraint("run_id", "check_name"),
    comment="Decisions to go on over a halted check: void when past, or when other data land.",
)

waived_versions = sa.Table(
    "waived_versions",
    STORE,
    sa.Column("run_id", sa.ForeignKey("runs.run_id"), primary_key=True, comment="The run that went on."),
    sa.Column("check_name", sa.String(120), primary_key=True, comment="The check that was waived."),
    sa.Column("table_name", sa.String(64), nullable=False, comment="Its table."),
    sa.Column("business_date", sa.Date, nullable=False, comment="Date of the extract."),
    sa.Column("version", sa.ForeignKey("snapshot_versions.version"), nullable=False, comment="What was accepted."),
    sa.Column("until", sa.Date, nullable=False, comment="Until when the waiver held."),
    sa.Column("by_name", sa.String(120), nullable=False, comment="Who decided."),
    sa.Column("reason", sa.Text, nullable=False, comment="Why."),
    comment="Accepted over a waiver: every result that reads such a version says so.",
)

corrections = sa.Table(
    "corrections",
    STORE,
    _sequence(),
    sa.Column("table_name", sa.String(64), nullable=False, comment="The table."),
    sa.Column("business_date", sa.Date, nullable=False, comment="Date of the extract."),
    sa.Column("base", sa.ForeignKey("snapshot_versions.version"), nullable=False, comment="The version corrected."),
    sa.Column("version", sa.ForeignKey("snapshot_versions.version"), nullable=False, comment="What lands instead."),
    sa.Column("run_id", sa.ForeignKey("runs.run_id"), nullable=False, comment="The run that quarantined the rows."),
    sa.Column("replaced", sa.BigInteger, nullable=False, comment="Rows that were replaced by corrected ones."),
    sa.Column("dropped", sa.BigInteger, nullable=False, comment="Rows that were left out on purpose."),
    sa.Column("path", sa.String(400), nullable=False, comment="File of the corrected rows, below the home folder."),
    sa.Column("sha256", sa.String(64), nullable=False, comment="SHA-256 of that file."),
    sa.Column("by_name", sa.String(120), nullable=False, comment="Who corrected."),
    sa.Column("reason", sa.Text, nullable=False, comment="Why."),
    *_recorded(),
    sa.UniqueConstraint("base", "business_date"),
    comment="Quarantined rows that came back corrected; a new extract from the source takes their place.",
)

run_files = sa.Table(
    "run_files",
    STORE,
    sa.Column("run_id", sa.ForeignKey("runs.run_id"), primary_key=True, comment="The run."),
    sa.Column("name", sa.String(200), primary_key=True, comment="What it holds: credits, quarantine/payments …"),
    sa.Column("path", sa.String(400), nullable=False, comment="File, below the home folder."),
    sa.Column("sha256", sa.String(64), nullable=False, comment="SHA-256 of the file."),
    sa.Column("rows", sa.BigInteger, nullable=False, comment="Rows in it; 0 where it has no rows."),
    comment="Files that a run wrote; what is not named here does not exist for readers.",
)

releases = sa.Table(
    "releases",
    STORE,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False, comment="Number of the release."),
    sa.Column("release_id", sa.String(64), nullable=False, unique=True, comment="Digest of what was released and why."),
    sa.Column("kind", sa.String(16), nullable=False, comment="opening, allocation, override or handover."),
    sa.Column("run_id", sa.ForeignKey("runs.run_id"), comment="The run that allocated it."),
    sa.Column("valid_from", sa.Date, nullable=False, comment="First day of the changes."),
    sa.Column("path", sa.String(400), nullable=False, comment="Parquet file of changes, below the home folder."),
    sa.Column("sha256", sa.String(64), nullable=False, comment="SHA-256 of the file."),
    sa.Column("rows", sa.BigInteger, nullable=False, comment="Changes in it."),
    sa.Column("by_name", sa.String(120), nullable=False, comment="Who decided it."),
    sa.Column("reason", sa.Text, nullable=False, comment="Why."),
    *_recorded(),
    comment="The dispatch: releases in order; rows of a release are in its file.",
)

kpi_results = sa.Table(
    "kpi_results",
    STORE,
    sa.Column("run_id", sa.ForeignKey("runs.run_id"), primary_key=True, comment="The run."),
    sa.Column("kpi", sa.String(80), primary_key=True, comment="The KPI."),
    sa.Column("grain", sa.String(16), primary_key=True, comment="Grain."),
    sa.Column("entity", sa.String(80), primary_key=True, comment="Employee, team, department … by id."),
    sa.Column("currency", sa.String(3), primary_key=True, comment="Currency of money; empty otherwise."),
    sa.Column("rule", sa.String(64), nullable=False, comment="Version of the KPI."),
    sa.Column("start", sa.Date, nullable=False, comment="First day counted."),
    sa.Column("as_of", sa.Date, nullable=False, comment="Last day counted."),
    sa.Column("unit", sa.String(8), nullable=False, comment="money, count or ratio."),
    sa.Column("state", sa.String(20), nullable=False, comment="value, no value, or no value: halted."),
    sa.Column("value", ExactText(), comment="The value."),
    sa.Column("numerator", ExactText(), comment="Exact sum above the line."),
    sa.Column("denominator", ExactText(), comment="Exact sum below the line."),
    comment="KPI values by entity.",
)

scores = sa.Table(
    "scores",
    STORE,
    sa.Column("run_id", sa.ForeignKey("runs.run_id"), primary_key=True, comment="The run."),
    sa.Column("scorecard", sa.String(80), primary_key=True, comment="The scorecard."),
    sa.Column("grain", sa.String(16), primary_key=True, comment="Grain."),
    sa.Column("entity", sa.String(80), primary_key=True, comment="Whose score."),
    sa.Column("rule", sa.String(64), nullable=False, comment="Version of the scorecard."),
    sa.Column("start", sa.Date, nullable=False, comment="First day counted."),
    sa.Column("as_of", sa.Date, nullable=False, comment="Last day counted."),
    sa.Column("state", sa.String(20), nullable=False, comment="value, no value, or no value: halted."),
    sa.Column("score", ExactText(), comment="The score."),
    sa.Column("parts", CanonicalJson(), nullable=False, comment="Rows of the scorecard."),
    comment="Scores, with the rows that explain them.",
)

payout_lines = sa.Table(
    "payout_lines",
    STORE,
    sa.Column("run_id", sa.ForeignKey("runs.run_id"), primary_key=True, comment="The run: a forecast or a month-end."),
    sa.Column("batch_kind", sa.String(8), primary_key=True, comment="bonus or fee."),
    sa.Column("payee", sa.String(80), primary_key=True, comment="Employee or partner."),
    sa.Column("component", sa.String(80), primary_key=True, comment="What it is for."),
    sa.Column("origin_period", sa.String(7), primary_key=True, comment="Month in which it was earned."),
    sa.Column("currency", sa.String(3), primary_key=True, comment="Currency."),
    sa.Column("scope", sa.String(80), nullable=False, comment="Department or partner whose batch it belongs to."),
    sa.Column("rule", sa.String(64), nullable=False, comment="Version of the policy or contract."),
    sa.Column("amount_minor", MinorUnits(), nullable=False, comment="Payable, in minor units."),
    sa.Column("steps", CanonicalJson(), nullable=False, comment="Every step: value, inputs, rule line."),
    comment="Calculated payouts and fees; the steps are the explanation.",
)

held_payees = sa.Table(
    "held_payees",
    STORE,
    sa.Column("run_id", sa.ForeignKey("runs.run_id"), primary_key=True, comment="The run."),
    sa.Column("batch_kind", sa.String(8), primary_key=True, comment="bonus or fee."),
    sa.Column("payee", sa.String(80), primary_key=True, comment="Who is not paid now."),
    sa.Column("component", sa.String(80), primary_key=True, comment="For what; empty: for everything."),
    sa.Column("reason", sa.Text, nullable=False, comment="Code and sentence."),
    comment="Payees that the calculation held or found no policy for: nobody is dropped.",
)

batches = sa.Table(
    "batches",
    STORE,
    sa.Column("batch_id", sa.String(64), primary_key=True, comment="Kind, period, scope and a short digest."),
    sa.Column("kind", sa.String(8), nullable=False, comment="bonus or fee."),
    sa.Column("scope", sa.String(80), nullable=False, comment="Department or partner."),
    sa.Column("period", sa.String(7), nullable=False, comment="Month that it pays."),
    sa.Column("run_id", sa.ForeignKey("runs.run_id"), nullable=False, comment="The run that calculated it."),
    sa.Column("content_hash", sa.String(64), nullable=False, comment="What an approval binds to."),
    sa.Column("chain", CanonicalJson(), nullable=False, comment="The approvals that it needs, as the rules had them."),
    sa.Column("prepared_by", sa.String(120), nullable=False, comment="Who prepared it."),
    *_recorded(),
    sa.Column("prepared_on", sa.Date, comment="Day from which the time for approving counts."),
    sa.Column("open_month", sa.String(64), comment="Digest of what deductions of its payees follow from."),
    comment="Batches as they were frozen for review.",
)

batch_lines = sa.Table(
    "batch_lines",
    STORE,
    sa.Column("batch_id", sa.ForeignKey("batches.batch_id"), primary_key=True, comment="The batch."),
    sa.Column("payee", sa.String(80), primary_key=True, comment="Employee or partner."),
    sa.Column("component", sa.String(80), primary_key=True, comment="What it is for."),
    sa.Column("origin_period", sa.String(7), primary_key=True, comment="Month in which it was earned."),
    sa.Column("currency", sa.String(3), primary_key=True, comment="Currency."),
    sa.Column("desired_minor", MinorUnits(), nullable=False, comment="What it should be in all."),
    sa.Column("posted_minor", MinorUnits(), comment="What the ledger held when it was frozen; null: nothing yet."),
    sa.Column("difference_minor", MinorUnits(), nullable=False, comment="What publishing posts."),
    sa.Column("posting_period", sa.String(7), nullable=False, comment="Month into which it is posted."),
    sa.Column("entry_type", sa.String(16), nullable=False, comment="Type of the entry to post; empty: nothing."),
    sa.Column(
        "steps", CanonicalJson(), comment="Explanation of what is not calculated: holds, adjustments, deductions."
    ),
    sa.Column("rule", sa.String(64), comment="Version of the terms of pay that it follows."),
    comment="Frozen lines: desired, posted and difference.",
)

batch_decisions = sa.Table(
    "batch_decisions",
    STORE,
    _sequence(),
    sa.Column("batch_id", sa.ForeignKey("batches.batch_id"), nullable=False, comment="The batch."),
    sa.Column("step", sa.Integer, nullable=False, comment="Number of the decision on this batch, from 1."),
    sa.Column("decision", sa.String(12), nullable=False, comment="approved, returned, held, void or published."),
    sa.Column("role", sa.String(40), nullable=False, comment="In which role of the chain."),
    sa.Column("by_name", sa.String(120), nullable=False, comment="Who decided."),
    sa.Column("reason", sa.Text, nullable=False, comment="Why; may be empty for approvals."),
    sa.Column("content_hash", sa.String(64), nullable=False, comment="Hash of what was decided on."),
    *_recorded(),
    sa.Column("decided_on", sa.Date, comment="Day of the decision, from which an approval's age counts."),
    sa.Column("on_behalf_of", sa.String(120), comment="Whom a delegate acted for; empty: nobody."),
    sa.UniqueConstraint("batch_id", "step"),
    comment="Decisions of people on batches, in order.",
)

ledger = sa.Table(
    "ledger",
    STORE,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False, comment="Without gaps, from 1."),
    sa.Column("batch_kind", sa.String(8), nullable=False, comment="bonus or fee."),
    sa.Column("payee", sa.String(80), nullable=False, comment="Employee or partner."),
    sa.Column("component", sa.String(80), nullable=False, comment="What it is for."),
    sa.Column("origin_period", sa.String(7), nullable=False, comment="Month in which it was earned."),
    sa.Column("currency", sa.String(3), nullable=False, comment="Currency."),
    sa.Column("posting_period", sa.String(7), nullable=False, comment="Month in which it is paid."),
    sa.Column("entry_type", sa.String(16), nullable=False, comment="earning, adjustment, clawback, hold, opening …"),
    sa.Column("amount_minor", MinorUnits(), nullable=False, comment="The difference posted, in minor units."),
    sa.Column("batch_id", sa.ForeignKey("batches.batch_id"), nullable=False, comment="The batch that posted it."),
    sa.Column("previous_hash", sa.String(64), nullable=False, unique=True, comment="Hash of the entry before."),
    sa.Column(
        "entry_hash", sa.String(64), nullable=False, unique=True, comment="Hash of this entry and the one before."
    ),
    sa.UniqueConstraint("batch_id", "payee", "component", "origin_period", "currency"),
    comment="What was posted for payment; append-only, hash-chained.",
)

ledger_head = sa.Table(
    "ledger_head",
    STORE,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False, comment="Always 1."),
    sa.Column("sequence", sa.BigInteger, nullable=False, comment="Sequence of the last entry."),
    sa.Column("entry_hash", sa.String(64), nullable=False, comment="Hash of the last entry."),
    sa.CheckConstraint("id = 1", name="single"),
    comment="The end of the chain; locked first by whoever publishes.",
)

pay_holds = sa.Table(
    "pay_holds",
    STORE,
    _sequence(),
    sa.Column("batch_kind", sa.String(8), nullable=False, comment="bonus or fee."),
    sa.Column("scope", sa.String(80), nullable=False, comment="Department or partner."),
    sa.Column("period", sa.String(7), nullable=False, comment="Month whose pay is held."),
    sa.Column("payee", sa.String(80), nullable=False, comment="Who is held."),
    sa.Column("step", sa.Integer, nullable=False, comment="Number of the decision on this payee and month, from 1."),
    sa.Column("decision", sa.String(12), nullable=False, comment="held or released."),
    sa.Column("until", sa.Date, comment="First day on which it no longer holds, where one was given."),
    sa.Column("by_name", sa.String(120), nullable=False, comment="Who decided."),
    sa.Column("reason", sa.Text, nullable=False, comment="Why, and until when or what."),
    sa.Column("decided_on", sa.Date, nullable=False, comment="Day of the decision."),
    *_recorded(),
    sa.Column("on_behalf_of", sa.String(120), comment="Whom a delegate acted for; empty: nobody."),
    sa.UniqueConstraint("batch_kind", "scope", "period", "payee", "step"),
    comment="Decisions to hold and to release one payee of a batch.",
)

adjustments = sa.Table(
    "adjustments",
    STORE,
    sa.Column("adjustment_id", sa.String(40), primary_key=True, comment="What people type."),
    sa.Column("batch_kind", sa.String(8), nullable=False, comment="bonus or fee."),
    sa.Column("scope", sa.String(80), nullable=False, comment="Department or partner."),
    sa.Column("period", sa.String(7), nullable=False, comment="Month that it is for."),
    sa.Column("payee", sa.String(80), nullable=False, comment="Employee or partner."),
    sa.Column("currency", sa.String(3), nullable=False, comment="Currency."),
    sa.Column("amount_minor", MinorUnits(), nullable=False, comment="What is paid beside the calculation; or taken."),
    sa.Column("case_id", sa.ForeignKey("actions.action_id"), comment="The dispute that it settles, if one."),
    sa.Column("proposed_by", sa.String(120), nullable=False, comment="Who proposed it."),
    sa.Column("reason", sa.Text, nullable=False, comment="Why."),
    sa.Column("proposed_on", sa.Date, nullable=False, comment="Day of the proposal."),
    *_recorded(),
    sa.Column("on_behalf_of", sa.String(120), comment="Whom a delegate acted for; empty: nobody."),
    sa.Column("moved_from", sa.String(80), comment="Department whose debt is moved to `scope`; empty: nothing moves."),
    comment="Manual adjustments as they were proposed; paid only once somebody else has approved them.",
)

adjustment_decisions = sa.Table(
    "adjustment_decisions",
    STORE,
    sa.Column("adjustment_id", sa.ForeignKey("adjustments.adjustment_id"), primary_key=True, comment="Which one."),
    sa.Column("decision", sa.String(12), nullable=False, comment="approved or rejected; once."),
    sa.Column("by_name", sa.String(120), nullable=False, comment="Who decided: neither proposer nor payee."),
    sa.Column("reason", sa.Text, nullable=False, comment="Why; may be empty for approvals."),
    sa.Column("decided_on", sa.Date, nullable=False, comment="Day of the decision."),
    *_recorded(),
    sa.Column("on_behalf_of", sa.String(120), comment="Whom a delegate acted for; empty: nobody."),
    comment="What became of proposed adjustments.",
)

pay_cases = sa.Table(
    "pay_cases",
    STORE,
    sa.Column("action_id", sa.ForeignKey("actions.action_id"), primary_key=True, comment="The action of the register."),
    sa.Column("batch_id", sa.ForeignKey("batches.batch_id"), nullable=False, comment="Batch in which the line stood."),
    sa.Column("payee", sa.String(80), nullable=False, comment="Whose pay it is about."),
    sa.Column("component", sa.String(80), nullable=False, comment="The line."),
    sa.Column("opened_by", sa.String(120), comment="Who opened it; who did does not resolve it."),
    sa.Column("on_behalf_of", sa.String(120), comment="Whom a delegate acted for; empty: nobody."),
    comment="Disputes about lines of pay; their state is that of their action.",
)

period_decisions = sa.Table(
    "period_decisions",
    STORE,
    _sequence(),
    sa.Column("period", sa.String(7), nullable=False, comment="The month."),
    sa.Column("step", sa.Integer, nullable=False, comment="Number of the decision on this month, from 1."),
    sa.Column("decision", sa.String(12), nullable=False, comment="closed or reopened."),
    sa.Column("by_name", sa.String(120), nullable=False, comment="Who decided."),
    sa.Column("reason", sa.Text, nullable=False, comment="Why."),
    *_recorded(),
    sa.Column("decided_on", sa.Date, comment="Day of the decision."),
    sa.Column("on_behalf_of", sa.String(120), comment="Whom a delegate acted for; empty: nobody."),
    sa.UniqueConstraint("period", "step"),
    comment="Closing and reopening of months.",
)

rule_signatures = sa.Table(
    "rule_signatures",
    STORE,
    _sequence(),
    sa.Column("kind", sa.String(16), nullable=False, comment="Kind of rule."),
    sa.Column("rule_id", sa.String(80), nullable=False, comment="The rule."),
    sa.Column("rule", sa.String(64), nullable=False, unique=True, comment="Digest of its version."),
    sa.Column("content", CanonicalJson(), nullable=False, comment="What was signed."),
    sa.Column("proposer", sa.String(120), nullable=False, comment="Who proposed the version."),
    sa.Column("signer", sa.String(120), nullable=False, comment="Who approved it: somebody else."),
    *_recorded(),
    sa.CheckConstraint("proposer <> signer", name="two_people"),
    comment="Rule versions that may be used officially.",
)

signing_requests = sa.Table(
    "signing_requests",
    STORE,
    sa.Column("request", sa.String(64), primary_key=True, comment="Digest of all that was shown."),
    sa.Column("was_named", sa.Boolean, nullable=False, comment="Whether the signer named the digest on approving."),
    sa.Column(
        "content", CanonicalJson(), nullable=False, comment="What was shown: the rules that differ, and their effect."
    ),
    *_recorded(),
    comment="What signers were shown before they approved rule versions.",
)

requested_rules = sa.Table(
    "requested_rules",
    STORE,
    sa.Column("rule", sa.ForeignKey("rule_signatures.rule"), primary_key=True, comment="Digest of the version."),
    sa.Column("request", sa.ForeignKey("signing_requests.request"), nullable=False, comment="What was shown."),
    comment="Which request each signed version was part of.",
)

signature_decisions = sa.Table(
    "signature_decisions",
    STORE,
    _sequence(),
    sa.Column("rule", sa.ForeignKey("rule_signatures.rule"), nullable=False, comment="Digest of the version."),
    sa.Column("step", sa.Integer, nullable=False, comment="Number of the decision on this version, from 1."),
    sa.Column("decision", sa.String(12), nullable=False, comment="withdrawn, or signed again."),
    sa.Column("proposer", sa.String(120), nullable=False, comment="Who proposed it again; empty if it was withdrawn."),
    sa.Column("by_name", sa.String(120), nullable=False, comment="Who withdrew it, or approved it again."),
    sa.Column("reason", sa.Text, nullable=False, comment="Why it was withdrawn; empty if it was signed again."),
    sa.Column("request", sa.ForeignKey("signing_requests.request"), comment="What who approved it again was shown."),
    *_recorded(),
    sa.UniqueConstraint("rule", "step"),
    sa.CheckConstraint("proposer <> by_name", name="two_people"),
    comment="Signatures that were withdrawn, and given again, in order: whether a version is signed follows from them.",
)

actions = sa.Table(
    "actions",
    STORE,
    sa.Column("action_id", sa.String(160), primary_key=True, comment="Source and key: what people type."),
    sa.Column("source", sa.String(40), nullable=False, comment="Kind of finding, such as falling_behind."),
    sa.Column("source_key", sa.String(120), nullable=False, comment="What tells findings of the source apart."),
    sa.Column("subject_kind", sa.String(16), nullable=False, comment="Employee, team, partner, account …"),
    sa.Column("subject_id", sa.String(80), nullable=False, comment="Which one it is about, by id."),
    sa.Column("about", sa.Text, nullable=False, comment="What was found, in words."),
    sa.Column("owner", sa.String(120), nullable=False, comment="Who was to do it when it was opened."),
    sa.Column("department", sa.String(80), nullable=False, comment="Department that it belongs to."),
    sa.Column("opened_on", sa.Date, nullable=False, comment="Business date on which it was opened."),
    sa.Column("deadline", sa.Date, nullable=False, comment="Last day on which it is not overdue, when it was opened."),
    sa.Column("run_id", sa.ForeignKey("runs.run_id"), comment="The run that found it, where one did."),
    *_recorded(),
    sa.Column("kind", sa.String(16), comment="Complaint, feedback, fraud …; none: that of the source."),
    sa.Column("jurisdiction", sa.String(8), comment="By whose law its deadline was counted."),
    sa.Column("account_id", sa.String(80), comment="The account that it concerns."),
    sa.Column("partner_id", sa.String(80), comment="The partner that it concerns."),
    sa.Column("employee_id", sa.String(80), comment="The employee whom it concerns."),
    sa.Column("unit", sa.String(80), comment="The unit of the bank that transferred the account."),
    sa.Column("code", sa.String(40), comment="Subtype: type of complaint, or the fault that was found."),
    sa.Column("counted_from", sa.Date, comment="The day from which its deadline counts."),
    sa.Column("due_by", sa.Text, comment="How the deadline was counted, and by which law."),
    sa.Column("terms", sa.String(64), comment="Digest of the rule that set the deadline."),
    sa.Column("opened_by", sa.String(120), comment="Who entered it; empty where a night found it."),
    sa.UniqueConstraint("source", "source_key"),
    comment="What somebody has to do; each finding opens one, however often it is found.",
)

action_decisions = sa.Table(
    "action_decisions",
    STORE,
    _sequence(),
    sa.Column("action_id", sa.ForeignKey("actions.action_id"), nullable=False, comment="The action."),
    sa.Column("step", sa.Integer, nullable=False, comment="Number of the decision on this action, from 1."),
    sa.Column(
        "decision", sa.String(16), nullable=False, comment="closed, extended, handed over, answered, waiting, resumed …"
    ),
    sa.Column("outcome", sa.Text, nullable=False, comment="What came of it; empty unless it was closed."),
    sa.Column("reason", sa.Text, nullable=False, comment="Why; may be empty when it is closed."),
    sa.Column("deadline", sa.Date, comment="The deadline from now on, where it was extended."),
    sa.Column("owner", sa.String(120), nullable=False, comment="The owner from now on, where it was handed over."),
    sa.Column("decided_on", sa.Date, nullable=False, comment="Day of the decision; of a closing, when it was closed."),
    sa.Column("by_name", sa.String(120), nullable=False, comment="Who decided."),
    *_recorded(),
    sa.Column("on_behalf_of", sa.String(120), comment="Whom a delegate acted for; empty: nobody."),
    sa.Column("code", sa.String(40), comment="What came of it, from the list of its kind."),
    sa.Column("waiting_on", sa.String(120), comment="Who has to do something next, such as bank_unit:HN-01."),
    sa.Column("stops_clock", sa.Boolean, comment="Whether the deadline stands still while it waits."),
    sa.UniqueConstraint("action_id", "step"),
    comment="Decisions of people on actions, in order: state, owner and deadline follow from them.",
)

pay_exports = sa.Table(
    "pay_exports",
    STORE,
    sa.Column("export_id", sa.String(120), primary_key=True, comment="The batch, what it is, and its number."),
    sa.Column("batch_id", sa.ForeignKey("batches.batch_id"), nullable=False, comment="The published batch."),
    sa.Column("kind", sa.String(16), nullable=False, comment="payroll or journal."),
    sa.Column("number", sa.Integer, nullable=False, comment="1; more where rejected lines went out again."),
    sa.Column("layout", sa.String(24), nullable=False, comment="Layout of the file and its version."),
    sa.Column("path", sa.String(400), nullable=False, comment="File, below the home folder."),
    sa.Column("sha256", sa.String(64), nullable=False, comment="SHA-256 of the file."),
    sa.Column("rows", sa.BigInteger, nullable=False, comment="Lines in it."),
    sa.Column("totals", CanonicalJson(), nullable=False, comment="Control totals by currency, in minor units."),
    *_recorded(),
    sa.UniqueConstraint("batch_id", "kind", "number"),
    comment="Files for the payroll system and the general ledger, written from the ledger.",
)

payroll_lines = sa.Table(
    "payroll_lines",
    STORE,
    sa.Column("line_id", sa.String(40), primary_key=True, comment="Entry of the ledger and attempt: 17-1."),
    sa.Column("export_id", sa.ForeignKey("pay_exports.export_id"), nullable=False, comment="The file."),
    sa.Column("sequence", sa.ForeignKey("ledger.sequence"), nullable=False, comment="The entry that is paid."),
    sa.Column("attempt", sa.Integer, nullable=False, comment="1; one more each time that it was rejected."),
    sa.Column("payroll_number", sa.String(80), nullable=False, comment="Number in the payroll system."),
    sa.Column("cost_centre", sa.String(80), nullable=False, comment="Cost centre that bears it."),
    sa.UniqueConstraint("sequence", "attempt"),
    comment="Entries of the ledger as they were handed to the payroll system.",
)

payroll_returns = sa.Table(
    "payroll_returns",
    STORE,
    sa.Column("return_id", sa.String(64), primary_key=True, comment="SHA-256 of the file."),
    sa.Column("file_name", sa.String(200), nullable=False, comment="Its name, without folders."),
    sa.Column("rows", sa.BigInteger, nullable=False, comment="Lines in it."),
    sa.Column("by_name", sa.String(120), nullable=False, comment="Who took it in."),
    *_recorded(),
    comment="Return files of the payroll system that were taken in.",
)

payroll_answers = sa.Table(
    "payroll_answers",
    STORE,
    sa.Column("line_id", sa.ForeignKey("payroll_lines.line_id"), primary_key=True, comment="The line."),
    sa.Column("return_id", sa.ForeignKey("payroll_returns.return_id"), nullable=False, comment="Who said so."),
    sa.Column("outcome", sa.String(8), nullable=False, comment="paid or rejected."),
    sa.Column("paid_on", sa.Date, comment="When it was paid."),
    sa.Column("reason", sa.Text, nullable=False, comment="Why it was rejected; empty where it was paid."),
    sa.CheckConstraint("outcome IN ('paid', 'rejected')", name="outcome"),
    comment="What the payroll system did with each line.",
)

reassignments = sa.Table(
    "reassignments",
    STORE,
    sa.Column("reassignment_id", sa.String(40), primary_key=True, comment="What people type: override-7, handover-8."),
    sa.Column("number", sa.Integer, nullable=False, unique=True, comment="Counted up over both kinds."),
    sa.Column("kind", sa.String(16), nullable=False, comment="override or handover."),
    sa.Column("valid_from", sa.Date, nullable=False, comment="First day with the other owner."),
    sa.Column("valid_until", sa.Date, nullable=False, comment="Last day with the other owner."),
    sa.Column("from_owner", sa.String(80), nullable=False, comment="Who is absent; empty for overrides."),
    sa.Column("accounts", sa.BigInteger, nullable=False, comment="How many accounts."),
    sa.Column("proposed_by", sa.String(120), nullable=False, comment="Who proposed it."),
    sa.Column("reason", sa.Text, nullable=False, comment="Why."),
    sa.Column("proposed_on", sa.Date, nullable=False, comment="Day of the proposal."),
    *_recorded(),
    sa.CheckConstraint("kind IN ('override', 'handover')", name="kind"),
    comment="Overrides by leaders and handovers in absence, as proposed; they count once somebody else has approved.",
)

reassigned_accounts = sa.Table(
    "reassigned_accounts",
    STORE,
    sa.Column(
        "reassignment_id", sa.ForeignKey("reassignments.reassignment_id"), primary_key=True, comment="Which one."
    ),
    sa.Column("account_id", sa.String(80), primary_key=True, comment="The account."),
    sa.Column("owner_kind", sa.String(16), nullable=False, comment="employee or partner."),
    sa.Column("owner_id", sa.String(80), nullable=False, comment="Who gets it."),
    comment="The accounts of an override or handover, and who gets each.",
)

reassignment_decisions = sa.Table(
    "reassignment_decisions",
    STORE,
    sa.Column(
        "reassignment_id", sa.ForeignKey("reassignments.reassignment_id"), primary_key=True, comment="Which one."
    ),
    sa.Column("decision", sa.String(12), nullable=False, comment="approved or rejected; once."),
    sa.Column("proposed_by", sa.String(120), nullable=False, comment="Who proposed it."),
    sa.Column("by_name", sa.String(120), nullable=False, comment="Who decided: somebody else."),
    sa.Column("reason", sa.Text, nullable=False, comment="Why; may be empty for approvals."),
    sa.Column("decided_on", sa.Date, nullable=False, comment="Day of the decision."),
    sa.Column("release_id", sa.ForeignKey("releases.release_id"), unique=True, comment="The release that it became."),
    *_recorded(),
    sa.CheckConstraint("proposed_by <> by_name", name="two_people"),
    comment="What became of overrides and handovers; an approved one is a release of the dispatch.",
)

partner_files = sa.Table(
    "partner_files",
    STORE,
    sa.Column("file_id", sa.String(160), primary_key=True, comment="Partner, contract, day, kind and number."),
    sa.Column("partner_id", sa.String(80), nullable=False, comment="The partner."),
    sa.Column("contract_id", sa.String(80), nullable=False, comment="The contract whose columns it has."),
    sa.Column("day", sa.Date, nullable=False, comment="First day at the partner, or first day back."),
    sa.Column("kind", sa.String(16), nullable=False, comment="placement or recall."),
    sa.Column("number", sa.Integer, nullable=False, comment="1; more for corrections."),
    sa.Column("replaces", sa.ForeignKey("partner_files.file_id"), unique=True, comment="The file that it corrects."),
    sa.Column("reason", sa.Text, nullable=False, comment="Why it corrects; empty for the first."),
    sa.Column("contract", sa.String(64), nullable=False, comment="Digest of the contract's version."),
    sa.Column("run_id", sa.ForeignKey("runs.run_id"), nullable=False, comment="The night whose extracts it reads."),
    sa.Column("released", sa.BigInteger, nullable=False, comment="Number of the last release that it knows."),
    sa.Column("path", sa.String(400), nullable=False, comment="File, below the home folder."),
    sa.Column("sha256", sa.String(64), nullable=False, comment="SHA-256 of the file."),
    sa.Column("rows", sa.BigInteger, nullable=False, comment="Lines in it."),
    sa.Column("totals", CanonicalJson(), nullable=False, comment="Balance by currency, in major units."),
    sa.Column("by_name", sa.String(120), nullable=False, comment="Who exported it."),
    sa.Column("handed_on", sa.Date, comment="Day on which it was made; empty where that was not recorded yet."),
    *_recorded(),
    sa.UniqueConstraint("partner_id", "contract_id", "day", "kind", "number"),
    comment="Placement and recall files that were handed to partners.",
)

partner_file_lines = sa.Table(
    "partner_file_lines",
    STORE,
    sa.Column("file_id", sa.ForeignKey("partner_files.file_id"), primary_key=True, comment="The file."),
    sa.Column("account_id", sa.String(80), primary_key=True, comment="The account."),
    sa.Column("reason", sa.String(80), nullable=False, comment="Reason code of the dispatch."),
    comment="The accounts of each file for a partner.",
)

partner_acknowledgements = sa.Table(
    "partner_acknowledgements",
    STORE,
    sa.Column("acknowledgement_id", sa.String(64), primary_key=True, comment="SHA-256 of the partner's file."),
    sa.Column("file_id", sa.ForeignKey("partner_files.file_id"), nullable=False, comment="The file that it answers."),
    sa.Column("file_name", sa.String(200), nullable=False, comment="Its name, without folders."),
    sa.Column("rows", sa.BigInteger, nullable=False, comment="Lines in it."),
    sa.Column("by_name", sa.String(120), nullable=False, comment="Who took it in."),
    sa.Column("received_on", sa.Date, comment="Day on which it came; empty where that was not recorded yet."),
    *_recorded(),
    comment="Acknowledgements of partners that were taken in.",
)

partner_answers = sa.Table(
    "partner_answers",
    STORE,
    sa.Column("file_id", sa.ForeignKey("partner_files.file_id"), primary_key=True, comment="The file."),
    sa.Column("account_id", sa.String(80), primary_key=True, comment="The account."),
    sa.Column(
        "acknowledgement_id",
        sa.ForeignKey("partner_acknowledgements.acknowledgement_id"),
        nullable=False,
        comment="Where the partner said so.",
    ),
    sa.Column("outcome", sa.String(8), nullable=False, comment="accepted or rejected."),
    sa.Column("reason", sa.Text, nullable=False, comment="The partner's reason; empty where it was accepted."),
    sa.CheckConstraint("outcome IN ('accepted', 'rejected')", name="outcome"),
    comment="What a partner answered to each line of a file.",
)

standing_reviews = sa.Table(
    "standing_reviews",
    STORE,
    sa.Column("review_id", sa.String(64), primary_key=True, comment="Partner, month and number: what people type."),
    sa.Column("partner_id", sa.String(80), nullable=False, comment="The partner."),
    sa.Column("period", sa.String(7), nullable=False, comment="Month whose figures were looked at."),
    sa.Column("number", sa.Integer, nullable=False, comment="1; more where the month was looked at again."),
    sa.Column("rule", sa.String(80), nullable=False, comment="Id of the rule."),
    sa.Column("rule_version", sa.String(64), nullable=False, comment="Digest of the rule's version."),
    sa.Column("run_id", sa.ForeignKey("runs.run_id"), comment="The night whose figures were looked at, if one was."),
    sa.Column("before_state", sa.String(16), nullable=False, comment="How the partner stood."),
    sa.Column("proposed_state", sa.String(16), nullable=False, comment="What is proposed; the same where nothing is."),
    sa.Column("looked", CanonicalJson(), nullable=False, comment="Every condition, its figures, and whether it held."),
    sa.Column("decided_by", CanonicalJson(), nullable=False, comment="Groups of people who decide, in order."),
    sa.Column("placed", sa.String(16), nullable=False, comment="keeps or recalled: of what a suspended one has."),
    sa.Column("deadline", sa.Date, comment="Proposed deadline of a rectification."),
    sa.Column("reason", sa.Text, nullable=False, comment="Why, in words."),
    sa.Column("proposed_by", sa.String(120), nullable=False, comment="recoup, or the person who proposed it."),
    sa.Column("proposed_on", sa.Date, nullable=False, comment="Day of the proposal."),
    *_recorded(),
    sa.UniqueConstraint("partner_id", "period", "number"),
    sa.CheckConstraint("placed IN ('keeps', 'recalled')", name="placed"),
    comment="How partners stood by a month's figures, and what was proposed; it counts once people have accepted it.",
)

standing_decisions = sa.Table(
    "standing_decisions",
    STORE,
    _sequence(),
    sa.Column("review_id", sa.ForeignKey("standing_reviews.review_id"), nullable=False, comment="The proposal."),
    sa.Column("step", sa.Integer, nullable=False, comment="Number of the decision on it, from 1."),
    sa.Column("decision", sa.String(12), nullable=False, comment="accepted or refused."),
    sa.Column("reason", sa.Text, nullable=False, comment="Why; may be empty for acceptances."),
    sa.Column("plan", sa.Text, nullable=False, comment="Of a rectification: what the partner does; else empty."),
    sa.Column("deadline", sa.Date, comment="Of a rectification: by when, where a person set it."),
    sa.Column("effective_from", sa.Date, comment="First day on which the state holds, once everybody has accepted."),
    sa.Column("decided_on", sa.Date, nullable=False, comment="Day of the decision."),
    sa.Column("by_name", sa.String(120), nullable=False, comment="Who decided."),
    sa.Column("on_behalf_of", sa.String(120), nullable=False, comment="Whom a delegate acted for; empty: nobody."),
    *_recorded(),
    sa.UniqueConstraint("review_id", "step"),
    sa.UniqueConstraint("review_id", "by_name"),
    sa.CheckConstraint("decision IN ('accepted', 'refused')", name="decision"),
    comment="Decisions of people on how a partner stands, in order: the state in force follows from them.",
)

result_seals = sa.Table(
    "result_seals",
    STORE,
    sa.Column("run_id", sa.ForeignKey("runs.run_id"), primary_key=True, comment="The run."),
    sa.Column("table_name", sa.String(64), primary_key=True, comment="The table of this store."),
    sa.Column("digest", sa.String(64), nullable=False, comment="Digest of the groups."),
    sa.Column("groups", CanonicalJson(), nullable=False, comment="Column, value, rows and their digest."),
    comment="What a run stored of each table, by digests: `recoup verify` tells which rows are not those any more.",
)

signal_runs = sa.Table(
    "signal_runs",
    STORE,
    sa.Column(
        "signal_run", sa.String(24), primary_key=True, comment="Digest of the night, the rules, the calculation."
    ),
    sa.Column("period", sa.String(7), nullable=False, comment="The month."),
    sa.Column("as_of", sa.Date, nullable=False, comment="The last day that it looked at."),
    sa.Column("run_id", sa.ForeignKey("runs.run_id"), nullable=False, comment="The night whose inputs it read."),
    sa.Column("rules", CanonicalJson(), nullable=False, comment="Versions of the signals, with their signatures."),
    sa.Column("calculation", sa.String(64), nullable=False, comment="Version of the calculation."),
    sa.Column("left_out", CanonicalJson(), nullable=False, comment="Signals that could not look, and why."),
    *_recorded(),
    comment="Runs of the integrity signals over a month.",
)

signal_rates = sa.Table(
    "signal_rates",
    STORE,
    sa.Column("signal_run", sa.ForeignKey("signal_runs.signal_run"), primary_key=True, comment="The run."),
    sa.Column("signal_id", sa.String(80), primary_key=True, comment="The signal."),
    sa.Column("subject_kind", sa.String(16), primary_key=True, comment="employee or partner."),
    sa.Column("peers", sa.String(80), primary_key=True, comment="Department or jurisdiction; empty: everybody."),
    sa.Column("title", sa.String(160), nullable=False, comment="Title of the signal."),
    sa.Column("rows", sa.BigInteger, nullable=False, comment="Rows that it looked at."),
    sa.Column("hits", sa.BigInteger, nullable=False, comment="Rows at which it fired."),
    sa.Column("subjects", sa.BigInteger, nullable=False, comment="Who has such rows."),
    sa.Column("cases", sa.BigInteger, nullable=False, comment="About how many of them there is a case."),
    comment="How often each signal fired: overall, and among peers.",
)

signal_cases = sa.Table(
    "signal_cases",
    STORE,
    sa.Column("action_id", sa.ForeignKey("actions.action_id"), primary_key=True, comment="The action of the register."),
    sa.Column("signal_id", sa.String(80), nullable=False, comment="The signal."),
    sa.Column("title", sa.String(160), nullable=False, comment="Its title."),
    sa.Column("rule", sa.String(64), nullable=False, comment="Digest of the version that raised it."),
    sa.Column("closed_by", CanonicalJson(), nullable=False, comment="Groups of approvers whose members close it."),
    sa.Column("subject_kind", sa.String(16), nullable=False, comment="employee or partner."),
    sa.Column("subject_id", sa.String(80), nullable=False, comment="Whose work it looks at."),
    sa.Column("period", sa.String(7), nullable=False, comment="The month."),
    sa.Column("department_id", sa.String(80), nullable=False, comment="Its page may show the case; empty: none."),
    sa.Column("team_id", sa.String(80), nullable=False, comment="Its page may show the case; empty: none."),
    sa.CheckConstraint("subject_kind IN ('employee', 'partner')", name="subject_kind"),
    sa.UniqueConstraint("signal_id", "subject_kind", "subject_id", "period"),
    comment="Cases raised by integrity signals; their state is that of their action.",
)

signal_findings = sa.Table(
    "signal_findings",
    STORE,
    sa.Column("action_id", sa.ForeignKey("signal_cases.action_id"), primary_key=True, comment="The case."),
    sa.Column("signal_run", sa.ForeignKey("signal_runs.signal_run"), primary_key=True, comment="The run."),
    sa.Column("about", sa.Text, nullable=False, comment="What was found, in words."),
    sa.Column("rows", sa.BigInteger, nullable=False, comment="Rows of the subject."),
    sa.Column("hits", sa.BigInteger, nullable=False, comment="Of these, rows at which the signal fired."),
    sa.Column("peer_rows", sa.BigInteger, nullable=False, comment="Rows of the peers."),
    sa.Column("peer_hits", sa.BigInteger, nullable=False, comment="Of these, rows at which the signal fired."),
    sa.Column("expected_rate", ExactText(), nullable=False, comment="Share that an honest subject may have."),
    sa.Column("chance", ExactText(), nullable=False, comment="Chance of so many hits at that share."),
    comment="What each run found about a case; the newest counts.",
)

signal_evidence = sa.Table(
    "signal_evidence",
    STORE,
    sa.Column("action_id", sa.ForeignKey("signal_cases.action_id"), primary_key=True, comment="The case."),
    sa.Column("row_id", sa.String(160), primary_key=True, comment="Key of the source row."),
    sa.Column("table_name", sa.String(64), nullable=False, comment="The table of the source row."),
    sa.Column("day", sa.Date, nullable=False, comment="The row's day."),
    sa.Column("account_id", sa.String(80), nullable=False, comment="The account; empty: none."),
    sa.Column("other_id", sa.String(160), nullable=False, comment="The row or owner that it is held against."),
    sa.Column("figure", ExactText(), nullable=False, comment="What was measured, in the unit of the signal's kind."),
    sa.Column("signal_run", sa.ForeignKey("signal_runs.signal_run"), nullable=False, comment="Which run found it."),
    comment="The source rows behind each case, as they were found.",
)

signal_interested = sa.Table(
    "signal_interested",
    STORE,
    sa.Column("action_id", sa.ForeignKey("signal_cases.action_id"), primary_key=True, comment="The case."),
    sa.Column("employee_id", sa.String(80), primary_key=True, comment="Who is paid by it, and does not close it."),
    comment="Who profits from what a case is about.",
)

claim_settlements = sa.Table(
    "claim_settlements",
    STORE,
    sa.Column("settlement_id", sa.String(160), primary_key=True, comment="Partner, contract, cycle and number."),
    sa.Column("run_id", sa.ForeignKey("runs.run_id"), nullable=False, unique=True, comment="The run that matched."),
    sa.Column("partner_id", sa.String(80), nullable=False, comment="The partner."),
    sa.Column("position", sa.Integer, nullable=False, comment="Counted up over all settlements of the partner."),
    sa.Column("contract_id", sa.String(80), nullable=False, comment="The contract that is settled."),
    sa.Column("contract", sa.String(64), nullable=False, comment="Digest of its version at the end of the cycle."),
    sa.Column("starts_on", sa.Date, nullable=False, comment="First day of the cycle."),
    sa.Column("ends_on", sa.Date, nullable=False, comment="First day after it."),
    sa.Column("number", sa.Integer, nullable=False, comment="1; more where the cycle was settled again."),
    sa.Column("run_on", sa.Date, nullable=False, comment="Claims up to this day; the date of the night that is read."),
    sa.Column("reply_by", sa.Date, nullable=False, comment="Last day for the partner's answer."),
    sa.Column("totals", CanonicalJson(), nullable=False, comment="Numbers and money, theirs and ours."),
    sa.Column("by_name", sa.String(120), nullable=False, comment="Who had it matched."),
    *_recorded(),
    sa.UniqueConstraint("partner_id", "position"),
    sa.UniqueConstraint("partner_id", "contract_id", "starts_on", "number"),
    comment="Claims of a partner matched to the books, cycle by cycle.",
)

claim_differences = sa.Table(
    "claim_differences",
    STORE,
    sa.Column("difference_id", sa.String(200), primary_key=True, comment="The settlement and a number."),
    sa.Column(
        "settlement_id", sa.ForeignKey("claim_settlements.settlement_id"), nullable=False, comment="The settlement."
    ),
    sa.Column("subject", sa.String(120), nullable=False, comment="The line, or payment: and the booking."),
    sa.Column("kind", sa.String(24), nullable=False, comment="In what way claim and books differ."),
    sa.Column("claim_id", sa.String(80), nullable=False, comment="The partner's line; empty: nothing was claimed."),
    sa.Column("account_id", sa.String(80), nullable=False, comment="The account."),
    sa.Column("reference", sa.String(80), nullable=False, comment="The booking that the line names; empty: none."),
    sa.Column("payment_id", sa.String(80), nullable=False, comment="The booking that it fits; empty: none."),
    sa.Column("claimed_on", sa.Date, comment="Date of the claim."),
    sa.Column("month", sa.Date, comment="Month that is claimed."),
    sa.Column("paid_on", sa.Date, comment="When it was paid, by the claim."),
    sa.Column("booked_on", sa.Date, comment="When it was paid, by the books."),
    sa.Column("posted_on", sa.Date, comment="When it was booked."),
    sa.Column("claimed_minor", MinorUnits(), comment="What is claimed; null: no amount that could be paid."),
    sa.Column("booked_minor", MinorUnits(), comment="What is open of the booking; null: there is none."),
    sa.Column("currency", sa.String(3), nullable=False, comment="Currency."),
    sa.Column("first_listed_on", sa.Date, nullable=False, comment="Since when it is open."),
    sa.UniqueConstraint("settlement_id", "subject"),
    comment="Lines and bookings that do not agree, each under one kind.",
)

claim_decisions = sa.Table(
    "claim_decisions",
    STORE,
    sa.Column("partner_id", sa.String(80), primary_key=True, comment="The partner."),
    sa.Column("number", sa.Integer, primary_key=True, comment="Counted up over all decisions on the partner's claims."),
    sa.Column(
        "difference_id", sa.ForeignKey("claim_differences.difference_id"), nullable=False, comment="The difference."
    ),
    sa.Column("step", sa.Integer, nullable=False, comment="Number of the decision on this difference, from 1."),
    sa.Column("verdict", sa.String(12), nullable=False, comment="ours, theirs, reject, wait, confirm, object, reopen."),
    sa.Column("is_proposal", sa.Boolean, nullable=False, comment="Whether it counts only once somebody confirms it."),
    sa.Column("until", sa.Date, comment="Until when it waits."),
    sa.Column("by_name", sa.String(120), nullable=False, comment="Who decided."),
    sa.Column("reason", sa.Text, nullable=False, comment="Why."),
    sa.Column("decided_on", sa.Date, nullable=False, comment="Day of the decision."),
    sa.Column("on_behalf_of", sa.String(120), nullable=False, comment="Whom a delegate acted for; empty: nobody."),
    *_recorded(),
    sa.UniqueConstraint("difference_id", "step"),
    comment="What people decided on differences, in order.",
)

claim_replies = sa.Table(
    "claim_replies",
    STORE,
    sa.Column("reply_id", sa.String(64), primary_key=True, comment="SHA-256 of the partner's file."),
    sa.Column(
        "settlement_id", sa.ForeignKey("claim_settlements.settlement_id"), nullable=False, comment="What it answers."
    ),
    sa.Column("file_name", sa.String(200), nullable=False, comment="Its name, without folders."),
    sa.Column("rows", sa.BigInteger, nullable=False, comment="Lines in it."),
    sa.Column("received_on", sa.Date, nullable=False, comment="When it was taken in."),
    sa.Column("by_name", sa.String(120), nullable=False, comment="Who took it in."),
    *_recorded(),
    comment="Answers of partners to lists of differences.",
)

claim_reply_lines = sa.Table(
    "claim_reply_lines",
    STORE,
    sa.Column("reply_id", sa.ForeignKey("claim_replies.reply_id"), primary_key=True, comment="The file."),
    sa.Column(
        "difference_id", sa.ForeignKey("claim_differences.difference_id"), primary_key=True, comment="The difference."
    ),
    sa.Column("answer", sa.String(12), nullable=False, comment="agreed, disputed or withdrawn."),
    sa.Column("text", sa.Text, nullable=False, comment="What the partner says; may be empty."),
    sa.CheckConstraint("answer IN ('agreed', 'disputed', 'withdrawn')", name="answer"),
    comment="What a partner answered to each difference; it decides nothing.",
)

partner_invoices = sa.Table(
    "partner_invoices",
    STORE,
    sa.Column("invoice_id", sa.String(160), primary_key=True, comment="The partner and its number."),
    sa.Column("partner_id", sa.String(80), nullable=False, comment="The partner."),
    sa.Column("invoice_number", sa.String(80), nullable=False, comment="The partner's number."),
    sa.Column("batch_id", sa.ForeignKey("batches.batch_id"), nullable=False, comment="The published batch it is for."),
    sa.Column("dated_on", sa.Date, nullable=False, comment="Its date."),
    sa.Column("currency", sa.String(3), nullable=False, comment="Its currency."),
    sa.Column("net_minor", MinorUnits(), nullable=False, comment="Without tax, in minor units."),
    sa.Column("tax_minor", MinorUnits(), nullable=False, comment="The tax, in minor units."),
    sa.Column("differences", CanonicalJson(), nullable=False, comment="In what it differs from what was posted."),
    sa.Column("received_on", sa.Date, nullable=False, comment="When it was taken in."),
    sa.Column("by_name", sa.String(120), nullable=False, comment="Who took it in."),
    *_recorded(),
    sa.UniqueConstraint("partner_id", "invoice_number"),
    comment="Invoices of partners for what was posted.",
)

invoice_decisions = sa.Table(
    "invoice_decisions",
    STORE,
    sa.Column(
        "invoice_id",
        sa.ForeignKey("partner_invoices.invoice_id"),
        primary_key=True,
        comment="The invoice; decided once.",
    ),
    sa.Column("decision", sa.String(12), nullable=False, comment="accepted or rejected."),
    sa.Column("by_name", sa.String(120), nullable=False, comment="Who decided: not who took it in."),
    sa.Column("reason", sa.Text, nullable=False, comment="Why."),
    sa.Column("decided_on", sa.Date, nullable=False, comment="Day of the decision."),
    sa.Column("on_behalf_of", sa.String(120), nullable=False, comment="Whom a delegate acted for; empty: nobody."),
    *_recorded(),
    comment="What people decided on invoices that differ from what was posted.",
)

audit_trail = sa.Table(
    "audit_trail",
    STORE,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False, comment="Without gaps, from 1."),
    sa.Column("table_name", sa.String(64), nullable=False, comment="Table of the decision."),
    sa.Column("row_key", sa.String(400), nullable=False, comment="Key of its row; parts are separated by U+001F."),
    sa.Column("content", sa.String(64), nullable=False, comment="Digest of the row, without recorded times."),
    sa.Column("by_name", sa.String(120), nullable=False, comment="Whom the row names."),
    sa.Column("login", sa.String(120), nullable=False, comment="Login of the session, or account on SQLite."),
    sa.Column("previous_hash", sa.String(64), nullable=False, unique=True, comment="Hash of the entry before."),
    sa.Column("entry_hash", sa.String(64), nullable=False, unique=True, comment="Hash of this entry and that before."),
    sa.Column("recorded_at", UtcTime(), nullable=False, comment="When it was recorded, UTC; no content."),
    sa.UniqueConstraint("table_name", "row_key"),
    comment="Decisions of people, chained by hash: `recoup audit` lists them, `recoup verify` holds rows against them.",
)

legal_hold_decisions = sa.Table(
    "legal_hold_decisions",
    STORE,
    sa.Column("hold_id", sa.String(40), primary_key=True, comment="What people type: hold-3."),
    sa.Column("step", sa.Integer, primary_key=True, autoincrement=False, comment="1 placed, 2 released."),
    sa.Column("decision", sa.String(12), nullable=False, comment="placed or released."),
    sa.Column("kind", sa.String(12), nullable=False, comment="account, period, run or everything."),
    sa.Column("subject", sa.String(80), nullable=False, comment="Which one; empty for everything."),
    sa.Column("by_name", sa.String(120), nullable=False, comment="Who decided; who releases did not place."),
    sa.Column("reason", sa.Text, nullable=False, comment="Why."),
    sa.Column("decided_on", sa.Date, nullable=False, comment="Day of the decision."),
    *_recorded(),
    comment="Legal holds: what is held is not removed by retention until another person releases it.",
)

removals = sa.Table(
    "removals",
    STORE,
    sa.Column("removal_id", sa.String(64), primary_key=True, comment="Digest of the plan that was applied."),
    sa.Column("rules", CanonicalJson(), nullable=False, comment="The retention settings that it followed."),
    sa.Column("files", sa.BigInteger, nullable=False, comment="Files that it named."),
    sa.Column("size_bytes", sa.BigInteger, nullable=False, comment="What they came to."),
    sa.Column("by_name", sa.String(120), nullable=False, comment="Who had it applied."),
    sa.Column("reason", sa.Text, nullable=False, comment="Why."),
    sa.Column("decided_on", sa.Date, nullable=False, comment="Day of the decision."),
    *_recorded(),
    comment="Removals by retention; they are recorded before the first file goes.",
)

removed_files = sa.Table(
    "removed_files",
    STORE,
    sa.Column("removal_id", sa.ForeignKey("removals.removal_id"), primary_key=True, comment="The removal."),
    sa.Column("path", sa.String(400), primary_key=True, comment="File, below the home folder."),
    sa.Column("kind", sa.String(16), nullable=False, comment="snapshots, runs, what_ifs, data_docs …"),
    sa.Column("sha256", sa.String(64), nullable=False, comment="What was registered of it; empty: nothing."),
    sa.Column("size_bytes", sa.BigInteger, nullable=False, comment="Its size."),
    sa.Column("dated", sa.Date, nullable=False, comment="The business date from which its term counts."),
    comment="Files that retention removed.",
)

removals_finished = sa.Table(
    "removals_finished",
    STORE,
    sa.Column(
        "removal_id",
        sa.ForeignKey("removals.removal_id"),
        primary_key=True,
        comment="The removal: all its files are gone.",
    ),
    *_recorded(),
    comment="Removals that came to their end; another one is finished by the next.",
)

confirmations = sa.Table(
    "confirmations",
    STORE,
    sa.Column("item", sa.String(40), primary_key=True, comment="Item of the checklist of going live."),
    sa.Column(
        "step",
        sa.Integer,
        primary_key=True,
        autoincrement=False,
        comment="Number of the confirmation of this item, from 1.",
    ),
    sa.Column("by_name", sa.String(120), nullable=False, comment="Who confirmed it."),
    sa.Column("note", sa.Text, nullable=False, comment="What was seen or done."),
    sa.Column("confirmed_on", sa.Date, nullable=False, comment="Day of the confirmation."),
    *_recorded(),
    comment="What people confirmed of the checklist of going live, where the program cannot see it.",
)

RESULTS = (
    table_verdicts,
    check_results,
    quarantine,
    run_files,
    kpi_results,
    scores,
    payout_lines,
    held_payees,
)

APPEND_ONLY = (
    *RESULTS,
    result_seals,
    snapshot_versions,
    snapshot_pointers,
    runs,
    stage_results,
    releases,
    batches,
    batch_lines,
    batch_decisions,
    ledger,
    period_decisions,
    rule_signatures,
    signing_requests,
    requested_rules,
    signature_decisions,
    waivers,
    waived_versions,
    corrections,
    met_contracts,
    actions,
    action_decisions,
    pay_exports,
    payroll_lines,
    payroll_returns,
    payroll_answers,
    pay_holds,
    adjustments,
    adjustment_decisions,
    pay_cases,
    reassignments,
    reassigned_accounts,
    reassignment_decisions,
    partner_files,
    partner_file_lines,
    partner_acknowledgements,
    partner_answers,
    standing_reviews,
    standing_decisions,
    signal_runs,
    signal_rates,
    signal_cases,
    signal_findings,
    signal_evidence,
    signal_interested,
    claim_settlements,
    claim_differences,
    claim_decisions,
    claim_replies,
    claim_reply_lines,
    partner_invoices,
    invoice_decisions,
    audit_trail,
    environments,
    legal_hold_decisions,
    removals,
    removed_files,
    removals_finished,
    confirmations,
)

MUTABLE = (attempts, ledger_head)

# Clock times and the attempts that they belong to: left out of every equality between runs.
RECORDED = frozenset(
    {"recorded_at", "attempt_id", "started_at", "ended_at", "seconds", "peak_mib", "cpu_seconds", "written_mib"}
    | {"host", "process_id", "process_started"}
)
