"""A report as files: a page and a workbook of the same content."""

from __future__ import annotations

from pathlib import Path

from adapters.store.runs import RunFile
from adapters.world import World
from reports.languages import Language
from reports.report_files import report_page, write_report_workbook
from reports.sections import Report


def write_report(world: World, report: Report, language: Language, folder: str, name: str = "") -> tuple[RunFile, ...]:
    """Write `<name>.html` and `.xlsx` into the folder below the home folder."""
    stem = name or report.name
    return tuple(
        RunFile(f"{stem}.{kind}", f"{folder}/{stem}.{kind}", written, 0)
        for kind, written in write_report_files(world, report, language, world.settings.home / folder, stem)
    )


def write_report_files(
    world: World, report: Report, language: Language, folder: Path, stem: str
) -> tuple[tuple[str, str], ...]:
    """The kinds of the two files, and their digests."""
    page = world.seam.write_text(folder / f"{stem}.html", report_page(report, language), point=f"{report.name}_page")
    book = world.seam.write_file(
        folder / f"{stem}.xlsx",
        lambda part: write_report_workbook(report, part, language),
        point=f"{report.name}_workbook",
    )
    return ("html", page.sha256), ("xlsx", book.sha256)
