"""What stages have to say, in the run's log."""

from __future__ import annotations

from collections.abc import Iterable

from prefect import get_run_logger

from domain.issues import Issue


def log_issues(issues: Iterable[Issue]) -> None:
    logger = get_run_logger()
    for issue in issues:
        logger.warning("%s", issue, extra={"code": issue.code})


def log_words(said: Iterable[str]) -> None:
    logger = get_run_logger()
    for words in said:
        logger.info("The run %s", words)
