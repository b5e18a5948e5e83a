"""Plots in the Prefect UI: the pictures of a page that was written, one image artifact each.

Nothing is drawn or computed for them. The UI takes pictures out of Markdown, SVG and `data:` addresses too, for safety;
an image artifact it shows by its address, and that may be the picture itself.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FIGURE = re.compile(r'<figure class="plot"><figcaption>(.*?)</figcaption>\s*<svg (.*?</svg>)', re.DOTALL)
_NAME = re.compile(r'aria-labelledby="([a-z0-9_-]+)-title')
_MOST_BYTES = 200_000  # of one picture: the server's database keeps it


@dataclass(frozen=True, slots=True)
class Picture:
    """`key` is one of an artifact's: lowercase letters, digits and dashes."""

    key: str
    title: str
    address: str


def pictures_of(page: Path) -> Iterator[Picture]:
    """The plots of a page, in its order, each as an address that holds the whole picture."""
    for number, (title, svg) in enumerate(_FIGURE.findall(page.read_text(encoding="utf-8")), start=1):
        named = _NAME.search(svg)
        key = (named[1] if named else f"plot-{number}").replace("_", "-")
        whole = f'<svg xmlns="http://www.w3.org/2000/svg" {svg}'.encode()
        if len(whole) <= _MOST_BYTES:
            address = f"data:image/svg+xml;base64,{base64.b64encode(whole).decode('ascii')}"
            yield Picture(key, html.unescape(title), address)
