"""Manifests from and to the store's JSON."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from adapters.store.schema import runs
from domain.ids import Digest, ReleaseId, RunId, VersionId, digest_of
from domain.manifest import (
    ClaimsRead,
    ConfirmedSignal,
    DecidedComplaint,
    EarlierNight,
    HandedFile,
    Input,
    Manifest,
    PaidBatch,
    RunKind,
    Settled,
    Stage,
    Unread,
    Waiver,
)
from domain.rules import RuleKind, RuleVersion
from domain.standings import PartnerState, Placed, StandingInForce


def manifest_of(connection: sa.Connection, run: RunId) -> Manifest:
    """The manifest that the run's id is the digest of."""
    content = connection.execute(sa.select(runs.c.manifest).where(runs.c.run_id == run)).scalar_one()
    return _manifest(content)


def is_as_recorded(connection: sa.Connection, run: RunId) -> bool:
    """Whether the run's id is the digest of its manifest as it stands in the store, whichever version wrote it."""
    content = connection.execute(sa.select(runs.c.manifest).where(runs.c.run_id == run)).scalar_one()
    return digest_of({name: value for name, value in content.items() if name != "known_as_of"})[:24] == run


def _manifest(content: dict[str, Any]) -> Manifest:
    return Manifest(
        kind=RunKind(content["kind"]),
        business_date=_date(content["business_date"]),
        effective_on=_date(content["effective_on"]),
        stages=tuple(Stage(stage) for stage in content["stages"]),
        calculation=Digest(content["calculation"]),
        rules=tuple(_rule(rule) for rule in content["rules"]),
        landed=_inputs(content["landed"]),
        history=_inputs(content["history"]),
        late=_inputs(content.get("late", [])),
        dispatch=tuple(ReleaseId(name) for name in content["dispatch"]),
        prices=None if content["prices"] is None else Digest(content["prices"]),
        baselines=_inputs(content["baselines"]),
        gaps=_inputs(content["gaps"]),
        waivers=tuple(_waiver(row) for row in content["waivers"]),
        unread=tuple(Unread(row["table"], row["reason"]) for row in content["unread"]),
        liquidation=tuple(Digest(name) for name in content.get("liquidation", ())),
        recovered=tuple(Digest(name) for name in content.get("recovered", ())),
        ledger=None if content["ledger"] is None else Digest(content["ledger"]),
        source=None if content["source"] is None else RunId(content["source"]),
        earlier=_nights(content.get("earlier", ())),
        carried=_nights(content.get("carried", ())),
        planned=_nights(content.get("planned", ())),
        drawn=Digest(content["drawn"]) if content.get("drawn") else None,
        paid=_batches(content.get("paid", ())),
        published=_batches(content.get("published", ())),
        opening=Digest(content["opening"]) if content.get("opening") else None,
        results=Digest(content["results"]) if content.get("results") else None,
        standings=tuple(_standing(row) for row in content.get("standings", ())),
        settles=_settled(content.get("settles")),
        claims=tuple(_claims(row) for row in content.get("claims", ())),
        refused=tuple(Digest(name) for name in content.get("refused", ())),
        complaints=tuple(_complaint(row) for row in content.get("complaints", ())),
        signals=tuple(_signal(row) for row in content.get("signals", ())),
        handed=tuple(_handed(row) for row in content.get("handed", ())),
        known_as_of=content["known_as_of"],
    )


def _standing(row: dict[str, str]) -> StandingInForce:
    state, placed = PartnerState(row["state"]), Placed(row["placed"])
    return StandingInForce(row["partner"], state, _date(row["since"]), row["review_id"], placed)


def _complaint(row: dict[str, Any]) -> DecidedComplaint:
    days = {name: _date(row[name]) if row[name] else None for name in ("answered_on", "received_on")}
    return DecidedComplaint(**{**row, **days})


def _signal(row: dict[str, str]) -> ConfirmedSignal:
    days = {name: _date(row[name]) for name in ("opened_on", "confirmed_on")}
    return ConfirmedSignal(**{**row, **days})  # type: ignore[arg-type]


def _handed(row: dict[str, Any]) -> HandedFile:
    days = {name: _date(row[name]) if row[name] else None for name in ("handed_on", "due_on", "answered_on")}
    return HandedFile(**{**row, **days})


def _nights(rows: list[dict[str, str]]) -> tuple[EarlierNight, ...]:
    return tuple(EarlierNight(_date(row["business_date"]), RunId(row["run"])) for row in rows)


def _batches(rows: list[dict[str, str]]) -> tuple[PaidBatch, ...]:
    return tuple(PaidBatch(row["period"], row["scope"], RunId(row["run"])) for row in rows)


def _settled(row: dict[str, str] | None) -> Settled | None:
    return Settled(row["partner"], row["contract"], _date(row["start"]), _date(row["end"])) if row else None


def _claims(row: dict[str, Any]) -> ClaimsRead:
    settlements = tuple(RunId(run) for run in row["settlements"])
    return ClaimsRead(row["partner"], settlements, row["decisions"], Digest(row["payable"]))


def _inputs(rows: list[dict[str, str]]) -> tuple[Input, ...]:
    return tuple(Input(row["table"], _date(row["business_date"]), VersionId(row["version"])) for row in rows)


def _waiver(row: dict[str, str]) -> Waiver:
    day, version, until = _date(row["business_date"]), VersionId(row["version"]), _date(row["until"])
    return Waiver(row["table"], day, row["check"], version, row["by"], row["reason"], until)


def _rule(row: dict[str, str]) -> RuleVersion:
    return RuleVersion(
        RuleKind(row["kind"]),
        row["id"],
        Digest(row["digest"]),
        _date(row["valid_from"]),
        row["proposer"],
        row["signer"],
    )


def _date(text: str) -> date:
    return date.fromisoformat(text)
