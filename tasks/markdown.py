"""Texts in Markdown artifacts: what files, rules and people say is shown as it is; it neither runs nor leads away.

The Prefect UI renders Markdown with HTML in it. A partner called `<img src=…>` would be asked for by every browser that
shows the verdict.
"""

from __future__ import annotations

import re

from domain.showing import printable

_SIGNS = re.compile(r"([\\`*_\[\]<>&|!~#])")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}


class Code(str):
    """Text that this package has put between backticks itself: a path or a command."""

    __slots__ = ()


def code(text: object) -> Code:
    """Between backticks, whatever is in it.

    >>> code("recoup show `x`")
    "`recoup show 'x'`"
    """
    return Code("`" + printable(str(text)).replace("`", "'").replace("|", "\u2502") + "`")


def as_markdown(text: str) -> str:
    """The text in one line, with every sign that Markdown, HTML or its tables would take for theirs made plain.

    >>> as_markdown("<b>a|b</b> [x](http://y)")
    '&lt;b&gt;a\\\\|b&lt;/b&gt; \\\\[x\\\\](http&#58;//y)'
    """
    plain = _SIGNS.sub(lambda found: _ENTITIES.get(found[1], f"\\{found[1]}"), printable(" ".join(text.split())))
    return plain.replace("://", "&#58;//").replace("www.", "www&#46;")
