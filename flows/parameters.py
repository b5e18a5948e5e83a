"""Types of flow parameters: what the forms of the Prefect UI are made from.

They live outside flow files, because a file entrypoint reloads its module, and enum members would stop being equal.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from domain.manifest import Stage

BusinessDate = Annotated[
    date | None, Field(description="Business date; without one, the local date before the scheduled start.")
]
RerunDate = Annotated[date, Field(description="Business date to run again.")]
Stages = Annotated[tuple[Stage, ...], Field(description="Stages to run, in the order of a night.")]
FirstStage = Annotated[
    Literal["gate", "allocate", "measure", "project", "report"],
    Field(description="First stage to run; the gate always comes first, because every stage needs its verdict."),
]
Overlay = Annotated[
    str, Field(description="Folder of rule files that take the place of the book's; empty for the book as it is.")
]
WhatIf = Annotated[
    bool, Field(description="Compute beside the official result, without releasing, accepting or posting anything.")
]
PeriodText = Annotated[str, Field(description="Month, such as 2026-10.", pattern=r"^[0-9]{4}-[0-9]{2}$")]
BatchText = Annotated[str, Field(description="Batch id, or the beginning of one.", min_length=3)]
By = Annotated[str, Field(description="Your name, as it is to be recorded.", min_length=1)]
