"""Targets in sheets: a row for each value, grouped into the same rules as those of YAML files, and back into rows.

Rows of one scope, currency and dates are one rule, which is signed as one: a row of another scope voids nothing. The
rule's id is made from the file's name and the scope, unless a column states it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

from pydantic import Field

from domain.documents import Document, Path, RuleModel
from domain.expressions.parse import suggestion
from domain.ids import canonical_decimal
from domain.issues import Issue, Location
from domain.periods import Period
from domain.records import Unit
from domain.rules import Placed
from domain.staff import DayShareKeys
from kpi_rules.figures import KnownKpis
from kpi_rules.language import CascadeKpi, Sharing, Target


class TargetRow(RuleModel):
    """A row of a sheet of targets. Cells of one rule that are left empty are as in its other rows."""

    kpi: str
    """Id of the KPI."""
    value: Decimal = Field(gt=0)
    """The target: digits with a point, or a percentage; no thousands separators."""
    owner: str = ""
    """The role that answers for the rule; needed in one row of each rule."""
    each: str = "employee"
    """Whose figure is held against the value: employee, team or department."""
    department: str = ""
    """Scope: one department."""
    team: str = ""
    """Scope: one team."""
    employee: str = ""
    """Scope: one employee."""
    currency: str = ""
    """Of an amount, such as VND."""
    period: str = ""
    """A month (2026-10), quarter (2026-Q4) or year (2026), in place of valid_from and valid_to."""
    valid_from: date | None = None
    """First day on which it holds."""
    valid_to: date | None = None
    """First day on which it no longer holds."""
    review_by: date | None = None
    """By when somebody looks at it again; needed without an end."""
    prorate: str = ""
    """Of what grows with the days: whole, calendar_days, working_days or days_worked."""
    employment_share: str = ""
    """Whether each day counts with the share of full time on it: yes or no."""
    without_leave: str = ""
    """Kinds of leave that are no days worked, such as: parental, unpaid."""
    part_of: str = ""
    """Id of the rule whose values this one's are a part of."""
    changes: str = ""
    """If it begins within a month: by_days, whole_month or refuse; empty: whole_month."""
    cascade_by: str = ""
    """How the value is shared out among employees: equal, capacity, or the id of a KPI."""
    cascade_step: Decimal | None = None
    """Their parts are whole multiples of it."""
    cascade_roles: str = ""
    """Among whom; empty: collector."""
    teams_by: str = ""
    """How a department's value is shared out among its teams first: equal, capacity, or the id of a KPI."""
    teams_step: Decimal | None = None
    """The teams' parts are whole multiples of it."""
    id: str = ""
    """Id of the rule; empty: made from the file's name and the scope."""
    title: str = ""
    """Title of the rule; empty: made from the file's name and the scope."""
    note: str = ""
    """Whatever helps people; not read."""


COLUMNS = tuple(TargetRow.model_fields)
PERCENTAGES = "percentages"  # beside `values` in the places of a sheet's rule: those that are written with a %
_SCOPES = ("department", "team", "employee")
_NUMBERS = ("value", "cascade_step", "teams_step")
_DAYS = ("valid_from", "valid_to", "review_by")

_NUMBER = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)(\s?%)?")
_THOUSANDS = re.compile(r"-?[1-9][0-9]{0,2}([.,'\s\u00a0\u202f][0-9]{3})+([.,][0-9]+)?")
_QUARTER = re.compile(r"([0-9]{4})-?Q([1-4])", re.IGNORECASE)


def with_targets_of_sheets(documents: Iterable[Document]) -> tuple[tuple[Document, ...], tuple[Issue, ...]]:
    """The documents, with each that holds sheets replaced by the targets in them, and what is wrong with its cells."""
    read = [_Reading.of(document) if is_sheets(document) else (document, ()) for document in documents]
    return tuple(document for document, _ in read), tuple(issue for _, issues in read for issue in issues)


def is_sheets(document: Document) -> bool:
    """Whether the document holds cells, and not rules."""
    return isinstance(document.data, dict) and document.data.keys() == {"sheets"}


def check_percentages(targets: Iterable[Placed[Target]], known: KnownKpis) -> Iterator[Issue]:
    """Percentages of what is no share: 90 % of a call is no target."""
    for placed in targets:
        for kpi in placed.rule.values:
            place = placed.document.places.get((*placed.path, PERCENTAGES, kpi))
            if place and kpi in known.in_force and known.in_force[kpi].rule.unit is not Unit.RATIO:
                text = f'"{kpi}" is a {known.in_force[kpi].rule.unit}, and its value is a percentage'
                yield Issue("TGT008", place, text, "Write the number")


def rows_of(targets: Iterable[Placed[Target]]) -> Iterator[dict[str, str | Decimal | date | None]]:
    """The rows that give these rules again, with the same versions."""
    for placed in targets:
        rule = placed.rule
        said = {**_stated(rule), **_prorated(rule), **_cascaded(rule)}
        for kpi, value in rule.values.items():
            yield {**dict.fromkeys(COLUMNS), "kpi": kpi, "value": value, **said}


def _stated(rule: Target) -> dict[str, str | date | None]:
    texts = ("owner", *_SCOPES, "currency", *_DAYS, "part_of", "changes", "id", "title")
    return {"each": str(rule.each), **{name: getattr(rule, name) for name in texts}}


def _prorated(rule: Target) -> dict[str, str | None]:
    if not isinstance(rule.prorate, DayShareKeys):
        return {"prorate": rule.prorate}
    return {
        "prorate": str(rule.prorate.by),
        "employment_share": "yes" if rule.prorate.employment_share else "no",
        "without_leave": ", ".join(rule.prorate.without_leave) or None,
    }


def _cascaded(rule: Target) -> dict[str, str | Decimal | None]:
    if rule.cascade is None:
        return {}
    teams = rule.cascade.teams
    return {
        "cascade_by": _basis_text(rule.cascade),
        "cascade_step": rule.cascade.step,
        "cascade_roles": ", ".join(rule.cascade.roles),
        "teams_by": _basis_text(teams) if teams else None,
        "teams_step": teams.step if teams else None,
    }


def _basis_text(sharing: Sharing) -> str:
    return sharing.by.kpi if isinstance(sharing.by, CascadeKpi) else sharing.by


@dataclass(frozen=True, slots=True)
class _Cell:
    value: Any
    place: Location
    is_percentage: bool = False


_Row = Mapping[str, _Cell]


@dataclass(slots=True)
class _Reading:
    """One file on its way from cells to rules."""

    document: Document
    issues: list[Issue]

    @classmethod
    def of(cls, document: Document) -> tuple[Document, tuple[Issue, ...]]:
        reading = cls(document, [])
        rows = [row for number in range(len(document.data["sheets"])) for row in reading._rows(number)]
        targets, places = reading._targets(rows)
        return Document(document.path, {"targets": targets}, places), tuple(reading.issues)

    def _rows(self, number: int) -> Iterator[_Row]:
        """The rows of one sheet below its header, those without any cell left out."""
        path: Path = ("sheets", number, "rows")
        filled = [
            (index, row)
            for index, row in enumerate(self.document.data["sheets"][number]["rows"])
            if any(cell is not None for cell in row)
        ]
        if not filled:
            return
        header, names = filled[0][0], self._names(path, *filled[0])
        for index, row in filled[1:] if names else ():
            read = self._row((*path, index), row, names, header)
            if read is not None:
                yield read

    def _names(self, path: Path, index: int, header: Sequence[Any]) -> dict[int, str]:
        """The columns by their position; nothing if one is wrong."""
        before = len(self.issues)
        names: dict[int, str] = {}
        for at, cell in enumerate(header):
            title, place = str(cell or "").strip().lower(), self.document.place((*path, index, at))
            if title and not title.startswith("#") and title not in COLUMNS:
                hint = f"{suggestion(title, COLUMNS)}; a column whose name begins with # is not read"
                self._report("TGT001", place, f'unknown column "{title}"', hint)
            elif title in names.values():
                self._report("TGT001", place, f'a second column "{title}"', "Keep one of them")
            elif title in COLUMNS:
                names[at] = title
        for needed in ("kpi", "value"):
            if needed not in names.values() and len(self.issues) == before:
                hint = f"The first row names the columns: {', '.join(COLUMNS)}"
                self._report("TGT001", self.document.place((*path, index, 0)), f'no column "{needed}"', hint)
        return names if len(self.issues) == before else {}

    def _row(self, path: Path, row: Sequence[Any], names: Mapping[int, str], header: int) -> _Row | None:
        """The cells that are filled, as texts, numbers and days; None if one of them cannot be read as such."""
        before, cells = len(self.issues), {}
        for at, cell in enumerate(row):
            place = self.document.place((*path, at))
            if cell is None or (isinstance(cell, str) and not cell.strip()):
                continue
            if at not in names:
                if not str(self._title(path, header, at)).startswith("#"):
                    self._report("TGT002", place, f'"{cell}" stands in a column without a name', "Name the column")
                continue
            is_percentage = isinstance(cell, str) and cell.strip().endswith("%")
            cells[names[at]] = _Cell(self._value(names[at], cell, place), place, is_percentage)
        for needed in ("kpi", "value"):
            if needed not in cells and cells:
                self._report("TGT002", self.document.place((*path, 0)), f'the row has no "{needed}"', "Fill it in")
        return cells if cells and len(self.issues) == before else None

    def _title(self, path: Path, header: int, at: int) -> Any:
        row = self.document.at((*path[:-1], header))
        return row[at] if at < len(row) else ""

    def _value(self, column: str, cell: Any, place: Location) -> Any:
        if column in _NUMBERS:
            return self._number(column, cell, place)
        if column in _DAYS:
            return self._day(column, cell, place)
        match cell:
            case bool():
                return "yes" if cell else "no"
            case Decimal():
                return canonical_decimal(cell)
            case date():
                if column == "period" and cell.day == 1:
                    return str(Period.of(cell))  # spreadsheets take 2026-10 for its first day
                self._report(
                    "TGT004", place, f'"{column}": the spreadsheet took it for the day {cell}', "Format it as text"
                )
                return ""
        return str(cell).strip()

    def _number(self, column: str, cell: Any, place: Location) -> Decimal | None:
        if isinstance(cell, Decimal):
            return cell
        text = str(cell).strip()
        found = None if isinstance(cell, bool | date) or _THOUSANDS.fullmatch(text) else _NUMBER.fullmatch(text)
        if found:
            return Decimal(found[1]).scaleb(-2) if found[2] else Decimal(found[1])
        self._report("TGT003", place, f'"{column}": {text!r} is no number', _hint_of(text))
        return None

    def _day(self, column: str, cell: Any, place: Location) -> date | None:
        if isinstance(cell, date):
            return cell
        text = str(cell).strip()
        try:
            if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
                return date.fromisoformat(text)
        except ValueError:
            pass
        self._report("TGT004", place, f'"{column}": {text!r} is no day', "Write year-month-day, such as 2026-10-01")
        return None

    def _targets(self, rows: Iterable[_Row]) -> tuple[list[dict[str, Any]], dict[Path, Location]]:
        groups: dict[tuple[Any, ...], list[_Row]] = {}
        for row in rows:
            named = row["id"].value if "id" in row else ""
            scope = () if named else tuple(_text(row, name) for name in ("each", *_SCOPES, "currency"))
            groups.setdefault((named, *scope, *(_text(row, name) for name in ("period", *_DAYS[:2]))), []).append(row)
        targets: list[dict[str, Any]] = []
        places: dict[Path, Location] = {}
        for group in groups.values():
            before = len(self.issues)
            rule, where = self._target(group)
            if len(self.issues) > before:
                continue  # what is wrong has been told
            path: Path = ("targets", len(targets))
            places[path] = next(iter(group[0].values())).place
            places.update({path + steps: place for steps, place in where.items()})
            targets.append(rule)
        return targets, places

    def _target(self, group: Sequence[_Row]) -> tuple[dict[str, Any], dict[Path, Location]]:
        """The rule as a YAML file would state it, and where each of its keys stands."""
        said = self._said(group)
        rule: dict[str, Any] = {"values": {}}
        places: dict[Path, Location] = {}

        def put(path: tuple[str, ...], value: Any, column: str) -> None:
            inner = rule
            for step in path[:-1]:
                inner = inner.setdefault(step, {})
            inner[path[-1]] = value
            if column in said:
                places[path] = places[path[:1]] = said[column].place

        for name in ("owner", "each", *_SCOPES, "currency", *_DAYS, "part_of", "changes"):
            if name in said:
                put((name,), said[name].value, name)
        self._put_period(said, put)
        self._put_prorate(said, put)
        _put_cascade(said, put)
        put(("id",), said["id"].value if "id" in said else self._id(said), "id")
        put(("title",), said["title"].value if "title" in said else self._title_of(said), "title")
        places["values",] = group[0]["value"].place
        for row in group:
            kpi, value = row["kpi"], row["value"]
            if kpi.value in rule["values"]:
                text = (
                    f'"{kpi.value}" stands here and at {places["values", kpi.value]}, for one scope and the same days'
                )
                self._report("TGT005", value.place, text, "State it once")
            rule["values"].setdefault(kpi.value, value.value)
            places.setdefault(("values", kpi.value), value.place)
            if value.is_percentage:
                places[PERCENTAGES, kpi.value] = value.place
        return rule, places

    def _said(self, group: Sequence[_Row]) -> dict[str, _Cell]:
        """What the rows say of the rule as a whole; they may not contradict each other."""
        said: dict[str, _Cell] = {}
        for row in group:
            for name, cell in row.items():
                if name in {"kpi", "value", "note"}:
                    continue
                other = said.setdefault(name, cell)
                if other.value != cell.value:
                    text = f'"{name}" is {cell.value}, and {other.value} at {other.place}: both rows are of one rule'
                    hint = "Say the same in both, leave one cell empty, or give one of the rows an `id` of its own"
                    self._report("TGT006", cell.place, text, hint)
        return said

    def _put_period(self, said: Mapping[str, _Cell], put: Any) -> None:
        if "period" not in said:
            return
        cell = said["period"]
        found = _days_of(cell.value)
        if found is None:
            self._report("TGT004", cell.place, f"{cell.value!r} is no period", "Write 2026-10, 2026-Q4 or 2026")
        elif "valid_from" in said or "valid_to" in said:
            self._report("TGT004", cell.place, "a period, and days beside it", "State one or the other")
        else:
            put(("valid_from",), found[0], "period")
            put(("valid_to",), found[1], "period")

    def _put_prorate(self, said: Mapping[str, _Cell], put: Any) -> None:
        if "prorate" in said and said["prorate"].value == "whole":
            put(("prorate",), "whole", "prorate")
        elif "prorate" in said:
            put(("prorate", "by"), said["prorate"].value, "prorate")
        is_whole = "prorate" not in said or said["prorate"].value == "whole"
        for name in ("employment_share", "without_leave"):
            if name in said and is_whole:
                text = f'"{name}" says something only where "prorate" names days'
                self._report("TGT006", said[name].place, text, "Take it out, or state which days count")
        if "employment_share" in said and not is_whole:
            cell = said["employment_share"]
            if cell.value.lower() not in _YES | _NO:
                self._report("TGT007", cell.place, f'"employment_share": {cell.value!r}', "Write yes or no")
            put(("prorate", "employment_share"), cell.value.lower() in _YES, "employment_share")
        if "without_leave" in said and not is_whole:
            put(("prorate", "without_leave"), _listed(said["without_leave"].value), "without_leave")

    def _id(self, said: Mapping[str, _Cell]) -> str:
        """Such as `field_team_ft1_vnd`, of the file field.csv."""
        name = re.sub(r"[^a-z0-9]+", "_", "_".join(self._named(said)).lower()).strip("_")
        return name if re.match(r"[a-z]", name) else f"targets_{name}"

    def _title_of(self, said: Mapping[str, _Cell]) -> str:
        stem, *rest = self._named(said)
        return f"{stem}: {' '.join(rest) or 'everybody'}"

    def _named(self, said: Mapping[str, _Cell]) -> list[str]:
        each = ["each", said["each"].value] if "each" in said and said["each"].value != "employee" else []
        scope = [part for name in _SCOPES if name in said for part in (name, said[name].value)]
        currency = [said["currency"].value] if "currency" in said else []
        return [PurePosixPath(self.document.path).stem, *each, *scope, *currency]

    def _report(self, code: str, place: Location, message: str, hint: str) -> None:
        self.issues.append(Issue(code, place, message, hint))


_YES, _NO = frozenset({"yes", "true"}), frozenset({"no", "false"})


def _put_cascade(said: Mapping[str, _Cell], put: Any) -> None:
    for steps, name in ((("cascade",), "cascade"), (("cascade", "teams"), "teams")):
        if f"{name}_by" in said:
            by = said[f"{name}_by"].value
            put((*steps, "by"), by if by in {"equal", "capacity"} else {"kpi": by}, f"{name}_by")
        if f"{name}_step" in said:
            put((*steps, "step"), said[f"{name}_step"].value, f"{name}_step")
    if "cascade_roles" in said:
        put(("cascade", "roles"), _listed(said["cascade_roles"].value), "cascade_roles")


def _text(row: _Row, name: str) -> str:
    return str(row[name].value) if name in row else ""


def _listed(text: str) -> list[str]:
    return [word for word in re.split(r"[,;\s]+", text) if word]


def _days_of(period: str) -> tuple[date, date] | None:
    """The first day of the month, quarter or year, and the first day after it."""
    if quarter := _QUARTER.fullmatch(period):
        year, month, months = int(quarter[1]), int(quarter[2]) * 3 - 2, 3
    elif re.fullmatch(r"[1-9][0-9]{3}", period):
        year, month, months = int(period), 1, 12
    elif re.fullmatch(r"[1-9][0-9]{3}-(0[1-9]|1[0-2])", period):
        year, month, months = int(period[:4]), int(period[5:]), 1
    else:
        return None
    last = Period(year, month + months - 1)
    return date(year, month, 1), last.end


def _hint_of(text: str) -> str:
    if _THOUSANDS.fullmatch(text):
        digits = re.sub(r"[^0-9]", "", text)
        return f"Write {digits} without separators; or {text.replace(',', '.')}0, if the digits after it are decimals"
    if re.fullmatch(r"-?[0-9]+,[0-9]+\s?%?", text):
        return f"Write {text.replace(',', '.')}: decimals stand after a point"
    return "Write digits and a point, such as 1000000 or 0.85"
