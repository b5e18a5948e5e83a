"""SQLAlchemy tables beside the catalogue, as statements over snapshots see them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from domain import exact
from domain.catalogue import CATALOGUE
from domain.tables import Column, Table, Type

SNAPSHOTS = sa.MetaData()

SQL_TYPES: Mapping[Type, sa.types.TypeEngine[Any]] = MappingProxyType(
    {
        Type.ID: sa.String(),
        Type.TEXT: sa.String(),
        Type.CODE: sa.String(),
        Type.COUNT: sa.BigInteger(),
        Type.MONEY: exact.MONEY,
        Type.RATE: exact.RATE,
        Type.DEGREES: exact.DEGREES,
        Type.DATE: sa.Date(),
        Type.INSTANT: sa.DateTime(),
        Type.WALL_TIME: sa.DateTime(),
        Type.BOOLEAN: sa.Boolean(),
    }
)


def sql_table(table: Table, metadata: sa.MetaData, name: str | None = None) -> sa.Table:
    return sa.Table(name or table.name, metadata, *sql_columns(table))


def sql_columns(columns: Iterable[Column]) -> tuple[sa.Column[Any], ...]:
    return tuple(sa.Column(column.name, SQL_TYPES[column.type], nullable=not column.required) for column in columns)


TABLES: Mapping[str, sa.Table] = MappingProxyType(
    {name: sql_table(table, SNAPSHOTS) for name, table in CATALOGUE.items()}
)
