"""Mail addresses by their form alone, and postal addresses: spaces and composed characters, and nothing more."""

from __future__ import annotations

import re
import unicodedata

from expectations.contact_points.values import Reading, ValueClass, several

# RFC 5322, dot-atom; RFC 6531 adds every character beyond ASCII. Quoted local parts are legal, and always mistakes.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")  # RFC 1123
_SEPARATORS = re.compile(r"[;,\s]+")

MOST_OF_LOCAL = 64  # RFC 5321
MOST_OF_DOMAIN = 253

# RFC 2606 and RFC 6761: nobody can have an address there.
_RESERVED = ("test", "example", "invalid", "localhost", "example.com", "example.net", "example.org")


def read_email(value: str, *, is_demo: bool = False) -> Reading:
    """The address with its domain in small letters; the local part is the host's own, and stays as it is.

    Domains that can never exist are `demo` in a demo book, and no address anywhere else.

    >>> read_email(" An.Nguyen@Example-Bank.VN ").normalised
    'An.Nguyen@example-bank.vn'
    """
    text = "".join(each for each in unicodedata.normalize("NFC", value) if unicodedata.category(each) != "Cf").strip()
    pieces = [piece for piece in _SEPARATORS.split(text) if piece]
    readings = [_read_one(piece, is_demo=is_demo) for piece in pieces]
    if len(readings) > 1 and all(reading.value_class is not ValueClass.NOT_AN_EMAIL for reading in readings):
        return several(readings)
    return readings[0] if len(readings) == 1 else Reading(ValueClass.NOT_AN_EMAIL, " ".join(text.split()))


def read_address(value: str) -> Reading:
    """One space between words, characters composed (NFC); what the words say is nobody's to change.

    >>> read_address("  12  Lê Lợi ").normalised
    '12 Lê Lợi'
    """
    text = unicodedata.normalize("NFC", " ".join(value.split()))
    has_words = any(character.isalnum() for character in text)
    return Reading(ValueClass.VALID if has_words else ValueClass.NOT_AN_ADDRESS, text)


def _read_one(text: str, *, is_demo: bool) -> Reading:
    local, _, domain = text.removeprefix("mailto:").rpartition("@")
    host = unicodedata.normalize("NFC", domain.lower()).removesuffix(".")
    if not (_is_local(local) and _is_domain(host)):
        return Reading(ValueClass.NOT_AN_EMAIL, text)
    reserved = any(host == name or host.endswith(f".{name}") for name in _RESERVED)
    if reserved and not is_demo:
        return Reading(ValueClass.NOT_AN_EMAIL, f"{local}@{host}")
    return Reading(ValueClass.DEMO if reserved else ValueClass.VALID, f"{local}@{host}")


def _is_local(text: str) -> bool:
    return len(text.encode()) <= MOST_OF_LOCAL and _LOCAL.fullmatch(text) is not None


def _is_domain(host: str) -> bool:
    """Two labels or more, none of them longer than a name server takes, the last one no number."""
    try:
        labels = [label.encode("idna").decode() if label else "" for label in host.split(".")]
    except UnicodeError:
        return False
    fits = len(labels) > 1 and len(".".join(labels)) <= MOST_OF_DOMAIN
    return fits and all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit()
