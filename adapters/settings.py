"""Settings: read once, at the edge, from RECOUP_* variables over `recoup.toml`; frozen from then on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from adapters.errors import SettingsError

PROJECT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Every setting there is; `RECOUP_HOME=/srv/recoup` sets `home`, and so on."""

    model_config = SettingsConfigDict(env_prefix="RECOUP_", frozen=True, extra="forbid", use_attribute_docstrings=True)

    home: Path = Path("var")
    """Where everything lies: landing/, snapshots/, runs/, reports/ and the SQLite file."""
    database_url: str = Field(default="", repr=False)
    """SQLAlchemy address of the store; empty means the SQLite file below `home`. With a password never in
    `recoup.toml`, but in the environment, or in a file `recoup_database_url` of systemd's credentials, which lies in
    the folder CREDENTIALS_DIRECTORY."""
    environment: str = Field(default="", pattern=r"^([a-z][a-z0-9-]{0,39})?$")
    """Such as production or test. A store and a home that are named open with settings of this name only."""
    rules: Path = PROJECT
    """Root of the rule book."""
    time_zone: str = "Asia/Ho_Chi_Minh"
    """Time zone of the business: schedules, and the date that a night belongs to."""
    jurisdiction: str = "VN"
    """Whose calendar decides on which days accounts are allocated."""
    memory_limit: str = "3GB"
    """What DuckDB may use before it spills to disk."""
    threads: int = Field(default=2, ge=1)
    """Threads of DuckDB. Below some hundred thousand accounts one is quicker: there is little to share out."""
    largest_line_bytes: int = Field(default=2_000_000, ge=1_000_000)
    """The longest line that an extract may have; a longer one is told, and no file with one is read."""
    largest_unpacked_bytes: int = Field(default=50_000_000_000, ge=1)
    """What a packed extract (gzip, a workbook, Parquet) may come to when it is unpacked."""
    round_keys: tuple[str, ...] = ()
    """Columns whose long keys rightly end in zeros, such as accounts.account_id: no spreadsheet has rounded them."""
    nightly_cron: str = "0 2 * * *"
    """When the nightly deployment starts, in `time_zone`; keep it out of daylight-saving gaps."""
    turn_wait_minutes: int = Field(default=30, ge=0)
    """How long a night, a month-end or publishing waits for another of them to end, before it is refused (FLW001)."""
    holiday_nights: Literal["run", "skip", "shift"] = "run"
    """Scheduled nights of days that are no working days in `jurisdiction`: run, left out, or shifted to the next start
    after a working day, where they run before that day's night."""
    catch_up_days: int = Field(default=7, ge=0, le=31)
    """How many days back scheduled nights that are missing are caught up; older ones are only told."""
    after_halt: Literal["go on", "stop"] = "go on"
    """Whether the nights after one that was halted or failed are run all the same, when nights are caught up."""
    analyses_at_once: int = Field(default=3, ge=1)
    """How many what-ifs, reports and simulations each run side by side, so that the night has a machine to run on."""
    stage_minutes: int = Field(default=240, ge=1)
    """How long one stage may take before it is stopped (FLW020)."""
    late_minutes: int = Field(default=240, ge=1)
    """How long a night may run before somebody is told that it is late."""
    notify_url: SecretStr = SecretStr("")
    """Where the server posts what happened as JSON: a chat's or a pager's webhook. From the environment only."""
    port: int = Field(default=4200, ge=1, le=65535)
    """Port of this machine on which `recoup serve` listens; another one for each environment beside the first."""
    runbook_url: str = ""
    """Address under which people can open the runbook; without one, its place in the repository is named."""
    reports_url: str = ""
    """Address under which people can open pages and workbooks below `reports/` and `runs/` of the home folder, if
    something publishes them: artifacts in the Prefect UI then link to them; without one, they name the path."""
    morning_cron: str = "30 6 * * *"
    """When the ledger is proved each day, in `time_zone`."""
    language: Literal["en", "vi", "zh"] = "en"
    """Of pages and workbooks: English, Vietnamese or Chinese."""
    book_label: str = ""
    """What pages say of the book as a whole, such as that its collectors are invented; a demo book says it itself."""
    behind_share: Decimal = Field(default=Decimal("0.8"), gt=0, le=1)
    """Below which share of the targets due somebody is behind, in the weekly report."""
    behind_weeks: int = Field(default=3, ge=1, le=52)
    """Weeks in a row behind after which a coaching action is opened."""
    coaching_days: int = Field(default=14, ge=1, le=366)
    """Days until the deadline of a coaching action."""
    bonus_expense_account: str = "6421"
    """Account of the general ledger that bonuses are an expense of."""
    bonus_payable_account: str = "3341"
    """Account on which bonuses are owed until they are paid."""
    fee_expense_account: str = "6427"
    """Account that partners' fees are an expense of."""
    fee_payable_account: str = "331"
    """Account on which partners' fees are owed until they are paid."""
    receivable_account: str = "1388"
    """Account of what payees owe: what was taken back and could not be deducted yet."""
    keep_nights_months: int = Field(default=24, ge=14)
    """Months for which extracts and files of official nights are kept at least; later nights read up to 13 of them."""
    keep_ledger_years: int = Field(default=10, ge=1)
    """Years for which everything that a ledger entry was calculated from is kept."""
    keep_what_ifs_days: int = Field(default=90, ge=1)
    """Days for which files of what-ifs are kept."""
    keep_data_docs_days: int = Field(default=90, ge=1)
    """Days for which the pages of batch checks are kept."""
    keep_logs_days: int = Field(default=400, ge=7)
    """Days for which logs are kept."""
    keep_landing_days: int = Field(default=31, ge=7)
    """Days for which landing files stay once they have landed; the versions made of them are kept by themselves."""
    failpoint: str = ""
    """Tests of crashes: the named point at which the process kills itself."""

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"{name!r} is no IANA time zone; write, say, Asia/Ho_Chi_Minh") from None
        return name

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no .env files: one place less to look
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - its folder is known here only
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """A file of settings is copied, shown and kept: what is secret comes from elsewhere."""
        kept = TomlConfigSettingsSource(settings_cls, Path("recoup.toml"))
        _refuse_secrets(kept.toml_data)
        credentials = os.environ.get("CREDENTIALS_DIRECTORY")
        secrets = [SecretsSettingsSource(settings_cls, credentials)] if credentials else []
        return init_settings, env_settings, *secrets, kept

    @property
    def store_url(self) -> str:
        return self.database_url or f"sqlite:///{(self.home / 'recoup.sqlite').absolute()}"

    @property
    def landing(self) -> Path:
        return self.home / "landing"


def _refuse_secrets(told: Mapping[str, Any]) -> None:
    """Raises: SettingsError SEC001 naming every secret of recoup.toml."""
    secret = {"database_url": _has_password(str(told.get("database_url", ""))), "notify_url": "notify_url" in told}
    for name in (name for name, is_secret in secret.items() if is_secret):
        raise SettingsError(
            f"SEC001 recoup.toml has a secret, in {name}. Take it out, change it, and set RECOUP_{name.upper()} in the "
            f"environment, or a file recoup_{name} below CREDENTIALS_DIRECTORY"
        )


def read_settings() -> Settings:
    """Raises: SettingsError naming each wrong setting and where it may come from.

    The off switches of other packages' telemetry are set here, before any of them is imported.
    """
    for name, value in _OFF_SWITCHES.items():
        os.environ.setdefault(name, value)
    try:
        return Settings()
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
        raise SettingsError(f"settings (RECOUP_* variables, recoup.toml): {'; '.join(faults)}") from None


def _has_password(address: str) -> bool:
    account = address.partition("://")[2].rpartition("@")[0]
    return ":" in account and not account.endswith(":")


_OFF_SWITCHES = {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "GX_ANALYTICS_ENABLED": "false"}
