"""A partner's invoice beside what was posted for it: in what it differs, and whether finance may have it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from domain.money import from_minor
from incentives.ledger import CARRIED, MOVED, RECEIVABLE


class InvoiceFault(StrEnum):
    """In what an invoice differs from what was posted."""

    NET = "net"
    TAX = "tax"
    CURRENCY = "currency"
    BEFORE_PUBLISHING = "before_publishing"
    ALREADY_INVOICED = "already_invoiced"


@dataclass(frozen=True, slots=True)
class Invoice:
    """What an invoice says, in minor units; `batch` is what it is for."""

    partner: str
    number: str
    batch: str
    dated_on: date
    currency: str
    net_minor: int
    tax_minor: int

    @property
    def invoice_id(self) -> str:
        return f"{self.partner}/{self.number}"


@dataclass(frozen=True, slots=True)
class PostedFee:
    """What a batch has posted in a currency, in minor units: fees, and the tax on them."""

    net_minor: int = 0
    tax_minor: int = 0

    @property
    def is_owed(self) -> bool:
        """Whether it pays something: what takes back, or comes to nothing, is invoiced by nobody."""
        return self.net_minor + self.tax_minor > 0


def posted_fees(entries: Iterable[tuple[str, str, int]]) -> dict[str, PostedFee]:
    """By currency, of entries as component, currency and minor units: what a component of tax has is tax.

    What is carried forward, or moved, is no part of an invoice: it says how a debt is paid, and no service.

    >>> posted_fees([("fee:a", "VND", 100), ("vat:a", "VND", 10), ("manual/adj", "VND", 5), ("carried/net", "VND", 9)])
    {'VND': PostedFee(net_minor=105, tax_minor=10)}
    """
    found: dict[str, PostedFee] = {}
    for component, currency, minor in entries:
        if component.partition("/")[0] in _OF_DEBTS:
            continue
        before = found.get(currency, PostedFee())
        is_tax = component.rpartition("/")[2].startswith("vat:")
        found[currency] = PostedFee(before.net_minor + (0 if is_tax else minor), before.tax_minor + (minor * is_tax))
    return found


_OF_DEBTS = frozenset({CARRIED, MOVED, RECEIVABLE})


def faults_of(
    invoice: Invoice,
    posted: Mapping[str, PostedFee],
    published_on: date | None,
    invoiced: Collection[str],
    tolerance: Decimal = Decimal(0),
) -> tuple[InvoiceFault, ...]:
    """In what the invoice differs from what its batch has posted; nothing where it agrees.

    `invoiced` are other invoices for the same batch and currency that agree or were accepted. An invoice from before
    the batch was published is one in advance.
    """
    return tuple(_faults(invoice, posted, published_on, invoiced, tolerance))


def _faults(
    invoice: Invoice,
    posted: Mapping[str, PostedFee],
    published_on: date | None,
    invoiced: Collection[str],
    tolerance: Decimal,
) -> Iterator[InvoiceFault]:
    due = posted.get(invoice.currency)
    if due is None:
        yield InvoiceFault.CURRENCY
    else:
        for fault, said, ours in (
            (InvoiceFault.NET, invoice.net_minor, due.net_minor),
            (InvoiceFault.TAX, invoice.tax_minor, due.tax_minor),
        ):
            if abs(from_minor(said - ours, invoice.currency)) > tolerance:
                yield fault
    if published_on is not None and invoice.dated_on < published_on:
        yield InvoiceFault.BEFORE_PUBLISHING
    if invoiced:
        yield InvoiceFault.ALREADY_INVOICED
