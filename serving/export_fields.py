"""What a CRM is given of an account: one flat row, in the words of people."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

Cell = str | float | int | date | datetime | None
Row = dict[str, Cell]
Kind = Literal["id", "text", "long text", "number", "integer", "date", "moment"]

REASONS = 3


@dataclass(frozen=True)
class ExportField:
    """One column that may be exported: its name, its kind, and what it says."""

    name: str
    kind: Kind
    meaning: str


FIELDS = (
    ExportField("account_id", "id", "the account, as in your tables"),
    ExportField("churn_percent", "number", "predicted probability of churn within the horizon, 0 to 100"),
    ExportField("churn_percent_low", "number", "lower end of its 90 % interval"),
    ExportField("churn_percent_high", "number", "upper end of its 90 % interval"),
    ExportField("horizon_days", "integer", "how far after as_of churn counts"),
    ExportField("tier", "text", "predicted risk: high, medium or low"),
    ExportField("risk_percentile", "number", "share of accounts, in percent, at no more predicted risk"),
    ExportField("value_at_risk", "number", "expected margin lost to churn, in the currency of the tables"),
    ExportField("median_life_days", "number", "days until it is as likely to have left as to have stayed"),
    ExportField("leaves_by", "text", "the likeliest way of leaving"),
    ExportField("firmographic_segment", "text", "name of its segment by what kind of company it is"),
    ExportField("behavioural_segment", "text", "name of its segment by what it does"),
    ExportField("needs_segment", "text", "name of its segment by what it needs"),
    ExportField("reason_1", "long text", "the weightiest reason for the prediction; not a cause of churn"),
    ExportField("reason_2", "long text", "the second"),
    ExportField("reason_3", "long text", "the third"),
    ExportField("as_of", "moment", "what was known before this instant counts (UTC)"),
    ExportField("as_of_date", "date", "its date"),
    ExportField("release", "text", "version of the release that predicted"),
)
KINDS: Mapping[str, Kind] = {field.name: field.kind for field in FIELDS}


def row_of_answer(answer: str) -> Row:
    """Return the row of what `/predict` says with reasons, as JSON.

    >>> row_of_answer('{"account_id": "A-1", "churn_prob": 0.25, "as_of": "2026-01-31"}')["churn_percent"]
    25.0
    """
    said = json.loads(answer)
    ahead = said.get("ahead") or {}
    places = {name: (place or {}).get("name") for name, place in (said.get("segments") or {}).items()}
    reasons = [reason["text"] for reason in said.get("reasons") or []]
    return _row(
        {
            **{name: said.get(name) for name in ("account_id", "release", "tier", "percentile", "horizon_days")},
            **{name: said.get(name) for name in ("churn_prob", "churn_prob_low", "churn_prob_high", "as_of")},
            **{name: ahead.get(name) for name in ("value_at_risk", "median_life_days")},
            **{f"{name}_segment": place for name, place in places.items()},
            **{f"reason_{place}": text for place, text in enumerate(reasons[:REASONS], start=1)},
            "leaves_by": _likeliest(ahead.get("ways") or {}),
        }
    )


def row_of_score(scored: Mapping[str, Any], horizon_days: Callable[[str], int | None]) -> Row:
    """Return the row of what `perennial score` wrote of an account; a release's horizon is asked for."""
    return _row({**scored, "horizon_days": horizon_days(str(scored["release"]))})


def _row(said: Mapping[str, Any]) -> Row:
    as_of = _moment(said.get("as_of"))
    made: Row = {
        **{field.name: said.get(field.name) for field in FIELDS},
        **{name.replace("prob", "percent"): _rounded(said.get(name), 100) for name in PROBS},
        "risk_percentile": _rounded(said.get("percentile")),
        "value_at_risk": _rounded(said.get("value_at_risk")),
        "median_life_days": _rounded(said.get("median_life_days")),
        "as_of": as_of,
        "as_of_date": as_of.date() if as_of else None,
    }
    return made


PROBS = ("churn_prob", "churn_prob_low", "churn_prob_high")


def _rounded(value: Any, times: float = 1) -> float | None:
    """To two places; NaN is nothing."""
    return None if value is None or value != value else round(float(value) * times, 2)


def _moment(came: Any) -> datetime | None:
    """A moment in UTC that does not say so: databases and CRMs read it as it stands."""
    if came is None or came != came:
        return None
    found = datetime.fromisoformat(came) if isinstance(came, str) else came
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def _likeliest(ways: Mapping[str, float]) -> str | None:
    return max(ways, key=ways.__getitem__) if ways else None
