"""Types of flow parameters: what the forms of the Prefect UI are made from. Their descriptions are in the docstrings.

They live outside flow files, because a file entrypoint reloads its module, and enum members would stop being equal.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from domain.manifest import Stage

Stages = tuple[Stage, ...]
FirstStage = Literal["gate", "allocate", "measure", "project", "report"]
PeriodText = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}$")]
BatchText = Annotated[str, Field(min_length=3)]
FolderText = Annotated[str, Field(min_length=1)]
By = Annotated[str, Field(min_length=1)]
