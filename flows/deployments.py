"""The deployments: what the UI offers, on which schedule, how many of each at once. Served here, or by a work pool."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from adapters.settings import Settings
from flows.choices import with_choices
from tasks.stages.choices import Choices

POOL = "recoup"


class Schedule(Enum):
    """The setting that says when it starts by itself."""

    NIGHTLY = "nightly_cron"
    MORNING = "morning_cron"


@dataclass(frozen=True, slots=True)
class Deployment:
    """A flow by its module entrypoint ▲: a file entrypoint reloads its module, and enum members stop being equal.

    `at_once` runs of it go side by side, and the next ones wait: None for as many as the settings allow analysts. Those
    that change the book wait for one another too.
    """

    name: str
    entrypoint: str
    about: str
    tags: tuple[str, ...]
    at_once: int | None = 1
    schedule: Schedule | None = None


NIGHT, PAY, ANALYSIS = "night", "pay", "analysis"

DEPLOYMENTS = (
    Deployment(
        "nightly",
        "flows.nightly.nightly",
        "The night of a business date; on schedule, after those that are missing.",
        ("recoup", NIGHT),
        schedule=Schedule.NIGHTLY,
    ),
    Deployment(
        "catch-up",
        "flows.catch_up.catch_up",
        "The nights that are missing since the last official one, oldest first.",
        ("recoup", NIGHT),
    ),
    Deployment(
        "resume",
        "flows.resume.resume",
        "A night that was killed, after its last finished stage, with what it was planned with.",
        ("recoup", NIGHT),
    ),
    Deployment(
        "rerun",
        "flows.rerun.rerun",
        "A date again, as a what-if or officially, beside the official result.",
        ("recoup", ANALYSIS),
        at_once=None,
    ),
    Deployment(
        "report",
        "flows.report.report",
        "The daily, weekly or monthly report of a date, for one department or in another language.",
        ("recoup", ANALYSIS),
        at_once=None,
    ),
    Deployment(
        "allocation-report",
        "flows.allocation_report.allocation_report",
        "Who got which accounts in a night, and what limits cost.",
        ("recoup", ANALYSIS),
        at_once=None,
    ),
    Deployment(
        "simulate",
        "flows.simulate.simulate",
        "What other bonus policies would have cost in months that are past.",
        ("recoup", ANALYSIS),
        at_once=None,
    ),
    Deployment(
        "month-end", "flows.month_end.month_end", "A month's pay, frozen into batches for review.", ("recoup", PAY)
    ),
    Deployment("publish", "flows.publish.publish", "An approved batch into the ledger, once.", ("recoup", PAY)),
    Deployment(
        "verify",
        "flows.verify.verify",
        "The proof of the ledger, every morning.",
        ("recoup", PAY),
        schedule=Schedule.MORNING,
    ),
)


def project_file(settings: Settings) -> Iterator[str]:
    """`prefect.yaml`: the same deployments for `prefect deploy --all` and a work pool of processes."""
    yield "# Made from flows/deployments.py by `make schemas`, with the default schedule; do not edit."
    yield "# With your schedule: `recoup prefect-file > FILE`, and `prefect deploy --all --prefect-file FILE`."
    yield "name: recoup\npull: null\ndeployments:"
    for deployment in DEPLOYMENTS:
        yield f"  - name: {deployment.name}\n    entrypoint: {deployment.entrypoint}"
        yield f"    description: {deployment.about}"
        yield f"    tags: [{', '.join(deployment.tags)}]"
        yield f"    work_pool: {{name: {POOL}}}"
        yield f"    concurrency_limit: {{limit: {_at_once(deployment, settings)}, collision_strategy: ENQUEUE}}"
        if deployment.schedule is not None:
            cron = getattr(settings, deployment.schedule.value)
            yield f'    schedules: [{{cron: "{cron}", timezone: {settings.time_zone}}}]'


def served(settings: Settings, choices: Choices) -> Iterator[Any]:
    """The same as Prefect's own objects, for this process to serve."""
    from prefect.client.schemas.objects import ConcurrencyLimitConfig
    from prefect.flows import load_flow_from_entrypoint
    from prefect.schedules import Cron
    from prefect.types.entrypoint import EntrypointType

    for deployment in DEPLOYMENTS:
        cron = getattr(settings, deployment.schedule.value) if deployment.schedule else ""
        made: Any = load_flow_from_entrypoint(deployment.entrypoint).to_deployment(
            deployment.name,
            description=deployment.about,
            tags=list(deployment.tags),
            schedule=Cron(cron, timezone=settings.time_zone) if cron else None,
            concurrency_limit=ConcurrencyLimitConfig(limit=_at_once(deployment, settings)),
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
        form = made._parameter_openapi_schema  # noqa: SLF001 - no other way to say what a form offers from its start
        offered = with_choices(deployment.name, form.model_dump(exclude_unset=True), choices)
        made._parameter_openapi_schema = type(form)(**offered)  # noqa: SLF001 - the same
        yield made


def _at_once(deployment: Deployment, settings: Settings) -> int:
    return settings.analyses_at_once if deployment.at_once is None else deployment.at_once
