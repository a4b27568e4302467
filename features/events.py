"""Every table as one event log: account, time, known time, stream, kind, value, contact, touchpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from features.sources import Warehouse

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa

Int = npt.NDArray[np.int64]

ACTIVITY, OUTREACH = "activity", "outreach"
PURCHASE, RETURN = "purchase", "return"
CASE_OPENED, CASE_RESPONDED, CASE_CLOSED = "case_opened", "case_responded", "case_closed"
CASE_ESCALATED, CASE_REOPENED = "case_escalated", "case_reopened"
INVITED, ANSWERED = "invited", "answered"
NPS, CSAT, CES, NEED, EMOTION = "nps", "csat", "ces", "need", "emotion"
MRR_STARTED, MRR_ENDED = "mrr_started", "mrr_ended"
SEATS_STARTED, SEATS_ENDED = "seats_started", "seats_ended"
RENEWAL_MONTHS, AUTO_RENEW = "renewal_months", "auto_renew"
CONTACT_JOINED, CONTACT_LEFT, CONTACT_GONE = "contact_joined", "contact_left", "contact_gone"
INTERNAL_RATING, INTERVENTION = "internal_rating", "intervention"

# Scores are put on the scale on which people know the metric.
USUAL_SCALES = {NPS: (0.0, 10.0), CSAT: (1.0, 5.0), CES: (1.0, 7.0)}
# In this order events are sorted: every column takes part, so that those at the same instant have one order too.
LOG_COLUMNS = ("account_id", "at", "known_at", "stream", "kind", "value", "contact_id", "touchpoint")


@dataclass(frozen=True)
class EventLog:
    """Events sorted by account and time, as columns of equal length.

    `accounts` are the sorted account ids; account i owns the events from `offsets[i]` to `offsets[i + 1]`. `at` and
    `known_at` are microseconds since 1970 (UTC), with known_at >= at. `type` points into `types`, pairs of (stream,
    kind); `contact` and `touchpoint` are codes, -1 where there is none; `value` is NaN where there is none.
    """

    accounts: npt.NDArray[np.object_]
    offsets: Int
    at: Int
    known_at: Int
    type: npt.NDArray[np.int32]
    types: tuple[tuple[str, str | None], ...]
    value: npt.NDArray[np.float64]
    contact: npt.NDArray[np.int32]
    touchpoint: npt.NDArray[np.int32]

    @property
    def kind(self) -> npt.NDArray[np.int32]:
        """The kind of each event as a code, -1 where there is none; the same over all streams."""
        kinds = sorted({kind for _, kind in self.types if kind is not None})
        codes = [-1 if kind is None else kinds.index(kind) for _, kind in self.types]
        return np.array(codes or [-1], dtype=np.int32)[self.type]

    @property
    def account_codes(self) -> Int:
        """The account of each event, as a position in `accounts`."""
        return np.repeat(np.arange(len(self.accounts)), np.diff(self.offsets))

    def of_streams(self, streams: tuple[str, ...]) -> npt.NDArray[np.bool_]:
        """Which events belong to the streams."""
        wanted = np.array([stream in streams for stream, _ in self.types] or [False])
        return wanted[self.type] if len(self.type) else np.zeros(0, dtype=bool)


def log_expression(tables: dict[str, ibis.Table]) -> ibis.Table:
    """Return every event of every table as one relation with the columns of LOG_COLUMNS, unsorted."""
    import ibis

    parts = [part for name, events in _EVENTS.items() if name in tables for part in events(tables[name])]
    if "survey_invitations" in tables and "survey_responses" in tables:
        parts.append(_answered_invitations(tables["survey_invitations"], tables["survey_responses"]))
    if not parts:
        empty = ibis.memtable({"account_id": ["-"]}).filter(ibis.literal(False))
        parts = [_part(empty, ibis.null("timestamp"), ibis.literal(ACTIVITY))]
    log: ibis.Table = parts[0] if len(parts) == 1 else ibis.union(*parts)
    return log


def read_log(warehouse: Warehouse, accounts: npt.NDArray[np.object_]) -> EventLog:
    """Return the event log of the accounts (sorted ids); accounts without a history have no events."""
    import ibis
    import pyarrow as pa

    wanted = ibis.memtable(pa.table({"account_id": pa.array(accounts, pa.string())}))
    log = log_expression(warehouse.tables)
    log = log.semi_join(wanted, "account_id").order_by(list(LOG_COLUMNS))
    return to_log(log.to_pyarrow(), accounts)


def to_log(events: pa.Table, accounts: npt.NDArray[np.object_]) -> EventLog:
    """Return sorted events (columns as LOG_COLUMNS) as an EventLog over the sorted accounts."""
    import pyarrow as pa

    own, ids = _dictionary(events["account_id"])
    codes = positions(accounts, np.array(ids, dtype=object))[own]
    kinds = [None if kind is None else str(kind) for kind in _dictionary(events["kind"])[1]]
    streams = [str(stream) for stream in _dictionary(events["stream"])[1]]
    kind, stream = _dictionary(events["kind"])[0], _dictionary(events["stream"])[0]
    pairs, type_codes = np.unique(stream.astype(np.int64) * (len(kinds) + 1) + kind + 1, return_inverse=True)
    names = [(streams[pair // (len(kinds) + 1)], [None, *kinds][pair % (len(kinds) + 1)]) for pair in pairs]
    return EventLog(
        accounts=accounts,
        offsets=np.searchsorted(codes, np.arange(len(accounts) + 1)),
        at=_microseconds(events["at"]),
        known_at=_microseconds(events["known_at"]),
        type=type_codes.astype(np.int32),
        types=tuple(names),
        value=events["value"].cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64),
        contact=_dictionary(events["contact_id"])[0],
        touchpoint=_dictionary(events["touchpoint"])[0],
    )


def positions(accounts: npt.NDArray[np.object_], ids: npt.NDArray[np.object_]) -> Int:
    """Return where each id stands in the sorted accounts.

    >>> positions(np.array(["a", "b"], dtype=object), np.array(["b", "a", "b"], dtype=object)).tolist()
    [1, 0, 1]
    """
    import pandas as pd

    return np.asarray(pd.Index(accounts).get_indexer(pd.Index(ids)), dtype=np.int64)


def _dictionary(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.int32], list[Any]]:
    """The codes of a text column (-1 for null) and the texts they point at."""
    import pyarrow as pa

    coded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return codes.astype(np.int32), coded.dictionary.to_pylist()


def _microseconds(column: pa.ChunkedArray) -> Int:
    import pyarrow as pa

    micros = column.cast(pa.timestamp("us")).cast(pa.int64())
    return np.asarray(micros.to_numpy(zero_copy_only=False), dtype=np.int64)


def _part(rows: ibis.Table, at: Any, stream: Any, **given: Any) -> ibis.Table:
    """Project rows onto the log's columns; rows without a time are no events."""
    import ibis

    recorded = rows["recorded_at"] if "recorded_at" in rows.columns else at
    known_at = ibis.greatest(at, ibis.coalesce(recorded, at))
    projected: ibis.Table = rows.select(
        account_id=rows["account_id"],
        at=at,
        known_at=known_at,
        stream=stream,
        kind=given.get("kind", ibis.null("string")),
        value=given.get("value", ibis.null("float64")),
        contact_id=rows["contact_id"] if "contact_id" in rows.columns else ibis.null("string"),
        touchpoint=rows["touchpoint"] if "touchpoint" in rows.columns else ibis.null("string"),
    )
    return projected.filter(projected["at"].notnull())


def _valued(rows: ibis.Table, column: str, at: str, stream: str, kind: str) -> ibis.Table:
    """The events of a stream that is all about a value: none where the value is not known."""
    import ibis

    known = rows.filter(rows[column].notnull())
    value = known[column].cast("int64").cast("float64") if known[column].type().is_boolean() else known[column]
    return _part(known, known[at], ibis.literal(stream), kind=known[kind], value=value)


def _activity_events(rows: ibis.Table) -> list[ibis.Table]:
    import ibis

    is_outreach = rows["direction"].fill_null("in") == "out"
    stream = is_outreach.ifelse(ibis.literal(OUTREACH), ibis.literal(ACTIVITY))
    return [_part(rows, rows["occurred_at"], stream, kind=rows["event"], value=rows["value"])]


def _transaction_events(rows: ibis.Table) -> list[ibis.Table]:
    import ibis

    is_return = rows["is_return"].fill_null(False) | (rows["amount"] < 0)
    stream = is_return.ifelse(ibis.literal(RETURN), ibis.literal(PURCHASE))
    return [_part(rows, rows["occurred_at"], stream, kind=rows["product"], value=rows["amount"].abs())]


def _case_events(rows: ibis.Table) -> list[ibis.Table]:
    import ibis

    kind = rows["category"]
    first, closed = rows["first_response_at"], rows["closed_at"]
    escalated = rows.filter(rows["is_escalated"].fill_null(False))
    # What happened to a case in between has no time of its own: it is known for sure when the case is closed.
    return [
        _part(rows, rows["opened_at"], ibis.literal(CASE_OPENED), kind=kind),
        _part(rows, first, ibis.literal(CASE_RESPONDED), kind=kind, value=_hours(rows["opened_at"], first)),
        _part(rows, closed, ibis.literal(CASE_CLOSED), kind=kind, value=_hours(rows["opened_at"], closed)),
        _part(escalated, escalated["closed_at"], ibis.literal(CASE_ESCALATED), kind=escalated["category"]),
        _valued(rows, "reopened_count", "closed_at", CASE_REOPENED, "category"),
    ]


def _hours(start: Any, end: Any) -> Any:
    return (end.epoch_seconds() - start.epoch_seconds()).cast("float64") / 3600


def _invitation_events(rows: ibis.Table) -> list[ibis.Table]:
    import ibis

    return [_part(rows, rows["sent_at"], ibis.literal(INVITED), kind=rows["survey_type"])]


def _answered_invitations(invitations: ibis.Table, responses: ibis.Table) -> ibis.Table:
    """Each invitation that was answered, at the time it was sent, known since it was answered."""
    import ibis

    known_at = ibis.greatest(responses["answered_at"], responses["recorded_at"].fill_null(responses["answered_at"]))
    answers = responses.select(invitation_id="invitation_id", known_at=known_at)
    first = answers.group_by("invitation_id").aggregate(first_known_at=answers["known_at"].min())
    rows = invitations.drop("recorded_at").inner_join(first, "invitation_id").rename(recorded_at="first_known_at")
    return _part(rows, rows["sent_at"], ibis.literal(ANSWERED), kind=rows["survey_type"])


def _response_events(rows: ibis.Table) -> list[ibis.Table]:
    score = rows["score"]
    for metric, (low, high) in USUAL_SCALES.items():
        least, most = rows["scale_min"].fill_null(low), rows["scale_max"].fill_null(high)
        rescaled = low + (rows["score"] - least) / (most - least) * (high - low)
        score = ((rows["metric"] == metric) & (most > least)).ifelse(rescaled, score)
    return [_part(rows, rows["answered_at"], rows["metric"], kind=rows["item"], value=score)]


def _subscription_events(rows: ibis.Table) -> list[ibis.Table]:
    return [
        _valued(rows, "mrr", "start_date", MRR_STARTED, "plan"),
        _valued(rows, "mrr", "end_date", MRR_ENDED, "plan"),
        _valued(rows, "quantity", "start_date", SEATS_STARTED, "plan"),
        _valued(rows, "quantity", "end_date", SEATS_ENDED, "plan"),
        _valued(rows, "billing_period_months", "start_date", RENEWAL_MONTHS, "plan"),
        _valued(rows, "is_auto_renew", "start_date", AUTO_RENEW, "plan"),
    ]


def _contact_events(rows: ibis.Table) -> list[ibis.Table]:
    import ibis

    dated = rows.filter(rows["active_from"].notnull())
    return [
        _part(rows, rows["active_from"], ibis.literal(CONTACT_JOINED), kind=rows["role"]),
        _part(rows, rows["active_to"], ibis.literal(CONTACT_LEFT), kind=rows["role"]),
        # Of those only who are known to have come can be taken away from those who came.
        _part(dated, dated["active_to"], ibis.literal(CONTACT_GONE), kind=dated["role"]),
    ]


def _rating_events(rows: ibis.Table) -> list[ibis.Table]:
    import ibis

    return [_part(rows, rows["rated_at"], ibis.literal(INTERNAL_RATING), kind=rows["rater"], value=rows["score"])]


def _intervention_events(rows: ibis.Table) -> list[ibis.Table]:
    import ibis

    done = rows.filter(~rows["is_holdout"].fill_null(False))
    return [_part(done, done["delivered_at"], ibis.literal(INTERVENTION), kind=done["kind"], value=done["cost"])]


_EVENTS = {
    "activities": _activity_events,
    "transactions": _transaction_events,
    "cases": _case_events,
    "survey_invitations": _invitation_events,
    "survey_responses": _response_events,
    "subscriptions": _subscription_events,
    "contacts": _contact_events,
    "internal_ratings": _rating_events,
    "interventions": _intervention_events,
}
