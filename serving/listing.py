"""The narrow row that lists show of an account, written with its score: sorting a million of them touches no answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, case, func, null

from pipelines.release import BASES
from serving.about import LONGEST, About
from serving.store_tables import LISTED
from serving.upsert import upsert

if TYPE_CHECKING:
    from serving.scores import Score

UNKNOWN = About()
LONGEST_ID = 100
"""So many characters of an id can be searched for."""
FORMER = {
    "former_prob": "churn_prob",
    "former_tier": "tier",
    "former_as_of": "as_of",
    "former_release": "release",
}
"""What is kept of the latest score of an earlier month, and what it was then."""


def write_listings(connection: Connection, scores: Sequence[Score], about: Mapping[str, About]) -> None:
    """List accounts as they are scored now; a score of a new month makes the one before it the former one."""
    records = [_record(score, about.get(score.account_id, UNKNOWN)) for score in scores]
    upsert(connection, LISTED, records, newer_by="computed_at", derived=_rolled_over)


def sought(account_id: str, name: str | None) -> str:
    """Return the words by which an account is found, each after a space, the name first.

    >>> sought("A-17", "Müller-Voß GmbH")
    ' müller-voss gmbh müller voss a-17'
    """
    words = (name or "").casefold().split()
    inner = [part for word in words for part in re.findall(r"\w+", word) if part != word]
    return "".join(f" {word}" for word in (*words, *inner))[:LONGEST] + f" {account_id.casefold()[:LONGEST_ID]}"


def _record(score: Score, about: About) -> dict[str, Any]:
    said = json.loads(score.plain)
    segments = said.get("segments") or {}
    return {
        "account_id": score.account_id,
        "words": sought(score.account_id, about.name),
        **{name: getattr(about, name) for name in About.__slots__},
        "tier": score.tier,
        "churn_prob": score.churn_prob,
        "churn_prob_low": said.get("churn_prob_low"),
        "churn_prob_high": said.get("churn_prob_high"),
        "percentile": said.get("percentile"),
        "value_at_risk": score.value_at_risk,
        **{name: (segments.get(name) or {}).get("id") for name in BASES},
        "as_of": score.as_of,
        "release": score.release,
        "computed_at": score.computed_at,
        **dict.fromkeys(FORMER),
        "change": None,
    }


def _rolled_over(new: Any) -> dict[str, ColumnElement[Any]]:
    """The former score, beside what is written: of the month before, if the score held is of it, or as it was."""
    held = LISTED.c
    is_of_earlier_month = _month(held.as_of) < _month(new.as_of)
    is_still_former = _month(held.former_as_of) < _month(new.as_of)
    former = {
        name: case((is_of_earlier_month, held[now]), (is_still_former, held[name]), else_=null())
        for name, now in FORMER.items()
    }
    return {**former, "change": new.churn_prob - former["former_prob"]}


def _month(as_of: Any) -> ColumnElement[str]:
    return func.substr(as_of, 1, 7)
