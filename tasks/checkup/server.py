"""The Prefect server: whether it answers, and only to who knows the password."""

from __future__ import annotations

import base64
import urllib.error
import urllib.request
from dataclasses import dataclass

from tasks.checkup.looked import Looked, warned, wrong

_SECONDS = 3
OK, UNAUTHORIZED = 200, 401


@dataclass(frozen=True, slots=True)
class Server:
    """Address of its API, and the user and password that we give it, which no message repeats."""

    url: str
    password: str = ""


def look_at_server(server: Server) -> Looked:
    """Asked once without a password, and once with ours."""
    plain = status_of(server.url)
    if plain is None:
        hint = "`recoup serve` starts it (by systemd: `systemctl status recoup-serve`); nights by hand need none"
        return Looked(
            "Prefect server", f"{server.url}: no answer", (warned("DOC022", server.url, "does not answer", hint),)
        )
    if plain == OK:
        hint = "Set PREFECT_SERVER_API_AUTH_STRING where it is started, and PREFECT_API_AUTH_STRING where it is used"
        said = "answers without a password: whoever reaches it starts flows"
        return Looked("Prefect server", f"{server.url}: open to everybody", (wrong("DOC023", server.url, said, hint),))
    if plain != UNAUTHORIZED:
        said, hint = f"answers with status {plain}", "See prefect-server.log below the home folder"
        return Looked("Prefect server", server.url, (wrong("DOC022", server.url, said, hint),))
    if status_of(server.url, server.password) != OK:
        hint = "Set PREFECT_API_AUTH_STRING to what the server was started with"
        return Looked(
            "Prefect server", f"{server.url}: refuses us", (wrong("DOC023", server.url, "refuses our password", hint),)
        )
    if not _has_pages(server.url):
        hint = "See prefect-server.log below the home folder: what it says of the UI"
        said = "answers programs, and has no pages for people"
        return Looked("Prefect server", f"{server.url}: no UI", (warned("DOC026", server.url, said, hint),))
    return Looked("Prefect server", f"{server.url}: answers, with password only")


def _has_pages(url: str) -> bool:
    """Where its pages cannot be unpacked, Prefect's server starts without them, and says so in its log alone."""
    request = urllib.request.Request(url.removesuffix("/api"), headers={"Accept": "text/html"})  # noqa: S310 - our own
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            return int(answer.status) == OK
    except (urllib.error.URLError, OSError):
        return False


def status_of(url: str, password: str = "") -> int | None:
    """What it answers to a question that needs a right; None where nobody answers."""
    request = urllib.request.Request(f"{url}/flows/count", data=b"{}", method="POST")  # noqa: S310 - our own address
    request.add_header("Content-Type", "application/json")
    if password:
        request.add_header("Authorization", f"Basic {base64.b64encode(password.encode()).decode()}")
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (urllib.error.URLError, OSError):
        return None
