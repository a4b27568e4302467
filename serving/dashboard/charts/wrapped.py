"""Words beside a picture: in lines short enough for a phone, and shown as they are, whatever they hold."""

from __future__ import annotations

import html
import textwrap

WIDTH = 22
MOST_LINES = 4


def wrapped(text: str, width: int = WIDTH) -> str:
    """Return text in lines of so many letters, as Plotly takes it; what looks like markup is shown, not used.

    >>> wrapped("Escalations, last 90 days <b>")
    'Escalations, last 90<br>days &lt;b&gt;'
    """
    lines = textwrap.wrap(text, width, max_lines=MOST_LINES, placeholder=" …") or [text]
    return "<br>".join(html.escape(line, quote=False) for line in lines)


def n_lines(label: str) -> int:
    """Return of how many lines a wrapped text is.

    >>> n_lines(wrapped("a")), n_lines("a<br>b")
    (1, 2)
    """
    return label.count("<br>") + 1
