"""Every table as one event log: which events a row tells of, and all of them as one relation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from features import streams as s
from features.log import LOG_COLUMNS, log_rows
from features.relatives import account_events, observation_events
from features.rules import Below, Col, Const, Either, Flag, Given, Hours, If, Is, Not, OnScale, Ratio, Rule, Size

if TYPE_CHECKING:
    import ibis

    from features.sources import Warehouse

    Tables = Mapping[str, ibis.Table]

EVENT_LOG = "event_log"
URGENT = ("high", "urgent", "critical", "highest", "p1", "1")


def _rule(stream: str, at: str, **terms: Any) -> Rule:
    return Rule(Const(stream), at, **terms)


def _of_value(stream: str, at: str, column: str, kind: str, also: tuple[str, ...] = ()) -> Rule:
    """An event that is all about a value: none where the value is not known."""
    return Rule(Const(stream), at, Col(kind), Col(column), Given((column,)), also)


_OUT = Is("direction", "out")
_RETURNED = Either(Is("is_return", True), Below("amount", 0.0))
_SCORE = If(
    Is("metric", s.NPS),
    OnScale(s.NPS, 0, 10),
    If(
        Is("metric", s.CSAT),
        OnScale(s.CSAT, 1, 5),
        If(Is("metric", s.CES), OnScale(s.CES, 1, 7), Col("score")),
    ),
)

RULES: Mapping[str, tuple[Rule, ...]] = {
    "activities": (Rule(If(_OUT, Const(s.OUTREACH), Const(s.ACTIVITY)), "occurred_at", Col("event"), Col("value")),),
    "transactions": (
        Rule(If(_RETURNED, Const(s.RETURN), Const(s.PURCHASE)), "occurred_at", Col("product"), Size("amount")),
    ),
    "cases": (
        _rule(s.CASE_OPENED, "opened_at", kind=Col("category")),
        _rule(s.CASE_URGENT, "opened_at", kind=Col("category"), only=Is("priority", URGENT)),
        _rule(
            s.CASE_RESPONDED, "first_response_at", kind=Col("category"), value=Hours("opened_at", "first_response_at")
        ),
        _rule(s.CASE_CLOSED, "closed_at", kind=Col("category"), value=Hours("opened_at", "closed_at")),
        # What happened to a case in between has no time of its own: it is known for sure when the case is closed.
        _rule(s.CASE_ESCALATED, "closed_at", kind=Col("category"), only=Is("is_escalated", True)),
        _of_value(s.CASE_REOPENED, "closed_at", "reopened_count", "category"),
    ),
    "survey_invitations": (_rule(s.INVITED, "sent_at", kind=Col("survey_type"), value=Const(0.0)),),
    "survey_responses": (Rule(Col("metric"), "answered_at", Col("item"), _SCORE),),
    "subscriptions": (
        _rule(s.SUBSCRIBED, "start_date", kind=Col("plan")),
        _rule(s.UNSUBSCRIBED, "end_date", kind=Col("plan"), also=("start_date",)),
        _rule(s.END_REASON, "end_date", kind=Col("end_reason"), only=Given(("end_reason",)), also=("start_date",)),
        _of_value(s.MRR_STARTED, "start_date", "mrr", "plan"),
        _of_value(s.MRR_ENDED, "end_date", "mrr", "plan", ("start_date",)),
        _of_value(s.SEATS_STARTED, "start_date", "quantity", "plan"),
        _of_value(s.SEATS_ENDED, "end_date", "quantity", "plan", ("start_date",)),
        _rule(s.PRICE, "start_date", kind=Col("plan"), value=Ratio("mrr", "quantity"), only=Given(("mrr", "quantity"))),
        _of_value(s.RENEWAL_MONTHS, "start_date", "billing_period_months", "plan"),
        _rule(
            s.AUTO_RENEW, "start_date", kind=Col("plan"), value=Flag("is_auto_renew"), only=Given(("is_auto_renew",))
        ),
    ),
    "contacts": (
        _rule(s.CONTACT_JOINED, "active_from", kind=If(Is("is_primary", True), Const("primary"), Const("other"))),
        _rule(s.CONTACT_LEFT, "active_to", kind=If(Is("is_primary", True), Const("primary"), Const("other"))),
        # Of those only who are known to have come can be taken away from those who came.
        _rule(
            s.CONTACT_GONE,
            "active_to",
            kind=If(Is("is_primary", True), Const("primary"), Const("other")),
            only=Given(("active_from",)),
        ),
    ),
    "internal_ratings": (_rule(s.INTERNAL_RATING, "rated_at", kind=Col("rater"), value=Col("score")),),
    "interventions": (
        _rule(s.INTERVENTION, "delivered_at", kind=Col("kind"), value=Col("cost"), only=Not(Is("is_holdout", True))),
    ),
}


def event_log(warehouse: Warehouse) -> ibis.Table:
    """Return every event of every table as one relation with the columns of LOG_COLUMNS, in no order.

    It is a view: what asks for some streams only reads the tables that tell of these.
    """
    if EVENT_LOG not in warehouse.tables:
        warehouse.view(EVENT_LOG, log_expression(warehouse.tables))
    return warehouse.tables[EVENT_LOG]


def log_expression(tables: Tables) -> ibis.Table:
    """Return the event log of some tables.

    It is made of projections, filters, unions, equi-joins and row numbers only, so that every engine computes the same.
    """
    return _union([part.events(tables) for part in log_parts(tables)])


@dataclass(frozen=True)
class LogPart:
    """The events that the rows of one table tell of.

    `beside` are the other tables that say something of them, `events` makes them of the tables that there are.
    `is_by_row`: each row by itself, so that the events of some of the rows are some of the events.
    """

    table: str
    name: str
    beside: tuple[str, ...]
    events: Callable[[Tables], ibis.Table]
    is_by_row: bool = True


def log_parts(tables: Tables) -> list[LogPart]:
    """Return what the event log of some tables is made of; together the parts are every event once."""
    parts = [LogPart(name, name, _contacts(tables, name), partial(_of_rows, name)) for name in RULES if name in tables]
    if {"survey_invitations", "survey_responses"} <= set(tables):
        parts.append(LogPart("survey_invitations", s.ANSWERED, ("survey_responses", "contacts"), _answered))
    if "accounts" in tables:
        parts.append(LogPart("accounts", "accounts", ("account_changes",), _of_accounts, is_by_row=False))
    if "observations" in tables:
        parts.append(LogPart("observations", "observations", (), _of_observations))
    return parts


def _contacts(tables: Tables, name: str) -> tuple[str, ...]:
    """The table of contacts, where it says whom the rows of another are of."""
    is_of_contacts = name != "contacts" and "contacts" in tables and "contact_id" in tables[name].columns
    return ("contacts",) if is_of_contacts else ()


def _of_rows(name: str, tables: Tables) -> ibis.Table:
    events = _union([_events(tables[name], rule) for rule in RULES[name]])
    return _with_role(tables, events) if _contacts(tables, name) else events


def _of_accounts(tables: Tables) -> ibis.Table:
    return _union(account_events(tables["accounts"], tables.get("account_changes")))


def _of_observations(tables: Tables) -> ibis.Table:
    return _union(observation_events(tables["observations"]))


def _union(parts: Sequence[ibis.Table]) -> ibis.Table:
    import ibis

    log: ibis.Table = parts[0] if len(parts) == 1 else ibis.union(*parts)
    return log


def _with_role(tables: Tables, events: ibis.Table) -> ibis.Table:
    """The events with the buying role of each one's contact."""
    roles = tables["contacts"].select(_contact="contact_id", _role="role")
    joined = events.left_join(roles, events["contact_id"] == roles["_contact"])
    with_role: ibis.Table = joined.mutate(role=joined["_role"]).select(*LOG_COLUMNS)
    return with_role


def _events(rows: ibis.Table, rule: Rule) -> ibis.Table:
    """Project the rows onto the log's columns; rows without a time are no events."""
    import ibis

    if rule.only:
        rows = rows.filter(rule.only.sql(rows))
    rows = rows.filter(rows[rule.at].notnull())
    known = [rows[name] for name in (*rule.also, "recorded_at") if name in rows.columns]
    return log_rows(
        rows,
        account_id=rows["account_id"],
        at=rows[rule.at],
        known_at=ibis.greatest(*known) if len(known) > 1 else known[0] if known else None,
        stream=rule.stream.sql(rows),
        kind=rule.kind.sql(rows) if rule.kind else None,
        value=rule.value.sql(rows) if rule.value else None,
        contact_id=rows["contact_id"] if "contact_id" in rows.columns else None,
        role=rows["role"] if "role" in rows.columns else None,
        touchpoint=rows["touchpoint"] if "touchpoint" in rows.columns else None,
    )


ANSWERED_RULE = Rule(Const(s.ANSWERED), "sent_at", Col("survey_type"), Const(1.0), also=("first_known_at",))


def _answered(tables: Tables) -> ibis.Table:
    """Each invitation that was answered, at the time it was sent, known since it was answered."""
    import ibis

    responses = tables["survey_responses"]
    known_at = ibis.greatest(responses["answered_at"], responses["recorded_at"].fill_null(responses["answered_at"]))
    answers = responses.select(_invitation="invitation_id", known_at=known_at)
    first = answers.group_by("_invitation").aggregate(first_known_at=answers["known_at"].min())
    invitations = tables["survey_invitations"]
    rows = invitations.inner_join(first, invitations["invitation_id"] == first["_invitation"])
    events = _events(rows, ANSWERED_RULE)
    return _with_role(tables, events) if _contacts(tables, "survey_invitations") else events
