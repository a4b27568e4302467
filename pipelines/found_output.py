"""Figures of the experience programme as a person or a program reads them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from pipelines.experience.found import EVERYONE, Found

MOST = 24


def in_json(found: Iterable[Found], **beside: Any) -> str:
    """Return figures as JSON: a list of objects under `found`, with whatever else is told beside it.

    >>> in_json([Found("t", "f", 1.0)])[:51]
    '{"found": [{"topic": "t", "figure": "f", "value": 1'
    """
    told = [one.as_dict() for one in found]
    return json.dumps({"found": told, **beside}, allow_nan=False, default=str)


def in_words(one: Found) -> str:
    """Return a figure in one line.

    >>> in_words(Found("nps", "nps", 12.0, 8.0, 16.0, "points", n=120, n_accounts=60))
    'nps: 12.0 points (8.0 to 16.0; counted; n 120, 60 accounts)'
    """
    whose = "" if one.group_by == EVERYONE else f" [{one.group_by}: {one.group}]"
    if one.verdict == "refused":
        return f"{one.figure}{whose}: refused, {one.sentence}"
    ends = f"{_number(one.low)} to {_number(one.high)}; " if math.isfinite(one.low) and math.isfinite(one.high) else ""
    counts = ", ".join([f"n {one.n:,}"] * bool(one.n) + [f"{one.n_accounts:,} accounts"] * bool(one.n_accounts))
    verdict = "" if one.verdict == "told" else f"; {one.verdict}"
    said = f": {one.sentence}" if one.sentence else ""
    unit = f" {one.unit}" if one.unit else ""
    return f"{one.figure}{whose}: {_number(one.value)}{unit} ({ends}{one.basis}; {counts}{verdict}){said}"


def print_found(found: Iterable[Found], most: int = MOST) -> None:
    """Print figures to stdout, by topic; of a topic with more than `most` the first, and how many more there are."""
    import typer

    for topic, group in groupby(found, lambda one: one.topic):
        own = list(group)
        typer.echo(topic)
        for one in own[:most]:
            typer.echo(f"  {in_words(one)}")
        if len(own) > most:
            typer.echo(f"  and {len(own) - most} more: see them all with --json or --out")


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.1f}" if abs(value) >= 1 else f"{value:.3g}"
