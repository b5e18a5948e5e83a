"""What the container's health check asks: does the server answer, and only to who knows its password?"""

from __future__ import annotations

import sys

from adapters.settings import read_settings
from tasks.checkup.server import UNAUTHORIZED, status_of


def main(url: str = "") -> int:
    """0 where it asks for a password; 1 where it is silent, broken, or open to everybody."""
    url = url or f"http://127.0.0.1:{read_settings().port}/api"
    status = status_of(url)
    if status == UNAUTHORIZED:
        return 0
    sys.stderr.write(f"{url} answers with {status or 'nothing'}; expected {UNAUTHORIZED}: it asks for a password\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
