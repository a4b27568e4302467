"""What happened with an account, as its rows tell it: touchpoints, cases, answers, contracts, people, scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from features.rules import Row
from serving.dashboard.blocks import Moment
from serving.dashboard.numbers import in_words

MOST = 100
GOOD_NPS, BAD_NPS = 9, 6
A_FIFTH = 0.2


class Happened(NamedTuple):
    """A moment, and when it was."""

    at: datetime
    kind: str
    what: str
    tone: Any = ""

    @property
    def moment(self) -> Moment:
        """It, as it is shown."""
        return Moment(f"{self.at:%Y-%m-%d %H:%M}".removesuffix(" 00:00"), self.kind, self.what, self.tone)


def happened(rows: Mapping[str, list[Row]], until: datetime | None) -> list[Happened]:
    """Return all that happened by then, the latest first."""
    found = [one for table, told in TOLD.items() for row in rows.get(table, ()) for one in told(row)]
    past = [one for one in found if until is None or one.at <= until]
    return sorted(past, key=lambda one: one.at, reverse=True)


def of_scores(listed: Any) -> Iterator[Happened]:
    """Yield the score of now and that of an earlier month, of an account's row of the list."""
    worse = "" if listed.change is None or listed.tier == listed.former_tier else "bad" if listed.change > 0 else "good"
    for prob, tier, as_of, release, tone in (
        (listed.churn_prob, listed.tier, listed.as_of, listed.release, worse),
        (listed.former_prob, listed.former_tier, listed.former_as_of, listed.former_release, ""),
    ):
        if as_of and prob is not None:
            what = f"{tier} risk, {in_words(prob, 'share')} (predicted by release {release})"
            yield Happened(datetime.fromisoformat(as_of), "Score", what, tone)


def _activity(row: Row) -> Iterator[Happened]:
    kind = {"out": "We reached out", "in": "It came to us"}.get(str(row.get("direction")), "Activity")
    yield Happened(row["occurred_at"], kind, _listed(row["event"].replace("_", " "), _at(row), row.get("channel")))


def _case(row: Row) -> Iterator[Happened]:
    about = _listed(row.get("category"), row.get("priority") and f"priority {row['priority']}", _at(row))
    escalated = bool(row.get("is_escalated"))
    what = _listed(about or "about nothing that is said", "escalated" if escalated else None)
    yield Happened(row["opened_at"], "Case opened", what, "bad" if escalated else "")
    if row.get("closed_at"):
        reopened = int(row.get("reopened_count") or 0)
        again = f"opened again {reopened} time{'s' * (reopened != 1)}" if reopened else None
        yield Happened(row["closed_at"], "Case closed", _listed(about, again), "bad" if again else "")


def _answer(row: Row) -> Iterator[Happened]:
    scale = f" of {row['scale_max']:g}" if row.get("scale_max") is not None else ""
    said = f"“{row['comment']}”" if row.get("comment") else None
    item = row.get("item")
    what = _listed(f"{row['score']:g}{scale}", item, _at(row), said)
    yield Happened(row["answered_at"], f"Answer, {_metric(row['metric'])}", what, _tone(row))


def _tone(row: Row) -> str:
    """Whether an answer is good or bad, where its scale says so; needs and emotions are neither."""
    score, low, high = row["score"], row.get("scale_min"), row.get("scale_max")
    if row["metric"] == "nps":
        return "good" if score >= GOOD_NPS else "bad" if score <= BAD_NPS else ""
    if row["metric"] != "csat" or low is None or high is None or high <= low:
        return ""
    place = (score - low) / (high - low)
    return "good" if place >= 1 - A_FIFTH else "bad" if place <= A_FIFTH else ""


def _metric(metric: str) -> str:
    return metric.upper() if metric in ("nps", "csat", "ces") else metric


def _invitation(row: Row) -> Iterator[Happened]:
    yield Happened(row["sent_at"], "Asked for an answer", _listed(row.get("survey_type"), _at(row)))


def _subscription(row: Row) -> Iterator[Happened]:
    what = _listed(row.get("plan"), f"{row['mrr']:,.0f} a month" if row.get("mrr") is not None else None)
    yield Happened(row["start_date"], "Subscription began", what)
    if row.get("end_date"):
        yield Happened(row["end_date"], "Subscription ended", _listed(what, row.get("end_reason")), "bad")


def _transaction(row: Row) -> Iterator[Happened]:
    is_return = bool(row.get("is_return"))
    what = _listed(f"{row['amount']:,.0f}", row.get("product"))
    yield Happened(row["occurred_at"], "Returned" if is_return else "Bought", what, "bad" if is_return else "")


def _intervention(row: Row) -> Iterator[Happened]:
    held_out = "withheld on purpose, to compare" if row.get("is_holdout") else None
    yield Happened(row["assigned_at"], "Decided to do", _listed(row["kind"].replace("_", " "), held_out))


def _contact(row: Row) -> Iterator[Happened]:
    who = _listed(row.get("role"), "first to speak to" if row.get("is_primary") else None) or "a contact"
    if row.get("active_to"):
        yield Happened(row["active_to"], "Contact left", who, "bad" if row.get("is_primary") else "")


def _change(row: Row) -> Iterator[Happened]:
    what = f"{row['column']}: {row.get('old_value') or 'nothing'} to {row.get('new_value') or 'nothing'}"
    yield Happened(row["changed_at"], "Changed", what)


def _rating(row: Row) -> Iterator[Happened]:
    yield Happened(row["rated_at"], "Rated by us", _listed(f"{row['score']:g}", row.get("rater"), _at(row)))


TOLD: Mapping[str, Callable[[Row], Iterator[Happened]]] = {
    "activities": _activity,
    "cases": _case,
    "survey_responses": _answer,
    "survey_invitations": _invitation,
    "subscriptions": _subscription,
    "transactions": _transaction,
    "interventions": _intervention,
    "contacts": _contact,
    "account_changes": _change,
    "internal_ratings": _rating,
}


def _at(row: Row) -> str | None:
    return f"at {row['touchpoint'].replace('_', ' ')}" if row.get("touchpoint") else None


def _listed(*parts: Any) -> str:
    return ", ".join(str(part) for part in parts if part)
