"""Where everybody works on a day."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from domain.exact import ExactSelect, exact
from domain.sql import TABLES
from kpi_rules.views import AS_OF, holds_on

_AS_OF: sa.ColumnElement[Any] = AS_OF


def postings_statement(*, as_of: date) -> ExactSelect:
    """Employee, department, team, role, and whom they report to."""
    posting = TABLES["staff_postings"]
    names = ("employee_id", "department_id", "team_id", "role", "manager_id")
    statement = sa.select(*(posting.c[name] for name in names)).where(holds_on(_AS_OF, posting))
    return exact(statement.order_by(posting.c.employee_id).params(as_of=as_of))
