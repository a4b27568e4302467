"""From pages to HTML: templates draw blocks, and nothing else does."""

from __future__ import annotations

import functools
import json
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from serving.dashboard import blocks
from serving.dashboard.numbers import in_words, money, number_and_unit
from serving.dashboard.table import Link
from serving.dashboard.words import slug


def rendered(template: str, **values: Any) -> str:
    """Return a template filled in; whatever text comes from data is escaped."""
    return environment().get_template(template).render(**values)


@functools.cache
def environment() -> Environment:
    """Return the templates, with what they can call."""
    found = Environment(
        loader=PackageLoader("serving.dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"in_words": in_words, "money": money, "number_and_unit": number_and_unit}
    found.filters |= {"data": as_data, "prose": as_html, "slug": slug}
    found.tests |= {kind.__name__.lower(): _is_a(kind) for kind in (*blocks.Block.__args__, *FIELDS, Link)}
    return found


BELOW = 2
FIELDS = (blocks.Choice, blocks.Search, blocks.Slider)


def as_data(said: Any) -> Markup:
    """Return what a script reads, as JSON that cannot end the element it stands in.

    >>> print(as_data({"a": "</script>", "b": float("nan")}))
    {"a": "\\u003c/script>", "b": null}
    """
    text = json.dumps(_finite(said), allow_nan=False, ensure_ascii=False, default=float)
    return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))  # noqa: S704  # nothing in it can be markup


def _finite(said: Any) -> Any:
    if isinstance(said, float) and (said != said or said in (float("inf"), float("-inf"))):
        return None
    if isinstance(said, dict):
        return {name: _finite(value) for name, value in said.items()}
    return [_finite(value) for value in said] if isinstance(said, list | tuple) else said


def as_html(text: str) -> Markup:
    """Return Markdown as HTML; HTML in it is shown, not used, and its headings stand below those of the section.

    >>> print(as_html("# Card\\na <b>"))
    <h3>Card</h3>
    <p>a &lt;b&gt;</p>
    <BLANKLINE>
    """
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1:]) + BELOW, 6)}"
        # Pictures lie beside the document, not beside the page.
        token.children = token.children and [one for one in token.children if one.type != "image"]
    return Markup(markdown.renderer.render(tokens, markdown.options, {}))  # noqa: S704  # it escapes


def _is_a(kind: type) -> Any:
    return lambda value: isinstance(value, kind)
