"""The log of the house: one line of JSON for whatever began, ended or was told."""

from __future__ import annotations

import json
import logging
from contextlib import nullcontext
from datetime import UTC, datetime

import pytest

from adapters.errors import StoreError
from adapters.logs import log_file, logged
from flows.attempts import attempt_at
from flows.halting import Halted
from tests.stages.conftest import END


def lines_of(world):
    return [json.loads(line) for line in log_file(world).read_text(encoding="utf-8").splitlines()]


def test_a_line_has_its_time_its_place_and_its_fields_and_stays_one_line(world):
    with logged(world, attempt="a1", run=""):
        logging.getLogger("recoup.somewhere").info("two\nlines of %s", "Đặng", extra={"rows": 3})
    (line,) = lines_of(world)
    assert datetime.fromisoformat(line.pop("time")).tzinfo is UTC
    assert line == {
        "level": "INFO",
        "logger": "recoup.somewhere",
        "message": "two\nlines of Đặng",
        "attempt": "a1",
        "rows": 3,
    }


def test_what_prefect_says_is_in_the_same_file_and_nothing_is_after_the_end(world):
    with logged(world, attempt="a1"):
        logging.getLogger("prefect.flow_runs").warning("late")
        logging.getLogger("prefect.flow_runs").debug("unheard")
        logging.getLogger("elsewhere").error("unheard")
    logging.getLogger("recoup.somewhere").error("unheard")
    assert [(line["message"], line["attempt"]) for line in lines_of(world)] == [("late", "a1")]


@pytest.mark.parametrize(
    ("raised", "level", "said"),
    [(None, "INFO", "ended: done"), (Halted("accounts"), "ERROR", "ended: halted"),
     (StoreError("gone"), "ERROR", "ended: failed"), (KeyError("x"), "ERROR", "ended: failed")],
)  # fmt: skip
def test_every_attempt_says_that_it_began_and_how_it_ended(world, raised, level, said):
    with pytest.raises(type(raised)) if raised else nullcontext(), attempt_at(world, "nightly", END) as attempt:
        if raised:
            raise raised
    begun, ended = [line for line in lines_of(world) if line["logger"] == "recoup.attempts"]
    assert (begun["message"], begun["attempt"], begun["business_date"]) == ("begun", attempt, END.isoformat())
    assert (ended["level"], ended["message"], ended["command"]) == (level, said, "nightly")
