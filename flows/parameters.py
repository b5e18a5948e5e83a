"""Types of flow parameters: what the forms of the Prefect UI are made from. Their descriptions are in the docstrings.

They live outside flow files, because a file entrypoint reloads its module, and enum members would stop being equal.
What can be said by a pattern or a choice is refused by the form; what only the store knows, by `tasks.stages.asked`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic.config import JsonDict

from domain.manifest import Stage
from tasks.stages.plan import NIGHT


def _of_a_night(stage: Stage) -> Stage:
    if stage not in NIGHT:
        raise ValueError(f"{stage} is no stage of a night")
    return stage


_CHOICES: JsonDict = {"enum": [stage.value for stage in NIGHT], "type": "string"}
NightStage = Annotated[Stage, AfterValidator(_of_a_night), WithJsonSchema(_CHOICES)]
Stages = Annotated[tuple[NightStage, ...], Field(min_length=1)]
FirstStage = Literal["gate", "allocate", "measure", "project", "report"]
ReportName = Literal["daily", "weekly", "monthly"]
LanguageName = Literal["", "en", "vi", "zh"]
PeriodText = Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]
BatchText = Annotated[str, Field(min_length=3)]
FolderText = Annotated[str, Field(min_length=1)]
By = Annotated[str, Field(min_length=1, pattern=r"\S")]
