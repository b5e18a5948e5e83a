"""Plots as SVG that stands in a page: built by Altair, rendered by vl-convert; no script, nothing fetched.

Texts are written by the house, and nothing is placed by how wide a text is: so the same plot has the same bytes,
whatever fonts a machine has.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from typing import IO, Any, cast

import vl_convert
from markupsafe import Markup

from reports.formats import Formats
from reports.plot_rows import filled, kind_of
from reports.plot_specifications import FRAMES, VEGA_LITE, specification
from reports.plots import Plot

FONT = "sans-serif"  # the style sheet says which: that of the page

_TAG, _SPOKEN = re.compile(r"<[a-z][^>]*>"), re.compile(r' (?:role|aria-[a-z]+|class)="[^"]*"')  # Vega's own words
_CONFIG: Mapping[str, Any] = {"aria": False, "background": "transparent", "view": {"stroke": None}}


def drawn(plot: Plot, name: str, formats: Formats, *, font: str = FONT) -> Markup:
    """The picture with its title and description, for people who hear it; `name` keeps ids of pictures apart."""
    frame = FRAMES[kind_of(plot)]
    fills = filled(plot, formats, width=frame.width - frame.left)
    height = fills.height + frame.top + frame.bottom
    spec = {
        **specification(fills.kind),
        "config": {**_CONFIG, "font": font},
        "height": fills.height,
        "datasets": fills.rows,
        "params": [{"name": each, "value": value} for each, value in fills.params.items()],
    }
    svg = rendered({"vl_spec": spec, "vl_version": VEGA_LITE, "allowed_base_urls": []})
    opened = Markup(
        '<svg role="img" viewBox="0 0 {width} {height}" preserveAspectRatio="xMinYMin" '
        'aria-labelledby="{name}-title {name}-about">'
        '<title id="{name}-title">{title}</title><desc id="{name}-about">{about}</desc>'
    ).format(width=frame.width, height=height, name=name, title=plot.title, about=plot.about)
    body = _TAG.sub(lambda tag: _SPOKEN.sub("", tag[0]), svg[svg.index(">") + 1 :])
    return opened + Markup(body)  # noqa: S704 - Vega escapes every text that it writes


def rendered(order: Mapping[str, Any]) -> str:
    """By the renderer within this process; its threads do not survive a fork, so in a process that was forked from one
    in which it had started, a process of its own renders, and ends with this one."""
    process = os.getpid()
    if not _STARTED_IN:
        _STARTED_IN.append(process)
    if process == _STARTED_IN[0]:
        return vl_convert.vegalite_to_svg(**order)
    orders, answers = _beside(process)
    orders.write(json.dumps(order) + "\n")
    orders.flush()
    svg: str = json.loads(answers.readline())
    return svg


_STARTED_IN: list[int] = []
_BESIDE = """
import json, sys, vl_convert
for line in sys.stdin:
    print(json.dumps(vl_convert.vegalite_to_svg(**json.loads(line))), flush=True)
"""


@cache
def _beside(process: int) -> tuple[IO[str], IO[str]]:  # noqa: ARG001 - one for each process
    """It ends when nobody holds the other end of its input any more."""
    command, pipe = [sys.executable, "-c", _BESIDE], subprocess.PIPE
    started = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)  # noqa: S603 - our own words
    return cast("IO[str]", started.stdin), cast("IO[str]", started.stdout)
