"""Documents as typst sets them: equal inputs give equal bytes, with a pinned date of creation.

Its threads do not survive a fork. A process that was forked from one that has set a document would wait for them for
ever; so it has a process of its own set them, which ends with it.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC
from functools import cache
from threading import Lock, local
from typing import IO, cast

import typst

from reports.cells import CREATED
from reports.pages import TEMPLATES


def typeset(template: str, inputs: Mapping[str, str]) -> bytes:
    """The PDF of a template of this package."""
    process = os.getpid()
    if not _STARTED_IN:
        _STARTED_IN.append(process)
    if process == _STARTED_IN[0]:
        return _set_here(template, inputs)
    with _ONE_ORDER:
        orders, answers = _beside(process)
        orders.write(json.dumps([template, dict(inputs)]) + "\n")
        orders.flush()
        return base64.b64decode(answers.readline())


def set_by_order() -> None:
    """What the process beside does: a line of JSON for each document, a line of Base64 for each answer."""
    for line in sys.stdin:
        print(base64.b64encode(_set_here(*json.loads(line))).decode(), flush=True)


@cache
def fonts() -> typst.Fonts:
    """What this machine has, and typst brings with it."""
    return typst.Fonts(include_system_fonts=True)


_STARTED_IN: list[int] = []
_ONE_ORDER = Lock()
_OF_THREAD = local()


def _set_here(template: str, inputs: Mapping[str, str]) -> bytes:
    made = _compiler(template).compile(format="pdf", sys_inputs=dict(inputs), timestamp=CREATED.replace(tzinfo=UTC))
    assert isinstance(made, bytes)  # noqa: S101 - one document is one file
    return made


def _compiler(template: str) -> typst.Compiler:
    """One for each thread: it holds the inputs of the document that it makes."""
    known: dict[str, typst.Compiler] = _OF_THREAD.__dict__.setdefault("compilers", {})
    if template not in known:
        known[template] = typst.Compiler(str(TEMPLATES / template), root=str(TEMPLATES), font_paths=fonts())
    return known[template]


@cache
def _beside(process: int) -> tuple[IO[str], IO[str]]:  # noqa: ARG001 - one for each process
    """It ends when nobody holds the other end of its input any more."""
    command, pipe = (
        [sys.executable, "-c", "from reports.typesetting import set_by_order; set_by_order()"],
        subprocess.PIPE,
    )
    started = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)  # noqa: S603 - our own words
    return cast("IO[str]", started.stdin), cast("IO[str]", started.stdout)
