"""Collection fees of a real book by a contract that was read out of it: what it explains, and what it does not."""

import csv
import subprocess
import sys
from decimal import Decimal

import pytest

from bench.lending_club_fees import CONTRACT, EXPLAINED, contracts_of, explained_of, loans_of, settle, write_unexplained


@pytest.fixture(scope="module")
def settled(shared_data):
    return settle(contracts_of(CONTRACT), loans_of(shared_data / "lending-club" / "loans.csv.gz"))


def test_every_recovery_of_the_file_is_settled_once(settled):
    assert len({each.loan.row for each in settled}) == len(settled) == 6_357
    assert sum(each.loan.recovery.amount for each in settled) == Decimal("4341987.55")
    assert sum(each.loan.paid for each in settled) == Decimal("604839.73")


def test_more_than_half_of_the_money_is_explained_on_four_of_five_accounts(settled):
    assert explained_of(settled) == Decimal("336433.56")
    assert sum(each.found in EXPLAINED for each in settled) == 5_013
    assert all(abs(each.off) <= max(Decimal("0.01"), each.fee / 10) for each in settled if each.found in EXPLAINED)


def test_what_is_not_explained_is_listed_with_its_difference(settled, tmp_path):
    write_unexplained(settled, tmp_path / "left.csv")
    rows = list(csv.DictReader((tmp_path / "left.csv").open()))
    assert len(rows) == 6_357 - 5_013
    assert sum(Decimal(row["paid"]) for row in rows) + explained_of(settled) == Decimal("604839.73")
    off = [abs(Decimal(row["off"])) for row in rows]
    assert off == sorted(off, reverse=True)


def test_the_contract_speaks_of_no_account():
    text = CONTRACT.read_text()
    assert "account" not in text
    assert text.count("rate:") + text.count("* balance") < 50
    help_text = subprocess.run(
        [sys.executable, "-m", "bench.lending_club_fees", "--help"], capture_output=True, text=True
    )
    assert "--unexplained" in help_text.stdout
