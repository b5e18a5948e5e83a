"""Secrets of the environment, taken out of messages.

Errors of other packages are told, logged and stored with their text, and the text is not ours: that of a connection may
quote an address with its password. What databases quote of rows is left out where they are asked (`adapters.duck`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

REDACTED = "***"

# Variables whose whole value is a secret, and those whose value is an address with one in it.
_SECRET = re.compile(r"(AUTH_STRING|PASSWORD|PASSWD|SECRET|TOKEN|API_KEY|ENCRYPTION_KEY)$")
_ADDRESS = re.compile(r"(URL|URI|DSN|WEBHOOK)$")
_IN_ADDRESS = re.compile(r"^[A-Za-z][\w+.\-]*://(?P<account>[^/?#]*(?=@))?@?(?P<rest>.*)$", re.DOTALL)
_FEWEST_CHARACTERS = 4


def redacted(text: str, environment: Mapping[str, str] = os.environ) -> str:
    """The text without the secrets of the environment, also where a part of one or its encoded form stands.

    >>> redacted("no host for ops:s3cret@db", {"RECOUP_DATABASE_URL": "postgresql://ops:s3cret@db/recoup"})
    'no host for ops:***@db'
    """
    for secret in sorted(secrets_in(environment), key=len, reverse=True):
        text = text.replace(secret, REDACTED)
    return text


def secrets_in(environment: Mapping[str, str]) -> frozenset[str]:
    """Passwords of addresses, tokens in their paths, and values of variables that are secrets by their names.

    A password that was not encoded tears an address apart, and its parts stand in errors: they count as well.
    """
    found: set[str] = set()
    for name, value in environment.items():
        if _SECRET.search(name):
            found |= {value, value.partition(":")[2]}  # who signs in is no secret: our own name stands in every line
        elif _ADDRESS.search(name):
            found.update(_of_address(name, value))
    return frozenset(each for each in found if len(each) >= _FEWEST_CHARACTERS)


def _of_address(name: str, value: str) -> Iterator[str]:
    parts = _IN_ADDRESS.match(value)
    if parts is None:
        return
    _, colon, password = (parts["account"] or "").partition(":")
    if colon:
        yield from (password, unquote(password), *re.split(r"[/@:?#]", password))
    if "DATABASE" not in name and "API_URL" not in name and not parts["account"]:  # a webhook's path is its secret
        yield from parts["rest"].split("/")[1:]
