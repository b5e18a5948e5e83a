"""Forms offer what the store knows: and a list that is out of date is replaced."""

from __future__ import annotations

from dataclasses import replace

import jsonschema
import pytest

from adapters.settings import Settings
from flows.choices import FIELDS, renew_if_possible, with_choices
from flows.deployments import DEPLOYMENTS
from tasks.stages.choices import Choices

FOUND = Choices(
    departments=("field", "phone"),
    batches=("bonus-2026-10-field-1a2b", "fee-2026-10-R01-3c4d"),
    whole_months=("2026-10", "2026-09"),
    months=("2026-11", "2026-10", "2026-09"),
    unfinished=("48a343c423357bde936f71ec",),
)
LATER = replace(FOUND, departments=("phone",), batches=(), unfinished=())


@pytest.fixture(scope="module", params=sorted(FIELDS))
def form(request):
    """A deployment that offers choices, and its schema as its flow has it."""
    from prefect.flows import load_flow_from_entrypoint
    from prefect.utilities.callables import parameter_schema

    (entrypoint,) = (each.entrypoint for each in DEPLOYMENTS if each.name == request.param)
    return request.param, parameter_schema(load_flow_from_entrypoint(entrypoint)).model_dump(exclude_unset=True)


@pytest.mark.slow
def test_each_field_that_offers_something_is_one_of_its_form(form):
    name, schema = form
    assert FIELDS[name].keys() <= schema["properties"].keys()
    offered = with_choices(name, schema, FOUND)["properties"]
    assert {field for field in offered if offered[field] != schema["properties"][field]} == FIELDS[name].keys()


@pytest.mark.slow
def test_new_choices_take_the_place_of_the_old_ones(form):
    name, schema = form
    assert with_choices(name, with_choices(name, schema, FOUND), LATER) == with_choices(name, schema, LATER)
    assert with_choices(name, with_choices(name, schema, FOUND), Choices()) == schema


DEPARTMENT = {"type": "string", "title": "department", "default": "", "description": "Only this one."}
BATCH = {"type": "string", "title": "batch", "minLength": 3, "description": "Batch id."}
PERIOD = {"type": "string", "title": "period", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"}


@pytest.mark.parametrize(
    ("deployment", "field", "schema", "taken", "refused"),
    [
        ("report", "department", DEPARTMENT, ("", "field", "phone"), ("fild", "Field", None)),
        ("publish", "batch", BATCH, (FOUND.batches[0], "bonus-2026-11-field-9f9f", "bonus"), ("b", "", None)),
        ("month-end", "period", PERIOD, ("2026-10", "2026-08"), ("2026-13", "october", "")),
    ],
)
def test_what_a_form_takes_and_refuses(deployment, field, schema, taken, refused):
    """A department is one of the list; a batch or a month may have come since the list was made."""
    whole = {"type": "object", "properties": {field: schema}}
    form = with_choices(deployment, whole, FOUND)
    valid = {each: jsonschema.Draft202012Validator(form).is_valid({field: each}) for each in (*taken, *refused)}
    assert valid == {**dict.fromkeys(taken, True), **dict.fromkeys(refused, False)}


@pytest.mark.slow
def test_a_server_that_does_not_answer_ends_no_night_badly(tmp_path, caplog):
    from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

    nobody = {PREFECT_API_URL: "http://127.0.0.1:9/api", PREFECT_CLIENT_MAX_RETRIES: 0}
    with temporary_settings(nobody):
        renew_if_possible(Settings(home=tmp_path / "home"))
    assert "FLW025 forms keep their old choices" in caplog.text
    assert "ConnectError" in caplog.text
