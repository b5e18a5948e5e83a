"""Documents on paper: the same bytes wherever they are set."""

from __future__ import annotations

import os
import signal

from reports.languages import Language
from reports.statement_files import statement_files
from tests.reports.test_statement import statement


def test_a_process_that_was_forked_after_a_document_was_set_sets_the_same(tmp_path):
    """The typesetter's threads are not forked: it would wait for them for ever."""
    here = [each.pdf for each in statement_files([statement()], Language.ENGLISH)]
    child = os.fork()
    if child == 0:
        try:
            signal.alarm(60)
            there = [each.pdf for each in statement_files([statement()] * 2, Language.ENGLISH)]
            (tmp_path / "pdf").write_bytes(b"".join(there))
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (tmp_path / "pdf").read_bytes() == here[0] * 2
