"""What the Prefect server keeps from others: its password, and the key of what it stores. From the environment, or made
once and kept in files that only their owner reads; never printed, logged, or part of an address or a command line.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path

from adapters.errors import SettingsError
from adapters.settings import Settings

_SERVER, _CLIENT = "PREFECT_SERVER_API_AUTH_STRING", "PREFECT_API_AUTH_STRING"
_STORED, _ADDRESS = "PREFECT_SERVER_ENCRYPTION_KEY", "PREFECT_API_URL"
_of_this_process: set[str] = set()  # made for its own server; nobody gave it, and nobody else needs it


def password_file(settings: Settings) -> Path:
    return (settings.home / "prefect" / "password").absolute()


def set_keys(settings: Settings, environment: MutableMapping[str, str]) -> None:
    """The server asks for the password, and this process and those that it starts know it.

    Raises: SettingsError FLW022 if others can read a file of them, FLW023 if the two sides were given different ones.
    """
    given = {environment[name] for name in (_SERVER, _CLIENT) if environment.get(name)} - _of_this_process
    if len(given) > 1:
        raise SettingsError(f"FLW023 {_SERVER} and {_CLIENT} differ: set both to the same, or none of them")
    password = given.pop() if given else _kept(password_file(settings), lambda: f"recoup:{secrets.token_urlsafe(24)}")
    environment[_SERVER] = environment[_CLIENT] = password
    if not environment.get(_STORED):
        environment[_STORED] = _kept(password_file(settings).with_name("stored-secrets.key"), _fernet_key)


def close_own_server(environment: MutableMapping[str, str]) -> None:
    """A command that runs a flow without a server starts one for itself on a free port of this machine, for as long as
    it runs: it asks everybody else on the machine for a password that is told to nobody and kept nowhere."""
    profiles = Path(environment["PREFECT_HOME"]) / "profiles.toml"
    is_configured = profiles.is_file() and _ADDRESS in profiles.read_text(encoding="utf-8")
    if is_configured or any(environment.get(name) for name in (_ADDRESS, _SERVER, _CLIENT)):
        return
    password = f"recoup:{secrets.token_urlsafe(24)}"
    _of_this_process.add(password)
    environment[_SERVER] = environment[_CLIENT] = password


def given_password(environment: Mapping[str, str]) -> str:
    """What a client was given; not what this process made for itself."""
    given = environment.get(_CLIENT, "")
    return "" if given in _of_this_process else given


def _kept(path: Path, make: Callable[[], str]) -> str:
    """What the file says; whoever comes first makes it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        if path.stat().st_mode & 0o077:
            raise SettingsError(f"FLW022 others can read {path}: `chmod 600` it, or remove it and restart") from None
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{make()}\n")
    return path.read_text(encoding="ascii").strip()


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
